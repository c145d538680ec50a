"""A list of our own form, for what has no published one: politically exposed persons, a house's own list.

CSV in UTF-8 with a head: `id,kind,name`, and if wanted `aliases`, `weak_aliases`, `births`, `countries`, `programs`, in
which several stand with semicolons between them.
"""

import csv
from pathlib import Path
from typing import Final

from backoffice.crm.countries import country_named
from backoffice.crm.screening.dates import birth_of
from backoffice.crm.screening.entry import FILE_BYTES_MAX, Entry, Kind
from backoffice.errors import Refused

NEEDED: Final = frozenset({"id", "kind", "name"})
_KNOWN: Final = NEEDED | {"aliases", "weak_aliases", "births", "countries", "programs"}


def read(path: Path) -> list[Entry]:
    """Return all entries. Raise `Refused` if it is no such file."""
    if path.stat().st_size > FILE_BYTES_MAX:
        raise Refused(f"{path}: larger than {FILE_BYTES_MAX // 1024**2} MiB, which no list is")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, strict=True)
        try:
            head = frozenset(rows.fieldnames or ())
            if not head >= NEEDED or not head <= _KNOWN:
                raise Refused(f"{path}: line 1: the head must name id, kind and name, and may {', '.join(_KNOWN)}")
            return [_entry(path, rows.line_num, row) for row in rows]
        except csv.Error as error:
            raise Refused(f"{path}: line {rows.line_num}: {error}") from error
        except UnicodeDecodeError as error:
            raise Refused(f"{path}: line {rows.line_num + 1}: is not UTF-8") from error


def _entry(path: Path, line: int, row: dict[str, str | None]) -> Entry:
    # What stands beyond the head's columns comes under no name, what is missing as None.
    if None in row or None in row.values():
        raise Refused(f"{path}: line {line}: has not as many columns as the head")
    cells = {name: " ".join((text or "").split()) for name, text in row.items()}
    if not cells["id"] or not cells["name"]:
        raise Refused(f"{path}: line {line}: needs an id and a name")
    if cells["kind"] not in {kind.value for kind in Kind}:
        raise Refused(f"{path}: line {line}: kind {cells['kind'][:40]!r} is not one of {', '.join(Kind)}")
    births = []
    for text in _several(cells, "births"):
        birth = birth_of(text)
        if birth is None:
            raise Refused(f"{path}: line {line}: {text[:40]!r} is no date of birth; write 1954-10-07, or 1954")
        births.append(birth)
    countries = []
    for text in _several(cells, "countries"):
        if not (code := country_named(text)):
            raise Refused(f"{path}: line {line}: {text[:40]!r} is no country")
        countries.append(code)
    return Entry(
        cells["id"],
        Kind(cells["kind"]),
        (cells["name"], *_several(cells, "aliases")),
        _several(cells, "weak_aliases"),
        tuple(births),
        tuple(countries),
        _several(cells, "programs"),
    )


def _several(cells: dict[str, str], name: str) -> tuple[str, ...]:
    return tuple(part for text in cells.get(name, "").split(";") if (part := text.strip()))
