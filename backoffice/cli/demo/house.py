"""The demo's house: its database, and the two members of staff who run it. Every decision is made by both.

They act through the services that the commands of `fondaco` call, in this process: what one has proposed the other
approves, in a transaction of its own. What was decided is told to the venue at once.
"""

import asyncio
import datetime as dt
import os
import pwd
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, Self

from sqlalchemy.ext.asyncio import AsyncSession

import backoffice.kinds  # noqa: F401 - whoever owns a kind of approvals carries it out
from backoffice import outbox
from backoffice.cli.failure import CommandFailed
from backoffice.control import VenueControl
from backoffice.database import Database
from backoffice.database.database import address_of
from backoffice.database.migrating import upgrade
from backoffice.house_rules import rules_in
from backoffice.payments.opening import rules_of
from backoffice.payments.sandbox import SandboxRail
from backoffice.staff import approvals, changes
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Role
from backoffice.staff.sealing import KEY_FILE, Sealer, make_key
from backoffice.staff.users import NewUser, begin
from config.settings import Settings
from engine import control

_MIRA_ROLES: Final = frozenset({Role.ADMINISTRATOR, Role.ONBOARDING, Role.OPERATIONS, Role.RISK})
_THEO_ROLES: Final = frozenset({Role.ADMINISTRATOR, Role.COMPLIANCE, Role.TREASURY, Role.RISK})
_POLL_S: Final = 0.02
_WAIT_S_MAX: Final = 60.0


class House:
    """The back office as its staff see it."""

    def __init__(self, settings: Settings, data: Path) -> None:
        """`data`: the venue's directory, in which there is no database yet."""
        self.database = Database(address_of(settings.back_office.database, data))
        self.sealer = Sealer(data / KEY_FILE)
        self.rail = SandboxRail(data)
        self.rules = rules_of(settings)
        self.house_rules = rules_in(settings)
        self.mira = Actor("mira", _MIRA_ROLES)
        """Enters clients, and runs what is done day by day."""
        self.theo = Actor("theo", _THEO_ROLES)
        """Checks clients, and pays."""
        self.codes: dict[str, str] = {}
        """Those by which they set their passwords, who are nobody to the operating system; they are told once."""
        self._key = data / KEY_FILE
        self._control = VenueControl(data / control.SOCKET)

    async def __aenter__(self) -> Self:
        """Make the database, and let the staff in, before the venue is there."""
        await self.database.__aenter__()
        await upgrade(self.database)
        make_key(self._key)
        await self._let_in()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the database."""
        await self.database.close()

    @property
    def now_ns(self) -> int:
        """Return the time: nanoseconds since the epoch, UTC."""
        return time.time_ns()

    @property
    def today(self) -> dt.date:
        return dt.datetime.now(dt.UTC).date()

    async def decide(self, proposed: Sequence[str], why: str) -> dict[str, str]:
        """Let the one who has not proposed it approve each, and tell the venue; return secrets that are shown once."""
        shown: dict[str, str] = {}
        async with self.database.writing() as session:
            for name in proposed:
                approval = await approvals.approval_of(session, name)
                checker = self.theo if approval.maker == self.mira.user else self.mira
                approval = await approvals.approve(session, checker, name, why=why, now_ns=self.now_ns)
                shown |= approval.shown_once
        await self.tell_venue()
        return shown

    async def tell_venue(self) -> None:
        """Have the venue do what was decided. Raise `CommandFailed` if it refuses any of it."""
        for each in await outbox.give(self.database, self._control, self.now_ns):
            if each.refusal:
                raise CommandFailed(f"the venue refuses {each.kind} for {each.subject}: {each.refusal}")

    async def until(self, what: str, is_so: Callable[[AsyncSession], Awaitable[bool]]) -> None:
        """Return once the database says that it is so. Raise `CommandFailed` if it does not in time."""
        deadline = time.monotonic() + _WAIT_S_MAX
        while True:
            async with self.database.reading() as session:
                if await is_so(session):
                    return
            if time.monotonic() > deadline:
                raise CommandFailed(f"the back office has not done this within {_WAIT_S_MAX:.0f} s: {what}")
            await asyncio.sleep(_POLL_S)

    async def _let_in(self) -> None:
        users = (NewUser("mira", "Mira Ferrant", _os_user()), NewUser("theo", "Theo Cassar"))
        async with self.database.writing() as session:
            self.codes = await begin(session, users, why="the house opens", now_ns=self.now_ns)
        mira, theo = (Actor(user.name, frozenset({Role.ADMINISTRATOR})) for user in users)
        # Who is to have other roles can propose that, and cannot approve it.
        for actor, roles in ((mira, _MIRA_ROLES), (theo, _THEO_ROLES)):
            async with self.database.writing() as session:
                proposed = await changes.propose_roles(
                    session, actor, actor.user, roles, why="what they are here for", now_ns=self.now_ns
                )
            checker, version = theo if actor is mira else mira, proposed.subject_version
            async with self.database.writing() as session:
                await approvals.approve(
                    session, checker, proposed.id, why="as agreed", now_ns=self.now_ns, subject_version=version
                )


def _os_user() -> str | None:
    """Return who runs the demo, who may go on as mira afterwards; None if the operating system does not know them."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return None
