"""Fixtures for the gateway's tests."""

from collections.abc import Iterator

import pytest

from engine.profile import FIX_VERSIONS
from fixgw.version import version_named
from tests.fixgw.session_script import Script


@pytest.fixture(scope="module", params=FIX_VERSIONS)
def every_version(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let the scripts of a module be played in every version of FIX."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Script, "version", version_named(request.param))
        yield
