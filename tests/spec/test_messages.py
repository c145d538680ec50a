"""What `messages.md` says of values is true: each value of the standard is sent, and taken only if the page has it."""

import pytest

from engine.commands import Refuse
from engine.profile import FIX_VERSIONS
from fixgw.reject import GatewayReject
from fixgw.version import Version, version_named
from spec.messages import SENT_VALUES, TAKEN_VALUES, messages
from tests.fixgw.venue import NOW, NOW_NS, Venue, client_message
from tests.spec.test_dictionary import pairs_of, said

T = f"60={NOW}|"
GOOD = {
    "D": f"11=O|21=1|55=BTC/USD|54=1|{T}38=1|40=2|44=100|59=1|",
    "G": f"11=O|41=P|21=1|55=BTC/USD|54=1|{T}38=1|40=2|44=100|59=1|",
    "F": f"11=O|41=P|55=BTC/USD|54=1|{T}",
    "H": "11=O|55=BTC/USD|54=1|",
    "q": f"11=O|530=7|{T}",
    "AF": "584=R|585=7|",
    "e": "324=R|55=BTC/USD|263=0|",
    "g": "335=R|336=BTC/USD|263=0|",
}
CASES = tuple(
    (name, msg_type, tag)
    for name in FIX_VERSIONS
    for msg_type in GOOD
    if msg_type in version_named(name).supported
    for tag in sorted(version_named(name).supported[msg_type] - version_named(name).header, key=int)
    if tag in version_named(name).dictionary.fields and version_named(name).dictionary.fields[tag].values
    if tag not in {"447", "452"}  # of the group of parties
)


def with_value(msg_type: str, tag: str, value: str) -> str:
    """Return the good message with another value, and with what must go with that."""
    changes = {tag: value}
    if tag == "18" and value in "90":
        changes = {"18": f"6 {value}", "54": "1" if value == "9" else "2"}
    elif tag == "18" and value == "a":
        changes |= {"40": "P", "44": "", "211": "1"}
    elif tag == "836":
        changes |= {"211": "1"}
    elif tag in {"388", "842"}:
        changes = {"388": "1", "389": "1"} | changes
    elif tag == "1084":
        changes |= {"1138": "1"} | ({"1085": "1", "1086": "1"} if value == "3" else {})
    elif value in {"1", "J", "K"} and tag == "40":
        changes |= {"44": ""}
    kept = [piece for piece in GOOD[msg_type].split("|")[:-1] if piece.partition("=")[0] not in changes]
    return "".join(f"{piece}|" for piece in (*kept, *(f"{each}={text}" for each, text in changes.items() if text)))


@pytest.mark.parametrize(("name", "msg_type", "tag"), CASES)
def test_each_value_of_the_standard_is_taken_if_the_page_has_it(name: str, msg_type: str, tag: str) -> None:
    venue = Venue(version=name)
    for value in sorted(venue.version.dictionary.fields[tag].values):
        command = venue.command(msg_type, with_value(msg_type, tag, value))
        is_refused = (
            isinstance(command, Refuse)
            and command.reason == GatewayReject.UNSUPPORTED_VALUE
            and command.ref_tag == int(tag)
        )
        assert is_refused == (value not in TAKEN_VALUES.get(tag, (value,))), (value, command)


@pytest.mark.parametrize(("tag", "values"), (("98", "0123456"), ("8013", "SYN")))
def test_logon_takes_the_values_of_the_page(tag: str, values: str) -> None:
    for value in values:
        fields = f"98={value}|108=30|" if tag == "98" else f"98=0|108=30|8013={value}|"
        problem = Venue().sessions["BROKER1"].check_logon(client_message("A", fields, number=1), NOW_NS)
        assert (problem == "") == (value in TAKEN_VALUES[tag])


def test_values_that_the_venue_sends_are_those_of_the_page() -> None:
    for sign, text in said(version_named("FIX.4.4")):
        if sign == "<":
            for tag, value in pairs_of(text):
                assert value in SENT_VALUES.get(tag, (value,)), (tag, text)


@pytest.mark.parametrize("version", tuple(map(version_named, FIX_VERSIONS)), ids=FIX_VERSIONS)
def test_page_has_every_field_that_the_venue_takes_and_sends(version: Version) -> None:
    page = messages()
    column = FIX_VERSIONS.index(version.name) + 4
    for word, tables in (("taken", version.session_supported | version.supported), ("sent", version.sent)):
        for msg_type, tags in tables.items():
            section = page.partition(f" ({msg_type}), {word}\n")[2].partition("\n## ")[0]
            for tag in set(tags) - (version.header if word == "taken" else set()):
                row = next(line for line in section.splitlines() if line.startswith(f"| {tag} "))
                assert row.split("|")[column].strip(), (msg_type, tag)
