"""Risk scores."""

from typing import Any

import msgspec
import pytest

from backoffice.crm.risk import FIRST_MODEL, Rating, country_answer, decode_model, layers_answer, score_of
from backoffice.errors import Refused

ANSWERS = {
    "jurisdiction": "standard",
    "people": "standard",
    "entity": "company",
    "industry": "finance",
    "layers": "0",
    "exposure": "none",
    "sanctions": "none",
    "volume": "below-10m",
}


def model(**changes: Any) -> dict[str, Any]:
    content = msgspec.to_builtins(FIRST_MODEL)
    return {**content, **changes}


def test_a_score_is_the_weighted_mean_of_its_parts() -> None:
    score = score_of(FIRST_MODEL, ANSWERS)
    assert sum(part.points * part.weight for part in score.parts) == 250 + 100 + 450 + 225 + 100 + 150
    assert (score.model, score.score, score.rating, score.raised_by) == (1, 13, Rating.LOW, ())


@pytest.mark.parametrize(
    ("changes", "rating", "raised"),
    (
        ({"exposure": "political"}, Rating.HIGH, ("exposure: political",)),
        ({"jurisdiction": "call-for-action"}, Rating.PROHIBITED, ("jurisdiction: call-for-action",)),
        ({"sanctions": "true-match"}, Rating.PROHIBITED, ("sanctions: true-match",)),
        ({"jurisdiction": "monitored"}, Rating.MEDIUM, ("jurisdiction: monitored",)),
        ({"jurisdiction": "monitored", "entity": "trust", "layers": "3+", "industry": "gaming"}, Rating.MEDIUM, ()),
        (
            {"jurisdiction": "monitored", "entity": "money-service", "exposure": "political"},
            Rating.HIGH,
            ("entity: money-service", "exposure: political"),
        ),
    ),
)
def test_some_answers_raise_the_rating(changes: dict[str, str], rating: Rating, raised: tuple[str, ...]) -> None:
    score = score_of(FIRST_MODEL, {**ANSWERS, **changes})
    assert (score.rating, score.raised_by) == (rating, raised)


def test_a_question_without_an_answer_is_refused() -> None:
    with pytest.raises(Refused, match="risk: industry is not answered; give one of finance, technology"):
        score_of(FIRST_MODEL, {name: answer for name, answer in ANSWERS.items() if name != "industry"})
    with pytest.raises(Refused, match="risk: volume 'lots' is no answer"):
        score_of(FIRST_MODEL, {**ANSWERS, "volume": "lots"})


def test_the_riskiest_country_counts() -> None:
    assert [country_answer(*each) for each in ((), ("CH",), ("CH", "VN"), ("VN", "KP"))] == [
        "standard",
        "standard",
        "monitored",
        "call-for-action",
    ]
    assert [layers_answer(each) for each in (0, 2, 3, 9)] == ["0", "2", "3+", "3+"]


def test_a_model_reads_back_as_it_was_written() -> None:
    assert decode_model(model()) == FIRST_MODEL


@pytest.mark.parametrize(
    ("changes", "what"),
    (
        ({"version": 0}, "needs a version"),
        ({"version": "one"}, "Expected `int`"),
        ({"factors": {}}, "and factors"),
        ({"colour": "red"}, "unknown field `colour`"),
        ({"high_from": 20}, "medium_from < high_from"),
        ({"factors": {"people": {"weight": 0, "points": {"x": 1}}}}, "people needs a weight above 0"),
        ({"factors": {"people": {"weight": 1, "points": {"x": 101}}}}, "the points of people go from 0 to 100"),
        (
            {"factors": {"people": {"weight": 1, "points": {"x": 1}, "at_least": {"y": "high"}}}},
            "for y, which is no answer",
        ),
        ({"factors": {"moon": {"weight": 1, "points": {"full": 1}}}}, "nothing answers moon; it may ask for entity"),
        ({"consequences": {}}, "says not what follows from high, low, medium, prohibited"),
    ),
)
def test_a_model_that_makes_no_sense_is_refused(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(Refused, match=what):
        decode_model(model(**changes))
