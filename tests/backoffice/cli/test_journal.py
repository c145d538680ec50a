"""`fondaco journal`: what it prints, and what it says of a journal that is damaged or not there."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.backoffice.cli.command_line import ROOT, command, error_line, fondaco_here
from tests.backoffice.cli.conftest import COMMANDS, SECRET_HASH


def dumped(data: Path, *options: object) -> list[dict[str, object]]:
    finished = fondaco_here("journal", "dump", data, *options)
    assert finished.returncode == 0, finished.stderr
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_verify_finds_a_sound_journal_sound(data: Path) -> None:
    finished = fondaco_here("journal", "verify", data)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith(f"{len(COMMANDS)} records in 1 segment, ")
    assert "state hash " in finished.stdout
    assert finished.stderr == ""


def test_verify_tells_programs_the_same(data: Path, segment: Path) -> None:
    report = json.loads(fondaco_here("journal", "verify", data, "--json").stdout)
    size = segment.stat().st_size
    digest = report.pop("state_hash")
    assert report == {"records": len(COMMANDS), "segments": 1, "bytes": size, "torn_tail_bytes": 0}
    assert len(bytes.fromhex(digest)) == 32
    assert digest in fondaco_here("journal", "verify", data).stdout


def test_verify_takes_a_torn_tail_for_what_it_is(data: Path, segment: Path) -> None:
    segment.write_bytes(segment.read_bytes()[:-7])
    report = json.loads(fondaco_here("journal", "verify", data, "--json").stdout)
    assert report["records"] == len(COMMANDS) - 1
    assert report["torn_tail_bytes"] > 0
    assert "torn tail" in fondaco_here("journal", "verify", data).stdout


@pytest.mark.parametrize("subcommand", ("verify", "stat", "dump"))
def test_damage_is_told_with_its_place(data: Path, segment: Path, subcommand: str) -> None:
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)
    line = error_line(fondaco_here("journal", subcommand, data))
    assert line.startswith(f"{segment} offset ")
    assert "is damaged" in line


def test_dump_names_types_and_enumerations(data: Path) -> None:
    records = dumped(data)
    assert [record["sequence"] for record in records] == list(range(1, len(COMMANDS) + 1))
    last = records[-1]
    assert last["time"] == "2027-01-15T08:00:00.000000011Z"
    assert isinstance(last["command"], dict)
    assert isinstance(last["events"], list)
    assert (
        last["command"] | {"type": "NewOrder", "side": "BUY", "order_type": "LIMIT", "price": 4300} == last["command"]
    )
    assert [event["type"] for event in last["events"]] == ["OrderAccepted", "Trade"]
    assert last["events"][1] | {"qty": 40, "price": 4200, "taker_side": "BUY"} == last["events"][1]


def test_dump_begins_and_ends_where_it_is_told(data: Path) -> None:
    assert [record["sequence"] for record in dumped(data, "--from", 4, "--count", 3)] == [4, 5, 6]
    assert [record["sequence"] for record in dumped(data, "--from", 10, "--count", 30)] == [10, 11]


def test_dump_shows_no_password_hash(data: Path) -> None:
    text = fondaco_here("journal", "dump", data).stdout
    assert '"password_hash":"***"' in text
    assert SECRET_HASH not in text
    assert "argon2" not in text


@pytest.mark.parametrize("first", (12, 13, 10**6))
def test_dump_of_a_record_that_is_not_there_says_so(data: Path, first: int) -> None:
    line = error_line(fondaco_here("journal", "dump", data, "--from", first))
    assert line == f"{data}: there is no record {first}; `fondaco journal stat` tells how many there are"


def test_dump_into_a_pipe_that_closes_is_silent(data: Path) -> None:
    with subprocess.Popen(
        command("journal", "dump", data), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait()


def test_stat_counts_commands_and_events(data: Path, segment: Path) -> None:
    report = json.loads(fondaco_here("journal", "stat", data, "--json").stdout)
    assert report["records"] == len(COMMANDS)
    assert report["bytes"] == segment.stat().st_size
    assert report["commands"] == {
        "AddAsset": 2,
        "AddInstrument": 1,
        "OpenAccount": 2,
        "ProvisionSession": 2,
        "Credit": 2,
        "NewOrder": 2,
    }
    assert report["events"]["Trade"] == 1
    assert sum(report["commands"].values()) == report["records"]
    text = fondaco_here("journal", "stat", data).stdout
    assert "first time  2027-01-15T08:00:00.000000001Z" in text
    assert "NewOrder" in text


@pytest.mark.parametrize("subcommand", ("verify", "stat", "dump"))
def test_directory_without_a_journal_is_told_apart(tmp_path: Path, data: Path, subcommand: str) -> None:
    file = tmp_path / "file"
    file.touch()
    empty = tmp_path / "empty"
    (empty / "journal").mkdir(parents=True)
    for path, reason in (
        (tmp_path / "nowhere", "no such directory"),
        (file, "is not a directory; name the directory of the venue's files"),
        (tmp_path, f"no journal here (looked for {tmp_path}/journal); name the directory of the venue's files"),
        (data / "journal", f"holds the journal's segments; name the directory above, {data}"),
        (empty, "the journal is empty; no venue has been started on it"),
    ):
        assert error_line(fondaco_here("journal", subcommand, path)).endswith(f": {reason}")


def test_file_that_is_no_segment_is_named(data: Path, segment: Path) -> None:
    stranger = segment.with_name("notes.journal")
    stranger.touch()
    assert error_line(fondaco_here("journal", "stat", data)).startswith(f"{stranger}: ")
    stranger.unlink()
    segment.write_bytes(b"something else" + segment.read_bytes())
    assert error_line(fondaco_here("journal", "stat", data)).startswith(f"{segment} offset 0: ")
