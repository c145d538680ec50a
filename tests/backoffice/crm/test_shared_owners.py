"""Owners of several clients: who is the same person in two files, and how much of each is theirs."""

import datetime as dt
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from backoffice.crm import editing, leaving
from backoffice.crm.client_file import HoldingGiven, PartyGiven
from backoffice.crm.loading import client_of
from backoffice.crm.shared_owners import Person, SharedOwners, Stake, names_of, same_people, shared_owners
from backoffice.errors import KeyFault
from backoffice.staff.sealing import MASK, Sealer
from backoffice.times import DAY_NS
from tests.backoffice.crm.house import ANN, BEN, OLA, House

QUARTER_PPM = 250_000
LEI, OTHER_LEI = "529900T8BM49AURSDO55", "5493001KJTIIGC8Y1R12"
BORN = dt.date(1970, 5, 1)


def person(number: int, name: str = "Ann Muster", born: dt.date | None = BORN, *countries: str) -> Person:
    return Person(number, name, born, frozenset(countries or ("CH",)))


def owner(share: str = "100", **changes: Any) -> dict[str, Any]:
    given = {"id": "owner", "kind": "person", "name": "Ann Muster", "born": "1970-05-01", "countries": ["CH"]}
    return {**given, "holdings": [{"share": share}], **changes}


async def enter(house: House, firm: str, *parties: dict[str, Any]) -> str:
    return await house.enter(name=firm.title(), firm=firm, lei="", parties=list(parties), documents=[])


async def found(house: House, share_min_ppm: int = QUARTER_PPM) -> SharedOwners:
    async with house.database.reading() as session:
        return await shared_owners(session, house.sealer, share_min_ppm)


async def shared(
    house: House, share_min_ppm: int = QUARTER_PPM, *, time_ns: int | None = None
) -> dict[str, tuple[Stake, Stake]]:
    """Who owns both ONE and TWO."""
    return (await found(house, share_min_ppm)).of_both("ONE", "TWO", time_ns)


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
        "P-1": (
            Stake("C-1", "P-1", Fraction(3, 5), Fraction(3, 5)),
            Stake("C-2", "P-3", Fraction(2, 5), Fraction(0)),
        )
    }
    assert (await found(house)).of_both("ONE", "THREE") == {}
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
    owners = await found(house)
    firms = ("ONE", "TWO", "THREE", "FOUR", "FIVE")
    assert {pair: [*both] for pair in combinations(firms, 2) if (both := owners.of_both(*pair))} == {
        ("ONE", "TWO"): ["P-1"]
    }


async def test_a_client_that_owns_another_client_is_the_owner_of_both(house: House) -> None:
    await house.enter(name="One", firm="ONE", lei=LEI, parties=[], documents=[])
    await enter(house, "TWO", entity(LEI, share="60"))
    await enter(house, "THREE", entity(LEI, share="20"))
    whole, most = Fraction(1), Fraction(3, 5)
    assert await shared(house) == {"C-1": (Stake("C-1", "C-1", whole, whole), Stake("C-2", "P-1", most, most))}
    assert [*await shared(house, time_ns=house.now_ns - 1)] == [], "it was not known yet"
    owners = await found(house)
    assert (owners.of_both("ONE", "THREE"), owners.of_both("TWO", "THREE")) == ({}, {})


async def test_a_client_that_names_itself_in_its_file_is_no_owner_of_others(house: House) -> None:
    await house.enter(name="One", firm="ONE", lei=LEI, parties=[entity(LEI)], documents=[])
    await enter(house, "TWO", entity(OTHER_LEI))
    assert await shared(house) == {}


async def test_who_casts_the_votes_is_an_owner(house: House) -> None:
    await enter(house, "ONE", owner())
    await enter(house, "TWO", owner(holdings=[{"share": "1", "votes": "30"}]))
    assert (await shared(house))["P-1"][1].votes == Fraction(3, 10)


