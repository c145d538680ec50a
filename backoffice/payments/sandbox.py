"""The sandbox rail: no real money, no real bank. For demonstrations, acceptance tests and failure drills.

What it knows is in a file of its own, `sandbox-rail.sqlite`, as a bank's knowledge is the bank's own: it survives when
the back office is killed, and another process can put deposits in. It begins with what the settings open accounts with,
as a bank's account has an opening balance. Faults are switched on by name, each for as many payouts as one says:

* `refuse`: the rail takes nothing, and says so;
* `fail`: it takes the payout, and fails it later;
* `silence`: it takes the payout, and never answers;
* `loss`: it never hears of it, and nobody knows;
* `repeat`: it tells all that has ever come in again, twice;
* `delay`: it takes its time, as many looks as one says;
* `stuck`: it takes the payout, and does not pay it until it is renewed, as a chain does where the fee is too low;
* `amount`: it pays out a smallest unit less than it was told;
* `double`: it pays out twice.
"""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from backoffice.errors import BackOfficeError
from backoffice.payments.rail import (
    BOOKED,
    Booking,
    Incoming,
    Movement,
    Outcome,
    OutcomeState,
    Payout,
    RailRefused,
    RailSilent,
    Statement,
)

NAME: Final = "sandbox"
FILE: Final = "sandbox-rail.sqlite"
"""In the venue's data directory."""
_LOCKED_S: Final = 10.0
_STUCK: Final = -1
"""So many looks are left to what is not paid by waiting."""

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS movement (
    id INTEGER PRIMARY KEY, reference TEXT UNIQUE NOT NULL, address TEXT NOT NULL, asset TEXT NOT NULL,
    amount TEXT NOT NULL, sender TEXT NOT NULL, is_gone INTEGER NOT NULL DEFAULT 0, looks_left INTEGER NOT NULL,
    returns TEXT NOT NULL DEFAULT '', changed INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS payout (
    reference TEXT PRIMARY KEY, digest TEXT NOT NULL, address TEXT NOT NULL, asset TEXT NOT NULL, amount TEXT NOT NULL,
    state TEXT NOT NULL, looks_left INTEGER NOT NULL, times INTEGER NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS booking (
    id INTEGER PRIMARY KEY, payout TEXT NOT NULL, asset TEXT NOT NULL, amount TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS correction (
    id INTEGER PRIMARY KEY, asset TEXT NOT NULL, amount TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS taken_back (payout TEXT PRIMARY KEY, is_gone INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS opening (
    id INTEGER PRIMARY KEY, reference TEXT UNIQUE NOT NULL, asset TEXT NOT NULL, amount TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS fault (name TEXT PRIMARY KEY, left INTEGER NOT NULL);
"""


class Fault(StrEnum):
    """What can be made to go wrong."""

    REFUSE = "refuse"
    FAIL = "fail"
    SILENCE = "silence"
    LOSS = "loss"
    REPEAT = "repeat"
    DELAY = "delay"
    STUCK = "stuck"
    AMOUNT = "amount"
    DOUBLE = "double"


class Paid(NamedTuple):
    """A payout as the rail has it."""

    reference: str
    address: str
    asset: str
    amount: int
    state: str
    times: int
    """How often it was handed over: more than once is paying twice."""


class SandboxFault(BackOfficeError):
    """The sandbox rail was asked for what it does not have."""


class SandboxRail:
    """The rail, and what can be done to it from outside."""

    name = NAME
    record_lag_ns = 0

    def __init__(self, directory: Path, opening: Iterable[Booking] = ()) -> None:
        """`directory`: the venue's data directory. `opening`: what it begins with; what it has already stays."""
        self._path = directory / FILE
        rows = [(each.reference, each.asset, str(each.amount)) for each in opening]
        with self._file() as file:
            file.executescript(_TABLES)
            file.executemany("INSERT OR IGNORE INTO opening (reference, asset, amount) VALUES (?, ?, ?)", rows)

    # What payments ask of a rail

    async def address_for(self, account: str, asset: str, number: int) -> str:
        return f"SANDBOX-{number:06}-{hashlib.sha256(f'{account} {asset}'.encode()).hexdigest()[:6].upper()}"

    async def incoming(self, cursor: str) -> Incoming:
        with self._file() as file:
            repeats = self._spend(file, Fault.REPEAT)
            since = 0 if repeats else int(cursor or 0)
            file.execute("UPDATE movement SET looks_left = looks_left - 1 WHERE looks_left > 0")
            rows = file.execute(
                "SELECT reference, address, asset, amount, sender, is_gone, looks_left, returns FROM movement "
                "WHERE changed > ? ORDER BY changed",
                (since,),
            ).fetchall()
            movements = [
                Movement(
                    reference,
                    address,
                    asset,
                    int(amount),
                    confirmations=0 if looks_left else BOOKED,
                    is_gone=bool(is_gone),
                    sender=sender,
                    returns=returns,
                )
                for reference, address, asset, amount, sender, is_gone, looks_left, returns in rows
            ]
            # What is not booked yet is told again next time.
            (last,) = file.execute(
                "SELECT COALESCE((SELECT MIN(changed) - 1 FROM movement WHERE looks_left > 0), MAX(changed), 0) "
                "FROM movement"
            ).fetchone()
        return Incoming(tuple(movements * 2 if repeats else movements), str(last))

    async def prepare(self, payout: Payout) -> bytes:
        if not payout.address.strip():
            raise RailRefused(f"{payout.reference}: the sandbox rail needs an address")
        return f"{payout.reference}|{payout.number}|{payout.address}|{payout.asset}|{payout.amount}".encode()

    async def send(self, payout: Payout, prepared: bytes) -> None:
        digest = hashlib.sha256(prepared).hexdigest()
        # What it was told to do is counted also where it ends in an error: that is raised after the commit.
        with self._file() as file:
            is_refused = self._spend(file, Fault.REFUSE)
            is_lost = not is_refused and self._spend(file, Fault.LOSS)
            is_silent = not (is_refused or is_lost) and self._take(file, payout, digest)
        if is_refused:
            raise RailRefused(f"{payout.reference}: refused, as the sandbox was told to")
        if is_lost:
            raise RailSilent(f"{payout.reference}: lost, as the sandbox was told to")
        if is_silent:
            raise RailSilent(f"{payout.reference}: no answer, as the sandbox was told to")

    def _take(self, file: sqlite3.Connection, payout: Payout, digest: str) -> bool:
        """Take a payout, and tell whether to be silent about it."""
        renewed = file.execute(
            "UPDATE payout SET looks_left = 0, digest = ? WHERE reference = ? AND looks_left = ? AND digest <> ?",
            (digest, payout.reference, _STUCK, digest),
        )
        if renewed.rowcount:
            (state,) = file.execute("SELECT state FROM payout WHERE reference = ?", (payout.reference,)).fetchone()
            if state == OutcomeState.SETTLED:
                self._pay(file, payout)
            return self._spend(file, Fault.SILENCE)
        state = OutcomeState.FAILED if self._spend(file, Fault.FAIL) else OutcomeState.SETTLED
        looks = _STUCK if self._spend(file, Fault.STUCK) else self._delay(file)
        # A bank that gets a file twice may well pay it twice: `times` shows it.
        file.execute(
            "INSERT INTO payout (reference, digest, address, asset, amount, state, looks_left) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (reference) DO UPDATE SET times = times + 1",
            (payout.reference, digest, payout.address, payout.asset, str(payout.amount), state, looks),
        )
        if state is OutcomeState.SETTLED and looks != _STUCK:
            self._pay(file, payout)
        return self._spend(file, Fault.SILENCE)

    def _pay(self, file: sqlite3.Connection, payout: Payout) -> None:
        """Book a payout in the rail's own record, as it is paid."""
        amount = payout.amount - self._spend(file, Fault.AMOUNT)
        for _ in range(1 + self._spend(file, Fault.DOUBLE)):
            file.execute(
                "INSERT INTO booking (payout, asset, amount) VALUES (?, ?, ?)",
                (payout.reference, payout.asset, str(amount)),
            )

    async def renew(self, payout: Payout, sent: Sequence[bytes]) -> bytes | None:
        with self._file() as file:
            row = file.execute(
                "SELECT looks_left, digest FROM payout WHERE reference = ?", (payout.reference,)
            ).fetchone()
        if row is None or row[0] != _STUCK:
            return None
        # What was made anew, and perhaps not handed over, is handed over first.
        newest = sent[-1]
        return newest if row[1] != hashlib.sha256(newest).hexdigest() else sent[0] + f"|fee {len(sent)}".encode()

    async def outcome(self, payout: Payout, sent: Sequence[bytes]) -> Outcome:
        with self._file() as file:
            row = file.execute(
                "SELECT state, looks_left, digest FROM payout WHERE reference = ?", (payout.reference,)
            ).fetchone()
            if row is None:
                return Outcome(OutcomeState.UNKNOWN)
            state, looks_left, digest = row
            if digest not in {hashlib.sha256(each).hexdigest() for each in sent}:
                return Outcome(OutcomeState.UNKNOWN, text="another payment has this reference")
            if looks_left == _STUCK:
                return Outcome(OutcomeState.PENDING, text="its fee is too low")
            if looks_left:
                file.execute("UPDATE payout SET looks_left = looks_left - 1 WHERE reference = ?", (payout.reference,))
                return Outcome(OutcomeState.PENDING)
        return Outcome(OutcomeState(state), BOOKED, "as the sandbox was told to" if state == "failed" else "")

    async def statement(self, cursor: str) -> Statement:
        came_in, went_out, opened, *_ = map(int, f"{cursor or '0/0'}/0".split("/"))
        with self._file() as file:
            file.execute("BEGIN")  # All of it as of one moment.
            (booked,) = file.execute(
                "SELECT COALESCE((SELECT MIN(changed) - 1 FROM movement WHERE looks_left > 0), MAX(changed), 0) "
                "FROM movement"
            ).fetchone()
            movements = file.execute(
                "SELECT reference, asset, amount, is_gone FROM movement WHERE changed > ? AND looks_left = 0 "
                "ORDER BY changed",
                (came_in,),
            ).fetchall()
            payouts = file.execute(
                "SELECT id, asset, amount, payout FROM booking WHERE id > ? ORDER BY id", (went_out,)
            ).fetchall()
            opening = file.execute(
                "SELECT id, reference, asset, amount FROM opening WHERE id > ? ORDER BY id", (opened,)
            ).fetchall()
            balances: Counter[str] = Counter()
            for asset, amount in file.execute(
                "SELECT asset, amount FROM movement WHERE looks_left = 0 AND NOT is_gone "
                "UNION ALL SELECT asset, '-' || amount FROM booking "
                "WHERE payout NOT IN (SELECT payout FROM taken_back WHERE is_gone) "
                "UNION ALL SELECT asset, amount FROM correction UNION ALL SELECT asset, amount FROM opening"
            ):
                balances[asset] += int(amount)
            again = file.execute(
                "SELECT id, asset, amount, payout, is_gone FROM booking JOIN taken_back USING (payout) ORDER BY id"
            ).fetchall()
        bookings = [
            *(Booking(reference, asset, int(amount)) for _, reference, asset, amount in opening),
            *(Booking(reference, asset, int(amount), "", bool(gone)) for reference, asset, amount, gone in movements),
            *(Booking(f"P-{number}", asset, -int(amount), payout) for number, asset, amount, payout in payouts),
            *(
                Booking(f"P-{number}", asset, -int(amount), payout, bool(gone))
                for number, asset, amount, payout, gone in again
            ),
        ]
        read = (booked, payouts[-1][0] if payouts else went_out, opening[-1][0] if opening else opened)
        return Statement(tuple(bookings), "/".join(map(str, read)), dict(balances))

    # What people do to it

    def deposit(self, address: str, asset: str, amount: int, sender: str, *, returns: str = "") -> str:
        """Let money come in, and return the reference it has on the rail."""
        with self._file() as file:
            (number,) = file.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM movement").fetchone()
            file.execute(
                "INSERT INTO movement (id, reference, address, asset, amount, sender, looks_left, returns, changed) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(number, f"S-{number}", address, asset, str(amount), sender),
                    *(self._delay(file), returns, self._next(file)),
                ),
            )
        return f"S-{number}"

    def pay_by_hand(self, asset: str, amount: int) -> str:
        """Let money go out that no payout asks for, as staff would at a bank; return the booking's reference."""
        with self._file() as file:
            paid = file.execute("INSERT INTO booking (payout, asset, amount) VALUES ('', ?, ?)", (asset, str(amount)))
        return f"P-{paid.lastrowid}"

    def lose(self, asset: str, amount: int) -> None:
        """Let the rail have less than it has booked, as after a theft, or a fee that no booking tells of."""
        with self._file() as file:
            file.execute("INSERT INTO correction (asset, amount) VALUES (?, ?)", (asset, str(-amount)))

    def take_back(self, reference: str, *, is_gone: bool = True) -> None:
        """Let a deposit be gone, as after a reorganisation, or be there again. Raise `SandboxFault`."""
        with self._file() as file:
            found = file.execute(
                "UPDATE movement SET is_gone = ?, changed = ? WHERE reference = ?",
                (is_gone, self._next(file), reference),
            )
            if not found.rowcount:
                raise SandboxFault(f"{reference}: no deposit of the sandbox rail")

    def take_back_payout(self, reference: str, *, is_gone: bool = True) -> None:
        """Let a payout that was paid be so no more, as a bank may recall it, or be paid again. Raise `SandboxFault`."""
        was, is_now = (OutcomeState.SETTLED, OutcomeState.FAILED)[:: 1 if is_gone else -1]
        with self._file() as file:
            found = file.execute(
                "UPDATE payout SET state = ? WHERE reference = ? AND state = ?", (is_now, reference, was)
            )
            if not found.rowcount:
                raise SandboxFault(f"{reference}: no payout of the sandbox rail that is {was}")
            file.execute("INSERT OR REPLACE INTO taken_back (payout, is_gone) VALUES (?, ?)", (reference, is_gone))

    def switch(self, fault: Fault, times: int) -> None:
        """Let something go wrong so many times from now on; 0 ends it."""
        with self._file() as file:
            file.execute(
                "INSERT INTO fault (name, left) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET left = excluded.left",
                (fault, times),
            )

    def faults(self) -> dict[Fault, int]:
        """Return what will go wrong, and how many times."""
        with self._file() as file:
            return {Fault(name): left for name, left in file.execute("SELECT name, left FROM fault WHERE left > 0")}

    def payouts(self) -> list[Paid]:
        """Return what has gone out, or was to."""
        query = "SELECT reference, address, asset, amount, state, times FROM payout ORDER BY rowid"
        with self._file() as file:
            return [
                Paid(reference, address, asset, int(amount), state, times)
                for reference, address, asset, amount, state, times in file.execute(query)
            ]

    @contextmanager
    def _file(self) -> Iterator[sqlite3.Connection]:
        """Give a transaction on what the rail knows. Raise `RailSilent` if the file is locked, full or broken."""
        try:
            with closing(sqlite3.connect(self._path, timeout=_LOCKED_S)) as file, file:
                yield file
        except sqlite3.Error as error:
            raise RailSilent(f"sandbox rail {self._path}: {error}") from error

    @staticmethod
    def _next(file: sqlite3.Connection) -> int:
        (number,) = file.execute("SELECT COALESCE(MAX(changed), 0) + 1 FROM movement").fetchone()
        return int(number)

    @staticmethod
    def _delay(file: sqlite3.Connection) -> int:
        row = file.execute("SELECT left FROM fault WHERE name = ?", (Fault.DELAY,)).fetchone()
        return int(row[0]) if row else 0

    @staticmethod
    def _spend(file: sqlite3.Connection, fault: Fault) -> bool:
        """Tell whether a fault is due, and count it."""
        return bool(file.execute("UPDATE fault SET left = left - 1 WHERE name = ? AND left > 0", (fault,)).rowcount)
