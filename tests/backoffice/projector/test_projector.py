"""The projector: the rows are what the venue has, in whatever batches they came and however often it was killed."""

import gc
import weakref
from collections import Counter
from random import Random
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from backoffice.database import Database
from backoffice.errors import Conflict
from backoffice.projector.projector import Projector
from backoffice.projector.rows import Known, Rows, decode_record
from backoffice.projector.tables import (
    Activity,
    Execution,
    Moment,
    OrderRow,
    RejectCount,
    RejectRow,
    TradeRow,
    VenueAccount,
    VenueAsset,
    VenueInstrument,
    VenueSession,
)
from backoffice.projector.writer import NUL_SHOWN
from backoffice.times import HOUR_NS
from engine.commands import (
    AddAsset,
    AddInstrument,
    AnyCommand,
    CancelOrder,
    Credit,
    NewOrder,
    OpenAccount,
    ProvisionSession,
)
from engine.exchange import Exchange
from engine.frames import encode_value
from engine.values import OrderType, Side, TimeInForce
from tests.backoffice.projector.journaled import JOURNAL, Journaled, contents, project, take_in


@pytest.fixture(scope="module")
def journaled() -> Journaled:
    return Journaled(seed=5, length=1_500)


async def test_orders_are_what_the_venue_has_open(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [100])
    expected = {
        order.order_id: (
            order.cl_ord_id,
            order.account,
            order.qty,
            order.price,
            order.leaves_qty,
            order.cum_qty,
            order.cum_notional,
            order.status,
        )
        for account in journaled.state.accounts.values()
        for order in account.orders.values()
    }
    async with database.reading() as session:
        rows = list(await session.scalars(select(OrderRow).where(OrderRow.closed_sequence.is_(None))))
    assert expected == {
        row.order_id: (
            row.cl_ord_id,
            row.account,
            row.qty,
            row.price,
            row.leaves_qty,
            row.cum_qty,
            row.cum_notional,
            row.status,
        )
        for row in rows
    }
    assert expected


async def test_every_order_ever_accepted_has_its_life_to_the_end(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [100])
    async with database.reading() as session:
        orders = {row.order_id: row for row in await session.scalars(select(OrderRow))}
        executions = list(
            await session.scalars(select(Execution).order_by(Execution.order_id, Execution.sequence, Execution.number))
        )
    assert sorted(orders) == list(range(1, journaled.state.last_order_id + 1))
    last = {row.order_id: row for row in executions}
    first = {row.order_id: row for row in reversed(executions)}
    for order_id, order in orders.items():
        assert (first[order_id].exec_type, first[order_id].sequence) == ("0", order.entered_sequence)
        step = last[order_id]
        assert (step.status, step.leaves_qty, step.cum_qty) == (order.status, order.leaves_qty, order.cum_qty)
        assert step.sequence == order.sequence
    finished = journaled.state.finished
    assert {order_id: order.status for order_id, order in finished.items()} == {
        order_id: row.status for order_id, row in orders.items() if row.closed_sequence is not None
    }


async def test_trades_are_as_they_stand_after_all_amendments(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [100])
    amendments = journaled.state.amendments
    assert amendments
    async with database.reading() as session:
        rows = list(await session.scalars(select(TradeRow).order_by(TradeRow.trade_id)))
    assert [row.trade_id for row in rows] == [trade.trade_id for trade in journaled.state.trades]
    for row, trade in zip(rows, journaled.state.trades, strict=True):
        now = amendments.get(trade.trade_id, trade)
        assert (row.price, row.qty, row.notional) == (now.price, now.qty, now.notional)
        assert (row.maker_fee, row.taker_fee) == (now.maker_fee, now.taker_fee)
        assert (row.amended_sequence is not None) == (trade.trade_id in amendments)


