"""A journal on a disk that takes its time, and fails when told to."""

import threading
from pathlib import Path

from engine.journal import Journal
from tests.engine.waiting import PATIENCE_S


class SlowJournal(Journal):
    """Each `sync` waits until the test lets it go on, and then succeeds, or raises `error`."""

    def __init__(self, directory: Path, *, segment_bytes: int = 64 * 1024 * 1024) -> None:
        super().__init__(directory, segment_bytes=segment_bytes)
        self.is_slow = True
        self.syncs = 0
        self.appended: list[tuple[int, int]] = []
        """First and last record of each write."""
        self.error: Exception | None = None
        self._allowed = threading.Semaphore(0)

    def append(self, frames: bytes, first_sequence: int, last_sequence: int) -> None:
        self.appended.append((first_sequence, last_sequence))
        super().append(frames, first_sequence, last_sequence)

    def sync(self) -> None:
        if self.is_slow:
            assert self._allowed.acquire(timeout=PATIENCE_S)
        self.syncs += 1
        if self.error is not None:
            raise self.error
        super().sync()

    def allow(self, syncs: int = 1) -> None:
        """Let as many syncs be done."""
        self._allowed.release(syncs)

    def be_fast(self) -> None:
        """Let all syncs be done from now on."""
        self.is_slow = False
        self._allowed.release(1000)
