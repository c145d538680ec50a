"""A venue that firms trade at for a month, the books that follow it, and staff who collect what is missing.

ALPHA takes and pays 1 % of the notional, BETA makes and pays nothing. Prices are such that a lot at one tick is one
smallest unit.
"""

import datetime as dt

import msgspec
from sqlalchemy.engine import URL

from backoffice import kinds, outbox
from backoffice.access import charging
from backoffice.access.fees import Fees, FeeTier
from backoffice.access.tables import FeeAssignment, FeeSchedule
from backoffice.control import Carried, VenueAway
from backoffice.database import Database
from backoffice.invoices import collecting, invoicing
from backoffice.invoices.tables import Invoice, InvoiceStanding
from backoffice.reports.minimums import bounds_of
from backoffice.staff import approvals
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Role
from backoffice.staff.tables import Approval
from backoffice.times import DAY_NS
from engine.commands import AnyCommand, ClockTick
from engine.control import StaffCommand
from engine.events import AnyEvent
from engine.frames import encode_value
from tests.backoffice.payments.world import Edges, FragileDatabase, Killed
from tests.backoffice.projector.journaled import Journaled, project
from tests.engine.builders import Venue

assert kinds.__all__, "the kinds of proposals are registered"

ROLES = frozenset({Role.OPERATIONS, Role.TREASURY})
ANN, BEN = (Actor(name, ROLES) for name in ("ann", "ben"))
NOVEMBER, DECEMBER = dt.date(2026, 11, 1), dt.date(2026, 12, 1)
BEGUN_NS, OVER_NS = bounds_of(NOVEMBER)
FUNDS = 10**9


class Recorded(Journaled, Venue):
    """A venue whose records are kept as its journal has them."""

    def __init__(self) -> None:
        self.payloads = []
        Venue.__init__(self, accounts=("ALPHA", "BETA"), funds=FUNDS, taker_bps=100)

    def apply(self, command: AnyCommand) -> list[AnyEvent]:
        events = super().apply(command)
        record = (len(self.payloads) + 1, self.now_ns, msgspec.Raw(encode_value(command)), events)
        self.payloads.append(encode_value(record))
        return events


class World:
    """All of it, and what staff do in it."""

    def __init__(self, address: URL) -> None:
        self.edges = Edges()
        self.database = FragileDatabase(address, self.edges)
        self.staff_database = Database(address)
        self.venue = Recorded()
        self.is_away = False
        self.now_ns = OVER_NS

    async def close(self) -> None:
        await self.database.close()
        await self.staff_database.close()

    # The venue

    async def submit(self, command: StaffCommand) -> Carried:
        if self.is_away:
            raise VenueAway("no venue listens here")
        self.edges.cross()
        events = self.venue.apply(command)
        self.edges.cross()
        return Carried(len(self.venue.payloads), events)

    def trade(self, notional: int, at_ns: int = BEGUN_NS + DAY_NS) -> None:
        """Let ALPHA take as much; its fee is a hundredth of it."""
        self.venue.now_ns = at_ns
        self.venue.sell(notional // 1_000, 1_000, "BETA")
        self.venue.buy(notional // 1_000, 1_000, "ALPHA")

    async def come_to(self, time_ns: int = OVER_NS) -> None:
        """Let the books come to a time."""
        self.venue.now_ns = max(self.venue.now_ns, time_ns)
        self.venue.apply(ClockTick())
        await self.follow()

    async def follow(self) -> None:
        """Let the books come to what the venue has done."""
        await project(self.staff_database, self.venue, [500])

    # The back office

    async def agree(
        self,
        minimum: int,
        from_ns: int = BEGUN_NS,
        firm: str = "ALPHA",
        schedule: str = "basic",
        symbol: str = "",
        tiers: tuple[FeeTier, ...] = (FeeTier(0, 0, 10_000),),
    ) -> None:
        """Let a firm have a schedule with a minimum."""
        content = msgspec.to_builtins(Fees("USD", tiers, minimum))
        who = {"effective_ns": from_ns, "proposed_by": "ann", "approved_by": "ben"}
        async with self.staff_database.writing() as session:
            session.add(FeeSchedule(schedule=schedule, version=1, content=content, **who))
            session.add(FeeAssignment(firm=firm, schedule=schedule, symbol=symbol, **who))

    async def invoice(self, month: dt.date = NOVEMBER) -> list[Invoice]:
        async with self.staff_database.writing() as session:
            return await invoicing.invoice(session, ANN, month, why="it is over", now_ns=self.now_ns)

    async def housekeeping(self) -> list[Invoice]:
        async with self.staff_database.writing() as session:
            return await invoicing.invoice_next_month(session, self.now_ns)

    async def set_fees(self) -> str:
        """Let fees follow volumes and dates, tell the venue, and return what it does not want."""
        async with self.staff_database.writing() as session:
            await charging.bring_up_to_date(session, self.now_ns)
        given = await outbox.give(self.staff_database, self, self.now_ns)
        return "; ".join(each.refusal for each in given)

    async def missing(self, amount: int) -> Invoice:
        """Let ALPHA owe an amount for November, and return the invoice."""
        await self.agree(amount)
        await self.come_to()
        (made,) = await self.invoice()
        return made

    async def propose(self, name: str = "INV-1", account: str = "") -> Approval:
        async with self.staff_database.writing() as session:
            return await collecting.propose_charge(session, ANN, name, account, why="it is owed", now_ns=self.now_ns)

    async def propose_waiver(self, name: str = "INV-1") -> Approval:
        async with self.staff_database.writing() as session:
            return await collecting.propose_waiver(session, ANN, name, why="goodwill", now_ns=self.now_ns)

    async def approve(self, approval: Approval, actor: Actor = BEN) -> None:
        async with self.staff_database.writing() as session:
            await approvals.approve(session, actor, approval.id, why="seen", now_ns=self.now_ns)

    async def charge(self, name: str = "INV-1", account: str = "") -> InvoiceStanding:
        """Have an invoice charged by two people, and return how it stands then."""
        await self.approve(await self.propose(name, account))
        await self.settle()
        return await self.standing(name)

    async def settle(self) -> None:
        """Tell the venue what waits, and let invoices follow; start again whenever the process was killed."""
        while True:
            try:
                await outbox.give(self.database, self, self.now_ns)
                async with self.database.writing() as session:
                    await collecting.conclude(session, self.now_ns)
            except Killed:
                continue
            return

    # What can be seen

    async def standing(self, name: str = "INV-1") -> InvoiceStanding:
        async with self.staff_database.reading() as session:
            return (await invoicing.find(session, name))[1]

    def available(self, account: str = "ALPHA") -> int:
        return self.venue.holding(account, "USD").available
