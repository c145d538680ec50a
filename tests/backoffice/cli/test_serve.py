"""`fondaco serve`: starts, says so, stops when told to; and says in one line why it cannot."""

import json
import os
import re
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from config.reading import load
from tests.backoffice.cli.command_line import SANDBOX, Running, error_line, fondaco, free_port

pytestmark = pytest.mark.e2e

Serve = Callable[..., Running]


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """The sandbox's settings, with free ports, and without a back office."""
    path = tmp_path / "venue.toml"
    text = SANDBOX.read_text(encoding="utf-8").replace("[back_office]\n", "[back_office]\nruns = false\n")
    path.write_text(re.sub(r"port = \d+", lambda _: f"port = {free_port()}", text), encoding="utf-8")
    return path


@pytest.fixture
def serve(tmp_path: Path, settings: Path) -> Iterator[Serve]:
    """Start a venue, and return when it serves."""
    started: list[Running] = []

    def start(data: Path, config: Path = settings) -> Running:
        directory = tmp_path / f"run{len(started)}"
        directory.mkdir()
        venue = Running(directory, "serve", "--config", config, "--data", data)
        started.append(venue)
        venue.wait_for(lambda: bool(events(venue, "serving")))
        return venue

    yield start
    for venue in started:
        venue.stop()


def events(venue: Running, name: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in venue.stderr.splitlines(keepends=True) if line.endswith("\n")]
    return [line for line in lines if line["event"] == name]


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT))
def test_venue_serves_until_told_to_stop(serve: Serve, tmp_path: Path, number: int) -> None:
    venue = serve(tmp_path / "data")
    assert venue.end(number) == 0
    assert venue.stdout == ""
    assert "Traceback" not in venue.stderr
    assert events(venue, "stopped")


def test_second_start_says_that_it_recovers(serve: Serve, tmp_path: Path) -> None:
    first = serve(tmp_path / "data")
    assert not events(first, "recovering from the journal")
    assert first.end(signal.SIGTERM) == 0
    second = serve(tmp_path / "data")
    assert events(second, "recovering from the journal")
    assert events(second, "recovered")[0]["sequence"] == events(first, "stopped")[0]["sequence"]
    assert second.end(signal.SIGTERM) == 0


def test_journal_can_be_read_while_the_venue_runs(serve: Serve, tmp_path: Path) -> None:
    serve(tmp_path / "data")
    finished = fondaco("journal", "stat", tmp_path / "data", "--json")
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["commands"]["ProvisionSession"] == len(load(SANDBOX).sessions)


def test_directory_that_another_venue_uses_is_refused(serve: Serve, tmp_path: Path) -> None:
    serve(tmp_path / "data")
    other = tmp_path / "other.toml"
    other.write_text(SANDBOX.read_text(encoding="utf-8").replace("port = 9878", f"port = {free_port()}"))
    line = error_line(fondaco("serve", "--config", other, "--data", tmp_path / "data"))
    assert "another process is using this journal" in line
    assert str(tmp_path / "data") in line


def test_port_that_is_taken_is_told(serve: Serve, settings: Path, tmp_path: Path) -> None:
    serve(tmp_path / "data")
    line = error_line(fondaco("serve", "--config", settings, "--data", tmp_path / "elsewhere"))
    assert line.startswith("cannot listen on 127.0.0.1:")


def test_settings_that_cannot_be_used_stop_the_start(tmp_path: Path) -> None:
    path = tmp_path / "venue.toml"
    path.write_text("[fix]\n", encoding="utf-8")
    finished = fondaco("serve", "--config", path, "--data", tmp_path / "data")
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr == f"fondaco: {path}: fix: missing: `comp_id`\n"
    assert not (tmp_path / "data").exists()


def test_data_that_is_no_directory_stops_the_start(settings: Path) -> None:
    line = error_line(fondaco("serve", "--config", settings, "--data", settings))
    assert line == f"{settings}: is not a directory; name the directory of the venue's files"


def test_damaged_journal_stops_the_start(settings: Path, data: Path, segment: Path) -> None:
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)
    line = error_line(fondaco("serve", "--config", settings, "--data", data))
    assert line.startswith(f"{segment} offset ")
    assert bytes(content) == segment.read_bytes()


def test_settings_that_contradict_the_journal_stop_the_start(settings: Path, data: Path) -> None:
    line = error_line(fondaco("serve", "--config", settings, "--data", data))
    assert line.startswith("asset BTC: the journal has 3 decimals, the settings 9; ")


