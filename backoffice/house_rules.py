"""What decisions go by that the settings say: what assets are worth, which are crypto assets, the Travel Rule.

A decision is made in one transaction, by whoever runs a command, on whichever host: so the settings of the venue's own
back office are what counts. It takes them over into the database as it starts, and the audit trail has what changed.

Values are integers throughout: a price is one unit's worth in hundred-millionths of a US dollar, a value is in cents,
rounded up. What an asset without a price is worth nobody knows, which is None and never 0.
"""

from typing import Final

import msgspec
import pycountry
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from backoffice.crm.countries import check_country
from backoffice.crm.identity import check_lei
from backoffice.crm.travel_rule import FATF, THRESHOLDS, Threshold
from backoffice.database.base import Base, Json, Name, TimeNs
from backoffice.staff import audit
from backoffice.staff.actor import BACK_OFFICE
from backoffice.times import DAY_NS, HOUR_NS
from config.back_office import TravelRule
from config.market import Asset
from config.settings import Settings
from config.texts import PRICE_DECIMALS_MAX
from engine.decimals import parse_decimal
from engine.values import AMOUNT_MAX

USD: Final = "USD"
CENTS: Final = 100
_CENT_DECIMALS: Final = 2
_NAME: Final = "settings"
_PRICE_UNIT: Final = 10**PRICE_DECIMALS_MAX


class HouseRulesRow(Base):
    """The rules as they were taken over last."""

    __tablename__ = "house_rules"

    name: Mapped[Name] = mapped_column(primary_key=True)
    content: Mapped[Json]
    taken_ns: Mapped[TimeNs]


class AssetRule(msgspec.Struct, frozen=True):
    """What the house knows of an asset."""

    decimals: int
    price: int
    """What one is worth, in hundred-millionths of a dollar; 0 if nobody knows."""
    is_crypto: bool
    is_quote: bool
    """Whether instruments are priced in it."""


class TravelPolicy(msgspec.Struct, frozen=True):
    """Which threshold of the Travel Rule holds, and what the venue itself is called in the data."""

    threshold: Threshold = FATF
    jurisdiction: str = ""
    name: str = ""
    lei: str = ""
    linked_ns: int = DAY_NS
    """Within what time transfers of a client from or to one address count together; 0: each by itself."""


class HouseRules(msgspec.Struct, frozen=True):
    """All of it."""

    assets: dict[str, AssetRule] = {}
    travel: TravelPolicy = TravelPolicy()

    def usd_cents(self, asset: str, amount: int) -> int | None:
        """Return what an amount is worth, None if nobody knows."""
        return self._cents(asset, amount, _PRICE_UNIT)

    def travel_cents(self, asset: str, amount: int) -> int | None:
        """Return the same in the currency in which the Travel Rule has its threshold."""
        currency = self.travel.threshold.currency
        rule = self.assets.get(currency)
        return self._cents(asset, amount, _PRICE_UNIT if currency == USD else rule.price if rule is not None else 0)

    def _cents(self, asset: str, amount: int, price_of_currency: int) -> int | None:
        rule = self.assets.get(asset)
        if rule is None or not rule.price or not price_of_currency:
            return None
        return _quotient_up(amount * rule.price * CENTS, price_of_currency * _unit(rule.decimals))

    def amount_worth(self, asset: str, usd: int) -> int | None:
        """Return the largest amount that is worth no more than so many dollars, None if nobody knows."""
        rule = self.assets.get(asset)
        if rule is None or not rule.price:
            return None
        return min(usd * _PRICE_UNIT * _unit(rule.decimals) // rule.price, AMOUNT_MAX)

    def is_crypto(self, asset: str) -> bool:
        """Tell whether it is a crypto asset; what the house does not know is fiat money if it is a currency's code."""
        rule = self.assets.get(asset)
        return not _is_currency(asset) if rule is None else rule.is_crypto


def rules_in(settings: Settings) -> HouseRules:
    """Return what settings say. Raise `Refused` for a country, or an LEI, that is none."""
    quotes = {instrument.quote for instrument in settings.instruments}
    assets = {asset.asset: _rule(asset, is_quote=asset.asset in quotes) for asset in settings.assets}
    return HouseRules(assets, _travel_policy(settings.back_office.travel_rule))


async def take_over(session: AsyncSession, rules: HouseRules, now_ns: int) -> bool:
    """Let decisions go by these rules from now on; tell whether anything has changed."""
    content = msgspec.to_builtins(rules)
    row = await session.get(HouseRulesRow, _NAME)
    if row is not None and row.content == content:
        return False
    before = None if row is None else row.content
    row = row or HouseRulesRow(name=_NAME)
    row.content, row.taken_ns = content, now_ns
    session.add(row)
    await audit.record(
        *(session, BACK_OFFICE, "take over", "house/rules"),
        before=before,
        after=content,
        why="the settings say so",
        now_ns=now_ns,
    )
    return True


async def house_rules(session: AsyncSession) -> HouseRules:
    """Return the rules that decisions go by; none before a back office has started."""
    row = await session.get(HouseRulesRow, _NAME)
    return HouseRules() if row is None else msgspec.convert(row.content, HouseRules)


def _travel_policy(rule: TravelRule) -> TravelPolicy:
    jurisdiction = check_country(rule.jurisdiction) if rule.jurisdiction else ""
    given = rule.thresholds.get(jurisdiction)
    threshold = THRESHOLDS.get(jurisdiction, FATF)
    if given is not None:
        above = None if given.proof_above is None else parse_decimal(given.proof_above, _CENT_DECIMALS)
        threshold = Threshold(given.currency, parse_decimal(given.data_from, _CENT_DECIMALS), above)
    lei = check_lei(rule.lei) if rule.lei else ""
    return TravelPolicy(threshold, jurisdiction, rule.name, lei, rule.linked_hours * HOUR_NS)


def _unit(decimals: int) -> int:
    return int(10**decimals)


def _quotient_up(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)


def _rule(asset: Asset, *, is_quote: bool) -> AssetRule:
    price = parse_decimal(asset.usd_price, PRICE_DECIMALS_MAX)
    if asset.asset == USD:
        price = _PRICE_UNIT
    is_crypto = not _is_currency(asset.asset) if asset.kind is None else asset.kind == "crypto"
    return AssetRule(asset.decimals, price, is_crypto, is_quote)


def _is_currency(asset: str) -> bool:
    return pycountry.currencies.get(alpha_3=asset) is not None
