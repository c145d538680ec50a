"""The peers that are measured: each a process of its own, on a core of its own where there are two.

A peer is started in a temporary directory, is up when its port answers, and is ended when the block is left,
whatever the reason. Everything stays on 127.0.0.1.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep
from typing import Final, Literal

from argon2 import PasswordHasher

from bench.client import BenchError
from config.network import Lane

Sync = Literal["always", "relaxed"]

ROOT: Final = Path(__file__).resolve().parent.parent
SANDBOX: Final = ROOT / "config" / "sandbox.toml"
START_S_MAX: Final = 60.0
STOP_S_MAX: Final = 15.0
LOG_LINES_SHOWN: Final = 15
_BESIDE_ORDERS: Final = re.compile(
    r"^\[market_data\]\n[^\[]*|^\[back_office[^\n]*\n(?:(?!\[)[^\n]*\n)*|"
    r"^\[\[sessions\]\]\n(?:(?!\[\[|role)[^\n]*\n)*role = (?:(?!\[\[)[^\n]*(?:\n|\Z))*",
    re.MULTILINE,
)
"""The tables of market data and of the back office, and the sessions that enter no orders."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core the peer runs on, and which the client; the same where there is only one, or no way to choose."""

    peer: int | None
    client: int | None

    @property
    def apart(self) -> bool:
        return self.peer != self.client

    def keep_client(self) -> None:
        """Keep this process to its core."""
        _run_on(self.client)


def choose_cores() -> Cores:
    """Choose two cores of those that this process may use."""
    if not hasattr(os, "sched_getaffinity"):
        return Cores(None, None)
    usable = sorted(os.sched_getaffinity(0))
    return Cores(usable[0], usable[1]) if len(usable) > 1 else Cores(None, None)


def _run_on(core: int | None) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})


@contextmanager
def venue(
    sync: Sync,
    cores: Cores,
    directory: Path,
    home: Path = ROOT,
    lane: Lane = "native",
    more: str = "",
    *,
    validates: bool = True,
) -> Iterator[int]:
    """Run our venue on an empty journal; give its port. It serves the sandbox's instruments and accounts.

    `home`: the folder that its modules come from. `more`: tables of settings that the sandbox does not have.
    `validates`: sessions are held to the dictionary.
    """
    port = _free_port()
    config = directory / "venue.toml"
    settings = venue_settings(SANDBOX.read_text(encoding="utf-8"), port, sync, lane)
    if not validates:
        settings = settings.replace("[[sessions]]\n", "[[sessions]]\nvalidates = false\n")
    config.write_text(f"{settings}\n{more}", encoding="utf-8")
    files = ["--config", str(config), "--data", str(directory / "data")]
    command = [sys.executable, "-m", "backoffice.cli", "serve", *files]
    with _running(f"the venue (sync {sync}, lane {lane}, of {home})", command, port, cores, directory / "log", home):
        yield port


@contextmanager
def trading(sync: Sync, cores: Cores, directory: Path, under: Sequence[str] = ()) -> Iterator[tuple[int, int]]:
    """Run the trading process alone, on an empty journal, as what `under` is told to run; give its port and number."""
    port = _free_port()
    config = directory / "venue.toml"
    settings = venue_settings(SANDBOX.read_text(encoding="utf-8"), port, sync)
    config.write_text(f"{settings}\n[back_office]\n", encoding="utf-8")
    command = [*under, *_serve("trading", directory)]
    with _running("trading", command, port, cores, directory / "log") as process:
        yield port, process


@contextmanager
def following(cores: Cores, directory: Path) -> Iterator[int]:
    """Run the back office of what `trading` runs in the same directory, on the client's core; give its number."""
    beside, log = Cores(cores.client, cores.client), directory / "office-log"
    with _running("the back office", _serve("backoffice", directory), None, beside, log) as process:
        yield process


def _serve(process: str, directory: Path) -> list[str]:
    files = ["--config", str(directory / "venue.toml"), "--data", str(directory / "data")]
    return [sys.executable, "-m", "backoffice.cli", "serve", process, *files]


