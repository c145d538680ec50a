"""What does not go together in an order or a list, and the reason that it is refused with: a table for `rejects.md`.

`tests/spec/test_combinations.py` sends each of them.
"""

from typing import Final

from engine.reject import RejectReason
from fixgw.reject import GatewayReject

EMPTY: Final = "before the first order"
AUCTION: Final = "in an opening auction"
AUCTION_FIRST: Final = "in an opening auction before the first trade"
RESTING: Final = "in the phase post-only"
HALTED: Final = "in a halt"

_LEG: Final = "55=BTC/USD 54=2 38=1"
_LIST: Final = "66=L 394=3"


def _list(contingency: int, *orders: str, count: int = 2) -> str:
    entries = " ".join(f"11=N{number} 67={number} {order}" for number, order in enumerate(orders, 1))
    return f"{_LIST} 1385={contingency} 68={count} 73={count} {entries}"


COMBINATIONS: Final[tuple[tuple[str, str, str, RejectReason | GatewayReject], ...]] = (
    ("a limit order without a price", "", "54=1 38=1 40=2", GatewayReject.FIELD_MISSING),
    ("a market order with a price", "", "54=1 38=1 40=1 44=1.00", RejectReason.MARKET_ORDER_NEEDS_NO_PRICE),
    ("a market order, and nothing to trade with", EMPTY, "54=1 38=1 40=1", RejectReason.NO_LIQUIDITY),
    ("post-only with IOC", "", "54=1 38=1 40=2 44=0.80 18=6 59=3", RejectReason.POST_ONLY_MUST_REST),
    ("post-only with FOK", "", "54=1 38=1 40=2 44=0.80 18=6 59=4", RejectReason.POST_ONLY_MUST_REST),
    ("a market order that is post-only", "", "54=1 38=1 40=1 18=6", RejectReason.POST_ONLY_MUST_REST),
    ("a stop-limit that is post-only", "", "54=1 38=1 40=4 44=1.20 99=1.15 18=6", RejectReason.POST_ONLY_MUST_REST),
    ("post-only at the other side's price", "", "54=1 38=1 40=2 44=1.10 18=6", RejectReason.POST_ONLY_WOULD_TRADE),
    ("a limit order at the other side's price", RESTING, "54=1 38=1 40=2 44=1.10", RejectReason.POST_ONLY_WOULD_TRADE),
    ("good till date without a date", "", "54=1 38=1 40=2 44=0.80 59=6", RejectReason.EXPIRY_MISMATCH),
    ("a date without good till date", "", "54=1 38=1 40=2 44=0.80 59=1 432=20270101", RejectReason.EXPIRY_MISMATCH),
    (
        "two dates",
        "",
        "54=1 38=1 40=2 44=0.80 59=6 432=20270101 126=20270101-00:00:00",
        RejectReason.EXPIRY_MISMATCH,
    ),
    (
        "a date that has passed",
        "",
        "54=1 38=1 40=2 44=0.80 59=6 126=20261122-00:00:00",
        RejectReason.EXPIRED_ON_ARRIVAL,
    ),
    ("MinQty above OrderQty", "", "54=1 38=1 40=2 44=1.10 110=2", RejectReason.MIN_QTY_MISMATCH),
    ("MinQty with FOK", "", "54=1 38=1 40=2 44=1.10 110=1 59=4", RejectReason.MIN_QTY_MISMATCH),
    ("MinQty with post-only", "", "54=1 38=1 40=2 44=0.80 110=1 18=6", RejectReason.MIN_QTY_MISMATCH),
    (
        "a limit to slippage with a limit price",
        "",
        "54=1 38=1 40=2 44=1.10 388=1 389=0.05",
        RejectReason.SLIPPAGE_MISMATCH,
    ),
    ("a deadline that has passed", "", "54=1 38=1 40=2 44=0.80 62=20261123-00:00:00", RejectReason.DEADLINE_PASSED),
    ("a start for a market order", "", "54=1 38=1 40=1 168=20261124-00:00:00", RejectReason.SCHEDULE_MISMATCH),
    ("a start and post-only", "", "54=1 38=1 40=2 44=0.80 18=6 168=20261124-00:00:00", RejectReason.SCHEDULE_MISMATCH),
    (
        "a start after the end",
        "",
        "54=1 38=1 40=2 44=0.80 59=6 126=20261124-00:00:00 168=20261125-00:00:00",
        RejectReason.SCHEDULE_MISMATCH,
    ),
    ("an iceberg that is IOC", "", "54=1 38=1 40=2 44=0.80 111=0.1 59=3", RejectReason.DISPLAY_MUST_REST),
    ("an iceberg without a limit", "", "54=1 38=1 40=1 111=0.1", RejectReason.DISPLAY_MUST_REST),
    ("an iceberg that is pegged", "", "54=1 38=1 40=P 18=R 44=0.80 111=0.1", RejectReason.DISPLAY_MUST_REST),
    ("an iceberg with zero display", "", "54=1 38=1 40=2 44=0.80 111=0", RejectReason.DISPLAY_OUT_OF_RANGE),
    ("an iceberg that displays more than it is", "", "54=1 38=1 40=2 44=0.80 111=2", RejectReason.DISPLAY_OUT_OF_RANGE),
    (
        "random parts from 0.5 to 0.2",
        "",
        "54=1 38=1 40=2 44=0.80 111=0.1 1084=3 1085=0.5 1086=0.2",
        RejectReason.DISPLAY_RANGE_MISMATCH,
    ),
    ("an amount and a quantity", "", "54=1 38=1 152=1 40=1", RejectReason.CASH_MISMATCH),
    ("an amount with a limit", "", "54=1 152=1 40=2 44=1.10", RejectReason.CASH_MISMATCH),
    ("a pegged order without a reference", "", "54=1 38=1 40=P 44=0.80", RejectReason.PEG_MISMATCH),
    ("a reference for a limit order", "", "54=1 38=1 40=2 44=0.80 18=R", RejectReason.PEG_MISMATCH),
    ("a pegged order that is IOC", "", "54=1 38=1 40=P 18=R 44=0.80 59=3", RejectReason.PEG_MUST_REST),
    ("a pegged order with MinQty", "", "54=1 38=1 40=P 18=R 44=0.80 110=1", RejectReason.PEG_MUST_REST),
    (
        "a peg's offset in basis points",
        "",
        "54=1 38=1 40=P 18=R 44=0.80 211=5 836=1",
        RejectReason.PEG_OFFSET_OUT_OF_RANGE,
    ),
    ("a pegged purchase without a limit", "", "54=1 38=1 40=P 18=R", RejectReason.PEG_NEEDS_LIMIT),
    ("a peg without a book", EMPTY, "54=1 38=1 40=P 18=R 44=0.80", RejectReason.PEG_WITHOUT_REFERENCE),
    ("a pegged order that is post-only", "", "54=1 38=1 40=P 18=R_6 44=0.80", RejectReason.POST_ONLY_MUST_REST),
    ("a stop without StopPx", "", "54=1 38=1 40=3", GatewayReject.FIELD_MISSING),
    ("a stop on the wrong side of the market", "", "54=1 38=1 40=3 99=0.95", RejectReason.STOP_PRICE_REACHED),
    ("a take-profit on the wrong side", "", "54=1 38=1 40=J 99=1.05", RejectReason.STOP_PRICE_REACHED),
    ("a StopPx of zero", "", "54=1 38=1 40=3 99=0", RejectReason.STOP_PRICE_OUT_OF_RANGE),
    ("a StopPx for a limit order", "", "54=1 38=1 40=2 44=0.80 99=1.05", RejectReason.TRIGGER_MISMATCH),
    ("a StopPx for a trailing stop", "", "54=1 38=1 40=P 18=a 211=0.05 99=1.05", RejectReason.TRIGGER_MISMATCH),
    ("an offset for a stop", "", "54=1 38=1 40=3 99=1.05 211=0.05", RejectReason.TRAIL_MISMATCH),
    ("a trailing stop at no distance", "", "54=1 38=1 40=P 18=a 211=0", RejectReason.TRAIL_MISMATCH),
    ("a trailing sale that would start at zero", "", "54=2 38=1 40=P 18=a 211=1.00", RejectReason.TRAIL_TOO_LONG),
    ("a stop before the first trade", EMPTY, "54=1 38=1 40=3 99=1.05", RejectReason.NO_LAST_PRICE),
    ("a stop on an index that there is not", "", "54=1 38=1 40=3 99=1.05 5127=3", RejectReason.NO_INDEX_PRICE),
    ("a stop without a limit that is IOC", "", "54=1 38=1 40=3 99=1.05 59=3", RejectReason.STOP_TRADES_AT_ONCE),
    ("any order in a halt", HALTED, "54=1 38=1 40=2 44=0.80", RejectReason.NO_ORDERS_IN_PHASE),
    ("market-to-limit while orders gather", AUCTION, "54=1 38=1 40=K", RejectReason.NO_MARKET_ORDERS_IN_PHASE),
    ("IOC while orders gather", AUCTION, "54=1 38=1 40=2 44=0.80 59=3", RejectReason.NO_IMMEDIATE_ORDERS_IN_PHASE),
    ("MinQty while orders gather", AUCTION, "54=1 38=1 40=2 44=0.80 110=1", RejectReason.NO_IMMEDIATE_ORDERS_IN_PHASE),
    ("post-only while orders gather", AUCTION, "54=1 38=1 40=2 44=0.80 18=6", RejectReason.NO_POST_ONLY_IN_PHASE),
    ("a market order without a reference price", AUCTION_FIRST, "54=1 38=1 40=1", RejectReason.NO_REFERENCE_PRICE),
    ("at the opening and post-only", "", "54=1 38=1 40=2 44=0.80 59=2 18=6", RejectReason.AUCTION_ONLY_MISMATCH),
    ("at the close and an iceberg", "", "54=1 38=1 40=2 44=0.80 59=7 111=0.1", RejectReason.AUCTION_ONLY_MISMATCH),
    (
        "a pair of three",
        "",
        _list(1, *(f"{_LEG} 40=2 44=1.20",) * 2, f"{_LEG} 40=3 99=0.95", count=3),
        RejectReason.LIST_SIZE,
    ),
    (
        "a pair across accounts",
        "",
        _list(1, f"1=A {_LEG} 40=2 44=1.20", f"1=A2 {_LEG} 40=3 99=0.95"),
        RejectReason.LIST_MISMATCH,
    ),
    (
        "a pair of two sides",
        "",
        _list(1, f"{_LEG} 40=2 44=1.20", "55=BTC/USD 54=1 38=1 40=3 99=1.05"),
        RejectReason.LIST_MISMATCH,
    ),
    ("a pair of two limit orders", "", _list(1, *(f"{_LEG} 40=2 44=1.20",) * 2), RejectReason.PAIR_TYPES),
    (
        "a pair whose limit trades at once",
        "",
        _list(1, f"{_LEG} 40=2 44=0.90", f"{_LEG} 40=3 99=0.95"),
        RejectReason.PAIR_PRICES,
    ),
    (
        "an amount in a list",
        "",
        _list(2, f"{_LEG} 40=2 44=1.20", "55=BTC/USD 54=2 152=1 40=1"),
        RejectReason.LIST_TERMS,
    ),
)
"""What, in which state of the market, the fields that matter (`_` is a space in a value), the reason."""
