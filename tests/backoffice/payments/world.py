"""A venue to pay in and out of: the real engine, the sandbox rail, a database; and a knife that cuts at any edge."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from sqlalchemy import select
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice import kinds
from backoffice.control import Carried, VenueAway
from backoffice.database import Database
from backoffice.payments import deposits, destinations, withdrawals
from backoffice.payments.clients import Clients, Flow, Transfer
from backoffice.payments.rail import Incoming, Outcome, Payout
from backoffice.payments.rules import PaymentRules, Tier
from backoffice.payments.runner import Payments
from backoffice.payments.sandbox import NAME, SandboxRail
from backoffice.payments.states import WithdrawalState
from backoffice.payments.tables import Deposit, Withdrawal
from backoffice.payments.velocity import Allowance
from backoffice.projector.projector import Projector
from backoffice.projector.rows import decode_record
from backoffice.staff import approvals
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Role
from backoffice.staff.tables import Approval
from backoffice.times import HOUR_NS
from engine.commands import AddAsset, OpenAccount
from engine.control import StaffCommand
from engine.events import AnyEvent
from engine.exchange import Exchange
from engine.frames import encode_value

assert kinds.__all__, "the kinds of proposals are registered"

ROLES = frozenset({Role.TREASURY, Role.COMPLIANCE})
ANN, BEN, CAY = (Actor(name, ROLES) for name in ("ann", "ben", "cay"))
USD = PaymentRules(
    "USD",
    NAME,
    approvals=(Tier(1_000, 1), Tier(0, 2)),
    looked_at_above=50_000,
    withdrawn_a_day_max=20_000,
    cooling_ns=HOUR_NS,
)


class Killed(BaseException):
    """The process is no more."""


class Edges:
    """Counts the places at which the process may be killed, and kills it at one of them; or lets staff act there."""

    def __init__(self) -> None:
        self.left: int | None = None
        """How many are passed before the one that kills; None if none does."""
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        """What staff do, once, just before a transaction that writes,"""
        self.writes_left = 0
        """and after how many others."""

    async def come_between(self) -> None:
        if self.meanwhile is None:
            return
        self.writes_left -= 1
        if self.writes_left < 0:
            act, self.meanwhile = self.meanwhile, None
            await act()

    def cross(self) -> None:
        if self.left is not None:
            if self.left == 0:
                self.left = None
                raise Killed
            self.left -= 1


class FragileDatabase(Database):
    """A database whose user may be killed before and after each commit."""

    def __init__(self, address: URL, edges: Edges) -> None:
        super().__init__(address)
        self._edges = edges

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncSession]:
        await self._edges.come_between()
        async with super().writing() as session:
            yield session
            self._edges.cross()
        self._edges.cross()


class Engine:
    """The venue: the exchange itself, with a control that may be away, and whose answer may be lost."""

    def __init__(self, edges: Edges) -> None:
        self._edges = edges
        self.exchange = Exchange()
        self.is_away = False
        self.journal: list[bytes] = []
        for command in (AddAsset("USD", 2), OpenAccount("ALPHA"), OpenAccount("BETA")):
            self._apply(command)

    @property
    def sequence(self) -> int:
        return len(self.journal)

    async def submit(self, command: StaffCommand) -> Carried:
        if self.is_away:
            raise VenueAway("no venue listens here")
        self._edges.cross()
        events = self._apply(command)
        self._edges.cross()
        return Carried(self.sequence, events)

    def _apply(self, command: StaffCommand) -> list[AnyEvent]:
        sequence = self.sequence + 1
        events = self.exchange.apply(command, sequence)
        self.journal.append(encode_value((sequence, sequence, msgspec.Raw(encode_value(command)), events)))
        return events


class FragileRail(SandboxRail):
    """The sandbox rail, whose user may be killed before and after each call."""

    def __init__(self, directory: Path, edges: Edges) -> None:
        super().__init__(directory)
        self._edges = edges

    async def incoming(self, cursor: str) -> Incoming:
        self._edges.cross()
        return await super().incoming(cursor)

    async def send(self, payout: Payout, prepared: bytes) -> None:
        self._edges.cross()
        await super().send(payout, prepared)
        self._edges.cross()

    async def outcome(self, payout: Payout, sent: Sequence[bytes]) -> Outcome:
        self._edges.cross()
        return await super().outcome(payout, sent)


class Watched:
    """Clients of whom some may not pay just now."""

    def __init__(self) -> None:
        self.objections: dict[tuple[str, Flow], str] = {}
        self.unknown: set[str] = set()
        self.allowed: list[Allowance] = []
        self.to_do: list[str] = []

    async def knows(self, _session: AsyncSession, account: str) -> bool:
        return account not in self.unknown

    async def allowances(self, _session: AsyncSession, account: str) -> list[Allowance]:
        return [each for each in self.allowed if account in each.accounts]

    async def have_done(self, _session: AsyncSession, account: str, what: str, _now_ns: int) -> None:
        self.to_do.append(f"{account}: {what}")

    async def travel_rule(self, _session: AsyncSession, _transfer: Transfer, _now_ns: int) -> str:
        return ""

    async def objection(self, _session: AsyncSession, account: str, flow: Flow, _asset: str, _amount: int) -> str:
        return self.objections.get((account, flow), "")


class World:
    """All of it, and what staff do in it."""

    def __init__(self, address: URL, directory: Path) -> None:
        self.directory = directory
        self.edges = Edges()
        self.database = FragileDatabase(address, self.edges)
        self.staff_database = Database(address)
        self.engine = Engine(self.edges)
        self.rail = FragileRail(directory, self.edges)
        self.clients = Watched()
        self.now_ns = 10 * HOUR_NS
        self.rules = {(NAME, "USD"): USD}
        self.restart()

    def restart(self, clients: Clients | None = None) -> None:
        """Begin anew, with nothing but what is in the database."""
        rails = {NAME: self.rail}
        self.payments = Payments(
            self.database, self.engine, rails, self.rules, clients or self.clients, lambda: self.now_ns
        )

    async def close(self) -> None:
        await self.database.close()
        await self.staff_database.close()

    async def settle(self, steps_max: int = 200) -> None:
        """Take payments on until nothing moves; start again whenever the process was killed."""
        for _ in range(steps_max):
            try:
                if not await self.payments.step():
                    return
            except Killed:
                self.restart()
            except VenueAway:
                return
        raise AssertionError("payments never come to rest")

    async def follow(self) -> None:
        """Let the books follow the journal to its end."""
        projector = await Projector.open(self.staff_database, "1" * 64)
        rows = projector.rows()
        for record in self.engine.journal[projector.sequence :]:
            rows.add(decode_record(record))
        if rows.records:
            await projector.write(rows.batch())

    # What staff do

    async def address(self, account: str = "ALPHA") -> str:
        async with self.staff_database.writing() as session:
            given = await deposits.give_address(
                session, ANN, self.rail, account, "USD", why="asked for", now_ns=self.now_ns
            )
            return given.address

    async def fund(self, amount: int, account: str = "ALPHA") -> Deposit:
        """Let a deposit come in, and take it as far as it goes."""
        reference = self.rail.deposit(await self.address(account), "USD", amount, "Alpha Trading Ltd")
        await self.settle()
        return await self.deposit(reference)

    async def destination(self, address: str = "DE89", account: str = "ALPHA") -> str:
        """Return a destination that may be paid to."""
        async with self.staff_database.writing() as session:
            approval = await destinations.add(
                session, ANN, USD, account, address, "Alpha Trading Ltd", why="theirs", now_ns=self.now_ns
            )
            await approvals.approve(session, BEN, approval.id, why="checked", now_ns=self.now_ns)
        self.now_ns += USD.cooling_ns
        return str(approval.subject.removeprefix("destination/"))

    async def request(self, destination: str, amount: int) -> str:
        async with self.staff_database.writing() as session:
            withdrawal = await withdrawals.request(
                session, ANN, destination, amount, why="they ask", now_ns=self.now_ns
            )
        return withdrawal.name

    async def decide(self, *checkers: Actor, reject: bool = False) -> int:
        """Let checkers decide on all that waits for them; return how much did."""
        async with self.staff_database.reading() as session:
            pending = list(await session.scalars(select(Approval).where(Approval.state == "pending")))
        decide = approvals.reject if reject else approvals.approve
        for approval in pending:
            for checker in checkers:
                async with self.staff_database.writing() as session:
                    if (await approvals.approval_of(session, approval.id)).state == "pending":
                        await decide(session, checker, approval.id, why="seen", now_ns=self.now_ns)
        return len(pending)

    # What can be seen

    async def deposit(self, reference: str) -> Deposit:
        async with self.staff_database.reading() as session:
            return (await session.scalars(select(Deposit).where(Deposit.reference == reference))).one()

    async def withdrawal(self, name: str) -> Withdrawal:
        async with self.staff_database.reading() as session:
            return await session.get_one(Withdrawal, int(name[2:]))

    async def reach(self, name: str, state: WithdrawalState) -> None:
        """Take payments on until a withdrawal is in a state, and no further."""
        while await self.state(name) is not state:
            await self.payments.step()

    async def state(self, name: str) -> WithdrawalState:
        return WithdrawalState((await self.withdrawal(name)).state)

    def paid(self) -> dict[str, int]:
        """Return how many times each payout was paid."""
        return {payout.reference: payout.times for payout in self.rail.payouts() if payout.state == "settled"}

    def available(self, account: str = "ALPHA") -> int:
        return self.engine.exchange.state.accounts[account].holdings["USD"].available

    def held(self, account: str = "ALPHA") -> int:
        return self.engine.exchange.state.accounts[account].holdings["USD"].held
