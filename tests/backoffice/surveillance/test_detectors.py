"""What must be found in trading, and what looks like it and must not; on real journals, in both databases."""

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from backoffice.database import Database
from backoffice.surveillance.looking import Looked
from backoffice.surveillance.parameters import PARAMETERS
from backoffice.surveillance.timeline import timeline
from backoffice.times import DAY_NS, HOUR_NS, MINUTE_NS
from engine.values import BUY, SELL, Phase, SelfTradeScope
from tests.backoffice.surveillance.market import START_NS, Market

CLOSE_NS = START_NS - 9 * HOUR_NS + 17 * HOUR_NS + 30 * MINUTE_NS


def found(looked: Looked) -> list[tuple[str, str]]:
    return [(alert.detector, alert.subject) for alert in looked.alerts]


async def test_an_account_that_trades_with_itself_is_found_with_its_trades(database: Database, market: Market) -> None:
    market.trade("A", "A", 5, 100)
    market.trade("A", "A", 7, 100)
    (alert,) = (await market.looked_at(database)).alerts
    assert (alert.detector, alert.subject, alert.symbol) == ("wash trades", "A", "BTC/USD")
    assert alert.summary == "A traded 2 times with itself in BTC/USD"
    assert alert.evidence["figures"] == {"trades": 2, "qty": 12}
    assert alert.evidence["thresholds"] == {"wash_trades_min": 2}
    assert [(trade["trade"], trade["maker"], trade["taker"]) for trade in alert.evidence["trades"]] == [
        (1, "A", "A"),
        (2, "A", "A"),
    ]
    assert alert.parameters == PARAMETERS.version


async def test_accounts_of_one_firm_may_meet_by_chance_but_not_again_and_again(
    database: Database, market: Market
) -> None:
    for _ in range(PARAMETERS.wash_trades_firm_min - 1):
        market.trade("F1", "F2", 5, 100)
    market.trade("A", "A", 1, 100)
    assert found(await market.looked_at(database)) == []
    for _ in range(PARAMETERS.wash_trades_firm_min):
        market.trade("F2", "F1", 5, 100)
    assert found(await market.looked_at(database)) == [("wash trades within a firm", "F")]


async def test_where_self_trades_are_prevented_there_are_no_wash_trades_to_find(
    database: Database, market: Market
) -> None:
    market.prevent_self_trades("A")
    for account in ("F1", "F2"):
        market.prevent_self_trades(account, SelfTradeScope.FIRM)
    for _ in range(10):
        market.trade("A", "A", 5, 100)
        market.trade("F1", "F2", 5, 100)
        market.wait(1)
    assert found(await market.looked_at(database)) == []


async def test_trades_between_strangers_are_no_wash_trades(database: Database, market: Market) -> None:
    for _ in range(20):
        market.trade("A", "B", 5, 100)
    assert found(await market.looked_at(database)) == []


def spoof(market: Market, *, qty: int = 1_000, waits: int = 1) -> None:
    """Let A buy from B, after it has pressed the price by large offers, which it then takes back."""
    layers = [market.order("A", SELL, qty, 110 + level) for level in range(3)]
    market.wait(2)
    market.order("A", BUY, 50, 100)
    market.order("B", SELL, 50, 100)
    market.wait(waits)
    for layer in layers:
        market.cancel("A", layer, SELL)
    market.wait(60)


async def test_layers_taken_back_after_a_trade_against_them_are_found_if_it_happens_again_and_again(
    database: Database, market: Market
) -> None:
    for _ in range(3):
        spoof(market)
    (alert,) = (await market.looked_at(database)).alerts
    assert (alert.detector, alert.subject) == ("layering", "A")
    assert alert.evidence["figures"] == {"episodes": 3, "withdrawn_qty_max": 3_000}
    first = alert.evidence["episodes"][0]
    assert (first["trades"], first["orders_qty"], first["withdrawn"], first["withdrawn_qty"]) == ([1], 50, 3, 3_000)
    assert [each["order"] for each in first["withdrawals"]] == [1, 2, 3]
    assert {each["by"] for each in first["withdrawals"]} == {"cancel"}


async def test_a_single_big_cancel_is_nothing(database: Database, market: Market) -> None:
    spoof(market, qty=100_000)
    spoof(market, qty=100_000)
    assert found(await market.looked_at(database)) == []


