"""What the demo's back office has on record in the end, and whether it holds: trail, payments, statement, books."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.cli.demo.house import House
from backoffice.cli.demo.statement import Line, statement
from backoffice.cli.failure import CommandFailed
from backoffice.database import Database
from backoffice.ledger import verifying
from backoffice.ledger.balances import balances
from backoffice.ledger.engine_state import state_at
from backoffice.payments import deposits, withdrawals
from backoffice.payments.states import WithdrawalVerb
from backoffice.payments.tables import Deposit, Withdrawal
from backoffice.projector.as_of import position_of
from backoffice.projector.tables import Position, VenueAsset
from backoffice.staff import audit
from backoffice.staff.tables import AuditEntry
from engine import control
from engine.overview import ShowVenue, VenueShown
from engine.values import Amount


@dataclass(frozen=True, slots=True)
class Records:
    """All of it."""

    decimals: dict[str, int]
    """By asset."""
    trail: dict[str, Counter[str]]
    """How often who of the staff did what: verbs and what they were about, by user."""
    verified: audit.Verified
    """How the trail was found."""
    deposits: Sequence[Deposit]
    withdrawals: Sequence[Withdrawal]
    once_uncertain: frozenset[str]
    """Names of the withdrawals that the rail did not answer for at first, or ever."""
    account: str
    """Whose the statement is."""
    statement: Sequence[Line]
    trial_balance: dict[tuple[str, str], Amount]
    """By asset and kind of account; debits are below zero."""
    sequence: int
    """The last record that the books have."""
    assets: Sequence[verifying.AssetCheck]
    checks: Sequence[verifying.Check]


async def close(house: House, data: Path) -> None:
    """Return once the back office has followed the venue as far as it has come. Raise `CommandFailed`."""
    answer = await asyncio.to_thread(control.ask, data / control.SOCKET, ShowVenue())
    if not isinstance(answer, VenueShown):
        raise CommandFailed(f"the venue does not say how far it is: {answer}")
    last = answer.sequence

    async def is_there(session: AsyncSession) -> bool:
        return (await session.scalar(select(func.max(Position.sequence))) or 0) >= last

    await house.until(f"to follow the journal through record {last:,}", is_there)


async def read(database: Database, data: Path, account: str) -> Records:
    """Read the records of a venue that has stopped, and check all that can be checked."""
    async with database.reading() as session:
        sequence = (await position_of(session)).sequence
        state = state_at(data, sequence)
        assets = await verifying.check_assets(session, state)
        checks = [
            verifying.check_of_assets(assets),
            await verifying.check_clients(session, state),
            await verifying.check_trial_balance(session),
            *await verifying.check_chain(session),
        ]
        trial_balance: Counter[tuple[str, str]] = Counter()
        for row, amount in await balances(session):
            trial_balance[row.asset, row.kind] += amount
        return Records(
            decimals={row.asset: row.decimals for row in await session.scalars(select(VenueAsset))},
            trail=await _trail(session),
            verified=await audit.verify(session),
            deposits=await deposits.listed(session, None, None),
            withdrawals=await withdrawals.listed(session, None, None),
            once_uncertain=await _once_uncertain(session),
            account=account,
            statement=await statement(session, account),
            trial_balance=dict(trial_balance),
            sequence=sequence,
            assets=assets,
            checks=checks,
        )


async def _once_uncertain(session: AsyncSession) -> frozenset[str]:
    query = select(AuditEntry.subject).where(AuditEntry.verb == str(WithdrawalVerb.LOSE))
    return frozenset(subject.removeprefix("withdrawal/") for subject in await session.scalars(query))


async def _trail(session: AsyncSession) -> dict[str, Counter[str]]:
    trail: dict[str, Counter[str]] = {}
    query = select(AuditEntry.actor, AuditEntry.verb, AuditEntry.subject).order_by(AuditEntry.number)
    for actor, verb, subject in await session.execute(query):
        trail.setdefault(actor, Counter())[f"{verb} {subject.partition('/')[0]}"] += 1
    return trail


def differences(records: Records) -> list[str]:
    """Return what is not as it should be. Empty if all is."""
    return list(_differences(records))


def _differences(records: Records) -> Iterator[str]:
    for check in records.checks:
        if check.flaw:
            yield f"books, {check.what}: {check.flaw}"
    if records.verified.flaw:
        yield f"staff's trail: {records.verified.flaw}"
    for line in records.statement:
        if line.flaw:
            yield f"{records.account}: {line.flaw}"


def conclusions(records: Records) -> list[str]:
    """Return what has been proved of records that show no differences."""
    return [
        *(f"books verify: {check.compared:,} {check.what}." for check in records.checks),
        f"The statement of {records.account} comes to what the ledger says, in every asset.",
        f"{records.verified.count:,} entries of staff's trail, and every one is as it was written.",
    ]
