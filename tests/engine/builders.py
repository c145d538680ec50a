"""A venue for tests, where only the interesting part of a command needs to be said."""

from collections.abc import Iterable
from typing import TypeVar

from engine import commands
from engine.commands import AnyCommand
from engine.events import AnyEvent
from engine.exchange import Exchange
from engine.holding import Holding
from engine.instrument import Instrument
from engine.order import Order
from engine.rules import Rules
from engine.terms import Terms
from engine.values import BUY, LIMIT, MARKET, SELL, Contingency, MassCancelScope, OrderType, Phase, Side, TimeInForce
from tests.engine.public_book import Public

SYMBOL = "BTC/USD"
DAY = TimeInForce.DAY
GTC = TimeInForce.GOOD_TILL_CANCEL
IOC = TimeInForce.IMMEDIATE_OR_CANCEL
FOK = TimeInForce.FILL_OR_KILL
GTD = TimeInForce.GOOD_TILL_DATE
AT_OPEN = TimeInForce.AT_THE_OPENING
AT_CLOSE = TimeInForce.AT_THE_CLOSE

E = TypeVar("E")


class Venue:
    """An exchange with one instrument, whose price times quantity is the notional in smallest units.

    Each of the `accounts` has a session of the same name and holds `funds` of both assets. Whatever a test does, the
    public must be able to follow.
    """

    def __init__(
        self, *, accounts: Iterable[str] = ("A", "B", "C"), funds: int = 10**9, maker_bps: int = 0, taker_bps: int = 0
    ) -> None:
        self.exchange = Exchange()
        self.state = self.exchange.state
        self.public = Public()
        self.applied: list[tuple[AnyCommand, int]] = []
        """Everything so far, to be replayed."""
        self.last_id = 0
        self.now_ns = 999
        self.apply(add_asset("BTC", 3))
        self.apply(add_asset("USD", 5))
        self.apply(add_instrument(maker_fee_bps=maker_bps, taker_fee_bps=taker_bps))
        for account in accounts:
            self.apply(commands.OpenAccount(account))
            self.apply(commands.ProvisionSession(account, (account,), "hash"))
            if funds:
                self.credit(account, "BTC", funds)
                self.credit(account, "USD", funds)

    def apply(self, command: AnyCommand) -> list[AnyEvent]:
        self.now_ns += 1
        self.applied.append((command, self.now_ns))
        events = self.exchange.apply(command, self.now_ns)
        self.public.follow(events)
        self.public.check(self.exchange.state)
        return events

    def tick(self, now_ns: int = 0) -> list[AnyEvent]:
        """Let the clock tick, if asked at a time."""
        self.now_ns = max(self.now_ns, now_ns - 1)
        return self.apply(commands.ClockTick())

    def credit(self, account: str, asset: str, amount: int, reference: str = "") -> list[AnyEvent]:
        return self.apply(commands.Credit(account, asset, amount, reference or self.next_id()))

    def open(self, account: str, funds: int) -> None:
        """Open one more account, with a session of the same name and so much of the quote asset."""
        self.apply(commands.OpenAccount(account))
        self.apply(commands.ProvisionSession(account, (account,), "hash"))
        self.credit(account, "USD", funds)

    def next_id(self) -> str:
        self.last_id += 1
        return f"id{self.last_id}"

    def order(
        self,
        account: str,
        side: Side,
        qty: int,
        price: int,
        *,
        order_type: OrderType = LIMIT,
        time_in_force: TimeInForce = GTC,
        cl_ord_id: str = "",
        session: str = "",
        symbol: str = SYMBOL,
        possible_resend: bool = False,
        terms: Terms | None = None,
    ) -> list[AnyEvent]:
        return self.apply(
            commands.NewOrder(
                session or account,
                len(self.applied),
                account,
                cl_ord_id or self.next_id(),
                symbol,
                side,
                order_type,
                time_in_force,
                qty,
                price,
                possible_resend,
                terms,
            )
        )

    def leg(
        self,
        side: Side,
        qty: int,
        price: int,
        account: str = "A",
        *,
        order_type: OrderType = LIMIT,
        time_in_force: TimeInForce = GTC,
        cl_ord_id: str = "",
        symbol: str = SYMBOL,
        terms: Terms | None = None,
    ) -> commands.NewOrder:
        """Return an order to be entered with a list."""
        cl_ord_id = cl_ord_id or self.next_id()
        number = len(self.applied)
        return commands.NewOrder(
            account, number, account, cl_ord_id, symbol, side, order_type, time_in_force, qty, price, terms=terms
        )

    def order_list(
        self,
        contingency: Contingency,
        *orders: commands.NewOrder,
        list_id: str = "L",
        session: str = "",
        possible_resend: bool = False,
    ) -> list[AnyEvent]:
        session = session or orders[0].session
        return self.apply(
            commands.NewOrderList(session, len(self.applied), list_id, contingency, orders, possible_resend)
        )

    def cancel_list(self, list_id: str = "L", session: str = "A") -> list[AnyEvent]:
        return self.apply(commands.CancelOrderList(session, len(self.applied), list_id))

    def query_list(self, list_id: str = "L", session: str = "A") -> list[AnyEvent]:
        return self.apply(commands.QueryOrderList(session, len(self.applied), list_id))

    def buy(
        self, qty: int, price: int, account: str = "A", time_in_force: TimeInForce = GTC, cl_ord_id: str = ""
    ) -> list[AnyEvent]:
        return self.order(account, BUY, qty, price, time_in_force=time_in_force, cl_ord_id=cl_ord_id)

    def sell(
        self, qty: int, price: int, account: str = "B", time_in_force: TimeInForce = GTC, cl_ord_id: str = ""
    ) -> list[AnyEvent]:
        return self.order(account, SELL, qty, price, time_in_force=time_in_force, cl_ord_id=cl_ord_id)

    def market(self, side: Side, qty: int, account: str = "C", time_in_force: TimeInForce = DAY) -> list[AnyEvent]:
        return self.order(account, side, qty, 0, order_type=MARKET, time_in_force=time_in_force)

    def cancel(
        self,
        orig_cl_ord_id: str,
        account: str = "A",
        *,
        cl_ord_id: str = "",
        order_id: int = 0,
        session: str = "",
        symbol: str = SYMBOL,
        side: Side = BUY,
    ) -> list[AnyEvent]:
        return self.apply(
            commands.CancelOrder(
                session or account,
                len(self.applied),
                account,
                cl_ord_id or self.next_id(),
                orig_cl_ord_id,
                order_id,
                symbol,
                side,
            )
        )

    def replace(
        self,
        orig_cl_ord_id: str,
        qty: int,
        price: int,
        account: str = "A",
        *,
        cl_ord_id: str = "",
        order_id: int = 0,
        session: str = "",
        symbol: str = SYMBOL,
        side: Side = BUY,
        order_type: OrderType = LIMIT,
        time_in_force: TimeInForce = GTC,
        terms: Terms | None = None,
    ) -> list[AnyEvent]:
        return self.apply(
            commands.ReplaceOrder(
                session or account,
                len(self.applied),
                account,
                cl_ord_id or self.next_id(),
                orig_cl_ord_id,
                order_id,
                symbol,
                side,
                order_type,
                time_in_force,
                qty,
                price,
                terms,
            )
        )

    def mass_cancel(
        self,
        session: str = "A",
        *,
        scope: MassCancelScope = MassCancelScope.ALL,
        symbol: str = "",
        side: int = 0,
        account: str = "",
    ) -> list[AnyEvent]:
        return self.apply(commands.MassCancel(session, len(self.applied), self.next_id(), scope, symbol, side, account))

    def query(
        self,
        cl_ord_id: str = "",
        account: str = "A",
        *,
        order_id: int = 0,
        session: str = "",
        symbol: str = SYMBOL,
        side: Side = BUY,
        request_id: str = "Q1",
    ) -> list[AnyEvent]:
        return self.apply(
            commands.QueryOrder(
                session or account, len(self.applied), account, cl_ord_id, order_id, symbol, side, request_id
            )
        )

    def query_all(
        self,
        session: str = "A",
        *,
        account: str = "",
        symbol: str = "",
        side: int = 0,
        request_id: str = "Q1",
        is_own: bool = False,
        after: int = 0,
        reports_max: int = 0,
    ) -> list[AnyEvent]:
        return self.apply(
            commands.QueryOrders(
                session, len(self.applied), account, symbol, side, request_id, is_own, after, reports_max
            )
        )

    def phase(self, phase: Phase, *, symbol: str = SYMBOL, lasts_ms: int = 0) -> list[AnyEvent]:
        """Let staff bring the instrument into a phase."""
        return self.apply(commands.SetPhase(symbol, phase, "staff", "test", lasts_ms))

    def apply_rules(self, rules: Rules, symbol: str = SYMBOL) -> list[AnyEvent]:
        return self.apply(commands.SetRules(symbol, rules))

    def end_day(self, day: int) -> list[AnyEvent]:
        return self.apply(commands.EndTradingDay(day))

    def holding(self, account: str, asset: str) -> Holding:
        return self.state.accounts[account].holdings[asset]

    def balance(self, account: str, asset: str) -> tuple[int, int]:
        """Return what is available and what is reserved."""
        holding = self.holding(account, asset)
        return holding.available, holding.reserved

    def open_order(self, cl_ord_id: str, account: str = "A") -> Order:
        holder = self.state.accounts[account]
        return holder.orders[holder.order_id_of(cl_ord_id)]

    def bids(self) -> list[tuple[int, list[str]]]:
        """Return the prices of the bids and who queues there, best and oldest first."""
        return [(level.price, [order.cl_ord_id for order in level]) for level in self.state.books[SYMBOL].bids]

    def asks(self) -> list[tuple[int, list[str]]]:
        return [(level.price, [order.cl_ord_id for order in level]) for level in self.state.books[SYMBOL].asks]


