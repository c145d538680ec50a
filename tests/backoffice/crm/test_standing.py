"""What keeps a client from trading."""

from fractions import Fraction
from typing import Any

import msgspec
import pytest

from backoffice.crm.documents import DocumentKind, Requirement, Shortfall
from backoffice.crm.ownership import Gap
from backoffice.crm.risk import Rating
from backoffice.crm.standing import Known, left_open, obstacles
from backoffice.crm.workflow import State, Suspension

CHART = Requirement((DocumentKind.OWNERSHIP_CHART,), months_max=12)


def known(state: State = State.ACTIVE, **changes: Any) -> Known:
    whole = Known(
        "C-1",
        state,
        has_lei=True,
        has_address=True,
        has_director=True,
        has_signatory=True,
        has_firm=True,
        rating=Rating.LOW,
        names={"P-1": "Top Holding", "P-2": "Ann Muster"},
        decided_by="ann",
    )
    return msgspec.structs.replace(whole, **changes)


def told(of: Known) -> dict[str, str]:
    return {obstacle.what: obstacle.remedy for obstacle in obstacles(of)}


def test_nothing_stands_in_the_way_of_a_client_that_trades() -> None:
    assert obstacles(known()) == []
    assert obstacles(known(State.SUSPENDED, suspension=Suspension.WITHDRAWALS)) == []


def test_of_a_client_that_trades_it_is_said_what_its_screening_asks_for() -> None:
    asked: dict[str, Any] = {"unscreened": ("P-2",), "open_hits": ("H-1",)}
    assert obstacles(known(**asked)) == []
    assert [each.what for each in left_open(known(**asked))] == [
        "not screened as they and the lists are now: Ann Muster",
        "1 screening hits are not decided: H-1",
    ]
    assert left_open(known()) == left_open(known(State.REVIEW, **asked)) == []


def test_a_fresh_draft_is_told_everything_at_once() -> None:
    fresh = Known(
        "C-1",
        State.DRAFT,
        gaps=(Gap("C-1", Fraction(1)),),
        shortfalls=(Shortfall("C-1", CHART, "is missing"),),
        has_lists=False,
        unscreened=("C-1",),
        unsigned=("client",),
    )
    assert list(told(fresh)) == [
        "it has no LEI",
        "it has no registered address",
        "no director is named",
        "nobody may sign for it",
        "who owns 100 % of it is not known",
        "ownership chart not older than 12 months: is missing",
        "the client is draft",
        "there is no list to screen against",
        "not screened as they and the lists are now: C-1",
        "its risk is not rated",
        "the client agreement is not signed",
        "it has no firm in the venue",
    ]


def test_what_is_to_be_done_comes_in_the_order_in_which_it_can_be_done() -> None:
    for state, remedies in (
        (State.DRAFT, ["set C-1 --lei LEI", "submit C-1", "risk C-1"]),
        (State.INFORMATION_REQUESTED, ["set C-1 --lei LEI", "answer C-1", "risk C-1"]),
        (State.REJECTED, ["reopen C-1", "set C-1 --lei LEI", "risk C-1"]),
        (State.REVIEW, ["request-information C-1", "set C-1 --lei LEI", "risk C-1", "approve C-1"]),
    ):
        found = told(known(state, has_lei=False, rating=None, decided_by="")).values()
        assert [remedy.removeprefix("fondaco client ") for remedy in found] == remedies


@pytest.mark.parametrize(
    ("state", "remedy"),
    (
        (State.REVIEW, "fondaco client reject C-1"),
        (State.SUSPENDED, "fondaco client offboard C-1"),
        (State.REJECTED, ""),
    ),
)
def test_a_client_that_may_not_be_had_is_parted_with_as_its_state_allows(state: State, remedy: str) -> None:
    assert told(known(state, rating=Rating.PROHIBITED))["its risk is prohibited"] == remedy


@pytest.mark.parametrize(
    ("changes", "what", "remedy"),
    (
        (
            {"gaps": (Gap("P-1", Fraction(3, 10)),)},
            "who owns 30 % of C-1 through Top Holding is not known",
            "fondaco client party add C-1 NAME --role owner --owns PERCENT@P-1 …",
        ),
        (
            {"shortfalls": (Shortfall("P-2", CHART, "is not verified yet", "DOC-7"),)},
            "ownership chart not older than 12 months of Ann Muster: is not verified yet",
            "fondaco client document verify DOC-7",
        ),
        (
            {"open_hits": ("H-1", "H-2")},
            "2 screening hits are not decided: H-1, H-2",
            "fondaco screening hits --client C-1, then fondaco screening decide HIT",
        ),
        ({"rating": Rating.PROHIBITED}, "its risk is prohibited", "fondaco client reject C-1"),
        ({}, "the client is review", "fondaco client approve C-1, by somebody other than ann"),
    ),
)
def test_each_obstacle_says_what_to_do(changes: dict[str, Any], what: str, remedy: str) -> None:
    assert told(known(State.REVIEW, **changes))[what] == remedy


def test_a_suspended_client_is_told_why() -> None:
    suspended = known(State.SUSPENDED, suspension=Suspension.ALL, suspended_for="no margin")
    assert told(suspended) == {"the client is suspended from all: no margin": "fondaco client resume C-1"}


def test_a_client_that_leaves_is_told_once() -> None:
    assert list(told(known(State.CLOSED, has_lei=False))) == ["the client is closed"]
