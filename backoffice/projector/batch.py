"""A batch: all that is to be written of the records that were taken in together, as rows.

Whoever derives it from the records need not be who writes it: it goes from one process to another as it is. So what
derives knows nothing of databases: a process of its own is up the sooner.
"""

from enum import Enum
from typing import Any, Final, TypeAlias

import msgspec

from backoffice.ledger.posting import Posting
from engine.values import Amount

Row: TypeAlias = tuple[Any, ...]
"""Values in the order of columns."""
DEFINITION: Final = (
    "symbol",
    "base",
    "quote",
    "price_increment",
    "price_decimals",
    "qty_increment",
    "qty_decimals",
    "maker_fee_bps",
    "taker_fee_bps",
    "order_qty_max",
)
"""What defines an instrument,"""
"""What defines an instrument."""


class Seldom(Enum):
    """What happens seldom, each by a statement of its own."""

    ASSET = 1
    INSTRUMENT = 2
    ACCOUNT = 3
    SESSION = 4
    SESSION_SUSPENDED = 5
    SESSION_REMOVED = 6
    SESSION_CONNECTED = 7
    FEE_CHARGED = 8
    PAYMENT_BOOKED = 9


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """The rows that follow from the records `first_sequence` to `sequence`."""

    records: int
    """How many they are."""
    first_sequence: int
    sequence: int
    """The last record,"""
    time_ns: int
    """and its time."""
    moments: list[tuple[int, int]]
    """The last record of each time."""
    seldom: list[tuple[Seldom, Row]]
    """What happens seldom, in the order in which it happened."""
    entered_orders: list[Row]
    """Orders that are live since these records, all of them as they are at their end,"""
    changed_orders: list[Row]
    """and what may change of those that were before, in the order of `statements.CHANGED`."""
    executions: list[Row]
    trades: list[Row]
    amendments: list[Row]
    rejects: list[Row]
    activity: list[Row]
    reject_counts: list[Row]
    opened: list[Row]
    """Ledger accounts that are new,"""
    postings: list[Posting]
    """and what was booked, in the order of records and accounts."""
    house: dict[int, Amount]
    """The balances of the house's ledger accounts at the end, by the journal alone."""


encode_batch: Final = msgspec.msgpack.Encoder().encode
decode_batch: Final = msgspec.msgpack.Decoder(Batch).decode
