import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest

from config.network import Fix, Tls
from fixgw import quickfix_settings
from fixgw.errors import LaneError
from fixgw.version import FIX44

DEADLINE_S: Final = 10.0


def fix(**settings: Any) -> Fix:
    return Fix("FONDACO", lane="quickfix", **settings)


def test_missing_package_is_told_in_one_line_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quickfix_settings, "find_spec", lambda _name: None)
    with pytest.raises(LaneError, match=r'pip install "fondaco\[quickfix\]"') as error:
        quickfix_settings.check(fix())
    assert "\n" not in str(error.value)


def test_address_that_quickfix_cannot_serve_is_an_error() -> None:
    pytest.importorskip("quickfix")
    quickfix_settings.check(fix())
    with pytest.raises(LaneError, match="IPv4"):
        quickfix_settings.check(fix(host="::1"))


def test_tls_and_networks_that_quickfix_does_not_have_are_errors() -> None:
    pytest.importorskip("quickfix")
    for settings in ({"tls": Tls("venue.pem", "venue.key")}, {"networks": ("192.0.2.0/24",)}):
        with pytest.raises(LaneError, match="plain TCP, from any address"):
            quickfix_settings.check(fix(**settings))


def test_loopback_keeps_others_out(tmp_path: Path) -> None:
    inside = quickfix_settings.write(fix(), {"BROKER1": FIX44}, tmp_path / "inside").read_text()
    outside = quickfix_settings.write(
        fix(host="192.0.2.1", plain_tcp_outside_loopback=True), {"BROKER1": FIX44}, tmp_path / "outside"
    ).read_text()
    assert "AllowedRemoteAddresses=127.0.0.1\n" in inside
    assert "AllowedRemoteAddresses" not in outside
    assert "127.0.0.1" in quickfix_settings.limits(fix())[0]
    assert "127.0.0.1" not in quickfix_settings.limits(fix(host="192.0.2.1"))[0]


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[int]:
    """The port of an acceptor of QuickFIX's with the lane's settings, in this process."""
    quickfix = pytest.importorskip("quickfix")

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = quickfix.SessionSettings(str(quickfix_settings.write(fix(port=port), {"BROKER1": FIX44}, tmp_path)))
    application, stores = quickfix.NullApplication(), quickfix.FileStoreFactory(settings)
    acceptor = quickfix.ThreadedSocketAcceptor(application, stores, settings)
    acceptor.start()
    yield port
    acceptor.stop(True)


@pytest.mark.quickfix
def test_small_writes_are_not_held_back(listening: int) -> None:
    """Without SocketNodelay the second of two small messages is some 40 ms late."""
    with socket.create_connection(("127.0.0.1", listening)) as client:
        deadline = time.monotonic() + DEADLINE_S
        while not (served := served_socket(client.getsockname())):
            assert time.monotonic() < deadline
        with served:
            assert served.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def served_socket(peer: Any) -> socket.socket | None:
    """Return this process's own end of a connection from `peer`."""
    for path in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found = socket.socket(fileno=os.dup(int(path.name)))
            with suppress(OSError):
                if found.getpeername() == peer:
                    return found
            found.close()
    return None
