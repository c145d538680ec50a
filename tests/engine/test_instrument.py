from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DefinitionError
from engine.instrument import Instrument
from engine.values import AMOUNT_MAX, PRICE_MAX


def instrument(**changes: object) -> Instrument:
    definition: dict[str, Any] = {
        "symbol": "BTC/USD",
        "base": "BTC",
        "quote": "USD",
        "base_decimals": 8,
        "quote_decimals": 8,
        "price_increment": 1,
        "price_decimals": 2,
        "qty_increment": 1,
        "qty_decimals": 6,
        "maker_fee_bps": 0,
        "taker_fee_bps": 2,
        "order_qty_max": 10**9,
    }
    definition.update(changes)
    return Instrument(**definition)


@given(
    price_increment=st.integers(1, 1000),
    price_decimals=st.integers(0, 9),
    qty_increment=st.integers(1, 1000),
    qty_decimals=st.integers(0, 9),
    base_decimals=st.integers(0, 9),
    quote_decimals=st.integers(0, 9),
    price=st.integers(1, PRICE_MAX),
    qty=st.integers(1, PRICE_MAX),
)
def test_price_times_quantity_is_exact_or_the_instrument_is_refused(
    price_increment: int,
    price_decimals: int,
    qty_increment: int,
    qty_decimals: int,
    base_decimals: int,
    quote_decimals: int,
    price: int,
    qty: int,
) -> None:
    price_step = Decimal(price_increment).scaleb(-price_decimals)
    qty_step = Decimal(qty_increment).scaleb(-qty_decimals)
    lot = qty_step.scaleb(base_decimals)
    tick_lot = (price_step * qty_step).scaleb(quote_decimals)
    whole = lot == int(lot) and tick_lot == int(tick_lot)
    try:
        made = instrument(
            price_increment=price_increment,
            price_decimals=price_decimals,
            qty_increment=qty_increment,
            qty_decimals=qty_decimals,
            base_decimals=base_decimals,
            quote_decimals=quote_decimals,
        )
    except DefinitionError:
        assert not whole
    else:
        assert whole
        assert made.base_per_lot * qty == lot * qty
        assert made.notional_per_tick_lot * price * qty == int(tick_lot) * price * qty


@pytest.mark.parametrize(
    ("changes", "says"),
    (
        ({"price_increment": 0}, "increments must be above zero"),
        ({"qty_increment": -1}, "increments must be above zero"),
        ({"order_qty_max": 0}, "order_qty_max must be 1 to"),
        ({"order_qty_max": PRICE_MAX + 1}, "order_qty_max must be 1 to"),
        ({"price_decimals": -1}, "decimals must be 0 to 18"),
        ({"price_decimals": 10**9}, "decimals must be 0 to 18"),
        ({"qty_decimals": 19}, "decimals must be 0 to 18"),
        ({"taker_fee_bps": 10_000}, "fees of 0 bp .maker. and 10000 bp .taker. cannot be charged"),
        ({"maker_fee_bps": -10_000, "taker_fee_bps": 9_999}, "cannot be charged"),
        ({"maker_fee_bps": -3, "taker_fee_bps": 2}, "the taker's must pay for a maker's rebate"),
        ({"base_decimals": 5}, "give BTC more decimals"),
        ({"quote_decimals": 7}, "give USD more decimals"),
        ({"qty_increment": 10**18}, "more BTC than the venue can hold"),
        ({"price_increment": 10**19}, "more USD than the venue can hold"),
    ),
)
def test_definition_that_cannot_be_exact_and_solvent_says_why(changes: dict[str, int], says: str) -> None:
    with pytest.raises(DefinitionError, match=says):
        instrument(**changes)


def test_reserve_uses_the_dearer_fee() -> None:
    assert instrument(maker_fee_bps=-2, taker_fee_bps=7).fees.reserve_ppm == 700
    assert instrument(maker_fee_bps=9, taker_fee_bps=7).fees.reserve_ppm == 900
    assert instrument(maker_fee_bps=5, taker_fee_bps=-5).fees.reserve_ppm == 500


def test_largest_lot_is_one_that_a_balance_can_hold() -> None:
    assert instrument(qty_increment=46 * 10**15).base_per_lot <= AMOUNT_MAX
