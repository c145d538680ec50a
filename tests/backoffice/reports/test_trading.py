"""Blotter, orders, volumes and refusals of a small venue of which everything is known."""

import pytest

from backoffice.database import Database
from backoffice.errors import NotFound, Refused
from backoffice.reports import blotter, orders, sessions, volumes
from backoffice.reports.by import By
from backoffice.reports.scope import Scope
from engine.reject import RejectReason
from tests.backoffice.cli.conftest import TIME_NS
from tests.backoffice.projector.journaled import Journaled, project
from tests.backoffice.reports.known import CORRECTED, NEXT_DAY_NS, NEXT_HOUR_NS, TRADED


@pytest.fixture
async def busy(database: Database) -> Database:
    """A venue where a lot was traded."""
    await project(database, Journaled(seed=21, length=1_500), [400])
    return database


async def blotted(database: Database, scope: Scope, count: int | None = None) -> list[blotter.Blotted]:
    async with database.reading() as session:
        return [each async for page in blotter.trades(session, scope, count) for each in page]


async def ordered(database: Database, scope: Scope, count: int | None = None, *, is_open: bool = False) -> list[int]:
    async with database.reading() as session:
        pages = orders.orders(session, scope, count, is_open=is_open)
        return [each.order.order_id async for page in pages for each in page]


async def counted(database: Database, by: By, scope: Scope | None = None) -> list[volumes.Volume]:
    async with database.reading() as session:
        return await volumes.volumes(session, scope or Scope(), by)


async def test_a_trade_is_as_it_was_corrected(known: Database) -> None:
    (trade,) = await blotted(known, Scope())
    assert (trade.qty, trade.price, trade.notional) == (30, 4_200, 126_000)
    (amendment,) = trade.amendments
    assert (amendment.previous_qty, amendment.by, amendment.sequence) == (40, "ann", CORRECTED)


async def test_a_trade_as_of_a_record_is_as_it_stood_then(known: Database) -> None:
    assert await blotted(known, Scope(sequence=TRADED - 1)) == []
    (trade,) = await blotted(known, Scope(sequence=TRADED))
    assert (trade.qty, trade.notional, trade.amendments) == (40, 168_000, ())


@pytest.mark.parametrize(
    ("scope", "found"),
    (
        (Scope(account="ALPHA-A"), 1),
        (Scope(firm="BETA-A"), 1),
        (Scope(symbol="BTC/USD"), 1),
        (Scope(until_ns=TIME_NS), 0),
        (Scope(from_ns=TIME_NS, until_ns=NEXT_HOUR_NS), 1),
        (Scope(from_ns=NEXT_HOUR_NS), 0),
    ),
)
async def test_trades_are_narrowed_down(known: Database, scope: Scope, found: int) -> None:
    assert len(await blotted(known, scope)) == found
    assert len(await blotted(known, scope, 10)) == found


@pytest.mark.parametrize("scope", (Scope(account="NOBODY"), Scope(symbol="NOTHING"), Scope(client="C-7")))
async def test_a_name_that_nobody_has_is_not_found(known: Database, scope: Scope) -> None:
    with pytest.raises(NotFound):
        await blotted(known, scope)


@pytest.mark.parametrize("account", ("", "A"))
@pytest.mark.parametrize("page", (7, 1_000))
async def test_the_last_trades_are_the_end_of_all_of_them(
    busy: Database, account: str, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blotter, "PAGE", page)
    scope = Scope(account=account)
    every = [each.trade.trade_id for each in await blotted(busy, scope)]
    assert len(every) > 15
    assert every == sorted(every)
    assert [each.trade.trade_id for each in await blotted(busy, scope, 20)] == every[-20:]
    assert [each.trade.trade_id for each in await blotted(busy, scope, 10**6)] == every


