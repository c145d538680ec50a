"""Sessions that speak FIX 4.2 or FIX 5.0SP2: what they may say, what is asked of them, how they are refused."""

import pytest

from engine import commands
from engine.commands import Refuse
from engine.profile import FIX_VERSIONS
from engine.values import OrderType, Side, TimeInForce
from fixgw.codec import Framer
from fixgw.reject import GatewayReject
from fixgw.support import BODY, NEEDED, SENT
from fixgw.version import FIX44, version_named
from tests.fixgw.session_script import LOGGED_ON, ORDER, Script
from tests.fixgw.venue import NOW, NOW_NS, Venue, client_message

FIX42, FIX50 = version_named("FIX.4.2"), version_named("FIX.5.0SP2")
T = f"60={NOW}|"
ORDER_42 = f"11=O|21=1|55=BTC/USD|54=1|{T}38=1|40=2|44=100|59=1|"
ORDER_50 = ORDER_42.replace("21=1|", "")


class ScriptIn42(Script):
    version = FIX42


class ScriptIn50(Script):
    version = FIX50


# ------------------------------------------------------------------------------------------------- the versions


def test_there_is_one_version_of_each_name() -> None:
    for name in FIX_VERSIONS:
        assert version_named(name).name == name
        assert version_named(name) is version_named(name)
    assert version_named("FIX.4.4") is FIX44


def test_versions_have_their_words_on_the_wire() -> None:
    assert [(version_named(name).begin_string, version_named(name).appl_ver_id) for name in FIX_VERSIONS] == [
        ("FIX.4.2", ""),
        ("FIX.4.4", ""),
        ("FIXT.1.1", "9"),
    ]


def test_a_version_takes_and_sends_the_messages_that_it_has() -> None:
    for version in (FIX42, FIX44, FIX50):
        assert set(version.supported) == BODY.keys() & version.dictionary.msg_types.keys()
        assert set(version.sent) == SENT.keys() & version.dictionary.msg_types.keys()
    assert not {"q", "AF"} & FIX42.supported.keys()
    assert "r" not in FIX42.sent
    assert set(FIX50.supported) == set(BODY) == {*FIX44.supported, "BW"}


def test_what_a_version_lacks_is_an_extension() -> None:
    assert {"790", "836", "842", "1138", "7928"} <= FIX42.extensions
    assert {"553", "554", "789"} <= FIX42.logon_extensions
    assert "8013" in FIX44.logon_extensions & FIX50.logon_extensions
    assert not {"553", "554", "789"} & (FIX44.logon_extensions | FIX50.logon_extensions)
    assert not {"1084", "1138", "1385"} & FIX50.extensions
    assert {"5127", "7928"} <= FIX50.extensions
    assert not {"453", "448"} & (FIX42.extensions | FIX42.supported["D"])


def test_fields_have_the_names_of_their_version() -> None:
    assert FIX42.field_name(211) == "PegDifference(211)"
    assert FIX44.field_name(211) == "PegOffsetValue(211)"
    assert FIX42.field_name(790) == "OrdStatusReqID(790)"
    assert FIX50.field_name(1128) == "ApplVerID(1128)"
    assert FIX50.field_name(8013) == "CancelOrdersOnDisconnect(8013)"
    assert FIX50.field_name(77777) == "tag 77777"


# -------------------------------------------------------------------------------------------------------- logon


def test_fix_42_takes_credentials_as_an_extension() -> None:
    ScriptIn42().run("""
        -> A 98=0|108=30|553=BROKER1|554=secret|789=1|8013=S
        <- A 98=0|108=30|789=2|8013=S
        is ACTIVE next 2
    """)


@pytest.mark.parametrize("given", ("8", "", "FIX.5.0SP2"))
def test_fixt_takes_no_other_application_than_fix_50sp2(given: str) -> None:
    script = ScriptIn50()
    script.run(f"""
        -> A 98=0|108=30|1137={given}
        <- 5 58=DefaultApplVerID(1137) must be 9 (FIX.5.0SP2)
        is CLOSED next 1
    """)


def test_fixt_needs_the_applications_version_at_logon() -> None:
    script = ScriptIn50()
    message = client_message("A", "98=0|108=30|", begin_string="FIXT.1.1", number=1)
    assert script.session.check_logon(message, NOW_NS) == "DefaultApplVerID(1137) must be 9 (FIX.5.0SP2)"


def test_fixt_tells_the_applications_version_in_its_logon() -> None:
    session = ScriptIn50().session
    message = client_message("A", "98=0|108=30|1137=9|", begin_string="FIXT.1.1", number=1)
    assert not session.check_logon(message, NOW_NS)
    assert not session.begin(message, NOW_NS, 1)
    assert session.answers == [("A", "98=0\x01108=30\x011137=9\x01")]


