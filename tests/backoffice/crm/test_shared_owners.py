"""Owners of several clients: who is the same person in two files, and how much of each is theirs."""

import datetime as dt
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from backoffice.crm import leaving
from backoffice.crm.loading import client_of
from backoffice.crm.shared_owners import Person, SharedOwners, Stake, names_of, same_people, shared_owners
from backoffice.database import Database
from backoffice.errors import KeyFault
from backoffice.staff.sealing import MASK, Sealer
from tests.backoffice.crm.house import BEN, OLA, House

QUARTER_PPM = 250_000
LEI, OTHER_LEI = "529900T8BM49AURSDO55", "5493001KJTIIGC8Y1R12"
BORN = dt.date(1970, 5, 1)


def person(number: int, name: str = "Ann Muster", born: dt.date | None = BORN, *countries: str) -> Person:
    return Person(number, name, born, frozenset(countries or ("CH",)))


def owner(share: str = "100", **changes: Any) -> dict[str, Any]:
    given = {"id": "owner", "kind": "person", "name": "Ann Muster", "born": "1970-05-01", "countries": ["CH"]}
    return {**given, "holdings": [{"share": share}], **changes}


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


async def enter(house: House, firm: str, *parties: dict[str, Any]) -> str:
    return await house.enter(name=firm.title(), firm=firm, lei="", parties=list(parties), documents=[])


async def shared(house: House, share_min_ppm: int = QUARTER_PPM) -> SharedOwners:
    async with house.database.reading() as session:
        return await shared_owners(session, house.sealer, share_min_ppm)


@pytest.mark.parametrize("name", ("ann muster", "Muster, Ann", "Dr. Ann  Müster", "Анн Мустер"))
def test_a_name_in_another_spelling_is_the_same_person(name: str) -> None:
    assert same_people([person(1), person(2, name)]) == {1: 1, 2: 1}


@pytest.mark.parametrize(
    "other",
    (
        person(2, "Anna Muster"),
        person(2, born=dt.date(1970, 5, 2)),
        person(2, "Ann Muster", BORN, "US"),
        person(2, "—"),
    ),
)
def test_somebody_who_is_only_alike_is_another_person(other: Person) -> None:
    assert same_people([person(1), other]).get(2, 2) == 2


@pytest.mark.parametrize("unknown", (person(2, born=None), Person(2, "Ann Muster", BORN, frozenset())))
def test_nobody_is_matched_of_whom_too_little_is_known(unknown: Person) -> None:
    assert same_people([person(1), unknown]) == {1: 1}


def test_countries_in_common_hold_a_person_together() -> None:
    people = [person(1, "Ann Muster", BORN, "CH"), person(2, "Ann Muster", BORN, "US")]
    assert same_people(people) == {1: 1, 2: 2}
    assert same_people([*people, person(3, "Ann Muster", BORN, "CH", "US")]) == {1: 1, 2: 1, 3: 1}


async def test_who_owns_two_clients_is_found_through_entities(house: House) -> None:
    holding = {"id": "holding", "kind": "entity", "name": "Holding AG", "holdings": [{"share": "80"}]}
    await enter(house, "ONE", owner("60"))
    await enter(house, "TWO", holding, owner(name="MUSTER Ann", holdings=[{"share": "50", "of": "holding"}]))
    await enter(house, "THREE", owner(name="Bo Probe"))
    assert await shared(house) == {
        "ONE": {1: Stake("C-1", "P-1", Fraction(3, 5), Fraction(3, 5))},
        "TWO": {1: Stake("C-2", "P-3", Fraction(2, 5), Fraction(0))},
    }
    assert await shared(house, 400_001) == {}, "so much of one client only"


def entity(lei: str, *, share: str = "60", **changes: Any) -> dict[str, Any]:
    given = {"id": "entity", "kind": "entity", "name": "Holding AG", "lei": lei, "holdings": [{"share": share}]}
    return {**given, **changes}


async def test_an_entity_that_owns_two_clients_is_found_whoever_owns_it(house: House) -> None:
    await enter(house, "ONE", entity(LEI, name="Holding"))
    await enter(house, "TWO", entity(LEI.lower(), share="30"), owner(holdings=[{"share": "100", "of": "entity"}]))
    await enter(house, "THREE", entity(LEI, share="20"))
    await enter(house, "FOUR", entity(OTHER_LEI), entity("", id="other", share="40"))
    await enter(house, "FIVE", entity(""))
    assert {
        firm: {number: stake.party for number, stake in stakes.items()}
        for firm, stakes in (await shared(house)).items()
    } == {
        "ONE": {1: "P-1"},
        "TWO": {1: "P-2"},
    }


async def test_who_casts_the_votes_is_an_owner(house: House) -> None:
    await enter(house, "ONE", owner())
    await enter(house, "TWO", owner(holdings=[{"share": "1", "votes": "30"}]))
    assert (await shared(house))["TWO"][1].votes == Fraction(3, 10)


async def test_an_owner_is_named_to_who_may_see_personal_data(house: House) -> None:
    await enter(house, "ONE", owner())
    async with house.database.reading() as session:
        assert await names_of(session, house.sealer, BEN, ["P-1", "P-9"]) == {"P-1": "Ann Muster"}
        assert await names_of(session, house.sealer, OLA, ["P-1"]) == {"P-1": MASK}


async def test_erased_files_match_nobody(house: House) -> None:
    for firm in ("ONE", "TWO", "THREE"):
        await enter(house, firm, owner())
    async with house.database.writing() as session:
        client = await client_of(session, "C-2")
        client.keep_until = house.today - dt.timedelta(days=1)
        await session.flush()
        assert await leaving.erase_due(session, house.sealer, now_ns=house.now_ns) == ["C-2"]
    assert (await shared(house)).keys() == {"ONE", "THREE"}


async def test_without_the_key_nothing_is_said_of_owners(house: House, tmp_path: Path) -> None:
    house.sealer = Sealer(tmp_path / "none.key")
    assert await shared(house) == {}, "there is nobody to be opened"
    house.sealer = House(house.database, tmp_path).sealer
    await enter(house, "ONE", owner())
    house.sealer = Sealer(tmp_path / "none.key")
    with pytest.raises(KeyFault, match="the key of personal data is missing"):
        await shared(house)
