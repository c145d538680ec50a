"""Catching up with a journal whose files are at hand, on two cores: one process derives, and this one writes.

Python does one thing at a time in a process, also while SQLite takes rows in. So what follows from the records is
worked out by a process of its own (`deriving`), and is here already when the batch before it has been written.
"""

import asyncio
import pickle
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Final

from backoffice.errors import BackOfficeError
from backoffice.projector import deriving
from backoffice.projector.batch import Batch, decode_batch
from backoffice.projector.deriving import BATCH_RECORDS, LENGTH_BYTES
from backoffice.projector.projector import Projector
from backoffice.projector.rows import Known

_AHEAD_BYTES: Final = 4 * 1024 * 1024
"""About so much is fetched while a batch is written: the next one."""


async def catch_up(
    projector: Projector, journal: Path, last: int, batch_records: int = BATCH_RECORDS
) -> AsyncGenerator[Batch]:
    """Put into the database what the files of a journal have through a record; yield each batch that is in there.

    Raise `BackOfficeError` if they cannot be read; the batches before are in the database.
    """
    if projector.sequence >= last:
        return
    span = (projector.sequence + 1, last, batch_records)
    async with aclosing(_derived(projector.known, journal, span)) as batches:
        async for batch in batches:
            await projector.write(batch)
            yield batch
    await projector.load()


async def _derived(known: Known, journal: Path, span: tuple[int, int, int]) -> AsyncGenerator[Batch]:
    """Yield what follows from the records of the files, worked out by another process."""
    command = (sys.executable, "-m", deriving.__name__, str(journal), *map(str, span))
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=_AHEAD_BYTES)
    told, given, complaints = process.stdin, process.stdout, process.stderr
    assert told is not None, "it is a pipe"
    assert given is not None, "it is a pipe"
    assert complaints is not None, "it is a pipe"
    said = asyncio.create_task(complaints.read())
    try:
        told.write(pickle.dumps(known))
        told.close()
        while length := int.from_bytes(await given.readexactly(LENGTH_BYTES), "big"):
            yield decode_batch(await given.readexactly(length))
    except asyncio.IncompleteReadError as error:
        last_line = (await said).decode(errors="replace").strip().rpartition("\n")[2]
        status = await process.wait()
        raise BackOfficeError(last_line or f"what derives rows has ended with status {status}") from error
    finally:
        with suppress(ProcessLookupError):  # it has ended already
            process.kill()
        await asyncio.gather(said, process.wait())
