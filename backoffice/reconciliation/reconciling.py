"""Reconciles once: asks the rails for their records and stores them, compares, and keeps what was found.

Comparing reads, and lets others write. Who is killed in between has stored what rails told, and compares it next time.
"""

from collections.abc import Mapping

import msgspec

from backoffice.database import Database
from backoffice.payments.rail import Rail, RailSilent
from backoffice.reconciliation import breaks, statements
from backoffice.reconciliation.comparing import differences
from backoffice.reconciliation.engine import against_engine
from backoffice.reconciliation.found import Kind
from backoffice.reconciliation.rail_balances import against_rails
from backoffice.reconciliation.tables import Break
from backoffice.staff import audit
from backoffice.staff.actor import Actor
from engine.state import State

Engine = tuple[State, int]
"""The engine's state, and after which record."""


class Reconciled(msgspec.Struct, frozen=True):
    """What reconciling has come to."""

    opened: list[Break]
    closed: list[Break]
    silent: dict[str, str]
    """The rails that did not tell, and why."""


async def reconcile(
    database: Database,
    rails: Mapping[str, Rail],
    now_ns: int,
    engine: Engine | None = None,
    asked_by: Actor | None = None,
) -> Reconciled:
    """Compare all there is, with the engine too if its state is given, and keep what does not agree.

    `asked_by`: who has it done, for the audit trail; nobody where the back office does it by itself.
    """
    silent = {}
    for name, rail in rails.items():
        try:
            await _read(database, name, rail, now_ns)
        except (RailSilent, OSError) as error:
            silent[name] = str(error)
    lags_ns = {name: rail.record_lag_ns for name, rail in rails.items()}
    async with database.reading() as session:
        found = await differences(session, lags_ns, silent, now_ns)
        found += await against_rails(session, lags_ns, silent.keys())
        kinds = set(Kind) - {Kind.ENGINE}
        if engine is not None:
            kinds.add(Kind.ENGINE)
            found += await against_engine(session, *engine)
    async with database.writing() as session:
        opened, closed = await breaks.take(session, found, kinds=kinds, silent=silent.keys(), now_ns=now_ns)
        if asked_by is not None:
            counts = {"found": len(found), "opened": len(opened), "closed": len(closed), "silent": sorted(silent)}
            await audit.record(
                *(session, asked_by, "reconcile", "house/books"),
                before=None,
                after=counts,
                why="it was asked for",
                now_ns=now_ns,
            )
    return Reconciled(opened, closed, silent)


async def _read(database: Database, name: str, rail: Rail, now_ns: int) -> None:
    """Store what a rail has booked since it was last read, to the end, where it says what it has."""
    is_whole = False
    while not is_whole:
        async with database.reading() as session:
            cursor = await statements.cursor_of(session, name)
        statement = await rail.statement(cursor)
        is_whole = statement.balances is not None
        if not is_whole and statement.cursor == cursor:
            raise RailSilent(f"{name} says that it has booked more, and tells nothing more")
        async with database.writing() as session:
            await statements.take(session, name, statement, now_ns)
