"""Prices and quantities between text and steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DecimalError
from engine.instrument import Instrument
from fixgw import instruments
from fixgw.instruments import InstrumentText


def instrument_text(
    *, price_increment: int = 5, price_decimals: int = 1, qty_increment: int = 1, qty_decimals: int = 3
) -> InstrumentText:
    """Return an instrument with ticks of 0.5 and lots of 0.001, unless told otherwise."""
    return InstrumentText(
        Instrument(
            symbol="X/Y",
            base="X",
            quote="Y",
            base_decimals=9,
            quote_decimals=9,
            price_increment=price_increment,
            price_decimals=price_decimals,
            qty_increment=qty_increment,
            qty_decimals=qty_decimals,
            maker_fee_bps=0,
            taker_fee_bps=0,
            order_qty_max=10**9,
        ),
        9,
    )


@pytest.mark.parametrize(("text", "ticks"), (("0.5", 1), ("1", 2), ("1.0", 2), ("-2.5", -5), (".5", 1), ("00.50", 1)))
def test_price_is_counted_in_ticks(text: str, ticks: int) -> None:
    assert instrument_text().ticks(text) == ticks


@pytest.mark.parametrize("text", ("0.1", "0.6", "1.25", "", "x", "1e1", "+1", "²", "1.2.3", "0" * 19, "1." + "0" * 19))
def test_price_that_is_no_number_of_ticks_is_an_error(text: str) -> None:
    with pytest.raises(DecimalError):
        instrument_text().ticks(text)


@given(st.integers(-(10**15), 10**15))
def test_steps_go_into_text_and_back(steps: int) -> None:
    text = instrument_text()
    assert text.ticks(text.price_text[steps]) == steps
    assert text.lots(text.qty_text[steps]) == steps


def test_text_has_the_increments_decimals() -> None:
    text = instrument_text()
    assert (text.price_text[3], text.qty_text[1500], text.fee_text[-1]) == ("1.5", "1.500", "-0.000000001")
    whole = instrument_text(price_increment=5, price_decimals=0)
    assert whole.price_text[3] == "15"


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instruments, "_REMEMBERED_MAX", 100)
    text = instrument_text()
    for steps in range(1_000):
        assert text.ticks(text.price_text[steps]) == steps
        assert len(text.price_text) <= 101
        assert len(text._ticks) <= 101


def test_what_is_no_number_is_not_remembered() -> None:
    text = instrument_text()
    for word in ("x", "0.1", "1" * 40):
        with pytest.raises(DecimalError):
            text.ticks(word)
    assert text._ticks == {}
