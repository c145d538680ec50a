"""The audit trail: who did what, when, to what, with what before and after, and why.

An entry is written in the transaction of what it tells of, as its last step, so neither is there without the other.
Each holds the hash of the one before it, over everything it says: whoever changes, removes or inserts one breaks the
chain from there on, which `verify` finds. The database refuses to change or delete entries, too. Somebody who can
write past the database could still cut off the end: so the last number and hash are noted down elsewhere (`anchor`).

Personal data does not go in: the trail is for ever, and what is sealed is sealed anew now and then.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Row, event, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from backoffice.database.serializing import take_turn
from backoffice.errors import Refused
from backoffice.staff.actor import Actor
from backoffice.staff.tables import AuditEntry

FIRST_HASH: Final = "0" * 64
"""What the first entry has in place of a hash before it."""
WHY_CHARS_MAX: Final = 2_000
_BATCH: Final = 1_000
_UNWRITTEN: Final = "unwritten audit entries"
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


async def record(
    session: AsyncSession,
    actor: Actor,
    verb: str,
    subject: str,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    why: str,
    now_ns: int,
) -> None:
    """Add an entry to the trail, in the transaction of what it tells of. It gets its number when that commits.

    `subject` is a kind and a name, as in "client/C-1". `before` and `after` are what was and is now, of what changed:
    JSON without floats. Raise `Refused` if there is no reason, or one that cannot be written down.
    """
    _check_reason(why)
    assert not session.in_nested_transaction(), "an entry stands or falls with the whole transaction"
    # What it tells of has its new version from here on, and the database has agreed to it.
    await session.flush()
    session.info.setdefault(_UNWRITTEN, []).append(
        {
            "time_ns": now_ns,
            "actor": actor.user,
            "verb": verb,
            "subject": subject,
            "before": None if before is None else _canonical(before),
            "after": None if after is None else _canonical(after),
            "why": why,
        }
    )


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    """Give the transaction's entries their places in the chain.

    From here to its end no other transaction can: so only now, when nothing is left to wait for.
    """
    unwritten = session.info.pop(_UNWRITTEN, None)
    if not unwritten:
        return
    session.flush()
    take_turn(session, "audit trail")
    last = session.execute(
        select(AuditEntry.number, AuditEntry.hash).order_by(AuditEntry.number.desc()).limit(1)
    ).one_or_none()
    number, previous = last or (0, FIRST_HASH)
    for entry in unwritten:
        number += 1
        entry.update(number=number, previous=previous)
        entry["hash"] = previous = _hash_of(*(entry[column.key] for column in _HASHED))
    session.execute(insert(AuditEntry), unwritten)


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(_UNWRITTEN, None)


class Wanted(msgspec.Struct, frozen=True):
    """Which entries are asked for: those to which all of this applies."""

    actor: str | None = None
    subject: str | None = None
    """One, or all of a kind: "client/" for all clients."""
    verb: str | None = None
    from_ns: int | None = None
    before_ns: int | None = None


async def entries(session: AsyncSession, wanted: Wanted, count: int) -> list[AuditEntry]:
    """Return the last `count` entries of those wanted, the oldest of them first."""
    query = select(AuditEntry).order_by(AuditEntry.number.desc()).limit(count)
    if wanted.actor is not None:
        query = query.where(AuditEntry.actor == wanted.actor)
    if wanted.verb is not None:
        query = query.where(AuditEntry.verb == wanted.verb)
    if wanted.subject is not None:
        kind = wanted.subject.endswith("/")
        column = AuditEntry.subject
        query = query.where(column.startswith(wanted.subject, autoescape=True) if kind else column == wanted.subject)
    if wanted.from_ns is not None:
        query = query.where(AuditEntry.time_ns >= wanted.from_ns)
    if wanted.before_ns is not None:
        query = query.where(AuditEntry.time_ns < wanted.before_ns)
    return list(await session.scalars(query))[::-1]


class Verified(msgspec.Struct, frozen=True):
    """What checking the whole chain came to."""

    count: int
    """Entries that are in order, from the first on."""
    hash: str
    """Of the last of them."""
    flaw: str = ""
    """The first thing that is not, empty if all is well."""


async def verify(
    session: AsyncSession,
    noted: Mapping[int, str] | None = None,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> Verified:
    """Check every entry from the first on, and find the first that is not as it was written.

    `noted`: entries' hashes by number, as they were noted down before; the trail must still hold them.
    `progress` is told how many are checked.
    """
    noted = noted or {}
    number, previous = 0, FIRST_HASH
    entries = await session.stream(
        select(*_HASHED, AuditEntry.hash).order_by(AuditEntry.number).execution_options(yield_per=_BATCH)
    )
    async for entry in entries:
        flaw = _flaw(entry, number + 1, previous)
        if not flaw and noted.get(entry.number, entry.hash) != entry.hash:
            flaw = f"entry {entry.number} is another one than was noted down"
        if flaw:
            return Verified(number, previous, flaw)
        number, previous = entry.number, entry.hash
        if number % _BATCH == 0:
            progress(number)
    last = max(noted, default=0)
    if number < last:
        return Verified(number, previous, f"entry {last}, which was noted down, is missing: the end is cut off")
    return Verified(number, previous)


async def last_number(session: AsyncSession) -> int:
    """Return how many entries there are."""
    return await session.scalar(select(func.max(AuditEntry.number))) or 0


def _flaw(entry: Row[*tuple[Any, ...]], number: int, previous: str) -> str:
    """Return what is wrong with an entry that should be this one, or an empty text."""
    if entry.number < number:
        return f"entry {entry.number} has been put in"
    if entry.number > number:
        return f"entry {number} is missing: after it comes {entry.number}"
    if entry.previous != previous:
        return f"entry {number} does not follow the one before it"
    return "" if entry.hash == _hash_of(*entry[:-1]) else f"entry {number} has been changed"


_HASHED: Final = (
    AuditEntry.number,
    AuditEntry.time_ns,
    AuditEntry.actor,
    AuditEntry.verb,
    AuditEntry.subject,
    AuditEntry.before,
    AuditEntry.after,
    AuditEntry.why,
    AuditEntry.previous,
)


def _hash_of(*said: str | int | None) -> str:
    """Return the hash of what an entry says, in the order of `_HASHED`."""
    return hashlib.sha256(_canonical(said).encode()).hexdigest()


def _canonical(value: object) -> str:
    """Return JSON that is the same for the same value, everywhere."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _check_reason(why: str) -> None:
    if not why.strip():
        raise Refused("it needs a reason, which goes on record: say why")
    if len(why) > WHY_CHARS_MAX:
        raise Refused(f"the reason has {len(why):,} characters; {WHY_CHARS_MAX:,} are enough")
    if _UNWRITABLE.search(why):
        raise Refused("the reason has characters that cannot be written down; use plain text")
