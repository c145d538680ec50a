"""What assets are worth, as the settings say: integers, and nobody's guess."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from backoffice.database import Database
from backoffice.house_rules import AssetRule, HouseRules, house_rules, rules_in, take_over
from backoffice.staff.tables import AuditEntry
from config.errors import SettingsError
from config.reading import parse

SETTINGS = """
[fix]
comp_id = "FONDACO"

[[assets]]
asset = "BTC"
decimals = 9
usd_price = "67000.5"

[[assets]]
asset = "USD"
decimals = 2

[[assets]]
asset = "EURC"
decimals = 6

[[assets]]
asset = "GOLD"
decimals = 3
kind = "fiat"

[[instruments]]
symbol = "BTC/USD"
base = "BTC"
quote = "USD"
price_increment = "0.01"
quantity_increment = "0.001"
maker_fee_bps = 0
taker_fee_bps = 2
order_quantity_max = "10"
"""


def test_the_settings_say_what_assets_are_worth_and_which_are_crypto() -> None:
    rules = rules_in(parse(SETTINGS, "x"))
    assert rules.assets["BTC"] == AssetRule(9, 6_700_050_000_000, is_crypto=True, is_quote=False)
    assert rules.assets["USD"] == AssetRule(2, 100_000_000, is_crypto=False, is_quote=True)
    assert [rules.is_crypto(asset) for asset in ("EURC", "GOLD", "CHF", "DOGE")] == [True, False, False, True]
    assert rules.usd_cents("BTC", 10**9) == 6_700_050
    assert rules.usd_cents("BTC", 1) == 1
    assert rules.amount_worth("USD", 25) == 2_500


def test_what_nobody_knows_is_not_nothing() -> None:
    rules = rules_in(parse(SETTINGS, "x"))
    assert [rules.usd_cents(asset, 1) for asset in ("EURC", "DOGE")] == [None, None]
    assert rules.amount_worth("EURC", 1) is None


@pytest.mark.parametrize("price", ("0.123456789", "10000000000"))
def test_a_price_that_is_too_fine_or_too_high_is_refused(price: str) -> None:
    with pytest.raises(SettingsError, match=r"assets.*usd_price: must be a price of at most 10 digits and 8 decimals"):
        parse(SETTINGS.replace("67000.5", price), "x")


@given(st.integers(0, 2**62), st.integers(1, 10**17), st.integers(0, 18))
def test_a_value_is_rounded_up_and_never_by_as_much_as_a_cent(amount: int, price: int, decimals: int) -> None:
    rules = HouseRules({"X": AssetRule(decimals, price, is_crypto=True, is_quote=False)})
    exact = Decimal(amount) * price * 100
    worth = rules.usd_cents("X", amount)
    assert worth is not None
    unit = 10 ** (8 + decimals)
    assert 0 <= worth * unit - int(exact) < unit


@given(st.integers(0, 10**12), st.integers(1, 10**17), st.integers(0, 18))
def test_an_amount_worth_so_much_is_never_worth_more(usd: int, price: int, decimals: int) -> None:
    rules = HouseRules({"X": AssetRule(decimals, price, is_crypto=True, is_quote=False)})
    amount = rules.amount_worth("X", usd)
    assert amount is not None
    assert (rules.usd_cents("X", amount) or 0) <= usd * 100


async def test_the_rules_are_taken_over_once_and_the_trail_has_it(database: Database) -> None:
    rules = rules_in(parse(SETTINGS, "x"))
    async with database.reading() as session:
        assert await house_rules(session) == HouseRules()
    for expected in (True, False):
        async with database.writing() as session:
            assert await take_over(session, rules, 1) is expected
    async with database.writing() as session:
        assert await house_rules(session) == rules
        assert await take_over(session, rules_in(parse(SETTINGS.replace("67000.5", "1"), "x")), 2)
    async with database.reading() as session:
        assert list(await session.scalars(select(AuditEntry.verb))) == ["take over", "take over"]
