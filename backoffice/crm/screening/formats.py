"""Reads a list in whichever of the published formats it is in: all of it, or an error that says what and where."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from backoffice.crm.screening import european_union, name_list, ofac_csv, ofac_xml, united_nations
from backoffice.crm.screening.entry import ENTRIES_MAX, NAME_CHARS_MAX, NAMES_MAX, Entry
from backoffice.crm.screening.xml_reading import root_of
from backoffice.errors import Refused

_XML: Final[dict[str, tuple[str, Callable[[Path], list[Entry]]]]] = {
    ofac_xml.ROOT: ("OFAC SDN, XML", ofac_xml.read),
    united_nations.ROOT: ("UN consolidated, XML", united_nations.read),
    european_union.ROOT: ("EU consolidated, XML", european_union.read),
}


class ListRead(msgspec.Struct, frozen=True):
    """A list as it was read."""

    form: str
    """Which of the formats it is in."""
    digest: str
    """A hash of all entries: another file with the same entries is the same version."""
    entries: tuple[Entry, ...]


def read_list(path: Path) -> ListRead:
    """Return a list. Raise `Refused` if it cannot be read as a whole, or OSError."""
    form, read = _reader(path)
    entries = read(path)
    if not entries:
        raise Refused(f"{path}: has no entries, which no list has; fetch it again")
    if len(entries) > ENTRIES_MAX:
        raise Refused(f"{path}: has more than {ENTRIES_MAX:,} entries")
    seen: set[str] = set()
    for entry in entries:
        if entry.id in seen:
            raise Refused(f"{path}: entry {entry.id} stands in it twice")
        seen.add(entry.id)
        _check(path, entry)
    return ListRead(form, _digest(entries), tuple(entries))


def _reader(path: Path) -> tuple[str, Callable[[Path], list[Entry]]]:
    with path.open("rb") as file:
        start = file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise Refused(f"{path}: is empty")
    if start.startswith(b"<"):
        root = root_of(path)
        if root not in _XML:
            raise Refused(f"{path}: {root[:40]} is none of the lists that are known ({', '.join(_XML)})")
        return _XML[root]
    head = [cell.strip().strip('"') for cell in start.split(b"\n", 1)[0].decode("utf-8", "replace").split(",")]
    if frozenset(head) >= name_list.NEEDED:
        return "names, CSV", name_list.read
    if head[0].isdigit():
        return "OFAC SDN, CSV", ofac_csv.read
    raise Refused(f"{path}: is neither XML, nor OFAC's CSV, nor a CSV file with id, kind and name in its head")


def _check(path: Path, entry: Entry) -> None:
    names = (*entry.names, *entry.weak_names)
    if len(names) > NAMES_MAX:
        raise Refused(f"{path}: entry {entry.id} has more than {NAMES_MAX:,} names")
    if any(len(name) > NAME_CHARS_MAX for name in names):
        raise Refused(f"{path}: entry {entry.id} has a name of more than {NAME_CHARS_MAX:,} characters")


def _digest(entries: list[Entry]) -> str:
    return hashlib.sha256("".join(sorted(entry.digest() for entry in entries)).encode()).hexdigest()
