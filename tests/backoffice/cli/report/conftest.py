"""The desk at which reports are asked for."""

import pytest

from tests.backoffice.cli.desk import Desk
from tests.backoffice.cli.informed import informed

WHY = ("--why", "because")


@pytest.fixture
def desk(empty_desk: Desk, database_url: str) -> Desk:
    return informed(empty_desk, database_url)
