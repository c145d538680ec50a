"""People and entities who own several clients: to the market, the firms of one of them are one side.

Two people in two files are one if the words of their names, as screening reads them, and the day on which they were
born are the same, and they have a country in common. Two entities are one if they have the same LEI. That is exact:
nobody is matched who is only alike, or of whom a file lacks one of these. An entity in common may be a client itself;
who owns it need not be known. An owner has what the ownership graph of each file comes to: as it is now, and as it was
at any time before. Who is who is judged by what is known of people now.
"""

import datetime as dt
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.client_file import THE_CLIENT
from backoffice.crm.identity import check_lei
from backoffice.crm.ownership import Holding, Owner, structure_of
from backoffice.crm.screening.entry import Kind
from backoffice.crm.screening.names import words_of
from backoffice.crm.sealed_fields import opened
from backoffice.crm.tables.file import Client, Party, PartyHolding
from backoffice.errors import Refused
from backoffice.staff.actor import Actor
from backoffice.staff.sealing import Sealer, place

_PERSON: Final = "person"


class Person(msgspec.Struct, frozen=True):
    """Somebody in a client's file; `number` is the party's."""

    number: int
    name: str
    born: dt.date | None
    countries: frozenset[str]


class Stake(msgspec.Struct, frozen=True):
    """What an owner has of a client in the end, and as which party of its file; a client has all of itself."""

    client: str
    party: str
    share: Fraction
    votes: Fraction


class Stakes(NamedTuple):
    """What owners have of a firm by what is known from a time on, each by the lowest number that it has (`_called`)."""

    since_ns: int
    of: Mapping[int, Stake]


class SharedOwners:
    """Those who own several firms, by what is known now, and what was known at any time before."""

    __slots__ = ("_firms",)

    def __init__(self, firms: Mapping[str, Sequence[Stakes]]) -> None:
        """`firms`: what was known of each, and is now, as it came to be."""
        self._firms = firms

    def of_both(self, firm: str, other: str, time_ns: int | None = None) -> dict[str, tuple[Stake, Stake]]:
        """Return who owns two firms, and what of each, by what was known at a time, or by what is known now.

        An owner is called as a party of some file (P-1), or as the client that it is (C-1).
        """
        stakes, others = self._known(firm, time_ns), self._known(other, time_ns)
        return {_called(owner): (stakes[owner], others[owner]) for owner in sorted(stakes.keys() & others.keys())}

    def _known(self, firm: str, time_ns: int | None) -> Mapping[int, Stake]:
        known = self._firms.get(firm, ())
        end = len(known) if time_ns is None else bisect_right(known, time_ns, key=lambda each: each.since_ns)
        return known[end - 1].of if end else {}


def same_people(people: Iterable[Person]) -> dict[int, int]:
    """Return for each person who can be matched the lowest number of all that are the same person."""
    found: dict[tuple[tuple[str, ...], dt.date], list[tuple[frozenset[str], list[int]]]] = {}
    for person in people:
        words = tuple(sorted(words_of(person.name, Kind.PERSON)))
        if not words or person.born is None or not person.countries:
            continue
        namesakes = found.setdefault((words, person.born), [])
        same = [each for each in namesakes if each[0] & person.countries]
        countries = person.countries.union(*(each[0] for each in same))
        numbers = [person.number, *(number for each in same for number in each[1])]
        namesakes[:] = [*(each for each in namesakes if each not in same), (countries, numbers)]
    return {number: min(numbers) for each in found.values() for _, numbers in each for number in numbers}


