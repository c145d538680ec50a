"""Writes the venue's dictionaries from the code's own tables: `python -m spec.quickfix_dictionary`; a test holds them.

`FONDACO42.xml`, `FONDACO44.xml`, and `FONDACOT11.xml` with `FONDACO50SP2.xml` are each version in the form of
QuickFIX's data dictionaries, for engines that read such: the messages that the venue takes and sends, with the fields
that it takes and sends in them. Values are all those of the standard, as a refusal repeats what it refuses, and the
venue's own; which of them it offers stands in `rules-of-engagement.md`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import fixgw.dictionary
from fixgw.dictionary import ADMIN_MSG_TYPES, FRAME_TAGS, Block, Members
from fixgw.support import ENTRY_EXTENSIONS, SENT_HEADER, VALUES_ON_TOP_OF_42
from fixgw.validation import NO_MEMBERS, ExtraMembers
from fixgw.version import FIX44, Version, version_named

SPEC: Final = Path(__file__).parent
MESSAGES: Final = (
    *(*"012345ADEFGHKMq", "AF", *"egVxc89rjfhNWXYydB"),
    *("AN", "AO", "AP", "BB", "BG", "BA", "AD", "AQ", "AE", "BE", "BF", "BW", "BX", "BY"),
)


def dictionary(version: Version, head: str, msg_types: tuple[str, ...], *, has_frame: bool = True) -> str:
    """Return a dictionary of some messages; `head` are the attributes that name it."""
    bodies = {msg_type: "\n".join(_message(version, msg_type)) for msg_type in msg_types}
    standard = version.dictionary
    header = trailer = []
    if has_frame:
        header_tags = FRAME_TAGS | version.header | set(SENT_HEADER)
        header = list(_members(version, standard.header.members, header_tags, standard.header.required, "  "))
        trailer = list(_members(version, standard.trailer.members, FRAME_TAGS, standard.trailer.required, "  "))
    used = set(re.findall(r"name='(\w+)' required", "\n".join([*header, *trailer, *bodies.values()])))
    fields = [field for field in version.fields.values() if field.name in used]
    lines = [
        "<!-- Written by spec/quickfix_dictionary.py. -->",
        f"<fix {head}>",
        " <header>",
        *header,
        " </header>",
        " <trailer>",
        *trailer,
        " </trailer>",
        " <messages>",
        *bodies.values(),
        " </messages>",
        " <components/>",
        " <fields>",
        *(line for field in sorted(fields, key=lambda field: int(field.tag)) for line in _field(version, field.tag)),
        " </fields>",
        "</fix>",
    ]
    return "\n".join(lines) + "\n"


def messages_of(version: Version) -> tuple[str, ...]:
    """Return the messages that the venue takes or sends."""
    known = version.session_supported.keys() | version.supported.keys() | version.sent.keys()
    return tuple(msg_type for msg_type in MESSAGES if msg_type in known)


def _message(version: Version, msg_type: str) -> Iterator[str]:
    standard = version.dictionary
    body = standard.body_of(msg_type)
    assert body is not None, "a message that the version has"
    taken = (version.session_supported | version.supported).get(msg_type, frozenset()) - version.header
    tags = taken | set(version.sent.get(msg_type, ()))
    category = "admin" if msg_type in ADMIN_MSG_TYPES else "app"
    yield f"  <message name='{standard.msg_types[msg_type]}' msgtype='{msg_type}' msgcat='{category}'>"
    extra = {**version.extension_members, **ENTRY_EXTENSIONS.get(msg_type, {})}
    yield from _members(version, body.members, tags, version.always(msg_type), "   ", extra)
    present = {tag: entry for tag, entry in body.members.items() if tag in tags}
    known = {tag for member, entry in present.items() for tag in _with_inner(member, entry, extra)}
    for tag in sorted(tags - known, key=int):
        yield f"   <field name='{version.fields[tag].name}' required='N'/>"
    yield "  </message>"


def _with_inner(tag: str, entry: Block | None, extra: ExtraMembers) -> tuple[str, ...]:
    """Return a tag and, if it counts a repeating group, those of the entries' fields, the `extra` ones too."""
    return (tag,) if entry is None else (tag, *entry.members, *extra.get(tag, ()))


