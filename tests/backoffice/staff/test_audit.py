"""The audit trail: what is written, what is found again, and what is noticed."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backoffice.database import Database
from backoffice.database.serializing import one_at_a_time
from backoffice.errors import Refused
from backoffice.staff import audit
from backoffice.staff.actor import Actor
from backoffice.staff.audit import Wanted

ANN, BEN = Actor("ann"), Actor("ben")


async def record(database: Database, actor: Actor = ANN, verb: str = "submit", **changes: Any) -> None:
    fields: dict[str, Any] = {"subject": "client/C-1", "before": None, "after": {"state": "submitted"}, "now_ns": 1}
    async with database.writing() as session:
        await audit.record(session, actor, verb, **{"why": "all is there", **fields, **changes})


async def verified(database: Database, noted: tuple[int, str] | None = None) -> audit.Verified:
    async with database.reading() as session:
        return await audit.verify(session, None if noted is None else dict([noted]))


async def tamper(database: Database, *statements: str) -> None:
    """Change the trail as somebody would who owns the database."""
    async with database.writing() as session:
        if database.is_sqlite:
            for verb in ("update", "delete"):
                await session.execute(text(f"DROP TRIGGER audit_entry_no_{verb}"))
        else:
            await session.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER ALL"))
        for statement in statements:
            await session.execute(text(statement))


async def found(database: Database, count: int = 100, **wanted: Any) -> list[int]:
    async with database.reading() as session:
        return [entry.number for entry in await audit.entries(session, Wanted(**wanted), count)]


async def test_an_entry_says_who_when_what_before_after_and_why(database: Database) -> None:
    await record(database, before={"b": 1, "a": "ä"}, now_ns=7)
    async with database.reading() as session:
        (entry,) = await audit.entries(session, Wanted(), 10)
    assert (entry.number, entry.time_ns, entry.actor, entry.verb, entry.subject, entry.why) == (
        *(1, 7, "ann", "submit", "client/C-1"),
        "all is there",
    )
    assert (entry.before, entry.after) == ('{"a":"\\u00e4","b":1}', '{"state":"submitted"}')
    assert entry.previous == audit.FIRST_HASH


async def test_entries_are_found_by_user_subject_verb_and_time(database: Database) -> None:
    await record(database, ANN, "submit", subject="client/C-1", now_ns=10)
    await record(database, BEN, "approve", subject="client/C-1", now_ns=20)
    await record(database, ANN, "submit", subject="client/C-11", now_ns=30)
    await record(database, ANN, "request", subject="withdrawal/W-1", now_ns=40)
    assert await found(database) == [1, 2, 3, 4]
    assert await found(database, count=2) == [3, 4]
    assert await found(database, actor="ben") == [2]
    assert await found(database, subject="client/C-1") == [1, 2]
    assert await found(database, subject="client/") == [1, 2, 3]
    assert await found(database, subject="client%") == []
    assert await found(database, verb="submit", from_ns=11) == [3]
    assert await found(database, before_ns=20) == [1]


async def test_the_chain_of_an_untouched_trail_is_whole(database: Database) -> None:
    assert await verified(database) == audit.Verified(0, audit.FIRST_HASH)
    for _ in range(3):
        await record(database)
    whole = await verified(database)
    assert (whole.count, whole.flaw) == (3, "")
    assert await verified(database, (3, whole.hash)) == whole


async def test_a_chain_longer_than_one_batch_is_checked_to_its_end(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_BATCH", 2)
    for _ in range(4):
        await record(database)
    assert (await verified(database)).count == 4
    await tamper(database, "UPDATE audit_entry SET why = 'x' WHERE number = 4")
    assert (await verified(database)).flaw == "entry 4 has been changed"


@pytest.mark.parametrize(
    "change",
    (
        "time_ns = 2",
        "actor = 'eve'",
        "verb = 'reject'",
        "subject = 'client/C-2'",
        "before = '{}'",
        "after = NULL",
        "why = 'so'",
        "hash = previous",
    ),
)
async def test_any_change_is_found_and_the_entry_named(database: Database, change: str) -> None:
    for _ in range(3):
        await record(database)
    await tamper(database, f"UPDATE audit_entry SET {change} WHERE number = 2")
    assert (await verified(database)).flaw == "entry 2 has been changed"


async def test_what_is_taken_out_put_in_or_exchanged_is_found(database: Database) -> None:
    for number in range(4):
        await record(database, why=f"reason {number}")
    noted = await verified(database)
    await tamper(database, "DELETE FROM audit_entry WHERE number = 2")
    assert await verified(database) == audit.Verified(
        1, (await first(database)), "entry 2 is missing: after it comes 3"
    )
    await tamper_again(database, "UPDATE audit_entry SET number = number - 1 WHERE number > 2")
    assert (await verified(database)).flaw == "entry 2 does not follow the one before it"
    await tamper_again(database, "DELETE FROM audit_entry WHERE number > 1")
    assert (await verified(database)).flaw == ""
    assert (await verified(database, (4, noted.hash))).flaw == (
        "entry 4, which was noted down, is missing: the end is cut off"
    )
    assert (await verified(database, (1, "f" * 64))).flaw == "entry 1 is another one than was noted down"


async def test_an_entry_from_before_the_first_is_found(database: Database) -> None:
    await record(database)
    columns = "time_ns, actor, verb, subject, why, previous, hash"
    await tamper(database, f"INSERT INTO audit_entry (number, {columns}) SELECT 0, {columns} FROM audit_entry")
    assert (await verified(database)).flaw == "entry 0 has been put in"


async def first(database: Database) -> str:
    async with database.reading() as session:
        return (await audit.entries(session, Wanted(), 100))[0].hash


async def tamper_again(database: Database, statement: str) -> None:
    async with database.writing() as session:
        await session.execute(text(statement))


@pytest.mark.parametrize("statement", ("UPDATE audit_entry SET why = 'x'", "DELETE FROM audit_entry"))
async def test_the_database_refuses_to_change_the_trail(database: Database, statement: str) -> None:
    await record(database)
    with pytest.raises(DBAPIError, match="audit_entry is append-only"):
        await tamper_again(database, statement)
    assert (await verified(database)).count == 1


async def test_an_entry_goes_with_the_transaction_that_it_tells_of(database: Database) -> None:
    async def fail() -> None:
        async with database.writing() as session:
            await audit.record(session, ANN, "submit", "client/C-1", before=None, after=None, why="x", now_ns=1)
            await audit.record(session, ANN, "accept", "client/C-1", before=None, after=None, why="x", now_ns=1)
            raise ValueError("half done")

    with pytest.raises(ValueError, match="half done"):
        await fail()
    assert await found(database) == []


async def test_entries_of_one_transaction_follow_each_other(database: Database) -> None:
    async with database.writing() as session:
        for verb in ("submit", "accept"):
            await audit.record(session, ANN, verb, "client/C-1", before=None, after=None, why="x", now_ns=1)
        assert await audit.entries(session, Wanted(), 10) == []
    assert await found(database) == [1, 2]
    assert (await verified(database)).flaw == ""


async def test_two_who_need_the_same_in_turn_do_not_wait_for_each_other_for_ever(database: Database) -> None:
    async def change(follower: str, other: str) -> None:
        async with database.writing() as session:
            await audit.record(session, ANN, "begin", follower, before=None, after=None, why="x", now_ns=1)
            await one_at_a_time(session, "what both need")
            await audit.record(session, ANN, "end", other, before=None, after=None, why="x", now_ns=1)

    await asyncio.gather(*(change(f"a/{number}", f"b/{number}") for number in range(5)))
    assert (await verified(database)).count == 10


async def test_those_who_write_at_once_make_one_chain(database: Database) -> None:
    async def several(actor: Actor) -> None:
        for _ in range(5):
            await record(database, actor)

    await asyncio.gather(*(several(Actor(f"user{number}")) for number in range(4)))
    whole = await verified(database)
    assert (whole.count, whole.flaw) == (20, "")


@pytest.mark.parametrize(
    ("why", "what"),
    (
        ("", "needs a reason"),
        (" \n", "needs a reason"),
        ("x" * 2_001, "has 2,001 characters; 2,000 are enough"),
        ("nul \0", "cannot be written down"),
        ("half a pair \ud800", "cannot be written down"),
    ),
)
async def test_a_reason_that_is_none_is_refused(database: Database, why: str, what: str) -> None:
    with pytest.raises(Refused, match=what):
        await record(database, why=why)
