"""Compares what rails say that they have with what the books have as kept there, as of one moment.

A rail's figure is that of the moment at which it was asked, and the books are those of another one. What is between
them is on its way: of a payment that has not come to its end, or has done so lately, what the rail has booked counts
in the place of what the books have. What differs after that is a break. It is told as the difference alone: one that
somebody has said may stay is the same break for as long as it is the same difference.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

import msgspec
from sqlalchemy import Select, case, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.base import total
from backoffice.ledger.balances import balances
from backoffice.ledger.chart import CUSTODY
from backoffice.ledger.chart import Kind as AccountKind
from backoffice.ledger.house_transfers import State as TransferState
from backoffice.ledger.tables import HouseTransfer
from backoffice.payments.states import ACTIVE_DEPOSITS, ACTIVE_WITHDRAWALS
from backoffice.payments.suspense import unbooked_deposits, unbooked_withdrawals
from backoffice.payments.tables import Deposit, Withdrawal
from backoffice.projector.tables import PaymentBooked, Position
from backoffice.reconciliation.comparing import DEPOSIT_NAME, IN_FLIGHT_NS, WITHDRAWAL_NAME, is_in_books
from backoffice.reconciliation.found import Found, Kind
from backoffice.reconciliation.tables import RailBalance, RailBooking, RailStatement
from engine.values import Amount

_IN_BOOKS: Final = select(total(PaymentBooked.amount))


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An asset on the rails that have told what they have of it, and in the books. What is kept is above zero."""

    asset: str
    rails: tuple[str, ...]
    asked_ns: int
    """When they were asked: the one that has not been for longest."""
    on_rails: Amount
    omnibus: Amount
    """What the books have as kept on rails,"""
    wallets: Amount
    """and what of the asset is kept in wallets, which rails do not have."""
    suspense: Amount
    """What of omnibus is nobody's yet."""
    deposits: Amount
    """What rails have booked beyond the books of the deposits that are on their way, and"""
    withdrawals: Amount
    """of the withdrawals: below zero where they have left."""
    others: Amount
    """The same of what the house has moved lately, and all that rails have booked and payments not been told of yet."""

    @property
    def difference(self) -> Amount:
        """Return what rails have beyond what is there by the books and what is on its way."""
        return self.on_rails - (self.omnibus + self.deposits + self.withdrawals + self.others)

    @property
    def subject(self) -> str:
        """Return what a break of it is about."""
        return f"{self.asset} on {', '.join(self.rails)}"


async def against_rails(session: AsyncSession, lags_ns: Mapping[str, int], silent: AbstractSet[str]) -> list[Found]:
    """Return each asset of which rails have another amount than the books; of those with a silent rail nothing."""
    found = await standings(session, lags_ns)
    return [_found(each) for each in found if each.difference and silent.isdisjoint(each.rails)]


async def standings(session: AsyncSession, lags_ns: Mapping[str, int]) -> list[Standing]:
    """Return how assets stand with rails, as of when these were last asked; those that the venue has, by their names.

    `lags_ns`: the rails that there are, and how long the record of each may be behind.
    """
    there: dict[str, list[RailBalance]] = {}
    for row in await session.scalars(select(RailBalance).order_by(RailBalance.asset, RailBalance.rail)):
        there.setdefault(row.asset, []).append(row)
    position = (await session.scalars(select(Position))).one_or_none()
    if position is None or not there:
        return []
    kept: dict[str, Counter[AccountKind]] = {}
    for account, amount in await balances(session, account=""):
        kept.setdefault(account.asset, Counter())[AccountKind(account.kind)] = -amount
    deposits, withdrawals, others = Counter[str](), Counter[str](), Counter[str]()
    asked_ns = {row.rail: row.read_ns for row in await session.scalars(select(RailStatement))}
    for rail, lag_ns in lags_ns.items():
        # Of a rail that was never asked all is on its way.
        at_ns = asked_ns.get(rail, 0)
        since_ns = at_ns - max(lag_ns, IN_FLIGHT_NS)
        await _add(deposits, _deposits(session, rail, position.sequence, since_ns))
        await _add(withdrawals, _withdrawals(session, rail, position.sequence, since_ns))
        await _add(others, _unknown(session, rail, at_ns - IN_FLIGHT_NS))
    late_ns = max((IN_FLIGHT_NS, *lags_ns.values()))
    lately_ns = {asset: min(row.read_ns for row in rows) - late_ns for asset, rows in there.items()}
    await _add(others, _of_the_house(session, lately_ns))
    return [
        Standing(
            asset=asset,
            rails=tuple(row.rail for row in rows),
            asked_ns=min(row.read_ns for row in rows),
            on_rails=sum(row.amount for row in rows),
            omnibus=kept[asset][AccountKind.OMNIBUS],
            wallets=sum(kept[asset][kind] for kind in CUSTODY if kind is not AccountKind.OMNIBUS),
            suspense=-kept[asset][AccountKind.SUSPENSE],
            deposits=deposits[asset],
            withdrawals=withdrawals[asset],
            others=others[asset],
        )
        for asset, rows in there.items()
        if asset in kept and lags_ns.keys() >= {row.rail for row in rows}
    ]


