"""Periodic reviews: what has changed in a client's file since somebody last looked at all of it, and nothing else.

The file is kept whole at the approval and at each review; a review compares with the last, and shows what was added,
changed or taken out, which documents have expired, and what was found by screening. Whatever has not changed was
reviewed before. A review takes the newest model of risk, and sets when the next one is due.
"""

import datetime as dt
import json

import msgspec
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.applying import take_snapshot
from backoffice.crm.client_file import Change, ClientFile, differences
from backoffice.crm.documents import expiring
from backoffice.crm.filing import papers_of
from backoffice.crm.following_up import put_task
from backoffice.crm.identity import check_text
from backoffice.crm.knowing import answers_of, known_of, rated_otherwise
from backoffice.crm.loading import client_of, read_file
from backoffice.crm.numbering import next_number
from backoffice.crm.rated import newest_model
from backoffice.crm.rating import rate
from backoffice.crm.sealed_fields import opened, seal
from backoffice.crm.standing import Obstacle, check_flaws, file_flaws
from backoffice.crm.tables.check import Review, ScreeningHit
from backoffice.crm.tables.desk import Task
from backoffice.crm.tables.file import Client, FileSnapshot
from backoffice.crm.workflow import State
from backoffice.errors import Refused
from backoffice.staff import audit
from backoffice.staff.actor import BACK_OFFICE, Actor
from backoffice.staff.permissions import Permission, Role
from backoffice.staff.sealing import Sealer
from backoffice.times import day_of

_REVIEWED_IN = (State.ACTIVE.value, State.SUSPENDED.value)


class Delta(msgspec.Struct, frozen=True):
    """What a review is about."""

    client: str
    since: dt.date
    changes: tuple[Change, ...]
    expiring: tuple[str, ...]
    hits: tuple[str, ...]
    """Found since the last review."""
    flaws: tuple[Obstacle, ...]
    """What would keep the client from being approved today."""

    @property
    def is_empty(self) -> bool:
        return not (self.changes or self.expiring or self.hits or self.flaws)


async def delta_of(session: AsyncSession, sealer: Sealer, client_id: str, *, now_ns: int) -> Delta:
    """Return what has changed since the last review. Raise `Refused` if the client was never approved."""
    client = await client_of(session, client_id)
    last = await _last_snapshot(session, client)
    if last is None:
        raise Refused(f"{client.id} has not been approved yet; there is nothing to review")
    text = opened(sealer, FileSnapshot, "content", last.content, last.number)
    before = msgspec.json.decode(text, type=ClientFile)
    hits = await session.scalars(
        select(ScreeningHit)
        .where(ScreeningHit.client == client.number, ScreeningHit.found_ns > last.taken_ns)
        .order_by(ScreeningHit.number)
    )
    known = await known_of(session, sealer, client, now_ns)
    return Delta(
        client.id,
        day_of(last.taken_ns),
        tuple(differences(before, await read_file(session, sealer, client))),
        tuple(
            f"{paper.id}, {paper.kind}, {paper.expires}"
            for paper in expiring(await papers_of(session, client), day_of(now_ns))
        ),
        tuple(f"{hit.id}, {hit.listed}, {hit.state}" for hit in hits),
        (*file_flaws(known), *check_flaws(known)),
    )


async def review(
    session: AsyncSession, actor: Actor, sealer: Sealer, client_id: str, conclusion: str, *, now_ns: int
) -> Review:
    """Conclude a review: the client is rated anew, and the next review is due by that rating.

    Raise `Refused` if what has been found since is not decided, or something else would forbid an approval.
    """
    actor.require(Permission.APPROVE_CLIENTS)
    client = await client_of(session, client_id, for_update=True)
    if client.state not in _REVIEWED_IN:
        raise Refused(f"{client.id} is {client.state}; only clients that are active or suspended are reviewed")
    if actor.user in client.editors.split():
        raise Refused(f"{actor.user} has changed {client.id}; somebody else must review it")
    why = check_text("conclusion", conclusion, 2_000)
    delta = await delta_of(session, sealer, client.id, now_ns=now_ns)
    if delta.flaws:
        raise Refused(f"{client.id} cannot be concluded: {delta.flaws[0].what}; {delta.flaws[0].remedy}")
    due = client.review_due or day_of(now_ns)
    client.risk_model = await newest_model(session)
    score = await rate(session, actor, sealer, client.id, why=why, now_ns=now_ns)
    client.editors = ""
    await take_snapshot(session, actor, sealer, client, "review", now_ns)
    number = await next_number(session, Review.number)
    changes = json.dumps([msgspec.to_builtins(change) for change in delta.changes])
    row = Review(
        number=number,
        client=client.number,
        due=due,
        done_by=actor.user,
        done_ns=now_ns,
        model=score.model,
        changes=seal(sealer, Review, "changes", changes, number),
        conclusion=why,
    )
    session.add(row)
    await session.flush()
    after = {"review": row.id, "changes": len(delta.changes), "next": str(client.review_due)}
    await audit.record(
        session, actor, "review", f"client/{client.id}", before={"due": str(due)}, after=after, why=why, now_ns=now_ns
    )
    return row


async def remind(session: AsyncSession, sealer: Sealer, *, now_ns: int) -> list[str]:
    """Make a task for each review that is due, once, and return what the tasks are called.

    One is due at once where what a client was rated by has changed.
    """
    today = day_of(now_ns)
    await _bring_forward(session, sealer, today, now_ns)
    due = await session.scalars(
        select(Client)
        .where(Client.review_due <= today, Client.state.in_(_REVIEWED_IN))
        .order_by(Client.review_due, Client.number)
    )
    made = []
    for client in due.all():
        what = f"review {client.id}, due on {client.review_due}"
        if not await _is_asked(session, client, what):
            task = await put_task(
                session, BACK_OFFICE, client, what, today, Role.COMPLIANCE.value, why="its review is due", now_ns=now_ns
            )
            made.append(task.id)
    return made


async def _bring_forward(session: AsyncSession, sealer: Sealer, today: dt.date, now_ns: int) -> None:
    """Let reviews be due of those whose file, or screening, answers a question of risk otherwise than their rating."""
    matched = select(ScreeningHit.client).where(ScreeningHit.state == "true-match")
    query = select(Client).where(
        *(Client.state.in_(_REVIEWED_IN), Client.review_due > today),
        or_(Client.editors != "", Client.number.in_(matched)),
    )
    for client in (await session.scalars(query.order_by(Client.number).with_for_update())).all():
        answers = await answers_of(session, client, await read_file(session, sealer, client))
        changed = await rated_otherwise(session, client, answers)
        if not changed:
            continue
        before, client.review_due = {"due": str(client.review_due)}, today
        await session.flush()
        after, why = {"due": str(today)}, f"this has changed since it was rated: {', '.join(changed)}"
        await audit.record(
            session,
            BACK_OFFICE,
            "call review",
            f"client/{client.id}",
            before=before,
            after=after,
            why=why,
            now_ns=now_ns,
        )


async def _is_asked(session: AsyncSession, client: Client, what: str) -> bool:
    return await session.scalar(select(Task.number).where(Task.client == client.number, Task.what == what)) is not None


async def _last_snapshot(session: AsyncSession, client: Client) -> FileSnapshot | None:
    query = select(FileSnapshot).where(FileSnapshot.client == client.number).order_by(FileSnapshot.number.desc())
    return await session.scalar(query.limit(1))
