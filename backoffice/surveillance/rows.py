"""What detectors take in: rows of a window, and what they give out: findings. Quantities are lots, prices ticks."""

from typing import Any, NamedTuple

import msgspec


class Window(NamedTuple):
    """A time that is looked at as a whole, the first moment inclusive, the last exclusive."""

    from_ns: int
    until_ns: int


class TradeSeen(NamedTuple):
    """A trade as it was made, in the order of trades."""

    trade_id: int
    sequence: int
    time_ns: int
    symbol: str
    price: int
    qty: int
    maker_account: str
    maker_order_id: int
    taker_account: str
    taker_order_id: int
    taker_side: int


class Step(NamedTuple):
    """A trade or a withdrawal of an account's order, sorted by account, instrument and then as it happened.

    Withdrawn is what is cancelled on purpose, what a replace takes from the quantity, and all that one moves away from
    the other side.
    """

    account: str
    symbol: str
    sequence: int
    time_ns: int
    order_id: int
    side: int
    trade_id: int
    """0 for a withdrawal."""
    qty: int
    """Of the order if it traded; what was withdrawn of it if not."""
    placed_sequence: int
    """When what was withdrawn was put there: by entering it, by adding to it, or by moving it to that price; 0 if that
    was long before. When an order that traded was entered."""
    placed_ns: int
    """The time of that; 0 if it was long before, or for a trade."""
    is_replaced: bool
    """It was withdrawn by a replace."""


class HourSeen(NamedTuple):
    """What an account did in an instrument by a session in an hour, sorted by account, instrument, session."""

    account: str
    symbol: str
    session: str
    orders: int
    replaces: int
    cancels: int
    trades: int
    ordered_qty: int
    """As `projector.tables.Activity` has it."""
    traded_qty: int
    """Bought and sold, together."""


class HourTraded(NamedTuple):
    """What an account traded in an instrument in an hour, sorted by account, instrument, hour."""

    account: str
    symbol: str
    hour: int
    trades: int
    qty: int
    """Bought and sold, together."""


class Finding(msgspec.Struct, frozen=True):
    """What a detector has found: whoever finds the same of the same window again finds nothing new."""

    detector: str
    subject: str
    """An account, a firm, a FIX session or an owner of firms: the detector says which."""
    symbol: str
    window: Window
    summary: str
    """One sentence, for people."""
    evidence: dict[str, Any]
    """JSON without floats: figures, thresholds, and where it is to be seen."""
