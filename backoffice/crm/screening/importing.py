"""Takes a list over into the database: the whole of it in one transaction, or nothing.

What has not changed stays untouched, so that hits on it keep what was decided. The same version twice changes nothing.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.client_file import check_word
from backoffice.crm.numbering import next_number
from backoffice.crm.screening.entry import Entry
from backoffice.crm.screening.formats import ListRead
from backoffice.crm.tables.check import ScreeningEntry, ScreeningList, ScreeningListVersion
from backoffice.database.serializing import one_at_a_time
from backoffice.errors import Refused
from backoffice.staff import audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission

PURPOSES: Final = ("sanctions", "pep")
LOST_MAX_PERCENT: Final = 20
"""A list that has lost more of its entries is taken only if somebody says that this is right."""
_BATCH: Final = 500


class Imported(msgspec.Struct, frozen=True):
    """What an import came to."""

    list: str
    entries: int
    added: int
    changed: int
    removed: int

    @property
    def is_new(self) -> bool:
        return bool(self.added or self.changed or self.removed)


async def import_list(
    session: AsyncSession,
    actor: Actor,
    name: str,
    purpose: str,
    read: ListRead,
    *,
    may_shrink: bool = False,
    why: str,
    now_ns: int,
) -> Imported:
    """Take a list over as it was read. Raise `Refused` if it is of another purpose, or has suddenly shrunk."""
    actor.require(Permission.SCREEN_CLIENTS)
    check_word("list", name)
    if purpose not in PURPOSES:
        raise Refused(f"purpose {purpose[:40]!r}: a list is for {' or '.join(PURPOSES)}")
    await one_at_a_time(session, "screening lists")
    known = await session.get(ScreeningList, name)
    if known is not None and known.purpose != purpose:
        raise Refused(f"list {name} is for {known.purpose}, not {purpose}")
    old = await _digests(session, name)
    new = {entry.id: entry.digest() for entry in read.entries}
    imported = Imported(
        name,
        len(new),
        len(new.keys() - old.keys()),
        sum(old[entry] != digest for entry, digest in new.items() if entry in old),
        len(old.keys() - new.keys()),
    )
    if imported.removed * 100 > len(old) * LOST_MAX_PERCENT and not may_shrink:
        raise Refused(
            f"list {name}: {imported.removed:,} of {len(old):,} entries would go; if that is right, say --may-shrink"
        )
    if not imported.is_new:
        return imported
    before = None if known is None else {"digest": known.digest, "entries": len(old)}
    if known is None:
        session.add(ScreeningList(name=name, purpose=purpose, digest=read.digest))
    else:
        known.digest = read.digest
    await session.flush()
    await _replace(session, name, read.entries, old, new)
    session.add(
        ScreeningListVersion(
            number=await next_number(session, ScreeningListVersion.number),
            list=name,
            digest=read.digest,
            form=read.form,
            entries=imported.entries,
            added=imported.added,
            changed=imported.changed,
            removed=imported.removed,
            imported_by=actor.user,
            imported_ns=now_ns,
        )
    )
    await session.flush()
    after = {"digest": read.digest, "form": read.form, **msgspec.structs.asdict(imported)}
    await audit.record(session, actor, "import", f"list/{name}", before=before, after=after, why=why, now_ns=now_ns)
    return imported


async def _digests(session: AsyncSession, name: str) -> dict[str, str]:
    query = select(ScreeningEntry.entry, ScreeningEntry.digest).where(ScreeningEntry.list == name)
    return {row.entry: row.digest for row in await session.execute(query)}


async def _replace(
    session: AsyncSession, name: str, entries: Iterable[Entry], old: dict[str, str], new: dict[str, str]
) -> None:
    """Put in what is new, in place of what has changed, and let what has gone go."""
    gone = [entry for entry in old if old[entry] != new.get(entry)]
    for start in range(0, len(gone), _BATCH):
        batch = gone[start : start + _BATCH]
        await session.execute(
            delete(ScreeningEntry).where(ScreeningEntry.list == name, ScreeningEntry.entry.in_(batch))
        )
    rows = [
        {
            "list": name,
            "entry": entry.id,
            "digest": new[entry.id],
            "content": msgspec.json.encode(entry).decode(),
        }
        for entry in entries
        if old.get(entry.id) != new[entry.id]
    ]
    for start in range(0, len(rows), _BATCH):
        await session.execute(insert(ScreeningEntry), rows[start : start + _BATCH])