@pytest.mark.parametrize("script", (Script, ScriptIn50))
def test_a_test_session_is_refused(script: type[Script]) -> None:
    script().run("""
        -> A 98=0|108=30|464=Y
        <- 5 58=TestMessageIndicator(464): the venue does not take this field
        is CLOSED next 1
    """)


# ----------------------------------------------------------------------------------------- application messages


def test_a_message_may_name_its_version_if_that_is_the_sessions() -> None:
    ScriptIn50().run(f"""
        {LOGGED_ON}
        -> D 1128=9|{ORDER}
        app
        -> D 1128=6|{ORDER}
        reject 373=18|371=1128
        -> D 1128=X|{ORDER}
        reject 373=18|371=1128
        is ACTIVE next 5
    """)


def test_the_version_of_a_message_of_known_shape_is_looked_at_too() -> None:
    session = ScriptIn50().run(LOGGED_ON).session
    framer = Framer()
    for number in range(2, 40):
        right = client_message("D", ORDER_50, number=number, header="1128=9|", begin_string="FIXT.1.1")
        assert session.accept(right, NOW_NS)
        assert session.flaw is None
        framer.learn(right)
    other = client_message("D", ORDER_50, number=40, header="1128=8|", begin_string="FIXT.1.1")
    (message,) = framer.receive(other.raw)
    assert message.known
    assert session.accept(message, NOW_NS)
    assert session.flaw is not None
    assert session.flaw.reason == 18


@pytest.mark.parametrize("msg_type", ("q", "AF"))
def test_messages_that_fix_42_lacks_are_invalid(msg_type: str) -> None:
    text = {"q": f"11=Q|530=7|{T}", "AF": "584=R|585=7|"}[msg_type]
    (rejected,) = Venue(version="FIX.4.2").say(msg_type, text)
    assert rejected.has(f"45=1|372={msg_type}|373=11|58=Invalid MsgType|")


def test_messages_that_a_version_has_and_the_venue_does_not_take_are_unsupported() -> None:
    for version, msg_type in (("FIX.4.2", "R"), ("FIX.4.4", "AB"), ("FIX.5.0SP2", "AB"), ("FIX.5.0SP2", "DJ")):
        fields = "131=R|146=1|55=BTC/USD|" if msg_type == "R" else "55=BTC/USD|"
        if version == "FIX.4.4":
            fields = f"11=A|54=1|555=1|600=X|40=1|{T}"
        (refused,) = Venue(version=version).say(msg_type, fields)
        assert refused.has(f"372={msg_type}|380=3|"), (version, refused)


def test_a_tag_that_fix_50_knows_is_told_from_one_that_it_does_not() -> None:
    (known,) = Venue(version="FIX.5.0SP2").say("D", f"{ORDER_50}2963=1|")
    assert known.has("371=2963|373=2|")
    (unknown,) = Venue(version="FIX.5.0SP2").say("D", f"{ORDER_50}3000=1|")
    assert unknown.has("371=3000|373=0|")


def test_fix_42_needs_handl_inst() -> None:
    (missing,) = Venue(version="FIX.4.2").say("D", ORDER_42.replace("21=1|", ""))
    assert missing.has("371=21|373=1|")


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    (
        ("40=J|99=90|", "order_type", OrderType.TAKE_PROFIT_LIMIT),
        ("40=K|", "order_type", OrderType.MARKET_TO_LIMIT),
        ("59=7|", "time_in_force", TimeInForce.AT_THE_CLOSE),
    ),
)
def test_fix_42_takes_values_of_later_versions(changes: str, field: str, value: object) -> None:
    changed = {piece.partition("=")[0] for piece in changes.split("|")} | ({"44"} if "=K" in changes else set())
    kept = "".join(f"{piece}|" for piece in ORDER_42.split("|")[:-1] if piece.partition("=")[0] not in changed)
    command = Venue(version="FIX.4.2").command("D", kept + changes)
    assert isinstance(command, commands.NewOrder)
    assert getattr(command, field) == value


def test_a_value_that_no_version_has_is_incorrect() -> None:
    (rejected,) = Venue(version="FIX.4.2").say("D", ORDER_42.replace("40=2", "40=L"))
    assert rejected.has("371=40|373=5|")


@pytest.mark.parametrize("version", FIX_VERSIONS)
def test_an_iceberg_is_taken_in_every_version(version: str) -> None:
    told = Venue(version=version).say("D", f"{ORDER_42}1138=0.1|1084=3|1085=0.1|1086=0.2|7928=N|2362=G|62={NOW}|")
    assert told[0].has("150=0|111=0.100000|1084=3|7928=N|2362=G|")


