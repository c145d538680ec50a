"""A back office with its first staff, for tests."""

from backoffice.database import Database
from backoffice.staff import approvals, users
from backoffice.staff.actor import Actor
from backoffice.staff.authentication import set_password
from backoffice.staff.changes import propose_user
from backoffice.staff.passwords import CODE_HOURS
from backoffice.staff.permissions import Role
from backoffice.staff.users import NewUser

ANN, BEN = (Actor(name, frozenset({Role.ADMINISTRATOR})) for name in ("ann", "ben"))
PASSWORD = "correct horse battery"
WHY = "to begin with"


async def begin(database: Database) -> None:
    """Let in the administrators ann, with a password, and ben, whom the operating system knows as benjamin."""
    async with database.writing() as session:
        codes = await users.begin(
            session, [NewUser("ann", "Ann Arbor"), NewUser("ben", "Ben Nevis", "benjamin")], why=WHY, now_ns=1
        )
    await set_password(database, "ann", codes["ann"], PASSWORD, 2)


async def join(database: Database, name: str, *roles: Role, code_hours: int = CODE_HOURS) -> str:
    """Let somebody else in, through four eyes, and return the code for their first password."""
    async with database.writing() as session:
        made = await propose_user(
            *(session, ANN, NewUser(name, name.title()), frozenset(roles)),
            code_hours=code_hours,
            why="more work",
            now_ns=3,
        )
        first = dict(made.shown_once)
        checked = await approvals.approve(session, BEN, made.id, why="fine", now_ns=4)
    return "-".join(
        (first[f"first half of the code for {name}"], checked.shown_once[f"second half of the code for {name}"])
    )
