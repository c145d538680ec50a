"""How a command comes to the back office: its database, which must be of this very version, and who acts.

Who acts is whoever runs the command, if the operating system's user is one of the staff; or the one that `--as` names,
with the password asked for on the terminal, or in the first line of the file that FONDACO_PASSWORD_FILE names.
"""

import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

import typer

from backoffice.cli.tables import CsvOption, Form, JsonOption, form_of
from backoffice.cli.venue.request import AsOption, ConfigOption, DataOption, WhyOption

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.database import Database
    from backoffice.staff.actor import Actor
    from backoffice.staff.permissions import Permission
    from config.settings import Settings

T = TypeVar("T")
Step: TypeAlias = "Callable[[AsyncSession, Office], Awaitable[T]]"
"""What is done in one transaction."""

PASSWORD_FILE: Final = "FONDACO_PASSWORD_FILE"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, kw_only=True)
class Coming:
    """The options of every command to the back office: which one, and who comes."""

    config: ConfigOption
    as_user: AsOption = None
    data: DataOption = None

    def office(self) -> "AbstractAsyncContextManager[Office]":
        """Open the back office to whoever gives the command."""
        return office(self.config, self.data, self.as_user)

    def carry_out(self, step: "Step[T]", *, tells_venue: bool = False) -> T:
        """Return what a step comes to, in a transaction of its own.

        `tells_venue`: the venue is then told what follows; if it cannot be now, a line on standard error says so.
        """
        from backoffice.cli.loop import run

        async def carried() -> T:
            async with self.office() as desk:
                async with desk.database.writing() as session:
                    result = await step(session, desk)
                if tells_venue and (note := await desk.tell_venue()):
                    typer.echo(note, err=True)
                return result

        return run(carried())

    def ask(self, question: "Step[T]", needs: "Permission | None" = None) -> T:
        """Return what a question is answered, of one state of the database.

        `needs`: what whoever asks must be permitted; to see records, if nothing else is named. Raise `Refused`. What
        the answer has that is personal is in the audit trail before it is returned.
        """
        from backoffice.cli.loop import run
        from backoffice.staff.permissions import Permission

        async def answered() -> T:
            async with self.office() as desk:
                async with desk.database.reading() as session:
                    desk.actor.require(needs or Permission.SEE_RECORDS)
                    answer = await question(session, desk)
                await desk.disclosure.put_on_record(desk.database, desk.now_ns)
                return answer

        return run(answered())


@dataclass(frozen=True, kw_only=True)
class Seeing(Coming):
    """The options of every command that shows one thing."""

    as_json: JsonOption = False

    @property
    def form(self) -> Form:
        """For whom it is printed."""
        return form_of(as_json=self.as_json)


@dataclass(frozen=True, kw_only=True)
class Acting(Seeing):
    """The options of every command by which staff do something."""

    why: WhyOption


@dataclass(frozen=True, kw_only=True)
class Looking(Seeing):
    """The options of every command that lists something."""

    as_csv: CsvOption = False

    @property
    def form(self) -> Form:
        """For whom it is printed."""
        return form_of(as_json=self.as_json, as_csv=self.as_csv)


class Office:
    """The back office, open to somebody."""

    __slots__ = ("actor", "data", "database", "disclosure", "sealer", "settings")

    def __init__(self, settings: "Settings", data: Path, database: "Database", actor: "Actor") -> None:
        from backoffice.staff.disclosing import Disclosure
        from backoffice.staff.sealing import KEY_FILE, Sealer

        self.settings = settings
        self.data = data
        """The venue's files."""
        self.database = database
        self.actor = actor
        self.disclosure = Disclosure(actor)
        """What is shown to them that is personal."""
        self.sealer = Sealer(data / KEY_FILE)
        """Opens personal data; its key is read when it is first needed."""

    @property
    def now_ns(self) -> int:
        """Return the time: nanoseconds since the epoch, UTC."""
        import time

        return time.time_ns()

    async def tell_venue(self) -> str:
        """Give the venue what it is still to be told; return a line that says so if it cannot be told now.

        A venue whose journal is not the one that the database has followed is told nothing.
        """
        from backoffice import outbox
        from backoffice.control import VenueAway, VenueControl
        from backoffice.invoices import collecting
        from fixgw.sources import control_of

        control = VenueControl(control_of(self.settings, self.data))
        if await outbox.is_waiting(self.database) and (doubt := await self._doubt()):
            return f"The venue is told nothing: {doubt}"
        try:
            given = await outbox.give(self.database, control, self.now_ns)
        except VenueAway as error:
            return f"The venue is still to be told, and will be: {error}"
        async with self.database.writing() as session:
            await collecting.conclude(session, self.now_ns)
        refused = [f"{each.kind} for {each.subject}: {each.refusal}" for each in given if each.refusal]
        return f"The venue refuses: {'; '.join(refused)}" if refused else ""

    async def _doubt(self) -> str:
        """Return why this may be another venue than the database's, nothing if that cannot be seen."""
        from backoffice.cli.failure import one_line
        from backoffice.errors import Conflict, NotFound
        from backoffice.projector.source import check_at_hand
        from engine.errors import EngineError

        try:
            async with self.database.reading() as session:
                await check_at_hand(session, self.data)
        except (Conflict, NotFound, EngineError, OSError) as error:
            return one_line(error)
        return ""


