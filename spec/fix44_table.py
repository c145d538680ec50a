"""Derive `fixgw/fix44.txt` from a QuickFIX data dictionary (FIX44.xml).

    python spec/fix44_table.py FIX44.xml > fixgw/fix44.txt

Only the facts of the public standard, FIX 4.4 with Errata 20030618, are taken: tags, names, data types,
values, and which field belongs to which message. The XML itself, under QuickFIX's licence, is not shipped.
The table says its own format at its top; `fixgw/dictionary.py` reads it.
"""

import sys
from collections.abc import Iterator
from xml.etree.ElementTree import Element, parse

PREAMBLE = """\
# FIX 4.4 with Errata 20030618: fields, values, components and messages. Facts of the standard, no more.
# Written by spec/fix44_table.py; read by fixgw/dictionary.py. Correct the script, not this file.
#
# [fields]      tag name TYPE value=MEANING ...      no values: any value of the type
#                                                    100+=RESERVED: any integer from 100 on is allowed too
# [components]  name: items                          an item is a tag, a component, or a group
# [messages]    MsgType name: items                  55 optional, 55! required, 453(448 447) a repeating
#                                                    group: its count; in order, the fields of an entry
"""

# Values that the standard leaves open in words, which the XML cannot say (FIX 4.4 Vol. 6, at the field).
OPEN_VALUES = {
    "22": "100+=RESERVED_FOR_PRIVATE_IDENTIFICATION",
    "27": "0+=NUMBER_OF_SHARES",
    "803": "4000+=RESERVED_FOR_BILATERAL_AGREEMENT",
    "847": "1000+=RESERVED_FOR_BILATERAL_AGREEMENT",
}

# MsgType is judged by the list of messages, a Boolean by its type.
UNLISTED_TAGS = {"35"}
UNLISTED_TYPES = {"BOOLEAN"}


def field_line(field: Element) -> str:
    """Return the line of one field: tag, name, type and the values that it may have."""
    tag, name, kind = field.attrib["number"], field.attrib["name"], field.attrib["type"]
    words = [tag, name, kind]
    if len(field) and tag not in UNLISTED_TAGS and kind not in UNLISTED_TYPES:
        words += [f"{value.attrib['enum']}={value.attrib['description']}" for value in field]
        words += [OPEN_VALUES[tag]] if tag in OPEN_VALUES else []
    return " ".join(words)


def items(parent: Element, tags: dict[str, str]) -> Iterator[str]:
    """Yield the items of a message, component or group, as the table writes them."""
    for item in parent:
        name = item.attrib["name"]
        mark = "!" if item.attrib["required"] == "Y" else ""
        if item.tag == "component":
            yield name + mark
        elif item.tag == "group":
            yield f"{tags[name]}{mark}({' '.join(items(item, tags))})"
        else:
            yield tags[name] + mark


def table(dictionary: Element) -> Iterator[str]:
    """Yield the lines of the table."""
    fields = sorted(dictionary.iterfind("fields/field"), key=lambda field: int(field.attrib["number"]))
    tags = {field.attrib["name"]: field.attrib["number"] for field in fields}
    yield from PREAMBLE.splitlines()
    yield from ("", "[fields]")
    yield from map(field_line, fields)
    yield from ("", "[components]")
    for part in ("header", "trailer"):
        yield f"{part}: {' '.join(items(next(dictionary.iterfind(part)), tags))}"
    for component in dictionary.iterfind("components/component"):
        yield f"{component.attrib['name']}: {' '.join(items(component, tags))}"
    yield from ("", "[messages]")
    for message in dictionary.iterfind("messages/message"):
        line = f"{message.attrib['msgtype']} {message.attrib['name']}: {' '.join(items(message, tags))}"
        yield line.rstrip()


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in table(parse(sys.argv[1]).getroot()))  # noqa: S314 (our own copy)
