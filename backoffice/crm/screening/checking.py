"""Screens a client: the client itself, and everybody in its file, against all lists.

Somebody is screened again when the lists have changed since, or what is known of them has, and not otherwise. What was
decided on an entry stays decided for as long as that entry stays the same.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.client_file import ClientFile
from backoffice.crm.following_up import put_task
from backoffice.crm.loading import read_file
from backoffice.crm.numbering import next_number
from backoffice.crm.screening.entry import Birth, Entry, Kind, Subject
from backoffice.crm.screening.matching import Match, Watchlist
from backoffice.crm.sealed_fields import seal
from backoffice.crm.tables.check import Screening, ScreeningEntry, ScreeningHit, ScreeningList
from backoffice.crm.tables.file import Client
from backoffice.crm.workflow import State
from backoffice.errors import Refused
from backoffice.staff import audit
from backoffice.staff.actor import BACK_OFFICE, Actor
from backoffice.staff.permissions import Permission, Role
from backoffice.staff.sealing import Sealer
from backoffice.times import day_of


class Lists(msgspec.Struct, frozen=True):
    """All lists, arranged for screening."""

    digest: str
    """Of all of them together."""
    purposes: dict[str, str]
    watchlists: dict[str, Watchlist]


class Screened(msgspec.Struct, frozen=True):
    """What screening a client came to."""

    client: str
    subjects: tuple[str, ...]
    """Who was screened now; the others were already, as they and the lists are."""
    new_hits: tuple[str, ...]


async def load_lists(session: AsyncSession) -> Lists:
    """Return all lists. Raise `Refused` if there is none."""
    lists = (await session.scalars(select(ScreeningList).order_by(ScreeningList.name))).all()
    if not lists:
        raise Refused("there is no list to screen against; `fondaco screening import NAME FILE` takes one over")
    watchlists = {}
    for each in lists:
        contents = await session.scalars(
            select(ScreeningEntry.content).where(ScreeningEntry.list == each.name).order_by(ScreeningEntry.entry)
        )
        # That takes a second or so, for which whatever else this process does need not stand still.
        watchlists[each.name] = await asyncio.to_thread(_arranged, contents.all())
    return Lists(_digest(lists), {each.name: each.purpose for each in lists}, watchlists)


async def lists_digest(session: AsyncSession) -> str:
    """Return the version of all lists together, an empty text if there is none."""
    lists = (await session.scalars(select(ScreeningList).order_by(ScreeningList.name))).all()
    return _digest(lists) if lists else ""


async def screen(
    session: AsyncSession, actor: Actor, sealer: Sealer, client: Client, lists: Lists, *, why: str, now_ns: int
) -> Screened:
    """Screen everybody in a client's file who has not been screened as they and the lists are now."""
    if actor != BACK_OFFICE:
        actor.require(Permission.SCREEN_CLIENTS)
    subjects = subjects_of(client.id, await read_file(session, sealer, client))
    known = await _screenings(session, client)
    screened, hits, lapsed = [], [], []
    for name, subject in subjects.items():
        digest = subject.digest()
        last = known.get(name)
        if last is not None and (last.subject_digest, last.lists_digest) == (digest, lists.digest):
            continue
        screened.append(name)
        new, old = await _screen_one(session, sealer, client, name, subject, lists, now_ns)
        hits += new
        lapsed += old
        await session.merge(
            Screening(
                subject=name,
                client=client.number,
                subject_digest=digest,
                lists_digest=lists.digest,
                screened_ns=now_ns,
            )
        )
    await session.flush()
    if hits and client.state in (State.ACTIVE, State.SUSPENDED):
        what = f"decide on new screening hits: {', '.join(hits[:10])}"
        today, compliance = day_of(now_ns), Role.COMPLIANCE.value
        await put_task(session, BACK_OFFICE, client, what, today, compliance, why="new hits", now_ns=now_ns)
    if screened:
        after = {"subjects": screened, "hits": hits, "lapsed": lapsed, "lists": lists.digest}
        await audit.record(
            session, actor, "screen", f"client/{client.id}", before=None, after=after, why=why, now_ns=now_ns
        )
    return Screened(client.id, tuple(screened), tuple(hits))


async def unscreened(session: AsyncSession, client: Client, file: ClientFile) -> tuple[str, ...]:
    """Return who in a client's file has not been screened as they and the lists are now."""
    digest = await lists_digest(session)
    known = await _screenings(session, client)
    return tuple(
        name
        for name, subject in subjects_of(client.id, file).items()
        if name not in known or (known[name].subject_digest, known[name].lists_digest) != (subject.digest(), digest)
    )


