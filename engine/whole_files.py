"""Files that are written whole or not at all: a draft beside the file takes its place once it is on disk.

They are for the venue's user alone, and there for good when the function returns, power cuts included.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from engine.journal import sync_directory


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in the place of the one that is there. For one process at a time."""
    draft = path.with_suffix(".draft")
    _write(draft, "wb", content)
    draft.replace(path)
    sync_directory(path.parent)


def write_beside_others(path: Path, content: bytes, *, replaces: bool) -> None:
    """Write a file that other processes may write now, too: the last one stays, or unless it `replaces` the first."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        _write(draft, "xb", content)
        if replaces:
            draft.replace(path)
        else:
            with suppress(FileExistsError):
                os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    sync_directory(path.parent)


def _write(path: Path, mode: str, content: bytes) -> None:
    with open(path, mode, opener=_private) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
