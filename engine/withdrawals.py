"""Withdrawals: funds are held until the payment is known to have been made, or not.

| stage | `HoldWithdrawal` | `SettleWithdrawal` | `ReleaseWithdrawal` |
|---|---|---|---|
| none | → HELD: available → held | refused | refused |
| HELD | refused: done already | → SETTLED: held → outside, the rest → available | → RELEASED: held → available |
| SETTLED | refused: done already | refused: done already | refused: closed |
| RELEASED | refused: done already | refused: closed | refused: done already |

What is asked again, with the same figures, is `ALREADY_DONE`; with others, `DONE_OTHERWISE`. A block keeps funds from
being held; what is held may be settled all the same, as the payment may have left.
"""

from engine.booking import Withdrawal
from engine.commands import (
    BlockWithdrawals,
    HoldWithdrawal,
    ReleaseWithdrawal,
    SettleWithdrawal,
    UnblockWithdrawals,
)
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
from engine.funds import why_not_taken_out
from engine.guard import Guard
from engine.guarding import guard_of, guards, unknown
from engine.reject import RejectReason
from engine.state import State
from engine.values import Amount, Scope, WithdrawalStage


def hold_withdrawal(state: State, command: HoldWithdrawal) -> list[AnyEvent]:
    """Set available funds apart for a payment."""
    account = state.accounts.get(command.account)
    asked = Withdrawal(command.account, command.asset, command.amount)
    if account is None:
        return [_refused(command, RejectReason.UNKNOWN_ACCOUNT)]
    reason = _why_not_held(state, command.withdrawal_id, asked) or why_not_taken_out(
        account, command.asset, command.amount
    )
    if reason is not None:
        return [_refused(command, reason)]
    state.references.withdrawals[command.withdrawal_id] = asked
    holding = account.holdings[command.asset]
    holding.available -= command.amount
    holding.held += command.amount
    return [
        WithdrawalHeld(
            command.withdrawal_id,
            command.account,
            command.asset,
            command.amount,
            holding.available,
            holding.held,
            command.by,
            command.why,
        )
    ]


def release_withdrawal(state: State, command: ReleaseWithdrawal) -> list[AnyEvent]:
    """Give back what is held for a payment that is not made."""
    known = state.references.withdrawals.get(command.withdrawal_id)
    if known is None:
        return [_refused(command, RejectReason.UNKNOWN_WITHDRAWAL)]
    if known.stage is not WithdrawalStage.HELD:
        is_released = known.stage is WithdrawalStage.RELEASED
        return [_refused(command, RejectReason.ALREADY_DONE if is_released else RejectReason.WITHDRAWAL_CLOSED)]
    available, held = _close(state, command.withdrawal_id, known, WithdrawalStage.RELEASED, 0)
    return [
        WithdrawalReleased(
            command.withdrawal_id,
            known.account,
            known.asset,
            known.amount,
            available,
            held,
            command.by,
            command.why,
        )
    ]


def settle_withdrawal(state: State, command: SettleWithdrawal) -> list[AnyEvent]:
    """Take what was paid out of the venue, and give back the rest of what was held for it."""
    known = state.references.withdrawals.get(command.withdrawal_id)
    if known is None:
        return [_refused(command, RejectReason.UNKNOWN_WITHDRAWAL)]
    if known.stage is WithdrawalStage.RELEASED:
        return [_refused(command, RejectReason.WITHDRAWAL_CLOSED)]
    if known.stage is WithdrawalStage.SETTLED:
        is_same = known.settled == command.amount
        return [_refused(command, RejectReason.ALREADY_DONE if is_same else RejectReason.DONE_OTHERWISE)]
    if command.amount <= 0:
        return [_refused(command, RejectReason.AMOUNT_OUT_OF_RANGE)]
    if command.amount > known.amount:
        return [_refused(command, RejectReason.ABOVE_HELD)]
    available, held = _close(state, command.withdrawal_id, known, WithdrawalStage.SETTLED, command.amount)
    state.withdrawn[known.asset] += command.amount
    return [
        WithdrawalSettled(
            command.withdrawal_id,
            known.account,
            known.asset,
            command.amount,
            known.amount - command.amount,
            available,
            held,
            command.by,
            command.why,
        )
    ]


def block_withdrawals(state: State, command: BlockWithdrawals) -> list[AnyEvent]:
    """Let nothing more be held for withdrawals of a firm or an account, nor be moved out of it."""
    guard = _guard(state, command)
    if guard is None:
        return [CommandRejected(f"block of withdrawals: {_why_unknown(command)}")]
    was_blocked = guard.withdrawals_block is not None
    if not was_blocked:
        guard.withdrawals_block = command
    return [WithdrawalsBlocked(command.scope, command.name, command.by, command.why, was_blocked)]


def unblock_withdrawals(state: State, command: UnblockWithdrawals) -> list[AnyEvent]:
    """Let a firm or an account withdraw again, as far as no other block is in its way."""
    guard = _guard(state, command)
    if guard is None:
        return [CommandRejected(f"unblock of withdrawals: {_why_unknown(command)}")]
    was_blocked = guard.withdrawals_block is not None
    guard.withdrawals_block = None
    return [WithdrawalsUnblocked(command.scope, command.name, command.by, command.why, was_blocked)]


def withdrawals_blocks(state: State) -> list[BlockWithdrawals]:
    """Return all blocks of withdrawals: of firms, then of accounts."""
    return [guard.withdrawals_block for guard in guards(state) if guard.withdrawals_block is not None]


def _guard(state: State, command: BlockWithdrawals | UnblockWithdrawals) -> Guard | None:
    return None if command.scope is Scope.SESSION else guard_of(state, command.scope, command.name)


def _why_unknown(command: BlockWithdrawals | UnblockWithdrawals) -> str:
    is_session = command.scope is Scope.SESSION
    return "a session has no funds; its accounts and firm have" if is_session else unknown(command.scope, command.name)


def _why_not_held(state: State, withdrawal_id: str, asked: Withdrawal) -> RejectReason | None:
    if asked.asset not in state.assets:
        return RejectReason.UNKNOWN_ASSET
    if not withdrawal_id:
        return RejectReason.REFERENCE_MISSING
    known = state.references.withdrawals.get(withdrawal_id)
    if known is not None:
        is_same = (known.account, known.asset, known.amount) == (asked.account, asked.asset, asked.amount)
        return RejectReason.ALREADY_DONE if is_same else RejectReason.DONE_OTHERWISE
    return RejectReason.AMOUNT_OUT_OF_RANGE if asked.amount <= 0 else None


def _close(
    state: State, withdrawal_id: str, known: Withdrawal, stage: WithdrawalStage, settled: Amount
) -> tuple[Amount, Amount]:
    """End a withdrawal, what was not settled being given back, and return what is available and held then."""
    state.references.close(withdrawal_id, stage, settled)
    holding = state.accounts[known.account].holdings[known.asset]
    holding.held -= known.amount
    holding.available += known.amount - settled
    return holding.available, holding.held


def _refused(command: HoldWithdrawal | ReleaseWithdrawal | SettleWithdrawal, reason: RejectReason) -> FundsRefused:
    return FundsRefused(command.withdrawal_id, reason, reason.text, command.by)
