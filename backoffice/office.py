"""The back office's process: what it does all the time, side by side on one loop.

async def task(stop: asyncio.Event) -> None: ...        # one of them: until `stop` is set, then it returns soon

A task that finds the database locked, full or away is begun again after a while, as often as it takes: whatever it did
is in the database or has not happened. Whatever else goes wrong ends the process, and with it the others. What tells
the venue something, or asks a rail, begins once it is certain that the database follows this very venue.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import structlog

import backoffice.kinds  # noqa: F401 - whoever owns a kind of approvals is told when one expires
from backoffice import outbox
from backoffice.access.charging import bring_up_to_date
from backoffice.access.inheriting import unpriced
from backoffice.access.telling import tell_all_limits, tell_new_quotes
from backoffice.control import Control, VenueAway, VenueControl
from backoffice.crm import filing, leaving, reviewing
from backoffice.crm.behind_accounts import ClientsBehindAccounts
from backoffice.crm.screening.rescreening import left_behind, screen_each
from backoffice.database import Database
from backoffice.database.database import address_of, shown
from backoffice.database.migrating import check, upgrade, version_of
from backoffice.errors import BackOfficeError, Conflict, DatabaseFault, KeyFault
from backoffice.house_rules import rules_in, take_over
from backoffice.invoices import collecting, invoicing
from backoffice.payments.opening import rails_of, rules_of
from backoffice.payments.rail import Rail
from backoffice.payments.runner import Payments
from backoffice.projector.following import Following
from backoffice.reconciliation.reconciling import reconcile
from backoffice.reports import market_quality
from backoffice.staff import anchor, approvals
from backoffice.staff.actor import BACK_OFFICE
from backoffice.staff.sealing import KEY_FILE, Sealer
from backoffice.staff.users import is_without_staff
from backoffice.surveillance.looking import watch
from backoffice.surveillance.parameters import parameters_of
from config.settings import Settings
from engine.errors import EngineError
from engine.remote import Source

LOCK: Final = "backoffice.lock"
AGAIN_S: Final = 1.0
"""After how long a task is begun again."""
TOLD_AGAIN_S: Final = 60.0
"""How often it is said that the database still fails in the same way."""
GIVE_S: Final = 0.25
"""How often it is looked whether the venue is to be told something: who decides tells it at once, mostly."""
HOUSEKEEPING_S: Final = 60.0
SCREENING_S: Final = 60.0
"""How often it is looked whether clients are to be screened by a list that others have not screened by."""
SAMPLED_S: Final = 60.0
"""How often it is looked how the books stand."""
SURVEILLANCE_S: Final = 60.0
RECONCILED_S: Final = 300.0
"""How often payments are compared with what rails and the books have of them."""

Task: TypeAlias = Callable[[asyncio.Event], Awaitable[None]]

_log = structlog.get_logger("back-office")


class Venue(NamedTuple):
    """Where the venue is."""

    data: Path
    """The directory in which the back office keeps files of its own: the venue's, if it is on this host."""
    feed: Source
    control: VenueControl


async def work(settings: Settings, venue: Venue, stop: asyncio.Event) -> None:
    """Do all that the back office of a venue does, until `stop` is set.

    A database that is empty is made first. Raise a `BackOfficeError` or `EngineError` if it cannot go on.
    """
    address = address_of(settings.back_office.database, venue.data)
    with _alone(venue.data):
        await _work(Database(address), settings, venue, stop)
    _log.info("back office stopped")


