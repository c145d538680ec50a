"""Cancel on disconnect: which orders go with a session that is gone, and when."""

import pytest

from engine import commands
from engine.events import CommandRejected, OrderCanceled
from engine.session_events import SessionDown, SessionUp
from engine.snapshot import capture, restore, state_hash
from engine.terms import Terms
from engine.values import BUY, CancelOnDisconnect, CancelReason, OnDisconnect
from tests.engine.builders import DAY, Venue, all_of, only
from tests.engine.invariants import check_state

NONE, SESSION, ACCOUNTS = CancelOnDisconnect
MS = 1_000_000
KEEP = Terms(on_disconnect=OnDisconnect.KEEP)
CANCEL = Terms(on_disconnect=OnDisconnect.CANCEL)


def trading(on_disconnect: CancelOnDisconnect, grace_ms: int = 0) -> Venue:
    """Return a venue where session A is logged on and has orders, and so has session S on the same account."""
    venue = Venue(accounts=("A", "B"))
    venue.apply(commands.ProvisionSession("A", ("A",), "hash", NONE, grace_ms))
    venue.apply(commands.ProvisionSession("S", ("A", "B"), "hash"))
    assert venue.apply(commands.SessionConnected("A", on_disconnect)) == [SessionUp("A", on_disconnect)]
    venue.buy(1, 100, cl_ord_id="plain")
    venue.order("A", BUY, 1, 100, cl_ord_id="keep", terms=KEEP)
    venue.order("A", BUY, 1, 100, cl_ord_id="cancel", terms=CANCEL)
    venue.order("A", BUY, 1, 100, cl_ord_id="waits", terms=Terms(effective_ns=10**18), time_in_force=DAY)
    venue.order("A", BUY, 1, 100, cl_ord_id="others", session="S")
    venue.order("A", BUY, 1, 100, cl_ord_id="others keep", session="S", terms=KEEP)
    return venue


def gone(venue: Venue, now_ns: int = 0) -> list[str]:
    """Return which orders the clock cancels."""
    canceled = all_of(OrderCanceled, venue.tick(now_ns))
    assert all(event.reason is CancelReason.DISCONNECTED for event in canceled)
    check_state(venue.state)
    return [event.cl_ord_id for event in canceled]


@pytest.mark.parametrize(
    ("on_disconnect", "expected"),
    (
        (NONE, ["cancel"]),
        (SESSION, ["plain", "cancel", "waits"]),
        (ACCOUNTS, ["plain", "cancel", "waits", "others"]),
    ),
)
@pytest.mark.parametrize("grace_ms", (0, 5))
def test_what_goes_with_a_session(on_disconnect: CancelOnDisconnect, expected: list[str], grace_ms: int) -> None:
    venue = trading(on_disconnect, grace_ms)
    events = venue.apply(commands.SessionDisconnected("A"))
    cancel_ns = venue.now_ns + grace_ms * MS
    assert events[0] == SessionDown("A", on_disconnect, cancel_ns)
    if grace_ms:
        assert len(events) == 1
        assert gone(venue, cancel_ns - 1) == []
        assert gone(venue, cancel_ns) == expected
    else:
        assert [event.cl_ord_id for event in all_of(OrderCanceled, events)] == expected
    assert venue.state.sessions["A"].due_ns == 0
    check_state(venue.state)


def test_session_that_is_back_in_time_keeps_its_orders() -> None:
    venue = trading(SESSION, 5)
    venue.apply(commands.SessionDisconnected("A"))
    back_ns = venue.now_ns + 5 * MS - 1
    venue.now_ns = back_ns - 1
    assert venue.apply(commands.SessionConnected("A", ACCOUNTS)) == [SessionUp("A", ACCOUNTS)]
    assert gone(venue, back_ns + 100 * MS) == []
    assert only(SessionDown, venue.apply(commands.SessionDisconnected("A"))).on_disconnect is ACCOUNTS


def test_session_that_is_back_a_nanosecond_late_does_not() -> None:
    venue = trading(SESSION, 5)
    venue.apply(commands.SessionDisconnected("A"))
    venue.now_ns += 5 * MS - 1
    events = venue.apply(commands.SessionConnected("A", SESSION))
    assert [type(event) for event in events] == [OrderCanceled, OrderCanceled, OrderCanceled, SessionUp]


def test_orders_entered_by_others_meanwhile_go_too() -> None:
    venue = trading(ACCOUNTS, 5)
    venue.apply(commands.SessionDisconnected("A"))
    venue.order("A", BUY, 1, 100, cl_ord_id="late", session="S")
    assert gone(venue, venue.now_ns + 5 * MS)[-1] == "late"


def test_session_that_is_gone_is_not_gone_twice() -> None:
    venue = trading(SESSION, 5)
    venue.apply(commands.SessionDisconnected("A"))
    due_ns = venue.state.due.next_ns
    assert venue.apply(commands.SessionDisconnected("A")) == []
    assert venue.state.due.next_ns == due_ns
    assert venue.apply(commands.SessionDisconnected("B")) == [], "it has never been there"


def test_replace_says_anew_what_becomes_of_the_order() -> None:
    venue = trading(SESSION)
    venue.replace("keep", 2, 100)
    venue.replace("plain", 2, 100, terms=KEEP, cl_ord_id="kept now")
    events = venue.apply(commands.SessionDisconnected("A"))
    assert "kept now" not in {event.cl_ord_id for event in all_of(OrderCanceled, events)}
    assert len(all_of(OrderCanceled, events)) == 3


def test_deadline_outlives_a_snapshot() -> None:
    venue = trading(SESSION, 5)
    venue.apply(commands.SessionDisconnected("A"))
    restored = restore(capture(venue.state, 1))
    assert state_hash(restored, 1) == state_hash(venue.state, 1)
    assert restored.due.next_ns == venue.state.due.next_ns
    check_state(restored)
    connected = trading(ACCOUNTS, 7).state
    session = restore(capture(connected, 1)).sessions["A"]
    assert (session.is_connected, session.on_disconnect, session.grace_ms) == (True, ACCOUNTS, 7)


def test_session_is_due_behind_the_orders_of_its_time() -> None:
    venue = trading(SESSION, 5)
    venue.apply(commands.SessionDisconnected("A"))
    deadline_ns = venue.now_ns + 5 * MS
    venue.order("A", BUY, 1, 100, cl_ord_id="new", terms=Terms(effective_ns=deadline_ns))
    assert gone(venue, deadline_ns) == ["plain", "cancel", "waits", "new"]


def test_grace_has_a_limit_and_the_session_must_be_known() -> None:
    venue = Venue()
    refused = only(CommandRejected, venue.apply(commands.ProvisionSession("A", ("A",), "hash", NONE, 3_600_001)))
    assert refused.text == "session A: grace_ms must be 0 to 3600000"
    for command in (commands.SessionConnected("X", NONE), commands.SessionDisconnected("X")):
        assert only(CommandRejected, venue.apply(command)).text == "unknown session X"
