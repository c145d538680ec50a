import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from engine import commands
from engine.commands import AnyCommand
from engine.errors import JournalError
from engine.events import AnyEvent, AssetAdded
from engine.exchange import Exchange
from engine.journal import Journal, JournalReader
from engine.recovery import recover
from engine.sequencer import CONGESTED_BYTES, Sequencer
from engine.snapshot import state_hash
from tests.engine.builders import add_asset
from tests.engine.slow_disk import SlowDisk
from tests.engine.waiting import PATIENCE_S, turns, until
from tests.engine.workload import tape


class Outside:
    """What a gateway does: it stages what each record has to say, and lets it go when it may leave."""

    def __init__(self, sequencer: Sequencer) -> None:
        self.sequencer = sequencer
        self.staged: list[str] = []
        self.left: list[str] = []
        self.commits: list[int] = []
        self.failures: list[Exception] = []
        sequencer.observe = self.observe
        sequencer.stage = self.stage
        sequencer.on_commit = lambda: self.commits.append(sequencer.committed)
        sequencer.on_failure = self.failures.append

    def observe(self, sequence: int, _time_ns: int, _events: list[AnyEvent]) -> None:
        self.staged.append(f"record {sequence}")

    def stage(self) -> Callable[[], None]:
        staged, self.staged = self.staged, []
        return lambda: self.left.extend(staged)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> SlowDisk:
    return SlowDisk(monkeypatch)


@pytest.fixture
async def sequencer(tmp_path: Path, disk: SlowDisk) -> AsyncIterator[Sequencer]:
    journal = Journal(tmp_path / "journal")
    sequencer = Sequencer(Exchange(), journal)
    sequencer.start()
    yield sequencer
    disk.error = None
    disk.be_fast()
    if sequencer.failure is None:
        await sequencer.stop()
    else:
        with pytest.raises(type(sequencer.failure)):
            await sequencer.stop()
    journal.close()


@pytest.fixture
def outside(sequencer: Sequencer) -> Outside:
    return Outside(sequencer)


def asset(number: int) -> AnyCommand:
    return add_asset(f"A{number}")


# ---------------------------------------------------------------------------------------- commit, then speak


async def test_nothing_leaves_before_it_is_durable(sequencer: Sequencer, disk: SlowDisk, outside: Outside) -> None:
    assert sequencer.submit(asset(1)) == [AssetAdded("A1")]
    await until(lambda: disk.written)
    await turns()
    assert outside.left == []
    assert sequencer.committed == 0
    disk.allow()
    await until(lambda: outside.commits)
    assert outside.left == ["record 1"]
    assert sequencer.committed == 1


async def test_what_arrives_during_a_sync_is_committed_together_with_one(
    sequencer: Sequencer, disk: SlowDisk, outside: Outside
) -> None:
    sequencer.submit(asset(1))
    await until(lambda: disk.written)
    for number in range(2, 100):
        sequencer.submit(asset(number))
        if number % 10 == 0:
            await asyncio.sleep(0)
    assert outside.left == []
    disk.allow()
    await until(lambda: outside.left)
    assert outside.left == ["record 1"]
    assert sequencer.committed == 1
    disk.allow()
    await sequencer.flushed()
    assert disk.written == [(1, 1), (2, 99)]
    assert disk.syncs == 2
    assert outside.left == [f"record {number}" for number in range(1, 100)]
    assert outside.commits == [1, 99]


async def test_what_arrives_together_is_one_batch(sequencer: Sequencer, disk: SlowDisk, outside: Outside) -> None:
    disk.be_fast()
    for number in range(5):
        sequencer.submit(asset(number))
    await sequencer.flushed()
    assert disk.written == [(1, 5)]


async def test_output_without_a_record_waits_for_the_batch_before_it(
    sequencer: Sequencer, disk: SlowDisk, outside: Outside
) -> None:
    sequencer.submit(asset(1))
    await until(lambda: disk.written)
    outside.staged.append("heartbeat")
    sequencer.schedule_flush()
    await turns()
    assert outside.left == []
    disk.allow()
    await sequencer.flushed()
    assert outside.left == ["record 1", "heartbeat"]


async def test_output_without_a_record_needs_no_disk(sequencer: Sequencer, disk: SlowDisk, outside: Outside) -> None:
    outside.staged.append("heartbeat")
    sequencer.schedule_flush()
    await until(lambda: outside.left)
    assert disk.written == []
    assert outside.commits == []


