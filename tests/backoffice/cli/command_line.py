"""The command line as a user has it: `fondaco` in a process of its own, run to its end or kept running."""

import functools
import io
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Final
from unittest.mock import patch

import typer.main

from backoffice.cli import main

ROOT: Final = Path(__file__).resolve().parents[3]
SANDBOX: Final = ROOT / "config" / "sandbox.toml"
DEADLINE_S: Final = 60.0
"""How long anything may take that should come soon, on a machine that has other things to do."""
_commands = functools.cache(typer.main.get_command)
"""Reads the declarations of all commands, once in a process: that takes as long as most commands themselves."""
_POLL_S: Final = 0.01
_PORTS: Final = range(12_000, 20_000)


def fondaco(*arguments: object, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        command(*arguments),
        cwd=ROOT,
        env=_environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def error_line(finished: subprocess.CompletedProcess[str]) -> str:
    """Return the one line with which a command has failed."""
    assert finished.returncode == 1, finished
    *logs, line = finished.stderr.splitlines()
    assert line.startswith("fondaco: "), finished.stderr
    assert all(log.startswith("{") for log in logs), finished.stderr
    return line.removeprefix("fondaco: ")


def fondaco_here(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in this process, which is quicker."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    status: object = None
    with (
        patch.object(sys, "argv", ["fondaco", *map(str, arguments)]),
        patch.object(typer.main, "get_command", _commands),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as leaving:
            status = leaving.code
    assert status is None or isinstance(status, int)
    texts = []
    for stream in (out, err):
        stream.seek(0)
        texts.append(stream.read())
    return subprocess.CompletedProcess(list(map(str, arguments)), status or 0, *texts)


class Running:
    """A command that goes on until it is told to end."""

    def __init__(self, directory: Path, *arguments: object) -> None:
        self._out, self._err = directory / "stdout", directory / "stderr"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                command(*arguments),
                cwd=ROOT,
                env=_environment(None),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def stdout(self) -> str:
        return self._out.read_text(encoding="utf-8")

    @property
    def stderr(self) -> str:
        return self._err.read_text(encoding="utf-8")

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Return when the condition holds, which it must while the command runs."""
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert self.process.poll() is None, self.stdout + self.stderr
            assert time.monotonic() < deadline, self.stdout + self.stderr
            time.sleep(_POLL_S)

    def end(self, number: int) -> int:
        """Send a signal, and return the status with which the command ends."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)

    def stop(self) -> None:
        """End it whatever it thinks of that."""
        self.process.kill()
        self.process.wait(DEADLINE_S)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "backoffice.cli", *map(str, arguments)]


def free_port() -> int:
    """Return a port that nobody listens on, below those that clients are given."""
    for _ in range(1_000):
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def _environment(more: dict[str, str] | None) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", **(more or {})}