async def shared_owners(session: AsyncSession, sealer: Sealer, share_min_ppm: int) -> SharedOwners:
    """Return who owns several firms, of each at least so much, by capital or by votes. Raise `KeyFault`."""
    clients = {
        each.number: each
        for each in await session.scalars(select(Client).where(Client.firm.is_not(None), Client.is_erased.is_(False)))
    }
    parties = {each.number: each for each in await session.scalars(select(Party))}
    holdings: dict[int, list[PartyHolding]] = {}
    for holding in await session.scalars(select(PartyHolding).order_by(PartyHolding.number)):
        if holding.client in clients:
            holdings.setdefault(holding.client, []).append(holding)
    known = {number: [(0, {}), *_over_time(holdings.get(number, ()), parties, share_min_ppm)] for number in clients}
    given = [parties[number] for number in sorted({owner for each in known.values() for _, of in each for owner in of})]
    same = same_people(_person(sealer, party) for party in given if party.kind == _PERSON)
    entities = [(-number, client.lei) for number, client in clients.items()]
    entities += [(party.number, party.lei) for party in given if party.kind != _PERSON]
    same |= _same_entities(entities)
    clients_of = Counter(
        first for first, _ in {(first, parties[at].client if at > 0 else -at) for at, first in same.items()}
    )

    def shared(client: Client, owners: Mapping[int, Owner]) -> dict[int, Stake]:
        stakes: dict[int, Stake] = {}
        if clients_of[same.get(-client.number, 0)] > 1:
            stakes[same[-client.number]] = Stake(client.id, client.id, Fraction(1), Fraction(1))
        for number, owner in sorted(owners.items()):
            if clients_of[same.get(number, 0)] > 1:
                stakes.setdefault(same[number], Stake(client.id, owner.party, owner.share, owner.votes))
        return stakes

    firms = {
        clients[number].firm or "": [Stakes(since_ns, shared(clients[number], of)) for since_ns, of in each]
        for number, each in known.items()
    }
    return SharedOwners({firm: each for firm, each in firms.items() if any(stakes.of for stakes in each)})


async def names_of(session: AsyncSession, sealer: Sealer, actor: Actor, owners: Collection[str]) -> dict[str, str]:
    """Return the names of parties and clients (P-1, C-1) as somebody may see them. Raise `KeyFault`."""
    numbers = {kind: [int(each[2:]) for each in owners if each.startswith(kind)] for kind in ("P-", "C-")}
    clients = await session.scalars(select(Client).where(Client.number.in_(numbers["C-"])))
    parties = await session.scalars(select(Party).where(Party.number.in_(numbers["P-"])))
    return {each.id: each.name for each in clients} | {
        each.id: sealer.shown(actor, each.name, place(Party.__tablename__, "name", each.number)) for each in parties
    }


def _over_time(
    holdings: Sequence[PartyHolding], parties: Mapping[int, Party], share_min_ppm: int
) -> Iterator[tuple[int, dict[int, Owner]]]:
    """Yield who had so much of a client by what was known from each time on at which that changed."""
    for time_ns in sorted({each.since_ns for each in holdings} | {each.until_ns for each in holdings if each.until_ns}):
        then = [each for each in holdings if each.since_ns <= time_ns < (each.until_ns or time_ns + 1)]
        try:
            owners = _owners(then, parties)
        except Refused:
            continue  # Each change left a sound file; what overlaps was changed by a clock that had been set back.
        yield time_ns, {number: owner for number, owner in owners.items() if owner.reaches(share_min_ppm)}


def _owners(holdings: Iterable[PartyHolding], parties: Mapping[int, Party]) -> dict[int, Owner]:
    """Return what each person and entity has of a client, by the number of the party."""
    given = [
        Holding(
            parties[each.holder].id,
            THE_CLIENT if each.held is None else f"P-{each.held}",
            each.share_ppm,
            each.votes_ppm,
        )
        for each in holdings
    ]
    numbers = {parties[each.holder].id: each.holder for each in holdings}
    people = {party for party, number in numbers.items() if parties[number].kind == _PERSON}
    return {numbers[owner.party]: owner for owner in structure_of(THE_CLIENT, given, people).owners}


def _same_entities(entities: Iterable[tuple[int, str | None]]) -> dict[int, int]:
    """Return for each entity that has an LEI, the lowest first, the lowest number of all that have it."""
    found: dict[str, int] = {}
    return {number: found.setdefault(check_lei(lei), number) for number, lei in sorted(entities) if lei}


def _called(owner: int) -> str:
    """Return what staff call an owner: a party by its number, a client by what is below zero."""
    return f"P-{owner}" if owner > 0 else f"C-{-owner}"


def _person(sealer: Sealer, party: Party) -> Person:
    born = opened(sealer, Party, "birth", party.birth, party.number)
    name = opened(sealer, Party, "name", party.name, party.number)
    return Person(party.number, name, dt.date.fromisoformat(born) if born else None, frozenset(party.countries.split()))
