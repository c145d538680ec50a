import datetime as dt

import pytest

from backoffice.cli.demo.files import BROKERS, client_file, sanctions
from backoffice.crm.client_file import ClientFile, check

TODAY = dt.date(2026, 11, 28)


@pytest.fixture(scope="module")
def files() -> list[ClientFile]:
    return [client_file(number, TODAY) for number in range(1, BROKERS + 1)]


def test_every_file_is_one_that_the_back_office_takes(files: list[ClientFile]) -> None:
    for file in files:
        assert check(file).lei == file.lei


def test_no_two_brokers_share_what_is_their_own(files: list[ClientFile]) -> None:
    for own in ("name", "lei", "registration", "firm"):
        assert len({getattr(file, own) for file in files}) == BROKERS
    hashes = [document.hash for file in files for document in file.documents]
    assert len(set(hashes)) == len(hashes)


def test_one_owner_has_the_name_of_somebody_on_the_sample_list(files: list[ClientFile]) -> None:
    listed = {name for entry in sanctions().entries for name in entry.names}
    assert [party.name for file in files for party in file.parties if party.name in listed] == ["Carla Brandis"]
