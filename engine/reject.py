"""Every reason for which the engine refuses a command, numbered once (band 1000-1999).

The number travels in the event, in the FIX text, in reports and in `spec/rejects.md`.
"""

from enum import IntEnum, unique
from typing import Final, Self

from engine.events import AnyEvent, CommandRejected


@unique
class RejectReason(IntEnum):
    """A reason code of the engine; `text` is the sentence that goes with it."""

    text: str

    def __new__(cls, code: int, text: str) -> Self:
        member = int.__new__(cls, code)
        member._value_ = code
        member.text = text
        return member

    UNKNOWN_INSTRUMENT = 1001, "unknown instrument"
    UNKNOWN_ACCOUNT = 1002, "unknown account, or not an account of this session"
    DUPLICATE_CL_ORD_ID = 1003, "ClOrdID was used before on this account"
    QUANTITY_OUT_OF_RANGE = 1004, "quantity must be above zero and within the instrument's maximum"
    PRICE_OUT_OF_RANGE = 1005, "price must be above zero and within the instrument's maximum"
    NOTIONAL_TOO_LARGE = 1006, "price times quantity is beyond what the venue can hold"
    INSUFFICIENT_FUNDS = 1007, "not enough available funds for the order and its fee"
    NO_LIQUIDITY = 1008, "the book has nothing to trade against"
    UNKNOWN_ORDER = 1009, "unknown order"
    ORDER_FINISHED = 1010, "the order is filled, cancelled or expired"
    INSTRUMENT_MISMATCH = 1011, "the order is of another instrument"
    SIDE_MISMATCH = 1012, "the order is on the other side"
    QUANTITY_NOT_ABOVE_FILLED = 1013, "the new quantity must be above what has been filled; cancel instead"
    MARKET_ORDER_NEEDS_NO_PRICE = 1014, "an order of this type carries no price"
    CANNOT_REPLACE_THUS = 1015, "a resting order can be replaced only by a limit order that may rest"
    ORDER_ID_MISMATCH = 1016, "OrderID and OrigClOrdID name different orders"
    NO_OPEN_ORDERS = 1017, "no open orders match the request"
    POST_ONLY_MUST_REST = 1018, "post-only is for limit orders that may rest"
    POST_ONLY_WOULD_TRADE = 1019, "a post-only order at this price would trade, or has no price to slide to"
    EXPIRY_MISMATCH = 1020, "good-till-date, and it alone, has either ExpireTime or ExpireDate"
    EXPIRED_ON_ARRIVAL = 1021, "the order had expired when it arrived"
    MIN_QTY_MISMATCH = 1022, "the minimum quantity is above an order's, or with post-only, FOK or a replace"
    SLIPPAGE_MISMATCH = 1023, "a slippage limit is for market orders, and from zero to the largest price or 10000 bp"
    DEADLINE_PASSED = 1024, "the message reached the engine after its ValidUntilTime"
    SCHEDULE_MISMATCH = (
        1025,
        "a scheduled start is for limit orders and stops that have not begun, not post-only, before their expiry",
    )
    DISPLAY_MUST_REST = 1030, "an iceberg is a limit order that may rest"
    DISPLAY_OUT_OF_RANGE = 1031, "what an iceberg displays must be above zero and at most its quantity"
    DISPLAY_RANGE_MISMATCH = (
        1032,
        "random parts need a lowest and a highest quantity, up to the iceberg's",
    )
    DISPLAY_TOO_SMALL = 1033, "the iceberg must display a larger share of its quantity"
    CASH_MISMATCH = 1034, "an amount is for new market orders, instead of a quantity, and without a minimum quantity"
    CASH_OUT_OF_RANGE = 1035, "the amount must be above zero and within what the venue can hold"
    CASH_BELOW_ONE_LOT = 1036, "the amount is worth less than one quantity increment"
    PEG_MISMATCH = 1040, "a pegged order names its reference; no other order has one, or an offset"
    PEG_MUST_REST = 1041, "a pegged order only rests: no IOC or FOK, and no minimum quantity"
    PEG_OFFSET_OUT_OF_RANGE = 1042, "a peg's offset is in price or in ticks, and within the instrument's largest price"
    PEG_NEEDS_LIMIT = 1043, "a pegged purchase needs a limit, at which its funds are reserved"
    PEG_WITHOUT_REFERENCE = 1044, "the book has no price that the order could be pegged to"
    PEG_STAYS_PEG = 1045, "a pegged order can be replaced by a pegged order only, and no other order by one"
    STOP_PRICE_OUT_OF_RANGE = 1050, "a stop or take-profit needs a StopPx, above zero and within the venue's maximum"
    TRIGGER_MISMATCH = 1051, "a trigger is for stops and take-profits; a StopPx too, but a trailing stop finds its own"
    TRAIL_MISMATCH = 1052, "a trailing stop, like no other stop, has an offset: above zero, and below 10000 bp"
    TRAIL_TOO_LONG = 1053, "so far from the present price there is no StopPx"
    NO_LAST_PRICE = 1054, "the instrument has not traded yet: there is no last price to wait from"
    NO_INDEX_PRICE = 1055, "the instrument has no index price yet"
    STOP_PRICE_REACHED = 1056, "the price is at the StopPx or beyond: it would be triggered at once"
    STOP_TRADES_AT_ONCE = 1057, "a stop without a limit is not IOC or FOK: once triggered, it trades at once"
    TRIGGER_REPLACE_MISMATCH = 1058, "an order that waits for a price, and it alone, is replaced by one that does"
    LIST_SIZE = 1060, "one-cancels-other has two orders, one-triggers-other two or three"
    DUPLICATE_LIST_ID = 1061, "ListID was used before on this account"
    LIST_MISMATCH = 1062, "the orders of a list are of one account and one instrument, those of a pair of one side"
    PAIR_TYPES = 1063, "a pair is a limit order that may rest and a stop"
    PAIR_PRICES = 1064, "the limit and the stop of a pair are on both sides of the market, and neither is reached yet"
    LIST_TERMS = 1065, "an order of a list has a quantity, not an amount, and no start of its own"
    REFUSED_WITH_LIST = 1066, "its list was refused"
    UNKNOWN_LIST = 1067, "unknown list"
    LIST_DONE = 1068, "all orders of the list are closed"
    LIST_AMBIGUOUS = 1069, "the ListID names lists on several accounts of the session; ask by their orders"
    ORDER_QTY_BELOW_RULE = 1070, "the quantity is below the least that the instrument's rules allow"
    ORDER_QTY_ABOVE_RULE = 1071, "the quantity is above what the instrument's rules allow"
    ORDER_NOTIONAL_BELOW_RULE = 1072, "price times quantity is below the least that the instrument's rules allow"
    ORDER_NOTIONAL_ABOVE_RULE = 1073, "price times quantity is above what the instrument's rules allow"
    PRICE_TOO_FAR = 1074, "the price is further beyond the reference price than the instrument's rules allow"
    ACCOUNT_OPEN_ORDERS = 1075, "the account has as many open orders as it may have"
    ACCOUNT_ORDER_QTY = 1076, "the quantity is above the account's limit"
    ACCOUNT_ORDER_NOTIONAL = 1077, "price times quantity is above the account's limit"
    FIRM_OPEN_ORDERS = 1078, "the firm has as many open orders as it may have"
    FIRM_ORDER_QTY = 1079, "the quantity is above the firm's limit"
    FIRM_ORDER_NOTIONAL = 1080, "price times quantity is above the firm's limit"
    SESSION_BLOCKED = 1081, "the session is blocked: it may cancel, and enter or replace nothing"
    ACCOUNT_BLOCKED = 1082, "the account is blocked: its orders may be cancelled, and none entered or replaced"
    FIRM_BLOCKED = 1083, "the firm is blocked: its orders may be cancelled, and none entered or replaced"
    NO_ORDERS_IN_PHASE = 1085, "the instrument's present phase takes no new orders"
    NO_REPLACES_IN_PHASE = 1086, "the instrument's present phase takes no replaces"
    NO_MARKET_ORDERS_IN_PHASE = 1087, "the instrument's present phase takes no market orders of this type"
    NO_IMMEDIATE_ORDERS_IN_PHASE = (
        1088,
        "in the instrument's present phase nothing trades at once: no IOC, FOK or MinQty",
    )
    NO_POST_ONLY_IN_PHASE = 1089, "the instrument's present phase takes no post-only orders: it ends with an auction"
    NO_REFERENCE_PRICE = 1090, "without a reference price an auction takes no market orders"
    AUCTION_ONLY_MISMATCH = (
        1091,
        "an order for an auction alone is limit or market, without terms of continuous trading",
    )
    PAGE_OUT_OF_RANGE = 1100, "a mass status request may ask for 1 to 1000 reports, and go on after any OrderID"
    ALREADY_DONE = 1110, "this has been done already, under the same reference"
    DONE_OTHERWISE = 1111, "the reference was used already, for another account, asset or amount"
    REFERENCE_MISSING = 1112, "what moves funds needs a reference"
    UNKNOWN_ASSET = 1113, "unknown asset"
    AMOUNT_OUT_OF_RANGE = 1114, "what moves must be above zero and within what the venue can hold"
    NOT_AVAILABLE = 1115, "the account has less than that available"
    SAME_ACCOUNT = 1116, "a transfer is from one account to another"
    ACCOUNT_WITHDRAWALS_BLOCKED = 1117, "the account is blocked for withdrawals"
    FIRM_WITHDRAWALS_BLOCKED = 1118, "the firm is blocked for withdrawals"
    UNKNOWN_WITHDRAWAL = 1119, "unknown withdrawal"
    WITHDRAWAL_CLOSED = 1120, "the withdrawal has been settled, or its funds released"
    ABOVE_HELD = 1121, "more than is held for the withdrawal"


TEXTS: Final[dict[int, str]] = {reason: reason.text for reason in RejectReason}
"""The sentence that goes with each code."""


def unknown_session(session: str) -> list[AnyEvent]:
    """Refuse a command of a session that there is not: nobody waits for an answer in a form of its own."""
    return [CommandRejected(f"unknown session {session}")]
