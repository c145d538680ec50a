"""How clients stood at a moment, as the audit trail has it: their steps, what was set, hits, licences.

The rows say how all of it is now. The trail has every change, for ever, with what was before and is after it; so what
it says up to a time, taken together, is what the rows said then. What is personal is not in it, nor needed here.
"""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.tables.file import ClientLicence
from backoffice.crm.workflow import Verb
from backoffice.staff.tables import AuditEntry

_CLIENT: Final = "client/C-"
_ENTER: Final = "enter"
_CHANGES: Final = (_ENTER, "set", "override rating", *(verb.value for verb in Verb))
_LICENCES: Final = {"add licence": "after", "remove licence": "before"}


class ClientThen(msgspec.Struct, frozen=True):
    """A client at a moment."""

    number: int
    name: str
    entity_type: str
    jurisdiction: str
    state: str
    entered_by: str
    since_ns: int
    """When it came into its state."""
    rating: str | None = None

    @property
    def id(self) -> str:
        return f"C-{self.number}"


async def clients_at(session: AsyncSession, at_ns: int | None) -> dict[int, ClientThen]:
    """Return the clients that there were at a time, by their numbers; None for now."""
    # To be screened again is no step, and nothing was before it; an approval tells of its own state.
    chosen = [
        AuditEntry.verb.in_(_CHANGES),
        or_(AuditEntry.before.is_not(None), AuditEntry.verb == _ENTER),
        not_(AuditEntry.after.startswith('{"approval":')),
    ]
    if at_ns is not None:
        chosen.append(AuditEntry.time_ns <= at_ns)
    found: dict[int, dict[str, Any]] = {}
    async for entry in _entries(session, chosen):
        after = msgspec.json.decode(entry.after or "{}")
        client = found.setdefault(number := _client_of(entry), {"number": number, "since_ns": entry.time_ns})
        if entry.verb == _ENTER:
            client["entered_by"] = entry.actor
        if after.get("state", client.get("state")) != client.get("state"):
            client["since_ns"] = entry.time_ns
        client.update(after)
    return {number: msgspec.convert(client, ClientThen) for number, client in sorted(found.items())}


async def hits_at(session: AsyncSession, at_ns: int) -> dict[str, str]:
    """Return the states that hits were in at a time, as far as anything had happened to them since they were found."""
    chosen = [AuditEntry.verb.in_(("screen", "decide")), AuditEntry.time_ns <= at_ns]
    states: dict[str, str] = {}
    async for entry in _entries(session, [*chosen, AuditEntry.after.contains('"H-')]):
        after = msgspec.json.decode(entry.after or "{}")
        if entry.verb == "decide":
            states[after["hit"]] = after["state"]
            continue
        states.update(dict.fromkeys(after["hits"], "open"))
        states.update(dict.fromkeys(after.get("lapsed", ()), "lapsed"))
    return states


class Licensed(msgspec.Struct, frozen=True):
    """What a client may do by a supervisor's licence."""

    client: int
    regulator: str
    number: str


async def licences_at(session: AsyncSession, at_ns: int | None) -> dict[Licensed, dt.date | None]:
    """Return the licences of clients at a time, and when they expire; None for now."""
    found: dict[Licensed, dt.date | None] = {
        Licensed(each.client, each.regulator, each.number): each.expires
        for each in await session.scalars(select(ClientLicence))
    }
    if at_ns is None:
        return found
    # What came with a file is not told one by one: so what has changed since is undone.
    later = [entry async for entry in _entries(session, [AuditEntry.verb.in_(_LICENCES), AuditEntry.time_ns > at_ns])]
    for entry in reversed(later):
        was = msgspec.json.decode(getattr(entry, _LICENCES[entry.verb]) or "{}")
        licence = Licensed(_client_of(entry), was["regulator"], was["number"])
        if entry.verb == "add licence":
            found.pop(licence, None)
        else:
            expires = was.get("expires")
            found[licence] = None if expires is None else dt.date.fromisoformat(expires)
    return found


async def _entries(session: AsyncSession, chosen: list[ColumnElement[bool]]) -> AsyncIterator[AuditEntry]:
    """Give entries on clients, in the order of the trail."""
    query = select(AuditEntry).where(AuditEntry.subject.startswith(_CLIENT), *chosen).order_by(AuditEntry.number)
    async for entry in await session.stream_scalars(query.execution_options(yield_per=1_000)):
        yield entry


def _client_of(entry: AuditEntry) -> int:
    return int(entry.subject.removeprefix(_CLIENT))
