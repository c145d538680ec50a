"""The chart of accounts: what each ledger account is for, on which side it stands, and what it is called.

A client has three accounts for each asset, which are what the engine says of it: available, reserved for open orders,
held for withdrawals. The rest are the house's, one of each kind for every asset. `spec/books.md` is about this table.
"""

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a ledger account is for."""

    AVAILABLE = "available"
    RESERVED = "reserved"
    HELD = "held"
    OMNIBUS = "omnibus"
    HOT = "hot-wallet"
    WARM = "warm-wallet"
    COLD = "cold-wallet"
    SUSPENSE = "suspense"
    FEES = "fees"
    REBATES = "rebates"
    INTEREST = "interest"
    OWN = "own"
    COSTS = "costs"


class Side(StrEnum):
    """Where a kind stands."""

    ASSETS = "assets"
    LIABILITIES = "liabilities"
    INCOME = "income"
    EXPENSES = "expenses"


CLIENT_KINDS: Final = (Kind.AVAILABLE, Kind.RESERVED, Kind.HELD)
"""Those that each client has for each asset, in this order."""

HOUSE_KINDS: Final = tuple(kind for kind in Kind if kind not in CLIENT_KINDS)
"""Those that the house has for each asset."""

CUSTODY: Final = (Kind.OMNIBUS, Kind.HOT, Kind.WARM, Kind.COLD)
"""Where what clients have is kept; together they must cover it."""

SIDES: Final = {
    Kind.AVAILABLE: Side.LIABILITIES,
    Kind.RESERVED: Side.LIABILITIES,
    Kind.HELD: Side.LIABILITIES,
    Kind.OMNIBUS: Side.ASSETS,
    Kind.HOT: Side.ASSETS,
    Kind.WARM: Side.ASSETS,
    Kind.COLD: Side.ASSETS,
    Kind.SUSPENSE: Side.LIABILITIES,
    Kind.FEES: Side.INCOME,
    Kind.REBATES: Side.EXPENSES,
    Kind.INTEREST: Side.INCOME,
    Kind.OWN: Side.ASSETS,
    Kind.COSTS: Side.EXPENSES,
}


def name_of(kind: Kind, asset: str, account: str) -> str:
    """Return what a ledger account is called: `BROKER1-A USD available`, or `house USD fees`."""
    return f"{account or 'house'} {asset} {kind}"
