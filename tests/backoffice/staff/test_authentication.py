"""Proving to be somebody: passwords, codes, the operating system, and lock-out."""

import asyncio

import pytest

from backoffice.database import Database
from backoffice.errors import Refused
from backoffice.staff import approvals, audit, changes, users
from backoffice.staff.actor import Actor
from backoffice.staff.audit import Wanted
from backoffice.staff.authentication import LOCKED_AFTER, authenticate, known_to_system, set_password
from backoffice.staff.passwords import flaw_of_password, hash_secret, matches
from backoffice.staff.permissions import Role
from backoffice.times import HOUR_NS, MINUTE_NS
from tests.backoffice.staff.house import ANN, BEN, PASSWORD, begin, join

NOW = 1_000


async def fail(database: Database, times: int, name: str = "ann", now_ns: int = NOW) -> None:
    for _ in range(times):
        with pytest.raises(Refused, match=r"^wrong user or password$"):
            await authenticate(database, name, "wrong", now_ns)


async def test_a_password_proves_who_one_is(database: Database) -> None:
    await begin(database)
    assert await authenticate(database, "ann", PASSWORD, NOW) == ANN
    await fail(database, 1)
    await fail(database, 1, name="nobody")
    await fail(database, 1, name="ben")


async def test_failures_in_a_row_lock_for_longer_and_longer(database: Database) -> None:
    await begin(database)
    await fail(database, LOCKED_AFTER)
    with pytest.raises(Refused, match="ann is locked after wrong passwords; try again in 60 s"):
        await authenticate(database, "ann", PASSWORD, NOW)
    await fail(database, 1, now_ns=NOW + MINUTE_NS)
    with pytest.raises(Refused, match="try again in 120 s"):
        await authenticate(database, "ann", PASSWORD, NOW + MINUTE_NS)
    assert await authenticate(database, "ann", PASSWORD, NOW + 3 * MINUTE_NS) == ANN
    await fail(database, LOCKED_AFTER - 1, now_ns=NOW + 3 * MINUTE_NS)
    assert await authenticate(database, "ann", PASSWORD, NOW + 3 * MINUTE_NS) == ANN
    async with database.reading() as session:
        locks = await audit.entries(session, Wanted(verb="lock"), 10)
    assert [(entry.actor, entry.subject, entry.after) for entry in locks] == [
        ("backoffice", "staff/ann", '{"failures":5}'),
        ("backoffice", "staff/ann", '{"failures":6}'),
    ]


async def test_many_attempts_at_once_are_no_way_round_the_count(database: Database) -> None:
    await begin(database)
    attempts = (authenticate(database, "ann", f"guess {number}", NOW) for number in range(12))
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    told = [str(outcome) for outcome in outcomes]
    assert sum(text == "wrong user or password" for text in told) == LOCKED_AFTER
    assert sum("is locked" in text for text in told) == 12 - LOCKED_AFTER


async def test_who_is_disabled_is_refused_however_right_the_password(database: Database) -> None:
    await begin(database)
    code = await join(database, "tom", Role.RISK)
    await set_password(database, "tom", code, PASSWORD, NOW)
    async with database.writing() as session:
        await users.disable(session, ANN, "tom", why="has left", now_ns=NOW)
    with pytest.raises(Refused, match=r"^tom is disabled$"):
        await authenticate(database, "tom", PASSWORD, NOW)
    with pytest.raises(Refused, match=r"^tom is disabled$"):
        await set_password(database, "tom", PASSWORD, "another one, longer", NOW)


