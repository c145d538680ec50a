"""Signed Logons that have been taken, on disk: a signature is good once, whatever restarts in between.

A file for each session that signs holds the SendingTime of its last signed Logon, which the next one's must be after.
It is written before the Logon is accepted, and locked meanwhile, so that of several processes on the same files one
alone takes a Logon.
"""

import fcntl
import os
from pathlib import Path
from typing import Final

from engine.journal import make_directory, sync_directory
from fixgw.errors import SignedLogonsError

DIRECTORY: Final = "signed-logons"
"""Where the files are, under the venue's data directory."""
_DIGITS: Final = 20
"""Every time has so many digits: it is overwritten in its place."""


class SignedLogons:
    """The times of the last signed Logons."""

    __slots__ = ("_directory",)

    def __init__(self, data: Path) -> None:
        """`data` is the venue's data directory."""
        self._directory = data / DIRECTORY

    def take(self, comp_id: str, sent_ns: int) -> bool:
        """Take a session's Logon that was signed at a time; return False if it, or a later one, has been taken.

        On disk when this returns, which may take a while. Raise `SignedLogonsError` if that cannot be.
        """
        path = self._directory / f"{comp_id}.time"
        try:
            make_directory(self._directory)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                known = os.pread(file, _DIGITS, 0)
                if known and sent_ns <= int(known):
                    return False
                os.pwrite(file, f"{sent_ns:0{_DIGITS}}".encode("ascii"), 0)
                os.fsync(file)
            finally:
                os.close(file)
            if not known:
                sync_directory(self._directory)
        except (OSError, ValueError) as error:
            raise SignedLogonsError(f"{path}: the last signed Logon cannot be told: {error}; take it away") from error
        return True
