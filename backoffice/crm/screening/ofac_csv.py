"""The list of Specially Designated Nationals as OFAC's flat files: `sdn.csv` with `alt.csv` and `add.csv` beside it.

They have no heads; `-0-` stands for nothing; a control character (SUB) ends each file. Dates of birth and nationalities
are in the remarks. Other names are in `alt.csv`, without which most of them would be missed: so it must be there.
Source: OFAC, "SDN data specification", delimited files.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from backoffice.crm.countries import country_named
from backoffice.crm.screening.dates import birth_of
from backoffice.crm.screening.entry import FILE_BYTES_MAX, Birth, Entry, Kind
from backoffice.errors import Refused

_COLUMNS: Final = 12
_ALIAS_COLUMNS: Final = 5
_ADDRESS_COLUMNS: Final = 6
_KINDS: Final = {"individual": Kind.PERSON, "vessel": Kind.VESSEL, "aircraft": Kind.AIRCRAFT, "": Kind.ENTITY}
_PREFIXES: Final = {"sdn.csv": ("alt.csv", "add.csv"), "cons_prim.csv": ("cons_alt.csv", "cons_add.csv")}
_BIRTH: Final = re.compile(r"\bDOB ([^;.]+)")
_NATIONALITY: Final = re.compile(r"\b(?:nationality|citizen) ([^;.]+)")
_WEAK: Final = re.compile(r"'([^']+)'")


def read(path: Path) -> list[Entry]:
    """Return all entries of the three files. Raise `Refused` if one is not there, or is not such a file."""
    beside = _PREFIXES.get(path.name.lower(), ("alt.csv", "add.csv"))
    aliases: defaultdict[str, list[str]] = defaultdict(list)
    for row in _rows(_beside(path, beside[0]), _ALIAS_COLUMNS):
        aliases[row[0]].append(row[3])
    countries: defaultdict[str, list[str]] = defaultdict(list)
    for row in _rows(_beside(path, beside[1]), _ADDRESS_COLUMNS):
        if code := country_named(row[4]):
            countries[row[0]].append(code)
    entries = []
    for row in _rows(path, _COLUMNS):
        kind = _KINDS.get(row[2].lower())
        if kind is None:
            raise Refused(f"{path}: entry {row[0]}: SDN_Type {row[2][:40]!r} is none that is known")
        remarks = row[11]
        births = (birth_of(text) for text in _BIRTH.findall(remarks))
        nationalities = (country_named(text) for text in _NATIONALITY.findall(remarks))
        entries.append(
            Entry(
                row[0],
                kind,
                tuple(name for name in (row[1], *aliases[row[0]]) if name),
                tuple(dict.fromkeys(_WEAK.findall(remarks))),
                tuple(dict.fromkeys(birth for birth in births if isinstance(birth, Birth))),
                tuple(dict.fromkeys(code for code in (*nationalities, *countries[row[0]]) if code)),
                (row[3],) if row[3] else (),
            )
        )
    return entries


def _beside(path: Path, name: str) -> Path:
    beside = path.with_name(name)
    if not beside.is_file():
        raise Refused(f"{path}: {name} must lie beside it, which has what most are also called; or use the XML file")
    return beside


def _rows(path: Path, columns: int) -> Iterator[list[str]]:
    if path.stat().st_size > FILE_BYTES_MAX:
        raise Refused(f"{path}: larger than {FILE_BYTES_MAX // 1024**2} MiB, which no list is")
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, strict=True)
        try:
            for row in rows:
                if not row or row[0].strip("\x1a ") == "":
                    continue
                if len(row) != columns:
                    raise Refused(f"{path}: line {rows.line_num}: has {len(row)} columns in place of {columns}")
                cells = [_cell(text) for text in row]
                if not cells[0].isdigit():
                    raise Refused(f"{path}: line {rows.line_num}: {cells[0][:40]!r} is no number of an entry")
                yield cells
        except csv.Error as error:
            raise Refused(f"{path}: line {rows.line_num}: {error}") from error
        except UnicodeDecodeError as error:
            raise Refused(f"{path}: line {rows.line_num + 1}: is not UTF-8") from error


def _cell(text: str) -> str:
    text = " ".join(text.split())
    return "" if text == "-0-" else text
