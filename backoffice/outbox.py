"""What the venue is still to be told: commands that were decided on, and are given once the decision is committed.

A command is put here in the transaction of the decision that it follows from, so neither is there without the other,
and given afterwards: by whoever made the decision, at once, and else by the back office's process. Who is killed in
between gives it again. So only commands that may be given twice are put here: which set something, block, open, or are
booked once under a reference. They are given in the order of the decisions; while the venue is away, they wait.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import LargeBinary, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from backoffice.control import Control
from backoffice.database import Database
from backoffice.database.base import Base, Id, Int64, Name, Prose, TimeNs
from backoffice.database.serializing import one_at_a_time
from engine.control import StaffCommand
from engine.control_server import TEXT_CHARS_MAX
from engine.frames import encode_value

_COMMAND: Final = msgspec.msgpack.Decoder(StaffCommand)
_TURN: Final = "outbox"


class Outgoing(Base):
    """A command to the venue."""

    __tablename__ = "outgoing_command"

    id: Mapped[Id]
    subject: Mapped[Prose] = mapped_column(index=True)
    """What was decided on, as the audit trail calls it."""
    kind: Mapped[Name]
    """The command's name, for people,"""
    command: Mapped[bytes] = mapped_column(LargeBinary)
    """and the command, as the journal will have it."""
    asked_ns: Mapped[TimeNs]
    given_ns: Mapped[TimeNs | None] = mapped_column(index=True)
    """None while it waits."""
    sequence: Mapped[Int64 | None]
    """Its record in the journal."""
    refusal: Mapped[Prose]
    """Why the venue would not have it, or nothing."""


async def put(session: AsyncSession, command: StaffCommand, subject: str, now_ns: int) -> Outgoing:
    """Have the venue be told a command, once this transaction is committed; what came of it will be in the row."""
    outgoing = Outgoing(
        subject=subject,
        kind=type(command).__name__,
        command=encode_value(command),
        asked_ns=now_ns,
        given_ns=None,
        sequence=None,
        refusal="",
    )
    session.add(outgoing)
    await session.flush()
    return outgoing


async def give(database: Database, control: Control, now_ns: int) -> Sequence[Outgoing]:
    """Give the venue all that waits, in order, and return it. Raise `VenueAway`: what is not given waits on."""
    given = []
    while (outgoing := await _give_next(database, control, now_ns)) is not None:
        given.append(outgoing)
    return given


async def _give_next(database: Database, control: Control, now_ns: int) -> Outgoing | None:
    # Whoever gives holds the turn until it is written down: else a block could overtake an unblock.
    async with database.writing() as session:
        await one_at_a_time(session, _TURN)
        query = select(Outgoing).where(Outgoing.given_ns.is_(None)).order_by(Outgoing.id).limit(1)
        outgoing = await session.scalar(query)
        if outgoing is None:
            return None
        carried = await control.submit(_COMMAND.decode(outgoing.command))
        outgoing.given_ns, outgoing.sequence, outgoing.refusal = now_ns, carried.sequence, carried.refusal
    return outgoing


async def is_waiting(database: Database) -> bool:
    """Tell whether the venue is still to be told something."""
    async with database.reading() as session:
        return await session.scalar(select(Outgoing.id).where(Outgoing.given_ns.is_(None)).limit(1)) is not None


def plain(text: str) -> str:
    """Return a reason as control takes it: printable Latin-1, cut where it is too long."""
    line = " ".join(text.split()).encode("latin-1", "replace").decode("latin-1")
    return "".join(letter if letter.isprintable() else "?" for letter in line)[:TEXT_CHARS_MAX]
