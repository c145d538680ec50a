"""Layering that is done fast, round upon round within seconds, and honest trading as fast as that."""

import pytest
from msgspec.structs import replace

from backoffice.database import Database
from backoffice.surveillance import layering
from backoffice.surveillance.looking import Looked
from backoffice.surveillance.parameters import PARAMETERS
from engine.values import BUY, SELL, Side
from tests.backoffice.surveillance.market import Market

MS_NS = 1_000_000
OTHER = {BUY: SELL, SELL: BUY}
PACES_MS = (1, 40, 300, 2_000, 10_000)
"""How fast all happens: from many rounds in seconds to one at a time."""


def found(looked: Looked) -> list[tuple[str, int]]:
    """Return who is found, and in how many episodes."""
    alerts = [alert for alert in looked.alerts if alert.detector == layering.DETECTOR]
    return [(alert.subject, alert.evidence["figures"]["episodes"]) for alert in alerts]


def wait_ms(market: Market, ms: int) -> None:
    market.until(market.now_ns + ms * MS_NS)


class Maker:
    """A market maker: account A, with quotes on both sides, at prices around a middle that moves."""

    def __init__(self, market: Market, sizes: tuple[int, ...], pace_ms: int) -> None:
        self._market = market
        self._sizes = sizes
        self._pace_ms = pace_ms
        self.middle = 10_000
        self._quotes: dict[Side, list[str]] = {BUY: [], SELL: []}
        self.quote()

    def price(self, side: Side, level: int) -> int:
        return self.middle - 1 - level if side is BUY else self.middle + 1 + level

    def quote(self) -> None:
        """Quote both sides."""
        for side, quotes in self._quotes.items():
            quotes += [
                self._market.order("A", side, qty, self.price(side, level)) for level, qty in enumerate(self._sizes)
            ]

    def is_hit(self, side: Side, qty: int, level: int = 0) -> None:
        """Let somebody trade with a quote, or as much of it as is there, and time pass."""
        taker = self._market.order("B", OTHER[side], qty, self.price(side, level))
        self._market.cancel("B", taker, OTHER[side])
        wait_ms(self._market, self._pace_ms)

    def withdraw(self, side: Side) -> None:
        for quote in self._quotes[side]:
            self._market.cancel("A", quote, side)
        self._quotes[side] = []

    def requote(self, move: int) -> None:
        """Withdraw all quotes, and quote both sides of another middle."""
        for side in (SELL, BUY):
            self.withdraw(side)
        self.middle += move
        self.quote()
        wait_ms(self._market, self._pace_ms)

    def shift(self, move: int) -> None:
        """Replace all quotes by ones round another middle, in the quantities that it quotes."""
        self.middle += move
        for side, quotes in self._quotes.items():
            self._quotes[side] = [
                self._market.replace("A", quote, side, 1_000 + qty, self.price(side, level))
                for level, (quote, qty) in enumerate(zip(quotes, self._sizes, strict=True))
            ]
        wait_ms(self._market, self._pace_ms)


LADDERS = {"one quote": (100,), "a ladder": (100, 100, 100, 100), "a ladder that widens": (10, 50, 200)}


@pytest.mark.parametrize("sizes", LADDERS.values(), ids=LADDERS)
@pytest.mark.parametrize("pace_ms", PACES_MS)
async def test_a_market_maker_who_quotes_both_sides_anew_after_each_fill_is_no_spoofer(
    database: Database, market: Market, sizes: tuple[int, ...], pace_ms: int
) -> None:
    maker = Maker(market, sizes, pace_ms)
    for turn in range(20):
        side = (BUY, SELL, SELL)[turn % 3]
        maker.is_hit(side, (3, sizes[0])[turn % 2])
        maker.requote(-1 if side is BUY else 1)
    assert found(await market.looked_at(database)) == []


@pytest.mark.parametrize("pace_ms", PACES_MS)
async def test_a_market_maker_who_replaces_its_quotes_after_each_fill_is_no_spoofer(
    database: Database, market: Market, pace_ms: int
) -> None:
    maker = Maker(market, LADDERS["a ladder"], pace_ms)
    for turn in range(20):
        side = (BUY, SELL, SELL)[turn % 3]
        maker.is_hit(side, 3)
        maker.shift(-2 if side is BUY else 2)
    assert found(await market.looked_at(database)) == []


@pytest.mark.parametrize("sizes", LADDERS.values(), ids=LADDERS)
@pytest.mark.parametrize("pace_ms", PACES_MS)
async def test_a_market_maker_whose_bids_are_hit_again_and_again_in_a_falling_market_is_no_spoofer(
    database: Database, market: Market, sizes: tuple[int, ...], pace_ms: int
) -> None:
    maker = Maker(market, sizes, pace_ms)
    for turn in range(20):
        for level in range(turn % len(sizes) + 1):
            maker.is_hit(BUY, sizes[level], level)
        maker.requote(-3)
    assert found(await market.looked_at(database)) == []


