"""What reports are made of: a small venue of which everything is known, and the journal of a busy one."""

import pytest

from backoffice.database import Database
from tests.backoffice.projector.journaled import Journaled, project
from tests.backoffice.reports.known import Known


@pytest.fixture(scope="module")
def journaled() -> Journaled:
    return Journaled(seed=5, length=1_500)


@pytest.fixture
async def known(database: Database) -> Database:
    await project(database, Known(), [5])
    return database