async def test_durable_sequence_in_a_frame_is_one_that_was_synced(
    sequencer: Sequencer, disk: SlowDisk, outside: Outside
) -> None:
    committed = []
    commits = iter((1, 2))
    for number in range(8):
        if number % 3 == 2:
            disk.allow()
            expected = next(commits)
            await until(lambda: len(outside.commits) == expected)  # noqa: B023 - it is called at once
        committed.append(sequencer.committed)
        sequencer.submit(asset(number))
        await until(lambda: disk.written)
    disk.be_fast()
    await sequencer.flushed()
    assert committed == [0, 0, 1, 1, 1, 2, 2, 2]
    assert [frame.durable for frame in JournalReader(sequencer.journal.directory).frames()] == committed


async def test_committed_end_is_that_of_the_file(sequencer: Sequencer, disk: SlowDisk, outside: Outside) -> None:
    disk.be_fast()
    assert (sequencer.committed_path, sequencer.committed_size) == (None, 0)
    sequencer.submit(asset(1))
    await sequencer.flushed()
    path = sequencer.journal.path
    assert path is not None
    assert (sequencer.committed_path, sequencer.committed_size) == (path, path.stat().st_size)


# --------------------------------------------------------------------------------------- waiting for a flush


async def test_flushed_does_not_wait_for_what_comes_after(
    sequencer: Sequencer, disk: SlowDisk, outside: Outside
) -> None:
    async def submit_for_ever() -> None:
        number = 0
        while True:
            number += 1
            sequencer.submit(asset(number))
            await asyncio.sleep(0)

    disk.be_fast()
    traffic = asyncio.create_task(submit_for_ever())
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(5):
            last = sequencer.sequence
            await sequencer.flushed()
            assert sequencer.committed >= last
    traffic.cancel()


async def test_flushed_lets_go_what_was_staged_without_any_record(sequencer: Sequencer, outside: Outside) -> None:
    outside.staged.append("logout")
    await sequencer.flushed()
    assert outside.left == ["logout"]


async def test_flushed_during_a_commit_waits_for_what_was_staged_meanwhile(
    sequencer: Sequencer, disk: SlowDisk, outside: Outside
) -> None:
    sequencer.submit(asset(1))
    await until(lambda: disk.written)
    outside.staged.append("logout")
    flushed = [asyncio.ensure_future(sequencer.flushed()) for _ in range(2)]
    await turns()
    assert not any(waiter.done() for waiter in flushed)
    disk.allow()
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*flushed)
    assert outside.left == ["record 1", "logout"]


async def test_flushed_with_nothing_to_do_returns(sequencer: Sequencer, outside: Outside) -> None:
    await sequencer.flushed()
    await sequencer.flushed()
    assert outside.left == []


async def test_who_has_nothing_urgent_lets_a_batch_go_first_that_is_about_to_be_written(
    sequencer: Sequencer, disk: SlowDisk, outside: Outside
) -> None:
    sequencer.submit(asset(1))
    waiter = asyncio.create_task(sequencer.written())
    await until(lambda: disk.written)
    await turns()
    assert not waiter.done()
    disk.allow()
    await waiter
    assert outside.left == ["record 1"]


async def test_who_has_nothing_urgent_goes_on_between_two_batches_in_a_row(
    sequencer: Sequencer, disk: SlowDisk, outside: Outside
) -> None:
    sequencer.submit(asset(1))
    await until(lambda: disk.written)
    sequencer.submit(asset(2))
    waiter = asyncio.create_task(sequencer.written())
    await turns()
    disk.allow()
    await waiter
    assert outside.left == ["record 1"]


async def test_cancelled_waiter_disturbs_nobody(sequencer: Sequencer, disk: SlowDisk, outside: Outside) -> None:
    sequencer.submit(asset(1))
    waiter = asyncio.create_task(sequencer.flushed())
    await turns()
    waiter.cancel()
    await turns()
    assert waiter.cancelled()
    disk.be_fast()
    await sequencer.flushed()
    assert outside.left == ["record 1"]


# --------------------------------------------------------------------------------------------------- failure


@pytest.mark.parametrize("error", (OSError(28, "No space left on device"), JournalError("broken"), MemoryError()))
async def test_after_a_failure_of_the_disk_nothing_leaves(
    sequencer: Sequencer, disk: SlowDisk, outside: Outside, error: Exception
) -> None:
    disk.allow()
    sequencer.submit(asset(1))
    await sequencer.flushed()
    sequencer.submit(asset(2))
    await until(lambda: len(disk.written) == 2)
    sequencer.submit(asset(3))
    disk.error = error
    disk.allow()
    with pytest.raises(type(error)):
        await sequencer.flushed()
    assert outside.failures == [error]
    assert sequencer.failure is error
    assert outside.left == ["record 1"]
    assert (sequencer.committed, outside.commits) == (1, [1])
    with pytest.raises(type(error)):
        sequencer.submit(asset(4))
    sequencer.schedule_flush()
    await turns()
    assert outside.left == ["record 1"]
    assert len(disk.written) == 2
    assert outside.failures == [error]


