"""The gateway's own reasons to refuse a message (band 2000-2999), and how every reason looks in FIX.

A reason travels as `[code] text` in Text(58), and as the nearest standard value of OrdRejReason(103),
CxlRejReason(102), MassCancelRejectReason(532) or BusinessRejectReason(380). `spec/rejects.md` lists them all.
"""

from enum import IntEnum, unique
from typing import Final, Self

from engine.reject import RejectReason


@unique
class GatewayReject(IntEnum):
    """A reason code of the gateway; `text` is the sentence that goes with it."""

    text: str

    def __new__(cls, code: int, text: str) -> Self:
        member = int.__new__(cls, code)
        member._value_ = code
        member.text = text
        return member

    UNSUPPORTED_FIELD = 2001, "the venue does not take this field"
    UNSUPPORTED_VALUE = 2002, "the venue does not offer this value"
    OFF_INCREMENT = 2003, "not a multiple of the instrument's increment"
    NUMBER_OUT_OF_RANGE = 2004, "not a number that the venue can take"
    FIELD_MISSING = 2005, "this field is required here"
    UNSUPPORTED_MESSAGE = 2006, "the venue does not take this message"
    FIELD_TOO_LONG = 2007, "longer than the venue keeps"
    CURRENCY_MISMATCH = 2008, "not the instrument's base or quote asset"
    OVER_LIMIT = 2009, "over the session's limit; wait, and send it again"
    NOT_FOR_ROLE = 2010, "the session's role does not allow this message"
    INSTRUMENT_NOT_PERMITTED = 2011, "the session may not trade this instrument"
    UNKNOWN_CLIENT = 2012, "the session may not act in this client's name"
    NOT_THE_CLIENTS_ACCOUNT = 2013, "not the account of the client in whose name the session acts"
    DUPLICATE_MD_REQ_ID = 2040, "MDReqID(262) is that of a subscription that goes on"
    UNKNOWN_MD_REQ_ID = 2041, "there is no such subscription"
    INSTRUMENT_NOT_VISIBLE = 2042, "the session may not see this instrument"
    TOO_MANY_SUBSCRIPTIONS = 2043, "more instruments than a session can follow at once; unsubscribe some"


_OTHER: Final = 99

ORD_REJ_REASON: Final[dict[int, int]] = {
    RejectReason.UNKNOWN_INSTRUMENT: 1,
    RejectReason.UNKNOWN_ACCOUNT: 15,
    RejectReason.DUPLICATE_CL_ORD_ID: 6,
    RejectReason.QUANTITY_OUT_OF_RANGE: 13,
    RejectReason.PRICE_OUT_OF_RANGE: 99,
    RejectReason.NOTIONAL_TOO_LARGE: 3,
    RejectReason.INSUFFICIENT_FUNDS: 3,
    RejectReason.NO_LIQUIDITY: 99,
    RejectReason.UNKNOWN_ORDER: 5,
    RejectReason.ORDER_FINISHED: 5,
    RejectReason.POST_ONLY_MUST_REST: 11,
    RejectReason.POST_ONLY_WOULD_TRADE: 99,
    RejectReason.EXPIRY_MISMATCH: 11,
    RejectReason.EXPIRED_ON_ARRIVAL: 4,
    RejectReason.MIN_QTY_MISMATCH: 13,
    RejectReason.SLIPPAGE_MISMATCH: 11,
    RejectReason.DEADLINE_PASSED: 4,
    RejectReason.SCHEDULE_MISMATCH: 11,
    RejectReason.DISPLAY_MUST_REST: 11,
    RejectReason.DISPLAY_OUT_OF_RANGE: 13,
    RejectReason.DISPLAY_RANGE_MISMATCH: 13,
    RejectReason.DISPLAY_TOO_SMALL: 13,
    RejectReason.CASH_MISMATCH: 11,
    RejectReason.CASH_OUT_OF_RANGE: 13,
    RejectReason.CASH_BELOW_ONE_LOT: 13,
    RejectReason.PEG_MISMATCH: 11,
    RejectReason.PEG_MUST_REST: 11,
    RejectReason.PEG_OFFSET_OUT_OF_RANGE: 11,
    RejectReason.PEG_NEEDS_LIMIT: 11,
    RejectReason.PEG_WITHOUT_REFERENCE: 99,
    RejectReason.STOP_PRICE_OUT_OF_RANGE: 99,
    RejectReason.TRIGGER_MISMATCH: 11,
    RejectReason.TRAIL_MISMATCH: 11,
    RejectReason.TRAIL_TOO_LONG: 99,
    RejectReason.NO_LAST_PRICE: 99,
    RejectReason.NO_INDEX_PRICE: 99,
    RejectReason.STOP_PRICE_REACHED: 99,
    RejectReason.STOP_TRADES_AT_ONCE: 11,
    RejectReason.LIST_SIZE: 11,
    RejectReason.DUPLICATE_LIST_ID: 6,
    RejectReason.LIST_MISMATCH: 11,
    RejectReason.PAIR_TYPES: 11,
    RejectReason.PAIR_PRICES: 99,
    RejectReason.LIST_TERMS: 11,
    RejectReason.ORDER_QTY_BELOW_RULE: 13,
    RejectReason.ORDER_QTY_ABOVE_RULE: 13,
    RejectReason.ORDER_NOTIONAL_BELOW_RULE: 99,
    RejectReason.ORDER_NOTIONAL_ABOVE_RULE: 3,
    RejectReason.PRICE_TOO_FAR: 99,
    RejectReason.ACCOUNT_OPEN_ORDERS: 3,
    RejectReason.ACCOUNT_ORDER_QTY: 3,
    RejectReason.ACCOUNT_ORDER_NOTIONAL: 3,
    RejectReason.FIRM_OPEN_ORDERS: 3,
    RejectReason.FIRM_ORDER_QTY: 3,
    RejectReason.FIRM_ORDER_NOTIONAL: 3,
    RejectReason.SESSION_BLOCKED: 0,
    RejectReason.ACCOUNT_BLOCKED: 0,
    RejectReason.FIRM_BLOCKED: 0,
    RejectReason.NO_ORDERS_IN_PHASE: 2,
    RejectReason.NO_MARKET_ORDERS_IN_PHASE: 11,
    RejectReason.NO_IMMEDIATE_ORDERS_IN_PHASE: 11,
    RejectReason.NO_POST_ONLY_IN_PHASE: 11,
    RejectReason.NO_REFERENCE_PRICE: 99,
    RejectReason.AUCTION_ONLY_MISMATCH: 11,
    RejectReason.PAGE_OUT_OF_RANGE: 99,
    GatewayReject.UNSUPPORTED_FIELD: 11,
    GatewayReject.UNSUPPORTED_VALUE: 11,
    GatewayReject.OFF_INCREMENT: 99,
    GatewayReject.NUMBER_OUT_OF_RANGE: 99,
    GatewayReject.FIELD_TOO_LONG: 99,
    GatewayReject.OVER_LIMIT: 99,
    GatewayReject.INSTRUMENT_NOT_PERMITTED: 0,
    GatewayReject.UNKNOWN_CLIENT: 15,
    GatewayReject.NOT_THE_CLIENTS_ACCOUNT: 15,
}
"""OrdRejReason(103): 0 broker/exchange option, 1 unknown symbol, 2 exchange closed, 3 exceeds limit, 4 too late to
enter, 5 unknown order, 6 duplicate, 11 unsupported characteristic, 13 incorrect quantity, 15 unknown account, 99 other.
"""

