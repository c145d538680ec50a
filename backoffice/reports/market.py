"""What the stored integers mean: ticks, lots and smallest units, as the decimal texts that people read."""

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.figure import Figure
from backoffice.projector.tables import VenueAsset, VenueInstrument
from engine.decimals import divide_rounded, format_decimal


class Market(msgspec.Struct, frozen=True):
    """The venue's assets and instruments."""

    decimals: dict[str, int]
    """By asset."""
    instruments: dict[str, VenueInstrument]

    def price(self, symbol: str, ticks: int) -> Figure:
        instrument = self.instruments[symbol]
        return Figure(format_decimal(ticks * instrument.price_increment, instrument.price_decimals))

    def qty(self, symbol: str, lots: int) -> Figure:
        instrument = self.instruments[symbol]
        return Figure(format_decimal(lots * instrument.qty_increment, instrument.qty_decimals))

    def average_price(self, symbol: str, notional: int, lots: int) -> Figure | None:
        """Return an average price to as many digits as prices have and two more, None of nothing."""
        if lots <= 0 or notional < 0:
            return None
        instrument = self.instruments[symbol]
        ticks = notional * instrument.price_increment * 100
        scaled = divide_rounded(ticks, lots * instrument.notional_per_tick_lot)
        return Figure(format_decimal(scaled, instrument.price_decimals + 2))

    def amount(self, asset: str, amount: int) -> Figure:
        return Figure(format_decimal(amount, self.decimals[asset]))

    def notional(self, symbol: str, amount: int) -> Figure:
        """Return an amount of the instrument's quote asset."""
        return self.amount(self.instruments[symbol].quote, amount)


async def market_of(session: AsyncSession) -> Market:
    """Return the market as the database has it now; nothing in it ever changes, but for what is added."""
    assets = await session.execute(select(VenueAsset.asset, VenueAsset.decimals))
    instruments = await session.scalars(select(VenueInstrument))
    return Market(dict(assets.all()), {row.symbol: row for row in instruments})
