"""The state of the venue: instruments, books, accounts and sessions. Data and look-ups; the rules are next door."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from engine.account import Account
from engine.book import Book
from engine.due import Due
from engine.order import Order
from engine.values import Amount

FINISHED_ORDERS_KEPT: Final = 10_000
"""How many finished orders can still be asked about; older ones are known by their ClOrdID only."""


class Session:
    """What the journal knows of a FIX session: who it may trade for, and where its sequences stand."""

    __slots__ = ("accounts", "last_in", "password_hash", "permitted", "reserved_out", "resets", "session")

    def __init__(self, session: str) -> None:
        self.session = session
        self.accounts: tuple[str, ...] = ()
        """The accounts it may trade for; the first is the default."""
        self.permitted: dict[str, Account] = {}
        """The same, by name."""
        self.password_hash = ""
        self.last_in = 0
        """MsgSeqNum of the last message of theirs that became a command."""
        self.reserved_out = 0
        """Outgoing numbers up to this one may be in use."""
        self.resets = 0
        """How often the sequences began again at 1."""

    def provision(self, accounts: Iterable[Account], password_hash: str) -> None:
        """Let the session trade for these accounts, and no others."""
        self.permitted = {account.account: account for account in accounts}
        self.accounts = tuple(self.permitted)
        self.password_hash = password_hash


class State:
    """All that commands change. Promises: books never crossed, funds conserved and never negative."""

    __slots__ = (
        "accounts",
        "assets",
        "books",
        "credit_references",
        "credited",
        "due",
        "fees",
        "finished",
        "finished_order_ids",
        "last_order_id",
        "last_trade_id",
        "restless",
        "sessions",
        "time_ns",
        "trading_day_ended",
    )

    def __init__(self) -> None:
        self.assets: dict[str, int] = {}
        """Decimals by asset."""
        self.books: dict[str, Book] = {}
        self.accounts: dict[str, Account] = {}
        self.sessions: dict[str, Session] = {}
        self.fees: dict[str, Amount] = {}
        """Fees collected, by asset."""
        self.credit_references: dict[str, None] = {}
        """References of the deposits booked; a dict because it keeps its order."""
        self.credited: dict[str, Amount] = {}
        """All deposits ever booked, by asset: what accounts and fees must add up to."""
        self.finished: dict[int, Order] = {}
        """The latest finished orders, by OrderID; open ones are with their accounts."""
        self.finished_order_ids: deque[int] = deque()
        """The keys of `finished`, oldest first."""
        self.due = Due()
        self.restless: dict[str, Book] = {}
        """Watched books whose prices have moved, by symbol; empty between commands."""
        self.last_order_id = 0
        self.last_trade_id = 0
        self.trading_day_ended = 0
        """The last trading day (YYYYMMDD) that is over, 0 before the first."""
        self.time_ns = 0
        """When the last command was stamped, nanoseconds since the epoch."""

    def open_orders(self, accounts: Iterable[str], symbol: str = "", side: int = 0) -> list[Order]:
        """Return the open orders of some accounts, oldest first per account; of one instrument or side if given."""
        return [
            order
            for account in accounts
            if account in self.accounts
            for order in self.accounts[account].orders.values()
            if symbol in ("", order.instrument.symbol) and side in (0, order.side)
        ]

    def find_order(self, account: Account, order_id: int) -> Order | None:
        """Return an order of `account`, open or finished lately."""
        order = account.orders.get(order_id) or self.finished.get(order_id)
        return order if order is not None and order.account == account.account else None
