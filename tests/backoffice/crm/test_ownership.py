"""Ownership through entities, votes, and structures that cannot be."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.crm.identity import EntityType
from backoffice.crm.ownership import (
    WHOLE_PPM,
    Gap,
    Holding,
    Owner,
    Structure,
    parse_percent,
    percent,
    structure_of,
    threshold_ppm,
)
from backoffice.errors import Refused

THRESHOLD_PPM = 250_000


def holding(holder: str, held: str, share: str, votes: str | None = None) -> Holding:
    return Holding(holder, held, parse_percent(share), parse_percent(votes or share))


def structure(*holdings: Holding, people: str = "ann bea cid dan") -> Structure:
    return structure_of("client", holdings, people.split())


def in_scope(found: Structure, threshold: int = THRESHOLD_PPM) -> list[str]:
    return [owner.party for owner in found.beneficial_owners(threshold)]


@pytest.mark.parametrize("threshold", (THRESHOLD_PPM, 100_000))
def test_the_worked_case_of_forty_fifty_and_two_and_a_half_per_cent(threshold: int) -> None:
    """Two people hold 40 and 50 %; the rest is an entity's, a quarter of which is a third's (2.5 %).

    The other three quarters of that entity, 7.5 % at most, need not be looked into.
    """
    found = structure(
        holding("ann", "client", "40"),
        holding("bea", "client", "50"),
        holding("Holding", "client", "10"),
        holding("cid", "Holding", "25"),
    )
    assert in_scope(found, threshold) == ["bea", "ann"]
    assert Owner("cid", Fraction(25, 1000), Fraction(0)) in found.owners
    assert found.gaps == (Gap("Holding", Fraction(75, 1000)),)
    assert found.open_gaps(threshold) == ()


def test_shares_over_several_paths_add_up() -> None:
    found = structure(
        holding("ann", "client", "10"),
        holding("East", "client", "50"),
        holding("West", "client", "40"),
        holding("ann", "East", "20"),
        holding("ann", "West", "25"),
        holding("bea", "East", "80"),
        holding("bea", "West", "75"),
    )
    shares = {owner.party: owner.share for owner in found.owners}
    assert shares["ann"] == Fraction(30, 100)
    assert shares["bea"] == Fraction(70, 100)
    assert in_scope(found) == ["bea", "ann"]
    assert found.gaps == ()
    assert found.layers == 1


def test_who_has_most_votes_of_an_entity_casts_all_of_them() -> None:
    found = structure(
        holding("Top", "client", "60"),
        holding("ann", "Top", "30", "51"),
        holding("bea", "Top", "70", "49"),
    )
    by_party = {owner.party: owner for owner in found.owners}
    assert by_party["ann"].share == Fraction(18, 100)
    assert by_party["ann"].votes == Fraction(60, 100)
    assert by_party["bea"].votes == 0
    assert in_scope(found) == ["bea", "ann"]


def test_half_of_the_votes_is_not_control() -> None:
    found = structure(holding("Top", "client", "100"), holding("ann", "Top", "50"), holding("bea", "Top", "50"))
    assert [(owner.party, owner.votes) for owner in found.owners] == [
        ("Top", Fraction(1)),
        ("ann", Fraction(0)),
        ("bea", Fraction(0)),
    ]
    assert in_scope(found) == ["ann", "bea"]


def test_a_client_whose_owners_are_not_known_is_one_gap() -> None:
    found = structure()
    assert found.owners == ()
    assert found.open_gaps(THRESHOLD_PPM) == (Gap("client", Fraction(1)),)


@pytest.mark.parametrize(
    ("holdings", "what"),
    (
        ((("A", "client"), ("B", "A"), ("A", "B")), "circle: A is owned by B is owned by A"),
        ((("client", "client"),), "circle: client is owned by client"),
        ((("A", "client"), ("client", "A")), "runs in a circle"),
        ((("X", "Y"), ("Y", "X")), "runs in a circle"),
    ),
)
def test_circles_are_refused_and_shown(holdings: tuple[tuple[str, str], ...], what: str) -> None:
    with pytest.raises(Refused, match=what):
        structure(*(holding(holder, held, "50") for holder, held in holdings))


def test_more_than_the_whole_is_refused() -> None:
    with pytest.raises(Refused, match=r"the shares in client add up to 100\.0001 %, more than the whole"):
        structure(holding("ann", "client", "60"), holding("bea", "client", "40.0001"))
    with pytest.raises(Refused, match="the votes in client add up to 110 %"):
        structure(holding("ann", "client", "50", "60"), holding("bea", "client", "50"))


def test_a_person_is_not_owned_and_nobody_stands_twice() -> None:
    with pytest.raises(Refused, match="ann is a person, whom A cannot own"):
        structure(holding("A", "ann", "50"))
    with pytest.raises(Refused, match="ann has neither a share of client nor votes"):
        structure(holding("ann", "client", "0"))
    with pytest.raises(Refused, match="ann stands twice among the owners of client"):
        structure(holding("ann", "client", "5"), holding("ann", "client", "6"))


def test_a_ladder_of_diamonds_takes_no_exponential_time() -> None:
    rungs = [
        holding(f"{side}{level + 1}", f"{below}{level}" if level else "client", "50")
        for level in range(150)
        for below in (("a", "b") if level else ("a",))
        for side in ("a", "b")
    ]
    found = structure(*rungs)
    assert {owner.share for owner in found.owners} == {Fraction(1, 2)}
    assert found.layers == 150


@pytest.mark.parametrize("text", ("-1", "100.0001", "12.34567", "a", "", "1e2"))
def test_percentages_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(Refused, match="share"):
        parse_percent(text)


@given(st.integers(0, WHOLE_PPM))
def test_a_percentage_reads_back_as_it_was_written(ppm: int) -> None:
    assert parse_percent(percent(ppm)) == ppm


@pytest.mark.parametrize(
    ("jurisdiction", "entity_type", "is_high_risk", "expected"),
    (
        ("CH", EntityType.COMPANY, False, 250_000),
        ("CH", EntityType.COMPANY, True, 100_000),
        ("US", EntityType.MONEY_SERVICE, False, 100_000),
        ("KY", EntityType.FUND, False, 100_000),
    ),
)
def test_the_threshold_depends_on_place_kind_and_risk(
    jurisdiction: str, entity_type: EntityType, is_high_risk: bool, expected: int
) -> None:
    assert threshold_ppm(jurisdiction, entity_type, is_high_risk=is_high_risk) == expected


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(1, 400_000)), max_size=14))
def test_what_is_known_and_the_gaps_make_the_whole(edges: list[tuple[int, int, int]]) -> None:
    """Nothing of a client is lost or owned twice: people's shares and gaps add up to all of it."""
    seen = {(max(a, b), min(a, b)): ppm for a, b, ppm in edges if a != b}
    holdings = [Holding(f"p{a}" if a > 5 else f"e{a}", f"e{b}", ppm, ppm) for (a, b), ppm in seen.items() if b <= 5]
    owned: dict[str, int] = {}
    for each in holdings:
        owned[each.held] = owned.get(each.held, 0) + each.share_ppm
    if any(total > WHOLE_PPM for total in owned.values()):
        return
    found = structure_of("e0", holdings, ("p6", "p7"))
    people = sum((owner.share for owner in found.owners if owner.party in found.people), Fraction(0))
    assert people + sum((gap.share for gap in found.gaps), Fraction(0)) == 1
