"""Derive the tables of `fixgw/dictionary.py` from QuickFIX's data dictionaries, which come with the package `quickfix`.

    python -m spec.fix_table DIRECTORY          DIRECTORY has FIX42.xml, FIX44.xml, FIXT11.xml and FIX50SP2.xml

Only the facts of the public standard are taken: tags, names, data types, values, and which field belongs to which
message. The XML itself, under QuickFIX's licence, is not shipped. Of FIX 5.0SP2, which has grown by hundreds of
extension packs, the table has the messages that concern a venue like this one, with the fields that were there when it
was published; of all else the tag or the MsgType, so that it is told from what FIX does not know at all.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element, parse

PREAMBLE: Final = """\
# {title}: fields, values, components and messages. Facts of the standard, no more.
# Written by spec/fix_table.py; read by fixgw/dictionary.py. Correct the script, not this file.
#
# [fields]      tag name TYPE value=MEANING ...      no values: any value of the type
#                                                    100+=RESERVED: any integer from 100 on is allowed too
# [components]  name: items                          an item is a tag, a component, or a group
# [messages]    MsgType name: items                  55 optional, 55! required, 453(448 447) a repeating
#                                                    group: its count; in order, the fields of an entry
"""
PREAMBLE_OF_THE_REST: Final = """\
# [other]       tags: 957-959 1024 ...               what FIX knows besides, and no message here has
#               messages: AB=NewOrderMultileg ...
"""

# Values that the standard leaves open in words, which the XML cannot say (FIX 4.2 and 4.4, at the field).
OPEN_VALUES: Final = {
    "22": "100+=RESERVED_FOR_PRIVATE_IDENTIFICATION",
    "27": "0+=NUMBER_OF_SHARES",
    "803": "4000+=RESERVED_FOR_BILATERAL_AGREEMENT",
    "847": "1000+=RESERVED_FOR_BILATERAL_AGREEMENT",
}

# MsgType is judged by the list of messages, a Boolean by its type; TradingSessionID is open to names agreed on.
UNLISTED_TAGS: Final = {"35", "336"}
UNLISTED_TYPES: Final = {"BOOLEAN"}


class Source(NamedTuple):
    """Where a table comes from, and how much of it is taken: everything, or `messages` with fields up to `tag_max`."""

    xml: str
    title: str
    messages: tuple[str, ...] = ()
    tag_max: int = 0
    later_tags: frozenset[str] = frozenset()
    """Those beyond `tag_max` that are taken all the same."""


_LONG: Final = ("AD", "AE", "AF", "AN", "AO", "AP", "AQ", "BA", "BB", "BE", "BF", "BG", "BW", "BX", "BY", "CQ")

SOURCES: Final = {
    "fix42": Source("FIX42.xml", "FIX 4.2 with Errata 20010501"),
    "fix44": Source("FIX44.xml", "FIX 4.4 with Errata 20030618"),
    "fixt11": Source("FIXT11.xml", "FIXT 1.1, the session of FIX 5.0"),
    "fix50sp2": Source(
        "FIX50SP2.xml",
        "FIX 5.0SP2, what concerns a venue",
        (*"BDEFGHKMNVWXYcdefghjqrxy89", *_LONG),
        1_621,
        frozenset(("1699", "1824", "2362")),
    ),
}


class Table:
    """One dictionary, as lines of text."""

    def __init__(self, root: Element, source: Source) -> None:
        self._root = root
        self._source = source
        self._fields = sorted(root.iterfind("fields/field"), key=lambda field: int(field.attrib["number"]))
        self._tags = {field.attrib["name"]: field.attrib["number"] for field in self._fields}
        self._components = {each.attrib["name"]: each for each in root.iterfind("components/component")}
        messages = root.iterfind("messages/message")
        self._messages = [each for each in messages if self._is_whole or each.attrib["msgtype"] in source.messages]
        self._used: set[str] = set()
        """Tags and components that the messages have."""
        self._counts = {self._tags[group.attrib["name"]] for group in root.iter("group")}

    @property
    def _is_whole(self) -> bool:
        return not self._source.messages

    def lines(self) -> Iterator[str]:
        """Yield the lines of the table."""
        messages = [f"{each.attrib['msgtype']} {each.attrib['name']}: {self._items(each)}" for each in self._messages]
        components = [
            f"{part}: {self._items(block)}"
            for part in ("header", "trailer")
            for block in self._root.iterfind(part)
            if len(block)
        ]
        components += [
            f"{name}: {self._items(block)}"
            for name, block in self._components.items()
            if self._is_whole or name in self._used
        ]
        known = [field for field in self._fields if self._is_whole or field.attrib["number"] in self._used]
        preamble = PREAMBLE if self._is_whole else PREAMBLE.removesuffix("#\n") + PREAMBLE_OF_THE_REST
        yield from preamble.format(title=self._source.title).splitlines()
        yield from ("", "[fields]")
        yield from map(self._field_line, known)
        yield from ("", "[components]")
        yield from components
        yield from ("", "[messages]")
        yield from (line.rstrip() for line in messages)
        if not self._is_whole:
            yield from ("", "[other]")
            yield f"tags: {' '.join(self._other_tags())}"
            yield f"messages: {' '.join(self._other_messages())}"

    def _field_line(self, field: Element) -> str:
        """Return the line of one field: tag, name, type and the values that it may have."""
        tag, name, kind = field.attrib["number"], field.attrib["name"], field.attrib["type"]
        if tag in self._counts:
            kind = "NUMINGROUP"  # FIX 4.2 has no type of its own for these
        words = [tag, name, kind]
        if len(field) and tag not in UNLISTED_TAGS and kind not in UNLISTED_TYPES:
            words += [f"{value.attrib['enum']}={value.attrib['description']}" for value in field]
            words += [OPEN_VALUES[tag]] if tag in OPEN_VALUES else []
        return " ".join(words)

    def _items(self, parent: Element) -> str:
        """Return the items of a message, component or group, as the table writes them."""
        return " ".join(self._each_item(parent))

    def _each_item(self, parent: Element) -> Iterator[str]:
        for item in parent:
            name = item.attrib["name"]
            mark = "!" if item.attrib["required"] == "Y" else ""
            if item.tag == "component":
                if self._has_anything(name):
                    if name not in self._used:
                        self._used.add(name)
                        self._items(self._components[name])
                    yield name + mark
            elif self._is_taken(item):
                tag = self._tags[name]
                self._used.add(tag)
                yield f"{tag}{mark}({self._items(item)})" if item.tag == "group" else tag + mark

    def _is_taken(self, item: Element) -> bool:
        """Tell whether a field is taken; a group is if the field that begins its entries is too."""
        source, tag = self._source, self._tags[item.attrib["name"]]
        if not self._is_whole and int(tag) > source.tag_max and tag not in source.later_tags:
            return False
        if item.tag != "group":
            return True
        first = item[0]
        return self._has_anything(first.attrib["name"]) if first.tag == "component" else self._is_taken(first)

    def _has_anything(self, name: str) -> bool:
        return any(
            self._has_anything(item.attrib["name"]) if item.tag == "component" else self._is_taken(item)
            for item in self._components[name]
        )

    def _other_tags(self) -> Iterator[str]:
        """Yield the tags of fields that no message here has, as ranges."""
        others = sorted(int(tag) for tag in self._tags.values() if tag not in self._used)
        for first in others:
            if first - 1 not in others:
                last = next(tag for tag in others if tag >= first and tag + 1 not in others)
                yield str(first) if first == last else f"{first}-{last}"

    def _other_messages(self) -> Iterator[str]:
        for message in self._root.iterfind("messages/message"):
            if message not in self._messages:
                yield f"{message.attrib['msgtype']}={message.attrib['name']}"


if __name__ == "__main__":
    for name, source in SOURCES.items():
        root = parse(Path(sys.argv[1]) / source.xml).getroot()  # noqa: S314 (our own copy)
        table = Path(__file__).parents[1] / "fixgw" / f"{name}.txt"
        table.write_text("".join(f"{line}\n" for line in Table(root, source).lines()), encoding="ascii")
