"""Compares payments with what rails have booked, by the rails' references; payments with the books; and the house.

Each comparison is a query that gives what does not agree, so agreement costs no memory. What has changed within the
last minute is on its way between the three, and is looked at the next time.
"""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Final

from sqlalchemy import String, and_, case, cast, func, literal, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.base import total
from backoffice.ledger.balances import balances
from backoffice.ledger.chart import CUSTODY, SIDES, Side
from backoffice.ledger.chart import Kind as AccountKind
from backoffice.ledger.house_transfers import State as TransferState
from backoffice.ledger.tables import HouseTransfer
from backoffice.payments.states import DepositState, WithdrawalState
from backoffice.payments.tables import Deposit, Withdrawal
from backoffice.projector.tables import PaymentBooked, Position
from backoffice.reconciliation.found import Found, Kind
from backoffice.reconciliation.tables import RailBooking
from backoffice.times import MINUTE_NS

IN_FLIGHT_NS: Final = MINUTE_NS
"""How long what has changed may be on its way."""
_PAID: Final = (WithdrawalState.SENT, WithdrawalState.SETTLING, WithdrawalState.SETTLED)
_MAY_BE_PAID: Final = (*_PAID, WithdrawalState.SENDING, WithdrawalState.UNCERTAIN, WithdrawalState.RECALLED)
_TAKEN_OUT: Final = (str(WithdrawalState.SETTLED), str(WithdrawalState.RECALLED))
_FOR_PEOPLE: Final = {
    DepositState.QUARANTINED: Kind.QUARANTINED,
    DepositState.UNASSIGNED: Kind.UNMATCHED,
    DepositState.RETURNED: Kind.RETURNED,
    DepositState.RECALLED: Kind.RECALLED,
}
_OVER: Final = (DepositState.VANISHED, DepositState.DEBITED)
DEPOSIT_NAME: Final = literal("D-").concat(cast(Deposit.id, String))
WITHDRAWAL_NAME: Final = literal("W-").concat(cast(Withdrawal.id, String))
"""What payments are called, where the books and rails speak of them."""


async def differences(
    session: AsyncSession, lags_ns: Mapping[str, int], silent: Collection[str], now_ns: int
) -> list[Found]:
    """Return all that does not agree, but for what the engine says.

    `lags_ns`: how long each rail's record may be behind; of those that are `silent` nothing is compared.
    """
    found = [each async for each in _waiting(session)]
    for rail, lag_ns in lags_ns.items():
        if rail not in silent:
            found += [each async for each in _came_in(session, rail, lag_ns, now_ns)]
            found += [each async for each in _went_out(session, rail, lag_ns, now_ns)]
    found += [each async for each in _in_books(session, now_ns)]
    found += await _house(session)
    return found


async def _waiting(session: AsyncSession) -> AsyncIterator[Found]:
    """Yield the payments that wait until somebody does something."""
    states = [str(state) for state in _FOR_PEOPLE]
    for deposit in await session.scalars(select(Deposit).where(Deposit.state.in_(states)).order_by(Deposit.id)):
        yield _payment(
            _FOR_PEOPLE[DepositState(deposit.state)],
            deposit,
            "gone" if deposit.is_gone else "came in",
            0 if deposit.is_gone else deposit.amount,
        )
    recalled = select(Withdrawal).where(Withdrawal.state == str(WithdrawalState.RECALLED)).order_by(Withdrawal.id)
    for withdrawal in await session.scalars(recalled):
        yield _payment(Kind.RECALLED, withdrawal, "taken back", 0)
    paid = select(RailBooking.reference).where(
        RailBooking.rail == Withdrawal.rail, RailBooking.ours == WITHDRAWAL_NAME, not_(RailBooking.is_gone)
    )
    uncertain = select(Withdrawal, func.coalesce(paid.limit(1).scalar_subquery(), "")).where(
        Withdrawal.state == str(WithdrawalState.UNCERTAIN)
    )
    for withdrawal, reference in await session.execute(uncertain.order_by(Withdrawal.id)):
        yield _payment(
            Kind.UNCERTAIN,
            withdrawal,
            f"booked: {reference}" if reference else "nothing",
            withdrawal.amount if reference else 0,
        )