async def test_what_is_counted_by_the_hour_is_what_a_scan_gives(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [100])
    fees: Counter[tuple[str, str]] = Counter()
    volume: Counter[str] = Counter()
    async with database.reading() as session:
        for trade in await session.scalars(select(TradeRow)):
            fees[trade.maker_account, trade.symbol] += trade.maker_fee
            fees[trade.taker_account, trade.symbol] += trade.taker_fee
            volume[trade.symbol] += 2 * trade.qty
        counted: Counter[tuple[str, str]] = Counter()
        orders, hours = 0, set()
        for row in await session.scalars(select(Activity)):
            counted[row.account, row.symbol] += row.fees
            volume[row.symbol] -= row.bought_qty + row.sold_qty
            orders += row.orders
            hours.add(row.hour)
        rejects = Counter({(each.session, each.reason): 0 for each in await session.scalars(select(RejectCount))})
        for each in await session.scalars(select(RejectCount)):
            rejects[each.session, each.reason] += each.rejects
        scanned = await session.execute(
            select(RejectRow.session, RejectRow.reason, func.count()).group_by(RejectRow.session, RejectRow.reason)
        )
    assert {key: fee for key, fee in fees.items() if fee} == {key: fee for key, fee in counted.items() if fee}
    assert set(volume.values()) == {0}
    assert orders == journaled.state.last_order_id
    assert len(hours) > 1 or len(journaled.payloads) < 5_000
    assert rejects == {(session, reason): count for session, reason, count in scanned}


