"""Entries of market data: their types, and what their text has in common in a snapshot (W) and an update (X).

A type is a bit here, so that a set of types is one number. The index, an auction's indicative price and the statistics
of the trading day are one entry each: it is new, changes, and goes.
"""

from typing import Final

from engine.day_statistics import DayStatistics
from engine.events import IndicativePrice, Trade
from engine.values import CONTINUOUS, Phase, Price
from fixgw.instruments import InstrumentText
from fixgw.phases import SESSION_SUB_ID

Kinds = int
"""A set of entry types: the sum of their bits."""

BID: Final = 1
OFFER: Final = 2
TRADE: Final = 4
INDEX: Final = 8
OPENING: Final = 16
CLOSING: Final = 32
HIGH: Final = 64
LOW: Final = 128
VWAP: Final = 256
IMBALANCE: Final = 512
VOLUME: Final = 1024
AUCTION: Final = 2048

ENTRY_TYPES: Final = {
    "0": BID,
    "1": OFFER,
    "2": TRADE,
    "3": INDEX,
    "4": OPENING,
    "5": CLOSING,
    "7": HIGH,
    "8": LOW,
    "9": VWAP,
    "A": IMBALANCE,
    "B": VOLUME,
    "Q": AUCTION,
}
"""MDEntryType(269) that the venue has. Q, the price that an auction would have, is of FIX 5.0."""

LETTER: Final = {kind: letter for letter, kind in ENTRY_TYPES.items()}
ORDERS: Final = BID | OFFER
STATISTICS: Final = OPENING | CLOSING | HIGH | LOW | VWAP | VOLUME

NEW: Final = "0"
CHANGE: Final = "1"
DELETE: Final = "2"
"""MDUpdateAction(279)."""

Value = tuple[str, str]
"""What an entry says: MDEntryPx(270) and MDEntrySize(271); and its circumstances, which come behind its time."""

NOTHING: Final = ("", "")


def action(was: object, now: object) -> str:
    """Return what has become of an entry that was there before if `was`, and is there now if `now`."""
    return NEW if not was else CHANGE if now else DELETE


def auction_phase(symbol: str, phase: Phase) -> str:
    """Return the fields that mark a trade as one of an auction."""
    return "" if phase is CONTINUOUS else f"336={symbol}\x01625={SESSION_SUB_ID[phase]}\x01"


def indicated(event: IndicativePrice | None, text: InstrumentText) -> dict[Kinds, Value]:
    """Return the entries that tell what an auction would come to, empty where there is nothing to tell."""
    if event is None:
        return {AUCTION: NOTHING, IMBALANCE: NOTHING}
    quantities, price = text.qty_text, priced(text.price_text, event.price)
    side = "P" if event.surplus > 0 else "Q"
    left = (f"{price}271={quantities[abs(event.surplus)]}\x01", f"277={side}\x01") if event.surplus else NOTHING
    return {AUCTION: (f"{price}271={quantities[event.qty]}\x01", ""), IMBALANCE: left}


def aggressor(event: Trade) -> str:
    """Return the field that tells which side took, nothing for a trade in an auction: there nobody did."""
    return f"2446={event.taker_side:d}\x01" if event.phase is CONTINUOUS else ""


def priced(price_text: dict[Price, str], price: Price) -> str:
    """Return the value of an entry that is a price, nothing if there is none."""
    return f"270={price_text[price]}\x01" if price else ""


def statistics(day: DayStatistics, kinds: Kinds, text: InstrumentText) -> dict[Kinds, str]:
    """Return the fields of each statistic of a day that is among `kinds`, empty where there is none."""
    prices = text.price_text
    average = f"270={text.average_price(day.notional, day.qty)}\x01" if day.qty else ""
    found: dict[Kinds, str] = {}
    if kinds & OPENING:
        found[OPENING] = priced(prices, day.opening)
    if kinds & CLOSING:
        found[CLOSING] = priced(prices, day.closing)
    if kinds & HIGH:
        found[HIGH] = priced(prices, day.high)
    if kinds & LOW:
        found[LOW] = priced(prices, day.low)
    if kinds & VWAP:
        found[VWAP] = average
    if kinds & VOLUME:
        volume = f"{average}271={text.qty_text[day.qty]}\x015128={day.trade_count}\x01"
        found[VOLUME] = volume if day.trade_count else ""
    return found