async def _came_in(session: AsyncSession, rail: str, lag_ns: int, now_ns: int) -> AsyncIterator[Found]:
    same = and_(Deposit.rail == RailBooking.rail, Deposit.reference == RailBooking.reference)
    unknown = (
        select(RailBooking)
        .outerjoin(Deposit, same)
        .where(RailBooking.rail == rail, RailBooking.amount > 0, not_(RailBooking.is_gone), Deposit.id.is_(None))
        .where(RailBooking.seen_ns <= now_ns - IN_FLIGHT_NS)
        .order_by(RailBooking.reference)
    )
    for booking in await session.scalars(unknown):
        if await _is_explained(session, booking):
            continue
        yield _missing_here(booking, "nothing", None)
    differs = or_(
        RailBooking.reference.is_(None),
        RailBooking.is_gone,
        RailBooking.amount != Deposit.amount,
        RailBooking.asset != Deposit.asset,
    )
    others = (
        select(Deposit, RailBooking)
        .outerjoin(RailBooking, same)
        .where(Deposit.rail == rail, not_(Deposit.is_gone), Deposit.state.not_in([str(state) for state in _OVER]))
        .where(differs, Deposit.seen_ns <= now_ns - max(lag_ns, IN_FLIGHT_NS))
        .order_by(Deposit.id)
    )
    for deposit, booking in await session.execute(others):
        yield _of_deposit(deposit, booking)


def _of_deposit(deposit: Deposit, booking: RailBooking | None) -> Found:
    """Return how a deposit stands of which the rail has nothing, no more, or another amount."""
    is_there = booking is not None and not booking.is_gone
    return Found(
        kind=Kind.AMOUNT_MISMATCH if is_there else Kind.MISSING_THERE,
        subject=deposit.name,
        asset=deposit.asset,
        here=deposit.state,
        here_amount=deposit.amount,
        there="nothing" if booking is None else "taken back" if booking.is_gone else _booked(booking, deposit.asset),
        there_amount=booking.amount if booking is not None and is_there else None,
        rail=deposit.rail,
    )


async def _went_out(session: AsyncSession, rail: str, lag_ns: int, now_ns: int) -> AsyncIterator[Found]:
    whose = case((RailBooking.ours == "", RailBooking.reference), else_=RailBooking.ours)
    went = and_(RailBooking.rail == rail, RailBooking.amount < 0, not_(RailBooking.is_gone))
    paid = (
        select(whose.label("whose"), func.count().label("times"), func.min(RailBooking.reference).label("first"))
        .where(went)
        .group_by(whose)
        .subquery()
    )
    differs = or_(
        Withdrawal.id.is_(None),
        paid.c.times > 1,
        RailBooking.amount != -Withdrawal.amount,
        RailBooking.asset != Withdrawal.asset,
        Withdrawal.state.not_in([str(state) for state in _MAY_BE_PAID]),
    )
    others = (
        select(RailBooking, paid.c.times, Withdrawal)
        .join(paid, paid.c.first == RailBooking.reference)
        .outerjoin(Withdrawal, and_(Withdrawal.rail == RailBooking.rail, paid.c.whose == WITHDRAWAL_NAME))
        .where(RailBooking.rail == rail, differs)
        .order_by(RailBooking.reference)
    )
    for booking, times, withdrawal in await session.execute(others):
        if withdrawal is None:
            if not await _is_explained(session, booking):
                yield _missing_here(booking, "nothing", None)
        elif withdrawal.state not in _MAY_BE_PAID:
            yield _missing_here(booking, f"{withdrawal.name} is {withdrawal.state}", 0)
        else:
            yield _payment(
                Kind.DUPLICATE if times > 1 else Kind.AMOUNT_MISMATCH,
                withdrawal,
                f"paid {times} times" if times > 1 else _booked(booking, withdrawal.asset),
                -booking.amount * times,
                rail=rail,
            )
    lost = (
        select(Withdrawal)
        .outerjoin(RailBooking, and_(went, RailBooking.ours == WITHDRAWAL_NAME))
        .where(Withdrawal.rail == rail, Withdrawal.state.in_([str(state) for state in _PAID]))
        .where(RailBooking.reference.is_(None), Withdrawal.changed_ns <= now_ns - max(lag_ns, IN_FLIGHT_NS))
        .order_by(Withdrawal.id)
    )
    for withdrawal in await session.scalars(lost):
        yield _payment(Kind.MISSING_THERE, withdrawal, "nothing", rail=rail)


def _payment(
    kind: Kind, payment: Deposit | Withdrawal, there: str, there_amount: int | None = None, *, rail: str = ""
) -> Found:
    """Return how a payment stands here, and what is there instead."""
    return Found(
        kind=kind,
        subject=payment.name,
        asset=payment.asset,
        here=payment.state,
        here_amount=payment.amount,
        there=there,
        there_amount=there_amount,
        rail=rail,
    )


def _missing_here(booking: RailBooking, here: str, here_amount: int | None) -> Found:
    return Found(
        kind=Kind.MISSING_HERE,
        subject=f"{booking.rail}/{booking.reference}",
        asset=booking.asset,
        here=here,
        here_amount=here_amount,
        there="came in" if booking.amount > 0 else "paid",
        there_amount=abs(booking.amount),
        rail=booking.rail,
    )


def _booked(booking: RailBooking, asset: str) -> str:
    return "booked" if booking.asset == asset else f"booked in {booking.asset}"


