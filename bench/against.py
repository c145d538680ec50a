"""The engine as it stands against the engine of an earlier revision, on plain limit orders, in turns.

What the engine learns must not be paid for by those who do not use it.
"""

import shutil
import statistics
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from bench.client import BenchError
from bench.venues import ROOT, environment, scratch_directory

SIMPLE: Final = "13197635ea3987a14427869907af347450ac7b70"
"""The last revision whose engine knew nothing but plain limit and market orders."""


@dataclass(frozen=True, slots=True)
class Against:
    """Plain orders and cancels per second, run by run."""

    revision: str
    now: list[float]
    then: list[float]

    @property
    def cost(self) -> float:
        """What an order costs now, in times of what it cost then."""
        return statistics.median(self.then) / statistics.median(self.now)


def is_known(revision: str) -> bool:
    """Tell whether the repository, if this is one, holds a revision."""
    return _git("cat-file", "-e", f"{revision}^{{commit}}").returncode == 0


def measure_against(revision: str, *, runs: int, count: int) -> Against:
    """Measure both, in turns. Raise `BenchError` if the earlier one cannot be had."""
    found = Against(revision, [], [])
    with _checked_out(revision) as home:
        for _ in range(runs):
            found.then.append(_plain(home, count))
            found.now.append(_plain(ROOT, count))
    return found


@contextmanager
def _checked_out(revision: str) -> Iterator[Path]:
    done = _git("archive", revision, "engine")
    if done.returncode:
        raise BenchError(f"revision {revision}: {done.stderr.decode().strip()}")
    with scratch_directory() as directory, tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(directory, filter="data")
        yield directory


def _plain(home: Path, count: int) -> float:
    program = f"from bench.engine_bench import plain; print(plain({count}))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=home, env=environment(home), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"the engine in {home} ended with {done.returncode}\n{done.stderr.strip()}")
    return float(done.stdout)


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    git = shutil.which("git")
    if git is None:
        return subprocess.CompletedProcess([], 1, b"", b"there is no git")
    return subprocess.run([git, "-C", str(ROOT), *arguments], capture_output=True, check=False)
