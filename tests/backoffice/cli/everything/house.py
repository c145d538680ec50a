"""A house in which everything is done once: who does it sits down at its desk, and each act is kept with what it left.

What an act has left are the rows that are not as they were, and the entries in the audit trail.
"""

import asyncio
import io
import json
import re
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import typer

from backoffice import outbox
from backoffice.cli import app
from backoffice.database import Database
from backoffice.database.database import address_of
from backoffice.errors import Refused
from backoffice.payments.opening import rails_of, rules_of
from backoffice.payments.runner import Payments
from backoffice.projector.tables import VenueAccount, VenueSession
from backoffice.staff.actor import BACK_OFFICE
from backoffice.staff.authentication import LOCKED_AFTER, authenticate
from backoffice.staff.sealing import KEY_FILE, Sealer
from config.reading import load
from config.settings import Settings
from tests.backoffice.cli.desk import Desk
from tests.backoffice.cli.everything.changes import Changes, Row
from tests.backoffice.cli.everything.telling import Entry
from tests.backoffice.payments.world import Edges, Engine, Watched

SETTINGS = """
certification_keys = ["{key}"]

[[back_office.payments]]
asset = "USD"
rail = "sandbox"
looked_at_above = "1000"
approvals = [{{ needed = 1, up_to = "1000" }}, {{ needed = 2 }}]

[back_office.surveillance]
wash_trades_owner_min = 1

[[assets]]
asset = "BTC"
decimals = 3
usd_price = "40000"

[[assets]]
asset = "USD"
decimals = 5
"""
TRAIL = "audit_entry"
Place = tuple[Path, int]
"""A file of the source, and a line in it."""
Work = Callable[[Database, int], Awaitable[object]]
"""Something done in the database at a time."""


def _commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(_commands(typer.main.get_command(app)))
"""Every command, by its words."""
OFFICE = {
    path: command
    for path, command in COMMANDS.items()
    if any(parameter.name == "as_user" for parameter in command.params)
}
"""Those to the back office."""


def asks_why(path: tuple[str, ...]) -> bool:
    """Tell whether a command asks for a reason."""
    return any(parameter.name == "why" for parameter in COMMANDS[path].params)


class Act(NamedTuple):
    """Something that was done, and what it has left."""

    words: str
    path: tuple[str, ...]
    """The command; empty for what the back office does by itself."""
    by: str
    why: str
    """The reason that was given, if one was asked for."""
    printed: str
    began_ns: int
    ended_ns: int
    rows: list[Row]
    entries: list[Entry]


