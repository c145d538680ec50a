"""Who owns a client, through however many entities, and who controls it.

A holding says that a holder has a share of an entity, and of its votes. The graph of holdings is walked from the client
up, each entity once: a holder's share of the client is the sum over all paths of the products along them, exact
(fractions of whole numbers). Votes are another matter: who has more than half of an entity's votes casts all of them.

Beneficial owners are the people who reach the threshold, by capital or by votes. The threshold depends on where the
client is and on what it is. Where owners are not known the graph has a gap; one that is smaller than the threshold need
not be filled, since nobody behind it could reach it.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

import msgspec

from backoffice.crm.identity import EntityType
from backoffice.errors import Refused
from engine.decimals import format_decimal, parse_decimal
from engine.errors import DecimalError

WHOLE_PPM: Final = 1_000_000
"""100 %, in parts per million."""
HOLDINGS_MAX: Final = 2_000
"""More than this is no structure that anybody could review."""
_THRESHOLD_PPM: Final = 250_000
_LOW_THRESHOLD_PPM: Final = 100_000
_LOW_THRESHOLD_IN: Final = frozenset({"IN", "KY", "NG", "PA", "VG"})
"""Where the law or supervisors ask for owners of 10 % on."""


class Holding(msgspec.Struct, frozen=True):
    """A holder's share of an entity and of its votes, in parts per million."""

    holder: str
    held: str
    share_ppm: int
    votes_ppm: int


class Owner(msgspec.Struct, frozen=True):
    """What somebody has of the client in the end."""

    party: str
    share: Fraction
    votes: Fraction

    def reaches(self, threshold_ppm: int) -> bool:
        return max(self.share, self.votes) * WHOLE_PPM >= threshold_ppm


class Gap(msgspec.Struct, frozen=True):
    """A part of an entity whose owners are not known, as a share of the client."""

    entity: str
    share: Fraction


class Structure(msgspec.Struct, frozen=True):
    """A client's owners, people and entities, largest first, and where they are not known."""

    owners: tuple[Owner, ...]
    people: frozenset[str]
    gaps: tuple[Gap, ...]
    layers: int
    """How many entities stand between the client and those who own it, on the longest path."""

    def beneficial_owners(self, threshold_ppm: int) -> tuple[Owner, ...]:
        """Return the people in scope."""
        return tuple(owner for owner in self.owners if owner.party in self.people and owner.reaches(threshold_ppm))

    def open_gaps(self, threshold_ppm: int) -> tuple[Gap, ...]:
        """Return the gaps that somebody in scope could be behind."""
        return tuple(gap for gap in self.gaps if gap.share * WHOLE_PPM >= threshold_ppm)


def threshold_ppm(jurisdiction: str, entity_type: EntityType, *, is_high_risk: bool) -> int:
    """Return from what share on an owner counts, in parts per million."""
    is_low = jurisdiction in _LOW_THRESHOLD_IN or entity_type is EntityType.MONEY_SERVICE or is_high_risk
    return _LOW_THRESHOLD_PPM if is_low else _THRESHOLD_PPM


def parse_percent(text: str) -> int:
    """Return a percentage in parts per million. Raise `Refused` unless it is from 0 to 100."""
    try:
        ppm = parse_decimal(text.removesuffix("%").strip(), 4)
    except DecimalError as error:
        raise Refused(f"share {error}; write a percentage, as 12.5") from error
    if not 0 <= ppm <= WHOLE_PPM:
        raise Refused(f"share {text[:40]!r}: must be from 0 to 100 per cent")
    return ppm


def percent(share: Fraction | int) -> str:
    """Return a share (a fraction, or parts per million) as people read it, cut off after four decimals."""
    ppm = share if isinstance(share, int) else share.numerator * WHOLE_PPM // share.denominator
    text = format_decimal(ppm, 4).rstrip("0").rstrip(".")
    return f"{text} %"


