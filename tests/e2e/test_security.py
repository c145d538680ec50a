"""The ways into a venue, over real connections: TLS, certificates, signatures, new passwords; and the ways not in."""

import base64
import os
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fixgw.authentication import NOT_OF_THE_SESSION
from fixgw.identity_files import fingerprint
from fixgw.initiator import Initiator, LogonRefusedError, Proof
from tests.e2e.conftest import MakeVenue
from tests.e2e.venue import HOST, PASSWORD, Venue, wait_until
from tests.e2e.wire import Client

pytestmark = pytest.mark.e2e

MIB: Final = 1024 * 1024
NAME: Final = "fix.venue.example"
NEW: Final = "HUSH-a-new-one"


class Certificates:
    """A venue's certificate, and brokers' that another authority vouches for."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ca, self.brokers_ca = trustme.CA(), trustme.CA()
        self._write("venue", self.ca.issue_cert(NAME))
        self.brokers_ca.cert_pem.write_to_path(str(directory / "brokers.pem"))
        for name in ("broker1", "broker2"):
            self._write(name, self.brokers_ca.issue_cert(f"{name}.example"))
        yesterday = datetime.now(UTC) - timedelta(days=1)
        self._write("late", self.brokers_ca.issue_cert("broker1.example", not_after=yesterday))

    def settings(self, **others: Any) -> dict[str, Any]:
        files = {"certificate": str(self.directory / "venue.pem"), "key": str(self.directory / "venue.key")}
        return {"tls": {**files, **others}}

    def asking(self) -> dict[str, Any]:
        return self.settings(client_certificates="optional", client_ca=str(self.directory / "brokers.pem"))

    def trust(self, name: str = "") -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        if name:
            context.load_cert_chain(self.directory / f"{name}.pem", self.directory / f"{name}.key")
        return context

    def _write(self, name: str, issued: trustme.LeafCert) -> None:
        (self.directory / f"{name}.pem").write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(self.directory / f"{name}.key"))


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    directory = tmp_path / "tls"
    directory.mkdir()
    return Certificates(directory)


def broker(proof: Proof = PASSWORD, comp_id: str = "BROKER1", tls: ssl.SSLContext | None = None) -> Initiator:
    return Initiator(comp_id, proof, lambda _: None, tls=tls, server_name=NAME)


async def enters(venue: Venue, proof: Proof = PASSWORD, tls: ssl.SSLContext | None = None) -> bool:
    """Tell whether BROKER1 can log on, and out again."""
    client = broker(proof, tls=tls)
    try:
        await client.log_on(HOST, venue.port, reset=True)
    except (LogonRefusedError, OSError):
        return False
    await client.log_out()
    return True


async def test_session_lives_over_tls_as_over_plain_tcp(make_venue: MakeVenue, certificates: Certificates) -> None:
    venue = make_venue(fix=certificates.settings())
    venue.start()
    heard: list[str] = []
    client = Initiator("BROKER1", PASSWORD, lambda message: heard.append(message.msg_type), tls=certificates.trust())
    client._server_name = NAME
    await client.log_on(HOST, venue.port)
    for number in range(200):
        client.send("H", f"11=NONE{number}\x0155=BTC/USD\x0154=1\x01")
    await client.log_out()
    assert heard == ["8"] * 200
    venue.kill()
    venue.start()
    await client.log_on(HOST, venue.port)
    await client.log_out()
    venue.terminate()


@pytest.mark.parametrize("version", (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3))
async def test_pinned_certificate_is_needed_on_top_of_the_password(
    make_venue: MakeVenue, certificates: Certificates, version: ssl.TLSVersion
) -> None:
    venue = make_venue(fix=certificates.asking())
    venue.start()
    assert await enters(venue, tls=certificates.trust())
    pin = fingerprint((certificates.directory / "broker1.pem").read_text())
    rekey(venue, "--certificate", pin)

    def trust(name: str) -> ssl.SSLContext:
        context = certificates.trust(name)
        context.minimum_version = context.maximum_version = version
        return context

    assert await enters(venue, tls=trust("broker1"))
    assert not await enters(venue, "guess", trust("broker1"))
    for name in ("", "broker2", "late"):
        assert not await enters(venue, tls=trust(name))
    assert await enters(venue, tls=trust("broker1"))
    reasons = {line["reason"] for line in venue.events("logon refused")}
    assert {"no certificate was shown", "the certificate is none of the session's"} <= reasons
    venue.terminate()


def test_plain_client_at_a_tls_port_and_the_reverse_are_dropped(
    make_venue: MakeVenue, certificates: Certificates
) -> None:
    secured, plain = make_venue(fix=certificates.settings()), make_venue(fix={"logon_timeout_s": 1})
    secured.start()
    plain.start()
    with Client(secured.port) as client:
        client.say("A", f"98=0|108=30|553=BROKER1|554={PASSWORD}|")
        assert client.hear_end() == []
    with socket.create_connection((HOST, plain.port)) as raw, pytest.raises((ssl.SSLError, ConnectionError)):
        certificates.trust().wrap_socket(raw, server_hostname=NAME)
    for venue, reason in ((secured, "no TLS: wrong version number"), (plain, "garbled before Logon")):
        assert reason in [line["reason"] for line in venue.events("connection dropped")]
        venue.terminate()


def test_files_for_tls_that_do_not_fit_keep_the_venue_from_starting(
    make_venue: MakeVenue, certificates: Certificates
) -> None:
    (certificates.directory / "venue.key").write_text("nonsense")
    venue = make_venue(fix=certificates.settings())
    outcome = venue.run("serve", "--config", str(venue.config), "--data", str(venue.data))
    assert outcome.returncode != 0
    assert "not a certificate and its key" in outcome.stderr
    assert "Traceback" not in outcome.stderr


# ---------------------------------------------------------------------------------------------------- schemes


async def test_keys_secrets_and_passwords_are_changed_while_the_venue_runs(make_venue: MakeVenue) -> None:
    venue = make_venue()
    venue.start()
    first, second = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    assert not await enters(venue, first)
    rekey(venue, "--public-key", public(first), "--public-key", public(second), "--revoke", "password")
    assert await enters(venue, first)
    assert await enters(venue, second)
    assert not await enters(venue, PASSWORD)
    rekey(venue, "--public-key", public(second))
    assert not await enters(venue, first)
    assert await enters(venue, second)
    shown = rekey(venue, "--hmac")
    secret = next(word for word in shown.split() if word.endswith("=") and len(word) == 44)
    assert await enters(venue, base64.b64decode(secret))
    assert not await enters(venue, os.urandom(32))
    venue.kill()
    venue.start()
    assert await enters(venue, base64.b64decode(secret))
    venue.terminate()
    private = first.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().splitlines()[1]
    for path in (venue.log, *(path for path in venue.data.rglob("*") if path.is_file() and path.name != "venue.key")):
        content = path.read_bytes()
        assert secret.encode() not in content, path
        assert base64.b64decode(secret) not in content, path
        assert private.encode() not in content, path
    dump = venue.run("journal", "dump", str(venue.data)).stdout
    assert "SetCredentials" in dump
    assert secret not in dump


async def test_new_password_holds_from_the_answer_on_and_over_a_crash(make_venue: MakeVenue) -> None:
    venue = make_venue()
    venue.start()
    client = broker()
    with pytest.raises(LogonRefusedError, match="12 to 64 characters"):
        await client.log_on(HOST, venue.port, new_password="short")
    await client.log_on(HOST, venue.port, new_password=NEW)
    venue.kill()
    await client.disconnected()
    venue.start()
    assert await enters(venue, NEW)
    assert not await enters(venue, PASSWORD)
    venue.terminate()
    assert not [path for path in venue.data.rglob("*") if path.is_file() and NEW.encode() in path.read_bytes()]
    assert NEW not in venue.stderr()


# --------------------------------------------------------------------------------------------------- strangers


async def test_networks_of_the_venue_and_of_a_session_are_held_to(make_venue: MakeVenue) -> None:
    elsewhere = make_venue(fix={"networks": ["192.0.2.0/24"]})
    elsewhere.start()
    assert not await enters(elsewhere)
    assert elsewhere.events("connection refused")
    elsewhere.terminate()


async def test_locked_out_session_hears_the_same_and_comes_in_later(make_venue: MakeVenue) -> None:
    venue = make_venue()
    venue.start()
    texts = set()
    for password in (*["guess"] * 5, PASSWORD):
        client = broker(password)
        with pytest.raises(LogonRefusedError):
            await client.log_on(HOST, venue.port)
        texts.add(client.logout_text)
    assert texts == {NOT_OF_THE_SESSION}
    other = broker(comp_id="BROKER2")
    await other.log_on(HOST, venue.port)
    await other.log_out()
    while not await enters(venue):
        pass
    venue.terminate()


PROBES: Final[tuple[Callable[[int], bytes], ...]] = (
    lambda _: b"",
    lambda number: b"GET /%d HTTP/1.1\r\n\r\n" % number,
    lambda number: os.urandom(number % 500),
    lambda _: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(32),
    lambda _: b"8=FIX.4.4\x019=5\x0135=A\x01",
)


@pytest.mark.parametrize("is_secured", (False, True))
def test_thousands_of_probes_leave_nothing_behind(
    make_venue: MakeVenue, certificates: Certificates, is_secured: bool
) -> None:
    venue = make_venue(fix=certificates.settings() if is_secured else {})
    venue.start()
    send_probes(venue, 500)
    files, size = len(list(venue.data.rglob("*"))), venue.rss_bytes()
    send_probes(venue, 3_000)
    descriptors = Path(f"/proc/{venue.pid}/fd")
    wait_until(lambda: len(list(descriptors.iterdir())) < 60, "all probes are gone")
    assert venue.rss_bytes() - size < 16 * MIB
    assert len(list(venue.data.rglob("*"))) == files
    assert len(venue.stderr().splitlines()) < 60
    venue.terminate()


def send_probes(venue: Venue, count: int) -> None:
    for number in range(count):
        with suppress(OSError), socket.create_connection((HOST, venue.port)) as probe:
            probe.sendall(PROBES[number % len(PROBES)](number))


def public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def rekey(venue: Venue, *options: str) -> str:
    """Give BROKER1 other credentials; return what is shown."""
    files = ("--config", str(venue.config), "--data", str(venue.data))
    outcome = venue.run("session", "rekey", "BROKER1", *files, "--by", "mira", "--why", "test", *options)
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout
