"""The index of what was sent: a file that is what it says, after any stop."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixgw import outbound_index
from fixgw.outbound_index import (
    ADMINISTRATIVE,
    ENTRY,
    POSSIBLE_RESEND,
    REPLAYED,
    Entry,
    OutboundIndex,
    entry_bytes,
    without_times,
)

OTHER = entry_bytes(ADMINISTRATIVE, 0, 0, 99)
HEADER_BYTES = 40


def report(sequence: int, sent_ns: int = 77, flags: int = 0) -> bytes:
    return entry_bytes(sequence, 2, flags, sent_ns)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[OutboundIndex]:
    index = OutboundIndex(tmp_path / "BROKER1.index")
    yield index
    index.close()


def reopened(index: OutboundIndex) -> OutboundIndex:
    return OutboundIndex(index.path)


def test_entry_is_found_under_its_number_after_a_new_start(index: OutboundIndex) -> None:
    index.append(OTHER + report(10) + report(11))
    again = reopened(index)
    assert (again.count, again.resets, again.after) == (3, 0, (0, 0))
    assert again.read(2, 2) == [Entry(10, 2, 0, 77)]
    assert [entry.sequence for entry in again.read(1, 99)] == [0, 10, 11]
    assert again.read(4, 9) == []


def test_entry_that_was_not_written_whole_is_none(index: OutboundIndex) -> None:
    index.append(report(10) + report(11))
    with index.path.open("r+b") as file:
        file.truncate(HEADER_BYTES + ENTRY.size + 5)
    again = reopened(index)
    assert again.count == 1
    again.append(report(12))
    assert [entry.sequence for entry in reopened(index).read(1, 9)] == [10, 12]


@pytest.mark.parametrize("size", (0, 1, HEADER_BYTES - 1))
def test_header_that_was_not_written_whole_is_no_file(index: OutboundIndex, size: int) -> None:
    index.append(report(10))
    with index.path.open("r+b") as file:
        file.truncate(size)
    again = reopened(index)
    assert (again.count, again.resets) == (0, 0)
    assert index.path.stat().st_size == HEADER_BYTES


def test_what_was_never_sent_is_owed_until_it_is(index: OutboundIndex) -> None:
    index.append(OTHER + report(10, 0) + report(11) + report(12, 0))
    assert [entry.sequence for entry in index.owed()] == [10, 12]
    index.mark_sent(2, 2, 555)
    assert [entry.sequence for entry in reopened(index).owed()] == [12]
    assert index.read(2, 2) == [Entry(10, 2, 0, 555)]


def test_what_is_owed_can_be_marked_as_possibly_sent(index: OutboundIndex) -> None:
    index.append(OTHER + report(10, 0) + report(11))
    index.flag_owed()
    assert [entry.flags for entry in reopened(index).read(1, 3)] == [0, POSSIBLE_RESEND, 0]


def test_last_position_is_that_of_the_last_report(index: OutboundIndex) -> None:
    assert index.last_position() == (0, 0)
    index.append(OTHER)
    assert index.last_position() == (0, 0)
    index.append(report(10) + OTHER * 5)
    assert index.last_position() == (10, 2)


@pytest.mark.parametrize(("sequence", "kept"), ((9, 0), (10, 2), (11, 2), (12, 4), (99, 4)))
def test_cut_drops_the_first_later_report_and_all_behind_it(index: OutboundIndex, sequence: int, kept: int) -> None:
    index.append(report(10) + OTHER + report(12) + OTHER)
    assert index.cut_after_sequence(sequence) == 4 - kept
    assert reopened(index).count == kept


def test_scans_go_over_block_boundaries(index: OutboundIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound_index, "_SCAN_ENTRIES", 3)
    index.append(b"".join(report(n, n % 2) for n in range(1, 11)) + OTHER * 7)
    assert [entry.sequence for entry in index.owed()] == [2, 4, 6, 8, 10]
    assert index.last_position() == (10, 2)
    assert index.cut_after_sequence(4) == 13
    assert index.last_position() == (4, 2)


def test_file_that_begins_again_has_new_numbers_and_remembers_what_is_done(index: OutboundIndex) -> None:
    index.append(OTHER * 10)
    index.begin_again(3, OTHER + report(10, 0), (12, 5))
    again = reopened(index)
    for each in (index, again):
        assert (each.count, each.resets, each.after, each.last_position()) == (2, 3, (12, 5), (12, 5))
    index.append(report(13))
    index.sync()
    assert reopened(index).last_position() == (13, 2)
    assert list(index.path.parent.glob("*.draft")) == []


def test_draft_that_a_crash_left_does_no_harm(index: OutboundIndex) -> None:
    index.path.with_suffix(".draft").write_bytes(b"half a file")
    index.begin_again(1, OTHER, (0, 0))
    assert reopened(index).count == 1


def test_entries_without_times_are_owed_and_administrative_ones_are_not() -> None:
    entries = list(ENTRY.iter_unpack(without_times(OTHER + report(10))))
    assert entries == [(0, 0, 0, 99), (10, 2, 0, 0)]


def test_index_is_for_the_venues_own_eyes(index: OutboundIndex) -> None:
    assert index.path.stat().st_mode & 0o077 == 0


# -------------------------------------------------------------------------------------------------- what is replayed


def test_position_is_that_of_the_last_report_that_is_no_replay(index: OutboundIndex) -> None:
    index.append(report(10) + report(11) + report(10, flags=REPLAYED) + OTHER)
    assert index.last_position() == (11, 2)


def test_cut_looks_beyond_what_was_replayed(index: OutboundIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound_index, "_SCAN_ENTRIES", 2)
    index.append(report(10) + report(12) + report(13) + report(10, flags=REPLAYED) + report(10, 0, REPLAYED))
    assert index.cut_after_sequence(11) == 4
    assert index.count == 1


def test_replay_that_is_owed_stays_one_when_it_may_have_been_sent(index: OutboundIndex) -> None:
    index.append(report(10) + report(10, 0, REPLAYED))
    index.flag_owed()
    assert index.read(2, 2) == [Entry(10, 2, REPLAYED | POSSIBLE_RESEND, 0)]
