"""The venue's dictionaries for engines that read QuickFIX's know all that is said in every version, and no more.

What is said are the conversations of `spec/examples.py`, held in each version. QuickFIX, with the venue's dictionary,
must find fault with a broker's message exactly when the venue does, and with none of the venue's.
"""

import asyncio
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, parse

import pytest

from engine.profile import FIX_VERSIONS
from fixgw.dictionary import ADMIN_MSG_TYPES
from fixgw.support import SENT_HEADER
from fixgw.version import Version, version_named
from spec.examples import CHAPTERS, held, in_its_version

SPEC = Path(__file__).resolve().parents[2] / "spec"
FILES = {
    "FIX.4.2": ("FONDACO42.xml",),
    "FIX.4.4": ("FONDACO44.xml",),
    "FIX.5.0SP2": ("FONDACOT11.xml", "FONDACO50SP2.xml"),
}
VERSIONS = tuple(map(version_named, FIX_VERSIONS))
every_version = pytest.mark.parametrize("version", VERSIONS, ids=FIX_VERSIONS)

Fields = dict[str, str]


class Dictionary:
    """A version's dictionary, the session's and the application's in one."""

    def __init__(self, version: Version) -> None:
        roots = [parse(SPEC / name).getroot() for name in FILES[version.name]]
        self.fields = {field.attrib["name"]: field for root in roots for field in root.iterfind("fields/field")}
        self.tags = {name: field.attrib["number"] for name, field in self.fields.items()}
        self.messages = {each.attrib["msgtype"]: each for root in roots for each in root.iterfind("messages/message")}
        self.header = self.tags_of(next(roots[0].iterfind("header")))
        self.frame = self.header | self.tags_of(next(roots[0].iterfind("trailer")))

    def tags_of(self, block: Element) -> set[str]:
        return {self.tags[each.attrib["name"]] for each in block.iter() if each.tag in {"field", "group"}}

    def body(self, msg_type: str) -> set[str]:
        return self.tags_of(self.messages[msg_type])

    def required(self, msg_type: str) -> set[str]:
        return {self.tags[each.attrib["name"]] for each in self.messages[msg_type] if each.attrib["required"] == "Y"}

    def values(self, tag: str) -> set[str]:
        (field,) = (each for each in self.fields.values() if each.attrib["number"] == tag)
        return {value.attrib["enum"] for value in field}


@lru_cache
def dictionary(version: Version) -> Dictionary:
    return Dictionary(version)


@lru_cache
def said(version: Version) -> tuple[tuple[str, str], ...]:
    """Return all that was said in the conversations, by whom: `>` the broker, `<` the venue."""
    conversations = [in_its_version, *(conversation for _, _, conversation in CHAPTERS)]
    lines = [line for each in conversations for line in asyncio.run(held(each, version.name))]
    return tuple((line[8], line[10:].rstrip("|")) for line in lines if line[8:11] in {"> 8", "< 8"})


def pairs_of(text: str) -> list[tuple[str, str]]:
    return [(tag, value) for tag, _, value in (piece.partition("=") for piece in text.split("|"))]


# ------------------------------------------------------------------------------------ the dictionary and the code


@every_version
def test_fields_have_the_standards_names_and_types(version: Version) -> None:
    for name, field in dictionary(version).fields.items():
        known = version.fields[field.attrib["number"]]
        assert (known.name, known.kind) == (name, field.attrib["type"])


@every_version
def test_messages_are_those_that_the_venue_takes_and_sends(version: Version) -> None:
    assert dictionary(version).messages.keys() == (
        version.session_supported.keys() | version.supported.keys() | version.sent.keys()
    )


@every_version
def test_header_has_what_the_venue_takes_and_sends(version: Version) -> None:
    assert dictionary(version).header == version.header | set(SENT_HEADER) | {"8", "9"}


