"""Suspends a client, at once and by one person; lets it go on only with two.

A suspension is delivered to the engine, which cancels the firm's open orders and takes no more, or holds no more funds
for its withdrawals; payments ask as well (`behind_accounts`). Another suspension adds to the one there is; one that is
to be narrower takes two, as lifting it does, and nobody goes on whom a screening hit stands against. A client that
leaves takes its suspension along.
"""

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm import gateway
from backoffice.crm.loading import client_of
from backoffice.crm.rating import version_of_client
from backoffice.crm.screening.checking import hits_of, true_matches_of
from backoffice.crm.standing import Known, refuse, screening_flaws
from backoffice.crm.tables.file import Client
from backoffice.crm.workflow import STEPS, State, Suspension, Verb, after
from backoffice.errors import Refused
from backoffice.staff import approvals, audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.tables import Approval

RESUMPTION: Final = "client-resume"


async def suspend(
    session: AsyncSession, actor: Actor, client_id: str, what: Suspension, *, why: str, now_ns: int
) -> Client:
    """Suspend a client, or widen its suspension. The outbox has the engine know.

    Raise `Refused` if it is suspended from as much already.
    """
    actor.require(STEPS[Verb.SUSPEND].permission)
    client = await client_of(session, client_id, for_update=True)
    state, was, rights = State(client.state), _suspension(client), gateway.rights_of(client)
    new = after(client.id, state, Verb.SUSPEND)
    if was is not None and was is not what:
        what = Suspension.ALL
    if what is was:
        raise Refused(f"{client.id} is suspended from {'everything' if was is Suspension.ALL else was} already")
    client.state, client.suspension, client.suspended_for = new.value, what.value, why
    await gateway.tell(session, actor, client, rights, why=why, now_ns=now_ns)
    await _record(session, actor, Verb.SUSPEND, client, state, was, why, now_ns)
    return client


async def propose_resumption(session: AsyncSession, actor: Actor, client_id: str, *, why: str, now_ns: int) -> Approval:
    """Ask for a client to go on. A second person approves it.

    Raise `Refused` if it is not suspended, or a screening hit stands against it.
    """
    actor.require(STEPS[Verb.RESUME].permission)
    client = await client_of(session, client_id)
    after(client.id, State(client.state), Verb.RESUME)
    if client.suspension is None:
        raise Refused(f"{client.id} is not suspended")
    await _check_hits(session, client)
    return await approvals.propose(
        session,
        actor,
        RESUMPTION,
        f"client/{client.id}",
        {"suspension": client.suspension, "suspended_for": client.suspended_for},
        why=why,
        now_ns=now_ns,
        subject_version=client.version,
    )


async def _resume(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    client = await client_of(session, approval.subject.removeprefix("client/"), for_update=True)
    await _check_hits(session, client)
    state, was, rights = State(client.state), _suspension(client), gateway.rights_of(client)
    client.state = after(client.id, state, Verb.RESUME).value
    client.suspension, client.suspended_for = None, ""
    await gateway.tell(session, actor, client, rights, why=approval.why, now_ns=now_ns)
    await _record(session, actor, Verb.RESUME, client, state, was, approval.why, now_ns)


async def _check_hits(session: AsyncSession, client: Client) -> None:
    """Raise `Refused` if a hit is to be decided, or is a true match on a sanctions list, as it is at an activation."""
    hits, matches = await hits_of(session, client), await true_matches_of(session, client)
    known = Known(
        client.id,
        State(client.state),
        open_hits=tuple(hit.id for hit in hits),
        true_matches=tuple(hit.id for hit in matches),
    )
    refuse(client.id, Verb.RESUME, [*screening_flaws(known)])


def _suspension(client: Client) -> Suspension | None:
    return None if client.suspension is None else Suspension(client.suspension)


async def _record(
    session: AsyncSession,
    actor: Actor,
    verb: Verb,
    client: Client,
    state: State,
    was: Suspension | None,
    why: str,
    now_ns: int,
) -> None:
    await session.flush()
    before: dict[str, Any] = {"state": state, "suspension": was}
    now = {"state": client.state, "suspension": client.suspension}
    await audit.record(session, actor, verb, f"client/{client.id}", before=before, after=now, why=why, now_ns=now_ns)


approvals.register(
    RESUMPTION,
    Permission.SUSPEND_CLIENTS,
    _resume,
    version_of=version_of_client,
    words="lift the suspension of {name} for {suspension}",
)
