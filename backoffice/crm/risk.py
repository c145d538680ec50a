"""How risky a client is: a weighted score, by a model that has a version.

Each factor gives from 0 to 100 points for what is known of the client; the score is their weighted mean, rounded up.
Some answers raise the rating whatever the score: an owner who is politically exposed, a country under a call for
action. The rating sets how often the client is reviewed and what it may move. An application keeps the model that it
began with, so that a new model changes no decision that is under way; the next review takes the newest.

Staff may override a rating, with a reason and a second person; the score stays on record beside it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec

from backoffice.crm.identity import EntityType
from backoffice.errors import Refused

CALL_FOR_ACTION: Final = frozenset({"IR", "KP", "MM"})
"""FATF's high-risk jurisdictions subject to a call for action, as of October 2025."""
UNDER_MONITORING: Final = frozenset(
    {"AO", "BG", "BO", "CD", "CI", "CM", "DZ", "HT", "KE", "LA", "LB", "MC", "NA", "NP"}
    | {"SS", "SY", "VE", "VG", "VN", "YE"}
)
"""FATF's jurisdictions under increased monitoring, as of October 2025."""


class Rating(StrEnum):
    """What the score comes to."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    PROHIBITED = "prohibited"
    """No client of ours."""

    @property
    def rank(self) -> int:
        return list(Rating).index(self)


class Factor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question, how much it weighs, and the points of each answer."""

    weight: int
    points: dict[str, int]
    at_least: dict[str, Rating] = {}
    """Answers that raise the rating, whatever the score."""


WholeDollars = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000_000)]


