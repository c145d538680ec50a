"""Acts out a script: connects, says what it says, and holds what comes against what it expects.

One thing after the other, in one thread, each within a limit in time. The first thing that is not as expected ends the
script. Sequence numbers are counted as a FIX session counts them, unless a line gives its own; nothing is answered of
itself, not even a TestRequest.
"""

import itertools
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal, assert_never

import msgspec

from backoffice.cli.qa import statements as said
from backoffice.cli.qa.composing import composed, filled_in, on_the_wire
from backoffice.cli.qa.difference import shown
from backoffice.cli.qa.items import items_of
from backoffice.cli.qa.logons import CODE_OPTION, KEY_OPTION, Signer
from backoffice.cli.qa.matching import Expected, compare
from backoffice.cli.qa.names import SECRET_TAGS, field_name, is_secret_name, message_name
from backoffice.cli.qa.transcript import Comment, Heard, Said, Transcript
from backoffice.cli.qa.values import BadValue, Scope, Value, expand, literal, wire_bytes
from backoffice.cli.qa.wire import (
    Address,
    Broken,
    Connection,
    HungUp,
    Received,
    joined,
)

SCRIPT_S_MAX: Final = 900.0
_EXPANSIONS_MAX: Final = 16
_LETTERS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


class Seat(msgspec.Struct, frozen=True):
    """A session that is there for a role: its SenderCompID, and where it logs on."""

    sender: str
    address: Address


class Run(msgspec.Struct, frozen=True):
    """What scripts do not say: against whom, as whom, in which version."""

    address: Address
    version: str
    """BeginString."""
    role: str
    senders: tuple[str, ...]
    """SenderCompID of the first session of a script, of the second …"""
    target: str
    values: dict[str, Value]
    """Variables, by name or by SenderCompID and name: `password`, `BROKER2.password`."""
    limit_s: float
    """How long an expected message may take."""
    ignored: frozenset[str] = frozenset()
    """Fields that do not count unless a script names them."""
    seats: dict[str, Seat] = {}
    """Sessions for scripts that name one by its role."""
    signers: dict[str, Signer] = {}
    """What sessions sign their Logons by, by SenderCompID, or under an empty one for all others."""


class Outcome(msgspec.Struct, frozen=True):
    """How a script went."""

    script: said.Script
    result: Literal["passed", "failed", "skipped"]
    problem: str = ""
    """What was not as expected, in some lines, the first of them saying where."""
    started: str = ""
    seconds: float = 0.0
    transcript: Transcript | None = None


class _Failed(Exception):
    """Something is not as the script expects it; the message has one line or more."""


class _Peer:
    """A session of a script: who speaks, and what number comes next."""

    def __init__(self, name: str, seat: Seat, target: str, version: str) -> None:
        self.name = name
        self.address = seat.address
        self.sender = seat.sender
        self.target = target
        self.version = version
        self.next_out = 1
        self.next_in = 1
        self.skipped: frozenset[str] = frozenset()
        self.is_numbered = True
        """Whether the script says which number comes next: not once messages came that need not have."""
        self.connection: Connection | None = None
        self.put_back: Received | None = None
        """A message that an earlier line has looked at, and that was not for it."""

    def skip(self, msg_types: frozenset[str]) -> None:
        self.skipped = msg_types
        self.is_numbered = self.is_numbered and not msg_types

    def say_of(self, name: str) -> str | None:
        """Return what the session itself has for a variable."""
        match name:
            case "sender":
                return self.sender
            case "target":
                return self.target
            case "version":
                return self.version
            case "in":
                return str(self.next_in)
            case "out":
                return str(self.next_out)
            case _:
                return None

    def count_sent(self, pairs: list[tuple[str, str]]) -> None:
        fields = dict(reversed(pairs))
        number = fields.get("34", "")
        if number.isdecimal() and fields.get("43") != "Y":
            self.next_out = int(number) + 1
        if fields.get("35") == "4" and fields.get("36", "").isdecimal():
            self.next_out = max(self.next_out, int(fields["36"]))

    def count_received(self, message: Received) -> None:
        number, new = message.get("34"), message.get("36")
        if message.get("35") == "4" and new.isdecimal():
            self.next_in = max(self.next_in, int(new)) if message.get("123") == "Y" else int(new)
        elif number.isdecimal() and message.get("43") != "Y":
            self.next_in = int(number) + 1