async def test_owners_are_those_that_were_known_at_a_time_and_those_of_now(house: House) -> None:
    entered_ns = house.now_ns
    await enter(house, "ONE", owner())
    await enter(house, "TWO", owner(), entity("", share="0", holdings=[]))
    house.now_ns = sold_ns = entered_ns + DAY_NS
    await house.sealed(editing.change_party, ANN, "C-2", "P-2", {"holdings": (HoldingGiven("10"),)})
    house.now_ns = bought_ns = sold_ns + DAY_NS
    await house.sealed(editing.change_party, ANN, "C-2", "P-3", {"holdings": (HoldingGiven("80"),)})
    bought = {"holdings": (HoldingGiven("10"), HoldingGiven("50", "P-3"))}
    await house.sealed(editing.change_party, ANN, "C-2", "P-2", bought)
    house.now_ns = gone_ns = bought_ns + DAY_NS
    await house.sealed(editing.remove_party, ANN, "C-2", "P-3")
    owners = await found(house)

    def share(time_ns: int | None) -> list[Fraction]:
        return [two.share for _, two in owners.of_both("ONE", "TWO", time_ns).values()]

    whole, half = [Fraction(1)], [Fraction(1, 2)]
    assert [share(time_ns) for time_ns in (entered_ns - 1, entered_ns, sold_ns - 1)] == [[], whole, whole]
    assert [share(time_ns) for time_ns in (sold_ns, bought_ns - 1, bought_ns, gone_ns - 1)] == [[], [], half, half]
    assert [share(time_ns) for time_ns in (gone_ns, None)] == [[], []]


async def test_who_was_taken_out_of_a_file_has_been_an_owner(house: House) -> None:
    await enter(house, "ONE", owner())
    await enter(house, "TWO", owner())
    was_ns, house.now_ns = house.now_ns, house.now_ns + DAY_NS
    await house.sealed(editing.remove_party, ANN, "C-2", "P-2")
    assert (await shared(house), [*await shared(house, time_ns=was_ns)]) == ({}, ["P-1"])


async def test_changes_by_a_clock_that_was_set_back_do_not_hide_owners(house: House) -> None:
    await enter(house, "ONE", owner())
    await enter(house, "TWO", owner())
    house.now_ns += DAY_NS
    await house.sealed(editing.change_party, ANN, "C-2", "P-2", {"holdings": (HoldingGiven("30"),)})
    house.now_ns -= 1
    await house.sealed(editing.add_party, ANN, "C-2", PartyGiven("", "person", "Bo", holdings=(HoldingGiven("70"),)))
    assert [*await shared(house, time_ns=house.now_ns)] == ["P-1"], "although more than the whole was owned"
    assert (await shared(house))["P-1"][1].share == Fraction(3, 10)


async def test_an_owner_is_named_to_who_may_see_personal_data(house: House) -> None:
    await enter(house, "ONE", owner())
    async with house.database.reading() as session:
        assert await names_of(session, house.sealer, BEN, ["P-1", "P-9"]) == {"P-1": "Ann Muster"}
        assert await names_of(session, house.sealer, OLA, ["P-1", "C-1"]) == {"P-1": MASK, "C-1": "One"}


async def test_erased_files_match_nobody(house: House) -> None:
    for firm in ("ONE", "TWO", "THREE"):
        await enter(house, firm, owner())
    async with house.database.writing() as session:
        client = await client_of(session, "C-2")
        client.keep_until = house.today - dt.timedelta(days=1)
        await session.flush()
        assert await leaving.erase_due(session, house.sealer, now_ns=house.now_ns) == ["C-2"]
    owners = await found(house)
    assert [[*owners.of_both(*pair)] for pair in combinations(("ONE", "TWO", "THREE"), 2)] == [[], ["P-1"], []]


async def test_without_the_key_nothing_is_said_of_owners(house: House, tmp_path: Path) -> None:
    house.sealer = Sealer(tmp_path / "none.key")
    assert await shared(house) == {}, "there is nobody to be opened"
    house.sealer = House(house.database, tmp_path).sealer
    await enter(house, "ONE", owner())
    house.sealer = Sealer(tmp_path / "none.key")
    with pytest.raises(KeyFault, match="the key of personal data is missing"):
        await shared(house)
