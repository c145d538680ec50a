"""Funds that come in, go back, move between accounts or pay a fee, each under a reference that is booked once.

Whoever is not sure whether a command arrived sends it again: the same under the same reference is refused as
`ALREADY_DONE` and changes nothing; anything else under it is `DONE_OTHERWISE`. How long references are kept:
`engine.booking`. What leaves the venue does so by `engine.withdrawals`.
"""

from engine.account import Account
from engine.booking import UNKNOWN_BOOKING, Booking
from engine.commands import ChargeFee, Credit, Debit, Transfer
from engine.events import AnyEvent, CommandRejected, Credited, Debited, FeeCharged, FundsRefused, Transferred
from engine.holding import Holding
from engine.reject import RejectReason
from engine.state import State
from engine.values import AMOUNT_MAX, INTEGER_MAX, Amount


def credit(state: State, command: Credit) -> list[AnyEvent]:
    """Book a deposit. One that the settings ask for, which nobody signs, is refused in words."""
    booking = Booking("", command.account, command.asset, command.amount)
    account = _admitted(state, command, booking, command.account)
    if isinstance(account, Account) and not _has_room(state, command.asset, command.amount):
        account = RejectReason.AMOUNT_OUT_OF_RANGE
    if not isinstance(account, Account):
        return [_refused(command, account) if command.by else CommandRejected(_in_words(command, account))]
    state.references.book(command.reference, booking)
    state.credited[command.asset] += command.amount
    holding = account.holdings[command.asset]
    holding.available += command.amount
    return [
        Credited(
            command.account,
            command.asset,
            command.amount,
            holding.available,
            command.reference,
            command.by,
            command.why,
        )
    ]


def debit(state: State, command: Debit) -> list[AnyEvent]:
    """Take back a deposit that should not have been booked, as far as the account has it available."""
    holding = _taken_from(state, command, Booking(command.account, "", command.asset, command.amount))
    if not isinstance(holding, Holding):
        return [_refused(command, holding)]
    state.credited[command.asset] -= command.amount
    return [
        Debited(
            command.account,
            command.asset,
            command.amount,
            holding.available,
            command.reference,
            command.by,
            command.why,
        )
    ]


def transfer(state: State, command: Transfer) -> list[AnyEvent]:
    """Move funds from one account to another; not out of one that is blocked for withdrawals."""
    booking = Booking(command.from_account, command.to_account, command.asset, command.amount)
    giver = _admitted(state, command, booking, command.from_account)
    if not isinstance(giver, Account):
        return [_refused(command, giver)]
    taker = state.accounts.get(command.to_account)
    if taker is None or taker is giver:
        return [_refused(command, RejectReason.UNKNOWN_ACCOUNT if taker is None else RejectReason.SAME_ACCOUNT)]
    reason = why_not_taken_out(giver, command.asset, command.amount)
    if reason is not None:
        return [_refused(command, reason)]
    state.references.book(command.reference, booking)
    given, taken = giver.holdings[command.asset], taker.holdings[command.asset]
    given.available -= command.amount
    taken.available += command.amount
    return [
        Transferred(
            command.from_account,
            command.to_account,
            command.asset,
            command.amount,
            given.available,
            taken.available,
            command.reference,
            command.by,
            command.why,
        )
    ]


def charge_fee(state: State, command: ChargeFee) -> list[AnyEvent]:
    """Take a fee from what an account has available, whether or not it is blocked: nothing leaves the venue."""
    holding = _taken_from(state, command, Booking(command.account, "", command.asset, command.amount, is_fee=True))
    if not isinstance(holding, Holding):
        return [_refused(command, holding)]
    state.fees[command.asset] += command.amount
    return [
        FeeCharged(
            command.account,
            command.asset,
            command.amount,
            holding.available,
            command.reference,
            command.by,
            command.why,
        )
    ]


def why_not_taken_out(account: Account, asset: str, amount: Amount) -> RejectReason | None:
    """Return the reason for which an account cannot part with an amount, None if it can."""
    if account.guard.withdrawals_block is not None:
        return RejectReason.ACCOUNT_WITHDRAWALS_BLOCKED
    if account.firm_guard.withdrawals_block is not None:
        return RejectReason.FIRM_WITHDRAWALS_BLOCKED
    return RejectReason.NOT_AVAILABLE if amount > account.holdings[asset].available else None


def _taken_from(state: State, command: Debit | ChargeFee, booking: Booking) -> Holding | RejectReason:
    """Book what an account has to part with, and return what it has left; or say why it cannot."""
    account = _admitted(state, command, booking, command.account)
    if not isinstance(account, Account):
        return account
    holding = account.holdings[command.asset]
    if command.amount > holding.available:
        return RejectReason.NOT_AVAILABLE
    state.references.book(command.reference, booking)
    holding.available -= command.amount
    return holding


def _admitted(
    state: State, command: Credit | Debit | Transfer | ChargeFee, booking: Booking, name: str
) -> Account | RejectReason:
    """Return the account whose funds are to move; or say why this cannot be booked, whatever it has."""
    account = state.accounts.get(name)
    if account is None:
        return RejectReason.UNKNOWN_ACCOUNT
    if booking.asset not in state.assets:
        return RejectReason.UNKNOWN_ASSET
    if command.by and not command.reference:
        return RejectReason.REFERENCE_MISSING
    before = state.references.booked.get(command.reference)
    if before is not None:
        is_same = before in (booking, UNKNOWN_BOOKING)
        return RejectReason.ALREADY_DONE if is_same else RejectReason.DONE_OTHERWISE
    return account if 0 < booking.amount <= AMOUNT_MAX else RejectReason.AMOUNT_OUT_OF_RANGE


def _has_room(state: State, asset: str, amount: Amount) -> bool:
    """Tell whether a deposit leaves the venue with no more of an asset than it can hold, and can count."""
    credited = state.credited[asset] + amount
    return credited - state.withdrawn[asset] <= AMOUNT_MAX and credited <= INTEGER_MAX


def _refused(command: Credit | Debit | Transfer | ChargeFee, reason: RejectReason) -> FundsRefused:
    return FundsRefused(command.reference, reason, reason.text, command.by)


def _in_words(command: Credit, reason: RejectReason) -> str:
    """Return why a deposit of the settings is refused."""
    why = {
        RejectReason.UNKNOWN_ACCOUNT: f"unknown account {command.account}",
        RejectReason.UNKNOWN_ASSET: f"unknown asset {command.asset}",
        RejectReason.AMOUNT_OUT_OF_RANGE: f"amount {command.amount} is out of range",
    }
    return f"credit {command.reference}: {why.get(reason, 'this reference has been booked')}"
