"""Another key for personal data: everything that is sealed is sealed anew, in one transaction.

The old keys stay in the file, as copies of the database from before need them.
"""

from typing import Final

from sqlalchemy import Table, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.tables import metadata
from backoffice.staff import audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.sealing import Sealer, place, sealed_columns

_BATCH: Final = 1_000


async def seal_anew(session: AsyncSession, actor: Actor, sealer: Sealer, *, why: str, now_ns: int) -> int:
    """Seal everything with the newest key, and return how many texts that were. Raise `Refused` or `KeyFault`."""
    actor.require(Permission.ROTATE_KEY)
    count = 0
    for table in metadata.sorted_tables:
        count += await _seal_table(session, table, sealer)
    after = {"key": sealer.newest, "texts": count}
    await audit.record(session, actor, "rotate key", "staff/key", before=None, after=after, why=why, now_ns=now_ns)
    return count


async def _seal_table(session: AsyncSession, table: Table, sealer: Sealer) -> int:
    columns = sealed_columns(table)
    if not columns:
        return 0
    count = 0
    keys = list(table.primary_key.columns)
    rows = await session.stream(select(table).order_by(*keys).execution_options(yield_per=_BATCH))
    async for batch in rows.mappings().partitions(_BATCH):
        for row in batch:
            changes = {}
            for column, names in columns.items():
                sealed = row[column]
                if sealed is not None and not sealer.is_current(sealed):
                    context = place(table.name, column, *(row[name] for name in names))
                    changes[column] = sealer.seal(sealer.open(sealed, context), context)
            if changes:
                await session.execute(update(table).where(*(key == row[key.name] for key in keys)).values(**changes))
                count += len(changes)
    return count
