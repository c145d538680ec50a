import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from engine.errors import CorruptJournal, JournalError, JournalInUse, SequenceNotFound
from engine.frames import HEADER_SIZE, encode_frame, encode_value
from engine.journal import MAGIC, STRIDE, SUFFIX, Cursor, Journal, JournalReader, segment_path
from tests.engine.builders import add_asset
from tests.engine.workload import tape, write_journal


def frame(sequence: int, durable: int = 0, size: int = 20) -> bytes:
    return encode_frame(sequence, durable, encode_value((sequence, sequence, add_asset("X" * size), ())))


def frames(first: int, last: int, durable: int = 0) -> bytes:
    return b"".join(frame(sequence, durable) for sequence in range(first, last + 1))


def sequences(reader: JournalReader, from_sequence: int = 1) -> list[int]:
    return [found.sequence for found in reader.frames(from_sequence)]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Ten records, written one at a time, each durable before the next."""
    journal = Journal(tmp_path / "journal")
    for sequence in range(1, 11):
        journal.append(frame(sequence, sequence - 1), sequence, sequence)
        journal.sync()
    return journal


@pytest.fixture
def reader(journal: Journal) -> JournalReader:
    return JournalReader(journal.directory)


# ------------------------------------------------------------------------------------------- write and read


def test_what_is_appended_is_read_back(reader: JournalReader) -> None:
    records = list(reader.records())
    assert [record.sequence for record in records] == list(range(1, 11))
    assert records[3].command == add_asset("X" * 20)


def test_reading_begins_where_asked(reader: JournalReader) -> None:
    assert sequences(reader, 8) == [8, 9, 10]
    assert sequences(reader, 11) == []
    with pytest.raises(SequenceNotFound, match="ends before record 12"):
        sequences(reader, 12)
    with pytest.raises(SequenceNotFound, match="holds no record 0"):
        sequences(reader, 0)


def test_empty_journal_holds_nothing(tmp_path: Path) -> None:
    reader = JournalReader(tmp_path)
    assert sequences(reader) == []
    with pytest.raises(SequenceNotFound):
        reader.segment_of(1)


def test_segments_roll_at_their_size_and_are_named_by_their_first_record(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=200)
    for first in range(1, 31, 3):
        journal.append(frames(first, first + 2), first, first + 2)
        journal.sync()
    assert [path.name for path in sorted(tmp_path.glob("*" + SUFFIX))] == [
        f"{first:020d}.journal" for first in range(1, 31, 6)
    ]
    reader = JournalReader(tmp_path)
    assert sequences(reader) == list(range(1, 31))
    assert sequences(reader, 17) == list(range(17, 31))
    assert [record.sequence for record in reader.records_at((1, 6, 7, 30))] == [1, 6, 7, 30]


def test_records_are_read_while_the_journal_grows_and_rolls(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=500)
    reader = JournalReader(tmp_path)
    for sequence in range(1, 60):
        journal.append(frame(sequence), sequence, sequence)
        assert [record.sequence for record in reader.records_at((max(1, sequence - 7), sequence))] == sorted(
            [max(1, sequence - 7), sequence]
        )
        assert sequences(reader, sequence) == [sequence]


def test_half_a_frame_is_not_there_yet(journal: Journal, reader: JournalReader) -> None:
    whole = frame(11, 10)
    journal.append(whole[:30], 11, 11)
    assert sequences(reader, 10) == [10]
    journal.append(whole[30:], 11, 11)
    assert sequences(reader, 10) == [10, 11]


def test_reading_does_not_mind_what_is_appended_meanwhile(journal: Journal, reader: JournalReader) -> None:
    found = reader.frames()
    assert next(found).sequence == 1
    journal.append(frames(11, 500, 10), 11, 500)
    assert [frame.sequence for frame in found][-1] in (10, 500)


def test_single_records_are_found_in_any_distance(tmp_path: Path) -> None:
    last = 5 * STRIDE + 17
    journal = Journal(tmp_path)
    journal.append(frames(1, last), 1, last)
    wanted = [1, 2, 3, STRIDE - 1, STRIDE, STRIDE + 1, 3 * STRIDE + 5, 3 * STRIDE + 6, last]
    for reader in (JournalReader(tmp_path), JournalReader(tmp_path)):
        assert [record.sequence for record in reader.records_at(wanted)] == wanted
        assert [record.sequence for record in reader.records_at(iter([last]))] == [last]
    with pytest.raises(SequenceNotFound, match=f"ends before record {last + 1}"):
        list(reader.records_at([last + 1]))
    with pytest.raises(SequenceNotFound):
        list(reader.records_at([last + 99]))


def test_offsets_are_remembered_every_so_many_records(tmp_path: Path) -> None:
    last = 3 * STRIDE
    journal = Journal(tmp_path)
    journal.append(frames(1, last), 1, last)
    (segment,) = JournalReader(tmp_path).segments()
    assert segment.offset_of(last) == len(MAGIC) + len(frames(1, last - 1))
    assert list(segment.offsets) == [len(MAGIC) + len(frames(1, number * STRIDE)) for number in range(3)]


def test_two_readings_of_one_reader_do_not_mind_each_other(tmp_path: Path) -> None:
    last = 4 * STRIDE
    journal = Journal(tmp_path)
    journal.append(frames(1, last), 1, last)
    reader = JournalReader(tmp_path)
    reading = reader.frames()
    assert next(reading).sequence == 1
    assert [record.sequence for record in reader.records_at([last])] == [last]
    assert [found.sequence for found in reading] == list(range(2, last + 1))
    assert [record.sequence for record in reader.records_at(range(1, last + 1))] == list(range(1, last + 1))


def test_records_larger_than_what_is_read_at_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for sequence in range(1, 5):
        journal.append(frame(sequence, size=5_000_000), sequence, sequence)
    reader = JournalReader(tmp_path)
    assert sequences(reader) == [1, 2, 3, 4]
    assert [record.sequence for record in JournalReader(tmp_path).records_at([4])] == [4]


def test_cursor_goes_to_any_record_from_any_other_while_the_journal_grows_and_rolls(tmp_path: Path) -> None:
    chance = Random(1)
    journal = Journal(tmp_path, segment_bytes=30_000)
    cursor = Cursor(JournalReader(tmp_path))
    last = 0
    for _ in range(60):
        grown = last + chance.randint(1, 60)
        journal.append(frames(last + 1, grown), last + 1, grown)
        last = grown
        for _ in range(20):
            sequence = chance.randint(1, last)
            for each in range(sequence, min(last, sequence + chance.randint(0, 9)) + 1):
                assert cursor.record(each).sequence == each
        with pytest.raises(SequenceNotFound):
            cursor.record(last + 1)
    cursor.close()


def test_cursor_remembers_the_last_record(journal: Journal, reader: JournalReader) -> None:
    cursor = Cursor(reader)
    record = cursor.record(5)
    assert cursor.record(5) is record
    assert cursor.record(6).sequence == 6
    cursor.close()


# ---------------------------------------------------------------------------------------------------- damage


def last_frame_at(path: Path) -> int:
    return path.stat().st_size - len(frame(10, 9))


def test_torn_tail_is_cut_wherever_it_is_torn(journal: Journal, tmp_path: Path) -> None:
    assert journal.path is not None
    journal.close()
    whole = journal.path.read_bytes()
    begin = last_frame_at(journal.path)
    for end in range(begin, len(whole)):
        journal.path.write_bytes(whole[:end])
        reader = JournalReader(journal.directory)
        assert sequences(reader) == list(range(1, 10))
        again = Journal(journal.directory)
        again.open_at(9, journal.path, begin)
        assert again.cut_bytes == end - begin
        assert journal.path.stat().st_size == begin
        again.append(frame(10, 9), 10, 10)
        again.close()
        assert sequences(JournalReader(journal.directory)) == list(range(1, 11))


@pytest.mark.parametrize("damage", (b"\0", b"\xff"))
def test_torn_tail_of_any_bytes_is_cut(reader: JournalReader, journal: Journal, damage: bytes) -> None:
    assert journal.path is not None
    with journal.path.open("ab") as file:
        file.write(damage * 100_000)
    assert sequences(reader) == list(range(1, 11))


def test_flipped_byte_in_the_middle_stops_with_segment_and_offset(journal: Journal) -> None:
    assert journal.path is not None
    whole = journal.path.read_bytes()
    size = len(frame(1))
    begin = len(MAGIC) + 4 * size
    for at in range(begin, begin + size):
        damaged = bytearray(whole)
        damaged[at] ^= 0x10
        journal.path.write_bytes(damaged)
        with pytest.raises(CorruptJournal, match=rf"{journal.path} offset {begin}: record 5 is damaged"):
            sequences(JournalReader(journal.directory))


def test_flipped_byte_is_found_however_reading_gets_there(journal: Journal) -> None:
    assert journal.path is not None
    damaged = bytearray(journal.path.read_bytes())
    begin = len(MAGIC) + 4 * len(frame(1))
    damaged[begin + 8] ^= 1  # its sequence
    journal.path.write_bytes(damaged)
    for read in _ways_past_record_five(journal.directory):
        with pytest.raises(CorruptJournal, match=f"offset {begin}: "):
            read()


def _ways_past_record_five(directory: Path) -> list[Callable[[], object]]:
    return [
        lambda: sequences(JournalReader(directory), 5),
        lambda: sequences(JournalReader(directory), 8),
        lambda: list(JournalReader(directory).records_at([8])),
        lambda: list(JournalReader(directory).records_at([5])),
    ]


def test_damaged_payload_of_a_single_record_is_found(journal: Journal, reader: JournalReader) -> None:
    assert journal.path is not None
    damaged = bytearray(journal.path.read_bytes())
    begin = len(MAGIC) + 4 * len(frame(1))
    damaged[begin + HEADER_SIZE + 3] ^= 1
    journal.path.write_bytes(damaged)
    with pytest.raises(CorruptJournal, match=f"offset {begin}: record 5 is damaged"):
        list(reader.records_at([5]))


def test_batch_written_out_of_order_is_cut_where_nothing_proves_it_was_durable(tmp_path: Path) -> None:
    """One write of records 6 to 20, of which the power cut left the later pages and not the first."""
    journal = Journal(tmp_path)
    journal.append(frames(1, 5), 1, 5)
    journal.append(frames(6, 20, durable=5), 6, 20)
    journal.close()
    assert journal.path is not None
    torn = bytearray(journal.path.read_bytes())
    begin = len(MAGIC) + 5 * len(frame(1))
    torn[begin : begin + 100] = bytes(100)
    journal.path.write_bytes(torn)
    assert sequences(JournalReader(tmp_path)) == [1, 2, 3, 4, 5]
    assert sequences(JournalReader(tmp_path), 6) == []


def test_next_record_alone_proves_that_the_one_before_was_durable(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(frame(1), 1, 1)
    journal.append(frame(2, durable=1), 2, 2)
    journal.close()
    assert journal.path is not None
    damaged = bytearray(journal.path.read_bytes())
    damaged[len(MAGIC)] ^= 1
    journal.path.write_bytes(damaged)
    with pytest.raises(CorruptJournal, match="record 1 is damaged"):
        sequences(JournalReader(tmp_path))


def test_same_damage_stops_once_a_later_record_proves_that_it_was_durable(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(frames(1, 5), 1, 5)
    journal.append(frames(6, 20, durable=5), 6, 20)
    journal.append(frame(21, durable=20), 21, 21)
    journal.close()
    assert journal.path is not None
    torn = bytearray(journal.path.read_bytes())
    begin = len(MAGIC) + 5 * len(frame(1))
    torn[begin : begin + 100] = bytes(100)
    journal.path.write_bytes(torn)
    for first in (1, 6):
        with pytest.raises(CorruptJournal, match=f"offset {begin}: record 6 is damaged"):
            sequences(JournalReader(tmp_path), first)


def test_torn_first_batch_of_a_new_segment_is_cut_too(tmp_path: Path) -> None:
    """Found by reading: what is durable was compared with record 0 where a segment began with damage."""
    journal = Journal(tmp_path, segment_bytes=100)
    journal.append(frames(1, 5), 1, 5)
    journal.append(frames(6, 9, durable=5), 6, 9)
    journal.close()
    assert journal.path == segment_path(tmp_path, 6)
    torn = bytearray(journal.path.read_bytes())
    torn[len(MAGIC) : len(MAGIC) + 10] = bytes(10)
    journal.path.write_bytes(torn)
    assert sequences(JournalReader(tmp_path)) == [1, 2, 3, 4, 5]


@pytest.fixture
def rolled(tmp_path: Path) -> list[Path]:
    """Three segments of five records."""
    journal = Journal(tmp_path, segment_bytes=100)
    for first in (1, 6, 11):
        journal.append(frames(first, first + 4, first - 1), first, first + 4)
    journal.close()
    return sorted(tmp_path.glob("*" + SUFFIX))


def test_missing_segment_stops_with_its_neighbour(rolled: list[Path]) -> None:
    rolled[1].unlink()
    with pytest.raises(CorruptJournal, match=rf"{rolled[2]} offset 0: begins with record 11, not 6"):
        sequences(JournalReader(rolled[0].parent))


def test_segment_missing_at_the_beginning_is_needed_only_if_asked_for(rolled: list[Path]) -> None:
    rolled[0].unlink()
    reader = JournalReader(rolled[0].parent)
    assert sequences(reader, 6) == list(range(6, 16))
    with pytest.raises(SequenceNotFound, match="holds no record 5"):
        sequences(reader, 5)


def test_torn_tail_of_any_but_the_last_segment_is_damage(rolled: list[Path]) -> None:
    rolled[1].write_bytes(rolled[1].read_bytes()[:-1])
    with pytest.raises(CorruptJournal, match=f"{rolled[1]} offset .*: record 10 is damaged"):
        sequences(JournalReader(rolled[0].parent))


def test_segment_that_ends_too_early_is_damage(rolled: list[Path]) -> None:
    rolled[1].write_bytes(rolled[1].read_bytes()[: -len(frame(1))])
    with pytest.raises(CorruptJournal, match=f"{rolled[2]} offset 0: begins with record 11, not 10"):
        sequences(JournalReader(rolled[0].parent))


def test_copy_of_a_record_is_out_of_order(rolled: list[Path]) -> None:
    with rolled[2].open("ab") as file:
        file.write(frame(15, 14))
    with pytest.raises(CorruptJournal, match=f"{rolled[2]} offset .*: holds record 15, not 16"):
        sequences(JournalReader(rolled[0].parent))


def test_file_of_another_version_is_no_segment(rolled: list[Path]) -> None:
    rolled[2].write_bytes(b"FONDACO JOURNAL 2\n" + rolled[2].read_bytes()[len(MAGIC) :])
    with pytest.raises(CorruptJournal, match=f"{rolled[2]} offset 0: not a journal segment of this version"):
        sequences(JournalReader(rolled[0].parent))


def test_foreign_file_in_the_directory_is_named(rolled: list[Path]) -> None:
    (rolled[0].parent / "copy of 1.journal").touch()
    with pytest.raises(JournalError, match=r"copy of 1\.journal: not the name of a segment; take the file away"):
        sequences(JournalReader(rolled[0].parent))


def test_segment_cut_off_while_it_was_made_is_not_there(rolled: list[Path]) -> None:
    """A new segment gets its name when its beginning is durable."""
    directory = rolled[0].parent
    draft = segment_path(directory, 16).with_suffix(".draft")
    draft.write_bytes(MAGIC[:5])
    assert sequences(JournalReader(directory)) == list(range(1, 16))
    journal = Journal(directory, segment_bytes=100)
    journal.open_at(15, rolled[2], rolled[2].stat().st_size)
    journal.append(frame(16, 15), 16, 16)
    journal.close()
    assert not draft.exists()
    assert sequences(JournalReader(directory)) == list(range(1, 17))


def test_segment_without_records_is_continued(rolled: list[Path]) -> None:
    directory = rolled[0].parent
    segment_path(directory, 16).write_bytes(MAGIC)
    assert sequences(JournalReader(directory)) == list(range(1, 16))
    assert sequences(JournalReader(directory), 16) == []
    journal = Journal(directory)
    journal.open_at(15, segment_path(directory, 16), len(MAGIC))
    journal.append(frame(16, 15), 16, 16)
    journal.close()
    assert sequences(JournalReader(directory)) == list(range(1, 17))


# -------------------------------------------------------------------------------------------------- the writer


def test_journal_has_one_writer(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(JournalInUse, match=f"{tmp_path}: another process is using this journal"):
        Journal(tmp_path)
    journal.close()
    Journal(tmp_path).close()


def test_directory_that_cannot_be_locked_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("engine.journal.fcntl.flock", fail)
    with pytest.raises(JournalError, match=r"cannot be locked: .*No locks available"):
        Journal(tmp_path)


def test_new_directories_are_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr("engine.journal.sync_directory", synced.append)
    Journal(tmp_path / "data" / "journal").close()
    assert synced == [tmp_path, tmp_path / "data"]
    Journal(tmp_path / "data" / "journal").close()
    assert len(synced) == 2


def test_lock_of_a_killed_process_is_gone_with_it(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from engine.journal import Journal; j = Journal(pathlib.Path(sys.argv[1]));"
        "print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        with pytest.raises(JournalInUse):
            Journal(tmp_path)
        process.kill()
    Journal(tmp_path).close()


def test_files_are_private(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append(frame(1), 1, 1)
    journal.close()
    assert {path.stat().st_mode & 0o777 for path in journal.directory.iterdir()} == {0o600}


def test_closing_twice_is_closing_once(journal: Journal) -> None:
    journal.close()
    journal.close()


def test_closing_syncs(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("engine.journal.os.fdatasync", synced.append)
    journal.append(frame(11, 10), 11, 11)
    journal.close()
    assert len(synced) == 1


def test_rolling_syncs_the_old_segment_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so may the reader hold that none but the last segment is torn."""
    journal = Journal(tmp_path, segment_bytes=1)
    journal.append(frame(1), 1, 1)
    done: list[str] = []
    rename = Path.rename

    def begin(path: Path, target: Path) -> None:
        done.append("begin")
        rename(path, target)

    monkeypatch.setattr("engine.journal.os.fdatasync", lambda _: done.append("sync"))
    monkeypatch.setattr(Path, "rename", begin)
    journal.append(frame(2), 2, 2)
    assert done == ["sync", "begin"]
    journal.close()


