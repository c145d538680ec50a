"""Trades, orders and volumes as reports have them are what going through everything gives, at any record."""

from collections import Counter
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database import Database
from backoffice.errors import NotFound, Refused
from backoffice.ledger.balances import holdings
from backoffice.projector.tables import Activity, OrderRow, TradeAmendment, TradeRow
from backoffice.reports import blotter, orders, volumes
from backoffice.reports.blotter import TRADES, Blotted
from backoffice.reports.by import By
from backoffice.reports.orders import ORDERS
from backoffice.reports.over_time import balances_over_time
from backoffice.reports.scope import Rising, Scope
from backoffice.reports.sessions import health, refusals
from backoffice.times import HOUR_NS
from tests.backoffice.projector.journaled import Journaled, project


async def blotted(session: AsyncSession, scope: Scope, count: int | None = None) -> list[Blotted]:
    return [each async for page in blotter.trades(session, scope, count) for each in page]


def figures(each: Blotted) -> tuple[Any, ...]:
    return each.trade.trade_id, each.price, each.qty, each.notional, each.maker_fee, each.taker_fee


@pytest.mark.parametrize("count", (None, 1, 7, 100_000))
@pytest.mark.parametrize(
    ("scope", "accounts"),
    ((Scope(), {"A", "B", "C"}), (Scope(account="A"), {"A"}), (Scope(firm="FIRM", symbol="ETH/USD"), {"A", "B"})),
)
async def test_the_blotter_has_the_last_trades_of_whoever_is_asked_for(
    database: Database, journaled: Journaled, scope: Scope, accounts: set[str], count: int | None
) -> None:
    await project(database, journaled, [500])
    async with database.reading() as session:
        rows = list(await session.scalars(select(TradeRow).order_by(TradeRow.trade_id)))
        expected = [
            row.trade_id
            for row in rows
            if accounts & {row.maker_account, row.taker_account} and scope.symbol in {"", row.symbol}
        ]
        found = [each.trade.trade_id for each in await blotted(session, scope, count)]
    assert found
    assert found == expected[-(count or len(expected)) :]


async def test_pages_join_without_a_gap(
    database: Database, journaled: Journaled, monkeypatch: pytest.MonkeyPatch
) -> None:
    await project(database, journaled, [500])
    async with database.reading() as session:
        whole = [figures(each) for each in await blotted(session, Scope(account="B"), 20)]
        placed = [each.order.order_id async for page in orders.orders(session, Scope(), 90) for each in page]
        monkeypatch.setattr(blotter, "PAGE", 7)
        assert [figures(each) for each in await blotted(session, Scope(account="B"), 20)] == whole
        assert [each.order.order_id async for page in orders.orders(session, Scope(), 90) for each in page] == placed
    assert (len(whole), len(placed)) == (20, 90)


