"""TLS on real sockets: what is agreed on, with whom, and what becomes of those with whom nothing is.

Here on asyncio's own loop; the venues of `tests/e2e/test_security.py` run on uvloop, whose TLS is another.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest
import structlog
import trustme

from config.network import Certificate, Fix
from config.network import Tls as Settings
from fixgw.errors import TlsError
from fixgw.listener import Listener
from fixgw.origin import Origin, origin_of
from fixgw.tls import LOOK_EVERY_NS, RENEW_EVERY_NS, Tls
from tests.e2e.venue import free_port

NAME: Final = "fix.venue.example"
HOST: Final = "127.0.0.1"


class Files:
    """Certificates of a venue and of its clients, in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ca = trustme.CA()
        self.client_ca = trustme.CA()
        self.client_ca.cert_pem.write_to_path(str(directory / "clients.pem"))

    def write(self, name: str, *names: str, ca: trustme.CA | None = None, expires: datetime | None = None) -> None:
        """Write a certificate for some names to `name`.pem and its key to `name`.key."""
        issued = (ca or self.ca).issue_cert(*names, not_after=expires)
        (self.directory / f"{name}.pem").write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(self.directory / f"{name}.key"))

    def settings(self, **others: Any) -> Settings:
        return Settings(str(self.directory / "venue.pem"), str(self.directory / "venue.key"), **others)

    def certificate(self, name: str) -> Certificate:
        return Certificate(str(self.directory / f"{name}.pem"), str(self.directory / f"{name}.key"))

    def trust(self, name: str = "", **versions: ssl.TLSVersion) -> ssl.SSLContext:
        """Return what a client goes by; with a name it shows that certificate."""
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        if name:
            context.load_cert_chain(self.directory / f"{name}.pem", self.directory / f"{name}.key")
        for which, version in versions.items():
            setattr(context, which, version)
        return context


