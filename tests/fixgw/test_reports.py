"""Reports, each as the broker reads it. `venue.check_report` holds every one of them against the standard."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from engine import commands
from engine.events import MassCanceled, OrderStatusReported, Refused
from engine.profile import FIX_VERSIONS
from engine.reject import RejectReason
from engine.values import MassCancelScope, OrderStatus, OrderType, Phase, Side, TimeInForce
from fixgw.codec import MESSAGE_BYTES_MAX, SOH
from fixgw.reject import GatewayReject
from fixgw.reports import AFFECTED_LISTED_MAX
from fixgw.support import TERM_TAGS
from fixgw.version import version_named
from tests.fixgw.venue import NOW, Told, Venue, check_report


def only(told: list[Told], text: str, session: str = "BROKER1") -> Told:
    """Return the one report to a session that has these fields."""
    found = [report for report in told if report.session == session and report.has(text)]
    assert len(found) == 1, told
    return found[0]


# -------------------------------------------------------------------------------------------- the orders' own


def test_accepted_order() -> None:
    (report,) = Venue().order("O1", "1", "1.5", "100.25")
    assert report.msg_type == "8"
    assert report.text == (
        f"37=1|11=O1|17={report['17']}|150=0|39=0|1=ACC1|55=BTC/USD|54=1|38=1.500000|40=2|44=100.25|59=1|"
        f"151=1.500000|14=0|6=0|60={NOW}|83=1|"
    )


def test_fill_tells_maker_and_taker_each_their_own() -> None:
    venue = Venue()
    venue.order("M", "1", "2", "100")
    accepted, maker, taker = venue.order("T", "2", "0.5", "99", by="BROKER2")
    assert accepted.has("150=0|11=T|44=99.00|")
    assert maker.session == "BROKER1"
    assert maker.text == (
        f"37=1|11=M|17={maker['17']}|150=F|39=1|1=ACC1|55=BTC/USD|54=1|38=2.000000|40=2|44=100.00|59=1|"
        f"32=0.500000|31=100.00|151=1.500000|14=0.500000|6=100.00|60={NOW}|851=1|1057=N|1003=1|83=2|"
    )
    assert taker.session == "BROKER2"
    assert taker.text == (
        f"37=2|11=T|17={taker['17']}|150=F|39=2|1=ACC2|55=BTC/USD|54=2|38=0.500000|40=2|44=99.00|59=1|"
        f"32=0.500000|31=100.00|151=0.000000|14=0.500000|6=100.00|60={NOW}|"
        "136=1|137=0.01000000|138=USD|139=4|851=2|1057=Y|1003=1|83=2|"
    )


def test_report_has_the_number_under_which_the_public_sees_the_same() -> None:
    venue = Venue()
    venue.order("M", "1", "2", "100")
    immediate = f"11=T|55=BTC/USD|54=2|60={NOW}|38=3|40=2|44=100|59=3|"
    accepted, *fills, canceled = venue.say("D", immediate, by="BROKER2")
    assert [fill["83"] for fill in fills] == ["2", "2"]
    assert "83" not in accepted
    assert "83" not in canceled


def test_fill_of_a_market_order_has_no_price() -> None:
    venue = Venue()
    venue.order("M", "2", "1", "100", by="BROKER2")
    accepted, _, taker = venue.say("D", f"11=T|55=BTC/USD|54=1|60={NOW}|38=1|40=1|")
    assert accepted.has("150=0|40=1|59=0|")
    assert taker.has("150=F|39=2|40=1|")
    assert "44" not in accepted
    assert "44" not in taker


def test_rebate_is_a_negative_fee() -> None:
    venue = Venue(maker_fee_bps=-1, taker_fee_bps=3)
    venue.order("M", "1", "1", "100")
    told = venue.order("T", "2", "1", "100", by="BROKER2")
    assert only(told, "150=F|851=1|").has("136=1|137=-0.01000000|138=USD|139=4|")
    assert only(told, "150=F|851=2|", "BROKER2").has("137=0.03000000|")


def test_no_fee_is_not_spoken_of() -> None:
    venue = Venue(taker_fee_bps=0)
    venue.order("M", "1", "1", "100")
    for report in venue.order("T", "2", "1", "100", by="BROKER2"):
        assert not {"136", "137", "138", "139"} & report.fields.keys()


def test_trade_with_oneself_is_told_twice_under_two_exec_ids() -> None:
    venue = Venue()
    venue.order("M", "1", "1", "100")
    told = venue.order("T", "2", "1", "100")
    maker, taker = only(told, "150=F|11=M|"), only(told, "150=F|11=T|")
    assert maker["17"] != taker["17"]
    assert maker["1003"] == taker["1003"]


def test_average_price_on_a_tick_is_exact() -> None:
    venue = Venue()
    venue.order("M1", "2", "1", "100", by="BROKER2")
    venue.order("M2", "2", "1", "101", by="BROKER2")
    told = venue.order("T", "1", "2", "101")
    assert only(told, "150=F|39=1|").has("6=100.00|14=1.000000|151=1.000000|31=100.00|")
    assert only(told, "150=F|39=2|").has("6=100.50|14=2.000000|151=0.000000|31=101.00|")


@pytest.mark.parametrize(
    ("trades", "average"),
    (
        ((("1", "100"), ("2", "100.01")), "100.006667"),
        ((("2", "100"), ("1", "100.01")), "100.003333"),
        ((("1", "100"), ("1", "100.01")), "100.005000"),
        ((("0.000001", "100"), ("9999.999999", "100.01")), "100.010000"),
        ((("1", "0.01"), ("2", "0.02")), "0.016667"),
    ),
)
def test_average_price_off_the_tick_is_rounded_half_up_to_four_more_decimals(
    trades: tuple[tuple[str, str], ...], average: str
) -> None:
    venue = Venue()
    for number, (qty, price) in enumerate(trades):
        venue.order(f"M{number}", "2", qty, price, by="BROKER2")
    total = sum((Fraction(qty) for qty, _ in trades), Fraction(0))
    told = venue.order("T", "1", f"{float(total):f}", "101")
    assert only(told, "39=2|")["6"] == average


QTYS = st.integers(1, 10_000_000)
PRICES = st.integers(1, 1_000_000)


@settings(max_examples=200)
@given(st.lists(st.tuples(QTYS, PRICES), min_size=1, max_size=8))
def test_average_price_is_within_half_a_unit_of_the_true_one(trades: list[tuple[int, int]]) -> None:
    text = Venue().order_entry.instruments["BTC/USD"]
    per_tick_lot = text.instrument.notional_per_tick_lot
    lots = sum(qty for qty, _ in trades)
    tick_lots = sum(qty * price for qty, price in trades)
    shown = Fraction(text.average_price(tick_lots * per_tick_lot, lots))
    true = Fraction(tick_lots, lots * 100)
    assert abs(shown - true) <= Fraction(1, 2 * 10**6)
    assert tick_lots % lots or shown == true


def test_nothing_traded_has_the_average_price_zero() -> None:
    assert Venue().order_entry.instruments["BTC/USD"].average_price(0, 0) == "0"


def test_cancelled_order() -> None:
    venue = Venue()
    venue.order("O1", "1", "2", "100")
    venue.order("T", "2", "0.5", "100", by="BROKER2")
    (report,) = venue.say("F", f"11=C1|41=O1|55=BTC/USD|54=1|60={NOW}|")
    assert report.text == (
        f"37=1|11=C1|41=O1|17={report['17']}|150=4|39=4|1=ACC1|55=BTC/USD|54=1|38=2.000000|40=2|44=100.00|59=1|"
        f"151=0.000000|14=0.500000|6=100.00|60={NOW}|83=3|"
    )


def test_replaced_order() -> None:
    venue = Venue()
    venue.order("O1", "1", "2", "100")
    (report,) = venue.say("G", f"11=C1|41=O1|55=BTC/USD|54=1|60={NOW}|38=3|40=2|44=99.5|59=0|")
    assert report.text == (
        f"37=1|11=C1|41=O1|17={report['17']}|150=5|39=0|1=ACC1|55=BTC/USD|54=1|38=3.000000|40=2|44=99.50|59=0|"
        f"151=3.000000|14=0.000000|6=0|60={NOW}|83=2|"
    )


def test_replaced_order_that_was_filled_in_part_stays_so() -> None:
    venue = Venue()
    venue.order("O1", "1", "2", "100")
    venue.order("T", "2", "0.5", "100", by="BROKER2")
    (report,) = venue.say("G", f"11=C1|41=O1|55=BTC/USD|54=1|60={NOW}|38=3|40=2|44=100|59=1|")
    assert report.has("150=5|39=1|38=3.000000|151=2.500000|14=0.500000|6=100.00|")


def test_remainder_of_an_immediate_order_is_cancelled_by_the_venues_rules() -> None:
    venue = Venue()
    venue.order("M", "2", "1", "100", by="BROKER2")
    told = venue.order("T", "1", "2", "100", more="59=3|")
    report = only(told, "150=4|")
    assert report.has("39=4|11=T|14=1.000000|151=0.000000|58=nothing more to trade against at once|378=8|")
    assert "41" not in report


def test_fill_or_kill_that_cannot_be_filled_is_cancelled_whole() -> None:
    report = only(Venue().order("T", "1", "2", "100", more="59=4|"), "150=4|")
    assert report.has("39=4|14=0.000000|6=0|58=could not be filled at once in full, or for its MinQty|378=8|")


def test_day_order_expires() -> None:
    venue = Venue()
    venue.order("O1", "1", "2", "100", more="59=0|")
    (report,) = venue.tell(venue.apply(commands.EndTradingDay(20261118)))
    assert report.has("150=C|39=C|11=O1|151=0.000000|58=end of the trading day|")
    assert "378" not in report


def test_mass_cancel_tells_each_order_and_then_the_whole() -> None:
    venue = Venue()
    venue.order("O1", "1", "2", "100")
    venue.order("O2", "1", "2", "99")
    first, second, whole = venue.say("q", f"11=Q1|530=7|60={NOW}|")
    assert first.has("150=4|39=4|11=O1|58=cancelled by a mass cancel|")
    assert second.has("150=4|39=4|11=O2|58=cancelled by a mass cancel|")
    assert whole.msg_type == "r"
    assert whole.text == (f"11=Q1|37={whole['37']}|530=7|531=7|533=2|534=2|41=O1|535=1|41=O2|535=2|60={NOW}|")


def test_mass_cancel_of_one_instrument_and_side_says_so() -> None:
    venue = Venue()
    venue.order("O1", "1", "2", "100")
    _, whole = venue.say("q", f"11=Q1|530=1|55=BTC/USD|54=1|60={NOW}|")
    assert whole.has("530=1|531=1|533=1|534=1|55=BTC/USD|54=1|")


def test_mass_cancel_of_nothing_says_zero() -> None:
    (whole,) = Venue().say("q", f"11=Q1|530=7|60={NOW}|")
    assert whole.text == f"11=Q1|37={whole['37']}|530=7|531=7|533=0|60={NOW}|"


def test_mass_cancel_of_an_unknown_instrument_is_refused() -> None:
    (whole,) = Venue().say("q", f"11=Q1|530=1|55=X/Y|60={NOW}|")
    assert whole.text == (f"11=Q1|37={whole['37']}|530=1|531=0|532=1|55=X/Y|60={NOW}|58=[1001] unknown instrument|")


@pytest.mark.parametrize(("count", "is_listed"), ((AFFECTED_LISTED_MAX, True), (AFFECTED_LISTED_MAX + 1, False)))
def test_mass_cancel_of_very_many_orders_fits_into_a_message(count: int, is_listed: bool) -> None:
    ids = tuple(range(10**17, 10**17 + count))
    event = MassCanceled("BROKER1", "Q", MassCancelScope.ALL, "", 0, ids, tuple("x" * 64 for _ in ids), 0, "")
    report = Venue().reports.report(event, 1, 0, NOW)
    assert len(report[1]) < MESSAGE_BYTES_MAX - 1_000
    assert f"533={count}\x01" in report[1]
    assert (f"534={count}\x01" in report[1]) == is_listed
    check_report(report)


def test_session_that_asks_and_session_that_entered_are_both_told() -> None:
    venue = Venue()
    venue.order("O1", "1", "2", "100")
    asker, owner = venue.say("F", f"11=C1|41=O1|1=ACC1|55=BTC/USD|54=1|60={NOW}|", by="BROKER3")
    assert [asker.session, owner.session] == ["BROKER3", "BROKER1"]
    assert without(asker, "17") == without(owner, "17")
    assert asker["17"] != owner["17"]


def without(report: Told, tag: str) -> list[tuple[str, str]]:
    return [pair for pair in report.pairs if pair[0] != tag]


# ---------------------------------------------------------------------------------------------------- status


def test_status_of_an_order() -> None:
    venue = Venue()
    venue.order("O1", "1", "2", "100")
    venue.order("T", "2", "0.5", "100", by="BROKER2")
    (report,) = venue.say("H", "11=O1|55=BTC/USD|54=1|790=R1|")
    assert report.text == (
        f"37=1|11=O1|790=R1|17={report['17']}|150=I|39=1|1=ACC1|55=BTC/USD|54=1|38=2.000000|40=2|44=100.00|59=1|"
        f"151=1.500000|14=0.500000|6=100.00|60={NOW}|"
    )


def test_status_of_a_finished_order() -> None:
    venue = Venue()
    venue.order("O1", "1", "2", "100")
    venue.say("F", f"11=C1|41=O1|55=BTC/USD|54=1|60={NOW}|")
    (report,) = venue.say("H", "11=O1|37=1|55=BTC/USD|54=1|")
    assert report.has("150=I|39=4|37=1|151=0.000000|")


def test_status_of_an_expired_order_is_c() -> None:
    venue = Venue()
    venue.order("O1", "1", "2", "100", more="59=0|")
    venue.apply(commands.EndTradingDay(20261118))
    (report,) = venue.say("H", "11=O1|55=BTC/USD|54=1|")
    assert report.has("150=I|39=C|")


def test_status_of_an_unknown_order_is_rejected_with_its_reason() -> None:
    (report,) = Venue().say("H", "11=O1|55=BTC/USD|54=2|790=R1|")
    assert report.text == (
        f"37=NONE|11=O1|790=R1|17={report['17']}|150=I|39=8|103=5|1=ACC1|55=BTC/USD|54=2|151=0|14=0|6=0|60={NOW}|"
        "58=[1009] unknown order|"
    )


def test_mass_status_tells_each_open_order_and_which_is_the_last() -> None:
    venue = Venue()
    for name in ("O1", "O2", "O3"):
        venue.order(name, "1", "2", "100")
    told = venue.say("AF", "584=R1|585=7|")
    assert [(t["11"], t["584"], t["911"], t["912"], t["150"]) for t in told] == [
        ("O1", "R1", "3", "N", "I"),
        ("O2", "R1", "3", "N", "I"),
        ("O3", "R1", "3", "Y", "I"),
    ]


def test_mass_status_of_nothing_is_answered() -> None:
    (report,) = Venue().say("AF", "584=R1|585=7|")
    assert report.text == (
        f"37=NONE|584=R1|911=0|912=Y|17={report['17']}|150=I|39=8|103=99|55=[N/A]|54=7|151=0|14=0|6=0|60={NOW}|"
        "58=[1017] no open orders match the request|"
    )


def test_order_that_may_be_a_repetition_is_answered_by_its_status() -> None:
    venue = Venue()
    venue.order("O1", "1", "2", "100")
    session = venue.sessions["BROKER1"]
    assert session.next_in == 2
    command = commands.NewOrder(
        "BROKER1",
        2,
        "ACC1",
        "O1",
        "BTC/USD",
        Side.BUY,
        OrderType.LIMIT,
        TimeInForce.DAY,
        1,
        1,
        possible_resend=True,
    )
    (report,) = venue.tell(venue.apply(command))
    assert report.has("150=I|39=0|37=1|11=O1|38=2.000000|")
    assert "790" not in report


# --------------------------------------------------------------------------------------------------- rejects


def test_rejected_order_has_the_terms_that_it_came_with() -> None:
    (report,) = Venue(funds=1).order("O1", "1", "2", "100")
    assert report.text == (
        f"37=NONE|11=O1|17={report['17']}|150=8|39=8|103=3|1=ACC1|55=BTC/USD|54=1|38=2.000000|40=2|44=100.00|59=1|"
        f"151=0|14=0|6=0|60={NOW}|58=[1007] not enough available funds for the order and its fee|"
    )


@pytest.mark.parametrize(
    ("qty", "price", "reason", "ord_rej_reason"),
    (
        ("0", "100", RejectReason.QUANTITY_OUT_OF_RANGE, "13"),
        ("-1", "100", RejectReason.QUANTITY_OUT_OF_RANGE, "13"),
        ("10000.000001", "100", RejectReason.QUANTITY_OUT_OF_RANGE, "13"),
        ("1", "0", RejectReason.PRICE_OUT_OF_RANGE, "99"),
        ("1", "-1", RejectReason.PRICE_OUT_OF_RANGE, "99"),
        ("1", "9999999999999999.99", RejectReason.PRICE_OUT_OF_RANGE, "99"),
        ("10000", "90000000000000.00", RejectReason.NOTIONAL_TOO_LARGE, "3"),
    ),
)
def test_order_with_impossible_terms_is_rejected(
    qty: str, price: str, reason: RejectReason, ord_rej_reason: str
) -> None:
    (report,) = Venue().order("O1", "1", qty, price)
    assert report.has(f"150=8|39=8|37=NONE|103={ord_rej_reason}|58=[{reason:d}] {reason.text}|")


@pytest.mark.parametrize(
    ("fields", "expected"),
    (
        ("41=NONE|", "37=NONE|39=8|434=1|102=1|58=[1009] unknown order|"),
        ("41=O1|37=99|", "37=NONE|39=8|434=1|102=1|58=[1016] OrderID and OrigClOrdID name different orders|"),
        ("41=O1|37=x|", "37=NONE|39=8|434=1|102=1|58=[1016] OrderID and OrigClOrdID name different orders|"),
        ("41=O1|1=ACC2|", "37=NONE|39=8|434=1|102=1|58=[1002] unknown account, or not an account of this session|"),
        ("41=O1|11=O1|", "37=1|39=0|434=1|102=6|58=[1003] ClOrdID was used before on this account|"),
        ("41=O1|54=2|", "37=1|39=0|434=1|102=99|58=[1012] the order is on the other side|"),
        ("41=O1|55=ETH/USD|", "37=1|39=0|434=1|102=99|58=[1011] the order is of another instrument|"),
    ),
)
def test_cancel_that_cannot_be_done_is_rejected(fields: str, expected: str) -> None:
    venue = Venue()
    venue.order("O1", "1", "2", "100")
    default = {"11": "C1", "55": "BTC/USD", "54": "1", "60": NOW}
    default |= dict(piece.split("=") for piece in fields.split("|") if piece)
    (report,) = venue.say("F", "".join(f"{tag}={value}|" for tag, value in default.items()))
    assert report.msg_type == "9"
    assert report.has(expected), report


def test_cancel_of_a_finished_order_comes_too_late() -> None:
    venue = Venue()
    venue.order("O1", "1", "2", "100")
    cancel = f"41=O1|55=BTC/USD|54=1|60={NOW}|"
    venue.say("F", f"11=C1|{cancel}")
    (report,) = venue.say("F", f"11=C2|{cancel}")
    assert report.text == (
        f"37=1|11=C2|41=O1|39=4|1=ACC1|60={NOW}|434=1|102=0|58=[1010] the order is filled, cancelled or expired|"
    )


def test_replace_below_what_is_filled_is_rejected() -> None:
    venue = Venue()
    venue.order("O1", "1", "2", "100")
    venue.order("T", "2", "1", "100", by="BROKER2")
    (report,) = venue.say("G", f"11=C1|41=O1|55=BTC/USD|54=1|60={NOW}|38=1|40=2|44=100|59=1|")
    assert report.has("434=2|39=1|37=1|102=0|")


def test_session_reject_names_number_tag_type_and_reason() -> None:
    event = Refused("BROKER1", 17, "3", 5, "Value is incorrect", "D", 54, "", "", "", "", "", "")
    msg_type, body = Venue().reports.report(event, 1, 0, NOW)
    assert (msg_type, body) == ("3", "45=17\x01371=54\x01372=D\x01373=5\x0158=Value is incorrect\x01")


def test_session_reject_leaves_out_what_it_cannot_name() -> None:
    event = Refused("BROKER1", 17, "3", 4, "text", "", 0, "", "", "", "", "", "")
    report = Venue().reports.report(event, 1, 0, NOW)
    assert report == ("3", "45=17\x01373=4\x0158=text\x01")
    check_report(report)


def test_business_reject_names_the_request() -> None:
    (report,) = Venue().say("AF", "584=R1|585=5|")
    assert report.text == (
        "45=1|372=AF|379=R1|380=0|58=[2002] MassStatusReqType(585): the venue does not offer this value (5)|"
    )


@pytest.mark.parametrize("reason", (*RejectReason, *GatewayReject))
@pytest.mark.parametrize("form", ("8", "9", "r", "j"))
def test_every_reason_has_a_standard_value_in_every_form(form: str, reason: RejectReason | GatewayReject) -> None:
    event = Refused(
        "BROKER1",
        1,
        form,
        reason,
        reason.text,
        "D",
        0,
        "A",
        "B",
        "ACC1",
        "BTC/USD",
        "1",
        {"9": "1", "r": "7"}.get(form, ""),
    )
    report = Venue().reports.report(event, 1, 0, NOW)
    check_report(report)
    assert f"58=[{reason:d}] {reason.text}\x01" in report[1]


def two_orders(list_id: str, price: str) -> str:
    """Return a list of which one order triggers another."""
    orders = "".join(
        f"11={list_id}-{number}|67={number}|55=BTC/USD|54=2|38=1|40=2|44={price}|59=1|" for number in (1, 2)
    )
    return f"66={list_id}|394=3|68=2|1385=2|73=2|{orders}"


ADDED_BY_THE_SENDER = {"797", "1180", "1181", "1352"}
"""The mark of a copy, and the application's sequence: they go by the session, and are tested with sessions."""


