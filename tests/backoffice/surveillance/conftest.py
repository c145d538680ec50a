"""A market of its own for each test."""

import pytest

from tests.backoffice.surveillance.market import Market


@pytest.fixture
def market() -> Market:
    return Market()
