"""The engine's value types: integers with a meaning, and the field's enumerations.

A price counts an instrument's price increments (ticks), a quantity its quantity increments (lots), an amount an
asset's smallest units. Enumerations carry the FIX values, so that no table stands between wire and engine.
"""

from enum import IntEnum
from typing import Final, TypeAlias

# Aliases rather than NewTypes: arithmetic on a NewType gives a plain int, and wrapping it again costs a call each time.
Price: TypeAlias = int
"""Ticks of one instrument."""

Qty: TypeAlias = int
"""Lots of one instrument."""

Amount: TypeAlias = int
"""Smallest units of one asset."""

AMOUNT_MAX: Final = 2**62
"""No balance, notional or credit may exceed this; it keeps every journaled integer within 64 bits."""

INTEGER_MAX: Final = 2**63 - 1
"""No sum that is journaled may exceed this."""

PRICE_MAX: Final = 2**53
"""No price (ticks) and no maximum order quantity (lots) may exceed this."""

BASIS_POINTS: Final = 10_000
"""Of one."""

AUCTION_MS_MAX: Final = 86_400_000
"""No auction is made longer than a day, in milliseconds."""

DECIMALS_MAX: Final = 18
"""No asset, price or quantity has more digits after the point."""

GRACE_MS_MAX: Final = 3_600_000
"""No session's orders outlive it for longer than an hour, unless they outlive it for good."""


class Side(IntEnum):
    """FIX Side(54)."""

    BUY = 1
    SELL = 2


class OrderType(IntEnum):
    """FIX OrdType(40)."""

    MARKET = 1
    LIMIT = 2
    STOP = 3
    """Waits until the price has gone against its side as far as its StopPx, then trades within the stop protection."""
    STOP_LIMIT = 4
    """The same, then acts as a limit order."""
    TAKE_PROFIT = 19
    """FIX value J (market if touched): as a stop, for a price that goes in favour of its side."""
    MARKET_TO_LIMIT = 20
    """FIX value K: at the other side's best price when it comes; what is left rests at that price."""
    PEGGED = 25
    """FIX value P with a reference in ExecInst(18): at a price that follows the book's best."""
    TAKE_PROFIT_LIMIT = 40
    """FIX value J with a Price(44)."""
    TRAILING_STOP = 41
    """FIX value P with ExecInst(18) a: a stop that follows the best price since it came, at a distance."""


class PegReference(IntEnum):
    """The price that a pegged order follows. FIX: ExecInst(18)."""

    NONE = 0
    """It is not pegged."""
    PRIMARY = 1
    """The best of its own side; FIX value R."""
    MARKET = 2
    """The best of the other side; FIX value P."""
    MIDPOINT = 3
    """The middle between the two, half a tick rounded away from the other side; FIX value M."""


class SelfTrade(IntEnum):
    """What becomes of two orders of one owner that would trade with each other. FIX: 7928, as Coinbase has it."""

    DEFAULT = 0
    """What the house has set for the session or the account, else nothing."""
    NONE = 1
    """They trade; FIX value 0."""
    CANCEL_NEWEST = 2
    """The one that comes is cancelled; FIX value N."""
    CANCEL_OLDEST = 3
    """The one that rests is cancelled; FIX value O."""
    CANCEL_BOTH = 4
    """FIX value B."""
    DECREMENT = 5
    """The smaller one is cancelled, the other one gets smaller by as much; FIX value D."""


class SelfTradeScope(IntEnum):
    """Whose orders are one owner's."""

    ACCOUNT = 0
    FIRM = 1


class OffsetUnit(IntEnum):
    """In what a distance between prices is given.

    FIX: one more than the value of DiscretionOffsetType(842) or PegOffsetType(836).
    """

    NONE = 0
    """There is none."""
    PRICE = 1
    """A price difference; held in ticks."""
    BASIS_POINTS = 2
    """Of the price that it is a distance from, rounded down to ticks."""
    TICKS = 3


