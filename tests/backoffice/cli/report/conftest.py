"""A desk of somebody who may look into the records of a small venue of which everything is known."""

import asyncio

import pytest

from backoffice.database import Database
from backoffice.database.database import address_of
from tests.backoffice.cli.desk import Desk
from tests.backoffice.projector.journaled import project
from tests.backoffice.reports.known import Known

WHY = ("--why", "because")


@pytest.fixture
def desk(empty_desk: Desk, database_url: str) -> Desk:
    async def take_in() -> None:
        async with Database(address_of(database_url, empty_desk.data)) as database:
            await project(database, Known(), [100])

    empty_desk.data.mkdir()
    asyncio.run(take_in())
    empty_desk.done("staff", "init", "ann=annabel", "ben=benjamin")
    empty_desk.sit_down("annabel")
    return empty_desk