def _members(
    version: Version,
    members: Members,
    tags: frozenset[str] | set[str],
    required: tuple[str, ...],
    indent: str,
    extra: ExtraMembers = NO_MEMBERS,
) -> Iterator[str]:
    """Yield the members that are among `tags`; `extra` are more of the entries of a group, by the tag of its count."""
    for tag, entry in members.items():
        if tag not in tags:
            continue
        attributes = f"name='{version.fields[tag].name}' required='{'Y' if tag in required else 'N'}'"
        if entry is None:
            yield f"{indent}<field {attributes}/>"
        else:
            yield f"{indent}<group {attributes}>"
            yield from _members(version, entry.members, tags, entry.required, indent + " ", extra)
            on_top = extra.get(tag, frozenset()) & tags - entry.members.keys()
            for more in sorted(on_top, key=int):
                yield f"{indent} <field name='{version.fields[more].name}' required='N'/>"
            yield f"{indent}</group>"


def _field(version: Version, tag: str) -> Iterator[str]:
    field = version.fields[tag]
    attributes = f"number='{tag}' name='{field.name}' type='{field.kind}'"
    values = _msg_type_values(version) if tag == "35" else values_of(version).get(tag, [])
    if not values:
        yield f"  <field {attributes}/>"
        return
    yield f"  <field {attributes}>"
    for value, meaning in values:
        yield f"   <value enum='{value}' description='{meaning}'/>"
    yield "  </field>"


Meanings = list[tuple[str, str]]
"""Values of a field, each with what it means."""


def values_of(version: Version) -> dict[str, Meanings]:
    """Return by tag the values of all fields that have such, from the tables of the standard."""
    values = dict(_values("fix44"))
    values["269"] += [("Q", "AUCTION_CLEARING_PRICE")]
    if version.name == "FIX.4.2":
        meanings = {tag: dict(pairs) for tag, pairs in values.items()}
        own = dict(_values("fix42"))
        for tag, more in VALUES_ON_TOP_OF_42.items():
            own[tag] = [*own[tag], *((value, meanings[tag][value]) for value in more)]
        unlisted = {tag for tag in version.dictionary.fields if tag not in own}
        return {tag: pairs for tag, pairs in (values | own).items() if tag not in unlisted}
    if version.name == "FIX.5.0SP2":
        return dict(_values("fix50sp2")) | dict(_values("fixt11"))
    return values


def _values(table: str) -> Iterator[tuple[str, Meanings]]:
    """Yield tag and (value, meaning) of the fields that have values, from a table of the standard."""
    text = Path(fixgw.dictionary.__file__).with_name(f"{table}.txt").read_text("ascii")
    for line in text.partition("[fields]\n")[2].partition("\n[")[0].splitlines():
        tag, _, kind, *words = line.split(" ") if line else ("", "", "")
        pairs = [(value, meaning) for value, _, meaning in (word.partition("=") for word in words)]
        if pairs and kind and not any(value.endswith("+") for value, _ in pairs):
            yield tag, pairs


def _msg_type_values(version: Version) -> Meanings:
    names = version.dictionary.msg_types
    return [
        (msg_type, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", names[msg_type]).upper()) for msg_type in messages_of(version)
    ]


def _fondaco42() -> str:
    version = version_named("FIX.4.2")
    return dictionary(version, "type='FIX' major='4' minor='2' servicepack='0'", messages_of(version))


def _fondaco44() -> str:
    return dictionary(FIX44, "type='FIX' major='4' minor='4' servicepack='0'", messages_of(FIX44))


def _fondacot11() -> str:
    version = version_named("FIX.5.0SP2")
    admin = tuple(msg_type for msg_type in messages_of(version) if msg_type in ADMIN_MSG_TYPES)
    return dictionary(version, "type='FIXT' major='1' minor='1' servicepack='0'", admin)


def _fondaco50sp2() -> str:
    version = version_named("FIX.5.0SP2")
    application = tuple(msg_type for msg_type in messages_of(version) if msg_type not in ADMIN_MSG_TYPES)
    head = "type='FIX' major='5' minor='0' servicepack='2'"
    return dictionary(version, head, application, has_frame=False)


PAGES: Final = {
    "FONDACO42.xml": _fondaco42,
    "FONDACO44.xml": _fondaco44,
    "FONDACOT11.xml": _fondacot11,
    "FONDACO50SP2.xml": _fondaco50sp2,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (SPEC / name).write_text(page(), encoding="utf-8")
