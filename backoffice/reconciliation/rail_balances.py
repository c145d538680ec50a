"""Compares what rails say that they have with what the books have as kept there, as of one moment.

A rail's figure is that of the moment to which its record has been read, and the books are those of another one. What is
between them is on its way: of a payment that has not come to its end, or has done so lately, what the rail has booked
counts in the place of what the books have. What differs after that is a break. It is told as the difference alone: one
that somebody has said may stay is the same break for as long as it is the same difference.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from sqlalchemy import String, case, cast, func, literal, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.base import total
from backoffice.ledger.balances import balances
from backoffice.ledger.chart import Kind as AccountKind
from backoffice.ledger.house_transfers import State as TransferState
from backoffice.ledger.tables import HouseTransfer
from backoffice.payments.states import ACTIVE_DEPOSITS, ACTIVE_WITHDRAWALS
from backoffice.payments.suspense import unbooked
from backoffice.payments.tables import Deposit, Withdrawal
from backoffice.projector.tables import PaymentBooked, Position
from backoffice.reconciliation.comparing import IN_FLIGHT_NS
from backoffice.reconciliation.found import Found, Kind
from backoffice.reconciliation.tables import RailBalance, RailBooking

_DEPOSIT_NAME: Final = literal("D-").concat(cast(Deposit.id, String))
_WITHDRAWAL_NAME: Final = literal("W-").concat(cast(Withdrawal.id, String))


async def against_rails(
    session: AsyncSession, lags_ns: Mapping[str, int], silent: AbstractSet[str], now_ns: int
) -> list[Found]:
    """Return each asset of which rails have another amount than the books; of those with a silent rail nothing."""
    there: Counter[str] = Counter()
    rails: dict[str, set[str]] = {}
    for row in await session.scalars(select(RailBalance)):
        there[row.asset] += row.amount
        rails.setdefault(row.asset, set()).add(row.rail)
    position = (await session.scalars(select(Position))).one_or_none()
    if position is None or not rails:
        return []
    here: Counter[str] = Counter()
    of_venue = set()
    for account, amount in await balances(session, account=""):
        if account.kind == AccountKind.OMNIBUS:
            here[account.asset] -= amount
            of_venue.add(account.asset)
    for rail, lag_ns in lags_ns.items():
        since_ns = now_ns - max(lag_ns, IN_FLIGHT_NS)
        async for asset, amount in _on_its_way(session, rail, position.sequence, since_ns):
            here[asset] += amount
    async for asset, amount in _of_the_house(session, now_ns - max((IN_FLIGHT_NS, *lags_ns.values()))):
        here[asset] += amount
    async for asset, amount in _unknown(session, now_ns):
        here[asset] += amount
    return [
        _found(asset, there[asset] - here[asset], sorted(names))
        for asset, names in sorted(rails.items())
        if asset in of_venue and there[asset] != here[asset] and names <= lags_ns.keys() and names.isdisjoint(silent)
    ]


def _found(asset: str, more_there: int, rails: list[str]) -> Found:
    return Found(
        kind=Kind.RAIL_BALANCE,
        subject=f"{asset} on {', '.join(rails)}",
        asset=asset,
        here="more than on the rail" if more_there < 0 else "in the books",
        here_amount=max(-more_there, 0),
        there="on the rail" if more_there < 0 else "more than in the books",
        there_amount=max(more_there, 0),
        rail=",".join(rails),
    )


async def _on_its_way(session: AsyncSession, rail: str, sequence: int, since_ns: int) -> AsyncIterator[tuple[str, int]]:
    """Yield what a rail has booked, less what the books have, of each payment that may not be in both."""
    booked = select(total(RailBooking.amount)).where(RailBooking.rail == rail, not_(RailBooking.is_gone))
    in_books = select(total(PaymentBooked.amount))
    came_in = or_(RailBooking.reference == Deposit.reference, RailBooking.reference == Deposit.sent_back_as)
    deposits = select(
        Deposit.asset,
        func.coalesce(booked.where(came_in).scalar_subquery(), 0),
        func.coalesce(in_books.where(PaymentBooked.payment == _DEPOSIT_NAME).scalar_subquery(), 0),
        case((Deposit.suspense_entry.is_not(None), Deposit.amount), else_=0),
    ).where(
        Deposit.rail == rail,
        or_(
            Deposit.state.in_([str(state) for state in ACTIVE_DEPOSITS]),
            Deposit.changed_ns > since_ns,
            Deposit.credited_sequence > sequence,
            Deposit.id.in_(await unbooked(session)),
        ),
    )
    for asset, on_rail, credited, in_suspense in await session.execute(deposits):
        yield asset, int(on_rail) - int(credited) - in_suspense
    withdrawals = select(
        Withdrawal.asset,
        func.coalesce(booked.where(RailBooking.ours == _WITHDRAWAL_NAME).scalar_subquery(), 0),
        func.coalesce(in_books.where(PaymentBooked.payment == _WITHDRAWAL_NAME).scalar_subquery(), 0),
    ).where(
        Withdrawal.rail == rail,
        or_(
            Withdrawal.state.in_([str(state) for state in ACTIVE_WITHDRAWALS]),
            Withdrawal.changed_ns > since_ns,
            Withdrawal.ended_sequence > sequence,
        ),
    )
    for asset, on_rail, settled in await session.execute(withdrawals):
        yield asset, int(on_rail) - int(settled)


async def _of_the_house(session: AsyncSession, since_ns: int) -> AsyncIterator[tuple[str, int]]:
    """Yield what rails have booked, less what the books have, of what the house has moved lately."""
    of_it = select(total(RailBooking.amount)).where(
        *(RailBooking.reference == HouseTransfer.key, not_(RailBooking.is_gone))
    )
    moved = select(HouseTransfer, func.coalesce(of_it.scalar_subquery(), 0)).where(
        *(HouseTransfer.state == TransferState.POSTED, HouseTransfer.changed_ns > since_ns)
    )
    for transfer, on_rail in await session.execute(moved):
        in_books = (transfer.target == AccountKind.OMNIBUS) - (transfer.source == AccountKind.OMNIBUS)
        yield transfer.asset, int(on_rail) - in_books * transfer.amount


async def _unknown(session: AsyncSession, now_ns: int) -> AsyncIterator[tuple[str, int]]:
    """Yield what rails have booked so lately that payments have not been told of it yet."""
    known = [
        select(Deposit.id).where(
            Deposit.rail == RailBooking.rail,
            or_(Deposit.reference == RailBooking.reference, Deposit.sent_back_as == RailBooking.reference),
        ),
        select(Withdrawal.id).where(Withdrawal.rail == RailBooking.rail, RailBooking.ours == _WITHDRAWAL_NAME),
        select(HouseTransfer.id).where(HouseTransfer.key == RailBooking.reference),
    ]
    lately = select(RailBooking.asset, RailBooking.amount).where(
        RailBooking.seen_ns > now_ns - IN_FLIGHT_NS,
        not_(RailBooking.is_gone),
        *(not_(each.exists()) for each in known),
    )
    for asset, amount in await session.execute(lately):
        yield asset, amount
