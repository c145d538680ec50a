"""Settings of whose orders and money they are: firms and accounts, with their limits."""

from typing import Annotated, Literal

import msgspec

from config.texts import DecimalText, Name

SelfTrade = Literal["none", "newest", "oldest", "both", "decrement"]
"""What becomes of an order that would trade with another one of its owner: which of the two is cancelled."""

SelfTradeScope = Literal["account", "firm"]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits on the orders of an account or a firm; without one there is none."""

    open_orders_max: Annotated[int, msgspec.Meta(ge=0)] = 0
    """How many of them may be open; 0 for no limit."""
    order_quantity_max: dict[Name, DecimalText] = {}
    """The largest quantity of one order, by base asset,"""
    order_notional_max: dict[Name, DecimalText] = {}
    """and its largest price times quantity, by quote asset."""


class Firm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A firm that has accounts."""

    firm: Name
    limits: Limits
    """Together with those of the account: an order is held to both."""


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cash account and what it is opened with, as decimal texts by asset."""

    account: Name
    firm: Name | None = None
    """Whose account it is; without this it is a firm of its own."""
    self_trade: SelfTrade | None = None
    """For its orders that do not say; without this it stays as the journal has it."""
    self_trade_scope: SelfTradeScope = "account"
    """Whose orders count as its own."""
    deposits: dict[Name, DecimalText] = {}
    limits: Limits | None = None
    """Without this table the limits stay as the journal has them."""

    def opening_reference(self, asset: str) -> str:
        """Return what its deposit of an asset is credited under."""
        return f"opening deposit {self.account} {asset}"