CXL_REJ_REASON: Final[dict[int, int]] = {
    RejectReason.UNKNOWN_ORDER: 1,
    RejectReason.UNKNOWN_ACCOUNT: 1,
    RejectReason.ORDER_ID_MISMATCH: 1,
    RejectReason.ORDER_FINISHED: 0,
    RejectReason.QUANTITY_NOT_ABOVE_FILLED: 0,
    RejectReason.SESSION_BLOCKED: 2,
    RejectReason.ACCOUNT_BLOCKED: 2,
    RejectReason.FIRM_BLOCKED: 2,
    RejectReason.DUPLICATE_CL_ORD_ID: 6,
}
"""CxlRejReason(102): 0 too late to cancel, 1 unknown order, 2 broker/exchange option, 6 duplicate ClOrdID, 99 other."""

MASS_CANCEL_REJECT_REASON: Final[dict[int, int]] = {
    RejectReason.UNKNOWN_INSTRUMENT: 1,
    GatewayReject.UNSUPPORTED_VALUE: 0,
}
"""MassCancelRejectReason(532): 0 not supported, 1 unknown security, 99 other."""

MD_REQ_REJ_REASON: Final[dict[int, str]] = {
    RejectReason.UNKNOWN_INSTRUMENT: "0",
    GatewayReject.DUPLICATE_MD_REQ_ID: "1",
    GatewayReject.TOO_MANY_SUBSCRIPTIONS: "2",
    GatewayReject.INSTRUMENT_NOT_VISIBLE: "3",
}
"""MDReqRejReason(281): 0 unknown symbol, 1 duplicate MDReqID, 2 insufficient bandwidth, 3 insufficient permissions."""

MD_REQ_REJ_REASON_OF_TAG: Final = {263: "4", 264: "5", 265: "6", 266: "7", 269: "8"}
"""The same for a value that the venue does not offer, by field."""

BUSINESS_REJECT_REASON: Final[dict[int, int]] = {
    RejectReason.UNKNOWN_LIST: 1,
    RejectReason.LIST_AMBIGUOUS: 1,
    GatewayReject.UNSUPPORTED_MESSAGE: 3,
    GatewayReject.FIELD_MISSING: 5,
    GatewayReject.NOT_FOR_ROLE: 6,
}
"""BusinessRejectReason(380): 0 other, 1 unknown id, 3 unsupported message type, 5 required field missing, 6 not
authorized."""


def ord_rej_reason(reason: int) -> int:
    """Return OrdRejReason(103) for a reason code of either band."""
    return ORD_REJ_REASON.get(reason, _OTHER)


def cxl_rej_reason(reason: int) -> int:
    """Return CxlRejReason(102) for a reason code of either band."""
    return CXL_REJ_REASON.get(reason, _OTHER)


def mass_cancel_reject_reason(reason: int) -> int:
    """Return MassCancelRejectReason(532) for a reason code of either band."""
    return MASS_CANCEL_REJECT_REASON.get(reason, _OTHER)


def md_req_rej_reason(reason: int, tag: int) -> str:
    """Return MDReqRejReason(281) for a reason code of either band at a field, nothing if FIX has none for it."""
    return MD_REQ_REJ_REASON.get(reason) or MD_REQ_REJ_REASON_OF_TAG.get(tag, "")


def business_reject_reason(reason: int) -> int:
    """Return BusinessRejectReason(380) for a reason code of either band."""
    return BUSINESS_REJECT_REASON.get(reason, 0)
