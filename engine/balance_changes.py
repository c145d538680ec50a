"""What each event does to balances: a pure function, by which the books follow the exchange to the last unit.

    instruments[event.symbol] = pair_of(event)                 # of each InstrumentAdded
    for change in balance_changes(event, instruments): ...     # of each event

Everything is somewhere: available, reserved or held on an account, with the venue as fees, or outside. An event moves
it, so that its changes add up to zero in each asset, as long as what is outside is counted: below zero, by all that has
come in and not gone out. After each record (not after each of its events) the sums are the exchange's own balances, and
what is outside is `State.withdrawn` less `State.credited`. `spec/balances.md` has the table; events that are not in it
change no balance. What is needed is in events since records carry what orders reserve and release; those of earlier
versions do not.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, Final

import msgspec

from engine.events import (
    AnyEvent,
    Credited,
    Debited,
    FeeCharged,
    InstrumentAdded,
    OrderAccepted,
    OrderCanceled,
    OrderDecremented,
    OrderReplaced,
    OrderTriggered,
    Trade,
    TradeAmended,
    Transferred,
    WithdrawalHeld,
    WithdrawalReleased,
    WithdrawalSettled,
)
from engine.values import BUY, Amount, Side


class Bucket(IntEnum):
    """Where an amount is."""

    AVAILABLE = 1
    """On an account, free to be used."""
    RESERVED = 2
    """On an account, for its open orders."""
    HELD = 3
    """On an account, for withdrawals that are not settled."""
    FEES = 4
    """With the venue. There is no account to it."""
    OUTSIDE = 5
    """Not in the venue. There is no account to it."""


class BalanceChange(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """So much more of an asset, or less, is in one place. `account` is empty where there is none."""

    account: str
    asset: str
    bucket: Bucket
    amount: Amount


class Pair(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is traded against what on an instrument, and how much of the base asset a lot is."""

    base: str
    quote: str
    base_per_lot: Amount


Instruments = Mapping[str, Pair]

RESERVING: Final = frozenset({OrderAccepted, OrderReplaced})
"""Events that make an amount, `reserved`, of what an order is backed by reserved that was available,"""
RELEASING: Final = frozenset({OrderCanceled, OrderDecremented, OrderTriggered})
"""and those that make `released` of it available again."""
_AVAILABLE: Final = Bucket.AVAILABLE
_RESERVED: Final = Bucket.RESERVED


def pair_of(event: InstrumentAdded) -> Pair:
    """Return what an instrument's trades are made of."""
    return Pair(event.base, event.quote, event.base_per_lot)


def balance_changes(event: AnyEvent, instruments: Instruments) -> list[BalanceChange]:
    """Return what an event does to balances, none of it zero; the instruments that it names must be there."""
    changes = _CHANGES.get(type(event))
    return changes(event, instruments) if changes is not None else []


def _moved(account: str, asset: str, source: Bucket, target: Bucket, amount: Amount) -> list[BalanceChange]:
    if not amount:
        return []
    return [_change(account, asset, source, -amount), _change(account, asset, target, amount)]


def _change(account: str, asset: str, bucket: Bucket, amount: Amount) -> BalanceChange:
    return BalanceChange("" if bucket is Bucket.FEES or bucket is Bucket.OUTSIDE else account, asset, bucket, amount)


def _reserved(event: OrderAccepted | OrderReplaced, instruments: Instruments) -> list[BalanceChange]:
    asset = backing(instruments[event.symbol], event.side)
    return _moved(event.account, asset, _AVAILABLE, _RESERVED, event.reserved)


def _released(
    event: OrderCanceled | OrderDecremented | OrderTriggered, instruments: Instruments
) -> list[BalanceChange]:
    asset = backing(instruments[event.symbol], event.side)
    return _moved(event.account, asset, _RESERVED, _AVAILABLE, event.released)


def backing(pair: Pair, side: Side) -> str:
    """Return the asset of which an order reserves."""
    return pair.quote if side is BUY else pair.base


