"""Positions, exposures and last prices are what going through all trades gives, at any record."""

from collections import Counter

from sqlalchemy import select

from backoffice.database import Database
from backoffice.projector.tables import TradeRow
from backoffice.reports import blotter, positions
from backoffice.reports.by import Whom
from backoffice.reports.exposure import exposures, usual_asset, worths
from backoffice.reports.last_prices import last_prices
from backoffice.reports.market import market_of
from backoffice.reports.positions import Position
from backoffice.reports.scope import Scope
from engine.values import Side
from tests.backoffice.projector.journaled import Journaled, project
from tests.backoffice.reports.known import CORRECTED, TRADED

Sums = dict[tuple[str, str], Counter[str]]


async def held(database: Database, scope: Scope, by: Whom = Whom.ACCOUNT) -> list[Position]:
    async with database.reading() as session:
        return await positions.positions(session, scope, by, await market_of(session))


async def scanned(database: Database, sequence: int) -> Sums:
    """Add up every trade as it stood after a record."""
    sums: Sums = {}
    async with database.reading() as session:
        async for page in blotter.trades(session, Scope(sequence=sequence), None):
            for each in page:
                trade = each.trade
                taker_buys = trade.taker_side == Side.BUY
                for account, buys, fee in (
                    (trade.maker_account, not taker_buys, each.maker_fee),
                    (trade.taker_account, taker_buys, each.taker_fee),
                ):
                    into = sums.setdefault((account, trade.symbol), Counter())
                    into["bought" if buys else "sold"] += each.qty
                    into["paid" if buys else "received"] += each.notional
                    into["fees"] += fee
    return sums


async def test_positions_as_of_any_record_are_what_all_trades_come_to(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [500])
    last = len(journaled.payloads)
    for sequence in (300, 700, 1_100, last - 1, last):
        found = await held(database, Scope(sequence=sequence))
        expected = await scanned(database, sequence)
        assert {
            (each.key, each.symbol): (
                *(each.bought_qty, each.sold_qty, each.bought_notional, each.sold_notional, each.fees),
            )
            for each in found
        } == {
            key: tuple(sums[name] for name in ("bought", "sold", "paid", "received", "fees"))
            for key, sums in expected.items()
            if sums["bought"] or sums["sold"] or sums["fees"]
        }
        assert sum(each.qty for each in found) == 0
        assert sum(each.gross for each in found) == 0


async def test_what_changed_between_two_records_adds_up(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [500])
    before, after = [await held(database, Scope(sequence=sequence)) for sequence in (600, 1_200)]
    changed = {(each.key, each.symbol): each for each in positions.since(before, after)}
    then = {(each.key, each.symbol): each for each in before}
    assert changed
    for each in after:
        key = (each.key, each.symbol)
        nothing = Position(*key)
        assert then.get(key, nothing).net + changed.get(key, nothing).net == each.net
        assert then.get(key, nothing).realised + changed.get(key, nothing).realised == each.realised


async def test_the_last_price_is_of_the_last_trade_that_was_not_busted(
    database: Database, journaled: Journaled
) -> None:
    await project(database, journaled, [500])
    async with database.reading() as session:
        sequences = list(await session.scalars(select(TradeRow.sequence).order_by(TradeRow.trade_id)))
        for sequence in (sequences[0] - 1, sequences[0], sequences[len(sequences) // 2], len(journaled.payloads)):
            expected: dict[str, int] = {}
            async for page in blotter.trades(session, Scope(sequence=sequence), None):
                expected |= {each.trade.symbol: each.price for each in page if each.qty}
            assert await last_prices(session, sequence) == expected


async def test_a_correction_changes_what_a_position_came_to(known: Database) -> None:
    alpha, beta = await held(known, Scope(sequence=TRADED))
    assert (alpha.qty, alpha.sold_notional, alpha.value, alpha.gross) == (-40, 168_000, -168_000, 0)
    assert (beta.qty, beta.bought_notional, beta.net) == (40, 168_000, -beta.fees)
    alpha, beta = await held(known, Scope(sequence=CORRECTED))
    assert (alpha.qty, beta.qty, beta.last_price) == (-30, 30, 4_200)
    assert [each.key for each in await held(known, Scope(symbol="BTC/USD", firm="BETA-A"), Whom.FIRM)] == ["BETA-A"]


def test_what_is_both_bought_and_sold_is_realised() -> None:
    each = Position("A", "BTC/USD", bought_qty=10, sold_qty=4, bought_notional=1_000, sold_notional=480, value=660)
    assert positions.realised(each) == 80
    assert (each.gross, each.qty) == (140, 6)


async def test_exposures_are_holdings_valued_by_the_last_prices(known: Database) -> None:
    async with known.reading() as session:
        market = await market_of(session)
        assert usual_asset(market) == "USD"
        found = await exposures(session, Scope(), Whom.FIRM, market, TRADED, "USD")
    btc = next(each for each in found if (each.key, each.asset) == ("BETA-A", "BTC"))
    assert (btc.total, btc.value) == (40, 40 * 4_200)
    usd = next(each for each in found if (each.key, each.asset) == ("BETA-A", "USD"))
    assert usd.value == usd.total == usd.available + usd.reserved + usd.held


async def test_an_asset_is_valued_over_others_or_not_at_all(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [500])
    async with database.reading() as session:
        market = await market_of(session)
    assert worths(market, {}, "USD") == {"USD": 1}
    (first, *others) = market.instruments.values()
    rates = worths(market, {first.symbol: 10}, first.base)
    assert rates[first.quote] * worths(market, {first.symbol: 10}, first.quote)[first.base] == 1
    assert set(rates) == {first.base, first.quote}
    every = {instrument.symbol: 7 for instrument in (first, *others)}
    assert set(worths(market, every, first.base)) > {first.base, first.quote}
