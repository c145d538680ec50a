"""Withdrawals: held, then settled or released, once, over restarts and repeats."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import booking, commands
from engine.answer_events import BalanceReported
from engine.events import (
    AnyEvent,
    CommandRejected,
    FundsRefused,
    WithdrawalHeld,
    WithdrawalReleased,
    WithdrawalsBlocked,
    WithdrawalSettled,
    WithdrawalsUnblocked,
)
from engine.exchange import Exchange
from engine.overview import show_venue
from engine.reject import RejectReason
from engine.snapshot import capture, restore, state_hash
from engine.values import Scope
from tests.engine.builders import Venue, only
from tests.engine.invariants import check_state

FUNDS = 10**9
Step = Callable[[Venue], list[AnyEvent]]


def hold(venue: Venue, amount: int = 100, withdrawal_id: str = "W-1", account: str = "A") -> list[AnyEvent]:
    return venue.apply(commands.HoldWithdrawal(account, "USD", amount, withdrawal_id, "mira", "asked for"))


def settle(venue: Venue, amount: int = 100, withdrawal_id: str = "W-1") -> list[AnyEvent]:
    return venue.apply(commands.SettleWithdrawal(withdrawal_id, amount, "mira", "paid"))


def release(venue: Venue, withdrawal_id: str = "W-1") -> list[AnyEvent]:
    return venue.apply(commands.ReleaseWithdrawal(withdrawal_id, "mira", "called off"))


def block(venue: Venue, scope: Scope = Scope.ACCOUNT, name: str = "A") -> list[AnyEvent]:
    return venue.apply(commands.BlockWithdrawals(scope, name, "mira", "frozen"))


def reason(events: list[AnyEvent]) -> int:
    return only(FundsRefused, events).reason


def restart(venue: Venue) -> None:
    venue.exchange = Exchange(restore(capture(venue.state, len(venue.applied))))
    venue.state = venue.exchange.state


def test_funds_are_held_and_leave_the_venue_once_they_are_paid() -> None:
    venue = Venue()
    assert hold(venue) == [WithdrawalHeld("W-1", "A", "USD", 100, FUNDS - 100, 100, "mira", "asked for")]
    assert venue.holding("A", "USD").total == FUNDS
    assert settle(venue) == [WithdrawalSettled("W-1", "A", "USD", 100, 0, FUNDS - 100, 0, "mira", "paid")]
    assert venue.holding("A", "USD").total == FUNDS - 100
    assert (venue.state.credited["USD"], venue.state.withdrawn["USD"]) == (3 * FUNDS, 100)
    check_state(venue.state)


def test_what_was_not_paid_out_of_what_is_held_is_given_back() -> None:
    venue = Venue()
    hold(venue)
    assert settle(venue, 70) == [WithdrawalSettled("W-1", "A", "USD", 70, 30, FUNDS - 70, 0, "mira", "paid")]
    check_state(venue.state)


def test_funds_are_given_back_if_nothing_is_paid() -> None:
    venue = Venue()
    hold(venue)
    hold(venue, 7, "W-2")
    assert release(venue) == [WithdrawalReleased("W-1", "A", "USD", 100, FUNDS - 7, 7, "mira", "called off")]
    check_state(venue.state)


def test_held_funds_back_no_order_and_reserved_funds_no_withdrawal() -> None:
    venue = Venue()
    venue.buy(10, 10**7)
    assert reason(hold(venue, FUNDS - 10**8 + 1)) == RejectReason.NOT_AVAILABLE
    only(WithdrawalHeld, hold(venue, FUNDS - 10**8))
    (rejected,) = venue.buy(1, 1)
    assert getattr(rejected, "reason", 0) == RejectReason.INSUFFICIENT_FUNDS
    check_state(venue.state)


@pytest.mark.parametrize(
    ("steps", "last", "expected"),
    (
        ((hold,), hold, RejectReason.ALREADY_DONE),
        ((hold, settle), hold, RejectReason.ALREADY_DONE),
        ((hold, release), hold, RejectReason.ALREADY_DONE),
        ((hold,), lambda v: hold(v, 99), RejectReason.DONE_OTHERWISE),
        ((hold,), lambda v: hold(v, account="B"), RejectReason.DONE_OTHERWISE),
        ((hold, settle), settle, RejectReason.ALREADY_DONE),
        ((hold, settle), lambda v: settle(v, 99), RejectReason.DONE_OTHERWISE),
        ((hold, settle), release, RejectReason.WITHDRAWAL_CLOSED),
        ((hold, release), release, RejectReason.ALREADY_DONE),
        ((hold, release), settle, RejectReason.WITHDRAWAL_CLOSED),
        ((hold,), lambda v: settle(v, 101), RejectReason.ABOVE_HELD),
        ((hold,), lambda v: settle(v, 0), RejectReason.AMOUNT_OUT_OF_RANGE),
        ((), lambda v: hold(v, -1), RejectReason.AMOUNT_OUT_OF_RANGE),
        ((), lambda v: hold(v, withdrawal_id=""), RejectReason.REFERENCE_MISSING),
        ((), lambda v: hold(v, account="nobody"), RejectReason.UNKNOWN_ACCOUNT),
        ((), settle, RejectReason.UNKNOWN_WITHDRAWAL),
        ((), release, RejectReason.UNKNOWN_WITHDRAWAL),
    ),
)
@pytest.mark.parametrize("restarts", (False, True))
def test_what_cannot_be_done_changes_nothing_and_says_why(
    steps: tuple[Step, ...], last: Step, expected: RejectReason, *, restarts: bool
) -> None:
    venue = Venue()
    for step in steps:
        step(venue)
    if restarts:
        restart(venue)
    before = [venue.holding(account, "USD").total for account in "ABC"], venue.balance("A", "USD")
    assert reason(last(venue)) == expected
    assert ([venue.holding(account, "USD").total for account in "ABC"], venue.balance("A", "USD")) == before
    check_state(venue.state)


def test_only_so_many_closed_withdrawals_are_kept_and_all_that_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(booking, "REFERENCES_KEPT", 2)
    venue = Venue()
    for number in range(1, 5):
        hold(venue, withdrawal_id=f"W-{number}")
    for number in (2, 1, 3):
        settle(venue, withdrawal_id=f"W-{number}")
    restart(venue)
    assert list(venue.state.references.withdrawals) == ["W-1", "W-3", "W-4"]
    assert reason(settle(venue, withdrawal_id="W-2")) == RejectReason.UNKNOWN_WITHDRAWAL


@given(st.lists(st.sampled_from((hold, settle, release, restart, lambda v: settle(v, 60))), max_size=12))
def test_each_withdrawal_is_paid_once_or_not_at_all(steps: list[Callable[[Venue], object]]) -> None:
    venue = Venue()
    for step in steps:
        step(venue)
        check_state(venue.state)
    again = Exchange()
    for command, time_ns in venue.applied:
        again.apply(command, time_ns)
    assert state_hash(again.state, 1) == state_hash(venue.state, 1)
    assert venue.state.withdrawn["USD"] in (0, 60, 100)


# ------------------------------------------------------------------------------------------------ blocks


@pytest.mark.parametrize(
    ("scope", "expected"),
    (
        (Scope.ACCOUNT, RejectReason.ACCOUNT_WITHDRAWALS_BLOCKED),
        (Scope.FIRM, RejectReason.FIRM_WITHDRAWALS_BLOCKED),
    ),
)
def test_who_is_blocked_for_withdrawals_may_trade_and_not_withdraw(scope: Scope, expected: RejectReason) -> None:
    venue = Venue()
    hold(venue)
    assert block(venue, scope) == [WithdrawalsBlocked(scope, "A", "mira", "frozen", was_blocked=False)]
    restart(venue)
    assert only(WithdrawalsBlocked, block(venue, scope)).was_blocked
    assert [(shown.scope, shown.name) for shown in show_venue(venue.state, 1).withdrawals_blocks] == [(scope, "A")]
    assert reason(hold(venue, withdrawal_id="W-2")) == expected
    only(WithdrawalHeld, hold(venue, withdrawal_id="W-3", account="B"))
    assert len(venue.buy(1, 1)) == 1
    only(WithdrawalSettled, settle(venue))
    unblocked = venue.apply(commands.UnblockWithdrawals(scope, "A", "mira", "cleared"))
    assert unblocked == [WithdrawalsUnblocked(scope, "A", "mira", "cleared", was_blocked=True)]
    only(WithdrawalHeld, hold(venue, withdrawal_id="W-2"))


@pytest.mark.parametrize(
    ("command", "text"),
    (
        (
            commands.BlockWithdrawals(Scope.SESSION, "A", "mira", ""),
            "block of withdrawals: a session has no funds; its accounts and firm have",
        ),
        (
            commands.UnblockWithdrawals(Scope.SESSION, "A", "mira", ""),
            "unblock of withdrawals: a session has no funds; its accounts and firm have",
        ),
        (commands.BlockWithdrawals(Scope.FIRM, "X", "mira", ""), "block of withdrawals: unknown firm X"),
        (commands.UnblockWithdrawals(Scope.ACCOUNT, "X", "mira", ""), "unblock of withdrawals: unknown account X"),
    ),
)
def test_a_block_that_makes_no_sense_is_refused(
    command: commands.BlockWithdrawals | commands.UnblockWithdrawals, text: str
) -> None:
    assert only(CommandRejected, Venue().apply(command)).text == text


def test_what_is_held_is_told_with_the_balances() -> None:
    venue = Venue()
    hold(venue, FUNDS)
    events = venue.apply(commands.QueryBalances("A", 1, "q", "A", is_collateral=False))
    told = {event.asset: (event.available, event.held) for event in events if isinstance(event, BalanceReported)}
    assert told == {"BTC": (FUNDS, 0), "USD": (0, FUNDS)}
