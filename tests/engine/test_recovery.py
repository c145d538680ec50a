import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from engine.commands import AnyCommand, Credit
from engine.errors import CorruptJournal, ReplayDiverged
from engine.events import Credited, Trade
from engine.exchange import Exchange
from engine.frames import Record, encode_frame, encode_value
from engine.journal import Journal, JournalReader
from engine.recovery import JOURNAL, SNAPSHOTS, recover, replay, save_snapshot
from engine.snapshot import snapshots, state_hash, write_snapshot
from tests.engine.invariants import check_state
from tests.engine.workload import tape, write_journal

LENGTH = 2_500


@pytest.fixture(scope="module")
def commands_of_tape() -> list[AnyCommand]:
    return list(tape(seed=3, length=LENGTH))


@pytest.fixture
def data(tmp_path: Path, commands_of_tape: list[AnyCommand]) -> Path:
    """A venue's files: a journal of several segments."""
    write_journal(tmp_path / JOURNAL, iter(commands_of_tape), segment_bytes=100_000)
    return tmp_path


def state_hash_after(tape_of: Iterable[AnyCommand]) -> str:
    exchange, sequence = Exchange(), 0
    for sequence, command in enumerate(tape_of, start=1):
        exchange.apply(command, sequence)
    return state_hash(exchange.state, sequence)


def rewrite(data: Path, records: Iterable[Record | tuple[object, ...]]) -> None:
    """Write the journal again, with frames that are whole, whatever is in them."""
    for path in (data / JOURNAL).glob("*.journal"):
        path.unlink()
    journal = Journal(data / JOURNAL)
    for sequence, record in enumerate(records, start=1):
        journal.append(encode_frame(sequence, sequence - 1, encode_value(record)), sequence, sequence)
    journal.close()


def test_recovered_state_is_the_live_state(data: Path, commands_of_tape: list[AnyCommand]) -> None:
    recovered = recover(data)
    assert (recovered.sequence, recovered.replayed, recovered.snapshot_sequence) == (LENGTH, LENGTH, 0)
    assert state_hash(recovered.exchange.state, LENGTH) == state_hash_after(commands_of_tape)
    check_state(recovered.exchange.state)


def test_nothing_recovers_to_an_empty_venue(tmp_path: Path) -> None:
    recovered = recover(tmp_path)
    assert (recovered.sequence, recovered.last_segment) == (0, None)
    assert state_hash(recovered.exchange.state, 0) == state_hash(Exchange().state, 0)


def test_recovery_from_a_snapshot_replays_only_what_came_after(data: Path, commands_of_tape: list[AnyCommand]) -> None:
    exchange = Exchange()
    for sequence, command in enumerate(commands_of_tape[:2_000], start=1):
        exchange.apply(command, sequence)
    write_snapshot(data / SNAPSHOTS, exchange.state, 2_000)
    recovered = recover(data)
    assert (recovered.snapshot_sequence, recovered.replayed, recovered.sequence) == (2_000, 500, LENGTH)
    assert state_hash(recovered.exchange.state, LENGTH) == state_hash_after(commands_of_tape)
    assert recover(data, use_snapshot=False).replayed == LENGTH


def test_recovery_from_a_snapshot_of_everything_replays_nothing(data: Path) -> None:
    end = recover(data).end_offset
    save_snapshot(data, recover(data))
    recovered = recover(data)
    assert (recovered.sequence, recovered.replayed) == (LENGTH, 0)
    assert recovered.last_segment == JournalReader(data / JOURNAL).segments()[-1].path
    assert recovered.end_offset == end == recovered.last_segment.stat().st_size


def test_damaged_snapshot_falls_back_to_the_one_before(data: Path, commands_of_tape: list[AnyCommand]) -> None:
    save_snapshot(data, recover(data))
    exchange = Exchange()
    for sequence, command in enumerate(commands_of_tape[:1_000], start=1):
        exchange.apply(command, sequence)
    write_snapshot(data / SNAPSHOTS, exchange.state, 1_000)
    latest = snapshots(data / SNAPSHOTS)[0]
    latest.write_bytes(latest.read_bytes()[:-1])
    recovered = recover(data)
    assert recovered.snapshot_sequence == 1_000
    assert recovered.unusable_snapshots == [f"{latest}: damaged, or of another version"]
    assert state_hash(recovered.exchange.state, LENGTH) == state_hash_after(commands_of_tape)


