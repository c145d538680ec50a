"""Deposits, their reversal, transfers: each reference is booked once, whatever happens to who asked."""

from collections.abc import Callable

import msgspec
import pytest

from engine import booking, commands
from engine.events import AnyEvent, CommandRejected, Credited, Debited, FeeCharged, FundsRefused, Transferred
from engine.exchange import Exchange
from engine.reject import RejectReason
from engine.snapshot import capture, restore
from engine.values import AMOUNT_MAX, INTEGER_MAX, Scope
from tests.engine.builders import Venue, only
from tests.engine.invariants import check_state

FUNDS = 10**9


def credit(venue: Venue, amount: int = 5, reference: str = "D-1", account: str = "A") -> list[AnyEvent]:
    return venue.apply(commands.Credit(account, "USD", amount, reference, "mira", "received"))


def debit(venue: Venue, amount: int = 5, reference: str = "R-1") -> list[AnyEvent]:
    return venue.apply(commands.Debit("A", "USD", amount, reference, "mira", "returned by the bank"))


def transfer(venue: Venue, amount: int = 5, reference: str = "T-1", to: str = "B") -> list[AnyEvent]:
    return venue.apply(commands.Transfer("A", to, "USD", amount, reference, "mira", "as asked"))


def charge(venue: Venue, amount: int = 5, reference: str = "INV-1") -> list[AnyEvent]:
    return venue.apply(commands.ChargeFee("A", "USD", amount, reference, "mira", "minimum of 2026-11"))


def reason(events: list[AnyEvent]) -> int:
    return only(FundsRefused, events).reason


def restarted(venue: Venue) -> Venue:
    venue.exchange = Exchange(restore(capture(venue.state, len(venue.applied))))
    venue.state = venue.exchange.state
    return venue


def test_deposit_tells_what_is_available_then_and_who_booked_it() -> None:
    venue = Venue()
    assert credit(venue) == [Credited("A", "USD", 5, FUNDS + 5, "D-1", "mira", "received")]
    check_state(venue.state)


@pytest.mark.parametrize("again", (lambda venue: venue, restarted))
def test_deposit_sent_again_is_told_apart_from_one_that_is_wrong(again: Callable[[Venue], Venue]) -> None:
    venue = Venue()
    credit(venue)
    venue = again(venue)
    assert credit(venue) == [FundsRefused("D-1", RejectReason.ALREADY_DONE, RejectReason.ALREADY_DONE.text, "mira")]
    assert reason(credit(venue, 6)) == RejectReason.DONE_OTHERWISE
    assert reason(credit(venue, account="B")) == RejectReason.DONE_OTHERWISE
    assert reason(debit(venue, reference="D-1")) == RejectReason.DONE_OTHERWISE
    assert venue.holding("A", "USD").available == FUNDS + 5
    check_state(venue.state)


def test_deposit_of_the_settings_is_refused_in_words_as_ever() -> None:
    venue = Venue()
    venue.credit("A", "USD", 5, "opening")
    assert venue.credit("A", "USD", 5, "opening") == [CommandRejected("credit opening: this reference has been booked")]


def test_reference_in_a_snapshot_that_knows_no_more_of_it_is_taken_for_the_same() -> None:
    venue = Venue(funds=0)
    credit(venue)
    image = msgspec.structs.replace(capture(venue.state, 9), credit_references=["D-1"], bookings={})
    venue.exchange = Exchange(restore(image))
    assert reason(credit(venue, 7)) == RejectReason.ALREADY_DONE


def test_only_so_many_references_are_kept_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(booking, "REFERENCES_KEPT", 2)
    venue = Venue(funds=0)
    for number in range(1, 4):
        credit(venue, reference=f"D-{number}")
    assert reason(credit(restarted(venue), reference="D-2")) == RejectReason.ALREADY_DONE
    only(Credited, credit(venue, reference="D-1"))
    assert list(venue.state.references.booked) == ["D-3", "D-1"]


def test_deposit_may_fill_the_room_that_withdrawals_have_left() -> None:
    venue = Venue(funds=0)
    only(Credited, credit(venue, AMOUNT_MAX))
    assert reason(credit(venue, 1, "D-2")) == RejectReason.AMOUNT_OUT_OF_RANGE
    venue.apply(commands.HoldWithdrawal("A", "USD", AMOUNT_MAX, "W-1", "mira", ""))
    venue.apply(commands.SettleWithdrawal("W-1", AMOUNT_MAX, "mira", ""))
    only(Credited, credit(venue, AMOUNT_MAX - 1, "D-3"))
    check_state(venue.state)
    venue.state.credited["USD"] = venue.state.withdrawn["USD"] = INTEGER_MAX
    assert reason(credit(venue, 1, "D-4")) == RejectReason.AMOUNT_OUT_OF_RANGE


def test_deposit_is_taken_back_as_far_as_it_is_available() -> None:
    venue = Venue(funds=0)
    credit(venue, 100)
    venue.buy(1, 60)
    assert reason(debit(venue, 41)) == RejectReason.NOT_AVAILABLE
    assert debit(venue, 40) == [Debited("A", "USD", 40, 0, "R-1", "mira", "returned by the bank")]
    assert reason(debit(venue, 40)) == RejectReason.ALREADY_DONE
    assert venue.state.credited["USD"] == 60
    check_state(venue.state)


def test_transfer_moves_what_is_available_once() -> None:
    venue = Venue()
    assert transfer(venue) == [Transferred("A", "B", "USD", 5, FUNDS - 5, FUNDS + 5, "T-1", "mira", "as asked")]
    assert reason(transfer(venue)) == RejectReason.ALREADY_DONE
    assert reason(transfer(venue, to="C")) == RejectReason.DONE_OTHERWISE
    assert reason(transfer(venue, FUNDS, "T-2")) == RejectReason.NOT_AVAILABLE
    assert reason(transfer(venue, reference="T-2", to="nobody")) == RejectReason.UNKNOWN_ACCOUNT
    check_state(venue.state)


def test_nothing_is_transferred_from_an_account_that_may_not_withdraw() -> None:
    venue = Venue()
    venue.apply(commands.BlockWithdrawals(Scope.ACCOUNT, "A", "mira", "frozen"))
    assert reason(transfer(venue)) == RejectReason.ACCOUNT_WITHDRAWALS_BLOCKED
    only(Credited, credit(venue))
    only(Debited, debit(venue))


@pytest.mark.parametrize("again", (lambda venue: venue, restarted))
def test_a_fee_is_taken_once_from_what_is_available_and_is_the_venues(again: Callable[[Venue], Venue]) -> None:
    venue = Venue()
    venue.apply(commands.BlockWithdrawals(Scope.FIRM, "A", "mira", "frozen"))
    assert charge(venue) == [FeeCharged("A", "USD", 5, FUNDS - 5, "INV-1", "mira", "minimum of 2026-11")]
    venue = again(venue)
    assert reason(charge(venue)) == RejectReason.ALREADY_DONE
    assert reason(charge(venue, 6)) == RejectReason.DONE_OTHERWISE
    assert reason(debit(venue, reference="INV-1")) == RejectReason.DONE_OTHERWISE
    assert reason(charge(venue, FUNDS, "INV-2")) == RejectReason.NOT_AVAILABLE
    assert (venue.state.fees["USD"], venue.holding("A", "USD").available) == (5, FUNDS - 5)
    check_state(venue.state)


def test_a_deposit_that_was_taken_back_is_no_fee() -> None:
    venue = Venue()
    debit(venue)
    assert reason(charge(venue, reference="R-1")) == RejectReason.DONE_OTHERWISE
