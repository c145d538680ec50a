"""What a version of FIX says: its fields, the values they may have, and which message carries which fields.

Facts of the public standards, in the tables `fix42.txt`, `fix44.txt`, `fixt11.txt` and `fix50sp2.txt` beside this file,
which say their format. A table is read when its `Dictionary` is made (a few ms); a message is put together from its
components when first asked for. Tags are text, as the codec has them: "35", not 35. What the venue supports of all this
is decided elsewhere.
"""

import re
from collections.abc import Iterator, Mapping
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

ADMIN_MSG_TYPES: Final = frozenset(("0", "1", "2", "3", "4", "5", "A"))
"""The messages of the session; all others are for the application."""

FRAME_TAGS: Final = frozenset(("8", "9", "10"))
"""What the codec has judged before anybody looks into a dictionary."""

_ITEM: Final = re.compile(r"([^\s()!]+)(!?)(\()?|\)")
_OPEN: Final = re.compile(r"([0-9]+)\+")
_Sections = dict[str, list[str]]


class Dictionary:
    """One version of FIX.

    `fields` are the version's fields by tag, `msg_types` all its MsgTypes with their names; both know what the version
    has besides the messages of the table, as far as that: such a message has no body, such a field only its tag.
    """

    __slots__ = (
        "_bodies",
        "_component_texts",
        "_components",
        "_message_texts",
        "_wholes",
        "count_tags",
        "fields",
        "header",
        "header_tags",
        "msg_types",
        "other_tags",
        "trailer",
        "trailer_tags",
    )

    def __init__(self, *tables: str, more_values: Mapping[str, str] | None = None) -> None:
        """Read `tables`, such as "fix44"; where two have the same field, message or component, the first one's counts.

        `more_values` has single characters that fields may have on top of the standard, by tag.
        """
        self.fields: dict[str, Field] = {}
        self.other_tags: frozenset[str] = frozenset()
        """Tags that are known, without more, and are in none of the messages that have a body."""
        self.msg_types: dict[str, str] = {}
        self._component_texts: dict[str, str] = {}
        self._message_texts: dict[str, str] = {}
        self._components: dict[str, Block] = {}
        self._bodies: dict[str, Block] = {}
        self._wholes: dict[str, Block] = {}
        for table in tables:
            self._read(_sections(table))
        for tag, values in (more_values or {}).items():
            field = self.fields[tag]
            self.fields[tag] = field._replace(values=field.values.union(values))
        self.other_tags = frozenset(tag for tag in self.other_tags if tag not in self.fields)
        self.header = self._component("header")
        self.trailer = self._component("trailer")
        self.header_tags = self.header.tags() - FRAME_TAGS
        self.trailer_tags = self.trailer.tags() - FRAME_TAGS
        self.count_tags = frozenset(tag for tag, field in self.fields.items() if field.kind == "NUMINGROUP")
        """Tags of all fields that count a repeating group."""

    def body_of(self, msg_type: str) -> Block | None:
        """Return the fields between header and trailer of a message, or None if the tables have no such message."""
        body = self._bodies.get(msg_type)
        if body is None and msg_type in self._message_texts:
            body = self._bodies[msg_type] = self._block(self._message_texts[msg_type])
        return body

    def whole_of(self, msg_type: str) -> Block | None:
        """Return the fields of a message from header to trailer, or None if the tables have no such message."""
        whole = self._wholes.get(msg_type)
        if whole is None:
            body = self.body_of(msg_type)
            if body is not None:
                members = self.header.members | body.members | self.trailer.members
                whole = self._wholes[msg_type] = Block(members, self.header.required + body.required)
        return whole

    def _read(self, sections: _Sections) -> None:
        for field in map(_field, sections["fields"]):
            self.fields.setdefault(field.tag, field)
        for heading, items in _blocks(sections["components"]).items():
            self._component_texts.setdefault(heading, items)
        for heading, items in _blocks(sections["messages"]).items():
            msg_type, name = heading.split(" ")
            self.msg_types.setdefault(msg_type, name)
            self._message_texts.setdefault(msg_type, items)
        other = _blocks(sections.get("other", []))
        for pair in other.get("messages", "").split():
            msg_type, _, name = pair.partition("=")
            self.msg_types.setdefault(msg_type, name)
        self.other_tags |= frozenset(_tags(other.get("tags", "")))

    def _component(self, name: str) -> Block:
        component = self._components.get(name)
        if component is None:
            component = self._components[name] = self._block(self._component_texts[name])
        return component

    def _block(self, text: str) -> Block:
        return self._read_block(_ITEM.finditer(text))

    def _read_block(self, items: Iterator[re.Match[str]]) -> Block:
        """Return the block that `items` describe, up to their end or the bracket that closes a group."""
        members: Members = {}
        required: list[str] = []
        for item in items:
            name, mark, bracket = item.groups()
            if name is None:
                break
            if name.isdecimal():
                members[name] = self._read_block(items) if bracket else None
                required += [name] if mark else []
            else:
                component = self._component(name)
                members |= component.members
                required += component.required if mark else ()
        return Block(members, tuple(sorted(required, key=int)))


def _sections(table: str) -> _Sections:
    """Return a table's lines by section."""
    text = Path(__file__).with_name(f"{table}.txt").read_text("ascii")
    sections: _Sections = {}
    lines: list[str] = []
    for line in text.splitlines():
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


def _tags(text: str) -> Iterator[str]:
    """Yield the tags of `957 1024-1026`."""
    for piece in text.split():
        first, _, last = piece.partition("-")
        yield from map(str, range(int(first), int(last or first) + 1))