async def test_cancels_long_after_the_trade_or_not_much_larger_are_nothing(database: Database, market: Market) -> None:
    for _ in range(5):
        spoof(market, waits=6)
        spoof(market, qty=40)
    assert found(await market.looked_at(database)) == []


async def test_a_market_maker_who_moves_its_quotes_is_not_found(database: Database, market: Market) -> None:
    for _ in range(20):
        bids = [market.order("A", BUY, 100, 100 - level) for level in range(3)]
        offers = [market.order("A", SELL, 100, 102 + level) for level in range(3)]
        market.wait(1)
        market.order("B", SELL, 5, 100)
        for quote in bids:
            market.cancel("A", quote, BUY)
        for quote in offers:
            market.cancel("A", quote, SELL)
        market.wait(5)
    assert found(await market.looked_at(database)) == []


REPLACED = {"moved away": (1_000, 200), "cut down": (1, 110)}


@pytest.mark.parametrize(("qty", "price"), REPLACED.values(), ids=REPLACED)
async def test_what_a_replace_moves_away_or_cuts_down_is_withdrawn(
    database: Database, market: Market, qty: int, price: int
) -> None:
    for _ in range(3):
        layer = market.order("A", SELL, 1_000, 110)
        market.trade("A", "B", 50, 100, SELL)
        market.wait(1)
        layer = market.replace("A", layer, SELL, qty, price)
        market.wait(60)
        market.cancel("A", layer, SELL)
    (alert,) = (await market.looked_at(database)).alerts
    assert (alert.detector, alert.subject) == ("layering", "A")
    (withdrawal,) = alert.evidence["episodes"][0]["withdrawals"]
    assert (withdrawal["qty"], withdrawal["by"]) == (1_000 if price == 200 else 999, "replace")


async def test_an_order_of_yesterday_that_is_moved_up_just_for_a_trade_is_found(
    database: Database, market: Market
) -> None:
    layer = market.order("A", SELL, 1_000, 500)
    market.until(START_NS + DAY_NS)
    for _ in range(3):
        layer = market.replace("A", layer, SELL, 1_000, 110)
        market.trade("A", "B", 50, 100, SELL)
        market.wait(1)
        layer = market.replace("A", layer, SELL, 1_000, 500)
        market.wait(60)
    assert found(await market.looked_at(database)) == [("layering", "A")]


async def test_an_order_that_had_long_been_there_or_comes_nearer_is_not_withdrawn(
    database: Database, market: Market
) -> None:
    for _ in range(3):
        old, nearer = market.order("A", SELL, 1_000, 110), market.order("A", SELL, 1_000, 120)
        market.wait(61)
        market.trade("A", "B", 50, 100, SELL)
        market.wait(1)
        market.replace("A", old, SELL, 500, 110)
        market.replace("A", nearer, SELL, 1_000, 115)
    assert found(await market.looked_at(database)) == []


async def test_a_market_maker_who_replaces_its_quotes_is_not_found(database: Database, market: Market) -> None:
    bid, offer, middle = market.order("A", BUY, 100, 99), market.order("A", SELL, 100, 101), 100
    for step in (-1, 1) * 10:
        market.order(*(("B", SELL) if step < 0 else ("C", BUY)), 5, middle + step)
        market.wait(1)
        middle += step
        bid = market.replace("A", bid, BUY, 1_000, middle - 1)
        offer = market.replace("A", offer, SELL, 1_000, middle + 1)
        market.wait(2)
    assert found(await market.looked_at(database)) == []


async def test_a_market_maker_who_quotes_both_sides_and_cancels_often_is_no_spoofer(
    database: Database, market: Market
) -> None:
    for step in range(60):
        quotes = [(market.order("A", side, 1_000, 100 + away), side) for side, away in ((BUY, -1), (SELL, 1))]
        taker, side = (("B", SELL), ("C", BUY))[step % 2]
        market.order(taker, side, 5, 99 if side is SELL else 101)
        market.wait(1)
        for quote, side in quotes:
            market.cancel("A", quote, side)
        market.wait(1)
    assert found(await market.looked_at(database)) == []