def test_every_field_that_is_announced_is_sent_by_some_report() -> None:
    venue = Venue()
    told = venue.order("M", "1", "2", "100") + venue.order("T", "2", "1", "100", by="BROKER2")
    told += venue.order("F", "1", "1", "90", more="59=4|") + venue.order("X", "1", "0", "90")
    cancel = f"55=BTC/USD|54=1|60={NOW}|"
    told += venue.say("H", "11=M|55=BTC/USD|54=1|790=R|") + venue.say("AF", "584=R|585=7|")
    told += venue.say("F", f"11=C|41=NONE|1=ACC1|{cancel}") + venue.say("F", f"11=C|41=M|{cancel}")
    told += venue.order("S", "1", "1", "90") + venue.order("N", "2", "1", "90", more="7928=N|")
    told += venue.order("Q", "1", "1", "90") + venue.say("q", f"11=Q1|530=1|{cancel}")
    told += venue.say("q", f"11=Q2|530=1|55=X|60={NOW}|") + venue.say("AF", "584=R|585=5|") + venue.say("D", "54=1|")
    told += venue.tell(venue.apply(commands.BustTrade(1, "mira", "")))
    venue.apply(commands.SetPhase("BTC/USD", Phase.OPENING_AUCTION, "staff", ""))
    told += venue.order("B", "1", "1", "90") + venue.order("S", "2", "1", "90", by="BROKER2")
    told += venue.tell(venue.apply(commands.SetPhase("BTC/USD", Phase.CONTINUOUS, "staff", "")))
    told += venue.say("E", two_orders("L1", "100")) + venue.say("E", two_orders("L2", "0"))
    told += venue.say("D", f"11=W|55=BTC/USD|54=1|60={NOW}|38=1|40=4|44=95|99=91|")
    told += venue.order("Y", "1", "1", "91") + venue.order("Z", "2", "1", "91", by="BROKER2")
    for version in map(version_named, FIX_VERSIONS):
        announced = {
            msg_type: set(tags) - set(TERM_TAGS) - ADDED_BY_THE_SENDER
            for msg_type, tags in version.sent.items()
            if msg_type in "89rNj3"
        }
        sent: dict[str, set[str]] = {msg_type: set() for msg_type in announced}
        for report in told:
            if report.msg_type in announced:
                msg_type, body = version.render(report.msg_type, report.body)
                sent[msg_type] |= {piece.partition("=")[0] for piece in body.split(SOH)[:-1]} - set(TERM_TAGS)
        assert sent == announced, "and the terms of an order, tested with each of them"


