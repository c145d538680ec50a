"""Connections and the codec: what is sent is right unless it is to be wrong, and TLS is checked."""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from backoffice.cli.qa.wire import Address, Broken, Connection, HungUp, encoded, joined, right_length, right_sum
from tests.backoffice.cli.qa.peer import framed

PAIRS = [("8", "FIX.4.4"), ("9", ""), ("35", "0"), ("49", "A"), ("56", "B"), ("112", "é"), ("10", "")]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture
def port(authority: trustme.CA) -> Iterator[int]:
    """A TLS server for venue.test, which wants a certificate of the client's and says one Heartbeat."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("venue.test").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            taken, _ = listener.accept()
        except OSError:
            return
        try:
            with context.wrap_socket(taken, server_side=True) as secured:
                secured.sendall(framed("35=0|112=safe|"))
                secured.recv(1)
        except OSError:
            taken.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(30)


def test_message_is_encoded_as_it_would_be_joined_by_hand() -> None:
    length, total = right_length(PAIRS), 0
    filled = [(tag, str(length) if tag == "9" else value) for tag, value in PAIRS]
    total = right_sum(filled)
    by_hand = joined([(tag, f"{total:03d}" if tag == "10" else value) for tag, value in filled])
    assert encoded(PAIRS) == by_hand == framed("35=0|49=A|56=B|112=é|")


def test_tls_with_both_certificates(authority: trustme.CA, trusted: Path, tmp_path: Path, port: int) -> None:
    own = tmp_path / "own.pem"
    authority.issue_cert("broker.test").private_key_and_cert_chain_pem.write_to_path(own)
    with Connection(Address("127.0.0.1", port, True, trusted, own, "venue.test")) as connection:
        message = connection.receive(30)
    assert message is not None
    assert message.get("112") == "safe"


def test_server_that_is_not_who_it_should_be_is_not_spoken_to(trusted: Path, port: int) -> None:
    with pytest.raises(Broken, match=r"cannot connect to 127\.0\.0\.1:\d+ over TLS: .*certificate"):
        Connection(Address("127.0.0.1", port, True, trusted, None, "another.test"))


def test_server_that_nobody_vouches_for_is_not_spoken_to(port: int) -> None:
    with pytest.raises(Broken, match="certificate"):
        Connection(Address("127.0.0.1", port, True, None, None, "venue.test"))


def test_client_without_the_certificate_that_is_asked_for_is_cut_off(trusted: Path, port: int) -> None:
    with (
        pytest.raises((Broken, HungUp)),
        Connection(Address("127.0.0.1", port, True, trusted, None, "venue.test")) as connection,
    ):
        connection.receive(30)


def test_file_that_is_no_certificate_is_told(tmp_path: Path, port: int) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("nonsense", encoding="utf-8")
    with pytest.raises(Broken, match="cannot connect"):
        Connection(Address("127.0.0.1", port, True, wrong))
