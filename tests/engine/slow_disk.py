"""A disk that takes its time, and fails when told to."""

import os
import threading

import pytest

from engine.frames import frame_at
from tests.engine.waiting import PATIENCE_S


class SlowDisk:
    """Under the journal: each sync waits until the test lets it go on, and then succeeds, or raises `error`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_slow = True
        self.syncs = 0
        self.written: list[tuple[int, int]] = []
        """First and last record of each write."""
        self.error: Exception | None = None
        self._allowed = threading.Semaphore(0)
        self._write, self._fdatasync = os.write, os.fdatasync
        monkeypatch.setattr("engine.journal.os.write", self.write)
        monkeypatch.setattr("engine.journal.os.fdatasync", self.fdatasync)

    def write(self, file: int, data: bytes) -> int:
        records = _records_in(bytes(data))
        if records:
            self.written.append((records[0], records[-1]))
        return self._write(file, data)

    def fdatasync(self, file: int) -> None:
        if self.is_slow:
            assert self._allowed.acquire(timeout=PATIENCE_S)
        self.syncs += 1
        if self.error is not None:
            raise self.error
        self._fdatasync(file)

    def allow(self, syncs: int = 1) -> None:
        """Let as many syncs be done."""
        self._allowed.release(syncs)

    def be_fast(self) -> None:
        """Let all syncs be done from now on."""
        self.is_slow = False
        self._allowed.release(1000)


def _records_in(data: bytes) -> list[int]:
    sequences, at = [], 0
    while (frame := frame_at(data, at)) is not None:
        sequences.append(frame.sequence)
        at = frame.end
    return sequences
