"""A venue as a process of its own, on a free loopback port, with settings derived from the sandbox's.

It is ready when it says so itself, takes other ports if its own are gone by its first start, survives restarts on the
same port and data, and is asked at the end whether it ever printed a traceback.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Literal

from argon2 import PasswordHasher

from config.reading import load
from config.settings import Settings

ROOT: Final = Path(__file__).resolve().parents[2]
SANDBOX: Final = ROOT / "config" / "sandbox.toml"
PASSWORD: Final = "sandbox-only"
CHEAP_HASH: Final = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
HOST: Final = "127.0.0.1"
DEADLINE_S: Final = 30.0
"""How long anything may take that should come at once, on a machine that has other things to do."""
_POLL_S: Final = 0.005
_PORTS: Final = range(20_000, 32_000)
"""Below the ports that clients are given: those could take a venue's port while it is down, or meet themselves."""

Sync = Literal["always", "relaxed"]


class Venue:
    """`python -m backoffice.cli serve`, started and ended as often as a test wants."""

    def __init__(
        self,
        directory: Path,
        *,
        sync: Sync = "always",
        sessions: int = 4,
        first: dict[str, Any] | None = None,
        fix: dict[str, Any] | None = None,
        journal: dict[str, Any] | None = None,
        drop_copy: bool = False,
        market_data: bool = False,
        slow_market_data_reader_s: int = 30,
        dear_passwords: bool = False,
        patches: Path | None = None,
        more_sessions: Sequence[dict[str, Any]] = (),
        other_hosts: dict[str, Any] | None = None,
        back_office: dict[str, Any] | None = None,
    ) -> None:
        """`sessions`: how many of BROKER1, BROKER2, … there are. `first`: settings of BROKER1 other than the sandbox's;
        `fix`, `journal`: the same of the venue.

        `drop_copy`: there is COPY1 too, which gets copies of BROKER1's reports. `market_data`: serve it too, to the
        sessions MD1 and MD2, on `market_data_port`; who does not read is cut off after `slow_market_data_reader_s`.
        `dear_passwords`: take as long to check one as the sandbox does, instead of no time at all. `patches`: a folder
        whose modules go before all others. `more_sessions`: settings of sessions beside the sandbox's, each of which
        gets a password like theirs and an account. `other_hosts`: settings of the feed and of control for other hosts,
        on `feed_port` and `control_port`. `back_office`: there is one, with settings other than the sandbox's.
        """
        self.port = free_port()
        self.market_data_port = free_port() if market_data else 0
        self.feed_port = free_port() if other_hosts else 0
        self.control_port = free_port() if other_hosts else 0
        self.data = directory / "data"
        self.log = directory / "stderr"
        self.config = directory / "venue.toml"
        self.config.write_text(
            _settings(
                sessions,
                first or {},
                {"port": self.port, **(fix or {})},
                {"sync": sync, **(journal or {})},
                {"port": self.market_data_port, "slow_reader_timeout_s": slow_market_data_reader_s},
                None if dear_passwords else CHEAP_HASH,
                more_sessions,
                back_office,
                drop_copy=drop_copy,
            )
            + "".join(
                _toml(name, {"host": HOST, "port": port, **(other_hosts or {})})
                for name, port in (("feed", self.feed_port), ("control", self.control_port))
                if port
            ),
            encoding="utf-8",
        )
        paths = [str(path) for path in (patches, ROOT) if path is not None]
        self._environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        self._process: subprocess.Popen[bytes] | None = None
        self._printed_before = 0
        """How many bytes it had printed before it was last started."""

    @property
    def settings(self) -> Settings:
        return load(self.config)

    @property
    def pid(self) -> int:
        assert self._process is not None, "the venue has been started"
        return self._process.pid

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "backoffice.cli", *arguments]

    def spawn(self, path: Path, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a process of the venue, which prints to a file."""
        with path.open("ab") as log:
            return subprocess.Popen(
                self.command(*arguments, "--config", str(self.config), "--data", str(self.data)),
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start(self) -> None:
        """Start, and return when it listens."""
        while not self._serves_after_start():
            assert self._printed_before == 0, f"a port of the venue's was taken while it was down\n{self.stderr()}"
            self.stop()
            self._take_other_ports()

    def _serves_after_start(self) -> bool:
        """Start, and tell whether it serves; if not, a port of its own is taken by somebody else."""
        assert not self.is_running()
        self._printed_before = self.log.stat().st_size if self.log.exists() else 0
        self._process = self.spawn(self.log, "serve")
        wait_until(lambda: self._is_shut_out() or self._serves(), "the venue listens", self.stderr)
        return not self._is_shut_out()

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it as a crash does: at once, in the middle of whatever it does."""
        self._end(signal.SIGKILL)

    def terminate(self) -> None:
        """End it as an operator does, and check that it calls that a success."""
        assert self._end(signal.SIGTERM) == 0, self.stderr()

    def interrupt(self) -> None:
        """Ask it to end, as Ctrl-C does, and do not wait."""
        assert self._process is not None, "the venue has been started"
        self._process.send_signal(signal.SIGINT)

    def wait(self) -> None:
        """Return when it has ended, and check that it calls that a success."""
        assert self._process is not None, "the venue has been started"
        assert self._process.wait(DEADLINE_S) == 0, self.stderr()

    def stop(self) -> None:
        """End it, if it still runs, whatever it thinks of it."""
        if self.is_running():
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait(DEADLINE_S)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command of the command line to its end."""
        return subprocess.run(
            self.command(*arguments),
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )

    def stderr(self) -> str:
        """Return all that the venue has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="backslashreplace") if self.log.exists() else ""

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log lines of one kind."""
        lines = [json.loads(line) for line in self.stderr().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == name]

    def check_log(self) -> None:
        """Fail if anything came as a surprise to the venue."""
        text = self.stderr()
        for surprise in ("Traceback", "Fatal error", "exception", "Exception", "never retrieved", "Warning:"):
            assert surprise not in text, text

    def rss_bytes(self) -> int:
        """Return the memory that the process holds."""
        return self._memory_bytes("VmRSS")

    def peak_bytes(self) -> int:
        """Return the most memory that the process has held since `forget_peak`."""
        return self._memory_bytes("VmHWM")

    def forget_peak(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="ascii")

    def _memory_bytes(self, name: str) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("a running process has a size")

    def _serves(self) -> bool:
        """Tell whether it has said since its start that it serves; that somebody listens on its port is not enough."""
        printed = self._printed()
        assert self.is_running(), f"the venue ended with {self._process and self._process.returncode}\n{self.stderr()}"
        return '"serving"' in printed and (not self.market_data_port or '"serving market data"' in printed)

    def _is_shut_out(self) -> bool:
        return "cannot listen" in self._printed()

    def _printed(self) -> str:
        """Return what it has printed since its start."""
        with self.log.open("rb") as log:
            log.seek(self._printed_before)
            return log.read().decode("utf-8", "backslashreplace")

    def _take_other_ports(self) -> None:
        """Choose other ports, and forget the start that failed."""
        text = self.config.read_text(encoding="utf-8")
        for name in ("port", "market_data_port", "feed_port", "control_port"):
            port = getattr(self, name)
            if port:
                setattr(self, name, free_port())
                text = text.replace(f"port = {port}\n", f"port = {getattr(self, name)}\n")
        self.config.write_text(text, encoding="utf-8")
        self.log.unlink()

    def _end(self, number: int) -> int:
        assert self._process is not None, "the venue has been started"
        assert self.is_running(), f"the venue has ended by itself\n{self.stderr()}"
        self._process.send_signal(number)
        return self._process.wait(DEADLINE_S)


def wait_until(condition: Callable[[], bool], what: str, describe: Callable[[], str] = str) -> None:
    """Return when the condition holds; fail after the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}\n{describe()}"
        time.sleep(_POLL_S)