async def test_layering_over_the_end_of_an_hour_is_found_once(database: Database, market: Market) -> None:
    market.until(START_NS + HOUR_NS - 130 * 1_000_000_000)
    for _ in range(2):
        spoof(market)
    market.until(START_NS + HOUR_NS - 3 * 1_000_000_000)
    spoof(market, waits=3)
    assert found(await market.looked_at(database)) == [("layering", "A")]


def press_the_close(market: Market, *, share: int, price: int) -> None:
    """Let B trade with C, and A buy from C what pushes the price."""
    market.until(CLOSE_NS - 15 * MINUTE_NS)
    market.trade("C", "B", 100, 1_000)
    market.until(CLOSE_NS - 5 * MINUTE_NS)
    for _ in range(5):
        market.trade("C", "B", 100 - share, 1_000)
        market.trade("C", "A", share, price)


async def test_a_firm_that_drives_the_price_before_the_end_of_the_day_is_found(
    database: Database, market: Market
) -> None:
    press_the_close(market, share=70, price=1_010)
    (alert,) = (await market.looked_at(database)).alerts
    assert (alert.detector, alert.subject) == ("marking the close", "A")
    figures = alert.evidence["figures"]
    assert figures["close_ns"] == CLOSE_NS
    assert (figures["share_percent"], figures["price_before"], figures["price_at_close"]) == (70, 1_000, 1_010)
    assert (figures["qty"], figures["volume"], figures["trades"]) == (350, 500, 10)
    assert len(alert.evidence["trades"]) == 5


async def test_a_firm_that_drives_a_closing_auction_is_found(database: Database, market: Market) -> None:
    market.until(START_NS + 20 * MINUTE_NS)
    for _ in range(5):
        market.trade("C", "B", 10, 1_000)
    market.phase(Phase.CLOSING_AUCTION)
    market.order("C", SELL, 500, 1_020)
    market.order("A", BUY, 500, 1_020)
    market.wait(60)
    market.phase(Phase.CLOSED)
    (alert,) = (await market.looked_at(database)).alerts
    assert (alert.detector, alert.subject) == ("marking the close", "A")
    assert alert.evidence["figures"]["price_at_close"] == 1_020


@pytest.mark.parametrize(("share", "price"), ((70, 1_001), (70, 990), (30, 1_010)))
async def test_a_close_that_did_not_move_that_way_or_was_not_one_firms_is_nothing(
    database: Database, market: Market, share: int, price: int
) -> None:
    press_the_close(market, share=share, price=price)
    assert ("marking the close", "A") not in found(await market.looked_at(database))


async def test_the_same_in_the_middle_of_the_day_is_nothing(database: Database, market: Market) -> None:
    for _ in range(5):
        market.trade("C", "A", 60, 1_000)
    market.trade("C", "A", 60, 1_100)
    assert found(await market.looked_at(database)) == []


async def test_many_orders_and_hardly_a_trade_are_found(database: Database, market: Market) -> None:
    parameters = replace(PARAMETERS, order_to_trade_max=20, order_to_trade_orders_min=50)
    for _ in range(50):
        market.cancel("A", market.order("A", BUY, 1, 90), BUY)
    market.trade("A", "B", 1, 100)
    market.trade("A", "B", 1, 100)
    for _ in range(10):
        market.cancel("C", market.order("C", BUY, 1, 90), BUY)
    (alert,) = (await market.looked_at(database, parameters)).alerts
    assert (alert.detector, alert.subject) == ("order-to-trade ratio", "A")
    assert alert.evidence["figures"] == {
        "ratio": 50,
        "orders": 52,
        "replaces": 0,
        "cancels": 50,
        "trades": 2,
        "volume_ratio": 50,
        "ordered_qty": 102,
        "traded_qty": 2,
    }


async def test_a_firm_that_spreads_its_orders_over_its_accounts_is_found(database: Database, market: Market) -> None:
    parameters = replace(PARAMETERS, order_to_trade_max=20, order_to_trade_orders_min=50)
    for _ in range(20):
        for account in ("F1", "F2", "C"):
            market.cancel(account, market.order(account, BUY, 1, 90), BUY)
    (alert,) = (await market.looked_at(database, parameters)).alerts
    assert (alert.detector, alert.subject) == ("order-to-trade ratio of a firm", "F")
    assert alert.evidence["figures"] == {
        "ratio": 79,
        "orders": 40,
        "replaces": 0,
        "cancels": 40,
        "trades": 0,
        "volume_ratio": 79,
        "ordered_qty": 80,
        "traded_qty": 0,
    }