async def test_times_and_records_cut_trades_where_they_fall(busy: Database) -> None:
    every = [each.trade for each in await blotted(busy, Scope())]
    middle = every[len(every) // 2]
    for scope, wanted in (
        (Scope(from_ns=middle.time_ns), [each for each in every if each.time_ns >= middle.time_ns]),
        (Scope(until_ns=middle.time_ns), [each for each in every if each.time_ns < middle.time_ns]),
        (Scope(sequence=middle.sequence), [each for each in every if each.sequence <= middle.sequence]),
    ):
        found = [each.trade.trade_id for each in await blotted(busy, scope)]
        assert found == [each.trade_id for each in wanted]


async def test_the_last_orders_are_the_end_of_all_of_them(busy: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blotter, "PAGE", 7)
    every = await ordered(busy, Scope(firm="FIRM"))
    assert every == sorted(every)
    assert await ordered(busy, Scope(firm="FIRM"), 20) == every[-20:]
    still_open = await ordered(busy, Scope(firm="FIRM"), is_open=True)
    assert 0 < len(still_open) < len(every)
    assert set(still_open) <= set(every)


async def test_the_life_of_an_order_has_its_fills_and_ends_where_it_is_asked_to(known: Database) -> None:
    (sold, _bought) = await ordered(known, Scope())
    async with known.reading() as session:
        order, life = await orders.life_of(session, sold, None)
        _, at_first = await orders.life_of(session, sold, TRADED - 1)
        with pytest.raises(NotFound):
            await orders.life_of(session, sold, TRADED - 2)
    assert order.account == "ALPHA-A"
    assert [step.execution.exec_type for step in life] == ["0", "F", "G"]
    assert [step.trade and step.trade.trade.trade_id for step in life] == [None, 1, 1]
    assert [step.execution.exec_type for step in at_first] == ["0"]


async def test_volumes_count_both_sides_and_a_correction_when_it_was_made(known: Database) -> None:
    alpha, beta = await counted(known, By.ACCOUNT)
    assert (alpha.key, alpha.sold_qty, alpha.maker_notional, alpha.taker_notional) == ("ALPHA-A", 30, 126_000, 0)
    assert (beta.key, beta.bought_qty, beta.maker_notional, beta.taker_notional) == ("BETA-A", 30, 0, 126_000)
    assert (alpha.orders, alpha.trades, alpha.messages) == (1, 1, 1)
    days = await counted(known, By.DAY)
    assert [(day.key, day.notional) for day in days] == [("2027-01-15", 336_000), ("2027-01-16", -84_000)]
    hours = await counted(known, By.HOUR, Scope(until_ns=NEXT_DAY_NS))
    assert [(hour.key, hour.notional) for hour in hours] == [("2027-01-15T08", 336_000)]
    (month,) = await counted(known, By.MONTH)
    assert (month.key, month.notional) == ("2027-01", 252_000)


@pytest.mark.parametrize("by", By)
async def test_volumes_are_the_sums_of_the_trades_however_they_are_given(busy: Database, by: By) -> None:
    trades = [each for each in await blotted(busy, Scope()) if each.trade.symbol == "BTC/USD"]
    found = [each for each in await counted(busy, by) if each.symbol == "BTC/USD"]
    assert sum(each.notional for each in found) == 2 * sum(each.notional for each in trades)
    assert sum(each.fees for each in found) == sum(each.maker_fee + each.taker_fee for each in trades)
    assert sum(each.bought_qty for each in found) == sum(each.qty for each in trades)


async def test_volumes_of_part_of_an_hour_are_refused(known: Database) -> None:
    with pytest.raises(Refused, match="full hours"):
        await counted(known, By.ACCOUNT, Scope(from_ns=TIME_NS + 1))


async def test_refusals_are_counted_by_session_and_reason(known: Database) -> None:
    async with known.reading() as session:
        found = await sessions.refusals(session)
        earlier = await sessions.refusals(session, until_ns=NEXT_HOUR_NS)
        alpha, beta = await sessions.health(session, None, None)
    assert found == [sessions.Refusals("BETA", RejectReason.QUANTITY_OUT_OF_RANGE, 1)]
    assert earlier == []
    assert sessions.by_reason(found) == [sessions.Refusals("", RejectReason.QUANTITY_OUT_OF_RANGE, 1)]
    assert (alpha.row.session, alpha.rejects, alpha.most_for) == ("ALPHA", 0, 0)
    assert (beta.row.session, beta.rejects, beta.most_for) == ("BETA", 1, RejectReason.QUANTITY_OUT_OF_RANGE)
