from typing import Any

import pytest

from engine import commands, queries
from engine.events import CommandRejected, OrderStatusReported
from engine.profile import SessionProfile, Throttle
from engine.queries import RECOVERY_ID
from engine.reject import RejectReason
from engine.session_events import SessionRecovered, UserReported
from engine.state import FINISHED_ORDERS_KEPT
from engine.values import BUY, LIMIT, SELL, OrderStatus
from tests.engine.builders import GTC, IOC, SYMBOL, Venue, add_instrument, all_of, only


@pytest.fixture
def venue() -> Venue:
    """A buy of 5 at 100 (ClOrdID x, OrderID 1) of which 2 are filled."""
    venue = Venue()
    venue.buy(5, 100, cl_ord_id="x")
    venue.sell(2, 100)
    return venue


def test_status_tells_all_of_an_open_order(venue: Venue) -> None:
    assert only(OrderStatusReported, venue.query("x", request_id="Q9")) == OrderStatusReported(
        session="A",
        account="A",
        order_id=1,
        cl_ord_id="x",
        symbol=SYMBOL,
        side=BUY,
        order_type=LIMIT,
        time_in_force=GTC,
        qty=5,
        price=100,
        leaves_qty=3,
        cum_qty=2,
        cum_notional=200,
        status=OrderStatus.PARTIALLY_FILLED,
        reason=0,
        text="",
        request_id="Q9",
        is_mass_status=False,
        total_reports=0,
        last_report=False,
    )


def test_status_changes_nothing_but_the_place_in_the_sequence(venue: Venue) -> None:
    venue.query("x")
    assert venue.state.sessions["A"].last_in == len(venue.applied) - 1
    assert venue.bids() == [(100, ["x"])]


@pytest.mark.parametrize(("cl_ord_id", "order_id"), (("x", 0), ("", 1), ("x", 1)))
def test_order_is_found_by_either_id_or_both(venue: Venue, cl_ord_id: str, order_id: int) -> None:
    assert only(OrderStatusReported, venue.query(cl_ord_id, order_id=order_id)).order_id == 1


def test_order_is_found_by_every_id_it_went_by(venue: Venue) -> None:
    venue.replace("x", 9, 101, cl_ord_id="y")
    for cl_ord_id in ("x", "y"):
        event = only(OrderStatusReported, venue.query(cl_ord_id))
        assert (event.order_id, event.cl_ord_id, event.qty) == (1, "y", 9)


@pytest.mark.parametrize(
    ("asked", "reason"),
    (
        ({"cl_ord_id": "other"}, RejectReason.UNKNOWN_ORDER),
        ({"order_id": 99}, RejectReason.UNKNOWN_ORDER),
        ({"cl_ord_id": "x", "order_id": 2}, RejectReason.UNKNOWN_ORDER),
        ({"order_id": 2}, RejectReason.UNKNOWN_ORDER),
        ({"cl_ord_id": "x", "account": "nobody"}, RejectReason.UNKNOWN_ACCOUNT),
        ({"cl_ord_id": "x", "account": "B"}, RejectReason.UNKNOWN_ACCOUNT),
        ({"cl_ord_id": "x", "symbol": "ETH/USD"}, RejectReason.INSTRUMENT_MISMATCH),
        ({"cl_ord_id": "x", "side": SELL}, RejectReason.SIDE_MISMATCH),
    ),
)
def test_what_cannot_be_told_is_refused_with_a_reason(
    venue: Venue, asked: dict[str, object], reason: RejectReason
) -> None:
    arguments = {"account": "A", "session": "A", **asked}
    event = only(OrderStatusReported, venue.query(**arguments))  # type: ignore[arg-type]
    assert (event.reason, event.text) == (reason, reason.text)
    assert (event.order_id, event.status, event.qty) == (0, OrderStatus.REJECTED, 0)


