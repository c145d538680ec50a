"""A FIX server in a thread, which says what a test has it say; and scripts to hold it against."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from backoffice.cli.qa.runner import Outcome, Run, act
from backoffice.cli.qa.script import read_script
from backoffice.cli.qa.values import parse_value
from backoffice.cli.qa.wire import Address

SOH: Final = b"\x01"
PASSWORD: Final = "hush-4711"
DEADLINE_S: Final = 30.0


class Line:
    """One connection, as the server has it."""

    def __init__(self, taken: socket.socket) -> None:
        self._socket = taken
        self._buffer = b""
        self._next = 1

    def hear(self) -> dict[str, str]:
        """Return the fields of the next message; of several with one tag the first."""
        while b"\x0110=" not in self._buffer or not self._buffer.endswith(SOH):
            data = self._socket.recv(65_536)
            if not data:
                raise EOFError
            self._buffer += data
        end = self._buffer.index(SOH, self._buffer.index(b"\x0110=") + 1) + 1
        message, self._buffer = self._buffer[:end], self._buffer[end:]
        pairs = [pair.decode("utf-8", "surrogateescape").partition("=") for pair in message.split(SOH)[:-1]]
        return {tag: value for tag, _, value in reversed(pairs)}

    def say(self, msg_type: str, fields: str = "", header: str = "") -> None:
        """Say something under the next number; `fields` have a | behind each."""
        header = header or f"49=SERVER|56=CLIENT|34={self._next}|52=20261127-10:00:00.000|"
        self._next += 1
        self.put(framed(f"35={msg_type}|{header}{fields}"))

    def put(self, raw: bytes) -> None:
        self._socket.sendall(raw)


class Server:
    """Listens on loopback, and talks to each that connects."""

    def __init__(self, talk: Callable[[Line], None]) -> None:
        self._talk = talk
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.problem: BaseException | None = None
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(DEADLINE_S)
        assert self.problem is None, self.problem

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                taken, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(taken,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, taken: socket.socket) -> None:
        with taken:
            try:
                self._talk(Line(taken))
            except (EOFError, OSError):
                return
            except BaseException as problem:
                self.problem = problem
                raise


def framed(body: str, begin_string: str = "FIX.4.4") -> bytes:
    """Return a message with the right BodyLength and CheckSum."""
    inner = body.replace("|", "\x01").encode()
    raw = f"8={begin_string}\x019={len(inner)}\x01".encode() + inner
    return raw + f"10={sum(raw) % 256:03d}\x01".encode()


def echo(line: Line) -> None:
    """Answer a Logon with a Logon, a TestRequest with a Heartbeat, a Logout with a Logout and the end."""
    while True:
        message = line.hear()
        match message["35"]:
            case "A":
                line.say("A", "98=0|108=30|")
            case "1":
                line.say("0", f"112={message['112']}|")
            case "5":
                line.say("5")
                return
            case _:
                line.say("j", f"45={message['34']}|372={message['35']}|380=3|58=what is {message['35']}?|")


def write(directory: Path, text: str, name: str = "script") -> Path:
    """Write a script, each line without what it is indented by."""
    path = directory / f"{name}.fix"
    path.write_text("\n".join(line.strip() for line in text.splitlines()) + "\n", encoding="utf-8")
    return path


def run_for(
    port: int, values: dict[str, str] | None = None, *, version: str = "FIX.4.4", limit_s: float = DEADLINE_S
) -> Run:
    """Return what to run scripts with, against a server on this machine."""
    settings = {name: parse_value(text) for name, text in {"password": PASSWORD, **(values or {})}.items()}
    address = Address("127.0.0.1", port)
    return Run(address, version, "order-entry", ("CLIENT", "OTHER"), "SERVER", settings, limit_s)


def outcome_of(
    directory: Path,
    text: str,
    talk: Callable[[Line], None] = echo,
    *,
    values: dict[str, str] | None = None,
    version: str = "FIX.4.4",
    limit_s: float = DEADLINE_S,
) -> Outcome:
    """Return how a script goes against a server."""
    with Server(talk) as server:
        run = run_for(server.port, values, version=version, limit_s=limit_s)
        return act(read_script(write(directory, text), run.version, frozenset(run.values)), run)