class Consequences(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What follows from a rating."""

    review_months: int
    withdrawals_day_usd: WholeDollars
    """What the client may withdraw in 24 hours, in whole dollars' worth; 0 for nothing."""
    order_usd: WholeDollars
    """The largest order, in whole dollars' worth; 0 for none."""
    withdrawals_month_usd: WholeDollars | None = None
    """What it may withdraw in 30 days; None for as much as the days come to."""


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Factors, where the ratings begin, and what follows from them."""

    version: int
    factors: dict[str, Factor]
    medium_from: int
    high_from: int
    consequences: dict[Rating, Consequences]


class Part(msgspec.Struct, frozen=True):
    """What one factor came to."""

    factor: str
    answer: str
    points: int
    weight: int


class Score(msgspec.Struct, frozen=True):
    """How a client scored, and why."""

    model: int
    score: int
    rating: Rating
    parts: tuple[Part, ...]
    raised_by: tuple[str, ...]
    """Answers that raised the rating above what the score gives."""


FIRST_MODEL: Final = Model(
    version=1,
    factors={
        "jurisdiction": Factor(
            25,
            {"standard": 10, "monitored": 70, "call-for-action": 100},
            {"monitored": Rating.MEDIUM, "call-for-action": Rating.PROHIBITED},
        ),
        "people": Factor(
            10,
            {"standard": 10, "monitored": 60, "call-for-action": 100},
            {"call-for-action": Rating.HIGH},
        ),
        "entity": Factor(
            15,
            {
                EntityType.GOVERNMENT: 5,
                EntityType.LISTED_COMPANY: 5,
                EntityType.REGULATED: 10,
                EntityType.COMPANY: 30,
                EntityType.FUND: 40,
                EntityType.PARTNERSHIP: 45,
                EntityType.FOUNDATION: 65,
                EntityType.TRUST: 70,
                EntityType.MONEY_SERVICE: 90,
            },
            {EntityType.MONEY_SERVICE: Rating.HIGH},
        ),
        "industry": Factor(
            15,
            {
                "finance": 15,
                "technology": 20,
                "trade": 35,
                "other": 50,
                "mining": 60,
                "gaming": 80,
                "virtual-assets": 70,
            },
        ),
        "layers": Factor(10, {"0": 10, "1": 30, "2": 60, "3+": 100}),
        "exposure": Factor(15, {"none": 0, "political": 100}, {"political": Rating.HIGH}),
        "sanctions": Factor(5, {"none": 0, "true-match": 100}, {"true-match": Rating.PROHIBITED}),
        "volume": Factor(5, {"below-1m": 10, "below-10m": 30, "below-100m": 60, "above": 100}),
    },
    medium_from=35,
    high_from=60,
    consequences={
        Rating.LOW: Consequences(36, 10_000_000, 25_000_000, 100_000_000),
        Rating.MEDIUM: Consequences(24, 5_000_000, 10_000_000, 50_000_000),
        Rating.HIGH: Consequences(12, 1_000_000, 2_000_000, 10_000_000),
        Rating.PROHIBITED: Consequences(12, 0, 0, 0),
    },
)
"""The model that a house begins with; it adopts others as it sees fit."""
QUESTIONS: Final = frozenset(FIRST_MODEL.factors)
"""What is known of a client answers these; no model can ask another one."""


def country_answer(*countries: str) -> str:
    """Return the answer for the riskiest of some countries."""
    if CALL_FOR_ACTION.intersection(countries):
        return "call-for-action"
    return "monitored" if UNDER_MONITORING.intersection(countries) else "standard"


def layers_answer(layers: int) -> str:
    """Return the answer for how many entities stand between the client and the people who own it."""
    return str(layers) if layers < 3 else "3+"


def score_of(model: Model, answers: Mapping[str, str]) -> Score:
    """Return how a client scores. Raise `Refused` if a question is not answered, or not with one of the answers."""
    parts, raised = [], []
    rating = Rating.LOW
    for name, factor in model.factors.items():
        answer = answers.get(name)
        if answer not in factor.points:
            given = "is not answered" if answer is None else f"{answer[:40]!r} is no answer"
            raise Refused(f"risk: {name} {given}; give one of {', '.join(factor.points)}")
        parts.append(Part(name, answer, factor.points[answer], factor.weight))
    weight = sum(part.weight for part in parts)
    score = -(-sum(part.points * part.weight for part in parts) // weight)
    if score >= model.high_from:
        rating = Rating.HIGH
    elif score >= model.medium_from:
        rating = Rating.MEDIUM
    by_score = rating
    for part in parts:
        floor = model.factors[part.factor].at_least.get(part.answer, Rating.LOW)
        if floor.rank > by_score.rank:
            raised.append(f"{part.factor}: {part.answer}")
            rating = max(rating, floor, key=lambda each: each.rank)
    return Score(model.version, score, rating, tuple(parts), tuple(raised))


def decode_model(content: Any) -> Model:  # noqa: ANN401 - what JSON may hold
    """Return a model. Raise `Refused` if it is not a whole and sensible one."""
    try:
        model = msgspec.convert(content, Model)
    except msgspec.ValidationError as error:
        raise Refused(f"risk model: {error}") from error
    if model.version < 1 or not model.factors:
        raise Refused("risk model: needs a version from 1 on, and factors")
    if not 0 < model.medium_from < model.high_from <= 100:
        raise Refused("risk model: needs 0 < medium_from < high_from <= 100")
    if unasked := sorted(set(model.factors) - QUESTIONS):
        asked = ", ".join(sorted(QUESTIONS))
        raise Refused(f"risk model: nothing answers {', '.join(unasked)[:80]}; it may ask for {asked}")
    for name, factor in model.factors.items():
        if factor.weight <= 0 or not factor.points:
            raise Refused(f"risk model: {name} needs a weight above 0, and answers")
        if not all(0 <= points <= 100 for points in factor.points.values()):
            raise Refused(f"risk model: the points of {name} go from 0 to 100")
        if unknown := set(factor.at_least) - set(factor.points):
            raise Refused(f"risk model: {name} raises the rating for {', '.join(unknown)}, which is no answer")
    if missing := set(Rating) - set(model.consequences):
        raise Refused(f"risk model: says not what follows from {', '.join(sorted(missing))}")
    if any(each.review_months < 1 for each in model.consequences.values()):
        raise Refused("risk model: a review is due after a month or more")
    return model
