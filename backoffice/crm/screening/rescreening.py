"""Screens all clients again, each in a transaction of its own.

Who is stopped on the way has done what is done; whoever comes next does the rest. That is whoever imports a list or
gives `fondaco screening run`, and else the back office's process, once a list has been there for a while: so those who
have imported it are told of what was found.
"""

from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.loading import client_of
from backoffice.crm.screening.checking import Screened, lists_digest, load_lists, screen
from backoffice.crm.tables.check import Screening, ScreeningListVersion
from backoffice.crm.tables.file import Client
from backoffice.crm.workflow import OVER, State
from backoffice.database import Database
from backoffice.staff.actor import Actor
from backoffice.staff.sealing import Sealer
from backoffice.times import MINUTE_NS

LEFT_NS: Final = 10 * MINUTE_NS
"""For how long who has imported a list is left to screen by it."""


_IS_SCREENED: Final = Client.state.not_in((*OVER, State.DRAFT.value))


async def to_be_screened(session: AsyncSession) -> list[int]:
    """Return the numbers of the clients that are screened when a list changes."""
    return list(await session.scalars(select(Client.number).where(_IS_SCREENED).order_by(Client.number)))


async def left_behind(session: AsyncSession, now_ns: int) -> list[int]:
    """Return the numbers of the clients that were screened before the lists changed, once that is a while ago."""
    changed_ns = await session.scalar(select(func.max(ScreeningListVersion.imported_ns)))
    if changed_ns is None or changed_ns > now_ns - LEFT_NS:
        return []
    # Whoever else is in a file is screened in the same transaction as the client itself.
    query = (
        select(Client.number)
        .join(Screening, Screening.client == Client.number)
        .where(_IS_SCREENED, Screening.subject.startswith("C-"), Screening.lists_digest != await lists_digest(session))
    )
    return list(await session.scalars(query.order_by(Client.number)))


async def screen_each(
    database: Database, actor: Actor, sealer: Sealer, clients: Iterable[int], *, why: str, clock: Callable[[], int]
) -> AsyncGenerator[Screened]:
    """Screen clients, as far as they have not been as they and the lists are; give what each came to.

    Raise `Refused` if there is no list.
    """
    async with database.reading() as session:
        lists = await load_lists(session)
    for number in clients:
        async with database.writing() as session:
            client = await client_of(session, f"C-{number}", for_update=True)
            screened = await screen(session, actor, sealer, client, lists, why=why, now_ns=clock())
        yield screened