@every_version
def test_each_message_has_the_fields_that_the_venue_takes_and_sends(version: Version) -> None:
    for msg_type in dictionary(version).messages:
        taken = (version.session_supported | version.supported).get(msg_type, frozenset()) - version.header
        assert dictionary(version).body(msg_type) == taken | set(version.sent.get(msg_type, ())), msg_type
        assert dictionary(version).required(msg_type) == set(version.always(msg_type)), msg_type


@every_version
def test_fields_have_the_values_of_the_code(version: Version) -> None:
    for field in dictionary(version).fields.values():
        tag = field.attrib["number"]
        known = version.dictionary.fields.get(tag)
        if known is not None and tag != "35":
            assert dictionary(version).values(tag) == (known.values if known.open_from is None else set()), tag


# ---------------------------------------------------------------------------------------- what is said, and QuickFIX


@every_version
def test_all_that_the_venue_says_is_in_the_dictionary(version: Version) -> None:
    count = 0
    for sign, text in said(version):
        if sign == "<":
            fields = dict(pairs_of(text))
            known = dictionary(version).frame | dictionary(version).body(fields["35"])
            assert fields.keys() <= known, text
            assert dictionary(version).required(fields["35"]) <= fields.keys(), text
            count += 1
    assert count > 50


class QuickFix:
    """QuickFIX's judgement on messages, by the venue's dictionaries."""

    def __init__(self, version: Version) -> None:
        self._quickfix: Any = pytest.importorskip("quickfix")
        self._dictionaries = [self._quickfix.DataDictionary(str(SPEC / name)) for name in FILES[version.name]]

    def fault(self, text: str) -> str:
        """Return what is wrong with a message, or nothing."""
        raw = f"{text}|".replace("|", "\x01")
        is_administrative = dict(pairs_of(text))["35"] in ADMIN_MSG_TYPES
        session, application = self._dictionaries[0], self._dictionaries[0 if is_administrative else -1]
        try:
            message = self._quickfix.Message(raw, session, application, False)
            self._quickfix.DataDictionary.validate(message, session, application)
        except self._quickfix.FIXException as error:
            return str(error) or type(error).__name__
        return ""


@every_version
@pytest.mark.quickfix
def test_quickfix_reads_the_dictionary(version: Version) -> None:
    quickfix = pytest.importorskip("quickfix")
    *_, application = [quickfix.DataDictionary(str(SPEC / name)) for name in FILES[version.name]]
    assert application.isMsgField("8", 1003)
    assert application.isGroup("E", 73)
    assert not application.isMsgField("D", 79)


@every_version
@pytest.mark.quickfix
def test_quickfix_finds_no_fault_with_what_the_venue_says(version: Version) -> None:
    quickfix = QuickFix(version)
    for sign, text in said(version):
        if sign == "<":
            assert quickfix.fault(text) == "", text


@every_version
@pytest.mark.quickfix
def test_quickfix_finds_fault_with_what_brokers_say_where_the_venue_does(version: Version) -> None:
    quickfix = QuickFix(version)
    judged = 0
    for place, (sign, text) in enumerate(said(version)):
        if sign == ">" and "***" not in text:
            _, answer = said(version)[place + 1] if place + 1 < len(said(version)) else ("", "")
            fields = dict(pairs_of(answer)) if answer else {}
            is_faulty = fields.get("35") == "3" or "[2001]" in fields.get("58", "")
            assert bool(quickfix.fault(text)) == is_faulty, (text, quickfix.fault(text))
            judged += 1
    assert judged > 40


@every_version
@pytest.mark.quickfix
def test_quickfix_finds_fault_with_a_field_that_the_venue_does_not_take(version: Version) -> None:
    head = f"8={version.begin_string}|9=1|35=H|49=BROKER1|56=FONDACO|34=2|52=20261118-11:06:40|"
    right = f"{head}11=A|55=BTC/USD|54=1|10=000"
    assert QuickFix(version).fault(right) == ""
    assert QuickFix(version).fault(right.replace("|10=", "|44=1|10="))
    assert QuickFix(version).fault(right.replace("|54=1", ""))