async def test_a_session_that_spreads_its_orders_over_firms_is_found(database: Database, market: Market) -> None:
    parameters = replace(PARAMETERS, order_to_trade_max=20, order_to_trade_orders_min=50)
    market.connect("DESK", "A", "B")
    for _ in range(20):
        for account in ("A", "B"):
            market.cancel(account, market.order(account, BUY, 1, 90, "DESK"), BUY, "DESK")
            market.trade("C", account, 1, 100)
    market.trade("C", "A", 1, 100)
    (alert,) = (await market.looked_at(database, parameters)).alerts
    assert (alert.detector, alert.subject) == ("order-to-trade ratio of a session", "DESK")
    assert (alert.evidence["figures"]["ratio"], alert.evidence["figures"]["trades"]) == (79, 0)
    async with database.reading() as session:
        steps = await timeline(session, alert, 100)
    assert {step.order.session for step in steps} == {"DESK"}
    assert len(steps) == 80


async def test_hours_from_before_sessions_were_counted_are_of_accounts_and_firms_alone(
    database: Database, market: Market
) -> None:
    parameters = replace(PARAMETERS, order_to_trade_max=20, order_to_trade_orders_min=50)
    market.connect("DESK", "A", "B")
    for account, trades in (("A", 1), ("B", 20)):
        for _ in range(30):
            market.cancel(account, market.order(account, BUY, 1, 90, "DESK"), BUY, "DESK")
        for _ in range(trades):
            market.trade("C", account, 1, 100)
    await market.project(database)
    async with database.writing() as session:
        await session.execute(text("UPDATE activity SET session = '', ordered_qty = '0' WHERE session = 'DESK'"))
    assert found(await market.looked_at(database, parameters)) == [("order-to-trade ratio", "A")]


async def test_floods_of_lots_are_found_however_often_they_trade(database: Database, market: Market) -> None:
    parameters = replace(PARAMETERS, order_to_trade_volume_max=1_000, order_to_trade_orders_min=30)
    for _ in range(10):
        moved = market.replace("A", market.order("A", BUY, 1_000, 90), BUY, 2_000, 91)
        market.cancel("A", moved, BUY)
        market.trade("C", "A", 5, 100)
    (alert,) = (await market.looked_at(database, parameters)).alerts
    assert alert.summary == "A sent orders for 70,050 lots, and traded 50, in BTC/USD"
    assert alert.evidence["figures"]["volume_ratio"] == 1_400
    assert alert.evidence["thresholds"]["order_to_trade_volume_max"] == 1_000


async def test_a_market_maker_who_trades_may_send_many_orders(database: Database, market: Market) -> None:
    parameters = replace(PARAMETERS, order_to_trade_max=20, order_to_trade_orders_min=50)
    for _ in range(30):
        market.cancel("A", market.order("A", BUY, 1, 90), BUY)
        market.trade("A", "B", 1, 100)
    assert found(await market.looked_at(database, parameters)) == []


async def test_a_volume_far_from_what_is_usual_for_the_account_is_found(database: Database, market: Market) -> None:
    for hour in range(24):
        market.trade("C", "A", 100 + hour, 1_000)
        market.trade("C", "B", 100 + 40 * (hour % 20), 1_000)
        market.wait(3_600)
    market.trade("C", "A", 1_500, 1_000)
    market.trade("C", "B", 1_500, 1_000)
    alerts = {alert.subject: alert for alert in (await market.looked_at(database)).alerts}
    assert alerts.keys() == {"A", "C"}, "B varies much, and C is on the other side of both"
    assert alerts["A"].detector == "unusual volume"
    assert alerts["A"].evidence["figures"] == {"qty": 1_500, "median": 111, "deviation": 11, "hours": 24, "trades": 1}


async def test_without_a_history_no_volume_is_unusual(database: Database, market: Market) -> None:
    for _ in range(5):
        market.trade("C", "A", 100, 1_000)
        market.wait(3_600)
    market.until(START_NS + 2 * DAY_NS)
    market.trade("C", "A", 100_000, 1_000)
    assert found(await market.looked_at(database)) == []