def free_port() -> int:
    """Return a port that nobody listens on."""
    for _ in range(1_000):
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port
    raise AssertionError("no port is free")


def _settings(
    session_count: int,
    first: dict[str, Any],
    fix: dict[str, Any],
    journal: dict[str, Any],
    market_data: dict[str, int],
    password_hash: str | None,
    more_sessions: Sequence[dict[str, Any]],
    back_office: dict[str, Any] | None,
    *,
    drop_copy: bool,
) -> str:
    """Return the sandbox's settings as TOML, with other values in two tables and fewer sessions and accounts.

    `market_data` with port 0: without any.
    """
    settings = tomllib.loads(SANDBOX.read_text(encoding="utf-8"))
    for session in settings["sessions"]:
        session["password_hash"] = password_hash or session["password_hash"]
    settings["sessions"][0] |= first
    if back_office is None:
        del settings["back_office"]
    else:
        settings["back_office"] |= back_office
    settings["fix"] |= fix
    settings["journal"] |= journal
    subscribers = [session for session in settings["sessions"] if session.get("role") == "market-data"]
    copies = [session for session in settings["sessions"] if session.get("role") == "drop-copy"]
    settings["sessions"] = settings["sessions"][:session_count]
    if drop_copy:
        settings["sessions"] += copies
    if market_data["port"]:
        settings["sessions"] += subscribers
        settings["market_data"] |= market_data
    else:
        del settings["market_data"]
    deposits = {asset: str(int(amount) // 1_000) for asset, amount in settings["accounts"][0]["deposits"].items()}
    settings["accounts"] = settings["accounts"][:session_count]
    for session in more_sessions:
        account = f"{session['comp_id']}-A"
        settings["sessions"].append({"password_hash": CHEAP_HASH, "accounts": [account], **session})
        settings["accounts"].append({"account": account, "deposits": deposits})
    return "".join(_toml(name, value) for name, value in sorted(settings.items(), key=lambda item: _rank(item[1])))


def _rank(value: object) -> int:
    return 2 if isinstance(value, list) else int(isinstance(value, dict))


def _toml(name: str, value: Any) -> str:
    """Return one top-level entry: a value, a table, or an array of tables that may hold tables of values."""
    if isinstance(value, list):
        return "".join(_toml(f"[{name}]", item) for item in value)
    if not isinstance(value, dict):
        return f"{name} = {json.dumps(value)}\n"
    plain = "".join(f"{key} = {_inline(item)}\n" for key, item in value.items() if not isinstance(item, dict))
    inner = "".join(_toml(f"{name.strip('[]')}.{key}", item) for key, item in value.items() if isinstance(item, dict))
    return f"[{name}]\n{plain}{inner}"


def _inline(value: Any) -> str:
    """Return a value as it stands within a line."""
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_inline(item)}' for key, item in value.items())} }}"
    return json.dumps(value)