class _Actor:
    """Acts out one script."""

    def __init__(self, script: said.Script, run: Run) -> None:
        self.script = script
        self.run = run
        self.transcript = Transcript(script.title, str(script.path))
        self.values: dict[str, Value] = {
            "run": literal(_new_word()),
            "appl_version": Value("1137=9" if run.version.startswith("FIXT") else "", ()),
        }
        self.peers: dict[str, _Peer] = {}
        self.deadline = time.monotonic() + SCRIPT_S_MAX
        self.now = datetime.now(UTC)
        """The time that a line speaks of: one for all of a message."""
        self.transcript.word = self.values["run"].written
        self.transcript.secrets.update(
            value.written for name, value in run.values.items() if is_secret_name(name.rpartition(".")[2])
        )

    def act(self) -> Outcome:
        started = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        begun = time.monotonic()
        problem = ""
        try:
            self._appear()
            for statement in self.script.statements:
                self._do(statement)
        except _Failed as error:
            problem = str(error)
        finally:
            for peer in self.peers.values():
                self._hang_up(peer)
        seconds = time.monotonic() - begun
        if problem:
            problem = self.transcript.masked(problem)
            self.transcript.fail(problem)
        return Outcome(self.script, "failed" if problem else "passed", problem, started, seconds, self.transcript)

    def _appear(self) -> None:
        """Give each session of the script its identity."""
        senders = iter(self.run.senders)
        for session in self.script.sessions:
            own = {field.tag: field.value for field in session.fields}
            seat = self.run.seats[session.role] if session.role else Seat(next(senders, ""), self.run.address)
            if not seat.sender and "49" not in own:
                raise _Failed(f"{session.name} has no SenderCompID: run with one more --session")
            peer = _Peer(session.name, seat, self.run.target, self.run.version)
            self.peers[session.name] = peer
            peer.version = self._text(own["8"], peer) if "8" in own else peer.version
            peer.target = self._text(own["56"], peer) if "56" in own else peer.target
            peer.sender = self._text(own["49"], peer) if "49" in own else peer.sender

    def _do(self, statement: said.Statement) -> None:
        if time.monotonic() > self.deadline:
            raise _Failed(f"{statement.place}: the script has taken more than {SCRIPT_S_MAX:g} s")
        self.now = datetime.now(UTC)
        try:
            self._carry_out(statement)
        except _Failed as error:
            raise _Failed(f"{statement.place}: {statement.place.text}\n{error}") from error
        except (BadValue, Broken) as error:
            raise _Failed(f"{statement.place}: {statement.place.text}\n    {error}") from error
        except HungUp as error:
            raise _Failed(f"{statement.place}: {statement.place.text}\n    the other side has hung up") from error

    def _carry_out(self, statement: said.Statement) -> None:
        match statement:
            case said.Connect(_, session):
                self._connect(self.peers[session])
            case said.Disconnect(_, session):
                self._hang_up(self.peers[session], tell=True)
            case said.Send() | said.SendExactly() | said.SendBytes():
                self._send(statement, self.peers[statement.session])
            case said.Expect(_, session):
                self._expect(statement, self.peers[session])
            case said.ExpectEnd(_, session, within_s):
                self._expect_end(self.peers[session], within_s or self.run.limit_s)
            case said.Quiet(_, session, seconds):
                self._expect_nothing(self.peers[session], seconds)
            case said.Skip(_, session, msg_types):
                self.peers[session].skip(msg_types)
            case said.Wait(_, seconds):
                self._tell("", f"waits {seconds:g} s")
                time.sleep(seconds)
            case said.Let(_, name, value, is_fixed, session):
                self.values[name] = literal(self._text(value, self.peers.get(session))) if is_fixed else value
            case said.Step(_, title):
                self._tell("", title, is_step=True)
            case _:
                assert_never(statement)

    # Connections

    def _connect(self, peer: _Peer) -> None:
        if peer.connection is not None:
            raise _Failed(f"    {peer.name} is connected already")
        peer.connection = Connection(peer.address)
        self._tell(peer.name, f"connects to {peer.address}", plain="connects")

    def _hang_up(self, peer: _Peer, *, tell: bool = False) -> None:
        if peer.connection is not None:
            peer.connection.close()
            peer.connection = peer.put_back = None
            if tell:
                self._tell(peer.name, "hangs up")

    def _connection(self, peer: _Peer) -> Connection:
        if peer.connection is None:
            raise _Failed(f"    {peer.name} is not connected")
        return peer.connection

    # What is sent

    def _send(self, statement: said.Send | said.SendExactly | said.SendBytes, peer: _Peer) -> None:
        connection = self._connection(peer)
        pairs: list[tuple[str, str]] = []
        written: list[tuple[str, str]] = []
        if isinstance(statement, said.SendBytes):
            raw = wire_bytes(self._text(statement.value, peer))
            written = [("", statement.value.written)]
        else:
            items = self._put_in(statement.items, peer, is_pattern=False)
            written = [(item.tag, item.value.written) for item in items if isinstance(item, said.Field)]
            if isinstance(statement, said.Send):
                header = self._header(statement, items, peer)
                pairs = composed(
                    items, header, lambda value: self._text(value, peer), lambda logon: self._sign(logon, peer)
                )
                raw = on_the_wire(pairs, items)
                written.insert(0, ("35", statement.msg_type.written))
            else:
                fields = [item for item in items if isinstance(item, said.Field)]
                pairs = filled_in(fields, lambda value: self._text(value, peer), lambda logon: self._sign(logon, peer))
                raw = joined(pairs)
        self.transcript.secrets.update(value for tag, value in pairs if tag in SECRET_TAGS)
        self.transcript.add(Said(peer.name, tuple(pairs), tuple(written), raw))
        connection.send(raw, self.run.limit_s)
        peer.count_sent(pairs)

    def _header(self, statement: said.Send, items: list[said.Field | said.Without], peer: _Peer) -> dict[str, str]:
        """Return what the header has of itself. A Logon that resets the numbers has the first one."""
        msg_type = self._text(statement.msg_type, peer)
        given = {item.tag: item.value for item in items if isinstance(item, said.Field)}
        if msg_type == "A" and "34" not in given and "141" in given and self._text(given["141"], peer) == "Y":
            peer.next_out = peer.next_in = 1
        return {"8": peer.version, "35": msg_type, "49": peer.sender, "56": peer.target, "34": str(peer.next_out)}

    def _sign(self, logon: Mapping[str, str], peer: _Peer) -> bytes:
        signer = self.run.signers.get(peer.sender) or self.run.signers.get("")
        if signer is None:
            raise BadValue(f"there is nothing for {peer.sender} to sign by; run with {KEY_OPTION} or {CODE_OPTION}")
        return signer(logon)

    # What is expected

    def _expect(self, statement: said.Expect, peer: _Peer) -> None:
        limit_s = statement.within_s or self.run.limit_s
        items = self._put_in(tuple(item for item in statement.items), peer, is_pattern=True)
        expected = Expected(
            statement.msg_type,
            tuple(item for item in items if isinstance(item, said.Field)),
            tuple(item for item in items if isinstance(item, said.Without)),
            any(isinstance(item, said.Others) for item in statement.items),
            statement.is_ordered,
            statement.ignored | self.run.ignored,
        )
        if statement.is_optional:
            peer.is_numbered = False
            self._tell_of_option(peer, expected)
        deadline = time.monotonic() + limit_s
        while True:
            try:
                message = self._next(peer, max(deadline - time.monotonic(), 0))
            except HungUp as error:
                if statement.is_optional:
                    return
                raise _Failed("    the other side hung up instead") from error
            if message is None:
                if statement.is_optional:
                    return
                what = "it did not come" if statement.is_awaited else "nothing came"
                raise _Failed(f"    {what} within {limit_s:g} s")
            comparison = compare(expected, message.fields, Scope(lambda name: self._variable(name, peer), self.now))
            if not statement.is_awaited or message.flaw or comparison.first_difference is None:
                break
            self._pass_over(peer, message)
        if statement.is_optional and (message.flaw or comparison.first_difference is not None):
            peer.put_back = message
            return
        heard = Heard(peer.name, message.fields, comparison.rows, peer.is_numbered, is_optional=statement.is_optional)
        self.transcript.add(heard)
        if message.flaw:
            raise _Failed(f"    {message.flaw}")
        if comparison.first_difference is not None:
            raise _Failed(shown(comparison))
        peer.count_received(message)
        for name, text in comparison.captured.items():
            self.values[name] = literal(text)

    def _tell_of_option(self, peer: _Peer, expected: Expected) -> None:
        fields = " | ".join(f"{field_name(field.tag)}={field.value.written}" for field in expected.fields)
        name = message_name(expected.msg_type.written)
        self._tell(peer.name, f"may hear {name}", plain=f"may hear {name}  {fields}".rstrip())

    def _expect_end(self, peer: _Peer, limit_s: float) -> None:
        try:
            message = self._next(peer, limit_s)
        except HungUp:
            self._hang_up(peer)
            self._tell(peer.name, "is hung up on")
            return
        self._unexpected(peer, message)
        raise _Failed(f"    the other side has not hung up within {limit_s:g} s")

    def _expect_nothing(self, peer: _Peer, seconds: float) -> None:
        try:
            message = self._next(peer, seconds)
        except HungUp as error:
            raise _Failed("    the other side hung up") from error
        self._unexpected(peer, message)
        self._tell(peer.name, f"hears nothing for {seconds:g} s")

    def _unexpected(self, peer: _Peer, message: Received | None) -> None:
        if message is not None:
            self.transcript.add(Heard(peer.name, message.fields, (), peer.is_numbered))
            raise _Failed(f"    {message_name(message.get('35'))} came, and nothing should have")

    def _next(self, peer: _Peer, limit_s: float) -> Received | None:
        """Return the next message that counts, or None if none comes in time."""
        connection = self._connection(peer)
        put_back, peer.put_back = peer.put_back, None
        if put_back is not None:
            return put_back
        deadline = time.monotonic() + limit_s
        while (message := connection.receive(max(deadline - time.monotonic(), 0))) is not None:
            if message.get("35") not in peer.skipped:
                return message
            self._pass_over(peer, message)
        return None

    def _pass_over(self, peer: _Peer, message: Received) -> None:
        peer.count_received(message)
        self._tell(peer.name, f"skips {message_name(message.get('35'))}", plain="")

    # Variables

    def _put_in(
        self, items: tuple[said.Item, ...], peer: _Peer | None, *, is_pattern: bool, depth: int = 0
    ) -> list[said.Field | said.Without]:
        """Return the items with the fields that variables hold in the variables' place."""
        found: list[said.Field | said.Without] = []
        for item in items:
            if isinstance(item, said.Spread):
                if depth == _EXPANSIONS_MAX:
                    raise BadValue(f"{{{item.name}}} holds itself")
                value, holder = self._value(item.name, peer)
                held = items_of(value.written, is_pattern=is_pattern)
                found += self._put_in(held, holder, is_pattern=is_pattern, depth=depth + 1)
            elif not isinstance(item, said.Others):
                found.append(item)
        return found

    def _text(self, value: Value, peer: _Peer | None, depth: int = 0) -> str:
        return expand(value, Scope(lambda name: self._variable(name, peer, depth), self.now))

    def _variable(self, name: str, peer: _Peer | None, depth: int = 0) -> str:
        if depth == _EXPANSIONS_MAX:
            raise BadValue(f"{{{name}}} holds itself")
        session, _, own = name.rpartition(".")
        holder = self.peers[session] if session else peer
        said_of = holder.say_of(own) if holder is not None else None
        if said_of is not None:
            return said_of
        value, owner = self._value(name, peer)
        return self._text(value, owner, depth + 1)

    def _value(self, name: str, peer: _Peer | None) -> tuple[Value, _Peer | None]:
        """Return what a variable holds, and the session whose it is."""
        session, _, own = name.rpartition(".")
        holder = self.peers[session] if session else peer
        of_sender = self.run.values.get(f"{holder.sender}.{own}") if holder is not None else None
        value = of_sender or self.run.values.get(own) or self.values.get(own)
        if value is None:
            raise BadValue(f"{{{name}}} has no value here")
        return value, holder

    def _tell(self, session: str, text: str, *, plain: str | None = None, is_step: bool = False) -> None:
        self.transcript.add(Comment(session, text, text if plain is None else plain, is_step))


_words = itertools.count(time.time_ns() // 1_000)


def act(script: said.Script, run: Run) -> Outcome:
    """Return how a script went."""
    return _Actor(script, run).act()


def _new_word() -> str:
    """Return a word that no run had before, nor will have: the time in microseconds, to the base of 36."""
    number, word = next(_words), ""
    while number:
        number, digit = divmod(number, 36)
        word = _LETTERS[digit] + word
    return word
