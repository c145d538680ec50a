"""The rows that a module's `journaled` gives when nothing gets in the way."""

from pathlib import Path

import pytest

from tests.backoffice.projector.journaled import Journaled, undisturbed


@pytest.fixture(scope="module")
def expected(
    journaled: Journaled, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[tuple[object, ...]]]:
    return undisturbed(journaled, migrated_sqlite, tmp_path_factory.mktemp("undisturbed") / "books.sqlite")