# ---------------------------------------------------------------------------------------------- pure, unique


def test_report_is_a_function_of_its_event_and_place() -> None:
    venue = Venue()
    venue.order("M", "1", "1", "100")
    venue.command("D", f"11=T|55=BTC/USD|54=2|60={NOW}|38=1|40=2|44=100|", by="BROKER2")
    event = OrderStatusReported(
        "BROKER1",
        "ACC1",
        1,
        "M",
        "BTC/USD",
        1,
        OrderType.LIMIT,
        TimeInForce.DAY,
        5,
        7,
        5,
        0,
        0,
        OrderStatus.NEW,
        0,
        "",
        "",
        is_mass_status=False,
        total_reports=0,
        last_report=False,
    )
    first = venue.reports.report(event, 12, 4, NOW)
    assert first == Venue().reports.report(event, 12, 4, NOW)
    assert "17=12-4\x01" in first[1]


class Tape(RuleBasedStateMachine):
    """Brokers who do what they like. No two reports of all share an ExecID; every report is right."""

    def __init__(self) -> None:
        super().__init__()
        self.venue = Venue(maker_fee_bps=-1, taker_fee_bps=3)
        self.told: list[Told] = []
        self.number = 0

    def name(self) -> str:
        self.number += 1
        return f"N{self.number}"

    @rule(
        by=st.sampled_from(("BROKER1", "BROKER2", "BROKER3")),
        side=st.sampled_from("12"),
        qty=st.integers(1, 5),
        price=st.integers(98, 102),
        terms=st.sampled_from(("40=2|59=0|", "40=2|59=1|", "40=2|59=3|", "40=2|59=4|", "40=1|")),
    )
    def order(self, by: str, side: str, qty: int, price: int, terms: str) -> None:
        limit = f"44={price}|" if "40=2" in terms else ""
        self.told += self.venue.say("D", f"11={self.name()}|55=BTC/USD|54={side}|60={NOW}|38={qty}|{terms}{limit}", by)

    @rule(
        by=st.sampled_from(("BROKER1", "BROKER2", "BROKER3")),
        of=st.integers(1, 60),
        side=st.sampled_from("12"),
        account=st.sampled_from(("", "1=ACC1|", "1=ACC3|")),
        change=st.sampled_from(("", "38=1|40=2|44=100|", "38=4|40=2|44=101|")),
    )
    def change(self, by: str, of: int, side: str, account: str, change: str) -> None:
        fields = f"11={self.name()}|41=N{of}|55=BTC/USD|54={side}|60={NOW}|{account}{change}"
        self.told += self.venue.say("G" if change else "F", fields, by)

    @rule(by=st.sampled_from(("BROKER1", "BROKER2")), of=st.integers(1, 60), side=st.sampled_from("12"))
    def ask(self, by: str, of: int, side: str) -> None:
        self.told += self.venue.say("H", f"11=N{of}|55=BTC/USD|54={side}|", by)

    @rule(by=st.sampled_from(("BROKER1", "BROKER2")), msg_type=st.sampled_from(("q", "AF")))
    def ask_all(self, by: str, msg_type: str) -> None:
        fields = f"11={self.name()}|530=7|60={NOW}|" if msg_type == "q" else f"584={self.name()}|585=7|"
        self.told += self.venue.say(msg_type, fields, by)

    @rule()
    def end_day(self) -> None:
        self.number += 1
        self.told += self.venue.tell(self.venue.apply(commands.EndTradingDay(20260000 + self.number)))

    def teardown(self) -> None:
        ids = [report["17"] for report in self.told if report.msg_type == "8"]
        ids += [report["37"] for report in self.told if report.msg_type == "r"]
        assert len(set(ids)) == len(ids)
        for report in self.told:
            if report.msg_type == "8" and report["37"] != "NONE" and report["150"] != "I":
                self.check_quantities(report)

    def check_quantities(self, report: Told) -> None:
        qty, leaves, cum = (Fraction(report[tag]) for tag in ("38", "151", "14"))
        assert leaves + cum == (qty if report["39"] in "012" else cum)
        assert (Fraction(report["6"]) > 0) == (cum > 0)
        if report["150"] == "F":
            assert Fraction(report["32"]) > 0
            assert report["39"] == ("1" if leaves else "2")
            limit = Fraction(report["44"]) if "44" in report else None
            price = Fraction(report["31"])
            assert limit is None or (price <= limit if report["54"] == "1" else price >= limit)


TestTape = Tape.TestCase
TestTape.settings = settings(max_examples=60, stateful_step_count=40)
