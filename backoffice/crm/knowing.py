"""Gathers what is known of a client for the rules that judge it: what stands in its way, and how risky it is."""

from collections.abc import Mapping
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.agreeing import unsigned
from backoffice.crm.client_file import THE_CLIENT, ClientFile, PartyGiven, Role, structure
from backoffice.crm.documents import Shortfall, requirements_of_client, requirements_of_person, shortfalls
from backoffice.crm.filing import papers_of
from backoffice.crm.identity import EntityType
from backoffice.crm.loading import read_file
from backoffice.crm.ownership import Gap, Structure, threshold_ppm
from backoffice.crm.rated import last_score, model_of, newest_model
from backoffice.crm.risk import Model, Rating, Score, country_answer, layers_answer
from backoffice.crm.screening.checking import hits_of, lists_digest, true_matches_of, unscreened
from backoffice.crm.standing import Known
from backoffice.crm.tables.file import Client
from backoffice.crm.workflow import State, Suspension
from backoffice.staff.sealing import Sealer
from backoffice.times import day_of

_OWNERS_NOT_ASKED: Final = frozenset({EntityType.LISTED_COMPANY, EntityType.GOVERNMENT})
_ANSWERABLE: Final = frozenset({Role.DIRECTOR, Role.SIGNATORY, Role.REPRESENTATIVE, Role.CONTROLLER})
"""Roles of people who owe documents whatever they own."""
_ASKED_OF_FILE: Final = ("industry", "volume")
"""Questions of risk whose answers are the client's own word."""


async def known_of(session: AsyncSession, sealer: Sealer, client: Client, now_ns: int) -> Known:
    """Return what is known of a client."""
    file = await read_file(session, sealer, client)
    owned = structure(file)
    threshold = threshold_of(client, file)
    roles = {role for party in file.parties for role in party.roles}
    is_asked = file.entity_type not in _OWNERS_NOT_ASKED
    answers = await answers_of(session, client, file)
    model = await model_of(session, client.risk_model or await newest_model(session))
    return Known(
        client.id,
        State(client.state),
        None if client.suspension is None else Suspension(client.suspension),
        client.suspended_for,
        is_erased=client.is_erased,
        has_lei=bool(file.lei),
        has_address="registered" in file.addresses,
        has_director=Role.DIRECTOR in roles or Role.CONTROLLER in roles,
        has_signatory=Role.SIGNATORY in roles,
        has_firm=bool(file.firm),
        gaps=tuple(_gap(client, gap) for gap in owned.open_gaps(threshold)) if is_asked else (),
        shortfalls=tuple(await _shortfalls(session, client, file, owned, now_ns)),
        names={client.id: file.name, **{party.id: party.name for party in file.parties}},
        unscreened=await unscreened(session, client, file),
        has_lists=bool(await lists_digest(session)),
        open_hits=tuple(hit.id for hit in await hits_of(session, client)),
        true_matches=tuple(hit.id for hit in await true_matches_of(session, client)),
        rating=None if client.rating is None else Rating(client.rating),
        unanswered=_unanswered(model, answers),
        rated_otherwise=await rated_otherwise(session, client, answers),
        unsigned=await unsigned(session, client),
        decided_by=", ".join(
            sorted({client.entered_by, client.submitted_by or client.entered_by, *client.editors.split()})
        ),
    )


def threshold_of(client: Client, file: ClientFile) -> int:
    """Return from what share on somebody counts as an owner of this client, in parts per million."""
    return threshold_ppm(file.jurisdiction, file.entity_type, is_high_risk=client.rating == Rating.HIGH)


def people_in_scope(file: ClientFile, owned: Structure, threshold: int) -> list[PartyGiven]:
    """Return the people who owe documents of themselves."""
    owners = {owner.party for owner in owned.beneficial_owners(threshold)}
    if file.entity_type in _OWNERS_NOT_ASKED:
        owners = set()
    return [
        party
        for party in file.parties
        if party.kind == "person" and (party.id in owners or _ANSWERABLE.intersection(party.roles))
    ]


async def answers_of(session: AsyncSession, client: Client, file: ClientFile) -> dict[str, str]:
    """Return the answers to the questions of risk that follow from what is known."""
    exposed = any(party.is_exposed for party in file.parties) or await true_matches_of(session, client, "pep")
    places = {file.jurisdiction, *(address.country for address in file.addresses.values())}
    people = {country for party in file.parties for country in party.countries}
    answers = {
        "jurisdiction": country_answer(*places),
        "people": country_answer(*people),
        "entity": file.entity_type.value,
        "layers": layers_answer(structure(file).layers),
        "exposure": "political" if exposed else "none",
        "sanctions": "true-match" if await true_matches_of(session, client) else "none",
    }
    given = {"industry": file.industry, "volume": file.volume}
    return {**answers, **{name: answer for name, answer in given.items() if answer}}


async def rated_otherwise(session: AsyncSession, client: Client, answers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the questions of risk whose answers are not any more those that the client was rated by."""
    score = None if client.rating is None else await last_score(session, client)
    if score is None:
        return ()
    parts = msgspec.convert(score.content, Score).parts
    return tuple(part.factor for part in parts if answers.get(part.factor) != part.answer)


def _unanswered(model: Model, answers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, "|".join(model.factors[name].points))
        for name in _ASKED_OF_FILE
        if name in model.factors and answers.get(name) not in model.factors[name].points
    )


async def _shortfalls(
    session: AsyncSession, client: Client, file: ClientFile, owned: Structure, now_ns: int
) -> list[Shortfall]:
    today = day_of(now_ns)
    applied = today if client.submitted_ns is None else day_of(client.submitted_ns)
    papers = await papers_of(session, client)
    is_high_risk = client.rating == Rating.HIGH
    asked = requirements_of_client(file.entity_type, file.jurisdiction, is_high_risk=is_high_risk)
    found = shortfalls(client.id, asked, papers, applied, today)
    for person in people_in_scope(file, owned, threshold_of(client, file)):
        found += shortfalls(person.id, requirements_of_person(), papers, applied, today)
    return found


def _gap(client: Client, gap: Gap) -> Gap:
    return Gap(client.id, gap.share) if gap.entity == THE_CLIENT else gap