async def _is_explained(session: AsyncSession, booking: RailBooking) -> bool:
    """Tell whether it is known what a rail has booked that is no payment's.

    It has sent a deposit back; or a transfer of the house has its reference as key, or the books have it as a credit.
    """
    if await is_in_books(session, booking):
        return True
    back = select(Deposit.id).where(Deposit.rail == booking.rail, Deposit.sent_back_as == booking.reference)
    if await session.scalar(back) is not None:
        return True
    found = await session.scalar(select(HouseTransfer).where(HouseTransfer.key == booking.reference))
    return (
        found is not None
        and found.state == TransferState.POSTED
        and (found.asset, found.amount) == (booking.asset, abs(booking.amount))
    )


async def is_in_books(session: AsyncSession, booking: RailBooking) -> bool:
    """Tell whether the books have a credit of the amount under a rail's reference, as those that accounts open with."""
    reference = booking.reference
    found = select(PaymentBooked.sequence).where(
        # By the first of these they are found, whatever else there is.
        *(PaymentBooked.payment == reference.partition("/")[0].partition(".")[0], PaymentBooked.reference == reference),
        *(PaymentBooked.asset == booking.asset, PaymentBooked.amount == booking.amount),
    )
    return await session.scalar(found) is not None


async def _in_books(session: AsyncSession, now_ns: int) -> AsyncIterator[Found]:
    """Yield the payments that have ended, as far as the books have followed, and are not in them as they should be."""
    position = (await session.scalars(select(Position))).one_or_none()
    if position is None:
        return
    booked = (
        select(PaymentBooked.payment, func.sum(PaymentBooked.amount).label("amount"))
        .group_by(PaymentBooked.payment)
        .subquery()
    )
    amount = func.coalesce(booked.c.amount, 0)
    settled = now_ns - IN_FLIGHT_NS
    credited = [str(state) for state in (DepositState.CREDITED, DepositState.RECALLED)]
    deposits = (
        select(Deposit, amount)
        .outerjoin(booked, booked.c.payment == DEPOSIT_NAME)
        .where(Deposit.credited_sequence <= position.sequence, Deposit.changed_ns <= settled)
        .where(
            or_(
                and_(Deposit.state.in_(credited), amount != Deposit.amount),
                and_(Deposit.state == str(DepositState.DEBITED), amount != 0),
            )
        )
    )
    withdrawals = (
        select(Withdrawal, -amount)
        .outerjoin(booked, booked.c.payment == WITHDRAWAL_NAME)
        .where(Withdrawal.ended_sequence <= position.sequence, Withdrawal.changed_ns <= settled)
        .where(
            or_(
                and_(Withdrawal.state.in_(_TAKEN_OUT), amount != -Withdrawal.amount),
                # While it is given back, the books may have either.
                and_(Withdrawal.state.not_in((*_TAKEN_OUT, WithdrawalState.GIVING_BACK)), amount != 0),
            )
        )
    )
    for payment, has in (*await session.execute(deposits), *await session.execute(withdrawals)):
        yield _payment(Kind.NOT_IN_BOOKS, payment, "in the books", int(has))


async def _house(session: AsyncSession) -> list[Found]:
    """Return what is wrong with the house's own accounts."""
    waiting = Counter[str]()
    for table in (Deposit, Withdrawal):
        there = select(table.asset, total(table.amount)).where(table.suspense_entry.is_not(None))
        waiting.update({asset: amount or 0 for asset, amount in await session.execute(there.group_by(table.asset))})
    house: dict[str, dict[AccountKind, int]] = {}
    clients: dict[str, int] = {}
    for row, amount in await balances(session):
        if row.account:
            clients[row.asset] = clients.get(row.asset, 0) + amount
        else:
            house.setdefault(row.asset, {})[AccountKind(row.kind)] = amount
    found = []
    for asset, has in house.items():
        suspense = has[AccountKind.SUSPENSE]
        # Each payment that is there is a break of its own.
        if suspense != waiting[asset]:
            found.append(
                Found(
                    kind=Kind.UNMATCHED,
                    subject=f"suspense {asset}",
                    asset=asset,
                    here="in suspense, of no payment",
                    here_amount=suspense - waiting[asset],
                    there="nobody's",
                )
            )
        found += [
            Found(
                kind=Kind.OVERDRAWN,
                subject=f"house {asset} {kind}",
                asset=asset,
                here="in the books",
                here_amount=-amount,
                there="at the least",
                there_amount=0,
            )
            for kind, amount in has.items()
            if SIDES[kind] is Side.ASSETS and amount > 0
        ]
        kept, owed = -sum(has[kind] for kind in CUSTODY), clients.get(asset, 0) + suspense
        if kept < owed:
            found.append(
                Found(
                    kind=Kind.SHORTFALL,
                    subject=asset,
                    asset=asset,
                    here="owed to clients",
                    here_amount=owed,
                    there="kept for them",
                    there_amount=kept,
                )
            )
    return found
