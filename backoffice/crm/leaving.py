"""Lets a client go: it trades no more, takes out what is its own, and its file is closed, kept, and in the end erased.

A file is closed only when nothing of the client is left with us: no balance of any asset, no invoice to pay. With it
its sessions are revoked. From then on the file is kept for as long as the law asks, and then what is personal in it is
erased, as in that of an application that was rejected; that there was such a client, and what was decided, stays.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.access.sessions import revoke
from backoffice.access.tables import AccessDesk, AccessTrader
from backoffice.crm import gateway
from backoffice.crm.left_behind import SessionsLeft
from backoffice.crm.loading import client_of
from backoffice.crm.sealed_fields import seal
from backoffice.crm.tables.check import Review, ScreeningHit
from backoffice.crm.tables.desk import Contact, Note, Task, Ticket, TicketEntry
from backoffice.crm.tables.file import Client, ClientDocument, FileSnapshot, Party
from backoffice.crm.tables.transfers import AddressHolder, TravelRuleData
from backoffice.crm.workflow import STEPS, State, Verb, after, kept_until
from backoffice.errors import Refused
from backoffice.staff import audit
from backoffice.staff.actor import BACK_OFFICE, Actor
from backoffice.staff.sealing import Sealer, place
from backoffice.times import day_of

ERASED: Final = "erased"


async def offboard(session: AsyncSession, actor: Actor, client_id: str, *, why: str, now_ns: int) -> Client:
    """Begin to let a client go. The outbox has the engine take no more of its orders.

    What it is suspended from it stays suspended from.
    """
    actor.require(STEPS[Verb.OFFBOARD].permission)
    client = await client_of(session, client_id, for_update=True)
    state = State(client.state)
    rights = gateway.rights_of(client)
    client.state = after(client.id, state, Verb.OFFBOARD).value
    await gateway.tell(session, actor, client, rights, why=why, now_ns=now_ns)
    await _record(session, actor, Verb.OFFBOARD, client, {"state": state}, why, now_ns)
    return client


async def close(
    session: AsyncSession,
    actor: Actor,
    client_id: str,
    *,
    balances: Mapping[str, str],
    sessions: SessionsLeft,
    invoices: Sequence[str],
    why: str,
    now_ns: int,
) -> Client:
    """Close a client's file, and revoke its sessions.

    `balances`: what it still has, by asset, those above zero; `sessions`: that can log on; `invoices`: that are neither
    charged nor waived. Raise `Refused` if there are balances or invoices, or a session is others' too.
    """
    actor.require(STEPS[Verb.CLOSE].permission)
    client = await client_of(session, client_id, for_update=True)
    state = State(client.state)
    new = after(client.id, state, Verb.CLOSE)
    if invoices:
        raise Refused(f"{client.id} still owes {', '.join(invoices)}; `fondaco invoice charge` or `waive` it")
    if balances:
        left = ", ".join(f"{amount} {asset}" for asset, amount in sorted(balances.items())[:10])
        raise Refused(f"{client.id} still has {left}; pay it out first")
    if sessions.shared:
        shared = ", ".join(sessions.shared)
        raise Refused(
            f"{client.id} trades by sessions of others too: {shared}; `fondaco session set` or `remove` ends that"
        )
    for name in sessions.own:
        await revoke(session, actor, name, why=f"{client.id} is closed: {why}", now_ns=now_ns)
    before, now = await _call_off(session, actor, client, "the file is closed", now_ns)
    was = {"state": state, "review_due": str(client.review_due or ""), **before}
    client.state, client.closed_ns = new.value, now_ns
    client.keep_until = kept_until(day_of(now_ns))
    client.review_due = None
    await _record(session, actor, Verb.CLOSE, client, was, why, now_ns, now={"review_due": "", **now})
    return client


async def _call_off(
    session: AsyncSession, actor: Actor, client: Client, outcome: str, now_ns: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """End the tasks and tickets of a client that is gone, and return the states that they were in, and are in."""
    tasks, tickets = {}, {}
    for task in await session.scalars(select(Task).where(Task.client == client.number, Task.state == "open")):
        tasks[task.id] = task.state
        task.state, task.outcome = "cancelled", outcome
        task.ended_by, task.ended_ns = actor.user, now_ns
    for ticket in await session.scalars(select(Ticket).where(Ticket.client == client.number, Ticket.state != "closed")):
        tickets[ticket.id] = ticket.state
        ticket.state = "closed"
    now = {"tasks": dict.fromkeys(tasks, "cancelled"), "tickets": dict.fromkeys(tickets, "closed")}
    return {"tasks": tasks, "tickets": tickets}, now


async def erase_due(session: AsyncSession, sealer: Sealer, *, now_ns: int) -> list[str]:
    """Erase what is personal in files whose time is over, and return whose they were."""
    query = (
        select(Client)
        .where(Client.keep_until.is_not(None), Client.keep_until < day_of(now_ns), Client.is_erased.is_(False))
        .order_by(Client.number)
        .with_for_update()
    )
    clients = list(await session.scalars(query))
    for client in clients:
        # A rejected application may be opened again until then, and so may have something to be done still.
        before, now = await _call_off(session, BACK_OFFICE, client, "the file is erased", now_ns)
        await _erase(session, sealer, client)
        client.is_erased = True
        await session.flush()
        why = f"kept until {client.keep_until}"
        await audit.record(
            *(session, BACK_OFFICE, "erase", f"client/{client.id}"),
            before={"is_erased": False, **before},
            after={"is_erased": True, **now},
            why=why,
            now_ns=now_ns,
        )
    return [client.id for client in clients]


async def _erase(session: AsyncSession, sealer: Sealer, client: Client) -> None:
    for party in await session.scalars(select(Party).where(Party.client == client.number)):
        party.name = seal(sealer, Party, "name", ERASED, party.number)
        party.birth = party.birth_place = party.address = None
    for document in await session.scalars(select(ClientDocument).where(ClientDocument.client == client.number)):
        document.name = seal(sealer, ClientDocument, "name", ERASED, document.number)
    for hit in await session.scalars(select(ScreeningHit).where(ScreeningHit.client == client.number)):
        hit.said = seal(sealer, ScreeningHit, "said", ERASED, hit.number)
    for review in await session.scalars(select(Review).where(Review.client == client.number)):
        review.changes = seal(sealer, Review, "changes", "[]", review.number)
    traders = select(AccessTrader).join(AccessDesk, AccessDesk.name == AccessTrader.desk)
    for trader in await session.scalars(traders.where(AccessDesk.firm == client.firm)):
        trader.full_name = sealer.seal(ERASED, place(AccessTrader.__tablename__, "full_name", trader.code))
    tickets = select(Ticket.number).where(Ticket.client == client.number)
    await session.execute(delete(TicketEntry).where(TicketEntry.ticket.in_(tickets)))
    await session.execute(update(Ticket).where(Ticket.client == client.number).values(title=ERASED))
    for table in (Contact, Note, FileSnapshot, TravelRuleData, AddressHolder):
        await session.execute(delete(table).where(table.client == client.number))
    await session.flush()


async def _record(
    session: AsyncSession,
    actor: Actor,
    verb: Verb,
    client: Client,
    was: Mapping[str, object],
    why: str,
    now_ns: int,
    *,
    now: Mapping[str, object] | None = None,
) -> None:
    """Put a step on record. `was`: what has changed, as it was; `now`: that of it which is no column of the client."""
    await session.flush()
    after = {"state": client.state, "keep_until": str(client.keep_until or ""), **(now or {})}
    await audit.record(session, actor, verb, f"client/{client.id}", before=was, after=after, why=why, now_ns=now_ns)
