"""Many clients as one table (CSV), a line for each: what a house brings along from elsewhere, or takes out.

It has what a client's file says of the client itself, with its registered address and tax ids. People, owners and
documents are too many for a line: they are in the JSON of a whole file (`client_file`).
"""

import csv
import io
from collections.abc import Iterable
from typing import Final

import msgspec

from backoffice.crm.client_file import FILE_BYTES_MAX, ClientFile, TaxId, check
from backoffice.crm.identity import Address
from backoffice.errors import Refused

NEEDED: Final = ("name", "entity_type", "jurisdiction")
_FIELDS: Final = (
    *NEEDED,
    *("trading_name", "legal_form", "registration", "lei", "industry", "volume", "firm"),
)
_ADDRESS: Final = Address.__struct_fields__
HEAD: Final = (*_FIELDS, *_ADDRESS, "tax_ids")
"""The columns; on the way in all but those of `NEEDED` may be left out."""
CLIENTS_MAX: Final = 10_000


def read_table(content: bytes) -> list[ClientFile]:
    """Return the clients of a table. Raise `Refused`, with the line, if one of them cannot be."""
    if len(content) > FILE_BYTES_MAX:
        raise Refused(f"larger than {FILE_BYTES_MAX // 1024**2} MiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("is not UTF-8") from error
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        _check_head(rows.fieldnames or ())
        clients = []
        for row in rows:
            clients.append(_client(rows.line_num, row))
            if len(clients) > CLIENTS_MAX:
                raise Refused(f"has more than {CLIENTS_MAX:,} clients")
    except csv.Error as error:
        raise Refused(f"after line {rows.line_num}: {error}") from error
    if not clients:
        raise Refused("has no clients")
    return clients


def table_of(files: Iterable[ClientFile]) -> str:
    """Return clients as a table that can be read again."""
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, HEAD, lineterminator="\n")
    table.writeheader()
    for file in files:
        address = file.addresses.get("registered")
        row = {field: str(getattr(file, field)) for field in _FIELDS}
        row |= {} if address is None else {field: getattr(address, field) for field in _ADDRESS}
        row["tax_ids"] = ";".join(f"{each.country}:{each.number}" for each in file.tax_ids)
        table.writerow(row)
    return text.getvalue()


def _check_head(head: Iterable[str]) -> None:
    names = list(head)
    if missing := [name for name in NEEDED if name not in names]:
        raise Refused(f"line 1: has no column {', '.join(missing)}; a table begins with its columns' names")
    if unknown := [name for name in names if name not in HEAD or names.count(name) > 1]:
        raise Refused(f"line 1: {unknown[0][:40]!r} is no column, or stands twice; those are {', '.join(HEAD)}")


def _client(line: int, row: dict[str, str]) -> ClientFile:
    if None in row or None in row.values():
        raise Refused(f"line {line}: has more, or fewer, cells than the head")
    cells = {name: cell.strip() for name, cell in row.items() if cell.strip()}
    address = {name: cells[name] for name in _ADDRESS if name in cells}
    given: dict[str, object] = {name: cells[name] for name in _FIELDS if name in cells}
    if address:
        given["addresses"] = {"registered": address}
    if "tax_ids" in cells:
        given["tax_ids"] = [_tax_id(line, each) for each in cells["tax_ids"].split(";")]
    try:
        return check(msgspec.convert(given, ClientFile))
    except msgspec.ValidationError as error:
        raise Refused(f"line {line}: {error}") from error
    except Refused as error:
        raise Refused(f"line {line}: {error}") from error


def _tax_id(line: int, text: str) -> TaxId:
    country, colon, number = text.strip().partition(":")
    if not colon:
        raise Refused(f"line {line}: tax id {text[:40]!r}: write COUNTRY:NUMBER, and semicolons between several")
    return TaxId(country, number)