@pytest.mark.parametrize("sizes", LADDERS.values(), ids=LADDERS)
@pytest.mark.parametrize("pace_ms", PACES_MS[:-1])
async def test_a_market_maker_whose_bids_are_hit_while_it_withdraws_its_quotes_is_no_spoofer(
    database: Database, market: Market, sizes: tuple[int, ...], pace_ms: int
) -> None:
    maker = Maker(market, sizes, pace_ms)
    for _ in range(20):
        maker.is_hit(BUY, sizes[0])
        maker.withdraw(SELL)
        for level in range(1, len(sizes)):
            maker.is_hit(BUY, sizes[level], level)
        maker.requote(-3)
    assert found(await market.looked_at(database)) == []


@pytest.mark.parametrize("pace_ms", (1, 40, 300))
async def test_a_market_maker_who_offers_more_than_it_bids_and_moves_both_all_the_time_is_no_spoofer(
    database: Database, market: Market, pace_ms: int
) -> None:
    bids, offers = 20, 100
    for _ in range(20):
        for turn in range(12):
            quotes = [
                (market.order("A", side, qty, price), side)
                for side, qty, price in ((BUY, bids, 99), (SELL, offers, 101))
            ]
            if turn in {0, 1, 3}:
                market.order("B", SELL, bids, 99)
            wait_ms(market, pace_ms)
            for quote, side in quotes:
                market.cancel("A", quote, side)
    assert found(await market.looked_at(database)) == []


def spoof(market: Market, side: Side, pace_ms: int) -> None:
    """Let A trade with B, after it has pressed the price by large orders, which it then takes back."""
    away = 1 if side is BUY else -1
    layers = [market.order("A", OTHER[side], 1_000, 10_000 + away * (10 + level)) for level in range(3)]
    wait_ms(market, pace_ms)
    market.order("A", side, 50, 10_000)
    market.order("B", OTHER[side], 50, 10_000)
    wait_ms(market, pace_ms)
    for layer in layers:
        market.cancel("A", layer, OTHER[side])


@pytest.mark.parametrize("pace_ms", (1, 30, 550))
async def test_layers_taken_back_round_upon_round_within_seconds_are_found(
    database: Database, market: Market, pace_ms: int
) -> None:
    for _ in range(5):
        spoof(market, BUY, pace_ms)
    (alert,) = (await market.looked_at(database)).alerts
    assert (alert.detector, alert.subject) == ("layering", "A")
    assert alert.evidence["figures"] == {"episodes": 5, "withdrawn_qty_max": 3_000}
    told = [(each["trades"], each["orders_qty"], each["withdrawn_qty"]) for each in alert.evidence["episodes"]]
    assert told == [([trade], 50, 3_000) for trade in range(1, 6)]


async def test_layers_now_on_this_side_and_now_on_that_are_found(database: Database, market: Market) -> None:
    for side in (BUY, SELL) * 3:
        spoof(market, side, 50)
    assert found(await market.looked_at(database)) == [("A", 6)]


async def test_layers_that_are_moved_to_the_price_and_away_within_seconds_are_found(
    database: Database, market: Market
) -> None:
    layer = market.order("A", SELL, 1_000, 500)
    for _ in range(4):
        layer = market.replace("A", layer, SELL, 1_000, 110)
        wait_ms(market, 50)
        market.trade("A", "B", 50, 100, SELL)
        wait_ms(market, 50)
        layer = market.replace("A", layer, SELL, 1_000, 500)
    assert found(await market.looked_at(database)) == [("A", 4)]


async def test_layers_that_are_placed_once_are_one_episode_however_often_it_trades_against_them(
    database: Database, market: Market
) -> None:
    layers = [market.order("A", SELL, 1_000, 110 + level) for level in range(9)]
    for layer in layers:
        market.trade("A", "B", 10, 100, SELL)
        wait_ms(market, 100)
        market.cancel("A", layer, SELL)
    parameters = replace(PARAMETERS, layering_episodes_min=1)
    assert found(await market.looked_at(database, parameters)) == [("A", 1)]


async def test_more_episodes_at_once_than_are_told_apart_count_as_the_last(
    database: Database, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layering, "EPISODES_MAX", 4)
    for _ in range(10):
        spoof(market, BUY, 1)
    (alert,) = (await market.looked_at(database)).alerts
    assert alert.evidence["figures"] == {"episodes": 4, "withdrawn_qty_max": 7 * 3_000}
