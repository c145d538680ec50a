"""People and entities who own several clients: to the market, the firms of one of them are one side.

Two people in two files are one if the words of their names, as screening reads them, and the day on which they were
born are the same, and they have a country in common. Two entities are one if they have the same LEI. That is exact:
nobody is matched who is only alike, or of whom a file lacks one of these. Who owns an entity in common need not be
known. An owner has what the ownership graph of each file comes to, as it is now.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from typing import Final

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
    """What an owner has of a client in the end, and as which party of its file."""

    client: str
    party: str
    share: Fraction
    votes: Fraction


SharedOwners = Mapping[str, Mapping[int, Stake]]
"""By firm, those who own other firms too: each by the lowest number that they have as a party."""


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
    parties = {each.number: each for each in await session.scalars(select(Party).where(Party.removed_ns.is_(None)))}
    holdings: dict[int, list[PartyHolding]] = {}
    for holding in await session.scalars(select(PartyHolding)):
        if holding.client in clients and holding.holder in parties:
            holdings.setdefault(holding.client, []).append(holding)
    owners = {
        number: owner
        for of_client in holdings.values()
        for number, owner in _owners(of_client, parties).items()
        if owner.reaches(share_min_ppm)
    }
    given = [parties[number] for number in sorted(owners)]
    same = same_people(_person(sealer, party) for party in given if party.kind == _PERSON)
    same |= _same_entities(party for party in given if party.kind != _PERSON)
    found: dict[str, dict[int, Stake]] = {}
    for number, first in sorted(same.items()):
        client, owner = clients[parties[number].client], owners[number]
        stakes = found.setdefault(client.firm or "", {})
        stakes.setdefault(first, Stake(client.id, owner.party, owner.share, owner.votes))
    firms = Counter(first for stakes in found.values() for first in stakes)
    return {
        firm: shared
        for firm, stakes in found.items()
        if (shared := {first: stake for first, stake in stakes.items() if firms[first] > 1})
    }


async def names_of(session: AsyncSession, sealer: Sealer, actor: Actor, parties: Collection[str]) -> dict[str, str]:
    """Return the names of parties (P-1, P-2) as somebody may see them. Raise `KeyFault`."""
    numbers = [int(party.removeprefix("P-")) for party in parties]
    return {
        each.id: sealer.shown(actor, each.name, place(Party.__tablename__, "name", each.number))
        for each in await session.scalars(select(Party).where(Party.number.in_(numbers)))
    }


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


def _same_entities(parties: Iterable[Party]) -> dict[int, int]:
    """Return for each entity that has an LEI, the lowest first, the lowest number of all that have it."""
    found: dict[str, int] = {}
    return {each.number: found.setdefault(check_lei(each.lei), each.number) for each in parties if each.lei}


def _person(sealer: Sealer, party: Party) -> Person:
    born = opened(sealer, Party, "birth", party.birth, party.number)
    name = opened(sealer, Party, "name", party.name, party.number)
    return Person(party.number, name, dt.date.fromisoformat(born) if born else None, frozenset(party.countries.split()))