def test_finished_order_is_still_told(venue: Venue) -> None:
    venue.cancel("x")
    event = only(OrderStatusReported, venue.query("x"))
    assert (event.status, event.cum_qty, event.leaves_qty) == (OrderStatus.CANCELED, 2, 0)


def test_order_finished_long_ago_is_known_to_be_finished(venue: Venue) -> None:
    venue.cancel("x")
    for _ in range(FINISHED_ORDERS_KEPT):
        venue.buy(1, 1, time_in_force=IOC)
    assert only(OrderStatusReported, venue.query("x")).reason is RejectReason.ORDER_FINISHED


# ---------------------------------------------------------------------------------------------- mass status


def test_all_open_orders_of_the_session_are_told_and_counted() -> None:
    venue = Venue()
    venue.apply(commands.ProvisionSession("desk", ("B", "A"), ""))
    for account in ("A", "B", "C"):
        venue.buy(1, 100, account, cl_ord_id=f"{account}1")
        venue.buy(1, 101, account, cl_ord_id=f"{account}2")
    events = all_of(OrderStatusReported, venue.query_all("desk", request_id="M1"))
    assert [event.cl_ord_id for event in events] == ["A1", "A2", "B1", "B2"]
    assert [event.last_report for event in events] == [False, False, False, True]
    assert {event.total_reports for event in events} == {4}
    assert all(event.is_mass_status and event.request_id == "M1" and event.session == "desk" for event in events)


def test_mass_status_may_be_of_one_account_instrument_or_side() -> None:
    venue = Venue()
    venue.apply(add_instrument(symbol="BTC/EUR"))
    venue.apply(commands.ProvisionSession("desk", ("A", "B"), ""))
    venue.buy(1, 100, "A", cl_ord_id="bid")
    venue.sell(1, 200, "A", cl_ord_id="ask")
    venue.order("A", BUY, 1, 100, symbol="BTC/EUR", cl_ord_id="eur")
    venue.buy(1, 100, "B", cl_ord_id="b")

    def told(*, account: str = "", symbol: str = "", side: int = 0) -> list[str]:
        events = venue.query_all("desk", account=account, symbol=symbol, side=side)
        return [event.cl_ord_id for event in all_of(OrderStatusReported, events)]

    assert told(account="B") == ["b"]
    assert told(symbol=SYMBOL) == ["bid", "ask", "b"]
    assert told(side=SELL) == ["ask"]
    assert told(symbol="BTC/EUR", side=BUY) == ["eur"]


def test_mass_status_may_be_of_what_the_session_has_entered_itself() -> None:
    venue = Venue()
    venue.apply(commands.ProvisionSession("desk", ("A", "B"), ""))
    venue.buy(1, 100, "A", cl_ord_id="a")
    venue.order("A", BUY, 1, 100, session="desk", cl_ord_id="desk-a")
    events = all_of(OrderStatusReported, venue.query_all("desk", is_own=True))
    assert [event.cl_ord_id for event in events] == ["desk-a"]


def test_mass_status_comes_in_pages_and_goes_on_after_an_order_that_may_be_gone() -> None:
    venue = Venue()
    venue.apply(commands.ProvisionSession("desk", ("B", "A"), ""))
    for number in range(10):
        venue.buy(1, 100, "AB"[number % 2], cl_ord_id=f"o{number}")

    def page(after: int) -> list[str]:
        events = all_of(OrderStatusReported, venue.query_all("desk", after=after, reports_max=4))
        assert {event.total_reports for event in events} <= {len(events), 0}
        assert [event.last_report for event in events] == [False] * (len(events) - 1) + [True]
        return [event.cl_ord_id for event in events]

    assert page(0) == ["o0", "o1", "o2", "o3"]
    venue.cancel("o3", "B")
    venue.buy(1, 100, "A", cl_ord_id="late")
    assert page(4) == ["o4", "o5", "o6", "o7"]
    assert page(8) == ["o8", "o9", "late"]
    assert page(11) == [""]