def test_write_in_pieces_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    write = os.write
    monkeypatch.setattr("engine.journal.os.write", lambda file, data: write(file, bytes(data[:7])))
    journal.append(frame(1) + frame(2), 1, 2)
    monkeypatch.undo()
    journal.close()
    assert sequences(JournalReader(tmp_path)) == [1, 2]


def test_full_disk_leaves_a_torn_tail_and_an_unusable_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    journal.append(frame(1), 1, 1)
    journal.sync()
    room = [40, 30]
    write = os.write

    def full(file: int, data: memoryview) -> int:
        if not room:
            raise OSError(28, "No space left on device")
        return write(file, bytes(data[: room.pop()]))

    monkeypatch.setattr("engine.journal.os.write", full)
    with pytest.raises(OSError, match="No space left"):
        journal.append(frames(2, 9, 1), 2, 9)
    monkeypatch.undo()
    assert journal.last_sequence == 1
    with pytest.raises(JournalError, match="the venue must be started again"):
        journal.append(frame(2, 1), 2, 2)
    with pytest.raises(JournalError, match="the venue must be started again"):
        journal.sync()
    journal.close()
    assert sequences(JournalReader(tmp_path)) == [1, 2]


def test_failed_sync_is_never_followed_by_one_that_seems_to_succeed(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    journal.append(frame(11, 10), 11, 11)
    monkeypatch.setattr("engine.journal.os.fdatasync", fail)
    with pytest.raises(OSError, match="Input/output"):
        journal.sync()
    monkeypatch.undo()
    with pytest.raises(JournalError, match="writing has failed before"):
        journal.sync()
    journal.close()


def test_segment_may_roll_while_the_old_one_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relaxed journal is synced by a thread beside the one that writes it."""
    journal = Journal(tmp_path, segment_bytes=1)
    journal.append(frame(1), 1, 1)
    fdatasync, inside, go_on = os.fdatasync, threading.Event(), threading.Event()

    def slow(file: int) -> None:
        if threading.current_thread() is syncing:
            inside.set()
            assert go_on.wait(10)
        fdatasync(file)

    syncing = threading.Thread(target=journal.sync)
    rolling = threading.Thread(target=journal.append, args=(frame(2), 2, 2))
    monkeypatch.setattr("engine.journal.os.fdatasync", slow)
    syncing.start()
    assert inside.wait(10)
    rolling.start()
    go_on.set()
    syncing.join(10)
    rolling.join(10)
    journal.close()
    assert sequences(JournalReader(tmp_path)) == [1, 2]


def test_journal_of_a_real_tape_is_read_back_whole(tmp_path: Path) -> None:
    write_journal(tmp_path, tape(seed=2, length=3_000), segment_bytes=50_000)
    reader = JournalReader(tmp_path)
    assert len(reader.segments()) > 3
    assert [record.command for record in reader.records()] == list(tape(seed=2, length=3_000))
