"""Another key for personal data, and the end of those before it.

`rotate` adds a key, with which everybody seals from that moment on, and seals anew what others have sealed, some rows
in each transaction. It may be killed at any moment: whatever is sealed can be read, and the next one goes on where it
was, with the same key. `retire` takes those keys out of the file that no text needs any more, which counting them all
proves. Copies of the database from before still need them.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping, Table, Text, func, not_, or_, select, text, tuple_, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database import Database
from backoffice.database.tables import metadata
from backoffice.errors import Refused
from backoffice.staff import audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.sealing import KEY_ID_SPAN, Sealer, add_key, keep_key, place, sealed_columns

SUBJECT: Final = "staff/key"
_BATCH: Final = 500


class Rotated(msgspec.Struct, frozen=True):
    """What a rotation came to."""

    key: str
    """The one that seals now."""
    texts: int
    """How many were sealed anew."""
    went_on: bool
    """Whether that was what an earlier one had left, so that no key was added."""


async def rotate(
    database: Database,
    actor: Actor,
    path: Path,
    *,
    why: str,
    now_ns: int,
    progress: Callable[[int], None] = lambda _: None,
) -> Rotated:
    """Add a key to a file, unless an earlier rotation is to be gone on with, and seal everything with the newest.

    `progress` is told how many texts are done. Raise `Refused` or `KeyFault`.
    """
    actor.require(Permission.ROTATE_KEY)
    sealer = Sealer(path)
    before = sealer.keys
    async with database.reading() as session:
        counts = await texts_by_key(session)
    went_on = counts.total() > counts[sealer.newest]
    if not went_on:
        add_key(path)
    after = {"keys": sealer.keys, "texts": counts.total() - counts[sealer.newest]}
    async with database.writing() as session:
        await audit.record(
            session, actor, "rotate key", SUBJECT, before={"keys": before}, after=after, why=why, now_ns=now_ns
        )
    done = 0
    # Whoever sealed a moment before there was another key may have written it a moment after it was looked for.
    while await _are_stale(database, sealer):
        for table in _sealed_tables():
            done = await _seal_table(database, table, sealer, done, progress)
    async with database.writing() as session:
        after = {"key": sealer.newest, "texts": done}
        await audit.record(session, actor, "seal anew", SUBJECT, before=None, after=after, why=why, now_ns=now_ns)
    return Rotated(sealer.newest, done, went_on)


async def retire(database: Database, actor: Actor, path: Path, *, why: str, now_ns: int) -> list[str]:
    """Take all keys but the newest out of a file, and return which they were.

    Raise `Refused` while a text needs one of them, or if there is none; `KeyFault`.
    """
    actor.require(Permission.ROTATE_KEY)
    sealer = Sealer(path)
    keys = sealer.keys
    *old, newest = keys
    if not old:
        raise Refused(f"there is no key but {newest}, which seals; `fondaco staff rotate-key` adds another")
    # The entry goes first: one without its deed can be done again, a deed without its entry could not be explained.
    async with database.writing() as session:
        _check_unneeded(await texts_by_key(session), newest)
        before, after = {"keys": keys}, {"keys": [newest]}
        await audit.record(session, actor, "retire keys", SUBJECT, before=before, after=after, why=why, now_ns=now_ns)
    async with database.writing() as session:
        if not database.is_sqlite:
            tables = ", ".join(table.name for table in _sealed_tables())
            await session.execute(text(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE"))
        _check_unneeded(await texts_by_key(session), newest)
        keep_key(path, newest)
    return old


async def texts_by_key(session: AsyncSession) -> Counter[str]:
    """Return how many texts are sealed with each key, of all columns that there are."""
    counts: Counter[str] = Counter()
    for table in _sealed_tables():
        for column in sealed_columns(table):
            key = func.substr(type_coerce(table.c[column], Text), *KEY_ID_SPAN).label("key_id")
            query = select(key, func.count()).where(table.c[column].is_not(None)).group_by("key_id")
            for found, count in await session.execute(query):
                counts[found] += count
    return counts


def _check_unneeded(counts: Counter[str], newest: str) -> None:
    for key, count in sorted(counts.items()):
        if key != newest:
            raise Refused(f"{count:,} texts still need key {key}; `fondaco staff rotate-key` seals them anew")


def _sealed_tables() -> list[Table]:
    return [table for table in metadata.sorted_tables if sealed_columns(table)]


async def _are_stale(database: Database, sealer: Sealer) -> bool:
    async with database.reading() as session:
        counts = await texts_by_key(session)
    return counts.total() > counts[sealer.newest]


async def _seal_table(
    database: Database, table: Table, sealer: Sealer, done: int, progress: Callable[[int], None]
) -> int:
    """Seal what is in a table anew, a batch of rows in each transaction; return how many texts are done then."""
    keys = list(table.primary_key)
    last: tuple[Any, ...] | None = None
    while True:
        async with database.writing() as session:
            rows = await _stale_rows(session, table, sealer, last)
            for row in rows:
                changes = _sealed_anew(table, row, sealer)
                await session.execute(update(table).where(*(key == row[key.name] for key in keys)).values(**changes))
                done += len(changes)
        if not rows:
            return done
        progress(done)
        last = tuple(rows[-1][key.name] for key in keys)


async def _stale_rows(
    session: AsyncSession, table: Table, sealer: Sealer, last: tuple[Any, ...] | None
) -> Sequence[RowMapping]:
    """Return the next rows after the last with a text that another key than the newest has sealed, kept from others."""
    keys = list(table.primary_key)
    columns = sealed_columns(table)
    needed = {*columns, *(key.name for key in keys), *chain.from_iterable(columns.values())}
    stale = [not_(type_coerce(table.c[column], Text).startswith(sealer.newest_mark)) for column in columns]
    query = select(*(table.c[name] for name in sorted(needed))).where(or_(*stale))
    if last is not None:
        query = query.where(tuple_(*keys) > tuple_(*last))
    return (await session.execute(query.order_by(*keys).limit(_BATCH).with_for_update())).mappings().all()


def _sealed_anew(table: Table, row: RowMapping, sealer: Sealer) -> dict[str, str]:
    """Return those of a row's texts that another key has sealed, sealed with the newest."""
    changes = {}
    for column, names in sealed_columns(table).items():
        sealed = row[column]
        if sealed is not None and not sealed.startswith(sealer.newest_mark):
            context = place(table.name, column, *(row[name] for name in names))
            changes[column] = sealer.seal(sealer.open(sealed, context), context)
    return changes