class TriggerSource(IntEnum):
    """Which price triggers an order. FIX: the venue's own field 5127."""

    NONE = 0
    """None: the order does not wait for a price."""
    LAST = 2
    """That of the last trade."""
    INDEX = 3
    """The index price that the house gives."""


class TimeInForce(IntEnum):
    """FIX TimeInForce(59)."""

    DAY = 0
    GOOD_TILL_CANCEL = 1
    AT_THE_OPENING = 2
    """For the opening auction alone."""
    IMMEDIATE_OR_CANCEL = 3
    FILL_OR_KILL = 4
    GOOD_TILL_DATE = 6
    AT_THE_CLOSE = 7
    """For the closing auction alone."""


class PostOnly(IntEnum):
    """What becomes of an order that must not trade on entry, where it would. FIX: ExecInst(18) with 6."""

    NO = 0
    """It may trade."""
    REJECT = 1
    SLIDE = 2
    """It gets the best price at which it rests: one tick behind the other side's best."""


class OrderStatus(IntEnum):
    """FIX OrdStatus(39). The letters count on from 9: `A` is 10."""

    NEW = 0
    PARTIALLY_FILLED = 1
    FILLED = 2
    CANCELED = 4
    REJECTED = 8
    PENDING_NEW = 10
    """FIX value A: accepted, waiting for its start."""
    EXPIRED = 12
    """FIX value C."""


class CancelReason(IntEnum):
    """Why an order left the book, or never reached it, without being filled."""

    REQUESTED = 1
    MASS_CANCEL = 2
    IMMEDIATE_REMAINDER = 3
    """The part of an immediate-or-cancel or market order that found no counterparty."""
    NOT_FILLABLE = 4
    """A fill-or-kill order that could not be filled at once in full, or an order that could not for its MinQty."""
    END_OF_DAY = 5
    """A DAY order, or one good till that date, at the end of its trading day; FIX reports it as Expired."""
    EXPIRE_TIME = 6
    """A good-till-date order at its time; FIX reports it as Expired."""
    BLOCKED = 35
    """By the kill switch: its firm, account or session was blocked."""
    DISCONNECTED = 36
    """Its session was gone for longer than its grace."""
    AUCTION_OVER = 50
    """The auction that it was for is over, or the one after which nothing without a limit may stay."""
    PHASE = 51
    """It would have had to trade at once, in a phase in which nothing does."""
    SELF_TRADE = 40
    """It would have traded with an order of the same owner."""
    PARTNER_FILLED = 30
    """The other order of its pair was about to trade."""
    PARTNER_TRIGGERED = 31
    """The other order of its pair was triggered."""
    PARTNER_CANCELED = 32
    """The other order of its pair was cancelled or expired."""
    NOT_RELEASED = 33
    """The order of its list that it waited for was closed without being filled."""
    LIST_BROKEN = 34
    """An order of its list that waited for it was closed."""
    LIST_CANCELED = 65
    """Its list was cancelled by request."""
    NOT_ENTERED = 66
    """Its time to enter had come, but it could not."""


class Scope(IntEnum):
    """Whom a limit or a block is for."""

    FIRM = 1
    ACCOUNT = 2
    SESSION = 3


class CancelOnDisconnect(IntEnum):
    """Which orders are cancelled when a session is gone."""

    NONE = 0
    SESSION = 1
    """Those that it entered."""
    ACCOUNTS = 2
    """All of its accounts, whoever entered them."""


class OnDisconnect(IntEnum):
    """What an order asks to become of it when the session that entered it is gone."""

    AS_SESSION = 0
    KEEP = 1
    CANCEL = 2


class Contingency(IntEnum):
    """FIX ContingencyType(1385), a field of FIX 5.0: how the orders of a list depend on each other."""

    ONE_CANCELS_OTHER = 1
    """Two orders, of which only one can trade."""
    ONE_TRIGGERS_OTHER = 2
    """An order, and one or two that enter when it is filled; two of them are such that only one can trade."""


class WithdrawalStage(IntEnum):
    """What has become of a withdrawal; `engine.withdrawals` has the transitions."""

    HELD = 1
    """Funds are held for it."""
    SETTLED = 2
    """It has been paid."""
    RELEASED = 3
    """It is not paid, and its funds are available again."""


