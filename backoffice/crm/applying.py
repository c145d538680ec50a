"""Takes a client through the workflow: each step checks what it needs, changes the state, and goes on record.

Four eyes: whoever has entered, submitted or changed the client cannot approve it.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm import client_file, gateway
from backoffice.crm.editing import check_unique
from backoffice.crm.knowing import known_of
from backoffice.crm.loading import client_of, read_file
from backoffice.crm.numbering import next_number
from backoffice.crm.rated import newest_model
from backoffice.crm.screening.checking import Lists, Screened, screen
from backoffice.crm.sealed_fields import seal
from backoffice.crm.standing import (
    agreement_flaws,
    check_flaws,
    file_flaws,
    rating_flaws,
    refuse,
    screening_flaws,
)
from backoffice.crm.tables.file import Client, FileSnapshot
from backoffice.crm.workflow import STEPS, State, Verb, after, kept_until
from backoffice.errors import Refused
from backoffice.staff import audit
from backoffice.staff.actor import Actor
from backoffice.staff.sealing import Sealer
from backoffice.times import day_of

_SCREENED_IN: Final = frozenset({State.SCREENING, State.RISK, State.REVIEW, State.INFORMATION_REQUESTED})
_ALIVE: Final = frozenset({State.APPROVED, State.ACTIVE, State.SUSPENDED, State.OFFBOARDING})


async def submit(
    session: AsyncSession, actor: Actor, sealer: Sealer, client_id: str, *, why: str, now_ns: int
) -> Client:
    """Ask for a client to be looked at. Its file must be whole. Raise `Refused` with what is missing."""
    client = await _begin(session, actor, client_id, Verb.SUBMIT)
    client.submitted_by, client.submitted_ns = actor.user, now_ns
    client.risk_model = await newest_model(session)
    known = await known_of(session, sealer, client, now_ns)
    refuse(client.id, Verb.SUBMIT, list(file_flaws(known)))
    return await _move(session, actor, client, Verb.SUBMIT, why, now_ns, {"risk_model": client.risk_model})


async def screen_client(
    session: AsyncSession, actor: Actor, sealer: Sealer, client_id: str, lists: Lists, *, why: str, now_ns: int
) -> Screened:
    """Screen a client; an application that waits for it goes on, and past it if there is nothing to decide."""
    client = await client_of(session, client_id, for_update=True)
    state = State(client.state)
    if state in (State.SUBMITTED, State.DRAFT, State.REJECTED, State.CLOSED):
        await _begin(session, actor, client_id, Verb.SCREEN)
        await _move(session, actor, client, Verb.SCREEN, why, now_ns)
    else:
        assert state in _SCREENED_IN | _ALIVE, "every state is one of these"
    return await screen(session, actor, sealer, client, lists, why=why, now_ns=now_ns)


async def clear(
    session: AsyncSession, actor: Actor, sealer: Sealer, client_id: str, *, why: str, now_ns: int
) -> Client:
    """Say that screening is done with. Raise `Refused` if hits are open, or one is a true match of a sanctions list."""
    client = await _begin(session, actor, client_id, Verb.CLEAR)
    known = await known_of(session, sealer, client, now_ns)
    refuse(client.id, Verb.CLEAR, list(screening_flaws(known)))
    return await _move(session, actor, client, Verb.CLEAR, why, now_ns)


async def clear_if_clear(
    session: AsyncSession, actor: Actor, sealer: Sealer, client_id: str, *, why: str, now_ns: int
) -> Client:
    """Let an application that is being screened go on, if nothing is left to decide."""
    client = await client_of(session, client_id, for_update=True)
    if client.state != State.SCREENING or list(screening_flaws(await known_of(session, sealer, client, now_ns))):
        return client
    return await clear(session, actor, sealer, client_id, why=why, now_ns=now_ns)


async def approve(
    session: AsyncSession, actor: Actor, sealer: Sealer, client_id: str, *, why: str, now_ns: int
) -> Client:
    """Take a client. Raise `Refused` for whoever entered, submitted or changed it, or if anything stands against it."""
    client = await _begin(session, actor, client_id, Verb.APPROVE)
    for what, users in (
        ("entered", [client.entered_by]),
        ("submitted", [client.submitted_by]),
        ("changed", client.editors.split()),
    ):
        if actor.user in users:
            raise Refused(f"{actor.user} has {what} {client.id}; somebody else must approve it")
    known = await known_of(session, sealer, client, now_ns)
    refuse(client.id, Verb.APPROVE, [*file_flaws(known), *check_flaws(known), *rating_flaws(known)])
    client.approved_by, client.approved_ns, client.editors = actor.user, now_ns, ""
    await take_snapshot(session, actor, sealer, client, "approval", now_ns)
    return await _move(session, actor, client, Verb.APPROVE, why, now_ns)


async def activate(
    session: AsyncSession, actor: Actor, sealer: Sealer, client_id: str, *, why: str, now_ns: int
) -> Client:
    """Let a client trade. The outbox has the engine know.

    Raise `Refused` if an agreement is not signed, what was approved no longer holds, or for whoever changed it since.
    """
    client = await _begin(session, actor, client_id, Verb.ACTIVATE)
    if actor.user in client.editors.split():
        raise Refused(f"{actor.user} has changed {client.id} since it was approved; somebody else must activate it")
    known = await known_of(session, sealer, client, now_ns)
    flaws = [*file_flaws(known), *check_flaws(known), *rating_flaws(known), *agreement_flaws(known)]
    refuse(client.id, Verb.ACTIVATE, flaws)
    rights = gateway.rights_of(client)
    await _move(session, actor, client, Verb.ACTIVATE, why, now_ns)
    await gateway.tell(session, actor, client, rights, why=why, now_ns=now_ns)
    return client


async def step(session: AsyncSession, actor: Actor, client_id: str, verb: Verb, *, why: str, now_ns: int) -> Client:
    """Take one of the steps that need nothing but a reason: request-information, answer, reject, reopen.

    Raise `Conflict` if what is to be opened again has come in meanwhile as another client.
    """
    assert verb in (Verb.REQUEST_INFORMATION, Verb.ANSWER, Verb.REJECT, Verb.REOPEN), "others need more"
    client = await _begin(session, actor, client_id, verb)
    if verb is Verb.REOPEN:
        if client.is_erased:
            raise Refused(f"{client.id} is erased, and cannot be opened again; a new application is a new client")
        await check_unique(session, {"lei": client.lei or ""}, client)
        was = {"rating": client.rating, "risk_model": client.risk_model, "keep_until": str(client.keep_until or "")}
        client.submitted_by = client.submitted_ns = client.risk_model = client.rating = client.keep_until = None
        now = {**dict.fromkeys(was), "keep_until": ""}
        return await _move(session, actor, client, verb, why, now_ns, now, was)
    if verb is Verb.REJECT:
        client.keep_until = kept_until(day_of(now_ns))
        now = {"keep_until": str(client.keep_until)}
        return await _move(session, actor, client, verb, why, now_ns, now, {"keep_until": ""})
    return await _move(session, actor, client, verb, why, now_ns)


async def take_snapshot(
    session: AsyncSession, actor: Actor, sealer: Sealer, client: Client, occasion: str, now_ns: int
) -> None:
    """Keep the file as it is, for the next review to compare with."""
    number = await next_number(session, FileSnapshot.number)
    text = client_file.encode(await read_file(session, sealer, client)).decode()
    session.add(
        FileSnapshot(
            number=number,
            client=client.number,
            content=seal(sealer, FileSnapshot, "content", text, number),
            taken_ns=now_ns,
            taken_by=actor.user,
            occasion=occasion,
        )
    )
    await session.flush()


async def _begin(session: AsyncSession, actor: Actor, client_id: str, verb: Verb) -> Client:
    """Return a client that a step may be taken with. Raise `Refused` if the actor, or the state, does not allow it."""
    actor.require(STEPS[verb].permission)
    client = await client_of(session, client_id, for_update=True)
    after(client.id, State(client.state), verb)
    return client


async def _move(
    session: AsyncSession,
    actor: Actor,
    client: Client,
    verb: Verb,
    why: str,
    now_ns: int,
    facts: Mapping[str, int | str | None] | None = None,
    were: Mapping[str, int | str | None] | None = None,
) -> Client:
    before = State(client.state)
    client.state = after(client.id, before, verb).value
    await session.flush()
    await audit.record(
        session,
        actor,
        verb,
        f"client/{client.id}",
        before={"state": before, **(were or {})},
        after={"state": client.state, **(facts or {})},
        why=why,
        now_ns=now_ns,
    )
    return client
