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
from backoffice.reconciliation.tables import Break
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
    database: Database, rails: Mapping[str, Rail], now_ns: int, engine: Engine | None = None
) -> Reconciled:
    """Compare all there is, with the engine too if its state is given, and keep what does not agree."""
    told, silent = {}, {}
    for name, rail in rails.items():
        async with database.reading() as session:
            cursor = await statements.cursor_of(session, name)
        try:
            told[name] = await rail.statement(cursor)
        except (RailSilent, OSError) as error:
            silent[name] = str(error)
    async with database.writing() as session:
        for name, statement in told.items():
            await statements.take(session, name, statement, now_ns)
    async with database.reading() as session:
        found = await differences(session, {name: rail.record_lag_ns for name, rail in rails.items()}, silent, now_ns)
        kinds = set(Kind) - {Kind.ENGINE}
        if engine is not None:
            kinds.add(Kind.ENGINE)
            found += await against_engine(session, *engine)
    async with database.writing() as session:
        opened, closed = await breaks.take(session, found, kinds=kinds, silent=silent, now_ns=now_ns)
    return Reconciled(opened, closed, silent)
