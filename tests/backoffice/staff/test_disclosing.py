"""Who is shown something personal, and what the trail says of it."""

import json
from typing import Any

from backoffice.database import Database
from backoffice.staff import audit
from backoffice.staff.actor import Actor
from backoffice.staff.audit import Wanted
from backoffice.staff.disclosing import SUBJECTS_MAX, Disclosure
from backoffice.staff.permissions import Permission, Role

CORA, TOM, RIA = (Actor(role.value, frozenset({role})) for role in (Role.COMPLIANCE, Role.TREASURY, Role.RISK))


async def recorded(database: Database, disclosure: Disclosure) -> list[tuple[str, str, str, Any]]:
    await disclosure.put_on_record(database, 7)
    assert disclosure.is_recorded
    async with database.reading() as session:
        found = await audit.entries(session, Wanted(), 10)
    return [(entry.actor, entry.verb, entry.subject, json.loads(entry.after or "")) for entry in found]


async def test_what_somebody_is_shown_is_one_entry(database: Database) -> None:
    disclosure = Disclosure(CORA)
    assert disclosure.permits("notes", "client/C-1")
    disclosure.note("contacts", "client/C-1")
    assert not disclosure.is_recorded
    expected = [("compliance", "see", "client/C-1", {"shown": "notes, contacts"})]
    assert await recorded(database, disclosure) == expected
    assert await recorded(database, disclosure) == expected, "and it is there once"


async def test_of_many_an_entry_names_some_and_says_how_many(database: Database) -> None:
    clients = [f"client/C-{number}" for number in range(1, SUBJECTS_MAX + 3)]
    disclosure = Disclosure(CORA)
    disclosure.note("names of people", *clients, *clients)
    ((_, _, subject, after),) = await recorded(database, disclosure)
    assert subject == "client/several"
    assert after == {"shown": "names of people", "of": clients[:SUBJECTS_MAX], "count": SUBJECTS_MAX + 2}


async def test_whoever_may_not_see_it_and_whoever_sees_nothing_leaves_nothing(database: Database) -> None:
    masked = Disclosure(TOM)
    assert not masked.permits("notes", "client/C-1")
    assert await recorded(database, masked) == []
    empty = Disclosure(CORA)
    assert empty.permits("notes")
    assert await recorded(database, empty) == []


async def test_some_things_need_another_permission(database: Database) -> None:
    assert not Disclosure(RIA).permits("notes", "case/CS-1")
    disclosure = Disclosure(RIA)
    assert disclosure.permits("notes", "case/CS-1", needs=Permission.WORK_CASES)
    assert await recorded(database, disclosure) == [("risk", "see", "case/CS-1", {"shown": "notes"})]
