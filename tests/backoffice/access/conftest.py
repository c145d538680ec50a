"""A house for each test."""

from pathlib import Path

import pytest

from backoffice.database import Database
from tests.backoffice.crm.house import House


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """Staff, and an empty database."""
    return House(database, tmp_path)
