"""The venue's dictionary for engines that read QuickFIX's knows all that the venue says, and QuickFIX reads it."""

import re
from pathlib import Path
from xml.etree.ElementTree import Element, parse

import pytest

from fixgw.support import LATER_FIELDS
from fixgw.version import FIX44

SPEC = Path(__file__).resolve().parents[2] / "spec"
DICTIONARY = parse(SPEC / "FONDACO44.xml").getroot()
TAGS = {field.attrib["name"]: field.attrib["number"] for field in DICTIONARY.iterfind("fields/field")}
SAID = re.findall(
    r"^    BROKER\d ([<>]) (8=FIX.*)\|$", (SPEC / "examples.md").read_text(encoding="utf-8"), re.MULTILINE
)


def tags_of(block: Element) -> set[str]:
    return {TAGS[each.attrib["name"]] for each in block.iter() if each.tag in {"field", "group"}}


FRAME = tags_of(next(DICTIONARY.iterfind("header"))) | tags_of(next(DICTIONARY.iterfind("trailer")))
BODIES = {message.attrib["msgtype"]: tags_of(message) for message in DICTIONARY.iterfind("messages/message")}


def test_fields_have_the_standards_names() -> None:
    known = FIX44.dictionary.fields | LATER_FIELDS
    assert {name: tag for name, tag in TAGS.items() if known[tag].name != name} == {}


def test_messages_are_those_that_the_venue_takes_and_sends() -> None:
    assert set(BODIES) == set("012345ADEFGHKMNq89rjefgh") | {"AF", "AN", "AO", "AP", "BB", "BG", "BA", "AD", "AQ", "AE"}


def test_all_that_the_venue_says_in_the_examples_is_in_the_dictionary() -> None:
    said = [text for sign, text in SAID if sign == "<"]
    assert len(said) > 50
    for text in said:
        pairs = [piece.partition("=")[::2] for piece in text.split("|")]
        tags, msg_type = [tag for tag, _ in pairs], dict(pairs)["35"]
        assert set(tags) <= FRAME | BODIES[msg_type], text


def test_required_fields_are_there_in_all_that_the_venue_says() -> None:
    required = {
        message.attrib["msgtype"]: {TAGS[each.attrib["name"]] for each in message if each.attrib["required"] == "Y"}
        for message in DICTIONARY.iterfind("messages/message")
    }
    for sign, text in SAID:
        fields = dict(piece.partition("=")[::2] for piece in text.split("|"))
        if sign == "<":
            assert required[fields["35"]] <= fields.keys(), text


@pytest.mark.quickfix
def test_quickfix_reads_the_dictionary() -> None:
    quickfix = pytest.importorskip("quickfix")
    dictionary = quickfix.DataDictionary(str(SPEC / "FONDACO44.xml"))
    assert dictionary.getVersion() == "FIX.4.4"
    assert dictionary.isMsgField("8", 1003)
    assert dictionary.isGroup("r", 534)
    assert not dictionary.isMsgField("D", 79)


@pytest.mark.quickfix
def test_quickfix_finds_no_fault_with_what_the_venue_says() -> None:
    quickfix = pytest.importorskip("quickfix")
    dictionary = quickfix.DataDictionary(str(SPEC / "FONDACO44.xml"))
    for sign, text in SAID:
        if sign == "<" and "***" not in text:
            message = quickfix.Message(f"{text}|".replace("|", "\x01"), dictionary, True)
            dictionary.validate(message)
