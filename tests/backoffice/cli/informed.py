"""A desk of somebody who may look into the records of a small venue of which everything is known."""

import asyncio

from backoffice.database import Database
from backoffice.database.database import address_of
from tests.backoffice.cli.desk import Desk
from tests.backoffice.projector.journaled import project
from tests.backoffice.reports.known import Known


def informed(desk: Desk, database_url: str) -> Desk:
    """Have a desk take the venue's records in, and sit down at it."""

    async def take_in() -> None:
        async with Database(address_of(database_url, desk.data)) as database:
            await project(database, Known(), [100])

    desk.data.mkdir()
    asyncio.run(take_in())
    desk.done("staff", "init", "ann=annabel", "ben=benjamin")
    desk.sit_down("annabel")
    return desk