@pytest.mark.parametrize("version", FIX_VERSIONS)
def test_a_list_of_orders_is_taken_in_every_version(version: str) -> None:
    entries = "".join(f"11=L{n}|67={n}|21=1|1138=0.1|55=BTC/USD|54=1|38=1|40=2|44={90 + n}|7928=N|" for n in (1, 2))
    told = Venue(version=version).say("E", f"66=L|394=3|1385=2|68=2|73=2|{entries}")
    assert [each.msg_type for each in told] == ["N", "8", "8"]


def test_a_list_may_name_its_version_too() -> None:
    venue = Venue(version="FIX.5.0SP2")
    entry = "11=L{0}|67={0}|55=BTC/USD|54=1|38=1|40=2|44=9{0}|"
    text = f"66=L|394=3|1385=2|68=2|73=2|{entry.format(1)}{entry.format(2)}"
    message = client_message("E", text, number=1, header="1128=9|", begin_string="FIXT.1.1")
    assert venue.sessions["BROKER1"].accept(message, NOW_NS)
    assert isinstance(venue.order_entry.translate("BROKER1", 1, message), commands.NewOrderList)


@pytest.mark.parametrize("msg_type", ("F", "G", "H"))
def test_in_fix_50_the_venues_id_of_an_order_is_enough(msg_type: str) -> None:
    venue = Venue(version="FIX.5.0SP2")
    venue.say("D", ORDER_50)
    ids = "" if msg_type == "H" else f"11=N|{T}"
    terms = "38=2|40=2|44=100|" if msg_type == "G" else ""
    (told,) = venue.say(msg_type, f"37=1|{ids}55=BTC/USD|54=1|{terms}")
    assert told.msg_type == "8"
    assert told.has("37=1|")


@pytest.mark.parametrize(("msg_type", "tag"), (("F", "41"), ("G", "41"), ("H", "11")))
def test_in_fix_50_one_of_the_ids_must_be_there(msg_type: str, tag: str) -> None:
    ids = "" if msg_type == "H" else f"11=N|{T}"
    terms = "38=2|40=2|44=100|" if msg_type == "G" else ""
    (refused,) = Venue(version="FIX.5.0SP2").say(msg_type, f"{ids}55=BTC/USD|54=1|{terms}")
    assert refused.msg_type == "j"
    assert refused.has("380=5|")
    assert f"({tag}): this field is required here (or OrderID(37))" in refused["58"]


# ---------------------------------------------------------------------------------------- without the dictionary


def unchecked(version: str = "FIX.4.4") -> Venue:
    venue = Venue(version=version)
    for session in venue.sessions.values():
        session.validates = False
    return venue


def test_a_session_that_is_not_held_to_the_dictionary_gets_its_orders_through() -> None:
    command = unchecked().command("D", f"55=BTC/USD|11=O|54=1|{T}38=1|40=2|44=100|11=P|")
    assert isinstance(command, commands.NewOrder)
    assert (command.cl_ord_id, command.side) == ("O", Side.BUY)


@pytest.mark.parametrize("text", ("q|11=M|530=7|", "AF|584=Q|585=7|", "BE|923=U|924=4|553=BROKER1|"))
def test_a_message_that_the_version_lacks_is_rejected_without_the_dictionary_too(text: str) -> None:
    msg_type, _, fields = text.partition("|")
    (rejected,) = unchecked("FIX.4.2").say(msg_type, fields)
    assert rejected.has(f"372={msg_type}|373=11|")


@pytest.mark.parametrize("version", FIX_VERSIONS)
@pytest.mark.parametrize(("msg_type", "tag"), tuple((each, tag) for each, tags in NEEDED.items() for tag in tags))
def test_what_the_venue_needs_is_asked_for_without_the_dictionary_too(version: str, msg_type: str, tag: str) -> None:
    fields = "".join(f"{needed}=1|" for needed in NEEDED[msg_type] if needed != tag)
    for text in (fields, f"{fields}{tag}=|"):
        (rejected,) = unchecked(version).say(msg_type, text)
        assert rejected.has(f"371={tag}|372={msg_type}|373=1|")


@pytest.mark.parametrize(
    "field", ("9999=x|", "abc=x|", "=x|", "x|", "99999999999999999999=x|", "210=1|", "453=1|452=3|")
)
def test_what_the_venue_does_not_take_is_refused_without_the_dictionary_too(field: str) -> None:
    command = unchecked().command("D", f"{ORDER_50}{field}")
    assert isinstance(command, Refuse)
    (answer,) = unchecked().tell(unchecked().apply(command))
    assert answer.msg_type in {"3", "8"}
    if field == "210=1|":
        assert command.reason == GatewayReject.UNSUPPORTED_FIELD