async def test_what_each_session_sent_is_counted_by_the_hour_and_by_volume(
    database: Database, journaled: Journaled
) -> None:
    await project(database, journaled, [100])
    scanned: dict[tuple[str, str, str, int], list[int]] = {}
    entered: set[int] = set()
    async with database.reading() as session:
        steps = select(OrderRow, Execution).join(Execution, Execution.order_id == OrderRow.order_id)
        for order, step in await session.execute(steps.order_by(Execution.sequence, Execution.number)):
            key = (order.account, order.symbol, order.session, step.time_ns // HOUR_NS)
            sent = scanned.setdefault(key, [0, 0, 0, 0])
            if step.exec_type == "0" and order.order_id not in entered:
                entered.add(order.order_id)
                sent[0] += 1
                sent[3] += step.qty
            elif step.exec_type == "5":
                sent[1] += 1
                sent[3] += 2 * step.leaves_qty
            elif step.exec_type in {"4", "C"}:
                sent[2] += 1
                sent[3] += step.qty - step.cum_qty
        counted = {
            (row.account, row.symbol, row.session, row.hour): [row.orders, row.replaces, row.cancels, row.ordered_qty]
            for row in await session.scalars(select(Activity))
        }
    assert len({session for _, _, session, _ in counted}) > 1
    assert {key: sent for key, sent in scanned.items() if any(sent)} == {
        key: sent for key, sent in counted.items() if any(sent)
    }


async def test_what_the_venue_is_made_of_is_there(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [100])
    state = journaled.state
    async with database.reading() as session:
        assets = {row.asset: row.decimals for row in await session.scalars(select(VenueAsset))}
        accounts = {row.account: row.firm for row in await session.scalars(select(VenueAccount))}
        symbols = {row.symbol: row for row in await session.scalars(select(VenueInstrument))}
        sessions = {row.session: row for row in await session.scalars(select(VenueSession))}
        last = await session.scalar(select(Moment.sequence).order_by(Moment.time_ns.desc()).limit(1))
    assert assets == state.assets
    assert accounts == {name: account.firm for name, account in state.accounts.items()}
    assert {
        symbol: (row.base_per_lot, row.notional_per_tick_lot, row.taker_fee_bps) for symbol, row in symbols.items()
    } == {
        symbol: (
            book.instrument.base_per_lot,
            book.instrument.notional_per_tick_lot,
            book.instrument.taker_fee_bps,
        )
        for symbol, book in state.books.items()
    }
    assert {
        name: (tuple(row.accounts.split()), row.is_connected) for name, row in sessions.items() if not row.is_removed
    } == {name: (each.accounts, each.is_connected) for name, each in state.sessions.items()}
    assert last == len(journaled.payloads)


async def test_batches_of_any_size_give_the_same_rows(
    database: Database, journaled: Journaled, expected: dict[str, list[tuple[object, ...]]]
) -> None:
    await project(database, journaled, [Random(3).choice((1, 2, 7, 50, 400)) for _ in range(100)])
    assert await contents(database) == expected
    assert all(expected[table] for table in ("orders", "executions", "trades", "activity", "ledger_postings"))


def test_a_batch_that_is_let_go_leaves_its_memory_at_once(journaled: Journaled) -> None:
    rows = Rows(Known())
    for record in journaled.records(0, 500):
        rows.add(record)
    batch = weakref.ref(rows)
    gc.disable()
    try:
        del rows
        assert batch() is None, "it waits for the garbage collector"
    finally:
        gc.enable()


async def test_killed_between_any_two_statements_it_goes_on_as_if_nothing_had_been(
    database: Database,
    journaled: Journaled,
    expected: dict[str, list[tuple[object, ...]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    statement = AsyncConnection.exec_driver_sql
    chance = Random(4)
    left = 0

    async def killed_at_times(self: AsyncConnection, sql: str, rows: Any = None) -> object:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return await statement(self, sql, rows)

    monkeypatch.setattr(AsyncConnection, "exec_driver_sql", killed_at_times)
    kills = 0
    while True:
        left = chance.randint(1, 25)
        try:
            await project(database, journaled, [chance.randint(1, 200)])
        except Killed:
            kills += 1
        else:
            break
    monkeypatch.undo()
    assert kills > 5
    assert await contents(database) == expected


async def test_of_two_projectors_on_one_database_one_gets_on(database: Database, journaled: Journaled) -> None:
    first, second = await Projector.open(database, JOURNAL), await Projector.open(database, JOURNAL)
    await take_in(first, journaled.records(0, 50))
    with pytest.raises(Conflict, match="another back office follows the journal"):
        await take_in(second, journaled.records(0, 50))
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(VenueAccount)) == 3


async def test_a_database_never_follows_another_journal(database: Database) -> None:
    await Projector.open(database, JOURNAL)
    with pytest.raises(Conflict, match="follows another journal"):
        await Projector.open(database, "2" * 64)


class Killed(Exception):
    """The process is gone."""


async def test_a_client_may_put_a_nul_into_its_ids(database: Database) -> None:
    exchange = Exchange()
    commands: tuple[AnyCommand, ...] = (
        *(AddAsset("BTC", 3), AddAsset("USD", 5), OpenAccount("ALPHA"), ProvisionSession("A1", ("ALPHA",), "")),
        AddInstrument("BTC/USD", "BTC", "USD", 1, 2, 1, 3, 0, 2, 1_000_000),
        Credit("ALPHA", "BTC", 5_000, "first"),
        NewOrder("A1", 1, "ALPHA", "x\0y", "BTC/USD", Side.SELL, OrderType.LIMIT, TimeInForce.DAY, 5, 100),
        CancelOrder("A1", 2, "ALPHA", "z\0", "x\0y", 0, "BTC/USD", Side.SELL),
        NewOrder("A1", 3, "ALPHA", "n\0", "BTC/USD", Side.BUY, OrderType.LIMIT, TimeInForce.DAY, 5, 100),
    )
    projector = await Projector.open(database, JOURNAL)
    for sequence, command in enumerate(commands, 1):
        events = exchange.apply(command, sequence)
        record = encode_value((sequence, sequence, msgspec.Raw(encode_value(command)), events))
        await take_in(projector, [decode_record(record)])
    nul = "\0" if database.is_sqlite else NUL_SHOWN
    async with database.reading() as session:
        assert await session.scalar(select(OrderRow.cl_ord_id)) == f"z{nul}"
        assert await session.scalar(select(RejectRow.cl_ord_id)) == f"n{nul}"
