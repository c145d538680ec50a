import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.client import Answers, BenchError, Session, run_ping_pong, run_pipelined
from bench.orders import BUY, Load, Writer


def report(exec_type: bytes, padding: bytes = b"") -> bytes:
    return b"8=FIX.4.4\x019=60\x0135=8\x0134=7\x0158=%b\x01150=%b\x0110=123\x01" % (padding, exec_type)


HEARTBEAT = b"8=FIX.4.4\x019=5\x0135=0\x0134=7\x0110=000\x01"


def feed(answers: Answers, data: bytes) -> None:
    answers.space()[: len(data)] = data
    answers.received(len(data))


@pytest.mark.parametrize("size", (1, 2, 7, 63, 64, 65, 10_000))
def test_reports_are_counted_wherever_the_reads_end(size: int) -> None:
    stream = b"".join([report(b"0"), report(b"F"), HEARTBEAT, report(b"4"), report(b"0", b"x" * 200), report(b"F")])
    answers = Answers()
    for start in range(0, len(stream), size):
        feed(answers, stream[start : start + size])
    assert (answers.accepted, answers.filled, answers.canceled, answers.heartbeats) == (2, 2, 1, 1)


@pytest.mark.parametrize(
    "message",
    (
        report(b"8"),
        report(b"0").replace(b"35=8", b"35=3"),
        report(b"0").replace(b"35=8", b"35=9"),
        report(b"0").replace(b"35=8", b"35=j"),
        HEARTBEAT.replace(b"35=0", b"35=1"),
    ),
)
def test_what_nobody_asked_for_is_an_error_that_shows_it(message: bytes) -> None:
    with pytest.raises(BenchError) as caught:
        feed(Answers(), report(b"0") + message + report(b"0"))
    assert message.decode().replace("\x01", "|") in str(caught.value)


def test_a_message_without_end_is_an_error() -> None:
    answers = Answers(buffer_bytes=64)
    with pytest.raises(BenchError, match="no message ends"):
        feed(answers, b"x" * 64)


@contextmanager
def peer(answer_order: bytes, *, orders_answered: int = 1_000_000) -> Iterator[int]:
    """A peer that answers logon and logout, and so many orders with `answer_order` and cancels with Canceled."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            rest, answered = b"", 0
            while data := connection.recv(65_536):
                *messages, rest = (rest + data).split(b"8=FIX.4.4\x01")[1:]
                if rest.endswith(b"\x01") and b"\x0110=" in rest[-9:]:
                    messages, rest = [*messages, rest], b""
                else:
                    rest = b"8=FIX.4.4\x01" + rest
                for message in messages:
                    kind = message.partition(b"\x0135=")[2][:1]
                    if kind in b"A5":
                        connection.sendall(HEARTBEAT.replace(b"35=0", b"35=" + kind))
                    elif answered < orders_answered:
                        answered += 1
                        connection.sendall(answer_order if kind == b"D" else report(b"4"))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join(5)


def adds(session: Session, count: int) -> Load:
    load = Load()
    for _ in range(count):
        session.writer.add(load, BUY, b"1.00")
    return load


def test_a_run_ends_when_every_order_is_answered() -> None:
    with peer(report(b"0")) as port, Session(Writer("BROKER1"), port) as session:
        outcome = run_pipelined([session], [adds(session, 5_003)])
        assert (outcome.orders, outcome.reports) == (5_003, 5_003)
        assert run_pipelined([session], [adds(session, 10)]).orders == 10


def test_a_fill_that_is_owed_is_waited_for() -> None:
    with peer(report(b"0") + report(b"F")) as port, Session(Writer("BROKER1"), port) as session:
        load = adds(session, 3_000)
        load.filled = 3_000
        assert run_pipelined([session], [load]).reports == 6_000


def test_a_report_too_many_is_an_error() -> None:
    with (
        pytest.raises(BenchError, match="expected"),
        peer(report(b"0") * 2) as port,
        Session(Writer("BROKER1"), port) as session,
    ):
        run_pipelined([session], [adds(session, 1)])


def test_a_silent_peer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.client.STALL_S", 0.05)
    with (
        pytest.raises(BenchError, match=r"silent.*BROKER1 got \(4, 0, 0\) of \(5, 0, 0\)"),
        peer(report(b"0"), orders_answered=4) as port,
        Session(Writer("BROKER1"), port) as session,
    ):
        run_pipelined([session], [adds(session, 5)])


@pytest.mark.parametrize("spin", (True, False))
def test_ping_pong_measures_each_round_trip(spin: bool) -> None:
    with peer(report(b"0")) as port, Session(Writer("BROKER1"), port) as session:
        load = adds(session, 1)
        session.writer.cancel(load, session.writer.add(load, BUY, b"1.00"))
        assert len(run_ping_pong(session, load, 10.0, spin=spin)) == 3


def test_ping_pong_ends_in_time_and_gives_unused_numbers_back() -> None:
    with peer(report(b"0")) as port, Session(Writer("BROKER1"), port) as session:
        before = session.writer.next_seq
        load = adds(session, 100)
        assert run_ping_pong(session, load, -1.0, spin=False) == []
        assert session.writer.next_seq == before