class House(Desk):
    """Its desk, its venue, and what was done there."""

    def begin(self, certification_key: str) -> None:
        """Let there be a house in which nothing was done yet."""
        # The settings vouch for nobody: else the first two could not begin again.
        settings = self.config.read_text(encoding="utf-8").replace("staff = ", "# staff = ")
        self.config.write_text(settings + SETTINGS.format(key=certification_key), encoding="utf-8")
        self.data.mkdir()
        self.engine = Engine(Edges())
        self.changes = Changes(self._file)
        self.acts: list[Act] = []
        self.recorded_at: set[Place] = set()
        """Where in the source entries were written."""
        self.secrets: list[str] = []
        """What was shown once, and passwords."""
        self.all_keys = self.home / "all.key"
        """A file with every key that anything was sealed with."""

    @property
    def settings(self) -> Settings:
        return load(self.config)

    @property
    def sealer(self) -> Sealer:
        return Sealer(self.data / KEY_FILE)

    @property
    def _file(self) -> Path:
        return Path(str(address_of(self.settings.back_office.database, self.data).database))

    # What staff do

    def act(self, by: str, *arguments: object, status: int = 0) -> str:
        """Let somebody give a command, with a reason of its own if it asks for one; return what it prints.

        `status`: what it ends with.
        """
        words = tuple(map(str, arguments))
        path = next(words[:length] for length in range(len(words), 0, -1) if words[:length] in COMMANDS)
        why = f"reason {len(self.acts)}" if asks_why(path) else ""
        began_ns = time.time_ns()
        self.sit_down(by)
        finished = self.run(*words, *(("--why", why) if why else ()))
        assert finished.returncode == status, finished
        printed = finished.stdout
        self._keep(" ".join(words), path, by, why, printed, began_ns)
        self.secrets += re.findall(r": (\S+)   \(shown this once", printed)
        return printed

    def propose(self, by: str, checker: str, *arguments: object) -> None:
        """Let somebody propose something, and somebody else approve it."""
        self.act(by, *arguments)
        self.act(checker, "approval", "approve", self.last_approval())

    def reject(self, by: str, checker: str, *arguments: object) -> None:
        """Let somebody propose something, and somebody else reject it."""
        self.act(by, *arguments)
        self.act(checker, "approval", "reject", self.last_approval())

    def last_approval(self) -> str:
        """Return what was proposed last."""
        return f"A-{self.newest('approval')}"

    def newest(self, table: str) -> int:
        """Return the number of a table's newest row."""
        with closing(sqlite3.connect(self._file)) as connection:
            (number,) = connection.execute(f"SELECT max(number) FROM {table}").fetchone()
        return int(number)

    def set_password(self, user: str, proof: str, new: str) -> None:
        """Let somebody set a password, by a code or by the one that they had."""
        self.password(proof)
        self.secrets.append(new)
        with self._patch.context() as patch:
            patch.setattr("sys.stdin", io.StringIO(f"{new}\n"))
            self.act(user, "staff", "password", user, "--new-password-stdin")

    def lock(self, user: str) -> None:
        """Let somebody give wrong passwords until they are locked."""

        async def fail(database: Database, now_ns: int) -> None:
            for _ in range(LOCKED_AFTER):
                with suppress(Refused):
                    await authenticate(database, user, "wrong", now_ns)

        self.duty("locking", fail)

    # What happens by itself

    def duty(self, what: str, work: Work, *, later_ns: int = 0) -> None:
        """Let the back office do something that nobody asks for, now or some time later."""
        began_ns = time.time_ns() + later_ns
        self._run(work, began_ns)
        self._keep(what, (), BACK_OFFICE.user, "", "", began_ns)

    def settle(self) -> None:
        """Let the venue be told what waits, and payments go on until nothing moves."""

        async def go_on(database: Database, now_ns: int) -> None:
            await outbox.give(database, self.engine, now_ns)
            rails, rules = rails_of(self.settings, self.data), rules_of(self.settings)
            payments = Payments(database, self.engine, rails, rules, Watched(), time.time_ns)
            while await payments.step():
                pass

        self.duty("payments", go_on)

    # What is no act of the back office's

    def meanwhile(self, work: Work) -> None:
        """Let something come into the database that is not looked at."""
        self._run(work, time.time_ns())
        self.changes.take()

    def let_it_be(self, statement: str) -> None:
        """Let the database be as it would be after a time."""
        with closing(sqlite3.connect(self._file)) as connection:
            connection.execute(statement)
            connection.commit()
        self.changes.take()

    def know(self, account: str, firm: str) -> None:
        """Let the books have come to the opening of an account."""

        async def put(database: Database, _now_ns: int) -> None:
            async with database.writing() as session:
                session.add(VenueAccount(account=account, firm=firm, opened_ns=1, sequence=1))

        self.meanwhile(put)

    def know_suspended(self, session: str, account: str) -> None:
        """Let the books have come to the suspension of a session."""

        async def put(database: Database, _now_ns: int) -> None:
            terms = {"role": 1, "version": "FIX.4.4", "accounts": account, "connected_ns": 0, "sequence": 1}
            stands = {"is_connected": False, "is_suspended": True, "is_removed": False}
            async with database.writing() as transaction:
                transaction.add(VenueSession(session=session, **terms, **stands))

        self.meanwhile(put)

    def _run(self, work: Work, now_ns: int) -> None:
        async def run() -> None:
            async with Database(address_of(self.settings.back_office.database, self.data)) as database:
                await work(database, now_ns)

        asyncio.run(run())

    def left(self) -> tuple[list[Row], list[Entry]]:
        """Return what has changed since this was asked last, and the entries that there are of it."""
        changed = self.changes.take()
        entries = [_entry(row) for row in changed if row.table == TRAIL]
        return [row for row in changed if row.table != TRAIL], entries

    def _keep(self, words: str, path: tuple[str, ...], by: str, why: str, printed: str, began_ns: int) -> None:
        rows, entries = self.left()
        ended_ns = max(began_ns, time.time_ns())
        self.acts.append(Act(words, path, by, why, printed, began_ns, ended_ns, rows, entries))


def _entry(row: Row) -> Entry:
    assert row.before is None
    assert row.after is not None
    said = {name: row.after[name] for name in Entry._fields}
    return Entry(**{**said, **{name: json.loads(said[name] or "null") for name in ("before", "after")}})