class ListStage(IntEnum):
    """What binds the orders of a list at the moment; `engine.lists` has the transitions."""

    WAITING = 1
    """The others wait for the first to be filled."""
    RELEASED = 2
    """The first is filled; the others are about to enter."""
    PAIRED = 3
    """Two are open, of which only one can trade."""
    LOOSE = 4
    """Nothing: those that are open go their own ways."""
    DONE = 5
    """None is open."""


class ListReport(IntEnum):
    """Why the state of a list is told. FIX: ListStatusType(429)."""

    ENTERED = 1
    """In answer to its entry."""
    ASKED = 2
    """In answer to a request."""
    DONE = 5
    """Its last order has been closed."""


class Place(IntEnum):
    """Where an open order is."""

    NOWHERE = 0
    """It is being dealt with, or is not open."""
    BOOK = 1
    """It rests on its side of the book."""
    SCHEDULED = 2
    """It waits for its EffectiveTime."""
    TRIGGERS = 3
    """It waits for a price to trigger it."""
    PEGS = 4
    """It rests at a price that follows the book's best."""
    LIST = 5
    """It waits for another order of its list."""
    AUCTION = 6
    """It waits for an auction, off the book: for one alone, or without a limit."""


class Phase(IntEnum):
    """A phase of trading in an instrument."""

    CONTINUOUS = 0
    CLOSED = 1
    PRE_OPEN = 2
    OPENING_AUCTION = 3
    VOLATILITY_AUCTION = 4
    CLOSING_AUCTION = 5
    HALT = 6
    POST_ONLY = 7
    CANCEL_ONLY = 8


class Subscription(IntEnum):
    """FIX SubscriptionRequestType(263)."""

    SNAPSHOT = 0
    """Tell it now."""
    SUBSCRIBE = 1
    """Tell it now, and whenever it changes."""
    UNSUBSCRIBE = 2


class MassCancelScope(IntEnum):
    """FIX MassCancelRequestType(530)."""

    INSTRUMENT = 1
    SESSION = 6
    """Orders that the asking session itself has entered."""
    ALL = 7


# The members that hot paths compare with, as module constants: looking a member up on its class costs 60 ns.
BUY: Final = Side.BUY
SELL: Final = Side.SELL
MARKET: Final = OrderType.MARKET
LIMIT: Final = OrderType.LIMIT
MARKET_TO_LIMIT: Final = OrderType.MARKET_TO_LIMIT
PEGGED: Final = OrderType.PEGGED
DAY: Final = TimeInForce.DAY
GOOD_TILL_CANCEL: Final = TimeInForce.GOOD_TILL_CANCEL
IMMEDIATE_OR_CANCEL: Final = TimeInForce.IMMEDIATE_OR_CANCEL
FILL_OR_KILL: Final = TimeInForce.FILL_OR_KILL
GOOD_TILL_DATE: Final = TimeInForce.GOOD_TILL_DATE
AT_THE_OPENING: Final = TimeInForce.AT_THE_OPENING
AT_THE_CLOSE: Final = TimeInForce.AT_THE_CLOSE
NEW: Final = OrderStatus.NEW
PARTIALLY_FILLED: Final = OrderStatus.PARTIALLY_FILLED
FILLED: Final = OrderStatus.FILLED
CANCELED: Final = OrderStatus.CANCELED
EXPIRED: Final = OrderStatus.EXPIRED
PENDING_NEW: Final = OrderStatus.PENDING_NEW
NOWHERE: Final = Place.NOWHERE
ON_BOOK: Final = Place.BOOK
CONTINUOUS: Final = Phase.CONTINUOUS
REQUESTED: Final = CancelReason.REQUESTED
END_OF_DAY: Final = CancelReason.END_OF_DAY

EXPIRIES: Final = frozenset((CancelReason.END_OF_DAY, CancelReason.EXPIRE_TIME))
"""The reasons for which FIX reports an order as Expired rather than Canceled."""
