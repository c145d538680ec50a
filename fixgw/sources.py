"""Where a process finds the venue's feed and control: in the data directory, or on another host that settings name."""

from functools import partial
from pathlib import Path
from typing import Final

from config.network import Remote
from config.settings import Settings
from config.texts import host_and_port
from config.tls_files import UnfitFile, client_context
from engine.control import SOCKET
from engine.remote import Place, Source
from fixgw.errors import TlsError

FEED: Final = "feed.sock"
"""The socket's name in a venue's data directory."""


def check_files(settings: Settings) -> None:
    """Raise `TlsError` if the files for another host do not fit; later that would be taken for one that is away."""
    if settings.remote is not None:
        try:
            client_context(settings.remote)
        except UnfitFile as error:
            raise TlsError(str(error)) from error


def feed_of(settings: Settings, data: Path) -> Source:
    """Return where the feed is."""
    remote = settings.remote
    return data / FEED if remote is None or remote.feed is None else _place(remote, remote.feed)


def control_of(settings: Settings, data: Path) -> Source:
    """Return where control is."""
    remote = settings.remote
    return data / SOCKET if remote is None or remote.control is None else _place(remote, remote.control)


def _place(remote: Remote, address: str) -> Place:
    return Place(*host_and_port(address), partial(client_context, remote))