def test_without_any_sound_snapshot_the_whole_journal_is_replayed(data: Path) -> None:
    path = save_snapshot(data, recover(data))
    path.write_bytes(b"")
    assert recover(data).replayed == LENGTH


@pytest.mark.parametrize("with_snapshot", (False, True))
def test_torn_tail_is_cut_and_the_venue_goes_on(data: Path, with_snapshot: bool) -> None:
    whole = recover(data)
    if with_snapshot:
        save_snapshot(data, whole)
    assert whole.last_segment is not None
    with whole.last_segment.open("ab") as file:
        file.write(b"torn tail")
    journal = Journal(data / JOURNAL)
    recovered = recover(data)
    journal.open_at(recovered.sequence, recovered.last_segment, recovered.end_offset)
    assert journal.cut_bytes == 9
    command = Credit("A", "USD", 5, "after")
    events = recovered.exchange.apply(command, 9_999)
    journal.append(
        encode_frame(LENGTH + 1, LENGTH, encode_value((LENGTH + 1, 9_999, command, events))), LENGTH + 1, LENGTH + 1
    )
    journal.close()
    again = recover(data)
    assert again.sequence == LENGTH + 1
    assert state_hash(again.exchange.state, 1) == state_hash(recovered.exchange.state, 1)


def test_torn_batch_right_behind_a_snapshot_is_cut(data: Path) -> None:
    """Found by reading: the record after the snapshot was held to be durable, as nothing had been read before it."""
    recovered = recover(data)
    save_snapshot(data, recovered)
    assert recovered.last_segment is not None
    batch = b"".join(encode_frame(LENGTH + number, LENGTH - 3, b"payload") for number in range(1, 4))
    with recovered.last_segment.open("ab") as file:
        file.write(bytes(20) + batch[20:])
    again = recover(data)
    assert (again.sequence, again.end_offset) == (LENGTH, recovered.end_offset)


