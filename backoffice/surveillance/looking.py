"""Looks at trading hour by hour (UTC), and raises an alert for what is found, once however often it is looked at.

An hour is looked at when it is over: when the projector has taken in a record of a later one, from after the seconds in
which something may still be withdrawn about what was traded in it. What is looked at as time goes by goes on from where
it was, which stands in the database; alerts and that are one transaction.
"""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.shared_owners import SharedOwners, shared_owners
from backoffice.database import Database
from backoffice.database.serializing import one_at_a_time
from backoffice.staff import audit
from backoffice.staff.actor import BACK_OFFICE, Actor
from backoffice.staff.sealing import Sealer
from backoffice.surveillance import reading
from backoffice.surveillance.circular_trades import CircularTrades
from backoffice.surveillance.layering import Layering
from backoffice.surveillance.marking_the_close import MarkingTheClose
from backoffice.surveillance.order_to_trade import OrderToTrade
from backoffice.surveillance.parameters import PARAMETERS, Parameters
from backoffice.surveillance.rows import Finding, Window
from backoffice.surveillance.tables import Alert, SurveillancePosition
from backoffice.surveillance.unusual_volume import UnusualVolume
from backoffice.surveillance.wash_trades import WashTrades
from backoffice.times import HOUR_NS, SECOND_NS

HOURS_MAX: Final = 100
"""How many hours `watch` looks at in one go."""
_WATCH: Final = "watch"
_PPM_OF_A_PERCENT: Final = 10_000
_DAY: Final = timedelta(days=1)


class Looked(msgspec.Struct, frozen=True):
    """What looking came to."""

    hours: int
    """With records in them."""
    alerts: list[Alert]
    """New ones."""


async def watch(
    database: Database, sealer: Sealer, now_ns: int, *, day_ends: str = "00:00", parameters: Parameters = PARAMETERS
) -> Looked:
    """Look at the hours that are over and have not been looked at yet; the next time the rest, if there are many.

    `sealer` opens who owns clients. `day_ends`: when a trading day ends, UTC. Raise `DatabaseFault` or `KeyFault`.
    """
    alerts: list[Alert] = []
    owners: SharedOwners | None = None
    for count in range(HOURS_MAX):
        async with database.reading() as session:
            position = await session.get(SurveillancePosition, _WATCH)
            hour = await _hour_to_look_at(session, 0 if position is None else position.hour, parameters)
            if hour is None:
                return Looked(count, alerts)
            owners = await _owners(session, sealer, parameters) if owners is None else owners
            findings = await look_at(session, hour, day_ends, parameters, owners)
        async with database.writing() as session:
            position = await session.get(SurveillancePosition, _WATCH, with_for_update=True)
            if position is None:
                position = SurveillancePosition(follower=_WATCH, hour=0)
                session.add(position)
            position.hour = max(position.hour, hour + 1)
            alerts += await raise_alerts(session, BACK_OFFICE, findings, parameters, now_ns)
    return Looked(HOURS_MAX, alerts)


