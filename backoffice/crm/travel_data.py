"""Travel Rule data of transfers, kept sealed with the client."""

from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.client_file import ClientFile
from backoffice.crm.identity import check_text
from backoffice.crm.ivms101 import IdentityPayload, Person, decode, encode
from backoffice.crm.loading import client_of
from backoffice.crm.sealed_fields import opened, seal
from backoffice.crm.tables.transfers import TravelRuleData
from backoffice.crm.travel_rule import legal_person
from backoffice.errors import Conflict
from backoffice.staff import audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.sealing import Sealer


def identity_of(client_id: str, file: ClientFile) -> Person:
    """Return a client as it appears in the data of its transfers."""
    return legal_person(
        name=file.name,
        trading_name=file.trading_name,
        lei=file.lei,
        jurisdiction=file.jurisdiction,
        client=client_id,
        address=file.addresses.get("registered"),
    )


async def store(
    session: AsyncSession,
    actor: Actor,
    sealer: Sealer,
    client_id: str,
    transfer: str,
    direction: str,
    text: bytes | str,
    *,
    now_ns: int,
) -> IdentityPayload:
    """Keep the data of a transfer that somebody has at hand; as `keep` does."""
    actor.require(Permission.SCREEN_CLIENTS)
    return await keep(session, actor, sealer, client_id, transfer, direction, text, now_ns=now_ns)


async def keep(
    session: AsyncSession,
    actor: Actor,
    sealer: Sealer,
    client_id: str,
    transfer: str,
    direction: str,
    text: bytes | str,
    *,
    now_ns: int,
) -> IdentityPayload:
    """Keep the data of a transfer, `in` or `out`. The same data once more change nothing.

    Raise `Refused` if they break the standard, `Conflict` if there are others already.
    """
    payload = decode(text)
    client = await client_of(session, client_id)
    known = await session.get(TravelRuleData, (transfer, direction))
    content = encode(payload)
    if known is not None:
        if opened(sealer, TravelRuleData, "content", known.content, transfer, direction) != content:
            raise Conflict(f"transfer {transfer}: has other Travel Rule data already")
        return payload
    session.add(
        TravelRuleData(
            transfer=check_text("transfer", transfer, 64),
            direction=direction,
            client=client.number,
            content=seal(sealer, TravelRuleData, "content", content, transfer, direction),
            stored_by=actor.user,
            stored_ns=now_ns,
        )
    )
    await session.flush()
    after = {"transfer": transfer, "direction": direction}
    await audit.record(
        session,
        actor,
        "store travel rule data",
        f"client/{client.id}",
        before=None,
        after=after,
        why=f"of transfer {transfer}",
        now_ns=now_ns,
    )
    return payload


async def data_of(session: AsyncSession, sealer: Sealer, transfer: str, direction: str) -> IdentityPayload | None:
    """Return the data of a transfer, None if there are none: then it must wait."""
    known = await session.get(TravelRuleData, (transfer, direction))
    if known is None:
        return None
    return decode(opened(sealer, TravelRuleData, "content", known.content, transfer, direction))
