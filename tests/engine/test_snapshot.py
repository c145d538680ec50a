import os
from pathlib import Path

import pytest

from engine import commands
from engine.errors import SnapshotError
from engine.exchange import Exchange
from engine.order import round_fee
from engine.snapshot import (
    KEPT,
    MAGIC,
    capture,
    read_snapshot,
    restore,
    snapshots,
    state_hash,
    write_snapshot,
)
from engine.state import State
from tests.engine.builders import DAY, Venue
from tests.engine.invariants import check_state
from tests.engine.workload import tape


def state_after(length: int, seed: int = 1) -> State:
    exchange = Exchange()
    for sequence, command in enumerate(tape(seed, length), start=1):
        exchange.apply(command, sequence)
    return exchange.state


@pytest.mark.parametrize("length", (0, 1, 10, 500, 3_000))
def test_restored_state_is_the_state(length: int, tmp_path: Path) -> None:
    state = state_after(length)
    path = write_snapshot(tmp_path, state, length)
    again = restore(read_snapshot(path))
    assert state_hash(again, length) == state_hash(state, length)
    assert capture(again, length) == capture(state, length)
    check_state(again)


def test_restored_book_keeps_priority() -> None:
    venue = Venue()
    for number, price in enumerate((100, 101, 100, 100)):
        venue.buy(5, price, "ABC"[number % 3], cl_ord_id=f"b{number}")
        venue.sell(5, price + 10, "ABC"[number % 3], cl_ord_id=f"s{number}")
    venue.replace("b0", 6, 100, cl_ord_id="b0 again")
    before = venue.bids(), venue.asks()
    venue.exchange.state = venue.state = restore(capture(venue.state, 1))
    assert (venue.bids(), venue.asks()) == before
    assert venue.bids() == [(101, ["b1"]), (100, ["b2", "b3", "b0 again"])]


def test_both_go_on_alike_after_a_snapshot() -> None:
    commands_of_tape = list(tape(seed=7, length=4_000))
    straight, interrupted = Exchange(), Exchange()
    for sequence, command in enumerate(commands_of_tape, start=1):
        assert straight.apply(command, sequence) == interrupted.apply(command, sequence)
        if sequence % 500 == 0:
            interrupted = Exchange(restore(capture(interrupted.state, sequence)))
    assert state_hash(straight.state, 4_000) == state_hash(interrupted.state, 4_000)


def test_fee_so_far_is_kept_to_the_last_fraction() -> None:
    venue = Venue(maker_bps=-7, taker_bps=11)
    venue.buy(10, 101, cl_ord_id="x")
    venue.sell(3, 101)
    order = venue.open_order("x")
    again = restore(capture(venue.state, 1)).accounts["A"].orders[order.order_id]
    assert order.fee_raw == again.fee_raw == -700 * 303
    assert round_fee(order.fee_raw) == 0


def test_all_that_is_not_in_the_book_is_kept_too() -> None:
    venue = Venue()
    venue.buy(1, 100, time_in_force=DAY, cl_ord_id="x")
    venue.apply(commands.ReserveOutbound("A", 500))
    venue.apply(commands.ResetSequence("B"))
    venue.end_day(20260102)
    venue.buy(1, 100, cl_ord_id="y")
    again = restore(capture(venue.state, 1))
    assert again.references.booked == venue.state.references.booked
    assert again.accounts["A"].earlier_cl_ord_ids == {"x": 1}
    assert again.accounts["A"].cl_ord_ids == {"y": 2}
    assert (again.sessions["A"].reserved_out, again.sessions["B"].resets) == (500, 1)
    assert again.sessions["A"].permitted == {"A": again.accounts["A"]}
    assert list(again.finished) == [1]
    assert (again.trading_day_ended, again.time_ns) == (20260102, venue.state.time_ns)


def test_state_of_the_largest_numbers_is_written() -> None:
    venue = Venue(accounts=("A",), funds=0)
    venue.credit("A", "USD", 2**62)
    venue.apply(commands.ReserveOutbound("A", 2**63 - 1))
    venue.apply(commands.ReleaseOutbound("A", 2**63 - 1, 2**63 - 1))
    venue.buy(1, 2**53)
    assert restore(capture(venue.state, 2**63)).accounts["A"].holdings["USD"].reserved == 2**53
    assert state_hash(venue.state, 2**63)


# ------------------------------------------------------------------------------------------------------ files


def test_snapshot_is_private_and_named_by_its_sequence(tmp_path: Path) -> None:
    path = write_snapshot(tmp_path, state_after(10), 10)
    assert path.name == "00000000000000000010.snapshot"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_only_the_latest_snapshots_are_kept(tmp_path: Path) -> None:
    for sequence in (5, 10, 9, 100):
        write_snapshot(tmp_path, state_after(5), sequence)
    assert [int(path.stem) for path in snapshots(tmp_path)] == [100, 10]
    assert KEPT == 2


def test_file_of_another_name_is_no_snapshot(tmp_path: Path) -> None:
    (tmp_path / "copy.snapshot").touch()
    for sequence in (1, 2, 3):
        write_snapshot(tmp_path, state_after(5), sequence)
    assert [int(path.stem) for path in snapshots(tmp_path)] == [3, 2]
    assert (tmp_path / "copy.snapshot").exists()


def test_snapshot_with_any_flipped_byte_is_refused(tmp_path: Path) -> None:
    path = write_snapshot(tmp_path, state_after(20), 20)
    whole = path.read_bytes()
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(SnapshotError, match=f"{path}: damaged"):
            read_snapshot(path)


@pytest.mark.parametrize("size", (0, 5, len(MAGIC), len(MAGIC) + 32, -1))
def test_snapshot_that_ends_too_early_is_refused(tmp_path: Path, size: int) -> None:
    path = write_snapshot(tmp_path, state_after(20), 20)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(SnapshotError):
        read_snapshot(path)


def test_snapshot_of_another_layout_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.snapshot._encode", lambda _: b"\x93\x01\x02\x03")
    path = write_snapshot(tmp_path, state_after(20), 20)
    with pytest.raises(SnapshotError, match="of another version"):
        read_snapshot(path)


def test_failed_write_leaves_the_older_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_snapshot(tmp_path, state_after(20), 20)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_snapshot(tmp_path, state_after(30), 30)
    monkeypatch.undo()
    assert [int(path.stem) for path in snapshots(tmp_path)] == [20]
    assert read_snapshot(snapshots(tmp_path)[0]).sequence == 20