def _traded(event: Trade, instruments: Instruments) -> list[BalanceChange]:
    pair = instruments[event.symbol]
    maker_buys = event.taker_side is not BUY
    base_amount = event.qty * pair.base_per_lot
    changes: list[BalanceChange] = []
    for account, is_buyer, released, fee in (
        (event.maker_account, maker_buys, event.maker_released, event.maker_fee),
        (event.taker_account, not maker_buys, event.taker_released, event.taker_fee),
    ):
        if is_buyer:
            backing, base, quote = pair.quote, base_amount, -event.notional - fee
        else:
            backing, base, quote = pair.base, -base_amount, event.notional - fee
        if released:
            changes.append(BalanceChange(account, backing, _RESERVED, -released))
            base, quote = (base, quote + released) if is_buyer else (base + released, quote)
        if base:
            changes.append(BalanceChange(account, pair.base, _AVAILABLE, base))
        if quote:
            changes.append(BalanceChange(account, pair.quote, _AVAILABLE, quote))
    fees = event.maker_fee + event.taker_fee
    if fees:
        changes.append(BalanceChange("", pair.quote, Bucket.FEES, fees))
    return changes


def _amended(event: TradeAmended, instruments: Instruments) -> list[BalanceChange]:
    pair = instruments[event.symbol]
    maker_buys = event.taker_side is not BUY
    base_amount = (event.qty - event.previous_qty) * pair.base_per_lot
    notional = event.notional - event.previous_notional
    maker_fee, taker_fee = event.maker_fee - event.maker_previous_fee, event.taker_fee - event.taker_previous_fee
    changes = []
    for account, is_buyer, fee in (
        (event.maker_account, maker_buys, maker_fee),
        (event.taker_account, not maker_buys, taker_fee),
    ):
        base, quote = (base_amount, -notional - fee) if is_buyer else (-base_amount, notional - fee)
        changes.append(BalanceChange(account, pair.base, _AVAILABLE, base))
        changes.append(BalanceChange(account, pair.quote, _AVAILABLE, quote))
    changes.append(BalanceChange("", pair.quote, Bucket.FEES, maker_fee + taker_fee))
    return [change for change in changes if change.amount]


def _credited(event: Credited, _: Instruments) -> list[BalanceChange]:
    return _moved(event.account, event.asset, Bucket.OUTSIDE, _AVAILABLE, event.amount)


def _debited(event: Debited, _: Instruments) -> list[BalanceChange]:
    return _moved(event.account, event.asset, _AVAILABLE, Bucket.OUTSIDE, event.amount)


def _transferred(event: Transferred, _: Instruments) -> list[BalanceChange]:
    return [
        BalanceChange(event.from_account, event.asset, _AVAILABLE, -event.amount),
        BalanceChange(event.to_account, event.asset, _AVAILABLE, event.amount),
    ]


def _charged(event: FeeCharged, _: Instruments) -> list[BalanceChange]:
    return _moved(event.account, event.asset, _AVAILABLE, Bucket.FEES, event.amount)


def _held(event: WithdrawalHeld, _: Instruments) -> list[BalanceChange]:
    return _moved(event.account, event.asset, _AVAILABLE, Bucket.HELD, event.amount)


def _unheld(event: WithdrawalReleased, _: Instruments) -> list[BalanceChange]:
    return _moved(event.account, event.asset, Bucket.HELD, _AVAILABLE, event.amount)


def _settled(event: WithdrawalSettled, _: Instruments) -> list[BalanceChange]:
    return [
        *_moved(event.account, event.asset, Bucket.HELD, Bucket.OUTSIDE, event.amount),
        *_moved(event.account, event.asset, Bucket.HELD, _AVAILABLE, event.released),
    ]


_CHANGES: Final[dict[type, Callable[[Any, Instruments], list[BalanceChange]]]] = {
    **dict.fromkeys(RESERVING, _reserved),
    **dict.fromkeys(RELEASING, _released),
    Trade: _traded,
    TradeAmended: _amended,
    Credited: _credited,
    Debited: _debited,
    Transferred: _transferred,
    FeeCharged: _charged,
    WithdrawalHeld: _held,
    WithdrawalReleased: _unheld,
    WithdrawalSettled: _settled,
}
