"""Fixtures for the gateway's tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from engine.profile import FIX_VERSIONS
from fixgw.version import version_named
from tests.fixgw.house import House
from tests.fixgw.session_script import Script


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """The house of a venue that brokers connect to, begun and still empty."""
    house = await House(tmp_path / "venue").start()
    yield house
    if not house.is_down:
        await house.stop()


@pytest.fixture(scope="module", params=FIX_VERSIONS)
def every_version(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let the scripts of a module be played in every version of FIX."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Script, "version", version_named(request.param))
        yield
