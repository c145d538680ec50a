"""What FIX 4.4 says: its fields, the values they may have, and which message carries which fields.

Facts from FIX 4.4 with Errata 20030618, in the table `fix44.txt` beside this file, which says its format. The
table is read at import (5 ms); a message is put together from its components when first asked for. Tags are
text, as the codec has them: "35", not 35. What the venue supports of all this is decided elsewhere.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple


class Field(NamedTuple):
    """A field: `kind` is its FIX data type in capitals, such as "QTY" or "UTCTIMESTAMP".

    Unless empty, `values` holds all values it may have; with an `open_from`, any integer from there on is
    allowed too.
    """

    tag: str
    name: str
    kind: str
    values: frozenset[str]
    open_from: int | None


class Block(NamedTuple):
    """Fields that belong together: the header, the trailer, a body, or one entry of a repeating group.

    `members` has them in the order of the standard: tag → None, or for the count of a repeating group the
    Block of one entry, which its first member begins. `required` has the tags that must be there, ascending.
    """

    members: "Members"
    required: tuple[str, ...]

    def tags(self) -> frozenset[str]:
        """Return the tags of all members, those of repeating groups included."""
        inner = (entry.tags() for entry in self.members.values() if entry is not None)
        return frozenset(self.members).union(*inner)


Members = dict[str, Block | None]

_ITEM: Final = re.compile(r"([^\s()!]+)(!?)(\()?|\)")
_OPEN: Final = re.compile(r"([0-9]+)\+")


def _sections(table: str) -> dict[str, list[str]]:
    """Return the table's lines by section."""
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in table.splitlines():
        if line.startswith("["):
            lines = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            lines.append(line)
    return sections


def _field(line: str) -> Field:
    tag, name, kind, *values = line.split(" ")
    codes = [value.partition("=")[0] for value in values]
    limits = [int(match[1]) for match in map(_OPEN.fullmatch, codes) if match is not None]
    closed = frozenset(code for code in codes if not code.endswith("+"))
    return Field(tag, name, kind, closed, limits[0] if limits else None)


def _blocks(lines: list[str]) -> dict[str, str]:
    """Return name → items for lines `name: items`."""
    return {name: items for name, _, items in (line.partition(":") for line in lines)}


_TABLE: Final = _sections(Path(__file__).with_name("fix44.txt").read_text("ascii"))
_COMPONENTS: Final = _blocks(_TABLE["components"])
_MESSAGES: Final = _blocks(_TABLE["messages"])

FIELDS: Final[dict[str, Field]] = {field.tag: field for field in map(_field, _TABLE["fields"])}
"""Every field of FIX 4.4 by its tag."""

MSG_TYPES: Final[dict[str, str]] = dict(heading.split(" ") for heading in _MESSAGES)
"""Every MsgType of FIX 4.4 with its name."""

ADMIN_MSG_TYPES: Final = frozenset(("0", "1", "2", "3", "4", "5", "A"))
"""The messages of the session; all others are for the application."""


@lru_cache(maxsize=256)
def body_of(msg_type: str) -> Block | None:
    """Return the fields between header and trailer of a message, or None if FIX 4.4 has no such MsgType."""
    name = MSG_TYPES.get(msg_type)
    return None if name is None else _block(_MESSAGES[f"{msg_type} {name}"])


@lru_cache(maxsize=256)
def _component(name: str) -> Block:
    return _block(_COMPONENTS[name])


def _block(text: str) -> Block:
    return _read_block(_ITEM.finditer(text))


def _read_block(items: Iterator[re.Match[str]]) -> Block:
    """Return the block that `items` describe, up to their end or the bracket that closes a group."""
    members: Members = {}
    required: list[str] = []
    for item in items:
        name, mark, bracket = item.groups()
        if name is None:
            break
        if name.isdecimal():
            members[name] = _read_block(items) if bracket else None
            required += [name] if mark else []
        else:
            component = _component(name)
            members |= component.members
            required += component.required if mark else ()
    return Block(members, tuple(sorted(required, key=int)))


HEADER: Final = _component("header")
TRAILER: Final = _component("trailer")
