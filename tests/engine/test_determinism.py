"""The same commands give the same journal, byte for byte, and the same state, in every interpreter."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.recovery import JOURNAL, recover
from engine.snapshot import state_hash


def run(data: Path, hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.workload", "11", "3000", str(data / JOURNAL)],
        env={
            **os.environ,
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def journal_bytes(data: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((data / JOURNAL).glob("*.journal"))}


@pytest.mark.parametrize("hash_seeds", (("0", "12345"), ("random", "random")))
def test_journal_and_state_are_the_same_in_another_interpreter(tmp_path: Path, hash_seeds: tuple[str, str]) -> None:
    first, second = (run(tmp_path / str(number), seed) for number, seed in enumerate(hash_seeds))
    assert first == second
    journals = [journal_bytes(tmp_path / str(number)) for number in range(2)]
    assert journals[0] == journals[1]
    assert len(journals[0]) > 2
    recovered = recover(tmp_path / "0")
    assert state_hash(recovered.exchange.state, recovered.sequence) == first


def test_state_of_a_fixed_tape_is_the_same_on_every_machine(tmp_path: Path) -> None:
    """Where this changes, journals written before it replay differently, or snapshots are laid out differently."""
    assert run(tmp_path, "0") == "0257405f039e32249a265c9ec30930829cf9cd9b506ae4f5c6d107c07e13d58d"