async def _work(database: Database, settings: Settings, venue: Venue, stop: asyncio.Event) -> None:
    async with database:
        if await version_of(database) is None:
            await upgrade(database)
            _log.info("a new database", database=shown(database.address))
        await check(database)
        await take_rules(database, settings)
        sealer = Sealer(venue.data / KEY_FILE)
        await check_key(database, sealer)
        following = Following(database, venue.feed, venue.data)
        tasks: dict[str, Task] = {
            "projector": following.run,
            "outbox": lambda until: again_and_again(lambda: give_waiting(database, venue.control), GIVE_S, until),
            "trail": lambda until: again_and_again(lambda: note_trail(database, venue.data), HOUSEKEEPING_S, until),
            "housekeeping": lambda until: again_and_again(lambda: keep_house(database, sealer), HOUSEKEEPING_S, until),
            "screening": lambda until: again_and_again(
                lambda: screen_again(database, sealer, until), SCREENING_S, until
            ),
            "surveillance": lambda until: again_and_again(
                lambda: watch_trading(database, sealer, settings), SURVEILLANCE_S, until
            ),
        }
        tasks["sampler"] = lambda until: again_and_again(lambda: look(database, venue.control), SAMPLED_S, until)
        if settings.back_office.payments:
            payments = Payments(
                *(database, venue.control, rails_of(settings, venue.data), rules_of(settings)),
                *(ClientsBehindAccounts(sealer), time.time_ns),
            )
            tasks["payments"] = payments.run
        rails = rails_of(settings, venue.data)
        tasks["reconciliation"] = lambda until: again_and_again(lambda: compare(database, rails), RECONCILED_S, until)
        tasks |= {name: once(following.is_certain, task) for name, task in tasks.items() if name in _OUTSIDE}
        await side_by_side(tasks, stop)


_OUTSIDE: Final = frozenset(("outbox", "sampler", "payments", "reconciliation"))
"""The tasks that have to do with the venue or with rails, and not with the database alone."""


def once(certain: asyncio.Event, task: Task) -> Task:
    """Return a task that begins once something is certain."""

    async def begun(stop: asyncio.Event) -> None:
        await either(stop.wait(), certain.wait())
        await task(stop)

    return begun


async def take_rules(database: Database, settings: Settings) -> None:
    """Let decisions go by what the settings say from now on, and have the venue be told all limits once more."""
    now_ns = time.time_ns()
    async with database.writing() as session:
        has_changed = await take_over(session, rules_in(settings), now_ns)
    async with database.writing() as session:
        limits = await tell_all_limits(session, now_ns, once_more=True)
        nothing = await unpriced(session)
    _log.info("the settings are taken over", has_changed=has_changed, limits=limits)
    if nothing:
        _log.warning("clients may not trade in what has no usd_price in the settings", assets=nothing)


async def check_key(database: Database, sealer: Sealer) -> None:
    """Say what to do if there is staff, and the key of personal data is missing or cannot be read."""
    async with database.reading() as session:
        if await is_without_staff(session):
            return
    try:
        _ = sealer.keys
    except KeyFault as error:
        _log.warning("personal data cannot be read, and none taken in", reason=str(error))


async def give_waiting(database: Database, control: Control) -> None:
    """Tell the venue what it is still to be told. While it is away, that waits."""
    if await outbox.is_waiting(database):
        try:
            given = await outbox.give(database, control, time.time_ns())
        except VenueAway as error:
            _log.warning("the venue is still to be told something", reason=str(error))
            return
        for each in given:
            _log.info("told the venue", what=each.kind, subject=each.subject, refusal=each.refusal or None)
        await conclude_invoices(database)


async def conclude_invoices(database: Database) -> None:
    """Let invoices follow what the venue has answered."""
    async with database.writing() as session:
        concluded = await collecting.conclude(session, time.time_ns())
    for invoice, standing in concluded:
        _log.info("an invoice", invoice=invoice.name, state=standing.state, reason=standing.reason)


async def look(database: Database, control: VenueControl) -> None:
    """Keep how the books stand, for reports. While the venue is away nobody knows."""
    try:
        shown = await control.show()
    except VenueAway:
        return
    await market_quality.sample(database, shown, time.time_ns())


async def note_trail(database: Database, data: Path) -> None:
    """Note down the end of the audit trail outside the database, as long as it follows what was noted before."""
    noted, flaw = await anchor.note(database, data / anchor.HEAD_FILE)
    if noted:
        _log.info("the audit trail ends", noted=noted)
    if flaw:
        _log.critical("the audit trail cannot be relied on", reason=flaw)


async def keep_house(database: Database, sealer: Sealer) -> None:
    """Do what falls due as time goes by.

    Approvals that nobody gave expire, fees follow volumes and dates, limits new instruments, what is missing to the
    minimums of a month that is over is invoiced, documents and reviews are reminded of, and files whose time is over
    are erased.
    """
    now_ns = time.time_ns()
    async with database.writing() as session:
        for approval in await approvals.expire(session, now_ns):
            _log.info("an approval has expired", approval=approval.id, kind=approval.kind)
    async with database.writing() as session:
        changes = await bring_up_to_date(session, now_ns)
    async with database.writing() as session:
        limits = await tell_new_quotes(session, now_ns)
    async with database.writing() as session:
        invoices = await invoicing.invoice_next_month(session, now_ns)
    await conclude_invoices(database)
    async with database.writing() as session:
        documents = await filing.remind(session, now_ns=now_ns)
        reviews = await reviewing.remind(session, sealer, now_ns=now_ns)
        erased = await leaving.erase_due(session, sealer, now_ns=now_ns)
    counts = {"fees": changes, "limits": limits, "invoices": len(invoices)}
    counts |= {"documents": len(documents), "reviews": len(reviews), "erased": len(erased)}
    if any(counts.values()):
        _log.info("housekeeping", **counts)


