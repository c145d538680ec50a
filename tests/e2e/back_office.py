"""The back office of a running venue, for end-to-end tests: its process, and its staff, who take a client all the way.

Staff work by services on the database of the running venue, as the command line does: what they decide goes from the
outbox to the venue at once. Two people do what takes two.
"""

import asyncio
import os
import pwd
import signal
import subprocess
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar

from sqlalchemy import func, select

from backoffice import kinds, outbox
from backoffice.access import hierarchy, sessions
from backoffice.access.sessions import Proof
from backoffice.control import VenueControl
from backoffice.database import Database
from backoffice.database.database import address_of
from backoffice.ledger.engine_state import state_at
from backoffice.outbox import Outgoing
from backoffice.payments import deposits, destinations, withdrawals
from backoffice.payments.opening import rules_of
from backoffice.payments.sandbox import NAME, SandboxRail
from backoffice.payments.tables import Deposit, Withdrawal
from backoffice.projector.as_of import position_of
from backoffice.projector.tables import VenueAccount
from backoffice.staff import approvals
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Role
from backoffice.staff.tables import Approval, AuditEntry
from engine.holding import Holding
from engine.profile import DEFAULT_PROFILE, SessionSetUp
from engine.values import CancelOnDisconnect
from fixgw.sources import control_of
from tests.backoffice.crm.house import ANN, BEN, House
from tests.e2e.venue import DEADLINE_S, Venue

assert kinds.__all__, "the kinds of proposals are registered"

FIRM: Final = "MUSTER"
ACCOUNT: Final = "MUSTER-A"
SESSION: Final = "MUSTER1"
USD: Final = 10**8
"""In the asset's smallest unit."""
PAYMENTS: Final = [{"asset": "USD", "rail": "sandbox", "cooling_minutes": 0, "approvals": [{"needed": 1}]}]
TOM: Final = Actor("tom", frozenset({Role.TREASURY}))
TIM: Final = Actor("tim", frozenset({Role.TREASURY}))
_POLL_S: Final = 0.02

T = TypeVar("T")


class BackOfficeProcess:
    """`fondaco serve backoffice`, started and ended as often as a test wants."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._log = venue.log.with_name("back-office-stderr")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = self._venue.spawn(self._log, "serve", "backoffice")

    def kill(self) -> None:
        """End it as a crash does: at once, in the middle of whatever it does."""
        assert self._end(signal.SIGKILL) == -signal.SIGKILL, self.stderr()

    def terminate(self) -> None:
        """End it as an operator does, and check that it calls that a success."""
        assert self._end(signal.SIGTERM) == 0, self.stderr()

    def stop(self) -> None:
        """End it, if it still runs."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(DEADLINE_S)

    def stderr(self) -> str:
        """Return all that it has printed so far."""
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""

    def _end(self, number: int) -> int:
        assert self._process is not None, "the back office has been started"
        assert self._process.poll() is None, f"the back office has ended by itself\n{self.stderr()}"
        self._process.send_signal(number)
        return self._process.wait(DEADLINE_S)