class Echo(asyncio.Protocol):
    """Sends back what comes, and tells where it is from."""

    origins: Final[list[Origin]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.origins.append(origin_of(transport))

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class Door:
    """A listener that echoes, and what it has noted."""

    def __init__(self, settings: Settings | None, **fix: Any) -> None:
        self.port = free_port()
        self.notes: list[str] = []
        self.tls = Tls(settings, 0) if settings is not None else None
        self.settings = Fix("FONDACO", port=self.port, logon_timeout_s=1, tls=settings, **fix)
        self.listener = Listener(self.settings, self.tls, Echo, lambda _what, _peer, why: self.notes.append(why))

    async def echo(self, context: ssl.SSLContext | None, name: str | None = NAME, data: bytes = b"8=FIX") -> bytes:
        """Return what comes back over a new connection; nothing if it is closed."""
        _, _, answer = await self.talk(context, name, data)
        return answer

    async def talk(
        self, context: ssl.SSLContext | None, name: str | None = NAME, data: bytes = b"8=FIX"
    ) -> tuple[str | None, Any, bytes]:
        """Return the version of TLS, the venue's certificate and what comes back."""
        hostname = name if context is not None else None
        reader, writer = await asyncio.open_connection(HOST, self.port, ssl=context, server_hostname=hostname)
        tls = writer.get_extra_info("ssl_object")
        try:
            writer.write(data)
            answer = await reader.read(1_000)
        except OSError:
            answer = b""
        finally:
            writer.transport.abort()
        return (tls.version(), tls.getpeercert(), answer) if tls is not None else (None, None, answer)

    async def refuses(self, context: ssl.SSLContext, name: str = NAME) -> bool:
        """Tell whether nothing comes of a connection: the handshake fails, or, in TLS 1.3, what follows it."""
        try:
            return await self.echo(context, name) == b""
        except OSError:
            return True

    async def noted(self, text: str) -> None:
        while not any(text in note for note in self.notes):
            await asyncio.sleep(0.001)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    files = Files(tmp_path)
    files.write("venue", NAME)
    return files


Open = Callable[..., Any]


@pytest.fixture
async def open_door() -> AsyncIterator[Open]:
    doors: list[Door] = []

    async def opened(settings: Settings | None, **fix: Any) -> Door:
        door = Door(settings, **fix)
        doors.append(door)
        await door.listener.start()
        return door

    Echo.origins.clear()
    yield opened
    for door in doors:
        door.listener.close()
    await asyncio.sleep(0)


@pytest.mark.parametrize("version", (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3))
async def test_both_versions_are_served(files: Files, open_door: Open, version: ssl.TLSVersion) -> None:
    door = await open_door(files.settings())
    spoken, _, answer = await door.talk(files.trust(maximum_version=version, minimum_version=version))
    assert (spoken, answer) == (version.name.replace("_", "."), b"8=FIX")


async def test_version_below_the_least_is_refused(files: Files, open_door: Open) -> None:
    door = await open_door(files.settings(minimum_version="1.3"))
    assert await door.echo(files.trust()) == b"8=FIX"
    assert await door.refuses(files.trust(maximum_version=ssl.TLSVersion.TLSv1_2))
    await door.noted("unsupported protocol")


@pytest.mark.parametrize("cipher", ("AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA"))
async def test_ciphers_without_forward_secrecy_or_authentication_are_refused(
    files: Files, open_door: Open, cipher: str
) -> None:
    door = await open_door(files.settings())
    old = files.trust(maximum_version=ssl.TLSVersion.TLSv1_2)
    old.set_ciphers(cipher)
    assert await door.refuses(old)
    await door.noted("no shared cipher")


# ------------------------------------------------------------------------------------------- client certificates


async def test_certificate_of_a_client_is_seen_by_its_fingerprint(files: Files, open_door: Open) -> None:
    files.write("broker", "broker.example", ca=files.client_ca)
    ca = str(files.directory / "clients.pem")
    door = await open_door(files.settings(client_certificates="optional", client_ca=ca))
    assert await door.echo(files.trust()) == b"8=FIX"
    assert await door.echo(files.trust("broker")) == b"8=FIX"
    fingerprint = sha256(ssl.PEM_cert_to_DER_cert((files.directory / "broker.pem").read_text())).hexdigest()
    assert [origin.certificate for origin in Echo.origins] == ["", fingerprint]


async def test_client_without_a_certificate_is_refused_where_one_is_required(files: Files, open_door: Open) -> None:
    files.write("broker", "broker.example", ca=files.client_ca)
    ca = str(files.directory / "clients.pem")
    door = await open_door(files.settings(client_certificates="required", client_ca=ca))
    assert await door.echo(files.trust("broker")) == b"8=FIX"
    assert await door.refuses(files.trust())
    await door.noted("peer did not return a certificate")


@pytest.mark.parametrize("mode", ("optional", "required"))
async def test_certificate_that_nobody_vouches_for_or_that_has_expired_is_refused(
    files: Files, open_door: Open, mode: str
) -> None:
    ca = str(files.directory / "clients.pem")
    door = await open_door(files.settings(client_certificates=mode, client_ca=ca))
    files.write("stranger", "broker.example", ca=trustme.CA())
    files.write("late", "broker.example", ca=files.client_ca, expires=datetime.now(UTC) - timedelta(days=1))
    for name in ("stranger", "late"):
        door.notes.clear()
        assert await door.refuses(files.trust(name))
        await door.noted("certificate verify failed")


# ------------------------------------------------------------------------------------------------- server names


async def test_certificate_is_that_of_the_name_asked_for(files: Files, open_door: Open) -> None:
    files.write("other", "fix.other.example")
    names = {"Fix.Other.Example": files.certificate("other"), NAME: files.certificate("venue")}
    door = await open_door(files.settings(server_names=names))
    for name in (NAME, "fix.other.example"):
        _, certificate, answer = await door.talk(files.trust(), name)
        assert (certificate["subjectAltName"], answer) == ((("DNS", name),), b"8=FIX")


async def test_name_that_is_none_of_the_venues_is_refused(files: Files, open_door: Open) -> None:
    door = await open_door(files.settings(server_names={NAME: files.certificate("venue")}))
    assert await door.refuses(files.trust(), "fix.somewhere.example")
    await door.noted("callback failed")
    trust = files.trust()
    trust.check_hostname = False
    assert await door.echo(trust, "") == b"8=FIX"


# -------------------------------------------------------------------------------------------------- changed files


async def test_changed_certificate_is_shown_to_the_next_connection(files: Files, open_door: Open) -> None:
    door = await open_door(files.settings())
    before = (await door.talk(files.trust()))[1]["serialNumber"]
    files.write("venue", NAME)
    door.tls.look(LOOK_EVERY_NS - 1)
    assert (await door.talk(files.trust()))[1]["serialNumber"] == before
    door.tls.look(LOOK_EVERY_NS)
    assert (await door.talk(files.trust()))[1]["serialNumber"] != before


async def test_files_that_do_not_fit_leave_the_certificate_that_there_was(files: Files, open_door: Open) -> None:
    door = await open_door(files.settings())
    key = (files.directory / "venue.key").read_bytes()
    for number, content in enumerate((b"", b"nonsense", None), 1):
        path = files.directory / "venue.key"
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        with structlog.testing.capture_logs() as lines:
            door.tls.look(number * LOOK_EVERY_NS)
        assert [line["log_level"] for line in lines] == ["error"]
        assert await door.echo(files.trust()) == b"8=FIX"
    (files.directory / "venue.key").write_bytes(key)
    with structlog.testing.capture_logs() as lines:
        door.tls.look(4 * LOOK_EVERY_NS)
    assert [line["event"] for line in lines] == ["certificates taken anew"]


def test_all_is_made_anew_every_hour(files: Files) -> None:
    tls = Tls(files.settings(), 0)
    first = tls.context
    tls.look(RENEW_EVERY_NS - 1)
    assert tls.context is first
    tls.look(RENEW_EVERY_NS + LOOK_EVERY_NS)
    assert tls.context is not first


def test_certificate_that_expires_soon_or_has_is_warned_of(files: Files) -> None:
    files.write("venue", NAME, expires=datetime.now(UTC) + timedelta(days=3))
    with structlog.testing.capture_logs() as lines:
        Tls(files.settings(), 0)
    assert [line["log_level"] for line in lines] == ["warning"]


def test_files_that_are_no_certificate_and_its_key_are_said_so(files: Files) -> None:
    files.write("other", "fix.other.example")
    path = files.directory
    with pytest.raises(TlsError, match="the key is not that of the certificate"):
        Tls(Settings(str(path / "venue.pem"), str(path / "other.key")), 0)
    with pytest.raises(TlsError, match="No such file"):
        Tls(Settings(str(path / "venue.pem"), str(path / "none.key")), 0)
    with pytest.raises(TlsError, match="not a certificate and its key"):
        Tls(Settings(str(path / "venue.key"), str(path / "venue.key")), 0)
    (path / "empty.pem").write_bytes(b"")
    with pytest.raises(TlsError, match=r"empty\.pem"):
        Tls(files.settings(client_certificates="required", client_ca=str(path / "empty.pem")), 0)


# --------------------------------------------------------------------------------------------------- strangers


@pytest.mark.parametrize(
    ("data", "reason"),
    (
        (b"8=FIX.4.4\x019=5\x0135=A\x01", "wrong version number"),
        (b"GET / HTTP/1.1\r\n\r\n", "http request"),
        (
            b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
            "unexpected eof while reading|not in time|the peer hung up|length",
        ),
        (b"\x00" * 100, "wrong version number|unexpected|version"),
    ),
)
async def test_what_is_no_tls_is_dropped(files: Files, open_door: Open, data: bytes, reason: str) -> None:
    door = await open_door(files.settings())
    assert await door.echo(None, data=data) == b""
    while not door.notes:
        await asyncio.sleep(0.001)
    assert any(each in door.notes[0] for each in reason.split("|")), door.notes
    assert Echo.origins == []


async def test_silence_is_dropped_after_a_while(files: Files, open_door: Open) -> None:
    door = await open_door(files.settings())
    assert await door.echo(None, data=b"\x16\x03\x01") == b""
    await door.noted("not in time")


async def test_thousands_that_never_finish_hold_nothing(files: Files, open_door: Open) -> None:
    door = await open_door(files.settings(), connections_max=10)
    descriptors = open_files()
    for _ in range(100):
        opened = [await asyncio.open_connection(HOST, door.port) for _ in range(20)]
        for _, writer in opened:
            writer.write(b"\x16\x03\x01")
            writer.transport.abort()
    while door.listener._handshakes:
        await asyncio.sleep(0.001)
    assert open_files() <= descriptors + 5
    assert await door.echo(files.trust()) == b"8=FIX"


async def test_oldest_handshake_makes_room_for_the_next(files: Files, open_door: Open) -> None:
    door = await open_door(files.settings(), connections_max=3)
    silent = [await asyncio.open_connection(HOST, door.port) for _ in range(3)]
    assert await door.echo(files.trust()) == b"8=FIX"
    assert await silent[0][0].read() == b""
    for _, writer in silent:
        writer.transport.abort()


@pytest.mark.parametrize(
    ("networks", "answer"), ((("127.0.0.0/8",), b"8=FIX"), (("192.0.2.0/24", "::/0"), b""), ((), b"8=FIX"))
)
async def test_address_outside_the_venues_networks_is_refused_before_anything_is_said(
    open_door: Open, networks: tuple[str, ...], answer: bytes
) -> None:
    door = await open_door(None, networks=networks)
    assert await door.echo(None) == answer
    assert bool(Echo.origins) == bool(answer)
