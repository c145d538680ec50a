"""Withdrawals, step by step: asked for, held in the engine, checked, approved, stored, sent, settled.

Each function is one transaction's work. What goes to the engine or to a rail goes between two of them, and in this
order: first the state that says it may have been done is committed, then it is done. So whoever is killed in between
knows afterwards what may have happened: a command is given again, as the engine takes it once; a payout is not, it
becomes *uncertain*.
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import and_, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.base import total
from backoffice.database.finding import row_of
from backoffice.errors import Refused
from backoffice.payments import destinations, suspense, velocity
from backoffice.payments.clients import Clients, Flow, Transfer
from backoffice.payments.deposits import position_of
from backoffice.payments.moving import move_withdrawal
from backoffice.payments.rail import Outcome, OutcomeState, Payout
from backoffice.payments.rules import PaymentRules, needed, over_the_day
from backoffice.payments.states import (
    ACTIVE_WITHDRAWALS,
    WITHDRAWALS,
    DepositState,
    WithdrawalState,
    WithdrawalVerb,
)
from backoffice.payments.tables import Deposit, Destination, RenewedPayout, Withdrawal
from backoffice.staff import approvals, audit
from backoffice.staff.actor import BACK_OFFICE, Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.tables import Approval
from backoffice.times import DAY_NS
from engine.values import AMOUNT_MAX

KIND: Final = "withdrawal"
OUTCOME: Final = "withdrawal-outcome"
"""The approval of what has become of a withdrawal that is uncertain or recalled, found out by other means."""
_NOT_COUNTED: Final = frozenset(
    str(state)
    for state in (
        *(WithdrawalState.REFUSED, WithdrawalState.FAILING, WithdrawalState.FAILED),
        *(WithdrawalState.CANCELLING, WithdrawalState.CANCELLED),
        *(WithdrawalState.GIVING_BACK, WithdrawalState.GIVEN_BACK),
    )
)
"""What is not paid out is not counted for the day."""
_TOO_LATE: Final = "it cannot be cancelled any more"
_NOT_CANCELLED: Final = {
    str(WithdrawalState.HOLDING): "it cannot be cancelled until the venue holds the funds; try again in a moment",
    str(WithdrawalState.UNCERTAIN): f"{_TOO_LATE}; `fondaco withdrawal resolve` says what has become of it",
}


async def request(
    session: AsyncSession, actor: Actor, destination_name: str, amount: int, *, why: str, now_ns: int
) -> Withdrawal:
    """Ask for a withdrawal to a destination. The rest comes by itself, but for those who must approve it."""
    actor.require(Permission.REQUEST_WITHDRAWALS)
    destination = await destinations.find(session, destination_name)
    if not 0 < amount < AMOUNT_MAX:
        raise Refused("the amount of a withdrawal must be more than nothing")
    flaw = destinations.objection(destination, now_ns)
    if destination.usable_from_ns is None or destination.removed_ns is not None:
        raise Refused(flaw)
    withdrawal = Withdrawal(
        account=destination.account,
        rail=destination.rail,
        asset=destination.asset,
        amount=amount,
        destination_id=destination.id,
        state=WithdrawalState.HOLDING,
        reason=why,
        requested_by=actor.user,
        requested_ns=now_ns,
        changed_ns=now_ns,
        approval=None,
        number=None,
        prepared=None,
        confirmations=0,
        outcome="",
        fee=0,
        ended_sequence=None,
    )
    session.add(withdrawal)
    await session.flush()
    asked = {"account": withdrawal.account, "asset": withdrawal.asset, "amount": str(amount), "to": destination.name}
    await audit.record(session, actor, "request", withdrawal.subject, before=None, after=asked, why=why, now_ns=now_ns)
    return withdrawal


async def objection(
    session: AsyncSession, withdrawal: Withdrawal, rules: PaymentRules | None, clients: Clients, now_ns: int
) -> str:
    """Return why a withdrawal must not go on now, empty if nothing is against it."""
    if rules is None:
        return f"no rules for {withdrawal.asset} on {withdrawal.rail}"
    destination = await _destination_of(session, withdrawal)
    flaw = destinations.objection(destination, now_ns)
    if flaw:
        return flaw
    others = select(total(Withdrawal.amount)).where(
        *(Withdrawal.account == withdrawal.account, Withdrawal.asset == withdrawal.asset),
        *(Withdrawal.requested_ns > withdrawal.requested_ns - DAY_NS, Withdrawal.id < withdrawal.id),
        Withdrawal.state.not_in(_NOT_COUNTED),
    )
    flaw = over_the_day(rules, withdrawal.amount, await session.scalar(others) or 0)
    flaw = flaw or await clients.objection(session, withdrawal.account, Flow.OUT, withdrawal.asset, withdrawal.amount)
    flaw = flaw or await velocity.objection(
        session, withdrawal, await clients.allowances(session, withdrawal.account), now_ns
    )
    fields = (withdrawal.account, withdrawal.rail, withdrawal.asset, withdrawal.amount, destination.address)
    return flaw or await clients.travel_rule(session, Transfer(withdrawal.name, Flow.OUT, *fields), now_ns)


async def judge(
    session: AsyncSession, withdrawal: Withdrawal, rules: PaymentRules | None, clients: Clients, now_ns: int
) -> bool:
    """Ask the rules about a withdrawal whose funds are held, at each point before it is sent; tell if it moved."""
    state = WithdrawalState(withdrawal.state)
    if (await _destination_of(session, withdrawal)).removed_ns is not None:
        # It will never be paid to again: the funds are not to wait for that.
        await _withdraw_approval(session, withdrawal, now_ns)
        why = "the destination is removed"
        await move_withdrawal(session, BACK_OFFICE, withdrawal, WithdrawalVerb.CANCEL, why=why, now_ns=now_ns)
        return True
    why = await objection(session, withdrawal, rules, clients, now_ns)
    if why:
        if state is WithdrawalState.STOPPED:
            withdrawal.reason = why
            return False
        await _withdraw_approval(session, withdrawal, now_ns)
        await move_withdrawal(session, BACK_OFFICE, withdrawal, WithdrawalVerb.STOP, why=why, now_ns=now_ns)
        return True
    if state not in (WithdrawalState.HELD, WithdrawalState.STOPPED):
        return False
    assert rules is not None
    await move_withdrawal(
        session, BACK_OFFICE, withdrawal, WithdrawalVerb.SUBMIT, why="nothing against it", now_ns=now_ns
    )
    maker = Actor(withdrawal.requested_by)
    asked = {"account": withdrawal.account, "asset": withdrawal.asset, "amount": str(withdrawal.amount)}
    approval = await approvals.propose(
        *(session, maker, KIND, withdrawal.subject, {"withdrawal": withdrawal.id, **asked}),
        why=f"withdrawal {withdrawal.name}",
        now_ns=now_ns,
        needed=max(needed(rules.approvals, withdrawal.amount), 1),
    )
    withdrawal.approval = approval.id
    return True


async def _destination_of(session: AsyncSession, withdrawal: Withdrawal) -> Destination:
    return await session.get_one(Destination, withdrawal.destination_id)


async def _withdraw_approval(session: AsyncSession, withdrawal: Withdrawal, now_ns: int) -> None:
    """End the approval that a withdrawal waits for, which is not to go on."""
    if withdrawal.state == WithdrawalState.APPROVING and withdrawal.approval is not None:
        # It must not be cancelled for that: `_turn_down` looks at which approval it waits for.
        approval, withdrawal.approval = withdrawal.approval, None
        await session.flush()
        maker = Actor(withdrawal.requested_by)
        await approvals.withdraw(session, maker, approval, why="the withdrawal is stopped", now_ns=now_ns)


async def cancel(session: AsyncSession, actor: Actor, name: str, *, why: str, now_ns: int) -> Withdrawal:
    """Call a withdrawal off, before it is sent. Raise `Refused` when it is too late."""
    actor.require(Permission.REQUEST_WITHDRAWALS)
    withdrawal = await find(session, name)
    if WithdrawalVerb.CANCEL not in WITHDRAWALS[WithdrawalState(withdrawal.state)]:
        raise Refused(f"{name} is {withdrawal.state}: {_NOT_CANCELLED.get(withdrawal.state, _TOO_LATE)}")
    await _withdraw_approval(session, withdrawal, now_ns)
    await move_withdrawal(session, actor, withdrawal, WithdrawalVerb.CANCEL, why=why, now_ns=now_ns)
    return withdrawal


async def reserve(session: AsyncSession, withdrawal: Withdrawal) -> Payout:
    """Return what is to be paid, with the number on the rail that is its own from now on."""
    if withdrawal.number is None:
        position = await position_of(session, withdrawal.rail)
        withdrawal.number, position.next_number = position.next_number, position.next_number + 1
    return await payout_of(session, withdrawal)


async def payout_of(session: AsyncSession, withdrawal: Withdrawal) -> Payout:
    """Return what is to be paid, as the rail knows it."""
    destination = await _destination_of(session, withdrawal)
    assert withdrawal.number is not None
    return Payout(
        withdrawal.name,
        withdrawal.number,
        destination.address,
        withdrawal.asset,
        withdrawal.amount,
        destination.holder,
    )


async def sent_of(session: AsyncSession, withdrawal: Withdrawal) -> list[bytes]:
    """Return all that was stored to be handed over to the rail, the oldest first."""
    if withdrawal.prepared is None:
        return []
    query = select(RenewedPayout.prepared).where(RenewedPayout.withdrawal_id == withdrawal.id)
    return [withdrawal.prepared, *await session.scalars(query.order_by(RenewedPayout.number))]


async def keep_renewed(session: AsyncSession, withdrawal: Withdrawal, renewed: bytes, now_ns: int) -> bool:
    """Store what is handed over next; tell whether that may be done. Whoever was killed then finds it stored."""
    if withdrawal.state != WithdrawalState.SENT:
        return False
    sent = await sent_of(session, withdrawal)
    if renewed not in sent:
        number = len(sent)
        session.add(RenewedPayout(withdrawal_id=withdrawal.id, number=number, prepared=renewed, made_ns=now_ns))
        after, why = {"renewed": number}, "it waits too long on the rail"
        await audit.record(
            *(session, BACK_OFFICE, "renew", withdrawal.subject), before=None, after=after, why=why, now_ns=now_ns
        )
    return True


async def take_outcome(
    session: AsyncSession, withdrawal: Withdrawal, outcome: Outcome, rules: PaymentRules | None, now_ns: int
) -> bool:
    """Store what the rail says of a payout that is, or may be, on its way; tell whether it went anywhere."""
    withdrawal.confirmations, withdrawal.fee = outcome.confirmations, outcome.fee
    withdrawal.outcome = outcome.text
    depth = needed(rules.confirmations, withdrawal.amount) if rules is not None else 0
    verb: WithdrawalVerb | None = None
    if outcome.state is OutcomeState.SETTLED and outcome.confirmations >= depth:
        verb = WithdrawalVerb.PAY
    elif outcome.state is OutcomeState.FAILED:
        verb = WithdrawalVerb.FAIL
    elif outcome.state is not OutcomeState.UNKNOWN and withdrawal.state == WithdrawalState.UNCERTAIN:
        verb = WithdrawalVerb.SEND
    if verb is None:
        return False
    why = f"the rail says {outcome.state}" + (f": {outcome.text}" if outcome.text else "")
    await move_withdrawal(session, BACK_OFFICE, withdrawal, verb, why=why, now_ns=now_ns)
    return True


async def look_back(
    session: AsyncSession,
    withdrawal: Withdrawal,
    outcome: Outcome,
    rules: PaymentRules | None,
    clients: Clients,
    now_ns: int,
) -> bool:
    """Store what the rail says of a payout that was settled; tell whether it has taken it back, or has it again."""
    depth = needed(rules.confirmations, withdrawal.amount) if rules is not None else 0
    state = WithdrawalState(withdrawal.state)
    why = f"the rail says {outcome.state}" + (f": {outcome.text}" if outcome.text else "")
    if state is WithdrawalState.SETTLED and outcome.state in (OutcomeState.FAILED, OutcomeState.PENDING):
        await move_withdrawal(session, BACK_OFFICE, withdrawal, WithdrawalVerb.VANISH, why=why, now_ns=now_ns)
        back = "the rail has taken it back after it was settled"
        what = f"{withdrawal.name}: {back}; ask it, see `fondaco withdrawal resolve`"
        await clients.have_done(session, withdrawal.account, what, now_ns)
    elif state is WithdrawalState.RECALLED and outcome.state is OutcomeState.SETTLED and outcome.confirmations >= depth:
        await move_withdrawal(session, BACK_OFFICE, withdrawal, WithdrawalVerb.REAPPEAR, why=why, now_ns=now_ns)
    else:
        return False  # What the rail does not know proves nothing.
    withdrawal.confirmations, withdrawal.outcome = outcome.confirmations, outcome.text
    return True


async def propose_outcome(
    session: AsyncSession, actor: Actor, name: str, *, is_paid: bool, why: str, now_ns: int
) -> Approval:
    """Say what has become of an uncertain withdrawal, found out by other means; somebody else must agree.

    Of a recalled one, that it will not be paid any more: then its account is given the funds back.
    """
    actor.require(Permission.RESOLVE_PAYMENTS)
    withdrawal = await find(session, name)
    if withdrawal.state not in (WithdrawalState.UNCERTAIN, WithdrawalState.RECALLED):
        raise Refused(f"{name} is {withdrawal.state}, not uncertain, and not recalled")
    if withdrawal.state == WithdrawalState.RECALLED:
        if is_paid:
            raise Refused(f"{name} is recalled: it is settled again by itself once the rail says that it is paid")
        await _check_not_back(session, withdrawal)
    payload = {"withdrawal": withdrawal.id, "is_paid": is_paid, "state": withdrawal.state}
    return await approvals.propose(session, actor, OUTCOME, withdrawal.subject, payload, why=why, now_ns=now_ns)


async def _check_not_back(session: AsyncSession, withdrawal: Withdrawal) -> None:
    """Raise `Refused` if what a rail has taken back has come in as a deposit too, which is credited by itself."""
    over = [str(state) for state in (DepositState.VANISHED, DepositState.DEBITED, DepositState.SENT_BACK)]
    found = await session.scalar(
        select(Deposit).where(
            *(Deposit.rail == withdrawal.rail, Deposit.returns == withdrawal.name, Deposit.state.not_in(over))
        )
    )
    if found is not None:
        raise Refused(f"{withdrawal.name}: has come back as {found.name}, which is {found.state}")


async def find(session: AsyncSession, name: str, *, for_update: bool = True) -> Withdrawal:
    """Return a withdrawal by its name, kept from others until the transaction ends. Raise `NotFound`."""
    return await row_of(session, Withdrawal, name, "W", "withdrawal", "withdrawal list", for_update=for_update)


async def listed(session: AsyncSession, account: str | None, state: WithdrawalState | None) -> list[Withdrawal]:
    """Return withdrawals, the newest last."""
    query = select(Withdrawal).order_by(Withdrawal.id)
    query = query if account is None else query.where(Withdrawal.account == account)
    return list(await session.scalars(query if state is None else query.where(Withdrawal.state == state)))


async def active(session: AsyncSession) -> list[int]:
    """Return the numbers of the withdrawals that can go on, oldest first.

    Also those that the books do not have yet as they stand.
    """
    query = select(Withdrawal.id).where(Withdrawal.state.in_([str(state) for state in ACTIVE_WITHDRAWALS]))
    return sorted({*await session.scalars(query), *await suspense.unbooked_withdrawals(session)})


async def watched(
    session: AsyncSession, rules: Iterable[PaymentRules], now_ns: int, *, after: int, count: int
) -> list[int]:
    """Return the numbers of those that a rail may take back, after one of them: settled lately, or taken back."""
    lately = [
        and_(
            *(Withdrawal.rail == rule.rail, Withdrawal.asset == rule.asset),
            Withdrawal.changed_ns > now_ns - rule.watched_ns,
        )
        for rule in rules
    ]
    settled = and_(Withdrawal.state == str(WithdrawalState.SETTLED), or_(false(), *lately))
    query = select(Withdrawal.id).where(
        or_(settled, Withdrawal.state == str(WithdrawalState.RECALLED)), Withdrawal.id > after
    )
    return list(await session.scalars(query.order_by(Withdrawal.id).limit(count)))


async def _of(session: AsyncSession, approval: Approval) -> Withdrawal:
    return await find(session, f"W-{approval.payload['withdrawal']}")


async def _approve(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    withdrawal = await _of(session, approval)
    if withdrawal.approval != approval.id:
        raise Refused(f"{withdrawal.name} does not wait for {approval.id}")
    why = f"approval {approval.id}"
    await move_withdrawal(session, actor, withdrawal, WithdrawalVerb.APPROVE, why=why, now_ns=now_ns)


async def _turn_down(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    withdrawal = await _of(session, approval)
    if withdrawal.approval == approval.id and withdrawal.state == WithdrawalState.APPROVING:
        why = f"approval {approval.id} was turned down"
        await move_withdrawal(session, actor, withdrawal, WithdrawalVerb.CANCEL, why=why, now_ns=now_ns)


async def _resolve(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    was = approval.payload.get("state", WithdrawalState.UNCERTAIN)
    withdrawal = await _of(session, approval)
    if withdrawal.state != was:
        raise Refused(f"{withdrawal.name} is {withdrawal.state}, not {was} any more")
    if was == WithdrawalState.RECALLED:
        await _check_not_back(session, withdrawal)
        verb = WithdrawalVerb.GIVE_BACK
    else:
        verb = WithdrawalVerb.PAY if approval.payload["is_paid"] else WithdrawalVerb.FAIL
    await move_withdrawal(session, actor, withdrawal, verb, why=f"approval {approval.id}", now_ns=now_ns)


approvals.register(
    KIND, Permission.APPROVE_WITHDRAWALS, _approve, turn_down=_turn_down, words="pay {amount} {asset} out of {account}"
)
approvals.register(OUTCOME, Permission.RESOLVE_PAYMENTS, _resolve, words="say that {name} is paid: {is_paid}")
