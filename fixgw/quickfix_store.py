"""QuickFIX's file store, seen from outside: what it promises nothing of, and we need.

Each session has four files, `FIX.4.4-FONDACO-BROKER1.body`, `.header`, `.seqnums` and `.session`: the messages sent,
where each is in the body as `number,offset,length`, both sequence numbers, and when it was made. QuickFIX flushes them
to the operating system and never syncs. After a power cut a header may tell of messages that are not in the body, which
would end each connection on which they are asked for; such entries are taken out.
"""

import os
import re
from pathlib import Path
from typing import Final

from engine.journal import sync_directory

_BEGIN_STRINGS: Final = ("FIX.4.2", "FIX.4.4", "FIXT.1.1")
_SUFFIXES: Final = (".body", ".header", ".seqnums", ".session")
_ENTRY: Final = re.compile(rb"([0-9]{1,18}),([0-9]{1,18}),([0-9]{1,6}) ")
_SEQUENCES: Final = re.compile(rb"[0-9]+ : [0-9]+")
_MADE: Final = re.compile(rb"[0-9]{8}-[0-9]{2}:[0-9]{2}:[0-9]{2}")
_MESSAGE: Final = re.compile(rb"8=FIX[^\x00]*\x0110=[0-9]{3}\x01", re.DOTALL)


def forget(store: Path, name: str) -> None:
    """Take away what QuickFIX has, in any version, of a session whose sequences have begun again without it.

    `name` is its files' name behind the BeginString, such as "-FONDACO-BROKER1".
    """
    for begin_string in _BEGIN_STRINGS:
        for suffix in _SUFFIXES:
            (store / f"{begin_string}{name}{suffix}").unlink(missing_ok=True)


def mend(store: Path) -> None:
    """Take out what a power cut has left half written."""
    for header in store.glob("*.header"):
        with header.with_suffix(".body").open("ab+") as body:
            whole = [
                entry[0]
                for entry in _ENTRY.finditer(header.read_bytes())
                if _MESSAGE.fullmatch(os.pread(body.fileno(), int(entry[3]), int(entry[2])))
            ]
        header.write_bytes(b"".join(whole))
    for suffix, right in ((".seqnums", _SEQUENCES), (".session", _MADE)):
        for path in store.glob(f"*{suffix}"):
            if not right.fullmatch(path.read_bytes().strip()):
                path.unlink()


def sync(store: Path, since_ns: int) -> None:
    """Return when all that has been written since then is on disk."""
    for path in store.iterdir():
        if path.stat().st_mtime_ns >= since_ns:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(file)
            finally:
                os.close(file)
    sync_directory(store)