def test_mass_status_has_a_thousand_reports_at_most() -> None:
    venue = Venue(funds=10**12)
    for _ in range(1_001):
        venue.buy(1, 100)
    assert len(venue.query_all()) == 1_000
    assert len(venue.query_all(after=1_000)) == 1


@pytest.mark.parametrize(
    ("asked", "reason"),
    (
        ({"reports_max": -1}, RejectReason.PAGE_OUT_OF_RANGE),
        ({"reports_max": 1_001}, RejectReason.PAGE_OUT_OF_RANGE),
        ({"after": -1}, RejectReason.PAGE_OUT_OF_RANGE),
        ({"after": 2**60}, RejectReason.NO_OPEN_ORDERS),
        ({}, RejectReason.NO_OPEN_ORDERS),
        ({"account": "B"}, RejectReason.UNKNOWN_ACCOUNT),
        ({"account": "nobody"}, RejectReason.UNKNOWN_ACCOUNT),
        ({"symbol": "ETH/USD"}, RejectReason.UNKNOWN_INSTRUMENT),
        ({"side": 2}, RejectReason.NO_OPEN_ORDERS),
    ),
)
def test_mass_status_of_nothing_is_one_answer_that_says_why(asked: dict[str, Any], reason: RejectReason) -> None:
    event = only(OrderStatusReported, Venue().query_all("A", **asked))
    assert (event.reason, event.order_id, event.status) == (reason, 0, OrderStatus.REJECTED)
    assert (event.is_mass_status, event.total_reports, event.last_report) == (True, 0, True)


# ---------------------------------------------------------------------------------------------- the session itself


def test_session_is_told_its_limits_and_of_no_other_user() -> None:
    venue = Venue()
    throttle = Throttle(10, 20, 1, 2)
    venue.apply(commands.ProvisionSession("desk", ("A",), "", profile=SessionProfile(throttle=throttle)))
    told = only(UserReported, venue.apply(commands.QueryUser("desk", 1, "r", "desk", 7, 1)))
    assert told == UserReported("desk", "r", "desk", True, throttle, 7, 1)
    told = only(UserReported, venue.apply(commands.QueryUser("desk", 2, "r", "A")))
    assert (told.is_known, told.throttle) == (False, Throttle())


def test_session_that_recovers_is_told_of_its_open_orders_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "REPORTS_MAX", 4)
    venue = Venue()
    venue.apply(commands.ProvisionSession("desk", ("B", "A"), ""))
    for number in range(9):
        venue.buy(1, 100, "AB"[number % 2], cl_ord_id=f"o{number}")
    venue.buy(1, 100, "C", cl_ord_id="another's")
    before = venue.state.sessions["desk"].last_in
    names: list[str] = []
    after = told = 0
    while told < 9:
        *states, end = venue.apply(commands.RecoverSession("desk", 5, after, told))
        assert isinstance(end, SessionRecovered)
        names += [state.cl_ord_id for state in states if isinstance(state, OrderStatusReported)]
        told, after = end.orders, end.after
        assert end == SessionRecovered("desk", 5, len(names), 0 if told == 9 else told)
        reports = all_of(OrderStatusReported, list(states))
        assert {(report.total_reports, report.request_id) for report in reports} == {(9, RECOVERY_ID)}
        assert [report.last_report for report in reports][-1] is (told == 9)
    assert names == [f"o{number}" for number in range(9)]
    assert venue.state.sessions["desk"].last_in == before


def test_session_without_open_orders_recovers_at_once() -> None:
    venue = Venue()
    venue.apply(commands.ProvisionSession("desk", ("A",), ""))
    assert venue.apply(commands.RecoverSession("desk", 0)) == [SessionRecovered("desk", 0, 0)]
    assert only(CommandRejected, venue.apply(commands.RecoverSession("none", 0))).text == "unknown session none"
