"""The services of others that clients' transfers come from and go to: who they are, and whether we deal with them.

One is entered by its LEI or its DID, and checked by somebody else before anything is credited from it or sent to it.
What is changed about it has to be checked again.
"""

import re
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.countries import check_country
from backoffice.crm.identity import check_lei, check_text
from backoffice.crm.tables.transfers import Vasp
from backoffice.errors import NotFound, Refused
from backoffice.staff import audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.times import day_of

NEW: Final = "new"
CHECKED: Final = "checked"
SUSPENDED: Final = "suspended"
_DID: Final = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]{1,56}")
_CHARS_MAX: Final = 64


async def set_vasp(
    session: AsyncSession,
    actor: Actor,
    vasp_id: str,
    name: str,
    country: str,
    endpoint: str,
    *,
    why: str,
    now_ns: int,
) -> Vasp:
    """Enter another service, or change what is known of it; somebody else checks it then."""
    actor.require(Permission.SCREEN_CLIENTS)
    number = check_id(vasp_id)
    vasp = await session.get(Vasp, number, with_for_update=True)
    before = None if vasp is None else _facts(vasp)
    given = {
        "name": check_text("name", name),
        "country": check_country(country),
        "endpoint": check_text("endpoint", endpoint, 500),
    }
    if vasp is not None and given.items() <= _facts(vasp).items():
        return vasp
    vasp = vasp or Vasp(id=number)
    vasp.name, vasp.country, vasp.endpoint = given["name"], given["country"], given["endpoint"]
    vasp.added_by, vasp.added_ns = actor.user, now_ns
    vasp.status, vasp.checked_on, vasp.checked_by = NEW, None, None
    session.add(vasp)
    await audit.record(
        session, actor, "set", f"vasp/{number}", before=before, after=_facts(vasp), why=why, now_ns=now_ns
    )
    return vasp


async def check(session: AsyncSession, actor: Actor, vasp_id: str, *, why: str, now_ns: int) -> Vasp:
    """Say that a service was looked into, and may be dealt with. Raise `Refused` for who has entered it."""
    actor.require(Permission.SCREEN_CLIENTS)
    vasp = await find(session, vasp_id)
    if actor.user == vasp.added_by:
        raise Refused(f"{actor.user} has entered {vasp.name}; somebody else must check it")
    return await _move(session, actor, vasp, CHECKED, "check", why, now_ns)


async def suspend(session: AsyncSession, actor: Actor, vasp_id: str, *, why: str, now_ns: int) -> Vasp:
    """Deal with a service no more, at once, until it is checked again."""
    actor.require(Permission.SCREEN_CLIENTS)
    return await _move(session, actor, await find(session, vasp_id), SUSPENDED, "suspend", why, now_ns)


async def find(session: AsyncSession, vasp_id: str) -> Vasp:
    """Return a service by its LEI or DID. Raise `NotFound`."""
    vasp = await session.get(Vasp, check_id(vasp_id), with_for_update=True)
    if vasp is None:
        raise NotFound(f"{vasp_id[:64]}: no service that is known; `fondaco client vasp set` enters it")
    return vasp


async def vasps(session: AsyncSession) -> list[Vasp]:
    """Return the services that are known."""
    return list(await session.scalars(select(Vasp).order_by(Vasp.name, Vasp.id)))


def check_id(text: str) -> str:
    """Return what a service is known by. Raise `Refused` if it is neither an LEI nor a DID."""
    if not text.startswith("did:"):
        return check_lei(text)
    if len(text) > _CHARS_MAX or not _DID.fullmatch(text):
        raise Refused(f"{text[:40]!r} is no DID; write did:METHOD:ID, of at most {_CHARS_MAX} characters")
    return text


async def _move(session: AsyncSession, actor: Actor, vasp: Vasp, status: str, verb: str, why: str, now_ns: int) -> Vasp:
    before, vasp.status = _facts(vasp), status
    if status == CHECKED:
        vasp.checked_on, vasp.checked_by = day_of(now_ns), actor.user
    await audit.record(
        session, actor, verb, f"vasp/{vasp.id}", before=before, after=_facts(vasp), why=why, now_ns=now_ns
    )
    return vasp


def _facts(vasp: Vasp) -> dict[str, str]:
    """Return what of a service goes on record."""
    return {
        "name": vasp.name,
        "country": vasp.country,
        "endpoint": vasp.endpoint,
        "status": vasp.status,
        "checked_on": str(vasp.checked_on or ""),
    }