async def hits_of(session: AsyncSession, client: Client, states: Iterable[str] = ("open",)) -> list[ScreeningHit]:
    """Return a client's hits, the most alike first."""
    query = select(ScreeningHit).where(ScreeningHit.client == client.number, ScreeningHit.state.in_(list(states)))
    return list(await session.scalars(query.order_by(ScreeningHit.score.desc(), ScreeningHit.number)))


async def true_matches_of(session: AsyncSession, client: Client, purpose: str = "sanctions") -> list[ScreeningHit]:
    """Return a client's true matches on lists of a purpose."""
    return [hit for hit in await hits_of(session, client, ("true-match",)) if hit.purpose == purpose]


async def all_hits(session: AsyncSession, client: Client | None, *, open_only: bool) -> list[ScreeningHit]:
    """Return hits, the most alike first: of one client or of all."""
    query = select(ScreeningHit).order_by(ScreeningHit.score.desc(), ScreeningHit.number)
    if client is not None:
        query = query.where(ScreeningHit.client == client.number)
    if open_only:
        query = query.where(ScreeningHit.state == "open")
    return list(await session.scalars(query))


def subjects_of(client_id: str, file: ClientFile) -> dict[str, Subject]:
    """Return who is to be screened, by what staff call them."""
    countries = {file.jurisdiction, *(address.country for address in file.addresses.values())}
    names = (file.name, file.trading_name) if file.trading_name else (file.name,)
    subjects = {client_id: Subject(Kind.ENTITY, names, None, tuple(sorted(countries)))}
    for party in file.parties:
        birth = None if party.born is None else Birth(party.born, party.born)
        places = set(party.countries) | ({party.address.country} if party.address is not None else set())
        kind = Kind.PERSON if party.kind == "person" else Kind.ENTITY
        subjects[party.id] = Subject(kind, (party.name,), birth, tuple(sorted(places)))
    return subjects


def _arranged(contents: Iterable[str]) -> Watchlist:
    return Watchlist(msgspec.json.decode(content, type=Entry) for content in contents)


async def _screen_one(
    session: AsyncSession, sealer: Sealer, client: Client, name: str, subject: Subject, lists: Lists, now_ns: int
) -> tuple[list[str], list[str]]:
    """Keep what was found on one subject, and return the hits that are new, and those that have lapsed."""
    new, lapsed = [], []
    query = select(ScreeningHit).where(ScreeningHit.subject == name)
    known = {(hit.list, hit.entry, hit.entry_digest): hit for hit in await session.scalars(query)}
    found: set[tuple[str, str, str]] = set()
    for list_name, watchlist in lists.watchlists.items():
        for match in watchlist.screen(subject):
            key = (list_name, match.entry.id, match.entry.digest())
            found.add(key)
            if key not in known:
                hit = await _put_hit(session, sealer, client, name, list_name, lists.purposes, match, now_ns)
                new.append(hit.id)
            elif known[key].state == "lapsed":
                known[key].state = "open"
                new.append(known[key].id)
    for key, hit in known.items():
        # Nobody need decide on what is not alike any more.
        if key not in found and hit.state == "open":
            hit.state = "lapsed"
            lapsed.append(hit.id)
    return new, lapsed


async def _put_hit(
    session: AsyncSession,
    sealer: Sealer,
    client: Client,
    subject: str,
    list_name: str,
    purposes: Mapping[str, str],
    match: Match,
    now_ns: int,
) -> ScreeningHit:
    number = await next_number(session, ScreeningHit.number)
    hit = ScreeningHit(
        number=number,
        client=client.number,
        subject=subject,
        list=list_name,
        purpose=purposes[list_name],
        entry=match.entry.id,
        entry_digest=match.entry.digest(),
        entry_content=msgspec.json.encode(match.entry).decode(),
        said=seal(sealer, ScreeningHit, "said", match.said, number),
        listed=match.listed,
        score=match.score,
        name_score=match.name_score,
        state="open",
        found_ns=now_ns,
        reason="",
    )
    session.add(hit)
    await session.flush()
    return hit


async def _screenings(session: AsyncSession, client: Client) -> dict[str, Screening]:
    rows = await session.scalars(
        select(Screening).where(Screening.client == client.number).execution_options(populate_existing=True)
    )
    return {each.subject: each for each in rows}


def _digest(lists: Iterable[ScreeningList]) -> str:
    return hashlib.sha256("".join(f"{each.name} {each.digest}\n" for each in lists).encode()).hexdigest()
