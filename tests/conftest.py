"""Tests run what is written, and pass or fail by what it does, however busy the machine is.

Compiled modules that are older than a source would run instead of it, and say nothing.
"""

from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("fondaco", deadline=None)
settings.load_profile("fondaco")


def pytest_configure() -> None:
    for library in ROOT.glob("fondaco_compiled__mypyc.*.so"):
        built_at_ns = library.stat().st_mtime_ns
        for package in ("engine", "fixgw"):
            for source in (ROOT / package).rglob("*.py"):
                if source.stat().st_mtime_ns > built_at_ns:
                    raise pytest.UsageError(
                        f"{source.relative_to(ROOT)} is newer than the compiled modules, which would run instead: "
                        "`make interpret` removes them, `make compile` makes them again"
                    )