def test_data_defaults_to_what_the_settings_say(settings: Path, tmp_path: Path) -> None:
    text = settings.read_text(encoding="utf-8").replace('data = "data/sandbox"', f'data = "{tmp_path / "file"}"')
    settings.write_text(text, encoding="utf-8")
    (tmp_path / "file").touch()
    assert error_line(fondaco("serve", "--config", settings)).startswith(f"{tmp_path / 'file'}: ")


def test_a_second_process_follows_the_running_venue(serve: Serve, tmp_path: Path) -> None:
    serve(tmp_path / "data")
    finished = fondaco("journal", "follow", tmp_path / "data", "--from", 2, "--count", 3)
    assert finished.returncode == 0, finished.stderr
    assert [json.loads(line)["sequence"] for line in finished.stdout.splitlines()] == [2, 3, 4]


def test_a_follower_that_asks_beyond_the_end_is_told_where_that_is(serve: Serve, tmp_path: Path) -> None:
    serve(tmp_path / "data")
    line = error_line(fondaco("journal", "follow", tmp_path / "data", "--from", 1_000_000))
    assert "the journal has records 1 to " in line


def test_market_data_alone_needs_its_settings(settings: Path, tmp_path: Path) -> None:
    text = settings.read_text(encoding="utf-8")
    settings.write_text(re.sub(r"(?m)^\[market_data\]\n(\w.*\n)+", "", text), encoding="utf-8")
    finished = fondaco("serve", "marketdata", "--config", settings, "--data", tmp_path / "data")
    assert finished.returncode == 1
    assert "no table market_data" in error_line(finished)


def test_market_data_on_a_port_that_is_taken_says_so(serve: Serve, settings: Path, tmp_path: Path) -> None:
    venue = serve(tmp_path / "data")
    venue.wait_for(lambda: bool(events(venue, "serving market data")))
    finished = fondaco("serve", "marketdata", "--config", settings, "--data", tmp_path / "data")
    assert finished.returncode == 1
    assert "set another market_data.port" in error_line(finished)


def test_trading_alone_has_no_market_data(settings: Path, tmp_path: Path) -> None:
    venue = Running(tmp_path, "serve", "trading", "--config", settings, "--data", tmp_path / "data")
    try:
        venue.wait_for(lambda: bool(events(venue, "serving")))
        assert venue.end(signal.SIGTERM) == 0
        assert not events(venue, "process started")
    finally:
        venue.stop()


@pytest.fixture
def with_back_office(settings: Path) -> Path:
    settings.write_text(settings.read_text(encoding="utf-8").replace("runs = false\n", ""), encoding="utf-8")
    return settings


def followed(data: Path) -> int:
    """Return the last record that is in the back office's database."""
    with closing(sqlite3.connect(data / "backoffice.sqlite")) as database:
        return int(database.execute("SELECT sequence FROM position").fetchone()[0])


def test_the_back_office_runs_beside_trading_and_again_after_its_death(
    serve: Serve, with_back_office: Path, tmp_path: Path
) -> None:
    venue = serve(tmp_path / "data", with_back_office)
    venue.wait_for(lambda: bool(events(venue, "up to date")))
    assert followed(tmp_path / "data") == int(str(events(venue, "up to date")[0]["sequence"]))
    (started,) = [event for event in events(venue, "process started") if event["process"] == "backoffice"]
    os.kill(int(str(started["pid"])), signal.SIGKILL)
    venue.wait_for(lambda: len(events(venue, "up to date")) == 2)
    assert venue.end(signal.SIGTERM) == 0
    assert events(venue, "back office stopped")
    assert "Traceback" not in venue.stderr


def test_a_second_back_office_on_the_same_database_is_told_so(
    serve: Serve, with_back_office: Path, tmp_path: Path
) -> None:
    venue = serve(tmp_path / "data", with_back_office)
    venue.wait_for(lambda: bool(events(venue, "up to date")))
    line = error_line(fondaco("serve", "backoffice", "--config", with_back_office, "--data", tmp_path / "data"))
    assert "another back office is at work here" in line


def test_a_back_office_with_a_database_of_another_version_says_what_to_do(
    with_back_office: Path, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    with closing(sqlite3.connect(tmp_path / "data" / "backoffice.sqlite")) as database:
        database.executescript(
            "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('0001')"
        )
    line = error_line(fondaco("serve", "backoffice", "--config", with_back_office, "--data", tmp_path / "data"))
    assert "run `fondaco database upgrade`" in line
