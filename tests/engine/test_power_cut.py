"""Power cuts: whatever the disk makes of what was not synced, what was synced is there, and the venue goes on."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.exchange import Exchange
from engine.frames import encode_frame, encode_value
from engine.journal import Journal
from engine.recovery import JOURNAL, Recovered, recover, save_snapshot
from engine.snapshot import state_hash
from tests.engine.workload import tape

PAGE_BYTES = 64
"""Small, so that a frame lies on several."""

TAPE = list(tape(seed=6, length=400))


class Machine:
    """A venue that loses its power again and again."""

    def __init__(self, data: Path, seed: int) -> None:
        self.data = data
        self.random = random.Random(seed)
        self.durable = 0
        """The last record that was synced: somebody may have been told of it."""
        self.state_hashes = [state_hash(Exchange().state, 0)]
        """The state after each record."""

    def run(self) -> None:
        """Start, trade for a while, and lose the power in the middle of a write."""
        journal = Journal(self.data / JOURNAL, segment_bytes=self.random.choice((1_000, 20_000)))
        recovered = self.start(journal)
        exchange, sequence = recovered.exchange, recovered.sequence
        begin = 0
        for _ in range(self.random.randint(1, 6)):
            self.durable = sequence
            durable_bytes = journal.size
            durable_path = journal.path
            batch: list[bytes] = []
            for command in TAPE[sequence : sequence + self.random.randint(1, 12)]:
                sequence += 1
                events = exchange.apply(command, sequence)
                batch.append(encode_frame(sequence, self.durable, encode_value((sequence, sequence, command, events))))
                self.state_hashes[sequence:] = [state_hash(exchange.state, sequence)]
            if not batch:
                break
            journal.append(b"".join(batch), self.durable + 1, sequence)
            begin = durable_bytes if journal.path == durable_path else journal.size - len(b"".join(batch))
            journal.sync()
        else:
            assert journal.path is not None
            self.lose(journal.path, begin)
        journal.close()
        if self.random.random() < 0.3:
            save_snapshot(self.data, recover(self.data))

    def start(self, journal: Journal) -> Recovered:
        recovered = recover(self.data, use_snapshot=self.random.random() < 0.5)
        assert recovered.sequence >= self.durable, "what was synced is there"
        assert state_hash(recovered.exchange.state, recovered.sequence) == self.state_hashes[recovered.sequence]
        journal.open_at(recovered.sequence, recovered.last_segment, recovered.end_offset)
        return recovered

    def lose(self, path: Path, begin: int) -> None:
        """Leave of what was written since the last sync what a disk might: some pages, in any order, of any length."""
        written = bytearray(path.read_bytes())
        for page in range(begin // PAGE_BYTES, len(written) // PAGE_BYTES + 1):
            at, end = max(begin, page * PAGE_BYTES), min(len(written), (page + 1) * PAGE_BYTES)
            fate = self.random.random()
            if fate < 0.3:
                written[at:end] = bytes(end - at)
            elif fate < 0.4:
                written[at:end] = self.random.randbytes(end - at)
        if self.random.random() < 0.5:
            del written[self.random.randint(begin, len(written)) :]
        path.write_bytes(written)


@given(seed=st.integers(0, 10**9))
@settings(max_examples=60)
def test_what_was_synced_survives_every_power_cut(seed: int) -> None:
    with TemporaryDirectory() as directory:
        machine = Machine(Path(directory), seed)
        for _ in range(12):
            machine.run()
        journal = Journal(machine.data / JOURNAL)
        machine.start(journal)
        journal.close()
