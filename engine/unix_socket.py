"""Unix sockets of the venue: files in its data directory that none but its own user may connect to."""

import os
import socket
import stat
from pathlib import Path
from typing import Final

from engine.errors import SocketError

PATH_BYTES_MAX: Final = 107
"""The length of a Unix socket's path, on Linux."""


def listen(path: Path) -> socket.socket:
    """Return a socket bound to a path, in place of one that a killed venue left there. Raise `SocketError`."""
    check_length(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        if path.exists():
            if not stat.S_ISSOCK(path.stat().st_mode):
                raise SocketError(f"{path}: cannot listen here: something else is there; take it away")
            path.unlink()
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise SocketError(f"{path}: cannot listen here: {error}") from error
    except SocketError:
        listener.close()
        raise
    finally:
        os.umask(mask)
    return listener


def check_length(path: Path) -> None:
    """Raise `SocketError` if a path is too long for a socket."""
    if len(os.fsencode(path)) > PATH_BYTES_MAX:
        raise SocketError(f"{path}: longer than the {PATH_BYTES_MAX} bytes that a Unix socket's path may have")
