"""Settings of what is traded: assets, instruments, their rules and their phases."""

from typing import Annotated, Final, Literal, get_args

import msgspec

from config.texts import TIME_OF_DAY_PATTERN, DecimalText, Name, PriceText

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: Final = get_args(Weekday)

ScheduledPhase = Literal[
    "continuous", "closed", "pre-open", "opening-auction", "closing-auction", "post-only", "cancel-only"
]
"""Phases that come by a schedule; the others are the staff's, or the price band's."""


AssetKind = Literal["fiat", "crypto"]


class Asset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An asset. `decimals`: digits after the point that the venue keeps."""

    asset: Name
    decimals: Annotated[int, msgspec.Meta(ge=0, le=18)]
    usd_price: PriceText = "0"
    """What one is worth in US dollars, roughly: clients' limits and the Travel Rule go by it. 0: nobody knows."""
    kind: AssetKind | None = None
    """Without it a currency of ISO 4217 is fiat money, and all else a crypto asset."""


class Bands(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far an instrument may trade at once; a trade that would go further starts a volatility auction."""

    static_bps: Annotated[int, msgspec.Meta(ge=0, le=9_999)] = 0
    """From the price of the last auction, in basis points of that price; 0 for no such band."""
    dynamic_bps: Annotated[int, msgspec.Meta(ge=0, le=9_999)] = 0
    """From the last price; 0 for no such band."""
    auction_ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)] = 300_000
    """How long that auction is, and how much longer if its price would be outside."""


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The trading rules of an instrument. They may change from one start to the next."""

    stop_protection_bps: Annotated[int, msgspec.Meta(ge=0, le=9_999)] = 500
    """How far beyond its StopPx a stop without a limit may trade, in basis points of the StopPx."""
    display_min_bps: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    """The least share of its quantity that an iceberg must display, in basis points."""
    bands: Bands | None = None
    auction_random_end_ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)] = 0
    """By how much at most the scheduled end of an auction is put off at random."""
    indicative_every_ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)] = 500
    """How often at most an indicative price is published while an auction's orders gather."""
    auction_protection_bps: Annotated[int, msgspec.Meta(ge=0, le=9_999)] = 1_000
    """How far from the reference price a market order may trade in an auction, in basis points of that price."""
    reference_price: DecimalText = "0"
    """What auctions, price bands and the fat-finger check go by before the first trade; 0 for none."""
    order_quantity_min: DecimalText = "0"
    order_quantity_max: DecimalText = "0"
    order_notional_min: DecimalText = "0"
    order_notional_max: DecimalText = "0"
    """What an order's quantity, and its price times quantity, must be within; 0 for no bound."""
    fat_finger_bps: Annotated[int, msgspec.Meta(ge=0, le=9_999)] = 0
    """How far beyond the reference price an order may pay, or sell for, in basis points of that price; 0: no bound."""


class PhaseChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of phase that comes every week."""

    at: Annotated[str, msgspec.Meta(pattern=TIME_OF_DAY_PATTERN)]
    """UTC."""
    phase: ScheduledPhase
    days: Annotated[tuple[Weekday, ...], msgspec.Meta(min_length=1)] = WEEKDAYS
    """All days of the week unless some are named."""


class Instrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is traded, in which steps, for which fee."""

    symbol: Name
    base: Name
    quote: Name
    price_increment: DecimalText
    quantity_increment: DecimalText
    maker_fee_bps: Annotated[int, msgspec.Meta(ge=-1_000, le=1_000)]
    taker_fee_bps: Annotated[int, msgspec.Meta(ge=-1_000, le=1_000)]
    order_quantity_max: DecimalText
    rules: Rules | None = None
    """Without this table the rules stay as the journal has them."""
    schedule: tuple[PhaseChange, ...] | None = None
    """Its trading phases; without this the schedule stays as the journal has it: none, trading around the clock."""