@contextmanager
def market_data_venue(cores: Cores, directory: Path, subscribers: int, home: Path = ROOT) -> Iterator[tuple[int, int]]:
    """Run our venue, and market data beside it for sessions MD1, MD2, ...; give the ports of both.

    Market data has the peer's core to itself; trading shares the other one with the client.
    """
    port, data_port = _free_port(), _free_port()
    config = directory / "venue.toml"
    text = venue_settings(SANDBOX.read_text(encoding="utf-8"), port, "relaxed")
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("sandbox-only")
    text += f"\n[market_data]\nport = {data_port}\n" + "".join(
        f'\n[[sessions]]\ncomp_id = "MD{number}"\nrole = "market-data"\npassword_hash = "{hashed}"\n'
        for number in range(1, subscribers + 1)
    )
    config.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "backoffice.cli", "serve"]
    files = ["--config", str(config), "--data", str(directory / "data")]
    beside = Cores(cores.client, cores.client)
    with (
        _running("the trading process", [*command, "trading", *files], port, beside, directory / "log", home),
        _running("market data", [*command, "marketdata", *files], data_port, cores, directory / "data-log", home),
    ):
        yield port, data_port


@contextmanager
def baseline(cores: Cores, directory: Path) -> Iterator[int]:
    """Run the QuickFIX acceptor on an empty store; give its port."""
    port = _free_port()
    command = [sys.executable, "-m", "bench.quickfix_acceptor", "--port", str(port), "--directory", str(directory)]
    with _running("the QuickFIX acceptor", command, port, cores, directory / "log"):
        yield port


def quickfix_is_installed() -> bool:
    return find_spec("quickfix") is not None


def environment(home: Path) -> Mapping[str, str]:
    """Return the environment in which our packages come from `home`, and benchmarks and tests from the working tree."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys((str(home), str(ROOT))))}


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """Give a directory on the disk that the figures are about, and remove it afterwards."""
    parent = ROOT / "build"
    parent.mkdir(exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix="bench-", dir=parent))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def venue_settings(text: str, port: int, sync: Sync, lane: Lane = "native") -> str:
    """Return the settings file with another port, lane and journal.sync, with trading alone and without drop copy."""
    text = _BESIDE_ORDERS.sub("", text)
    text = replace_value(text, "fix", "port", str(port))
    text = replace_value(text, "fix", "lane", f'"{lane}"')
    return replace_value(text, "journal", "sync", f'"{sync}"')


def replace_value(text: str, table: str, key: str, value: str) -> str:
    """Return a TOML text with `key` of `[table]` set to `value`, which is TOML too."""
    lines = text.splitlines()
    if f"[{table}]" not in lines:
        lines += ["", f"[{table}]"]
    start = lines.index(f"[{table}]") + 1
    end = next((at for at in range(start, len(lines)) if lines[at].startswith("[")), len(lines))
    lines[start:end] = [line for line in lines[start:end] if line.partition("=")[0].strip() != key]
    lines.insert(start, f"{key} = {value}")
    result = "\n".join(lines) + "\n"
    assert str(tomllib.loads(result)[table][key]) == value.strip('"'), "the file says what it was made to say"
    return result


@contextmanager
def _running(
    name: str, command: Sequence[str], port: int | None, cores: Cores, log_path: Path, home: Path = ROOT
) -> Iterator[int]:
    """Run a process, which is up when its port answers, if it has one; give its number."""
    with log_path.open("wb") as log:
        # A child inherits the cores that its parent has at that moment, and so do all its threads and children.
        _run_on(cores.peer)
        try:
            process = subprocess.Popen(
                command,
                cwd=home,  # `python -m` looks there first
                env=environment(home),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            _run_on(cores.client)
    try:
        if port is not None:
            _wait_until_up(name, process, port, log_path)
        try:
            yield process.pid
        except (BenchError, OSError) as error:
            raise BenchError(f"{error}\n{_tail(name, log_path)}") from error
    finally:
        _end(process)


def _wait_until_up(name: str, process: subprocess.Popen[bytes], port: int, log_path: Path) -> None:
    deadline = monotonic() + START_S_MAX
    while monotonic() < deadline:
        if process.poll() is not None:
            raise BenchError(f"{name} ended with {process.returncode}\n{_tail(name, log_path)}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
            return
        sleep(0.05)
    raise BenchError(f"{name} does not answer on port {port}\n{_tail(name, log_path)}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process, and all that it started."""
    if process.stdin is not None:
        process.stdin.close()
    if process.poll() is None:
        process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_S_MAX)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # it leads a group of its own: what it left behind
    process.wait()


def _tail(name: str, log_path: Path) -> str:
    lines = log_path.read_text(encoding="utf-8", errors="backslashreplace").splitlines()[-LOG_LINES_SHOWN:]
    return "\n".join([f"{name} logged last:", *lines]) if lines else f"{name} logged nothing"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