async def test_failed_write_is_a_failure_too(
    sequencer: Sequencer, disk: SlowDisk, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.journal.os.write", fail)
    sequencer.submit(asset(1))
    with pytest.raises(OSError, match="No space"):
        await sequencer.flushed()
    assert outside.left == []
    assert len(outside.failures) == 1


async def test_fault_in_the_exchange_stops_everything_and_leaves_a_sound_journal(
    sequencer: Sequencer, disk: SlowDisk, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record is missing from the journal, then, and not half there; and its number is not skipped."""
    disk.be_fast()
    sequencer.submit(asset(1))
    await sequencer.flushed()

    def fault(*_: object) -> list[AnyEvent]:
        raise ZeroDivisionError

    monkeypatch.setattr(Exchange, "apply", fault)
    with pytest.raises(ZeroDivisionError):
        sequencer.submit(asset(2))
    monkeypatch.undo()
    assert isinstance(sequencer.failure, ZeroDivisionError)
    assert len(outside.failures) == 1
    with pytest.raises(ZeroDivisionError):
        sequencer.submit(asset(3))
    assert [frame.sequence for frame in JournalReader(sequencer.journal.directory).frames()] == [1]


@pytest.mark.parametrize(
    ("command", "error"),
    (
        (commands.Credit("A", "USD", 2**64, "too large for the journal"), OverflowError),
        (commands.Credit("A", "USD", -(2**63) - 1, "too small"), OverflowError),
        (commands.OpenAccount("\ud800"), UnicodeEncodeError),
    ),
)
async def test_command_that_no_journal_can_hold_changes_nothing(
    sequencer: Sequencer, disk: SlowDisk, outside: Outside, command: AnyCommand, error: type[Exception]
) -> None:
    disk.be_fast()
    before = state_hash(sequencer.exchange.state, 0)
    with pytest.raises(error):
        sequencer.submit(command)
    assert state_hash(sequencer.exchange.state, 0) == before
    assert sequencer.failure is None
    sequencer.submit(asset(1))
    await sequencer.flushed()
    assert [record.sequence for record in JournalReader(sequencer.journal.directory).records()] == [1]


async def test_error_while_letting_go_does_not_hold_up_the_next_batch(
    sequencer: Sequencer, disk: SlowDisk, outside: Outside
) -> None:
    seen: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context))

    def stage() -> Callable[[], None]:
        raise_now = sequencer.sequence == 1

        def release() -> None:
            if raise_now:
                raise ValueError("a fault in the gateway")

        return release

    sequencer.stage = stage
    sequencer.submit(asset(1))
    await until(lambda: disk.written)
    sequencer.submit(asset(2))
    disk.be_fast()
    await sequencer.flushed()
    assert outside.commits == [1, 2]
    assert [str(context["exception"]) for context in seen] == ["a fault in the gateway"]


# ------------------------------------------------------------------------------------------------ relaxed mode


async def test_relaxed_journal_lets_output_leave_once_it_is_written(tmp_path: Path, disk: SlowDisk) -> None:
    journal = Journal(tmp_path)
    sequencer = Sequencer(Exchange(), journal, relaxed=True)
    sequencer.start()
    outside = Outside(sequencer)
    sequencer.submit(asset(1))
    await sequencer.flushed()
    assert (outside.left, disk.syncs) == (["record 1"], 0)
    assert [record.sequence for record in JournalReader(tmp_path).records()] == [1]
    disk.be_fast()
    await sequencer.stop()
    assert disk.syncs == 1, "what is written is synced at the latest at the stop"
    journal.close()


async def test_relaxed_journal_is_synced_now_and_then(
    tmp_path: Path, disk: SlowDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.sequencer.RELAXED_SYNC_S", 0.0)
    journal = Journal(tmp_path)
    sequencer = Sequencer(Exchange(), journal, relaxed=True)
    sequencer.start()
    disk.be_fast()
    for number in range(1, 4):
        sequencer.submit(asset(number))
        await sequencer.flushed()
        await until(lambda: disk.syncs >= number)  # noqa: B023 - it is called at once
    await sequencer.stop()
    journal.close()
    assert next(JournalReader(tmp_path).frames()).durable == 0


@pytest.mark.parametrize("fails", ("write", "sync"))
async def test_relaxed_journal_fails_like_another(
    tmp_path: Path, disk: SlowDisk, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    monkeypatch.setattr("engine.sequencer.RELAXED_SYNC_S", 0.0)
    journal = Journal(tmp_path)
    disk.be_fast()
    sequencer = Sequencer(Exchange(), journal, relaxed=True)
    sequencer.start()
    outside = Outside(sequencer)

    def fail(*_: object) -> int:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("engine.journal.os.write" if fails == "write" else "engine.journal.os.fdatasync", fail)
        sequencer.submit(asset(1))
        await until(lambda: outside.failures)
    with pytest.raises(OSError, match="Input/output"):
        await sequencer.stop()
    with pytest.raises(OSError, match="Input/output"):
        sequencer.submit(asset(2))
    journal.close()


async def test_relaxed_journal_rolls_while_it_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.sequencer.RELAXED_SYNC_S", 0.0)
    journal = Journal(tmp_path, segment_bytes=2_000)
    sequencer = Sequencer(Exchange(), journal, relaxed=True)
    sequencer.start()
    for command in tape(seed=1, length=500):
        sequencer.begin_batch()
        sequencer.submit(command)
        await sequencer.flushed()
    await sequencer.stop()
    journal.close()
    assert [record.sequence for record in JournalReader(tmp_path).records()] == list(range(1, 501))


# ----------------------------------------------------------------------------------------------- the rest of it


async def test_stop_commits_what_is_pending(sequencer: Sequencer, disk: SlowDisk, outside: Outside) -> None:
    sequencer.submit(asset(1))
    disk.be_fast()
    await sequencer.stop()
    assert outside.left == ["record 1"]


async def test_time_never_runs_backwards(tmp_path: Path) -> None:
    times = iter((5, 3, 9, 8))
    exchange = Exchange()
    exchange.state.time_ns = 4
    sequencer = Sequencer(exchange, Journal(tmp_path), clock=lambda: next(times))
    assert sequencer.time_ns == 4
    assert [sequencer.begin_batch() for _ in range(4)] == [5, 5, 9, 9]
    await sequencer.stop()
    sequencer.journal.close()


async def test_commands_of_a_batch_share_its_time(tmp_path: Path) -> None:
    ticks = iter(range(10, 100, 10))
    journal = Journal(tmp_path)
    sequencer = Sequencer(Exchange(), journal, clock=lambda: next(ticks))
    sequencer.start()
    for _ in range(2):
        sequencer.begin_batch()
        sequencer.submit(asset(1))
        sequencer.submit(asset(2))
    await sequencer.stop()
    journal.close()
    assert [record.time_ns for record in JournalReader(tmp_path).records()] == [10, 10, 20, 20]


async def test_congestion_is_told_until_the_disk_has_caught_up(
    sequencer: Sequencer, disk: SlowDisk, outside: Outside
) -> None:
    big = commands.OpenAccount("x" * (CONGESTED_BYTES // 8))
    sequencer.submit(asset(0))
    await until(lambda: disk.written)
    for _ in range(4):
        assert not sequencer.congested
        sequencer.submit(big)
    assert sequencer.congested
    disk.be_fast()
    await sequencer.flushed()
    assert not sequencer.congested


async def test_what_the_sequencer_wrote_recovers_to_what_it_holds(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", segment_bytes=20_000)
    sequencer = Sequencer(Exchange(), journal)
    sequencer.start()
    for number, command in enumerate(tape(seed=9, length=2_000)):
        sequencer.begin_batch()
        sequencer.submit(command)
        if number % 37 == 0:
            await asyncio.sleep(0)
    await sequencer.stop()
    journal.close()
    recovered = recover(tmp_path)
    assert recovered.sequence == 2_000
    assert state_hash(recovered.exchange.state, 2_000) == state_hash(sequencer.exchange.state, 2_000)


async def test_sequencer_goes_on_where_recovery_ended(tmp_path: Path) -> None:
    for number in range(1, 4):
        journal = Journal(tmp_path / "journal")
        recovered = recover(tmp_path)
        journal.open_at(recovered.sequence, recovered.last_segment, recovered.end_offset)
        sequencer = Sequencer(recovered.exchange, journal)
        sequencer.start()
        assert sequencer.committed == sequencer.sequence == number - 1
        sequencer.begin_batch()
        assert sequencer.submit(asset(number)) == [AssetAdded(f"A{number}")]
        await sequencer.stop()
        journal.close()
    assert recover(tmp_path).sequence == 3