async def screen_again(database: Database, sealer: Sealer, stop: asyncio.Event) -> None:
    """Screen the clients that nobody has screened since a list changed, as long as their files can be read."""
    async with database.reading() as session:
        clients = await left_behind(session, time.time_ns())
    if not clients:
        return
    count, hits = 0, list[str]()
    who = (database, BACK_OFFICE, sealer)
    try:
        async for screened in screen_each(*who, clients, why="a list has changed", clock=time.time_ns):
            count += bool(screened.subjects)
            hits += screened.new_hits
            if stop.is_set():
                break
    except KeyFault as error:
        _log.error("clients are not screened by a new list: their files cannot be read", reason=str(error))
    if count:
        _log.info("clients were screened by a new list", clients=count, hits=hits)


async def compare(database: Database, rails: Mapping[str, Rail]) -> None:
    """Compare payments, rails' records and the books, and tell of what does not agree any more, or agrees again."""
    result = await reconcile(database, rails, time.time_ns())
    for name, reason in result.silent.items():
        _log.warning("a rail does not tell what it has booked", rail=name, reason=reason)
    for each in result.opened:
        _log.warning("a break", found=each.name, kind=each.kind, subject=each.subject)
    for each in result.closed:
        _log.info("a break is gone", found=each.name, kind=each.kind, subject=each.subject, reason=each.reason)


async def watch_trading(database: Database, sealer: Sealer, settings: Settings) -> None:
    """Look at the hours of trading that are over and have not been looked at, as long as owners can be read."""
    parameters, day_ends = parameters_of(settings.back_office.surveillance), settings.venue.trading_day_ends
    try:
        looked = await watch(database, sealer, time.time_ns(), day_ends=day_ends, parameters=parameters)
    except KeyFault as error:
        _log.error("trading is not looked at: who owns clients cannot be read", reason=str(error))
        return
    for alert in looked.alerts:
        _log.warning("surveillance has found something", alert=alert.name, what=alert.summary)


async def again_and_again(step: Callable[[], Awaitable[None]], every_s: float, stop: asyncio.Event) -> None:
    """Take a step, and again every so many seconds, until `stop` is set."""
    while not stop.is_set():
        await step()
        await either(stop.wait(), asyncio.sleep(every_s))


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Let no other back office work with these files, on this machine. Others are held off by the database."""
    lock = os.open(data / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Conflict(f"{data / LOCK}: another back office is at work here; one is enough") from error
    else:
        yield
    finally:
        os.close(lock)


async def side_by_side(tasks: Mapping[str, Task], stop: asyncio.Event) -> None:
    """Run tasks until `stop` is set, or one of them cannot go on: then stop the others, and raise what it raised."""
    running = [asyncio.create_task(_keep_running(name, task, stop)) for name, task in tasks.items()]
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        stop.set()
        await asyncio.gather(*running, return_exceptions=True)
    for each in running:
        each.result()


async def _keep_running(name: str, task: Task, stop: asyncio.Event) -> None:
    told, told_at = "", 0.0
    while not stop.is_set():
        try:
            await task(stop)
        except DatabaseFault as error:
            reason, now = str(error), time.monotonic()
            if reason != told or now - told_at >= TOLD_AGAIN_S:
                _log.error("the database fails; trying again", task=name, reason=reason)
                told, told_at = reason, now
            await either(stop.wait(), asyncio.sleep(AGAIN_S))
        except (BackOfficeError, EngineError) as error:
            _log.critical("cannot go on; stopping", task=name, reason=str(error))
            raise


async def either(*awaited: Awaitable[object]) -> None:
    """Return when one of these is done; the others are given up."""
    tasks = [asyncio.ensure_future(each) for each in awaited]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
