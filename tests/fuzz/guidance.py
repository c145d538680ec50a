"""Runs one target under atheris for a while, and tells how far it came or what it found."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

from tests.fuzz import corpus

ROOT: Final = Path(__file__).resolve().parents[2]
INPUT_BYTES_MAX: Final = 2_000
MEMORY_MIB_MAX: Final = 250
"""What the process may hold, instrumented modules, coverage and all."""
INPUT_S_MAX: Final = 10
"""How long one input may take."""
START_S: Final = 60
"""How long the process may take beside its fuzzing."""


class Outcome(NamedTuple):
    """What came of a run."""

    inputs: int
    edges: int
    """Places in the code that were reached."""
    memory_mib: int
    failing: bytes | None
    """The input that broke a promise."""
    output: str

    def report(self, target: str) -> str:
        """Return what happened, with the input as a line for `tests/fuzz/found.py`."""
        return f"{self.output[-6_000:]}\n\nfound: ({target!r}, {self.failing!r}),"


_FORKED: Final = ("sh", "-c", '"$@"; exit $?', "sh")
"""The fuzzer is the child of a small process: the system counts a parent's memory as the peak of what it spawns."""


def fuzz(target: str, seconds: float, directory: Path, seed: int = 0) -> Outcome:
    """Fuzz a target; `seed` 0 is another one each time. What is kept for it lies in `directory`."""
    words = directory / "words.dict"
    directory.mkdir(parents=True, exist_ok=True)
    words.write_text(corpus.words(), encoding="ascii")
    found = directory / "found"
    options = {
        "max_total_time": int(seconds),
        "max_len": INPUT_BYTES_MAX,
        "rss_limit_mb": MEMORY_MIB_MAX,
        "timeout": INPUT_S_MAX,
        "seed": seed,
        "dict": words,
        "exact_artifact_path": found,
        "print_final_stats": 1,
    }
    process = subprocess.run(
        [
            *_FORKED,
            *(sys.executable, "-m", "tests.fuzz.guided", target),
            *(f"-{name}={value}" for name, value in options.items()),
            str(corpus.write(directory / "corpus")),
        ],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds + START_S,
        check=False,
    )
    output = process.stdout.decode(errors="backslashreplace")
    failing = found.read_bytes() if found.exists() else None
    if process.returncode != 0 and failing is None:
        raise RuntimeError(f"the fuzzer itself failed, status {process.returncode}:\n{output[-6_000:]}")
    return Outcome(
        _last(r"stat::number_of_executed_units: +([0-9]+)", output),
        _last(r"cov: ([0-9]+)", output),
        _last(r"stat::peak_rss_mb: +([0-9]+)", output),
        failing,
        output,
    )


def _last(pattern: str, text: str) -> int:
    return int((re.findall(pattern, text) or ["0"])[-1])
