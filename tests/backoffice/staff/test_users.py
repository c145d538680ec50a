"""Members of staff: how they join, what they may become, and how they are shut out."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database import Database
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.staff import approvals, audit, changes, users
from backoffice.staff.actor import Actor
from backoffice.staff.audit import Wanted
from backoffice.staff.authentication import set_password
from backoffice.staff.permissions import Role
from backoffice.staff.users import NewUser
from backoffice.times import HOUR_NS
from tests.backoffice.staff.house import ANN, BEN, PASSWORD, WHY, begin, join

CAY = Actor("cay", frozenset({Role.COMPLIANCE}))
ASK: dict[str, Any] = {"why": "because", "now_ns": 5}


async def roles(database: Database, name: str) -> set[Role]:
    async with database.reading() as session:
        return set(users.roles_of(await users.find(session, name)))


async def approve(database: Database, actor: Actor, approval: str) -> None:
    async with database.writing() as session:
        await approvals.approve(session, actor, approval, why="fine", now_ns=6)


async def propose_roles(database: Database, actor: Actor, name: str, *wanted: Role) -> str:
    async with database.writing() as session:
        return (await changes.propose_roles(session, actor, name, frozenset(wanted), why="because", now_ns=5)).id


async def disable(database: Database, actor: Actor, name: str) -> None:
    async with database.writing() as session:
        await users.disable(session, actor, name, why="has left", now_ns=5)


async def test_the_first_two_come_together_as_administrators(database: Database) -> None:
    await begin(database)
    for name in ("ann", "ben"):
        assert await roles(database, name) == {Role.ADMINISTRATOR}
    async with database.reading() as session:
        entries = await audit.entries(session, Wanted(), 10)
    assert [(entry.actor, entry.verb, entry.subject) for entry in entries] == [
        ("backoffice", "add", "staff/ann"),
        ("backoffice", "add", "staff/ben"),
        ("ann", "set password", "staff/ann"),
    ]


@pytest.mark.parametrize(
    "names", (("ann",), ("ann", "ann"), ("Ann", "ben"), ("ann", "backoffice"), ("ann", ""), ("ann", "a" * 33))
)
async def test_one_alone_or_one_without_a_proper_name_cannot_begin(database: Database, names: tuple[str, ...]) -> None:
    async with database.writing() as session:
        with pytest.raises(Refused):
            await users.begin(session, [NewUser(name, "Somebody") for name in names], why=WHY, now_ns=1)


async def test_nobody_begins_twice(database: Database) -> None:
    await begin(database)
    with pytest.raises(Conflict, match="there is staff already"):
        await begin(database)


async def test_who_has_not_come_in_before_the_codes_were_void_begins_again(database: Database) -> None:
    both = [NewUser("ann", "Ann"), NewUser("ben", "Ben")]
    async with database.writing() as session:
        first = await users.begin(session, both, code_hours=1, why=WHY, now_ns=1)
    async with database.writing() as session:
        with pytest.raises(Conflict, match="there is staff already"):
            await users.begin(session, both, why=WHY, now_ns=HOUR_NS)
    async with database.writing() as session:
        with pytest.raises(Conflict, match="there is staff already"):
            await users.begin(session, both, mapped={"ben"}, why=WHY, now_ns=2 * HOUR_NS)
    async with database.writing() as session:
        with pytest.raises(Refused, match="their codes are void; begin again with ann and ben"):
            await users.begin(session, [NewUser("ann", "Ann"), NewUser("eve", "Eve")], why=WHY, now_ns=2 * HOUR_NS)
    async with database.writing() as session:
        codes = await users.begin(session, both, why=WHY, now_ns=2 * HOUR_NS)
    with pytest.raises(Refused, match="wrong user, password or code"):
        await set_password(database, "ann", first["ann"], PASSWORD, 2 * HOUR_NS + 1)
    await set_password(database, "ann", codes["ann"], PASSWORD, 2 * HOUR_NS + 1)
    async with database.writing() as session:
        with pytest.raises(Conflict, match="there is staff already"):
            await users.begin(session, both, why=WHY, now_ns=1_000 * HOUR_NS)


async def test_who_joins_has_been_proposed_and_approved(database: Database) -> None:
    await begin(database)
    await join(database, "tom", Role.TREASURY, Role.RISK)
    assert await roles(database, "tom") == {Role.TREASURY, Role.RISK}


async def test_neither_the_maker_nor_another_role_lets_anybody_in(database: Database) -> None:
    await begin(database)
    async with database.writing() as session:
        made = await changes.propose_user(
            session, ANN, NewUser("tom", "Tom"), frozenset({Role.RISK}), why="x", now_ns=1
        )
    with pytest.raises(Refused, match="ann has proposed A-1"):
        await approve(database, ANN, made.id)
    with pytest.raises(Refused, match="eve may not approve changes of staff: needs compliance or administrator"):
        await approve(database, Actor("eve", frozenset({Role.TREASURY})), made.id)
    with pytest.raises(Refused, match="cay may not set up staff: needs administrator"):
        await propose_roles(database, CAY, "ann", Role.RISK)
    async with database.reading() as session:
        with pytest.raises(NotFound, match="tom: nobody of the staff"):
            await users.find(session, "tom")


async def test_the_code_is_on_record_nowhere(database: Database) -> None:
    await begin(database)
    code = await join(database, "tom", Role.RISK)
    async with database.reading() as session:
        entries = await audit.entries(session, Wanted(), 100)
        payload = (await approvals.approval_of(session, "A-1")).payload
    for text in (str(payload), *(f"{entry.before} {entry.after} {entry.why}" for entry in entries)):
        assert not any(half in text for half in code.split("-"))
    assert not any("code_hash" in str(entry.after) for entry in entries)


@pytest.mark.parametrize(
    ("user", "error", "what"),
    (
        (NewUser("ann", "Another Ann"), Conflict, "ann is there already"),
        (NewUser("Tom", "Tom"), Refused, "a user's name has 1 to 32 small letters"),
        (NewUser("tom", " "), Refused, "a full name has"),
        (NewUser("tom", "line\nbreak"), Refused, "a full name has"),
        (NewUser("backoffice", "B"), Refused, "is the back office itself"),
    ),
)
async def test_somebody_who_cannot_be_is_refused(
    database: Database, user: NewUser, error: type[Exception], what: str
) -> None:
    await begin(database)
    async with database.writing() as session:
        with pytest.raises(error, match=what):
            await changes.propose_user(session, ANN, user, frozenset({Role.RISK}), why="x", now_ns=1)


async def test_a_user_of_the_operating_system_is_one_member_of_staff_only(database: Database) -> None:
    await begin(database)
    async with database.writing() as session:
        tom = NewUser("tom", "Tom", "benjamin")
        made = await changes.propose_user(session, ANN, tom, frozenset({Role.RISK}), why="x", now_ns=1)
        with pytest.raises(Conflict, match="the operating system's user benjamin is ben already"):
            await approvals.approve(session, BEN, made.id, why="fine", now_ns=2)


async def test_roles_are_what_was_approved_and_no_others(database: Database) -> None:
    await begin(database)
    await join(database, "tom", Role.TREASURY, Role.RISK)
    made = await propose_roles(database, BEN, "tom", Role.RISK, Role.OPERATIONS)
    await approve(database, ANN, made)
    assert await roles(database, "tom") == {Role.RISK, Role.OPERATIONS}
    with pytest.raises(Refused, match="tom has these roles already"):
        await propose_roles(database, BEN, "tom", Role.RISK, Role.OPERATIONS)
    with pytest.raises(Refused, match="tom needs a role"):
        await propose_roles(database, BEN, "tom")


async def test_nobody_approves_what_is_about_themselves(database: Database) -> None:
    await begin(database)
    made = await propose_roles(database, ANN, "ben", Role.ADMINISTRATOR, Role.TREASURY)
    with pytest.raises(Refused, match="A-1 is about ben; somebody else must decide"):
        await approve(database, BEN, made)
    assert await roles(database, "ben") == {Role.ADMINISTRATOR}


async def test_roles_proposed_for_somebody_who_has_changed_since_are_stale(database: Database) -> None:
    await begin(database)
    await join(database, "tom", Role.RISK)
    made = await propose_roles(database, ANN, "tom", Role.TREASURY)
    await disable(database, BEN, "tom")
    with pytest.raises(Refused, match="is stale: staff/tom has changed"):
        await approve(database, BEN, made)


async def test_one_person_is_enough_to_shut_out_and_two_are_needed_to_let_in_again(database: Database) -> None:
    await begin(database)
    await join(database, "tom", Role.RISK)
    await disable(database, ANN, "tom")
    with pytest.raises(Refused, match="tom is disabled already"):
        await disable(database, BEN, "tom")
    async with database.writing() as session:
        made = await changes.propose_enabling(session, ANN, "tom", why="is back", now_ns=6)
    await approve(database, BEN, made.id)
    async with database.reading() as session:
        assert not (await users.find(session, "tom")).is_disabled


async def test_two_who_can_decide_on_staff_are_always_left(database: Database) -> None:
    await begin(database)
    with pytest.raises(Refused, match="without ben nobody could set up staff"):
        await disable(database, ANN, "ben")
    with pytest.raises(Refused, match="ann cannot shut themselves out"):
        await disable(database, ANN, "ann")
    await join(database, "cay", Role.COMPLIANCE)
    made = await propose_roles(database, BEN, "ben", Role.RISK)
    await approve(database, CAY, made)
    assert await roles(database, "ben") == {Role.RISK}
    made = await propose_roles(database, ANN, "ann", Role.RISK)
    with pytest.raises(Refused, match="without ann nobody could set up staff"):
        await approve(database, CAY, made)


async def test_two_who_shut_each_other_out_at_once_do_not_both_succeed(database: Database) -> None:
    await begin(database)
    await join(database, "cay", Role.ADMINISTRATOR)
    outcomes = await asyncio.gather(
        disable(database, ANN, "ben"), disable(database, BEN, "ann"), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "Refused"]


async def test_what_somebody_proposed_who_is_shut_out_now_cannot_be_approved(database: Database) -> None:
    await begin(database)
    await join(database, "cay", Role.ADMINISTRATOR)
    made = await propose_roles(database, ANN, "cay", Role.ADMINISTRATOR, Role.TREASURY)
    await disable(database, BEN, "ann")
    with pytest.raises(Refused, match="was proposed by ann, who is disabled"):
        await approve(database, BEN, made)


Deed = Callable[[AsyncSession], Awaitable[object]]


@pytest.mark.parametrize(
    "deed",
    (
        lambda session: users.disable(session, ANN, "tom", **ASK),
        lambda session: changes.propose_roles(session, ANN, "tom", frozenset({Role.RISK}), **ASK),
        lambda session: changes.propose_enabling(session, ANN, "tom", **ASK),
        lambda session: changes.propose_code(session, ANN, "tom", **ASK),
    ),
)
async def test_nothing_is_done_to_somebody_who_is_not_there(database: Database, deed: Deed) -> None:
    async with database.writing() as session:
        with pytest.raises(NotFound, match="tom: nobody of the staff"):
            await deed(session)
