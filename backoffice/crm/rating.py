"""Rates a client by the model that its application began with, and lets two people override what comes out.

Models are adopted by two people as well, and kept for ever. Version 1 comes with the house. What a rating allows holds
from the moment of the decision: the venue is told in the same transaction.
"""

from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.access.telling import tell_limits
from backoffice.crm.documents import months_after
from backoffice.crm.knowing import answers_of
from backoffice.crm.loading import client_of, read_file
from backoffice.crm.numbering import next_number
from backoffice.crm.rated import last_score, model_of, newest_model
from backoffice.crm.risk import Consequences, Rating, Score, decode_model, score_of
from backoffice.crm.tables.check import RiskModel, RiskScore
from backoffice.crm.tables.file import Client
from backoffice.crm.workflow import State, Verb, after
from backoffice.errors import Refused
from backoffice.staff import approvals, audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.sealing import Sealer
from backoffice.staff.tables import Approval
from backoffice.times import day_of

OVERRIDE: Final = "client-rating"
ADOPTION: Final = "risk-model"
_RATED_IN: Final = frozenset(
    {State.RISK, State.REVIEW, State.INFORMATION_REQUESTED, State.APPROVED, State.ACTIVE, State.SUSPENDED}
)


async def rate(session: AsyncSession, actor: Actor, sealer: Sealer, client_id: str, *, why: str, now_ns: int) -> Score:
    """Score a client as it is known now; an application goes on to its review with that.

    What two people have put in the place of a rating holds until its score is another. Raise `Refused` if a question
    has no answer, or before the client is screened.
    """
    actor.require(Permission.SCREEN_CLIENTS)
    client = await client_of(session, client_id, for_update=True)
    state = State(client.state)
    if state not in _RATED_IN:
        after(client.id, state, Verb.RATE)
    model = await model_of(session, client.risk_model or await newest_model(session))
    file = await read_file(session, sealer, client)
    score = score_of(model, await answers_of(session, client, file))
    before = {"state": client.state, "rating": client.rating, "review_due": str(client.review_due or "")}
    override = await _override_of(session, client, score)
    if override is not None:
        score = override
    else:
        await _put(session, client, score, actor.user, None, why, now_ns)
    if state is State.RISK:
        client.state = after(client.id, state, Verb.RATE).value
    _set_review(client, model.consequences[score.rating], now_ns)
    await session.flush()
    now = {
        "state": client.state,
        "rating": client.rating,
        "score": score.score,
        "model": score.model,
        "review_due": str(client.review_due),
    }
    await audit.record(
        session, actor, Verb.RATE, f"client/{client.id}", before=before, after=now, why=why, now_ns=now_ns
    )
    await _tell_venue(session, actor, client, why, now_ns)
    return score


async def propose_rating(
    session: AsyncSession, actor: Actor, client_id: str, rating: Rating, *, why: str, now_ns: int
) -> Approval:
    """Ask for another rating than the score gives. Raise `Refused` if there is no score yet."""
    actor.require(Permission.SCORE_CLIENTS)
    client = await client_of(session, client_id)
    if client.rating is None:
        raise Refused(f"{client.id} has no score yet, which could be overridden; `fondaco client risk` makes one")
    if client.rating == rating:
        raise Refused(f"{client.id} is rated {rating} already")
    return await approvals.propose(
        session,
        actor,
        OVERRIDE,
        f"client/{client.id}",
        {"rating": rating.value},
        why=why,
        now_ns=now_ns,
        subject_version=client.version,
    )


async def propose_model(
    session: AsyncSession, actor: Actor, content: dict[str, Any], *, why: str, now_ns: int
) -> Approval:
    """Ask for a new model of risk. Raise `Refused` if it makes no sense, or is not of the next version."""
    actor.require(Permission.SCORE_CLIENTS)
    model = decode_model(content)
    newest = await newest_model(session)
    if model.version != newest + 1:
        raise Refused(f"risk model {model.version}: the next is {newest + 1}")
    return await approvals.propose(
        session, actor, ADOPTION, f"risk-model/{model.version}", content, why=why, now_ns=now_ns
    )


async def _override_of(session: AsyncSession, client: Client, score: Score) -> Score | None:
    """Return a score as two people have overridden it, if they have, and it is the one that they had before them."""
    last = await last_score(session, client)
    if client.rating is None or last is None or last.proposed_by is None:
        return None
    overridden = msgspec.convert(last.content, Score)
    return overridden if overridden == msgspec.structs.replace(score, rating=overridden.rating) else None


def _set_review(client: Client, consequences: Consequences, now_ns: int) -> None:
    client.review_due = months_after(day_of(now_ns), consequences.review_months)


async def _put(
    session: AsyncSession,
    client: Client,
    score: Score,
    scored_by: str,
    proposed_by: str | None,
    reason: str,
    now_ns: int,
) -> None:
    session.add(
        RiskScore(
            number=await next_number(session, RiskScore.number),
            client=client.number,
            model=score.model,
            score=score.score,
            rating=score.rating.value,
            content=msgspec.to_builtins(score),
            scored_by=scored_by,
            scored_ns=now_ns,
            proposed_by=proposed_by,
            reason=reason,
        )
    )
    client.rating = score.rating.value
    await session.flush()


async def _override(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    client = await client_of(session, approval.subject.removeprefix("client/"), for_update=True)
    last = await last_score(session, client)
    assert last is not None, "what is overridden was scored"
    before = {"rating": client.rating, "review_due": str(client.review_due or "")}
    score = msgspec.structs.replace(msgspec.convert(last.content, Score), rating=Rating(approval.payload["rating"]))
    await _put(session, client, score, actor.user, approval.maker, approval.why, now_ns)
    _set_review(client, (await model_of(session, score.model)).consequences[score.rating], now_ns)
    await session.flush()
    now = {"rating": client.rating, "proposed_by": approval.maker, "review_due": str(client.review_due)}
    await audit.record(
        session,
        actor,
        "override rating",
        approval.subject,
        before=before,
        after=now,
        why=approval.why,
        now_ns=now_ns,
    )
    await _tell_venue(session, actor, client, approval.why, now_ns)


async def _tell_venue(session: AsyncSession, actor: Actor, client: Client, why: str, now_ns: int) -> None:
    """Have the venue hold the client's orders to what its rating allows; payments look for themselves."""
    if client.firm is not None:
        subject = f"client/{client.id}"
        await tell_limits(session, actor, client.firm, subject, why=f"rated {client.rating}: {why}", now_ns=now_ns)


async def _adopt(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    model = decode_model(approval.payload)
    if model.version != await newest_model(session) + 1:
        raise Refused(f"risk model {model.version}: another one has been adopted meanwhile")
    session.add(
        RiskModel(
            version=model.version,
            content=approval.payload,
            proposed_by=approval.maker,
            adopted_by=actor.user,
            adopted_ns=now_ns,
        )
    )
    await session.flush()
    await audit.record(
        session,
        actor,
        "adopt",
        approval.subject,
        before=None,
        after={"version": model.version},
        why=approval.why,
        now_ns=now_ns,
    )


async def version_of_client(session: AsyncSession, subject: str) -> int:
    """Return the version of the client that an approval is about."""
    return (await client_of(session, subject.removeprefix("client/"))).version


approvals.register(
    OVERRIDE, Permission.SCORE_CLIENTS, _override, version_of=version_of_client, words="rate {name} {rating}"
)
approvals.register(ADOPTION, Permission.SCORE_CLIENTS, _adopt, words="rate clients by risk model {name}")
