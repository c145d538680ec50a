"""Writes `FONDACO44.xml` from the code's own tables: `python spec/quickfix_dictionary.py`. A test holds it to them.

The venue's FIX 4.4 in the form of QuickFIX's data dictionaries, for engines that read such: the messages that it takes
and sends, with the fields that it takes and sends in them. Values are all those of FIX 4.4, as a refusal repeats what
it refuses; which of them the venue offers stands in `rules-of-engagement.md`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import fixgw.dictionary
from fixgw.dictionary import ADMIN_MSG_TYPES, Block, Members
from fixgw.support import HEADER, LATER_FIELDS, SENT, SENT_HEADER
from fixgw.version import FIX44

SPEC: Final = Path(__file__).parent
MESSAGES: Final = (*"012345ADEFGHKMq", "AF", *"eg89rjfhN", "AN", "AO", "AP", "BB", "BG", "BA", "AD", "AQ", "AE")
_FRAME: Final = frozenset(("8", "9", "10"))
_STANDARD: Final = FIX44.dictionary
_KNOWN: Final = _STANDARD.fields | LATER_FIELDS


def dictionary() -> str:
    """Return `FONDACO44.xml`."""
    bodies = {msg_type: "\n".join(_message(msg_type)) for msg_type in MESSAGES}
    head = list(_members(_STANDARD.header.members, _FRAME | HEADER | set(SENT_HEADER), _STANDARD.header.required, "  "))
    tail = list(_members(_STANDARD.trailer.members, _FRAME, _STANDARD.trailer.required, "  "))
    used = set(re.findall(r"name='(\w+)' required", "\n".join([*head, *tail, *bodies.values()])))
    fields = [field for field in _KNOWN.values() if field.name in used]
    lines = [
        "<!-- Written by spec/quickfix_dictionary.py. -->",
        "<fix type='FIX' major='4' minor='4' servicepack='0'>",
        " <header>",
        *head,
        " </header>",
        " <trailer>",
        *tail,
        " </trailer>",
        " <messages>",
        *bodies.values(),
        " </messages>",
        " <components/>",
        " <fields>",
        *(line for field in sorted(fields, key=lambda field: int(field.tag)) for line in _field(field.tag)),
        " </fields>",
        "</fix>",
    ]
    return "\n".join(lines) + "\n"


def _message(msg_type: str) -> Iterator[str]:
    body = _STANDARD.body_of(msg_type)
    assert body is not None, "a message of FIX 4.4"
    taken = (FIX44.session_supported | FIX44.supported).get(msg_type, frozenset()) - HEADER
    tags = taken | set(SENT.get(msg_type, ()))
    category = "admin" if msg_type in ADMIN_MSG_TYPES else "app"
    yield f"  <message name='{_STANDARD.msg_types[msg_type]}' msgtype='{msg_type}' msgcat='{category}'>"
    yield from _members(body.members, tags, (*body.required, *FIX44.required.get(msg_type, ())), "   ")
    known = {tag for member, entry in body.members.items() for tag in _with_inner(member, entry)}
    for tag in sorted(tags - known, key=int):
        yield f"   <field name='{_KNOWN[tag].name}' required='N'/>"
    yield "  </message>"


def _with_inner(tag: str, entry: Block | None) -> tuple[str, ...]:
    """Return a tag and, if it counts a repeating group, those of the entries' fields."""
    return (tag,) if entry is None else (tag, *entry.members, *FIX44.extension_members.get(tag, ()))


def _members(
    members: Members, tags: frozenset[str] | set[str], required: tuple[str, ...], indent: str
) -> Iterator[str]:
    for tag, entry in members.items():
        if tag not in tags:
            continue
        attributes = f"name='{_KNOWN[tag].name}' required='{'Y' if tag in required else 'N'}'"
        if entry is None:
            yield f"{indent}<field {attributes}/>"
        else:
            yield f"{indent}<group {attributes}>"
            yield from _members(entry.members, tags, entry.required, indent + " ")
            for extra in sorted(FIX44.extension_members.get(tag, frozenset()) & tags - entry.members.keys(), key=int):
                yield f"{indent} <field name='{_KNOWN[extra].name}' required='N'/>"
            yield f"{indent}</group>"


def _field(tag: str) -> Iterator[str]:
    field = _KNOWN[tag]
    attributes = f"number='{tag}' name='{field.name}' type='{field.kind}'"
    values = _MSG_TYPE_VALUES if tag == "35" else _VALUES.get(tag, [])
    if not values:
        yield f"  <field {attributes}/>"
        return
    yield f"  <field {attributes}>"
    for value, meaning in values:
        yield f"   <value enum='{value}' description='{meaning}'/>"
    yield "  </field>"


def _values() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield tag and (value, meaning) of the fields that have values, from the table of the standard."""
    table = Path(fixgw.dictionary.__file__).with_name("fix44.txt").read_text("ascii")
    for line in table.partition("[fields]\n")[2].partition("\n[")[0].splitlines():
        tag, _, kind, *words = line.split(" ") if line else ("", "", "")
        pairs = [(value, meaning) for value, _, meaning in (word.partition("=") for word in words)]
        if pairs and kind and not any(value.endswith("+") for value, _ in pairs):
            yield tag, pairs


_VALUES: Final = dict(_values())
_MSG_TYPE_VALUES: Final = [
    (msg_type, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", _STANDARD.msg_types[msg_type]).upper()) for msg_type in MESSAGES
]

PAGES: Final = {"FONDACO44.xml": dictionary}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (SPEC / name).write_text(page(), encoding="utf-8")