async def look_again(  # noqa: PLR0913 - what whoever looks again may say
    database: Database,
    sealer: Sealer,
    actor: Actor,
    from_hour: int,
    until_hour: int,
    now_ns: int,
    *,
    day_ends: str = "00:00",
    parameters: Parameters = PARAMETERS,
    is_dry: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Looked:
    """Look at all hours of a time that are over, whether they have been looked at or not.

    What is new is raised, as found by whoever looks again; with `is_dry` it is only returned. `progress` is told how
    many hours are done. Raise `DatabaseFault` or `KeyFault`.
    """
    alerts: list[Alert] = []
    owners: SharedOwners | None = None
    count = 0
    begins = from_hour
    while True:
        async with database.reading() as session:
            hour = await _hour_to_look_at(session, from_hour, parameters)
            if hour is None or hour >= until_hour:
                return Looked(count, alerts)
            owners = await _owners(session, sealer, parameters) if owners is None else owners
            findings = await look_at(session, hour, day_ends, parameters, owners)
            if is_dry:
                new = [each for each in findings if await _known(session, each) is None]
                alerts += [_alert(each, parameters, now_ns, actor.user) for each in new]
        if not is_dry:
            async with database.writing() as session:
                alerts += await raise_alerts(session, actor, findings, parameters, now_ns, rerun_by=actor.user)
        count += 1
        from_hour = hour + 1
        progress(from_hour - begins)


async def hours_to_look_at(
    session: AsyncSession, from_hour: int, until_hour: int, parameters: Parameters = PARAMETERS
) -> tuple[int, int]:
    """Return the first hour of a time with records, and the end of those that are over: the first, if none is."""
    first = await reading.next_hour(session, from_hour)
    end = min(until_hour, await reading.hours_over(session, parameters))
    return (from_hour, from_hour) if first is None else (first, max(first, end))


async def look_at(
    session: AsyncSession, hour: int, day_ends: str, parameters: Parameters, owners: SharedOwners
) -> list[Finding]:
    """Return what all detectors find in an hour. `owners`: who owns several firms."""
    window = Window(hour * HOUR_NS, (hour + 1) * HOUR_NS)
    firm_of = await reading.firms(session)
    wash_trades = WashTrades(parameters, window, firm_of, owners)
    circular_trades = CircularTrades(parameters, window, firm_of)
    async for trade in reading.trades(session, Window(window.from_ns - parameters.circular_within_ns, window.until_ns)):
        if trade.time_ns >= window.from_ns:
            wash_trades.add(trade)
        circular_trades.add(trade)
    layering = Layering(parameters, window)
    async for step in reading.steps(session, window, parameters):
        layering.add(step)
    found = [*wash_trades.findings(), *circular_trades.findings(), *layering.findings()]
    found += await _closes(session, window, _day_end_ns(window, day_ends), parameters)
    ratios = OrderToTrade(parameters, window, firm_of)
    async for seen in reading.hours(session, hour):
        ratios.add(seen)
    found += ratios.findings()
    volume = UnusualVolume(parameters, window, hour)
    async for traded in reading.histories(session, hour, parameters.volume_history_hours):
        volume.add(traded)
    return [*found, *volume.findings()]


async def raise_alerts(
    session: AsyncSession,
    actor: Actor,
    findings: list[Finding],
    parameters: Parameters,
    now_ns: int,
    *,
    rerun_by: str | None = None,
) -> list[Alert]:
    """Store what has been found and is not there yet; return that."""
    if not findings:
        return []
    await one_at_a_time(session, "surveillance alerts")
    raised = []
    for finding in findings:
        if await _known(session, finding) is not None:
            continue
        alert = _alert(finding, parameters, now_ns, rerun_by)
        session.add(alert)
        await session.flush()
        after = {"detector": alert.detector, "subject": alert.subject, "symbol": alert.symbol}
        await audit.record(
            *(session, actor, "raise", alert.audit_subject),
            before=None,
            after={**after, "parameters": alert.parameters, "rerun": rerun_by is not None},
            why=alert.summary,
            now_ns=now_ns,
        )
        raised.append(alert)
    return raised


async def _known(session: AsyncSession, finding: Finding) -> int | None:
    """Return the number of the alert that tells of something already, None if there is none."""
    return await session.scalar(
        select(Alert.id).where(
            Alert.detector == finding.detector,
            Alert.subject == finding.subject,
            Alert.symbol == finding.symbol,
            Alert.from_ns == finding.window.from_ns,
            Alert.until_ns == finding.window.until_ns,
        )
    )


def _alert(finding: Finding, parameters: Parameters, now_ns: int, rerun_by: str | None) -> Alert:
    return Alert(
        detector=finding.detector,
        subject=finding.subject,
        symbol=finding.symbol,
        from_ns=finding.window.from_ns,
        until_ns=finding.window.until_ns,
        raised_ns=now_ns,
        parameters=parameters.version,
        summary=finding.summary,
        evidence=finding.evidence,
        case_id=None,
        rerun_by=rerun_by,
    )


async def _owners(session: AsyncSession, sealer: Sealer, parameters: Parameters) -> SharedOwners:
    return await shared_owners(session, sealer, parameters.wash_trades_owner_percent * _PPM_OF_A_PERCENT)


async def _closes(session: AsyncSession, window: Window, day_end_ns: int, parameters: Parameters) -> list[Finding]:
    period_ns = parameters.close_period_ns
    firm_of = await reading.firms(session)
    found = []
    for symbol, close_ns in sorted((await reading.closes(session, window, period_ns, day_end_ns)).items()):
        period = Window(close_ns - period_ns, close_ns)
        marking = MarkingTheClose(parameters, window, symbol, period, firm_of)
        async for trade in reading.trades(session, Window(period.from_ns - period_ns, close_ns), symbol):
            marking.add(trade)
        found += marking.findings()
    return found


async def _hour_to_look_at(session: AsyncSession, from_hour: int, parameters: Parameters) -> int | None:
    """Return the next hour with records, None if there is none that is over."""
    hour = await reading.next_hour(session, from_hour)
    return hour if hour is not None and hour < await reading.hours_over(session, parameters) else None


def _day_end_ns(window: Window, day_ends: str) -> int:
    """Return the first end of a trading day after the beginning of a window."""
    begins = datetime.fromtimestamp(window.from_ns // SECOND_NS, UTC)
    ends = datetime.combine(begins.date(), time.fromisoformat(day_ends), UTC)
    if ends <= begins:
        ends += _DAY
    return int(ends.timestamp()) * SECOND_NS