@asynccontextmanager
async def office(config: Path, data: Path | None, as_user: str | None = None) -> AsyncGenerator[Office]:
    """Open the back office to whoever acts. Raise a `BackOfficeError`, or `CommandFailed` if nobody known acts."""
    from backoffice.database.migrating import check
    from config.reading import load

    settings = load(config)
    directory = data or Path(settings.data)
    async with database_of(settings, directory) as database:
        await check(database)
        opened = Office(settings, directory, database, await _actor(database, settings.back_office.staff, as_user))
        yield opened
        assert opened.disclosure.is_recorded, "what is personal is shown only once the trail has it"


def database_of(settings: "Settings", data: Path, *, may_be_new: bool = False) -> "Database":
    """Return the database, of whatever version, to be opened. Raise `DatabaseFault` if it is not there yet."""
    from backoffice.database import Database
    from backoffice.database.database import address_of, shown
    from backoffice.errors import DatabaseFault

    address = address_of(settings.back_office.database, data)
    if not may_be_new and _is_missing(address):
        raise DatabaseFault(f"database {shown(address)}: is not there yet; run `fondaco database upgrade`")
    return Database(address)


async def member_of_staff(config: Path, data: Path | None, as_user: str | None) -> "Actor | None":
    """Return who of a venue's staff acts, None at a venue that has no staff.

    Raise a `BackOfficeError`, or `CommandFailed` if nobody known acts.
    """
    from backoffice.database.database import address_of
    from backoffice.database.migrating import check, version_of
    from backoffice.staff.users import is_without_staff
    from config.reading import load

    settings = load(config)
    directory = data or Path(settings.data)
    if _is_missing(address_of(settings.back_office.database, directory)):
        return None
    async with database_of(settings, directory) as database:
        if await version_of(database) is None:
            return None
        await check(database)
        async with database.reading() as session:
            if await is_without_staff(session):
                return None
        return await _actor(database, settings.back_office.staff, as_user)


def secret_asked(what: str) -> str:
    """Return a secret: of the file that FONDACO_PASSWORD_FILE names, else as typed on the terminal.

    Raise `CommandFailed` if there is neither.
    """
    import getpass
    import sys

    from backoffice.cli.failure import CommandFailed

    file = os.environ.get(PASSWORD_FILE)
    if file:
        return _first_line(Path(file))
    if not sys.stdin.isatty():
        raise CommandFailed(f"{what}: there is no terminal to ask on; let {PASSWORD_FILE} name a file that has it")
    return getpass.getpass(f"{what}: ")


def _is_missing(address: "URL") -> bool:
    """Tell whether there is no file yet; SQLite would make it."""
    return address.get_backend_name() == "sqlite" and not Path(str(address.database)).exists()


async def _actor(database: "Database", mapped: dict[str, str], as_user: str | None) -> "Actor":
    import time

    from backoffice.cli.failure import CommandFailed
    from backoffice.errors import Refused
    from backoffice.staff.authentication import authenticate, known_to_system
    from backoffice.staff.users import is_without_staff

    os_user = _os_user()
    known = None
    try:
        async with database.reading() as session:
            known = await known_to_system(session, os_user, mapped)
    except Refused:
        if as_user is None:
            raise
    if known is not None and as_user in {None, known.user}:
        return known
    if as_user is None:
        async with database.reading() as session:
            if await is_without_staff(session):
                raise CommandFailed("there is no staff yet; two people begin together: `fondaco staff init`")
        raise CommandFailed(f"{os_user} is nobody of the staff; say by --as USER who you are")
    return await authenticate(database, as_user, secret_asked(f"Password of {as_user}"), time.time_ns())


def _os_user() -> str:
    """Return who runs the command, as the operating system has it; what the environment says does not count."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


def _first_line(path: Path) -> str:
    from backoffice.cli.failure import CommandFailed

    with path.open(encoding="utf-8") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise CommandFailed(f"{path}: others may read the password; let only its owner (chmod 600)")
        try:
            return file.readline().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise CommandFailed(f"{path}: the password is not UTF-8 text") from error
