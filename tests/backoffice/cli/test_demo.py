"""`fondaco demo`: it trades, proves its figures, and leaves nothing behind that nobody asked for."""

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backoffice.cli.command_line import Running, error_line, fondaco

pytestmark = pytest.mark.e2e


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Where the demo puts what it does not keep."""
    path = tmp_path / "tmp"
    path.mkdir()
    return path


@pytest.fixture
def running(tmp_path: Path) -> Iterator[list[Running]]:
    """Demos that are ended with the test."""
    started: list[Running] = []
    yield started
    for demo in started:
        demo.stop()


def number(pattern: str, text: str) -> int:
    """Return the number in the one place of a text that looks like this."""
    (found,) = re.findall(pattern.replace("#", "([0-9,]+)"), text)
    return int(found.replace(",", ""))


def test_demo_trades_and_its_figures_add_up(tmp_path: Path, temporary: Path) -> None:
    data = tmp_path / "data"
    finished = fondaco("demo", "--seconds", 2, "--data", data, environment={"TMPDIR": str(temporary)})
    assert (finished.returncode, finished.stderr) == (0, "")
    text = finished.stdout
    assert text.count("✓") == 3 + 6  # the conclusions, and the deposits of six assets
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
    assert list(temporary.iterdir()) == []


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
    assert demo.stdout.count("✓") == 3 + 6
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
