"""Statements of account: what a client had of each asset, every movement of it, and what it had in the end.

A movement is a record of the journal that changed how much there is of an asset, be it available, reserved or held.
All of it comes from the ledger's postings, and it must tie, or there is no statement: each posting goes on from the
balance before it, opening balance and movements come to the closing balance, and both are what the ledger itself has.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.errors import Refused
from backoffice.ledger.balances import Balance, balances
from backoffice.ledger.tables import LedgerAccount, LedgerPosting
from backoffice.projector.as_of import position_of, sequence_at
from backoffice.reports.movements import Meaning, meanings
from backoffice.reports.period import Period
from engine.values import Amount

MOVEMENTS_MAX: Final = 200_000
"""So many fit into one statement."""
_ROWS_TOGETHER: Final = 1_000


class Movement(msgspec.Struct, frozen=True):
    """How much came or, below zero, went; and what there was then."""

    sequence: int
    amount: Amount
    balance: Amount
    meaning: Meaning


class Section(msgspec.Struct, frozen=True):
    """A statement's part about one account and asset, in smallest units."""

    account: str
    asset: str
    opening: Amount
    movements: Sequence[Movement]
    closing: Amount


class Statement(msgspec.Struct, frozen=True):
    """Statements of some accounts for a period."""

    period: Period
    first: int
    """The last record before the period,"""
    last: int
    """and the last one in it."""
    is_over: bool
    """The books have gone beyond the period: nothing more can come into it."""
    sections: Sequence[Section]


async def statement(session: AsyncSession, accounts: Sequence[str], period: Period) -> Statement:
    """Return the statement of accounts. Raise `Refused` if it does not tie, or if the period is still to come."""
    position = await position_of(session)
    if period.from_ns > position.time_ns:
        raise Refused(f"{period.text}: the books have not come to this period yet")
    first, last = [await sequence_at(session, time_ns - 1) for time_ns in (period.from_ns, period.until_ns)]
    sections: list[Section] = []
    room = MOVEMENTS_MAX
    for account in accounts:
        meaning_of = None
        opening, closing = [await _by_asset(session, account, sequence) for sequence in (first, last)]
        for asset, after in sorted(closing.items()):
            before = opening.get(asset, ())
            found = await _movements(session, before, after, first, last, room)
            room -= len(found)
            if found and meaning_of is None:
                meaning_of = await meanings(session, account, first, last)
            told = [
                Movement(sequence, amount, balance, await meaning_of.of(session, sequence, asset, amount))
                for sequence, amount, balance in found
                if meaning_of is not None
            ]
            section = Section(account, asset, _sum(before), told, _sum(after))
            check(section)
            if section.movements or section.opening or section.closing:
                sections.append(section)
    return Statement(period, first, last, position.time_ns >= period.until_ns, sections)


def check(section: Section) -> None:
    """Raise `Refused` unless opening balance and movements come to the closing balance, step by step."""
    whose, balance = f"{section.account} {section.asset}", section.opening
    for movement in section.movements:
        balance += movement.amount
        if movement.balance != balance:
            raise Refused(
                f"{whose}: there is no statement, as it does not tie: after record {movement.sequence} the balance"
                f" would be {balance}, and the ledger has {movement.balance} (in smallest units)"
            )
    if balance != section.closing:
        raise Refused(
            f"{whose}: there is no statement, as it does not tie: opening balance and movements come to {balance},"
            f" and the ledger has {section.closing} (in smallest units)"
        )


async def _by_asset(session: AsyncSession, account: str, sequence: int) -> dict[str, list[Balance]]:
    found: dict[str, list[Balance]] = {}
    for each in await balances(session, sequence, account=account):
        found.setdefault(each.account.asset, []).append(each)
    return found


def _sum(of: Sequence[Balance]) -> Amount:
    return sum(each.amount for each in of)


async def _movements(
    session: AsyncSession, before: Sequence[Balance], after: Sequence[Balance], first: int, last: int, room: int
) -> list[tuple[int, Amount, Amount]]:
    """Return record, change and balance of what changed the sum of a client's accounts of an asset."""
    names: dict[int, LedgerAccount] = {row.id: row for row, _ in after}
    standing: dict[int, Amount] = dict.fromkeys(names, 0) | {row.id: amount for row, amount in before}
    wanted = (
        select(LedgerPosting.sequence, LedgerPosting.ledger_account, LedgerPosting.amount, LedgerPosting.balance)
        .where(LedgerPosting.ledger_account.in_(names), LedgerPosting.sequence > first, LedgerPosting.sequence <= last)
        .order_by(LedgerPosting.sequence, LedgerPosting.entry)
        .execution_options(yield_per=_ROWS_TOGETHER)
    )
    found: list[tuple[int, Amount, Amount]] = []
    at = change = 0

    def conclude() -> None:
        if change:
            found.append((at, change, sum(standing.values())))
        if len(found) > room:
            raise Refused(f"more than {MOVEMENTS_MAX:,} movements: ask for a shorter period, or fewer accounts")

    async for sequence, number, amount, balance in await session.stream(wanted):
        if sequence != at:
            conclude()
            at, change = sequence, 0
        if standing[number] + amount != balance:
            row = names[number]
            raise Refused(
                f"{row.account} {row.asset}: there is no statement, as it does not tie: {row.kind} does not go on from"
                f" the balance before record {sequence}"
            )
        standing[number] = balance
        change += amount
    conclude()
    return found
