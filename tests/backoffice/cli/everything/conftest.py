"""The house in which everything was done, once for all tests. It is on SQLite, which can tell of each row changed."""

import shutil
import sys
from collections.abc import Awaitable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from backoffice.staff import audit
from tests.backoffice.cli.everything.house import House, Place
from tests.backoffice.cli.everything.play import KEY, play


@pytest.fixture(scope="session")
def recorded_at(played: House) -> set[Place]:
    """Where in the source entries were written."""
    return played.recorded_at


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[House]:
    home = tmp_path_factory.mktemp("house")
    shutil.copyfile(migrated_sqlite, home / "backoffice.sqlite")
    record = audit.record
    with pytest.MonkeyPatch.context() as patch:
        house = House(home, f"sqlite:///{home / 'backoffice.sqlite'}", patch)

        def seen(*arguments: Any, **options: Any) -> Awaitable[None]:
            caller = sys._getframe(1)
            house.recorded_at.add((Path(caller.f_code.co_filename), caller.f_lineno))
            return record(*arguments, **options)

        with patch.context() as watching:
            watching.setattr(audit, "record", seen)
            house.begin(KEY.public_key().public_bytes_raw().hex())
            play(house)
        with closing(house.changes):
            yield house