class Staff:
    """Those who work in the back office."""

    def __init__(self, venue: Venue, database: Database) -> None:
        self.database = database
        self.house = House(database, venue.data)
        self.rail = SandboxRail(venue.data)
        self._venue = venue
        self._control = VenueControl(control_of(venue.settings, venue.data))
        self._rules = rules_of(venue.settings)[NAME, "USD"]

    async def do(self, step: Callable[..., Awaitable[T]], actor: Actor, *arguments: Any, **options: Any) -> T:
        """Carry out one service now, in a transaction of its own."""
        self.house.now_ns = time.time_ns()
        return await self.house.write(step, actor, *arguments, **options)

    async def tell_venue(self) -> None:
        """Give the venue what it is still to be told, all of which it takes."""
        for given in await outbox.give(self.database, self._control, time.time_ns()):
            assert not given.refusal, (given.kind, given.refusal)

    # A client's way

    async def take_in(self) -> str:
        """Take a client all the way, to an account and a session; return the password that is shown once."""
        await self.house.active(firm=FIRM)
        opening = await self.do(hierarchy.propose_account, ANN, ACCOUNT, FIRM)
        await self.do(approvals.approve, BEN, opening.id)
        set_up = SessionSetUp((ACCOUNT,), CancelOnDisconnect.SESSION, 0, DEFAULT_PROFILE)
        proposed = (SESSION, FIRM, set_up, Proof(password=True))
        session = await self.do(sessions.propose, ANN, *proposed, is_production=False)
        approved = await self.do(approvals.approve, BEN, session.id)
        await self.tell_venue()
        await self.until(self._knows_account, "the account is in the database")
        return approved.shown_once["password"]

    async def _knows_account(self) -> bool:
        async with self.database.reading() as session:
            return await session.get(VenueAccount, ACCOUNT) is not None

    async def pay_in(self, amount: int) -> str:
        """Let a deposit come in to the account's address; return the rail's reference."""
        address = await self.do(deposits.give_address, TOM, self.rail, ACCOUNT, "USD")
        return self.rail.deposit(address.address, "USD", amount, "Muster Handel AG")

    async def destination(self) -> str:
        """Return a destination that may be paid to."""
        proposed = (self._rules, ACCOUNT, "CH9300762011623852957", "Muster Handel AG")
        approval = await self.do(destinations.add, TOM, *proposed)
        await self.do(approvals.approve, TIM, approval.id)
        return approval.subject.removeprefix("destination/")

    async def approve_withdrawals(self) -> int:
        """Approve all withdrawals that wait for it; return how many did."""
        async with self.database.reading() as session:
            query = select(Approval).where(Approval.state == "pending", Approval.kind == withdrawals.KIND)
            pending = list(await session.scalars(query))
        for approval in pending:
            await self.do(approvals.approve, TIM, approval.id)
        return len(pending)

    async def settle_as_unpaid(self, name: str) -> None:
        """Find, two people together, that an uncertain withdrawal has not been paid."""
        approval = await self.do(withdrawals.propose_outcome, TOM, name, is_paid=False)
        await self.do(approvals.approve, TIM, approval.id)

    # What can be seen

    async def deposits(self) -> list[Deposit]:
        async with self.database.reading() as session:
            return await deposits.listed(session, ACCOUNT, None)

    async def withdrawals(self) -> list[Withdrawal]:
        async with self.database.reading() as session:
            return await withdrawals.listed(session, ACCOUNT, None)

    async def done(self) -> int:
        """Return how many things have been done, by the audit trail."""
        async with self.database.reading() as session:
            return await session.scalar(select(func.max(AuditEntry.number))) or 0

    async def sequence(self) -> int:
        """Return the last record that is in the database."""
        async with self.database.reading() as session:
            return (await position_of(session)).sequence

    async def holding(self, asset: str) -> Holding:
        """Return what the account has by the engine, at the last record that is in the database."""
        return state_at(self._venue.data, await self.sequence()).accounts[ACCOUNT].holdings[asset]

    async def catch_up(self) -> None:
        """Return when all that the venue was told is in the database."""
        async with self.database.reading() as session:
            last = (await session.scalars(select(Outgoing.sequence).order_by(Outgoing.id.desc()))).first()
            ended = [each.ended_sequence for each in await withdrawals.listed(session, ACCOUNT, None)]
            credited = [each.credited_sequence for each in await deposits.listed(session, ACCOUNT, None)]
        wanted = max(number for number in (last, *ended, *credited) if number is not None)

        async def is_there() -> bool:
            return await self.sequence() >= wanted

        await self.until(is_there, f"record {wanted} is in the database")

    async def until(self, condition: Callable[[], Awaitable[bool]], what: str) -> None:
        """Return when the condition holds; fail after the deadline."""
        deadline = time.monotonic() + DEADLINE_S
        while not await condition():
            assert time.monotonic() < deadline, f"waited in vain: {what}\n{self._venue.stderr()}"
            await asyncio.sleep(_POLL_S)

    def verify(self) -> None:
        """Have the command line prove the books, and the audit trail."""
        where = ("--config", str(self._venue.config), "--data", str(self._venue.data))
        user = pwd.getpwuid(os.getuid()).pw_name
        begun = self._venue.run("staff", "init", f"una={user}", "vic", *where)
        assert begun.returncode == 0, begun.stderr
        for what in ("books", "audit"):
            proof = self._venue.run(what, "verify", *where)
            assert proof.returncode == 0, proof.stdout + proof.stderr


@asynccontextmanager
async def staff_of(venue: Venue, log: Callable[[], str]) -> AsyncGenerator[Staff]:
    """Open the back office of a venue, once it works. `log`: what the back office has printed."""
    deadline = time.monotonic() + DEADLINE_S
    while '"up to date"' not in log():
        assert time.monotonic() < deadline, log()
        await asyncio.sleep(_POLL_S)
    async with Database(address_of(venue.settings.back_office.database, venue.data)) as database:
        yield Staff(venue, database)