async def test_the_blotter_as_of_a_record_is_what_it_was_then(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [1_000])
    async with database.reading() as session:
        amended = list(await session.scalars(select(TradeAmendment.sequence).order_by(TradeAmendment.sequence)))
        middle = amended[len(amended) // 2]
        then = [figures(each) for each in await blotted(session, Scope(sequence=middle))]
        now = [figures(each) for each in await blotted(session, Scope())]
    assert now[: len(then)] != then
    earlier = Journaled(seed=5, length=1_500, payloads=middle).state
    assert then == [
        (trade.trade_id, stood.price, stood.qty, stood.notional, stood.maker_fee, stood.taker_fee)
        for trade in earlier.trades
        for stood in (earlier.amendments.get(trade.trade_id, trade),)
    ]


@pytest.mark.parametrize("rising", (TRADES, ORDERS))
async def test_times_and_records_become_numbers(database: Database, journaled: Journaled, rising: Rising) -> None:
    await project(database, journaled, [500])
    async with database.reading() as session:
        query = select(rising.number, rising.time_ns, rising.sequence).order_by(rising.number)
        rows = [tuple(row) for row in await session.execute(query)]
        for column, place in ((rising.time_ns, 1), (rising.sequence, 2)):
            values = [row[place] for row in rows]
            assert values == sorted(values)
            for value in (0, *values[::40], *(one + 1 for one in values[::40]), values[-1] + 1):
                expected = next((row[0] for row in rows if row[place] >= value), rows[-1][0] + 1)
                assert await rising.first(session, column, value) == expected


async def test_open_orders_of_a_time(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [500])
    async with database.reading() as session:
        rows = list(await session.scalars(select(OrderRow).order_by(OrderRow.order_id)))
        begin, end = rows[100].entered_ns, rows[-30].entered_ns
        scope = Scope(account="C", from_ns=begin, until_ns=end)
        pages = orders.orders(session, scope, None, is_open=True)
        found = [each.order.order_id async for page in pages for each in page]
    assert found == [
        row.order_id
        for row in rows
        if row.account == "C" and row.closed_sequence is None and begin <= row.entered_ns < end
    ]


async def stood(session: AsyncSession, scope: Scope, *, is_open: bool) -> list[tuple[Any, ...]]:
    """Return how orders stood, without the rows that they have now."""
    pages = orders.orders(session, scope, None, is_open=is_open)
    return [
        (each.order.order_id, *(getattr(each, name) for name in each.__struct_fields__[1:]))
        async for page in pages
        for each in page
    ]


@pytest.mark.parametrize("is_open", (True, False))
async def test_orders_as_of_a_record_are_what_they_were_then(
    database: Database, journaled: Journaled, is_open: bool
) -> None:
    record = 900
    await project(database, Journaled(seed=5, length=1_500, payloads=record), [500])
    async with database.reading() as session:
        then = await stood(session, Scope(account="A"), is_open=is_open)
    await project(database, journaled, [500])
    async with database.reading() as session:
        assert await stood(session, Scope(account="A", sequence=record), is_open=is_open) == then
        assert await stood(session, Scope(account="A"), is_open=is_open) != then


@pytest.mark.parametrize("by", By)
@pytest.mark.parametrize("scope", (Scope(), Scope(account="A", symbol="BTC/USD")))
async def test_volumes_as_of_a_record_are_what_they_were_then(
    database: Database, journaled: Journaled, by: By, scope: Scope
) -> None:
    async def seen(sequence: int | None) -> list[Any]:
        async with database.reading() as session:
            found = await volumes.volumes(session, replace(scope, sequence=sequence), by)
        # Replaces and cancels of a part of an hour are not known.
        kept = [replace(each, replaces=0, cancels=0) for each in found]
        return [each for each in kept if each != volumes.Volume(each.key, each.symbol)]

    for record in (400, 1_000):
        await project(database, Journaled(seed=5, length=1_500, payloads=record), [500])
        then = await seen(None)
        await project(database, journaled if record == 1_000 else Journaled(5, 1_500, record + 200), [500])
        assert then
        assert await seen(record) == then


async def test_sessions_and_refusals_as_of_a_record_are_what_they_were_then(database: Database) -> None:
    async def seen(sequence: int | None) -> list[tuple[Any, ...]]:
        async with database.reading() as session:
            assert sequence is None or await refusals(session, sequence=sequence)
            return [
                *(
                    (each.row.session, each.row.is_suspended, each.row.accounts, each.rejects, each.most_for)
                    for each in await health(session, None, None, sequence)
                ),
                *((each.session, each.reason, each.rejects) for each in await refusals(session, sequence=sequence)),
            ]

    for record in (200, 700, 1_200):
        await project(database, Journaled(seed=5, length=1_500, payloads=record), [100])
        then = await seen(None)
        await project(database, Journaled(seed=5, length=1_500, payloads=record + 150), [100])
        assert await seen(record) == then


async def test_the_life_of_an_order_ends_as_the_order_stands(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [500])
    async with database.reading() as session:
        for row in (await session.scalars(select(OrderRow).where(OrderRow.cum_qty > 0).limit(20))).all():
            _, life = await orders.life_of(session, row.order_id, None)
            assert life[-1].execution.cum_qty == row.cum_qty
            assert any(step.trade is not None for step in life)
            _, begun = await orders.life_of(session, row.order_id, row.entered_sequence)
            assert begun[0].execution.exec_type == "0"
            with pytest.raises(NotFound, match=f"order {row.order_id}: there is none"):
                await orders.life_of(session, row.order_id, row.entered_sequence - 1)


@pytest.mark.parametrize("by", By)
async def test_volumes_add_up_to_what_the_trades_say(database: Database, journaled: Journaled, by: By) -> None:
    await project(database, journaled, [500])
    notional: Counter[str] = Counter()
    fees: Counter[str] = Counter()
    charged: Counter[str] = Counter()
    async with database.reading() as session:
        found = await volumes.volumes(session, Scope(), by)
        for trade in await session.scalars(select(TradeRow)):
            notional[trade.symbol] += 2 * trade.notional
            fees[trade.symbol] += trade.maker_fee + trade.taker_fee
    for each in found:
        charged[each.symbol] += each.fees
    assert +Counter(volumes.by_symbol(found)) == notional
    assert +charged == +fees


async def test_rebates_stand_apart_from_fees_through_corrections(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [60])
    rebates: Counter[tuple[str, str]] = Counter()
    async with database.reading() as session:
        for trade in await session.scalars(select(TradeRow)):
            rebates[trade.maker_account, trade.symbol] += max(-trade.maker_fee, 0)
            rebates[trade.taker_account, trade.symbol] += max(-trade.taker_fee, 0)
        found = {(each.key, each.symbol): each.rebates for each in await volumes.volumes(session, Scope(), By.ACCOUNT)}
    assert +Counter(found) == +rebates
    assert any(found.values())


async def test_volumes_are_of_full_hours(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [500])
    async with database.reading() as session:
        hours = sorted({row.hour for row in await session.scalars(select(Activity))})
        within = Scope(from_ns=hours[0] * HOUR_NS, until_ns=(hours[-1] + 1) * HOUR_NS)
        assert await volumes.volumes(session, within, By.ACCOUNT) == await volumes.volumes(session, Scope(), By.ACCOUNT)
        assert await volumes.volumes(session, Scope(until_ns=hours[0] * HOUR_NS), By.ACCOUNT) == []
        with pytest.raises(Refused, match="full hours"):
            await volumes.volumes(session, Scope(from_ns=1), By.ACCOUNT)


@pytest.mark.parametrize("scope", (Scope(account="X"), Scope(firm="X"), Scope(client="C-9"), Scope(symbol="X/Y")))
async def test_a_name_that_nobody_has_is_told(database: Database, journaled: Journaled, scope: Scope) -> None:
    await project(database, journaled, [500])
    async with database.reading() as session:
        with pytest.raises(NotFound):
            await blotted(session, scope, 5)
        with pytest.raises(NotFound):
            await volumes.volumes(session, scope, By.ACCOUNT)


async def test_balances_over_time_begin_with_nothing_and_end_with_what_there_is(
    database: Database, journaled: Journaled
) -> None:
    await project(database, journaled, [500])
    async with database.reading() as session:
        points = await balances_over_time(session, Scope(from_ns=0, firm="FIRM"), "USD", 5)
        now = [each for each in await holdings(session, asset="USD") if each.account in {"A", "B"}]
        assert len(await balances_over_time(session, Scope(), "USD", 1)) == 1
    assert (len(points), points[0]) == (5, (0, 0))
    assert points[-1][1] == sum(each.total for each in now)