def test_progress_is_told_now_and_then(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.recovery._PROGRESS_EVERY", 1_000)
    told: list[int] = []
    recover(data, progress=told.append)
    assert told == [1_000, 2_000]


def test_replay_goes_on_where_it_stopped_while_the_journal_grows(
    tmp_path: Path, commands_of_tape: list[AnyCommand]
) -> None:
    journal = Journal(tmp_path / JOURNAL, segment_bytes=40_000)
    exchange = Exchange()
    recovered = recover(tmp_path)
    for sequence, command in enumerate(commands_of_tape[:1_000], start=1):
        events = exchange.apply(command, sequence)
        frame = encode_frame(sequence, 0, encode_value((sequence, sequence, command, events)))
        journal.append(frame, sequence, sequence)
        if sequence % 100 == 0:
            replay(recovered)
            assert recovered.sequence == sequence
            assert state_hash(recovered.exchange.state, sequence) == state_hash(exchange.state, sequence)
            save_snapshot(tmp_path, recovered)
    journal.close()
    assert recover(tmp_path).replayed == 0


# ---------------------------------------------------------------------------------------------- what is wrong


def test_doctored_event_is_found(data: Path) -> None:
    records = list(JournalReader(data / JOURNAL).records())
    at = next(i for i, record in enumerate(records) if any(isinstance(event, Trade) for event in record.events))
    events = tuple(
        msgspec.structs.replace(event, price=event.price + 1) if isinstance(event, Trade) else event
        for event in records[at].events
    )
    records[at] = msgspec.structs.replace(records[at], events=events)
    rewrite(data, records)
    with pytest.raises(ReplayDiverged, match=rf"record {at + 1}: replaying NewOrder\(.*\) gave .*, the journal holds"):
        recover(data)


def test_doctored_command_is_found(data: Path) -> None:
    records = list(JournalReader(data / JOURNAL).records())
    at = next(i for i, record in enumerate(records) if isinstance(record.command, Credit))
    command = records[at].command
    assert isinstance(command, Credit)
    records[at] = msgspec.structs.replace(records[at], command=msgspec.structs.replace(command, amount=1))
    rewrite(data, records)
    with pytest.raises(ReplayDiverged, match=f"record {at + 1}: replaying Credit"):
        recover(data)


def test_removed_event_is_found(data: Path) -> None:
    records = list(JournalReader(data / JOURNAL).records())
    at = next(i for i, record in enumerate(records) if any(isinstance(event, Credited) for event in record.events))
    records[at] = msgspec.structs.replace(records[at], events=())
    rewrite(data, records)
    with pytest.raises(ReplayDiverged):
        recover(data)


def test_record_of_a_later_version_is_named_with_its_place(data: Path) -> None:
    records = list(JournalReader(data / JOURNAL).records())[:10]
    rewrite(data, [*records, (11, 11, [99, "what is this"], [])])
    with pytest.raises(CorruptJournal, match=r"\.journal offset \d+: record 11 is not one that this version knows"):
        recover(data)


@pytest.mark.parametrize("bytes_lost", (1, 100, 1000))
def test_snapshot_ahead_of_the_journal_says_what_to_do(data: Path, bytes_lost: int) -> None:
    recovered = recover(data)
    save_snapshot(data, recovered)
    assert recovered.last_segment is not None
    os.truncate(recovered.last_segment, recovered.end_offset - bytes_lost)
    with pytest.raises(
        CorruptJournal, match=f"snapshot holds the records up to {LENGTH}.* ends (before|within) .*move that snapshot"
    ):
        recover(data)
    snapshots(data / SNAPSHOTS)[0].unlink()
    assert recover(data).sequence < LENGTH


def test_snapshot_without_a_journal_is_an_error(data: Path) -> None:
    save_snapshot(data, recover(data))
    for path in (data / JOURNAL).glob("*.journal"):
        path.unlink()
    with pytest.raises(CorruptJournal, match=f"holds no record {LENGTH + 1}. Bring the missing part back"):
        recover(data)


def test_old_segments_may_be_taken_away_once_a_snapshot_holds_them(data: Path) -> None:
    save_snapshot(data, recover(data))
    for segment in JournalReader(data / JOURNAL).segments()[:-1]:
        segment.path.unlink()
    assert recover(data).sequence == LENGTH


def test_journal_is_made_durable_before_a_snapshot_of_it(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    fsync = os.fsync

    def sync_snapshot(file: int) -> None:
        done.append("snapshot")
        fsync(file)

    monkeypatch.setattr("engine.recovery.os.fdatasync", lambda _: done.append("journal"))
    monkeypatch.setattr("engine.whole_files.os.fsync", sync_snapshot)
    save_snapshot(data, recover(data))
    assert done[:2] == ["journal", "snapshot"]


# ------------------------------------------------------------------------------------------------ the program


def snapshotter(data: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "engine.snapshotter", str(data)], capture_output=True, text=True, check=False
    )


def test_another_process_writes_a_snapshot_beside_the_venue(data: Path) -> None:
    journal = Journal(data / JOURNAL)
    done = snapshotter(data)
    assert (done.returncode, done.stderr) == (0, "")
    journal.close()
    assert [int(path.stem) for path in snapshots(data / SNAPSHOTS)] == [LENGTH]
    before = snapshots(data / SNAPSHOTS)[0].stat().st_mtime_ns
    assert snapshotter(data).returncode == 0
    assert snapshots(data / SNAPSHOTS)[0].stat().st_mtime_ns == before, "nothing new, nothing written"


def test_program_says_why_it_wrote_no_snapshot(data: Path) -> None:
    segment = JournalReader(data / JOURNAL).segments()[0]
    damaged = bytearray(segment.path.read_bytes())
    damaged[500] ^= 1
    segment.path.write_bytes(damaged)
    done = snapshotter(data)
    assert done.returncode == 1
    assert str(segment.path) in done.stderr
    assert "damaged" in done.stderr


def test_events_of_a_version_that_knew_fewer_fields_replay(tmp_path: Path, commands_of_tape: list[AnyCommand]) -> None:
    """A field that was added since is not in an older journal's events, whatever it holds today."""
    exchange = Exchange()
    journal = Journal(tmp_path / JOURNAL)
    for sequence, command in enumerate(commands_of_tape[:600], start=1):
        events = exchange.apply(command, sequence)
        older = [
            fields[:-1] if not structs.fields(event)[-1].required else fields
            for event, fields in zip(events, msgspec.to_builtins(events), strict=True)
        ]
        journal.append(
            encode_frame(sequence, 0, encode_value((sequence, sequence, command, older))), sequence, sequence
        )
    journal.close()
    assert recover(tmp_path).replayed == 600
