"""What brokers may say, and what it is taken for; what they may not, and how each of it is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import commands
from engine.commands import Refuse
from engine.reject import RejectReason
from engine.values import MassCancelScope, OrderType, Side, TimeInForce
from fixgw.codec import DATA_TAGS, Framer, encode
from fixgw.dictionary import Block
from fixgw.reject import GatewayReject
from fixgw.session import Session, SessionState
from fixgw.support import ID_CHARS_MAX
from fixgw.version import FIX44
from tests.fixgw.venue import NOW, NOW_NS, Venue, client_message

FIX = FIX44.dictionary
T = f"60={NOW}|"
SAID = {
    "D": f"11=O1|55=BTC/USD|54=1|38=1.5|40=2|44=100.25|59=1|{T}",
    "F": f"11=O2|41=O1|55=BTC/USD|54=1|{T}",
    "G": f"11=O2|41=O1|55=BTC/USD|54=1|38=2|40=2|44=100.5|59=1|{T}",
    "q": f"11=O3|530=7|{T}",
    "H": "11=O1|55=BTC/USD|54=1|",
    "AF": "584=R1|585=7|",
}
"""One good message of each kind that the venue takes."""


def without(text: str, *tags: str) -> str:
    return "".join(f"{piece}|" for piece in text.split("|") if piece and piece.partition("=")[0] not in tags)


def said(msg_type: str, changes: str = "", *, drop: tuple[str, ...] = ()) -> str:
    """Return the good message with some fields changed, added or dropped."""
    changed = tuple(piece.partition("=")[0] for piece in changes.split("|"))
    return without(SAID[msg_type], *drop, *changed) + changes


# ------------------------------------------------------------------------------------------------- commands


def test_new_order_becomes_a_command() -> None:
    assert Venue().command("D", SAID["D"]) == commands.NewOrder(
        "BROKER1",
        1,
        "ACC1",
        "O1",
        "BTC/USD",
        Side.BUY,
        OrderType.LIMIT,
        TimeInForce.GOOD_TILL_CANCEL,
        1_500_000,
        10_025,
    )


def test_cancel_becomes_a_command() -> None:
    assert Venue().command("F", SAID["F"]) == commands.CancelOrder(
        "BROKER1", 1, "ACC1", "O2", "O1", 0, "BTC/USD", Side.BUY
    )


def test_replace_becomes_a_command() -> None:
    assert Venue().command("G", SAID["G"]) == commands.ReplaceOrder(
        "BROKER1",
        1,
        "ACC1",
        "O2",
        "O1",
        0,
        "BTC/USD",
        Side.BUY,
        OrderType.LIMIT,
        TimeInForce.GOOD_TILL_CANCEL,
        2_000_000,
        10_050,
    )


def test_mass_cancel_becomes_a_command() -> None:
    assert Venue().command("q", SAID["q"]) == commands.MassCancel("BROKER1", 1, "O3", MassCancelScope.ALL, "", 0)
    of_one = said("q", "530=1|55=BTC/USD|54=2|")
    assert Venue().command("q", of_one) == commands.MassCancel(
        "BROKER1", 1, "O3", MassCancelScope.INSTRUMENT, "BTC/USD", Side.SELL
    )


def test_status_request_becomes_a_command() -> None:
    assert Venue().command("H", SAID["H"]) == commands.QueryOrder(
        "BROKER1", 1, "ACC1", "O1", 0, "BTC/USD", Side.BUY, ""
    )
    assert Venue().command("H", said("H", "790=R1|37=17|1=ACC1B|")) == commands.QueryOrder(
        "BROKER1", 1, "ACC1B", "O1", 17, "BTC/USD", Side.BUY, "R1"
    )


def test_mass_status_request_becomes_a_command() -> None:
    assert Venue().command("AF", SAID["AF"]) == commands.QueryOrders("BROKER1", 1, "", "", 0, "R1")
    of_one = said("AF", "585=1|55=BTC/USD|54=2|1=ACC1|")
    assert Venue().command("AF", of_one) == commands.QueryOrders("BROKER1", 1, "ACC1", "BTC/USD", Side.SELL, "R1")


def test_command_carries_the_number_that_its_message_came_in_with() -> None:
    venue = Venue()
    venue.sessions["BROKER1"].next_in = 77
    command = venue.command("D", SAID["D"])
    assert isinstance(command, commands.NewOrder)
    assert command.msg_seq_num == 77


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    (
        ("54=2|", "side", Side.SELL),
        ("59=0|", "time_in_force", TimeInForce.DAY),
        ("59=1|", "time_in_force", TimeInForce.GOOD_TILL_CANCEL),
        ("59=3|", "time_in_force", TimeInForce.IMMEDIATE_OR_CANCEL),
        ("59=4|", "time_in_force", TimeInForce.FILL_OR_KILL),
        ("1=ACC1B|", "account", "ACC1B"),
        ("1=ACC2|", "account", "ACC2"),
        ("97=Y|", "possible_resend", True),
        ("97=N|", "possible_resend", False),
        ("38=0.000001|", "qty", 1),
        ("38=1|", "qty", 1_000_000),
        ("38=1.|", "qty", 1_000_000),
        ("38=.5|", "qty", 500_000),
        ("38=001.500000000|", "qty", 1_500_000),
        ("38=0|", "qty", 0),
        ("38=-1|", "qty", -1_000_000),
        ("38=999999999999|", "qty", 999_999_999_999_000_000),
        ("44=0.01|", "price", 1),
        ("44=0|", "price", 0),
        ("44=-0.01|", "price", -1),
        ("11=A=B|", "cl_ord_id", "A=B"),
        ("11=Bär ²|", "cl_ord_id", "Bär ²"),
        (f"11={'x' * ID_CHARS_MAX}|", "cl_ord_id", "x" * ID_CHARS_MAX),
    ),
)
def test_value_of_an_order_is_taken(changes: str, field: str, value: object) -> None:
    header = changes if changes.startswith("97") else ""
    message = client_message("D", said("D", "" if header else changes), header=header)
    command = Venue().order_entry.translate("BROKER1", 1, message)
    assert isinstance(command, commands.NewOrder)
    assert getattr(command, field) == value


@pytest.mark.parametrize("changes", ("21=1|", "21=2|", "15=BTC|", "15=USD|", "58=for a client|", "58=a=b|"))
def test_field_that_changes_nothing_is_taken(changes: str) -> None:
    for msg_type in ("D", "G"):
        assert Venue().command(msg_type, said(msg_type, changes)) == Venue().command(msg_type, SAID[msg_type])


def test_time_in_force_is_day_unless_given() -> None:
    for msg_type in ("D", "G"):
        command = Venue().command(msg_type, said(msg_type, drop=("59",)))
        assert isinstance(command, commands.NewOrder | commands.ReplaceOrder)
        assert command.time_in_force is TimeInForce.DAY


def test_market_order_needs_no_price() -> None:
    command = Venue().command("D", said("D", "40=1|", drop=("44",)))
    assert isinstance(command, commands.NewOrder)
    assert (command.order_type, command.price) == (OrderType.MARKET, 0)


@pytest.mark.parametrize("msg_type", ("F", "G", "H"))
@pytest.mark.parametrize(
    ("text", "order_id"),
    (
        ("1", 1),
        ("007", 7),
        ("9" * 18, 10**18 - 1),
        ("0", -1),
        ("9" * 19, -1),
        ("x", -1),
        ("-1", -1),
        ("²", -1),
        ("1.0", -1),
    ),
)
def test_order_id_that_the_venue_never_gave_out_is_no_order(msg_type: str, text: str, order_id: int) -> None:
    command = Venue().command(msg_type, said(msg_type, f"37={text}|"))
    assert isinstance(command, commands.CancelOrder | commands.ReplaceOrder | commands.QueryOrder)
    assert command.order_id == order_id


def test_side_of_a_mass_request_may_be_left_open() -> None:
    for msg_type in ("q", "AF"):
        command = Venue().command(msg_type, SAID[msg_type])
        assert isinstance(command, commands.MassCancel | commands.QueryOrders)
        assert command.side == 0


def test_instrument_that_is_added_while_the_venue_runs_is_known_after_a_refresh() -> None:
    venue = Venue()
    order = said("D", "55=ETH/BTC|38=1|44=1|")
    assert isinstance(venue.command("D", order), Refuse)
    venue.apply(commands.AddInstrument("ETH/BTC", "ETH", "BTC", 1, 2, 1, 6, 0, 2, 10**9))
    venue.order_entry.refresh()
    assert isinstance(venue.command("D", order), commands.NewOrder)


# ------------------------------------------------------------------------------------------------- refusals

G, R = GatewayReject, RejectReason
LONG = "x" * (ID_CHARS_MAX + 1)
UNOFFERED = "the venue does not offer this value"

REFUSALS: dict[str, tuple[str, str, str, int, int, str]] = {
    "side that the venue lacks": ("D", "54=5|", "8", G.UNSUPPORTED_VALUE, 54, f"Side(54): {UNOFFERED} (5)"),
    "type that the venue lacks": ("D", "40=6|", "8", G.UNSUPPORTED_VALUE, 40, f"OrdType(40): {UNOFFERED} (6)"),
    "time in force that it lacks": ("D", "59=5|", "8", G.UNSUPPORTED_VALUE, 59, f"TimeInForce(59): {UNOFFERED} (5)"),
    "manual handling": ("D", "21=3|", "8", G.UNSUPPORTED_VALUE, 21, f"HandlInst(21): {UNOFFERED} (3)"),
    "unknown instrument": ("D", "55=X/Y|", "8", R.UNKNOWN_INSTRUMENT, 55, "Symbol(55): unknown instrument"),
    "foreign currency": (
        "D",
        "15=EUR|",
        "8",
        G.CURRENCY_MISMATCH,
        15,
        "Currency(15): not the instrument's base or quote asset",
    ),
    "no quantity": ("D", "-38", "j", G.FIELD_MISSING, 38, "OrderQty(38): this field is required here (for an order)"),
    "no price": ("D", "-44", "j", G.FIELD_MISSING, 44, "Price(44): this field is required here (for a limit order)"),
    "market order with a price": (
        "D",
        "40=1|",
        "8",
        R.MARKET_ORDER_NEEDS_NO_PRICE,
        44,
        "Price(44): an order of this type carries no price",
    ),
    "market order with the price 0": (
        "D",
        "40=1|44=0|",
        "8",
        R.MARKET_ORDER_NEEDS_NO_PRICE,
        44,
        "Price(44): an order of this type carries no price",
    ),
    "quantity off the increment": (
        "D",
        "38=0.0000015|",
        "8",
        G.OFF_INCREMENT,
        38,
        "OrderQty(38): not a multiple of the instrument's increment ('0.0000015' has more than 6 decimals)",
    ),
    "price off the increment": (
        "D",
        "44=1.005|",
        "8",
        G.OFF_INCREMENT,
        44,
        "Price(44): not a multiple of the instrument's increment ('1.005' has more than 2 decimals)",
    ),
    "quantity too large to count": (
        "D",
        "38=1000000000000|",
        "8",
        G.NUMBER_OUT_OF_RANGE,
        38,
        "OrderQty(38): not a number that the venue can take ('1000000000000' is too large)",
    ),
    "price too large to count": (
        "D",
        "44=-99999999999999999|",
        "8",
        G.NUMBER_OUT_OF_RANGE,
        44,
        "Price(44): not a number that the venue can take ('-99999999999999999' is too large)",
    ),
    "long ClOrdID": (
        "D",
        f"11={LONG}|",
        "8",
        G.FIELD_TOO_LONG,
        11,
        "ClOrdID(11): longer than the venue keeps (at most 64)",
    ),
    "long Account": (
        "D",
        f"1={LONG}|",
        "8",
        G.FIELD_TOO_LONG,
        1,
        "Account(1): longer than the venue keeps (at most 64)",
    ),
    "long Symbol": (
        "D",
        f"55={LONG}|",
        "8",
        G.FIELD_TOO_LONG,
        55,
        "Symbol(55): longer than the venue keeps (at most 64)",
    ),
    "cancel with a side that the venue lacks": (
        "F",
        "54=5|",
        "9",
        G.UNSUPPORTED_VALUE,
        54,
        f"Side(54): {UNOFFERED} (5)",
    ),
    "cancel with a long OrigClOrdID": (
        "F",
        f"41={LONG}|",
        "9",
        G.FIELD_TOO_LONG,
        41,
        "OrigClOrdID(41): longer than the venue keeps (at most 64)",
    ),
    "replace for an unknown instrument": (
        "G",
        "55=X/Y|",
        "9",
        R.UNKNOWN_INSTRUMENT,
        55,
        "Symbol(55): unknown instrument",
    ),
    "replace off the increment": (
        "G",
        "44=1.005|",
        "9",
        G.OFF_INCREMENT,
        44,
        "Price(44): not a multiple of the instrument's increment ('1.005' has more than 2 decimals)",
    ),
    "replace without a quantity": (
        "G",
        "-38",
        "j",
        G.FIELD_MISSING,
        38,
        "OrderQty(38): this field is required here (for an order)",
    ),
    "mass cancel of a scope that it lacks": (
        "q",
        "530=3|",
        "r",
        G.UNSUPPORTED_VALUE,
        530,
        f"MassCancelRequestType(530): {UNOFFERED} (3)",
    ),
    "mass cancel of no instrument": (
        "q",
        "530=1|",
        "j",
        G.FIELD_MISSING,
        55,
        "Symbol(55): this field is required here (for MassCancelRequestType(530)=1)",
    ),
    "mass cancel of all orders and of one instrument": (
        "q",
        "55=BTC/USD|",
        "r",
        G.UNSUPPORTED_FIELD,
        55,
        "Symbol(55): the venue does not take this field (for MassCancelRequestType(530)=7)",
    ),
    "mass status of a scope that it lacks": (
        "AF",
        "585=5|",
        "j",
        G.UNSUPPORTED_VALUE,
        585,
        f"MassStatusReqType(585): {UNOFFERED} (5)",
    ),
    "mass status of no instrument": (
        "AF",
        "585=1|",
        "j",
        G.FIELD_MISSING,
        55,
        "Symbol(55): this field is required here (for MassStatusReqType(585)=1)",
    ),
    "mass status of all orders and of one instrument": (
        "AF",
        "55=BTC/USD|",
        "j",
        G.UNSUPPORTED_FIELD,
        55,
        "Symbol(55): the venue does not take this field (for MassStatusReqType(585)=7)",
    ),
    "status with a side that it lacks": ("H", "54=5|", "j", G.UNSUPPORTED_VALUE, 54, f"Side(54): {UNOFFERED} (5)"),
    "status with a long request id": (
        "H",
        f"790={LONG}|",
        "j",
        G.FIELD_TOO_LONG,
        790,
        "OrdStatusReqID(790): longer than the venue keeps (at most 64)",
    ),
}


@pytest.mark.parametrize("case", REFUSALS.values(), ids=list(REFUSALS))
def test_request_is_refused_in_its_own_form_with_reason_and_tag(case: tuple[str, str, str, int, int, str]) -> None:
    msg_type, changes, form, reason, tag, text = case
    fields = said(msg_type, drop=(changes[1:],)) if changes.startswith("-") else said(msg_type, changes)
    command = Venue().command(msg_type, fields)
    assert isinstance(command, Refuse)
    assert (command.form, command.reason, command.ref_tag, command.text) == (form, reason, tag, text)
    (answer,) = Venue().say(msg_type, fields)
    assert (answer.msg_type, answer["58"]) == (form, f"[{reason:d}] {text}")


def test_message_of_fix_that_the_venue_does_not_take_gets_a_business_reject() -> None:
    (answer,) = Venue().say("B", "148=News|33=1|58=text|")
    assert answer.msg_type == "j"
    assert answer.text == "45=1|372=B|380=3|58=[2006] the venue does not take this message|"


MALFORMED = {
    "in words": ("38=one|", 6, 38),
    "with an exponent": ("44=1e3|", 6, 44),
    "of 19 digits": ("38=1000000000000000000|", 6, 38),
    "with 19 decimals": ("38=1.0000000000000000000|", 6, 38),
    "no side of FIX": ("54=Z|", 5, 54),
    "no time in force of FIX": ("59=Z|", 5, 59),
    "no handling of FIX": ("21=9|", 5, 21),
    "no time": ("60=noon|", 6, 60),
}


@pytest.mark.parametrize("case", MALFORMED.values(), ids=list(MALFORMED))
@pytest.mark.parametrize("msg_type", ("D", "G"))
def test_malformed_value_gets_a_session_reject(msg_type: str, case: tuple[str, int, int]) -> None:
    changes, reason, tag = case
    (answer,) = Venue().say(msg_type, said(msg_type, changes))
    assert answer.msg_type == "3"
    assert answer.has(f"45=1|371={tag}|372={msg_type}|373={reason}|")


@pytest.mark.parametrize(
    ("msg_type", "changes", "tag"),
    (("F", "38=one|", 38), ("F", "60=noon|", 60), ("q", "530=Z|", 530), ("AF", "585=x|", 585), ("q", "54=Z|", 54)),
)
def test_malformed_value_that_the_venue_hardly_needs_gets_a_session_reject(
    msg_type: str, changes: str, tag: int
) -> None:
    (answer,) = Venue().say(msg_type, said(msg_type, changes))
    assert (answer.msg_type, answer["371"]) == ("3", str(tag))


@pytest.mark.parametrize(("field", "tag"), (("97=X|", 97), ("122=yesterday|", 122), ("369=x|", 369), ("43=x|", 43)))
@pytest.mark.parametrize("msg_type", tuple(SAID))
def test_malformed_header_field_gets_a_session_reject(msg_type: str, field: str, tag: int) -> None:
    message = client_message(msg_type, SAID[msg_type], header=field)
    command = Venue().order_entry.translate("BROKER1", 1, message)
    assert isinstance(command, Refuse)
    assert (command.form, command.ref_tag, command.reason) == ("3", tag, 6)


def test_what_the_standard_finds_wrong_comes_before_what_the_venue_lacks() -> None:
    (answer,) = Venue().say("D", said("D", "54=Z|63=0|"))
    assert (answer.msg_type, answer["371"]) == ("3", "54")


def test_refusal_repeats_the_ids_and_terms_of_an_order() -> None:
    (answer,) = Venue().say("D", said("D", "1=ACC1B|63=0|"))
    assert answer.text == (
        f"37=NONE|11=O1|17={answer['17']}|150=8|39=8|103=11|1=ACC1B|55=BTC/USD|54=1|38=1.5|40=2|44=100.25|59=1|151=0|14=0|6=0|"
        f"60={NOW}|58=[2001] SettlType(63): the venue does not take this field|"
    )


def test_refusal_of_an_order_names_the_default_account() -> None:
    (answer,) = Venue().say("D", said("D", "63=0|"))
    assert answer["1"] == "ACC1"


def test_refused_replace_tells_the_state_that_the_order_is_in() -> None:
    venue = Venue()
    venue.order("O1", "1", "2", "100")
    (answer,) = venue.say("G", said("G", "44=1.005|"))
    assert answer.has("37=1|11=O2|41=O1|39=0|434=2|102=99|")
    venue.order("O9", "2", "1", "100", by="BROKER2")
    (answer,) = venue.say("G", said("G", "44=1.005|"))
    assert answer.has("37=1|11=O2|41=O1|39=1|434=2|102=99|")
    venue.say("F", said("F", "11=C1|"))
    (answer,) = venue.say("G", said("G", "44=1.005|"))
    assert answer.has("37=1|11=O2|41=O1|39=4|434=2|102=99|")


@pytest.mark.parametrize("changes", ("41=NOBODY'S|63=0|", "1=ACC2|63=0|", "1=NOBODY|63=0|"))
def test_refused_replace_of_an_order_that_is_not_the_brokers_says_rejected(changes: str) -> None:
    venue = Venue()
    venue.order("O1", "1", "2", "100", by="BROKER2")
    (answer,) = venue.say("G", said("G", changes))
    assert answer.has("37=NONE|11=O2|39=8|434=2|102=99|")


def test_long_values_are_not_repeated_in_full() -> None:
    for msg_type, changes in (("D", f"1={'x' * 9_000}|"), ("F", f"41={'x' * 9_000}|"), ("D", f"55={'x' * 9_000}|")):
        (answer,) = Venue().say(msg_type, said(msg_type, changes))
        assert len(answer.text) < 500


# ---------------------------------------------------------------------------------- every tag that there is

SAMPLES = {
    "BOOLEAN": "Y",
    "CHAR": "x",
    "COUNTRY": "DE",
    "LOCALMKTDATE": "20261118",
    "MONTHYEAR": "202611",
    "NUMINGROUP": "1",
    "STRING": "text",
    "UTCDATEONLY": "20261118",
    "UTCTIMEONLY": "03:12:25",
    "UTCTIMESTAMP": NOW,
    "EXCHANGE": "XFON",
    "CURRENCY": "USD",
    "DATA": "d",
}


def sample(tag: str) -> str:
    field = FIX.fields[tag]
    return min(field.values) if field.values else SAMPLES.get(field.kind, "1")


def sample_text(tag: str, entry: Block | None) -> str:
    """Return a field, a whole group, or a length with its data."""
    text = f"{tag}={sample(tag)}|"
    if tag in DATA_TAGS:
        text += f"{DATA_TAGS[tag]}=d|"
    if entry is not None:
        text += "".join(sample_text(inner, block) for inner, block in entry.members.items() if not is_data(inner))
    return text


def is_data(tag: str) -> bool:
    return tag in DATA_TAGS.values()


def body(msg_type: str) -> Block:
    block = FIX.body_of(msg_type)
    assert block is not None
    return block


def unsupported(msg_type: str) -> list[tuple[str, str, str]]:
    """Return (tag, header field, body field) for each tag that FIX allows in a message and the venue does not take."""
    known = FIX44.supported[msg_type] | {"8", "9", "10"} | set(DATA_TAGS.values())
    behind = body(msg_type).members | FIX.trailer.members
    return [(tag, sample_text(tag, entry), "") for tag, entry in FIX.header.members.items() if tag not in known] + [
        (tag, "", sample_text(tag, entry)) for tag, entry in behind.items() if tag not in known
    ]


@pytest.mark.parametrize("msg_type", tuple(SAID))
def test_every_field_that_fix_allows_and_the_venue_does_not_take_is_named(msg_type: str) -> None:
    cases = unsupported(msg_type)
    assert len(cases) > 15
    for tag, in_header, in_body in cases:
        venue = Venue()
        session = venue.sessions["BROKER1"]
        message = client_message(msg_type, SAID[msg_type] + in_body, number=1, header=in_header)
        assert session.accept(message, NOW_NS)
        assert session.flaw is None, (tag, session.flaw)
        command = venue.order_entry.translate("BROKER1", 1, message)
        assert isinstance(command, Refuse), tag
        assert (command.reason, command.ref_tag) == (GatewayReject.UNSUPPORTED_FIELD, int(tag))
        assert command.text == f"{FIX.fields[tag].name}({tag}): the venue does not take this field"
        (answer,) = venue.tell(venue.apply(command))
        assert answer.msg_type == {"D": "8", "F": "9", "G": "9", "q": "r"}.get(msg_type, "j")


@pytest.mark.parametrize("msg_type", tuple(SAID))
def test_every_field_that_fix_does_not_allow_is_rejected(msg_type: str) -> None:
    allowed = FIX.header.tags() | body(msg_type).tags() | FIX.trailer.tags() | FIX44.extensions
    session = Session("FONDACO", "BROKER1")
    session.state = SessionState.ACTIVE
    for tag in FIX.fields.keys() - allowed:
        message = client_message(msg_type, f"{SAID[msg_type]}{tag}={sample(tag)}|", number=session.next_in)
        assert session.accept(message, NOW_NS)
        assert session.flaw is not None
        assert (session.flaw.reason, session.flaw.ref_tag) == (2, int(tag))


@pytest.mark.parametrize("msg_type", tuple(SAID))
def test_every_tag_that_fix_does_not_have_is_rejected(msg_type: str) -> None:
    session = Session("FONDACO", "BROKER1")
    session.state = SessionState.ACTIVE
    for tag in ("957", "999", "1003", "1057", "5001", "9999", "20126", "999999999"):
        message = client_message(msg_type, f"{SAID[msg_type]}{tag}=1|", number=session.next_in)
        assert session.accept(message, NOW_NS)
        assert session.flaw is not None
        assert (session.flaw.reason, session.flaw.ref_tag) == (0, int(tag))


@pytest.mark.parametrize("msg_type", tuple(SAID))
def test_every_field_that_is_required_is_missed(msg_type: str) -> None:
    for tag in (*body(msg_type).required, *FIX44.required.get(msg_type, ())):
        (answer,) = Venue().say(msg_type, said(msg_type, drop=(tag,)))
        assert answer.msg_type == "3"
        assert answer.has(f"371={tag}|372={msg_type}|373=1|")


def test_what_the_venue_takes_is_what_fix_allows() -> None:
    for msg_type, tags in FIX44.supported.items():
        assert tags - FIX44.extensions <= FIX.header.tags() | body(msg_type).tags(), msg_type
        assert set(body(msg_type).required) | set(FIX44.required.get(msg_type, ())) <= tags, msg_type


# ----------------------------------------------------------------------------------------------------- fuzz

VALUES = st.one_of(
    st.sampled_from(["1", "2", "0", "7", "Y", "N", "ACC1", "ACC2", "BTC/USD", "O1", "O2", "100", "0.5", NOW]),
    st.text(st.characters(max_codepoint=255, exclude_characters="\x01"), min_size=1, max_size=70),
    st.decimals(allow_nan=False, allow_infinity=False, places=7).map("{:f}".format),
)
TAGS = st.sampled_from(
    [*sorted(set().union(*FIX44.supported.values()) - {"35", "34", "49", "56", "52", "43"}), "63", "453", "9999"]
)


@settings(max_examples=400)
@given(st.sampled_from(sorted(SAID)), st.dictionaries(TAGS, VALUES, max_size=4), st.lists(TAGS, max_size=2))
def test_whatever_is_said_is_answered_by_right_messages(
    msg_type: str, changes: dict[str, str], dropped: list[str]
) -> None:
    venue = Venue()
    venue.order("O1", "1", "2", "100")
    venue.order("X1", "2", "1", "101", by="BROKER2")
    fields = said(msg_type, "".join(f"{tag}={value}|" for tag, value in changes.items()), drop=tuple(dropped))
    raw = encode(f"35={msg_type}|49=BROKER1|56=FONDACO|34=2|52={NOW}|{fields}".replace("|", "\x01"))
    for message in Framer().receive(raw):
        session = venue.sessions["BROKER1"]
        assert session.accept(message, NOW_NS)
        if session.flaw is None:
            command = venue.order_entry.translate("BROKER1", 2, message)
            assert venue.tell(venue.apply(command)), "nothing is ignored in silence"
