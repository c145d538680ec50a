"""Derives rows in a process of its own: `python -m backoffice.projector.deriving JOURNAL FIRST LAST BATCH`.

What is known so far comes by its standard input. Its standard output gives the batches of BATCH records that follow
from the journal's files, each with its length before it, and a length of zero at the end. When nobody takes them any
more, because who has started it was killed, it ends.
"""

import gc
import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from backoffice.projector.batch import Batch, encode_batch
from backoffice.projector.rows import Known, Rows, decode_record
from engine.errors import CorruptJournal, EngineError
from engine.journal import JournalReader

BATCH_RECORDS: Final = 20_000
"""So many records are written at once at most, or a few more of those that come by the feed."""
LENGTH_BYTES: Final = 4
_NICE: Final = 10
"""Who trades meanwhile has the core first."""


def batches(known: Known, journal: Path, first: int, last: int, batch_records: int) -> Iterator[Batch]:
    """Yield what follows from the records `first` to `last`. Raise a `JournalError` if the files lack any."""
    rows = Rows(known)
    frames = JournalReader(journal).frames(first)
    for expected in range(first, last + 1):
        frame = next(frames, None)
        if frame is None:
            raise CorruptJournal(f"{journal}: ends before record {expected}, and record {last} is committed")
        try:
            record = decode_record(frame.payload)
        except msgspec.MsgspecError as error:
            raise CorruptJournal(f"{journal}: record {expected} is not one that this version knows: {error}") from error
        rows.add(record)
        if rows.records == batch_records or expected == last:
            yield rows.batch()
            rows = Rows(known)


def _main(journal: Path, *span: int) -> None:
    os.nice(_NICE)
    gc.disable()  # No row and no record refers to itself.
    known = pickle.load(sys.stdin.buffer)  # noqa: S301 - from who has started this process
    output = sys.stdout.buffer
    try:
        for batch in batches(known, journal, *span):
            encoded = encode_batch(batch)
            output.write(len(encoded).to_bytes(LENGTH_BYTES, "big"))
            output.write(encoded)
        output.write(bytes(LENGTH_BYTES))
    except EngineError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