async def _add(sums: Counter[str], amounts: AsyncIterator[tuple[str, int]]) -> None:
    async for asset, amount in amounts:
        sums[asset] += amount


def _found(standing: Standing) -> Found:
    more_there = standing.difference
    return Found(
        kind=Kind.RAIL_BALANCE,
        subject=standing.subject,
        asset=standing.asset,
        here="more than on the rail" if more_there < 0 else "in the books",
        here_amount=max(-more_there, 0),
        there="on the rail" if more_there < 0 else "more than in the books",
        there_amount=max(more_there, 0),
        rail=",".join(standing.rails),
    )


async def _deposits(session: AsyncSession, rail: str, sequence: int, since_ns: int) -> AsyncIterator[tuple[str, int]]:
    """Yield what a rail has booked, less what the books have, of each deposit that may not be in both."""
    booked = _booked(rail)
    came_in = or_(RailBooking.reference == Deposit.reference, RailBooking.reference == Deposit.sent_back_as)
    deposits = select(
        Deposit.asset,
        func.coalesce(booked.where(came_in).scalar_subquery(), 0),
        func.coalesce(_IN_BOOKS.where(PaymentBooked.payment == DEPOSIT_NAME).scalar_subquery(), 0),
        case((Deposit.suspense_entry.is_not(None), Deposit.amount), else_=0),
    ).where(
        Deposit.rail == rail,
        or_(
            Deposit.state.in_([str(state) for state in ACTIVE_DEPOSITS]),
            Deposit.changed_ns > since_ns,
            Deposit.credited_sequence > sequence,
            Deposit.id.in_(await unbooked_deposits(session)),
        ),
    )
    for asset, on_rail, credited, in_suspense in await session.execute(deposits):
        yield asset, int(on_rail) - int(credited) - in_suspense


async def _withdrawals(
    session: AsyncSession, rail: str, sequence: int, since_ns: int
) -> AsyncIterator[tuple[str, int]]:
    """Yield the same of each withdrawal."""
    withdrawals = select(
        Withdrawal.asset,
        func.coalesce(_booked(rail).where(RailBooking.ours == WITHDRAWAL_NAME).scalar_subquery(), 0),
        func.coalesce(_IN_BOOKS.where(PaymentBooked.payment == WITHDRAWAL_NAME).scalar_subquery(), 0),
        case((Withdrawal.suspense_entry.is_not(None), Withdrawal.amount), else_=0),
    ).where(
        Withdrawal.rail == rail,
        or_(
            Withdrawal.state.in_([str(state) for state in ACTIVE_WITHDRAWALS]),
            Withdrawal.changed_ns > since_ns,
            Withdrawal.ended_sequence > sequence,
            Withdrawal.id.in_(await unbooked_withdrawals(session)),
        ),
    )
    for asset, on_rail, settled, in_suspense in await session.execute(withdrawals):
        yield asset, int(on_rail) - int(settled) - in_suspense


def _booked(rail: str) -> Select[int]:
    return select(total(RailBooking.amount)).where(RailBooking.rail == rail, not_(RailBooking.is_gone))


async def _of_the_house(session: AsyncSession, since_ns: Mapping[str, int]) -> AsyncIterator[tuple[str, int]]:
    """Yield the same of what the house has moved lately: of each asset, since when it is."""
    of_it = select(total(RailBooking.amount)).where(
        *(RailBooking.reference == HouseTransfer.key, not_(RailBooking.is_gone))
    )
    moved = select(HouseTransfer, func.coalesce(of_it.scalar_subquery(), 0)).where(
        *(HouseTransfer.state == TransferState.POSTED, HouseTransfer.changed_ns > min(since_ns.values()))
    )
    for transfer, on_rail in await session.execute(moved):
        if transfer.changed_ns > since_ns.get(transfer.asset, transfer.changed_ns):
            in_books = (transfer.target == AccountKind.OMNIBUS) - (transfer.source == AccountKind.OMNIBUS)
            yield transfer.asset, int(on_rail) - in_books * transfer.amount


async def _unknown(session: AsyncSession, rail: str, since_ns: int) -> AsyncIterator[tuple[str, int]]:
    """Yield what a rail has booked so lately that payments have not been told of it yet."""
    known = [
        select(Deposit.id).where(
            Deposit.rail == RailBooking.rail,
            or_(Deposit.reference == RailBooking.reference, Deposit.sent_back_as == RailBooking.reference),
        ),
        select(Withdrawal.id).where(Withdrawal.rail == RailBooking.rail, RailBooking.ours == WITHDRAWAL_NAME),
        select(HouseTransfer.id).where(HouseTransfer.key == RailBooking.reference),
    ]
    lately = select(RailBooking).where(
        RailBooking.rail == rail,
        RailBooking.seen_ns > since_ns,
        not_(RailBooking.is_gone),
        *(not_(each.exists()) for each in known),
    )
    for booking in await session.scalars(lately):
        if not await is_in_books(session, booking):
            yield booking.asset, booking.amount
