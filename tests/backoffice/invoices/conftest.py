"""A world in which something is owed, for each test."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from backoffice.database.database import address_of
from tests.backoffice.invoices.world import World


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncGenerator[World]:
    made = World(address_of(database_url, tmp_path))
    yield made
    await made.close()
