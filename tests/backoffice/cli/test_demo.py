"""`fondaco demo`: it trades, proves its figures, and leaves nothing behind that nobody asked for."""

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

from tests.backoffice.cli.command_line import Running, error_line, fondaco

pytestmark = pytest.mark.e2e

CONCLUSIONS = 10


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where the demo puts what it does not keep. Its sockets want a short path."""
    with TemporaryDirectory() as path:
        yield Path(path)


@pytest.fixture
def running() -> Iterator[list[Running]]:
    """Demos that are ended with the test."""
    started: list[Running] = []
    yield started
    for demo in started:
        demo.stop()


def number(pattern: str, text: str) -> int:
    """Return the number in the one place of a text that looks like this."""
    (found,) = re.findall(pattern.replace("#", "([0-9,]+)"), text)
    return int(found.replace(",", ""))


class Ended(NamedTuple):
    """A demo that has run to its end."""

    data: Path
    text: str
    left: list[Path]
    """What it has left where temporary files are."""


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    directory = tmp_path_factory.mktemp("ended")
    data, temporary = directory / "data", directory / "tmp"
    temporary.mkdir()
    finished = fondaco("demo", "--seconds", 2, "--data", data, environment={"TMPDIR": str(temporary)})
    assert (finished.returncode, finished.stderr) == (0, "")
    return Ended(data, finished.stdout, list(temporary.iterdir()))


def test_demo_trades_and_its_figures_add_up(ended: Ended) -> None:
    data, text, left = ended
    assert left == []
    assert text.count("✓") == CONCLUSIONS + 6  # and the deposits of six assets
    assert "✗" not in text

    stat = json.loads(fondaco("journal", "stat", data, "--json").stdout)
    trades = stat["events"]["Trade"]
    assert trades > 0
    assert number("the last 12 of # trades", text) == trades
    turnover = text.partition("Turnover by instrument")[2].partition("Balances")[0]
    assert (
        sum(int(count.replace(",", "")) for count in re.findall(r"(?m)^[A-Z]+/[A-Z]+ +([0-9,]+) ", turnover)) == trades
    )
    assert number("(?m)^ *#  fills, one for each side of a trade", text) == 2 * trades
    accepted = number("(?m)^ *#  orders accepted$", re.sub(r"(?m) +$", "", text))
    assert accepted + number("(?m)^ *#  orders accepted to wait", text) == stat["events"]["OrderAccepted"]
    assert number("(?m)^ *#  orders replaced", text) == stat["events"]["OrderReplaced"]
    assert number("✓ # journal records", text) == stat["records"]
    assert number("(?m)^ *#  orders triggered", text) == stat["events"].get("OrderTriggered", 0)
    assert stat["events"]["AuctionEnded"] == 1
    assert re.search(r"(?m)^BTC/USD has opened by an auction: [0-9.]+ BTC at 6[0-9],[0-9]{3}\.[0-9]{2}\.$", text)
    kinds = text.partition("Orders of other kinds")[2].partition("Throughput")[0]
    assert re.search(r"(?m)^iceberg .* [0-9]+", kinds)
    assert len(re.findall(r"(?m)^[A-Za-z].*=", kinds)) == 10
    for mistake in ("[1003] ClOrdID was used before on this account", "[2003] Price(44): not a multiple of"):
        assert mistake in text

    assert fondaco("journal", "verify", data).returncode == 0


def test_brokers_come_in_through_the_back_office_and_are_paid_out(ended: Ended) -> None:
    data, text, _ = ended
    assert "8 brokers have come in through the back office, as clients C-1 to C-8:" in text
    assert "48 deposits have come in over the sandbox rail, and are credited." in text
    assert "BROKER8 was suspended from trading by theo" in text
    assert "[1083] the firm is blocked" in text
    payments = text.partition("Deposits and withdrawals")[2].partition("Statement of")[0]
    assert len(re.findall(r"(?m)^deposits .* credited +8 ", payments)) == 6
    assert re.findall(r"(?m)^withdrawals +USD +([a-z]+) +([0-9]+) +([0-9,]+)", payments) == [
        ("uncertain", "1", "10,000"),
        ("settled", "7", "350,000"),
    ]
    assert "W-1 of BROKER1-A, 10,000 USD, is uncertain" in payments
    assert "W-2 of BROKER2-A, 20,000 USD, was uncertain for a while, and is settled." in payments
    statement = text.partition("Statement of BROKER2-A")[2].partition("Trial balance")[0]
    assert re.search(r"(?m)^withdrawals .*-20,000", statement)
    assert text.partition("Trial balance")[2].count("omnibus") == 6

    venue = ("--config", data / "venue.toml", "--json")
    checks = json.loads(fondaco("books", "verify", *venue).stdout)
    assert [check["difference"] for check in checks] == [None] * 5
    clients = json.loads(fondaco("client", "list", *venue).stdout)
    assert [client["state"] for client in clients] == ["active"] * 8


def test_demo_leaves_nothing_behind(temporary: Path) -> None:
    finished = fondaco("demo", "--seconds", 1, environment={"TMPDIR": str(temporary)})
    assert (finished.returncode, finished.stderr) == (0, "")
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("signal_number", (signal.SIGINT, signal.SIGTERM))
def test_interrupted_demo_ends_in_good_order(running: list[Running], tmp_path: Path, signal_number: int) -> None:
    demo = Running(tmp_path, "demo", "--seconds", 3600, "--data", tmp_path / "data")
    running.append(demo)
    demo.wait_for(lambda: "have logged on" in demo.stdout)
    assert demo.end(signal_number) == 0
    assert demo.stdout.count("✓") == CONCLUSIONS + 6
    assert demo.stderr == ""


def test_demo_tells_how_its_venue_ended(running: list[Running], tmp_path: Path) -> None:
    demo = Running(tmp_path, "demo", "--seconds", 3600)
    running.append(demo)
    demo.wait_for(lambda: "have logged on" in demo.stdout)
    os.kill(number("fondaco serve, process #,", demo.stdout), signal.SIGKILL)
    assert demo.process.wait(60) == 1
    assert demo.stderr == "fondaco: the venue was ended by SIGKILL\n"


def test_demo_shows_why_the_venue_does_not_start(tmp_path: Path) -> None:
    data = tmp_path / ("long" * 30)
    line = error_line(fondaco("demo", "--data", data))
    assert line.startswith(f"the venue ended with status 1: {data}/feed.sock: longer than ")


def test_demo_wants_fresh_data(data: Path) -> None:
    line = error_line(fondaco("demo", "--data", data))
    assert line == f"{data}: is not empty, and the demo starts on fresh data; name a new directory"