def add_asset(asset: str = "EUR", decimals: int = 2) -> commands.AddAsset:
    return commands.AddAsset(asset, decimals)


def add_instrument(
    *,
    symbol: str = SYMBOL,
    base: str = "BTC",
    quote: str = "USD",
    price_increment: int = 1,
    price_decimals: int = 2,
    qty_increment: int = 1,
    qty_decimals: int = 3,
    maker_fee_bps: int = 0,
    taker_fee_bps: int = 0,
    order_qty_max: int = 10**6,
) -> commands.AddInstrument:
    return commands.AddInstrument(
        symbol,
        base,
        quote,
        price_increment,
        price_decimals,
        qty_increment,
        qty_decimals,
        maker_fee_bps,
        taker_fee_bps,
        order_qty_max,
    )


def an_instrument(*, maker_bps: int = 0, taker_bps: int = 0) -> Instrument:
    return Instrument(
        symbol=SYMBOL,
        base="BTC",
        quote="USD",
        base_decimals=3,
        quote_decimals=5,
        price_increment=1,
        price_decimals=2,
        qty_increment=1,
        qty_decimals=3,
        maker_fee_bps=maker_bps,
        taker_fee_bps=taker_bps,
        order_qty_max=10**6,
    )


def only(kind: type[E], events: Iterable[AnyEvent]) -> E:
    """Return the one event of a kind."""
    found = all_of(kind, events)
    assert len(found) == 1, f"expected one {kind.__name__}, got {events}"
    return found[0]


def all_of(kind: type[E], events: Iterable[AnyEvent]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]
