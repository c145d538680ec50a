"""The demo's venue: `fondaco serve` in a process of its own, and market data and the back office beside it.

Its settings are the sandbox's, on free ports, and without its brokers: those come in through the back office.
"""

import asyncio
import json
import random
import re
import signal
import socket
import sys
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Final, Self

from backoffice.cli.failure import CommandFailed
from config.reading import parse
from config.settings import Settings

HOST: Final = "127.0.0.1"
SETTINGS: Final = "venue.toml"
LOG: Final = "venue.log"
_PORTS: Final = range(20_000, 32_000)
_START_S_MAX: Final = 60.0
_STOP_S_MAX: Final = 30.0
_RETRY_S: Final = 0.02


class VenueProcess:
    """The process, from its start to its end. It is ended when the block is left, whatever the reason."""

    def __init__(self, directory: Path) -> None:
        """`directory` gets the venue's data, settings and log; it may be there already, and is empty."""
        self.directory = directory
        self.port, market_data_port = _free_ports()
        self._text = demo_text(self.port, market_data_port, directory.absolute())
        self.settings: Settings = parse(self._text, SETTINGS)
        self.is_stopped = False
        self._process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def __aenter__(self) -> Self:
        """Start the process; it is up when a broker can connect."""
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self.directory / SETTINGS
        path.write_text(self._text, encoding="utf-8")
        command = [sys.executable, "-m", "backoffice.cli", "serve"]
        with (self.directory / LOG).open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(*command, "--config", str(path)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=log,
                # Ctrl-C is for the demo, which then stops its venue in good order.
                start_new_session=True,
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave nothing running."""
        if self._process.returncode is None:
            self._process.terminate()
            try:
                async with asyncio.timeout(_STOP_S_MAX):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    async def stop(self) -> None:
        """Stop the venue as an operator does, by SIGTERM. Raise `CommandFailed` if it does not end in good order."""
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_S_MAX):
                await self._process.wait()
        except TimeoutError:
            raise CommandFailed(f"the venue did not stop within {_STOP_S_MAX:.0f} s of SIGTERM") from None
        if self._process.returncode != 0:
            raise self.ended()
        self.is_stopped = True

    async def wait_until_up(self) -> None:
        """Return when the venue takes connections. Raise `CommandFailed` with its own words if it does not start."""
        deadline = asyncio.get_running_loop().time() + _START_S_MAX
        while asyncio.get_running_loop().time() < deadline:
            self.check()
            try:
                _, writer = await asyncio.open_connection(HOST, self.port)
            except OSError:
                await asyncio.sleep(_RETRY_S)
            else:
                writer.close()
                return
        raise CommandFailed(f"the venue does not take connections on {HOST}:{self.port} after {_START_S_MAX:.0f} s")

    def check(self) -> None:
        """Raise `CommandFailed` if the process is gone."""
        if self._process.returncode is not None:
            raise self.ended()

    def ended(self) -> CommandFailed:
        """Return the error that says how the venue ended, in its own words if it had any."""
        status = self._process.returncode
        assert status is not None, "the process has ended"
        how = f"ended with status {status}" if status >= 0 else f"was ended by {signal.Signals(-status).name}"
        lines = (self.directory / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
        errors = [line.removeprefix("fondaco: ") for line in lines if not line.startswith("{")]
        return CommandFailed(f"the venue {how}" + (f": {errors[-1]}" if errors else ""))


def sandbox_text() -> str:
    """Return the sandbox's settings as they are packaged."""
    return resources.files("config").joinpath("sandbox.toml").read_text(encoding="utf-8")


def demo_text(port: int, market_data_port: int, data: Path) -> str:
    """Return the demo's settings: the sandbox's with these ports and this directory, and of its sessions market data's.

    Destinations of withdrawals are paid to without cooling, as nobody would wait for that.
    """
    text = sandbox_text()
    ports = iter((port, market_data_port))
    text, changes = re.subn(r"(?m)^port = \d+$", lambda _: f"port = {next(ports)}", text)
    assert changes == 2, "the sandbox's settings name the ports of trading and of market data"
    text, changes = re.subn(r'(?m)^data = ".*"$', lambda _: f"data = {json.dumps(str(data))}", text)
    assert changes == 1, "the sandbox's settings name the directory of the venue's files"
    text = text.replace("cooling_minutes = 1,", "cooling_minutes = 0,")
    house, _, clients = text.partition("[[accounts]]\naccount = ")
    _, market_data, sessions = clients.partition('[[sessions]]\ncomp_id = "MD1"\n')
    assert market_data, "the sandbox's settings have the sessions of market data last"
    return house + market_data + sessions


def _free_ports() -> tuple[int, int]:
    """Return two ports that nobody listens on, below those that clients are given: one of them could meet itself."""
    ports: set[int] = set()
    for _ in range(1_000):
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            ports.add(port)
            if len(ports) == 2:
                first, second = ports
                return first, second
    raise CommandFailed(f"no two ports of {HOST} are free between {_PORTS.start} and {_PORTS.stop}")
