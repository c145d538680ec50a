"""Writes a journal as a venue would, to be recovered from, or taken in."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from engine.commands import AnyCommand
from engine.events import Trade
from engine.exchange import Exchange
from engine.frames import encode_frame, encode_value
from engine.journal import Journal

BATCH: Final = 100
"""Records of one write."""
_APART_NS: Final = 20_000
"""How far records lie apart: 50,000 a second."""


def write_journal(directory: Path, commands: Iterable[AnyCommand], begin_ns: int = 0) -> tuple[int, int]:
    """Write a journal of commands and what comes of them; return how many records, and how many fills, are in it."""
    exchange, journal = Exchange(), Journal(directory)
    sequence = executions = first = 0
    frames = bytearray()
    for sequence, command in enumerate(commands, 1):
        first = first or sequence
        time_ns = begin_ns + sequence * _APART_NS
        events = exchange.apply(command, time_ns)
        executions += 2 * sum(type(event) is Trade for event in events)
        payload = encode_value((sequence, time_ns, msgspec.Raw(encode_value(command)), events))
        frames += encode_frame(sequence, first - 1, payload)
        if sequence - first + 1 == BATCH:
            journal.append(bytes(frames), first, sequence)
            frames.clear()
            first = 0
    if frames:
        journal.append(bytes(frames), first, sequence)
    journal.close()
    return sequence, executions
