"""The ways in from other hosts: what the settings ask for is what listens, and what does not fit is said at once."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

from config.network import Fix, Remote, Served
from config.settings import Settings
from engine.remote import Place
from fixgw.errors import IdentityError, ListenError, TlsError
from fixgw.other_hosts import OtherHosts
from fixgw.sources import check_files, control_of, feed_of
from tests.engine.authorities import HOST, Authorities
from tests.engine.waiting import PATIENCE_S, until


class Greeter(asyncio.Protocol):
    """Takes the place of the feed: says who may come, and hangs up."""

    def __init__(self, fingerprints: frozenset[str]) -> None:
        self.fingerprints = fingerprints

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(",".join(sorted(self.fingerprints)).encode() + b"\n")
        transport.close()


class Hosts:
    """Certificates, and settings that name them."""

    def __init__(self, directory: Path) -> None:
        self.authorities = Authorities(directory)
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self.port: int = probe.getsockname()[1]

    def settings(self, **others: Any) -> Settings:
        path = self.authorities.path
        files = {"certificate": path("venue"), "key": path("venue.key"), "client_ca": path("peers")}
        served = Served(**{"host": HOST, "port": self.port, **files, **others})
        return Settings(Fix("FONDACO"), feed=served)

    @asynccontextmanager
    async def served(self, **others: Any) -> AsyncIterator[None]:
        hosts = OtherHosts(self.settings(**others))
        await hosts.start(lambda pins: lambda: Greeter(pins), lambda pins: lambda: Greeter(pins))
        try:
            yield
        finally:
            hosts.stop()

    async def greeting(self, name: str = "office") -> bytes:
        """Return what is heard by who shows a certificate, nothing if it is hung up on."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                context = self.authorities.peer(name)()
                reader, writer = await asyncio.open_connection(HOST, self.port, ssl=context, server_hostname=HOST)
            except ConnectionError:
                return b""
            try:
                return await reader.readline()
            except ConnectionError:
                return b""
            finally:
                writer.transport.abort()


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    return Hosts(tmp_path)


async def test_who_shows_a_certificate_that_is_vouched_for_comes_in(hosts: Hosts) -> None:
    pin = hosts.authorities.fingerprint("office")
    async with hosts.served(certificates=(":".join(pin[at : at + 2].upper() for at in range(0, 64, 2)),)):
        assert await hosts.greeting() == f"{pin}\n".encode()


async def test_a_stranger_is_logged_with_the_reason(hosts: Hosts) -> None:
    hosts.authorities.issue("stranger", ca=hosts.authorities.ca)
    with structlog.testing.capture_logs() as lines:
        async with hosts.served():
            assert await hosts.greeting("stranger") == await hosts.greeting("") == b""
            await until(lambda: len(lines) == 3)
    assert [(line["event"], line.get("reason")) for line in lines] == [
        ("serving other hosts", None),
        ("connection dropped", "no TLS: certificate verify failed"),
        ("connection dropped", "no TLS: peer did not return a certificate"),
    ]


async def test_only_the_networks_that_are_named_may_come(hosts: Hosts) -> None:
    async with hosts.served(networks=("192.0.2.0/24",)):
        assert await hosts.greeting() == b""


async def test_a_certificate_that_has_changed_is_shown(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixgw.other_hosts.TICK_S", 0)
    monkeypatch.setattr("fixgw.tls.LOOK_EVERY_NS", 0)
    async with hosts.served():
        assert await hosts.greeting()
        hosts.authorities.issue("venue", ca=hosts.authorities.peers)
        async with asyncio.timeout(PATIENCE_S):
            while await _is_taken(hosts):
                await asyncio.sleep(0)


async def test_an_address_that_is_taken_is_told_with_its_setting(hosts: Hosts) -> None:
    async with hosts.served():
        with pytest.raises(ListenError, match=r"Address already in use; set another feed\.port"):
            async with hosts.served():
                pass


async def test_files_and_fingerprints_that_do_not_fit_are_told(hosts: Hosts, tmp_path: Path) -> None:
    with pytest.raises(TlsError, match="cannot be read: No such file"):
        async with hosts.served(client_ca=str(tmp_path / "none.pem")):
            pass
    with pytest.raises(IdentityError, match="not a certificate: PEM, or its SHA-256 fingerprint"):
        async with hosts.served(certificates=("office",)):
            pass


def test_sources_are_in_the_data_directory_unless_settings_say_otherwise(tmp_path: Path) -> None:
    settings = Settings(Fix("FONDACO"))
    check_files(settings)
    assert (feed_of(settings, tmp_path), control_of(settings, tmp_path)) == (
        tmp_path / "feed.sock",
        tmp_path / "control.sock",
    )


def test_sources_elsewhere_are_where_settings_have_them(hosts: Hosts, tmp_path: Path) -> None:
    path = hosts.authorities.path
    remote = Remote(path("office"), path("office.key"), path("ca"), "venue.example:9880", "[2001:db8::1]:9881")
    settings = Settings(Fix("FONDACO"), remote=remote)
    check_files(settings)
    feed, control = feed_of(settings, tmp_path), control_of(settings, tmp_path)
    assert isinstance(feed, Place)
    assert isinstance(control, Place)
    assert (feed.host, feed.port, str(feed)) == ("venue.example", 9880, "venue.example:9880")
    assert (control.host, control.port, str(control)) == ("2001:db8::1", 9881, "[2001:db8::1]:9881")


def test_files_for_another_host_that_do_not_fit_are_told(hosts: Hosts) -> None:
    path = hosts.authorities.path
    with pytest.raises(TlsError, match="the key is not that of the certificate"):
        check_files(Settings(Fix("FONDACO"), remote=Remote(path("office"), path("venue.key"), path("ca"))))


async def _is_taken(hosts: Hosts) -> bool:
    try:
        return bool(await hosts.greeting())
    except OSError:
        return False
