"""A journal for tests: random commands over all that the engine can do, and the venue that came of them."""

import asyncio
import shutil
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path

import msgspec
from sqlalchemy import select

from backoffice.database import Base, Database
from backoffice.database.database import address_of
from backoffice.ledger.tables import LedgerEntry
from backoffice.projector.projector import Projector
from backoffice.projector.rows import FeedRecord, decode_record
from backoffice.projector.tables import Moment, Position
from engine.exchange import Exchange
from engine.frames import encode_frame, encode_value
from engine.journal import Journal
from engine.recovery import JOURNAL as FILES
from engine.recovery import recover
from engine.state import State
from tests.engine.tape import SECOND_NS, Tape, opening

JOURNAL = "1" * 64
BY_BATCH = (Position.__tablename__, Moment.__tablename__, LedgerEntry.__tablename__)


class Journaled:
    """The records of a tape, and the venue's state at their end."""

    def __init__(self, seed: int, length: int, payloads: int = 0, diverging_at: int = 0) -> None:
        """`length`: of the tape, in commands; no more than `payloads` records of it, if that is given.

        From record `diverging_at` on, if given, all happens a second later.
        """
        exchange = Exchange()
        tape = Tape(seed)
        self.state: State = exchange.state
        self.payloads: list[bytes] = []
        for command in chain(opening(), islice(tape, length)):
            try:
                encoded = msgspec.Raw(encode_value(command))
            except (OverflowError, UnicodeEncodeError):
                continue  # The sequencer refuses such commands.
            now_ns = tape.now_ns + (SECOND_NS if 0 < diverging_at <= len(self.payloads) else 0)
            events = exchange.apply(command, now_ns)
            self.payloads.append(encode_value((len(self.payloads) + 1, now_ns, encoded, events)))
            if len(self.payloads) == payloads:
                break

    def records(self, after: int, count: int) -> list[FeedRecord]:
        return [decode_record(payload) for payload in self.payloads[after : after + count]]


def journal(data: Path, journaled: Journaled, first: int = 1, last: int = 10**9) -> None:
    """Write records of a tape to the journal of a data directory."""
    writer = Journal(data / FILES)
    recovered = recover(data)
    writer.open_at(recovered.sequence, recovered.last_segment, recovered.end_offset)
    frames = [
        encode_frame(number, 0, payload)
        for number, payload in enumerate(journaled.payloads, 1)
        if first <= number <= last
    ]
    writer.append(b"".join(frames), first, first + len(frames) - 1)
    writer.close()


async def take_in(projector: Projector, records: Iterable[FeedRecord]) -> None:
    """Take records in, as one batch."""
    rows = projector.rows()
    for record in records:
        rows.add(record)
    await projector.write(rows.batch())


async def project(database: Database, journaled: Journaled, sizes: list[int]) -> Projector:
    """Take all records in, in batches of these sizes by turns, from where the database stands."""
    projector = await Projector.open(database, JOURNAL)
    number = 0
    while projector.sequence < len(journaled.payloads):
        await take_in(projector, journaled.records(projector.sequence, sizes[number % len(sizes)]))
        number += 1
    return projector


async def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of all tables, but for those that depend on what came together."""
    found = {}
    async with database.reading() as session:
        for name, table in sorted(Base.metadata.tables.items()):
            if name not in BY_BATCH:
                rows = await session.execute(select(table).order_by(*table.primary_key))
                found[name] = [tuple(row) for row in rows]
    return found


def undisturbed(journaled: Journaled, empty: Path, path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return what is in a database that took all records in at once: a copy at `path` of an empty one."""

    async def run() -> dict[str, list[tuple[object, ...]]]:
        async with Database(address_of(f"sqlite:///{path}", Path())) as database:
            await project(database, journaled, [100_000])
            return await contents(database)

    shutil.copy(empty, path)
    return asyncio.run(run())
