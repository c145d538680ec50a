"""The state of the venue: instruments, books, accounts and sessions. Data and look-ups; the rules are next door."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from engine.account import Account
from engine.book import Book
from engine.booking import References
from engine.commands import SetFees
from engine.due import Due, DueKey, Timed
from engine.events import Trade
from engine.guard import Guard
from engine.order import Order, OrderList
from engine.profile import DEFAULT_PROFILE, NEVER_SET, NO_CREDENTIALS, Credentials, SequencesSet, SessionProfile
from engine.rules import SelfTradeRule
from engine.values import Amount, CancelOnDisconnect, Price, Qty, Scope

FINISHED_ORDERS_KEPT: Final = 10_000
"""How many finished orders can still be asked about; older ones are known by their ClOrdID only."""

TRADES_KEPT: Final = 100_000
"""How many of the latest trades staff can still bust or correct."""


class Amendment:
    """What a trade is after staff have corrected or busted it (then with no quantity)."""

    __slots__ = ("maker_fee", "notional", "price", "qty", "taker_fee")

    def __init__(self, price: Price, qty: Qty, notional: Amount, maker_fee: Amount, taker_fee: Amount) -> None:
        self.price = price
        self.qty = qty
        self.notional = notional
        self.maker_fee = maker_fee
        self.taker_fee = taker_fee


class Session(Timed):
    """What the journal knows of a FIX session: who it may trade for, where its sequences stand, whether it is there.

    It is due when it has been gone for as long as its orders are kept.
    """

    __slots__ = (
        "accounts",
        "credentials",
        "default_on_disconnect",
        "former_accounts",
        "grace_ms",
        "guard",
        "is_connected",
        "is_suspended",
        "last_in",
        "on_disconnect",
        "permitted",
        "profile",
        "reserved_out",
        "resets",
        "seed",
        "sequences_set",
        "session",
    )

    def __init__(self, session: str) -> None:
        self.due_ns = 0
        self.session = session
        self.guard = Guard()
        self.is_connected = False
        self.default_on_disconnect: CancelOnDisconnect = CancelOnDisconnect.NONE
        """What is to happen when it is gone, if its Logon does not say."""
        self.on_disconnect: CancelOnDisconnect = CancelOnDisconnect.NONE
        """What its last Logon came to."""
        self.grace_ms = 0
        """How long it may be gone before that happens."""
        self.former_accounts: tuple[str, ...] = ()
        """Accounts that it may trade for no more; orders that it entered for them may still be open."""
        self.accounts: tuple[str, ...] = ()
        """The accounts it may trade for; the first is the default."""
        self.permitted: dict[str, Account] = {}
        """The same, by name."""
        self.profile: SessionProfile = DEFAULT_PROFILE
        self.credentials: Credentials = NO_CREDENTIALS
        self.is_suspended = False
        """It may not log on."""
        self.seed = ""
        """A digest of the settings that it was last given; what staff have changed since stays."""
        self.last_in = 0
        """MsgSeqNum of the last message of theirs that became a command."""
        self.reserved_out = 0
        """Outgoing numbers up to this one may be in use."""
        self.resets = 0
        """How often the sequences began again at 1."""
        self.sequences_set: SequencesSet = NEVER_SET

    def provision(self, accounts: Iterable[Account]) -> None:
        """Let the session trade for these accounts, and no others."""
        before = (*self.former_accounts, *self.accounts)
        self.permitted = {account.account: account for account in accounts}
        self.accounts = tuple(self.permitted)
        self.former_accounts = tuple(account for account in before if account not in self.permitted)

    def due_key(self) -> DueKey:
        """Return its place among what is due at the same time: behind all orders, by name."""
        return (1, 0, self.session)


class State:
    """All that commands change. Promises: books never crossed, funds conserved and never negative."""

    __slots__ = (
        "accounts",
        "amended_orders",
        "amendments",
        "assets",
        "books",
        "credited",
        "due",
        "fee_schedules",
        "fees",
        "finished",
        "finished_order_ids",
        "firms",
        "guarded",
        "last_order_id",
        "last_trade_id",
        "references",
        "removed_sessions",
        "restless",
        "self_trade_accounts",
        "self_trade_sessions",
        "sessions",
        "time_ns",
        "trade_times",
        "trades",
        "trading_day_ended",
        "unsettled",
        "withdrawn",
    )

    def __init__(self) -> None:
        self.assets: dict[str, int] = {}
        """Decimals by asset."""
        self.books: dict[str, Book] = {}
        self.accounts: dict[str, Account] = {}
        self.sessions: dict[str, Session] = {}
        self.removed_sessions: dict[str, int] = {}
        """How often the sequences of sessions that are gone for good had begun again, so that new ones are new."""
        self.firms: dict[str, Guard] = {}
        """What each firm is held to."""
        self.guarded = False
        """Whether any rule, limit or block could refuse an order; kept by `engine.guarding`."""
        self.fee_schedules: dict[tuple[Scope, str, str], SetFees] = {}
        """What set the rates of a firm or an account on an instrument, or on all."""
        self.fees: dict[str, Amount] = {}
        """Fees collected, by asset."""
        self.references = References()
        """What references of money in and out stand for."""
        self.credited: dict[str, Amount] = {}
        """All deposits ever booked, less those taken back, by asset: less"""
        self.withdrawn: dict[str, Amount] = {}
        """what has been withdrawn it is what accounts and fees must add up to."""
        self.finished: dict[int, Order] = {}
        """The latest finished orders, by OrderID; open ones are with their accounts."""
        self.finished_order_ids: deque[int] = deque()
        """The keys of `finished`, oldest first."""
        self.due = Due()
        self.self_trade_accounts: dict[str, SelfTradeRule] = {}
        """What the house has set against self-trades, by account,"""
        self.self_trade_sessions: dict[str, SelfTradeRule] = {}
        """and by session."""
        self.restless: dict[str, Book] = {}
        """Watched books whose prices have moved, by symbol; empty between commands."""
        self.trades: deque[Trade] = deque(maxlen=TRADES_KEPT)
        """The latest trades, oldest first; their TradeIDs follow each other without a gap."""
        self.trade_times: deque[int] = deque(maxlen=TRADES_KEPT)
        """When each of them was made, nanoseconds since the epoch."""
        self.amendments: dict[int, Amendment] = {}
        """By TradeID, those of these that are not as they were made."""
        self.amended_orders: dict[int, Order] = {}
        """The orders of these, by OrderID: they are not as their own trades tell."""
        self.unsettled: deque[OrderList] = deque()
        """Lists of which an order has been closed, in that order; empty between commands."""
        self.last_order_id = 0
        self.last_trade_id = 0
        self.trading_day_ended = 0
        """The last trading day (YYYYMMDD) that is over, 0 before the first."""
        self.time_ns = 0
        """When the last command was stamped, nanoseconds since the epoch."""

    def open_orders(
        self, accounts: Iterable[str], symbol: str = "", side: int = 0, entered_by: str = ""
    ) -> list[Order]:
        """Return open orders of some accounts, oldest first per account; of one instrument, side, session if given."""
        return [
            order
            for account in accounts
            if account in self.accounts
            for order in self.accounts[account].orders.values()
            if symbol in ("", order.instrument.symbol) and side in (0, order.side) and entered_by in ("", order.session)
        ]

    def find_order(self, account: Account, order_id: int) -> Order | None:
        """Return an order of `account`, open or finished lately."""
        order = account.orders.get(order_id) or self.finished.get(order_id)
        return order if order is not None and order.account == account.account else None

    def find_trade(self, trade_id: int) -> Trade | None:
        """Return a trade, if it is one of those that are kept."""
        trades = self.trades
        return (
            trades[trade_id - trades[0].trade_id]
            if trades and trades[0].trade_id <= trade_id <= trades[-1].trade_id
            else None
        )

    def forget_old_amendments(self) -> None:
        """Forget the amendments of trades that are kept no more, and of orders that have no trade among those kept."""
        oldest = self.trades[0].trade_id if self.trades else 0
        self.amendments = {key: amendment for key, amendment in self.amendments.items() if key >= oldest}
        orders = self.amended_orders
        traded = {
            order_id
            for trade in self.trades
            for order_id in (trade.maker_order_id, trade.taker_order_id)
            if order_id in orders
        }
        self.amended_orders = {key: order for key, order in orders.items() if key in traded}