async def test_a_code_sets_a_password_once_and_needs_both_its_halves(database: Database) -> None:
    await begin(database)
    code = await join(database, "tom", Role.RISK)
    first, second = code.split("-")
    for wrong in (first, second, f"{first}-{first}", f"{second}-{first}", "-", ""):
        with pytest.raises(Refused, match=r"wrong user, password or code|is locked"):
            await set_password(database, "tom", wrong, PASSWORD, NOW)
    with pytest.raises(Refused, match="wrong user or password"):
        await authenticate(database, "tom", code, NOW + 60 * MINUTE_NS)
    later = NOW + 120 * MINUTE_NS
    await set_password(database, "tom", code, PASSWORD, later)
    assert await authenticate(database, "tom", PASSWORD, later) == Actor("tom", frozenset({Role.RISK}))
    with pytest.raises(Refused, match="wrong user, password or code"):
        await set_password(database, "tom", code, "another one, longer", later)


async def test_a_code_counts_for_some_time_only(database: Database) -> None:
    await begin(database)
    code = await join(database, "tom", Role.RISK, code_hours=1)
    too_late = HOUR_NS + 1_000
    with pytest.raises(Refused, match="wrong user, password or code"):
        await set_password(database, "tom", "wrong", PASSWORD, too_late)
    with pytest.raises(Refused, match="the code of tom counts no more; have `fondaco staff code tom` propose another"):
        await set_password(database, "tom", code, PASSWORD, too_late)


async def test_a_password_is_changed_by_who_has_it(database: Database) -> None:
    await begin(database)
    with pytest.raises(Refused, match="a password has 12 to 128 characters"):
        await set_password(database, "ann", PASSWORD, "short", NOW)
    await set_password(database, "ann", PASSWORD, "another one, longer", NOW)
    await fail(database, 1)
    assert await authenticate(database, "ann", "another one, longer", NOW) == ANN


async def test_a_new_code_lets_in_who_is_locked_and_ends_the_old_password(database: Database) -> None:
    await begin(database)
    await join(database, "cay", Role.COMPLIANCE)
    await fail(database, LOCKED_AFTER)
    async with database.writing() as session:
        made = await changes.propose_code(session, BEN, "ann", why="has lost it", now_ns=NOW)
        first = made.shown_once["first half of the code for ann"]
        cay = Actor("cay", frozenset({Role.COMPLIANCE}))
        checked = await approvals.approve(session, cay, made.id, why="saw her", now_ns=NOW)
    code = f"{first}-{checked.shown_once['second half of the code for ann']}"
    await fail(database, 1)
    await set_password(database, "ann", code, "another one, longer", NOW)
    assert await authenticate(database, "ann", "another one, longer", NOW) == ANN


async def test_the_operating_system_vouches_for_whom_it_knows(database: Database) -> None:
    await begin(database)
    async with database.reading() as session:
        assert await known_to_system(session, "benjamin", {}) == BEN
        assert await known_to_system(session, "annabel", {"annabel": "ann"}) == ANN
        assert await known_to_system(session, "benjamin", {"benjamin": "ann"}) == ANN
        assert await known_to_system(session, "stranger", {}) is None
        with pytest.raises(Refused, match="tom, whom the settings name for thomas, is not of the staff"):
            await known_to_system(session, "thomas", {"thomas": "tom"})


async def test_the_operating_system_does_not_vouch_for_who_is_disabled(database: Database) -> None:
    await begin(database)
    await join(database, "cay", Role.COMPLIANCE)
    async with database.writing() as session:
        await users.disable(session, ANN, "ben", why="has left", now_ns=NOW)
    async with database.reading() as session:
        with pytest.raises(Refused, match=r"^ben is disabled$"):
            await known_to_system(session, "benjamin", {})


@pytest.mark.parametrize(
    "password", ("short", "x" * 129, " space before it", "control\tcharacter", "my name is ANN indeed")
)
def test_what_cannot_be_a_password_is_told_and_not_repeated(password: str) -> None:
    flaw = flaw_of_password(password, "ann")
    assert flaw
    assert password not in flaw


def test_a_hash_is_of_its_password_alone_and_no_hash_of_none() -> None:
    kept = hash_secret(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert matches(kept, PASSWORD)
    for wrong, secret in ((kept, "wrong"), (None, PASSWORD), (None, ""), ("no hash", PASSWORD)):
        assert not matches(wrong, secret)
