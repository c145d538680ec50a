"""The kill switch: a firm, an account or a session is blocked, its orders cancelled, until it is lifted."""

import pytest

from engine import commands
from engine.events import Blocked, CancelRejected, CommandRejected, OrderCanceled, OrderRejected, Unblocked
from engine.guarding import blocks
from engine.reject import RejectReason
from engine.snapshot import capture, restore, state_hash
from engine.terms import Terms
from engine.values import BUY, CancelReason, Scope
from tests.engine.builders import Venue, all_of, only
from tests.engine.invariants import check_state


def venue_of_two_firms() -> Venue:
    """Return a venue where A and B are FIRM's, C is its own; session S trades for A and C, and each has orders."""
    venue = Venue(accounts=())
    for account, firm in (("A", "FIRM"), ("B", "FIRM"), ("C", "")):
        venue.apply(commands.OpenAccount(account, firm))
        venue.apply(commands.ProvisionSession(account, (account,), "hash"))
        venue.credit(account, "USD", 10_000)
    venue.apply(commands.ProvisionSession("S", ("A", "C"), "hash"))
    venue.buy(1, 100, "A", cl_ord_id="a")
    venue.buy(1, 100, "B", cl_ord_id="b")
    venue.order("C", BUY, 1, 100, cl_ord_id="sc", session="S")
    venue.order("A", BUY, 1, 100, cl_ord_id="sa", session="S", terms=Terms(effective_ns=10**9))
    venue.buy(1, 100, "C", cl_ord_id="c")
    return venue


CASES = pytest.mark.parametrize(
    ("scope", "name", "gone", "reason"),
    (
        (Scope.FIRM, "FIRM", ["a", "b", "sa"], RejectReason.FIRM_BLOCKED),
        (Scope.ACCOUNT, "A", ["a", "sa"], RejectReason.ACCOUNT_BLOCKED),
        (Scope.SESSION, "S", ["sc", "sa"], RejectReason.SESSION_BLOCKED),
    ),
)


@CASES
def test_block_cancels_all_that_is_open_in_its_scope_oldest_first(
    scope: Scope, name: str, gone: list[str], reason: RejectReason
) -> None:
    venue = venue_of_two_firms()
    events = venue.apply(commands.Block(scope, name, "alice", "runaway algorithm"))
    canceled = all_of(OrderCanceled, events)
    assert [event.cl_ord_id for event in canceled] == gone
    assert {event.reason for event in canceled} == {CancelReason.BLOCKED}
    assert events[-1] == Blocked(scope, name, "alice", "runaway algorithm", len(gone), was_blocked=False)
    assert reason.name == f"{scope.name}_BLOCKED"
    check_state(venue.state)


@CASES
def test_blocked_may_enter_nothing_until_unblocked(
    scope: Scope, name: str, gone: list[str], reason: RejectReason
) -> None:
    venue = venue_of_two_firms()
    assert gone
    venue.apply(commands.Block(scope, name, "alice", "runaway algorithm"))
    order = only(OrderRejected, venue.order("A", BUY, 1, 100, session="S"))
    assert (order.reason, order.text) == (reason, reason.text)
    assert only(Unblocked, venue.apply(commands.Unblock(scope, name, "bob", "fixed"))).was_blocked
    assert all_of(OrderRejected, venue.order("A", BUY, 1, 100, session="S")) == []
    assert blocks(venue.state) == []
    assert not venue.state.guarded


def test_blocked_session_may_cancel_orders_that_it_did_not_enter_and_not_replace_them() -> None:
    venue = venue_of_two_firms()
    venue.apply(commands.Block(Scope.SESSION, "S", "alice", "why"))
    refused = only(CancelRejected, venue.replace("a", 2, 100, session="S"))
    assert (refused.reason, refused.is_replace) == (RejectReason.SESSION_BLOCKED, True)
    assert only(OrderCanceled, venue.cancel("a", session="S")).reason is CancelReason.REQUESTED
    assert len(all_of(OrderCanceled, venue.mass_cancel("S"))) == 1


def test_second_block_changes_nothing() -> None:
    venue = venue_of_two_firms()
    venue.apply(commands.Block(Scope.ACCOUNT, "A", "alice", "first"))
    before = state_hash(venue.state, 1)
    (event,) = venue.apply(commands.Block(Scope.ACCOUNT, "A", "bob", "second"))
    assert event == Blocked(Scope.ACCOUNT, "A", "bob", "second", 0, was_blocked=True)
    assert [(block.by, block.why) for block in blocks(venue.state)] == [("alice", "first")]
    venue.state.time_ns -= 1
    assert state_hash(venue.state, 1) == before
    assert not only(Unblocked, venue.apply(commands.Unblock(Scope.ACCOUNT, "B", "bob", "why"))).was_blocked


def test_each_block_is_lifted_by_itself() -> None:
    venue = venue_of_two_firms()
    venue.apply(commands.Block(Scope.ACCOUNT, "A", "alice", "why"))
    venue.apply(commands.Block(Scope.FIRM, "FIRM", "alice", "why"))
    venue.apply(commands.Unblock(Scope.ACCOUNT, "A", "alice", "why"))
    assert only(OrderRejected, venue.buy(1, 100, "A")).reason == RejectReason.FIRM_BLOCKED


def test_blocks_are_in_the_snapshot() -> None:
    venue = venue_of_two_firms()
    for scope, name in ((Scope.SESSION, "S"), (Scope.ACCOUNT, "B"), (Scope.FIRM, "C")):
        venue.apply(commands.Block(scope, name, "alice", "why"))
    restored = restore(capture(venue.state, 1))
    assert state_hash(restored, 1) == state_hash(venue.state, 1)
    assert [(block.scope, block.name) for block in blocks(restored)] == [
        (Scope.FIRM, "C"),
        (Scope.ACCOUNT, "B"),
        (Scope.SESSION, "S"),
    ]
    assert restored.guarded
    check_state(restored)


def test_orders_for_an_account_that_the_session_has_lost_are_cancelled_too() -> None:
    venue = venue_of_two_firms()
    venue.apply(commands.ProvisionSession("S", ("C",), "hash"))
    restored = restore(capture(venue.state, 1))
    assert restored.sessions["S"].former_accounts == ("A",)
    events = venue.apply(commands.Block(Scope.SESSION, "S", "alice", "why"))
    assert [event.cl_ord_id for event in all_of(OrderCanceled, events)] == ["sc", "sa"]


@pytest.mark.parametrize("scope", Scope)
def test_nobody_unknown_is_blocked(scope: Scope) -> None:
    venue = Venue()
    for verb, command in (("block", commands.Block), ("unblock", commands.Unblock)):
        text = only(CommandRejected, venue.apply(command(scope, "NOBODY", "alice", "why"))).text
        assert text == f"{verb}: unknown {scope.name.lower()} NOBODY"
