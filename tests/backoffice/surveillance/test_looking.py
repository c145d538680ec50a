"""Looking: each hour that is over, once, from where it was; nothing is raised twice, and all of it is on the trail."""

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select
from structlog.testing import capture_logs

from backoffice.database import Database
from backoffice.errors import DatabaseFault
from backoffice.office import watch_trading
from backoffice.staff import audit
from backoffice.staff.actor import BACK_OFFICE
from backoffice.staff.audit import Wanted, entries
from backoffice.surveillance import looking
from backoffice.surveillance.looking import Looked, hours_to_look_at, look_again, watch
from backoffice.surveillance.parameters import PARAMETERS
from backoffice.surveillance.tables import Alert
from backoffice.times import DAY_NS, HOUR_NS
from config.reading import parse
from engine.values import BUY
from tests.backoffice.surveillance.market import SEALER, START_NS, Market


def wash(market: Market) -> None:
    for _ in range(2):
        market.trade("A", "A", 5, 100)


async def count_of_alerts(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Alert)) or 0


async def test_whoever_looks_again_finds_nothing_new(database: Database) -> None:
    market = Market()
    wash(market)
    assert len((await market.looked_at(database)).alerts) == 1
    again = await market.looked_at(database)
    assert (again.hours > 0, again.alerts) == (True, [])
    watched = await watch(database, SEALER, market.now_ns)
    assert (watched.hours > 0, watched.alerts) == (True, [])
    assert await count_of_alerts(database) == 1
    wash(market)
    assert len((await market.looked_at(database)).alerts) == 1, "another hour, another alert"


async def test_other_thresholds_find_more_of_the_past_and_that_is_marked(database: Database) -> None:
    market = Market()
    wash(market)
    market.wait(7_206)
    market.order("A", BUY, 1, 90)
    await market.project(database)
    strict = replace(PARAMETERS, wash_trades_min=3)
    assert (await watch(database, SEALER, market.now_ns, parameters=strict)).alerts == []
    told: list[int] = []
    hours = (START_NS // HOUR_NS, market.now_ns // HOUR_NS)
    for count in (1, 0):
        looked = await look_again(database, SEALER, BACK_OFFICE, *hours, market.now_ns, progress=told.append)
        assert [alert.rerun_by for alert in looked.alerts] == ["backoffice"] * count
    assert told == [1, 1]
    async with database.reading() as session:
        assert await hours_to_look_at(session, 0, hours[1]) == hours
        assert await hours_to_look_at(session, hours[1] + 9, hours[1] + 9) == (hours[1] + 9, hours[1] + 9)


async def test_the_watch_looks_at_hours_that_are_over_and_goes_on_from_there(database: Database) -> None:
    market = Market()
    assert await watch(database, SEALER, market.now_ns) == Looked(0, [])
    wash(market)
    await market.project(database)
    assert await watch(database, SEALER, market.now_ns) == Looked(0, []), "the hour is not over"
    market.wait(3_606)
    wash(market)
    await market.project(database)
    first = await watch(database, SEALER, market.now_ns)
    assert (first.hours, len(first.alerts)) == (1, 1)
    assert first.alerts[0].raised_ns == market.now_ns
    assert await watch(database, SEALER, market.now_ns) == Looked(0, [])
    market.until(market.now_ns + 400 * DAY_NS)
    wash(market)
    await market.project(database)
    second = await watch(database, SEALER, market.now_ns)
    assert (second.hours, len(second.alerts)) == (1, 1), "hours without records are passed over"


async def test_the_watch_takes_no_more_hours_in_one_go_than_it_may(database: Database) -> None:
    market = Market()
    for _ in range(looking.HOURS_MAX + 3):
        market.order("A", BUY, 1, 100)
        market.wait(3_606)
    market.order("A", BUY, 1, 100)
    await market.project(database)
    assert (await watch(database, SEALER, market.now_ns)).hours == looking.HOURS_MAX
    assert (await watch(database, SEALER, market.now_ns)).hours == 3


async def test_alerts_and_how_far_was_looked_are_one_transaction(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = Market()
    wash(market)
    market.wait(3_606)
    wash(market)
    await market.project(database)

    async def fails(*_given: object, **_named: object) -> None:
        raise DatabaseFault("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(audit, "record", fails)
        with pytest.raises(DatabaseFault, match="the disk is full"):
            await watch(database, SEALER, market.now_ns)
    assert await count_of_alerts(database) == 0
    with capture_logs() as logs:
        await watch_trading(database, SEALER, parse('[fix]\ncomp_id = "FONDACO"', "test"))
    assert [(line["what"], line["log_level"]) for line in logs] == [
        ("A traded 2 times with itself in BTC/USD", "warning")
    ]
    assert await count_of_alerts(database) == 1


async def test_an_alert_is_on_the_audit_trail(database: Database) -> None:
    market = Market()
    wash(market)
    (alert,) = (await market.looked_at(database)).alerts
    async with database.reading() as session:
        (entry,) = await entries(session, Wanted(subject=f"alert/{alert.name}"), 10)
    assert (entry.actor, entry.verb, entry.why) == ("backoffice", "raise", alert.summary)
