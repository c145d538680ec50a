from decimal import Decimal

import pytest

from backoffice.cli.demo.market import Market
from tests.backoffice.cli.demo.stage import SETTINGS


def prices(market: Market) -> dict[str, Decimal]:
    """Return the reference prices as numbers."""
    return {
        symbol: Decimal(text.price_text[market.reference_price(text.instrument)])
        for symbol, text in market.instruments.items()
    }


def walked(seed: int, steps: int) -> Market:
    market = Market(SETTINGS, seed)
    for _ in range(steps):
        market.step()
    return market


def test_market_has_the_instruments_of_the_settings() -> None:
    market = Market(SETTINGS, 1)
    assert list(market.instruments) == [instrument.symbol for instrument in SETTINGS.instruments]
    for definition in SETTINGS.instruments:
        text = market.instruments[definition.symbol]
        assert (text.price_text[1], text.qty_text[1]) == (definition.price_increment, definition.quantity_increment)
        assert Decimal(text.qty_text[text.instrument.order_qty_max]) == Decimal(definition.order_quantity_max)


def test_same_seed_gives_the_same_market() -> None:
    assert prices(walked(7, 500)) == prices(walked(7, 500))
    assert prices(walked(7, 500)) != prices(walked(8, 500))


@pytest.mark.parametrize("steps", (0, 1_000, 20_000))
def test_prices_agree_with_each_other(steps: int) -> None:
    found = prices(walked(3, steps))
    assert abs(found["ETH/USD"] / found["BTC/USD"] - found["ETH/BTC"]) <= Decimal("0.00001")
    assert abs(found["USDC/USD"] - 1) < Decimal("0.01")
    assert 30_000 < found["BTC/USD"] < 150_000


def test_lots_are_worth_what_is_asked_for() -> None:
    market = walked(1, 100)
    for symbol, text in market.instruments.items():
        lots = market.lots_worth(text.instrument, 10_000)
        base_price = prices(market).get(f"{text.instrument.base}/USD", Decimal(0))
        assert 9_000 < Decimal(text.qty_text[lots]) * base_price <= 10_000, symbol
