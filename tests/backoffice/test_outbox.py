"""The outbox: what was decided on reaches the venue, in order, also when somebody is killed in between."""

import asyncio

import pytest
from sqlalchemy import select

from backoffice import outbox
from backoffice.control import Carried, VenueAway
from backoffice.database import Database
from backoffice.outbox import Outgoing
from engine.commands import Block, ChargeFee, Unblock
from engine.control import StaffCommand
from engine.control_server import TEXT_CHARS_MAX
from engine.events import Blocked, CommandRejected, FundsRefused, Unblocked
from engine.reject import RejectReason
from engine.values import Scope


class Venue:
    """A venue that writes down what it is told, and may be away, or refuse."""

    def __init__(self) -> None:
        self.told: list[StaffCommand] = []
        self.is_away = False
        self.refusal = ""
        self.dies_after = False

    async def submit(self, command: StaffCommand) -> Carried:
        if self.is_away:
            raise VenueAway("no venue listens here")
        await asyncio.sleep(0)
        self.told.append(command)
        if self.dies_after:
            raise VenueAway("the venue broke off before it answered")
        if self.refusal:
            return Carried(len(self.told), (CommandRejected(self.refusal),))
        assert isinstance(command, Block | Unblock)
        if isinstance(command, Block):
            return Carried(len(self.told), (Blocked(Scope.FIRM, command.name, "ann", "x", 0, was_blocked=False),))
        return Carried(len(self.told), (Unblocked(Scope.FIRM, command.name, "ann", "x", was_blocked=True),))


async def put(database: Database, *commands: StaffCommand) -> None:
    async with database.writing() as session:
        for command in commands:
            await outbox.put(session, command, "client/C-1", 5)


BLOCK, UNBLOCK = Block(Scope.FIRM, "ALPHA", "ann", "why"), Unblock(Scope.FIRM, "ALPHA", "ben", "well")


async def test_what_was_decided_is_told_once_in_order(database: Database) -> None:
    venue = Venue()
    await put(database, BLOCK, UNBLOCK)
    assert await outbox.is_waiting(database)
    given = await outbox.give(database, venue, 7)
    assert venue.told == [BLOCK, UNBLOCK]
    assert [(each.kind, each.sequence, each.given_ns) for each in given] == [("Block", 1, 7), ("Unblock", 2, 7)]
    assert await outbox.give(database, venue, 8) == []
    assert not await outbox.is_waiting(database)


async def test_a_decision_that_is_taken_back_tells_nothing(database: Database) -> None:
    async def fail() -> None:
        async with database.writing() as session:
            await outbox.put(session, BLOCK, "client/C-1", 5)
            raise ValueError("thought better of it")

    with pytest.raises(ValueError, match="thought better"):
        await fail()
    assert not await outbox.is_waiting(database)


async def test_while_the_venue_is_away_it_waits(database: Database) -> None:
    venue = Venue()
    venue.is_away = True
    await put(database, BLOCK)
    with pytest.raises(VenueAway):
        await outbox.give(database, venue, 7)
    venue.is_away = False
    await outbox.give(database, venue, 8)
    assert venue.told == [BLOCK]


async def test_what_may_have_been_told_is_told_again(database: Database) -> None:
    venue = Venue()
    venue.dies_after = True
    await put(database, BLOCK, UNBLOCK)
    with pytest.raises(VenueAway):
        await outbox.give(database, venue, 7)
    venue.dies_after = False
    await outbox.give(database, venue, 8)
    assert venue.told == [BLOCK, BLOCK, UNBLOCK]


async def test_two_at_once_keep_the_order(database: Database) -> None:
    venue = Venue()
    await put(database, *(BLOCK, UNBLOCK) * 5)
    await asyncio.gather(*(outbox.give(database, venue, number) for number in range(3)))
    assert venue.told == [BLOCK, UNBLOCK] * 5


async def test_a_refusal_is_kept_and_holds_nothing_up(database: Database) -> None:
    venue = Venue()
    venue.refusal = "unknown firm ALPHA"
    await put(database, BLOCK, UNBLOCK)
    await outbox.give(database, venue, 7)
    async with database.reading() as session:
        assert [row.refusal for row in await session.scalars(select(Outgoing))] == ["unknown firm ALPHA"] * 2


@pytest.mark.parametrize(
    ("reason", "refusal"),
    ((RejectReason.ALREADY_DONE, ""), (RejectReason.NOT_AVAILABLE, RejectReason.NOT_AVAILABLE.text)),
)
async def test_what_was_booked_before_is_as_good_as_done(
    database: Database, reason: RejectReason, refusal: str
) -> None:
    class Bank(Venue):
        async def submit(self, _command: StaffCommand) -> Carried:
            return Carried(9, (FundsRefused("INV-1", reason, reason.text, "ann"),))

    await put(database, ChargeFee("A", "USD", 5, "INV-1", "ann", "a minimum"))
    (given,) = await outbox.give(database, Bank(), 7)
    assert (given.sequence, given.refusal) == (9, refusal)


def test_a_reason_becomes_what_control_takes() -> None:
    assert outbox.plain("  two\nlines, ünd – more ") == "two lines, ünd ? more"
    assert outbox.plain("x" * 500) == "x" * TEXT_CHARS_MAX
