from engine.account import Account
from engine.commands import EndTradingDay
from engine.events import CancelRejected, OrderAccepted, OrderCanceled, OrderRejected
from engine.guard import Guard
from engine.reject import RejectReason
from tests.engine.builders import DAY, GTC, Venue, only


def test_cl_ord_id_leads_to_its_order() -> None:
    account = Account("A", "FIRM", Guard())
    account.cl_ord_ids["x"] = 7
    account.earlier_cl_ord_ids["y"] = 8
    assert account.order_id_of("x") == 7
    assert account.order_id_of("y") == 8
    assert account.order_id_of("z") == 0


def test_cl_ord_id_is_refused_on_its_day_and_the_day_after_and_then_forgotten() -> None:
    venue = Venue()
    venue.buy(1, 100, time_in_force=DAY, cl_ord_id="x")
    for day in (20260101, 20260102):
        assert only(OrderRejected, venue.buy(1, 100, cl_ord_id="x")).reason is RejectReason.DUPLICATE_CL_ORD_ID
        venue.end_day(day)
    only(OrderAccepted, venue.buy(1, 100, cl_ord_id="x"))


def test_id_of_an_open_order_is_never_forgotten() -> None:
    venue = Venue()
    venue.buy(1, 100, time_in_force=GTC, cl_ord_id="x")
    for day in range(1, 6):
        venue.end_day(day)
    assert only(OrderRejected, venue.buy(1, 100, cl_ord_id="x")).reason is RejectReason.DUPLICATE_CL_ORD_ID
    only(OrderCanceled, venue.cancel("x"))


def test_ids_that_an_order_went_by_before_are_forgotten_like_others() -> None:
    """A client that replaces an order all day, every day, must not fill the venue's memory."""
    venue = Venue()
    venue.buy(5, 100, cl_ord_id="first")
    venue.replace("first", 6, 100, cl_ord_id="second")
    venue.replace("second", 7, 100, cl_ord_id="third")
    account = venue.state.accounts["A"]
    venue.end_day(1)
    assert account.earlier_cl_ord_ids.keys() == {"first", "second", "third"}
    venue.end_day(2)
    assert account.earlier_cl_ord_ids.keys() == {"third"}
    assert only(CancelRejected, venue.cancel("first")).reason is RejectReason.UNKNOWN_ORDER
    only(OrderCanceled, venue.cancel("third"))


def test_id_of_a_cancel_counts_as_used() -> None:
    venue = Venue()
    venue.buy(1, 100, cl_ord_id="x")
    venue.cancel("x", cl_ord_id="c")
    assert only(OrderRejected, venue.buy(1, 100, cl_ord_id="c")).reason is RejectReason.DUPLICATE_CL_ORD_ID


def test_id_of_a_refused_order_may_be_used_again() -> None:
    venue = Venue()
    only(OrderRejected, venue.buy(0, 100, cl_ord_id="x"))
    only(OrderAccepted, venue.buy(1, 100, cl_ord_id="x"))


def test_accounts_do_not_share_ids() -> None:
    venue = Venue()
    venue.buy(1, 100, "A", cl_ord_id="x")
    only(OrderAccepted, venue.buy(1, 100, "B", cl_ord_id="x"))


def test_memory_of_ids_is_bounded_by_two_days_and_the_open_orders() -> None:
    venue = Venue()
    for day in range(1, 5):
        for _ in range(10):
            venue.buy(1, 100, time_in_force=DAY)
        venue.buy(1, 90, time_in_force=GTC)
        venue.apply(EndTradingDay(day))
    account = venue.state.accounts["A"]
    assert len(account.cl_ord_ids) == 0
    assert len(account.earlier_cl_ord_ids) == 11 + 3
