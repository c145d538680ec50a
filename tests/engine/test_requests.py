import pytest

from engine.events import (
    CancelRejected,
    OrderCanceled,
)
from engine.reject import RejectReason
from engine.values import (
    SELL,
    OrderStatus,
)
from tests.engine.builders import Venue, only
from tests.engine.invariants import check_state


def test_order_is_found_by_order_id_alone() -> None:
    venue = Venue()
    venue.buy(5, 100, cl_ord_id="x")
    assert only(OrderCanceled, venue.cancel("", order_id=1)).orig_cl_ord_id == "x"


def test_order_id_of_another_account_is_unknown() -> None:
    venue = Venue()
    venue.buy(5, 100, "B")
    event = only(CancelRejected, venue.cancel("", order_id=1))
    assert (event.reason, event.order_id) == (RejectReason.UNKNOWN_ORDER, 0)
    venue.mass_cancel("B")
    assert only(CancelRejected, venue.cancel("", order_id=1)).reason is RejectReason.UNKNOWN_ORDER


def test_cancel_that_comes_too_late_tells_the_state() -> None:
    venue = Venue()
    venue.buy(5, 100, cl_ord_id="x")
    venue.sell(5, 100)
    event = only(CancelRejected, venue.cancel("x"))
    assert (event.reason, event.status, event.order_id) == (RejectReason.ORDER_FINISHED, OrderStatus.FILLED, 1)
    assert not event.is_replace


@pytest.mark.parametrize(
    ("request_with", "reason"),
    (
        ({"orig_cl_ord_id": "x", "account": "nobody"}, RejectReason.UNKNOWN_ACCOUNT),
        ({"orig_cl_ord_id": "x", "account": "B"}, RejectReason.UNKNOWN_ACCOUNT),
        ({"orig_cl_ord_id": "other"}, RejectReason.UNKNOWN_ORDER),
        ({"orig_cl_ord_id": "", "order_id": 99}, RejectReason.UNKNOWN_ORDER),
        ({"orig_cl_ord_id": "", "order_id": 0}, RejectReason.UNKNOWN_ORDER),
        ({"orig_cl_ord_id": "x", "order_id": 2}, RejectReason.ORDER_ID_MISMATCH),
        ({"orig_cl_ord_id": "x", "cl_ord_id": "x"}, RejectReason.DUPLICATE_CL_ORD_ID),
        ({"orig_cl_ord_id": "x", "symbol": "ETH/USD"}, RejectReason.INSTRUMENT_MISMATCH),
        ({"orig_cl_ord_id": "x", "side": SELL}, RejectReason.SIDE_MISMATCH),
    ),
)
@pytest.mark.parametrize("is_replace", (False, True))
def test_request_that_does_not_fit_is_refused_and_the_order_stays(
    request_with: dict[str, object], reason: RejectReason, is_replace: bool
) -> None:
    venue = Venue()
    venue.buy(5, 100, cl_ord_id="x")
    arguments = {"account": "A", "session": "A", **request_with}
    events = venue.replace(qty=4, price=90, **arguments) if is_replace else venue.cancel(**arguments)  # type: ignore[arg-type]
    event = only(CancelRejected, events)
    assert (event.reason, event.text, event.is_replace) == (reason, reason.text, is_replace)
    assert venue.bids() == [(100, ["x"])]
    check_state(venue.state)