def structure_of(client: str, holdings: Iterable[Holding], people: Iterable[str]) -> Structure:
    """Return what everybody has of a client.

    Raise `Refused` if an entity would own itself, over however many others, if more than the whole of one is owned, if
    a person is owned, or if a holding stands twice.
    """
    known = frozenset(people)
    by_held = _by_held(holdings, known)
    order = _from_the_top(client, by_held)
    shares, depths = {client: Fraction(1)}, {client: 0}
    for entity in order:
        for holding in by_held.get(entity, ()):
            if holding.holder not in known:
                depths[holding.holder] = max(depths.get(holding.holder, 0), depths[entity] + 1)
            part = shares[entity] * holding.share_ppm / WHOLE_PPM
            shares[holding.holder] = shares.get(holding.holder, Fraction(0)) + part
    owners = [Owner(party, share, _votes(party, client, by_held)) for party, share in shares.items() if party != client]
    owners.sort(key=lambda owner: (-owner.share, -owner.votes, owner.party))
    gaps = [
        Gap(entity, shares[entity] * (WHOLE_PPM - sum(each.share_ppm for each in by_held.get(entity, ()))) / WHOLE_PPM)
        for entity in order
        if entity not in known
    ]
    gaps = sorted((gap for gap in gaps if gap.share), key=lambda gap: (-gap.share, gap.entity))
    return Structure(tuple(owners), known, tuple(gaps), max(depths.values()))


def _by_held(holdings: Iterable[Holding], people: frozenset[str]) -> Mapping[str, tuple[Holding, ...]]:
    by_held: dict[str, list[Holding]] = {}
    for number, holding in enumerate(holdings, 1):
        if number > HOLDINGS_MAX:
            raise Refused(f"ownership: more than {HOLDINGS_MAX:,} holdings")
        if holding.held in people:
            raise Refused(f"ownership: {holding.held} is a person, whom {holding.holder} cannot own")
        for what, ppm in (("share", holding.share_ppm), ("votes", holding.votes_ppm)):
            if not 0 <= ppm <= WHOLE_PPM:
                raise Refused(f"ownership: the {what} of {holding.holder} in {holding.held} must be from 0 to 100 %")
        if not holding.share_ppm and not holding.votes_ppm:
            raise Refused(f"ownership: {holding.holder} has neither a share of {holding.held} nor votes")
        held = by_held.setdefault(holding.held, [])
        if any(other.holder == holding.holder for other in held):
            raise Refused(f"ownership: {holding.holder} stands twice among the owners of {holding.held}; add them up")
        held.append(holding)
    for entity, held in by_held.items():
        for what, total in (
            ("shares", sum(each.share_ppm for each in held)),
            ("votes", sum(each.votes_ppm for each in held)),
        ):
            if total > WHOLE_PPM:
                raise Refused(f"ownership: the {what} in {entity} add up to {percent(total)}, more than the whole")
    return {entity: tuple(held) for entity, held in by_held.items()}


def _from_the_top(client: str, by_held: Mapping[str, tuple[Holding, ...]]) -> list[str]:
    """Return the client and all its owners, each before those who own it. Raise `Refused` if there is a circle.

    All holdings are looked at, not only those that lead to the client: a circle among others is wrong too.
    """
    order: list[str] = []
    done: set[str] = set()
    for start in (*(entity for entity in by_held if entity != client), client):
        trail = [start]
        waiting = [list(_holders(start, by_held))]
        if start in done:
            continue
        while trail:
            if waiting[-1]:
                holder = waiting[-1].pop()
                if holder in trail:
                    circle = [*trail[trail.index(holder) :], holder]
                    raise Refused(f"ownership runs in a circle: {' is owned by '.join(circle)}")
                if holder not in done:
                    trail.append(holder)
                    waiting.append(list(_holders(holder, by_held)))
                continue
            waiting.pop()
            entity = trail.pop()
            done.add(entity)
            order.append(entity)
    order.reverse()
    reached = {client}
    for entity in order:
        if entity in reached:
            reached.update(_holders(entity, by_held))
    return [entity for entity in order if entity in reached]


def _holders(entity: str, by_held: Mapping[str, tuple[Holding, ...]]) -> tuple[str, ...]:
    return tuple(holding.holder for holding in by_held.get(entity, ()))


def _votes(party: str, client: str, by_held: Mapping[str, tuple[Holding, ...]]) -> Fraction:
    """Return the votes that somebody casts in the client: his own, and those of all entities that he controls."""
    controlled = {party}
    grows = True
    while grows:
        grows = False
        for entity in by_held:
            if entity in controlled or entity == client:
                continue
            if _cast(entity, controlled, by_held) * 2 > WHOLE_PPM:
                controlled.add(entity)
                grows = True
    return Fraction(_cast(client, controlled, by_held), WHOLE_PPM)


def _cast(entity: str, by: set[str], by_held: Mapping[str, tuple[Holding, ...]]) -> int:
    return sum(holding.votes_ppm for holding in by_held.get(entity, ()) if holding.holder in by)
