"""Trades, busts and corrections in any order, against a ledger that adds everything up anew each time."""

from fractions import Fraction
from math import ceil
from typing import NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.commands import BustTrade, CorrectTrade
from engine.events import AnyEvent, CommandRejected, OrderAccepted, Trade, TradeAmended
from engine.exchange import Exchange
from engine.snapshot import capture, restore, state_hash
from engine.values import BUY, SELL, Side
from tests.engine.builders import Venue, all_of
from tests.engine.invariants import check_amendments, check_state

ACCOUNTS = ("A", "B", "C")
FUNDS = 60_000
MAKER_BPS, TAKER_BPS = -300, 700
"""So dear that fees matter and roundings show."""


class Line(NamedTuple):
    """A trade as the ledger has it: who bought and sold, in which orders, for what, and what each paid in fees."""

    buyer: str
    seller: str
    orders: tuple[int, int]
    price: int
    qty: int
    bought_fee: int
    sold_fee: int
    buyer_is_maker: bool
    first_qty: int


class Ledger(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.venue = Venue(accounts=ACCOUNTS, funds=FUNDS, maker_bps=MAKER_BPS, taker_bps=TAKER_BPS)
        self.lines: dict[int, Line] = {}
        self.ids: list[str] = []
        self.qtys: dict[int, int] = {}

    # What happens

    @rule(
        account=st.sampled_from(ACCOUNTS),
        side=st.sampled_from((BUY, SELL)),
        qty=st.integers(1, 40),
        price=st.integers(98, 102),
    )
    def order(self, account: str, side: Side, qty: int, price: int) -> None:
        self.note(self.venue.order(account, side, qty, price))

    @precondition(lambda self: self.qtys)
    @rule(data=st.data(), qty=st.integers(1, 60), price=st.integers(97, 103))
    def replace(self, data: st.DataObject, qty: int, price: int) -> None:
        orders = [order for account in self.venue.state.accounts.values() for order in account.orders.values()]
        if orders:
            order = data.draw(st.sampled_from(orders), "order")
            self.note(self.venue.replace(order.cl_ord_id, qty, price, order.account, side=order.side))

    @precondition(lambda self: self.lines)
    @rule(data=st.data())
    def bust(self, data: st.DataObject) -> None:
        trade_id = data.draw(st.sampled_from(sorted(self.lines)), "trade")
        line = self.lines[trade_id]
        busted = line._replace(price=0, qty=0, bought_fee=0, sold_fee=0)
        self.amend(trade_id, busted, self.venue.apply(BustTrade(trade_id, "mira", "")), allowed=line.qty > 0)

    @precondition(lambda self: self.lines)
    @rule(data=st.data(), price=st.integers(0, 200), qty=st.integers(0, 41))
    def correct(self, data: st.DataObject, price: int, qty: int) -> None:
        trade_id = data.draw(st.sampled_from(sorted(self.lines)), "trade")
        line = self.lines[trade_id]
        buy_bps, sell_bps = (MAKER_BPS, TAKER_BPS) if line.buyer_is_maker else (TAKER_BPS, MAKER_BPS)
        corrected = line._replace(
            price=price, qty=qty, bought_fee=fee(price * qty, buy_bps), sold_fee=fee(price * qty, sell_bps)
        )
        changes = (price, qty) != (line.price, line.qty)
        allowed = line.qty > 0 and 0 < qty <= line.first_qty and price > 0 and changes
        self.amend(trade_id, corrected, self.venue.apply(CorrectTrade(trade_id, price, qty, "mira", "")), allowed)

    @rule()
    def restart(self) -> None:
        """Go on from a snapshot."""
        before = state_hash(self.venue.state, 1)
        self.venue.exchange = Exchange(restore(capture(self.venue.state, 1)))
        self.venue.state = self.venue.exchange.state
        assert state_hash(self.venue.state, 1) == before

    @rule()
    def forget_finished(self) -> None:
        """Have so many orders finish that those before are forgotten."""
        self.venue.state.finished.clear()
        self.venue.state.finished_order_ids.clear()

    # What must come of it

    def note(self, events: list[AnyEvent]) -> None:
        for accepted in all_of(OrderAccepted, events):
            self.qtys[accepted.order_id] = accepted.qty
        for trade in all_of(Trade, events):
            maker, taker = (trade.maker_account, trade.maker_fee), (trade.taker_account, trade.taker_fee)
            buyer_is_maker = trade.taker_side is SELL
            bought, sold = (maker, taker) if buyer_is_maker else (taker, maker)
            self.lines[trade.trade_id] = Line(
                bought[0],
                sold[0],
                (trade.maker_order_id, trade.taker_order_id),
                trade.price,
                trade.qty,
                bought[1],
                sold[1],
                buyer_is_maker,
                trade.qty,
            )

    def amend(self, trade_id: int, line: Line, events: list[AnyEvent], allowed: bool) -> None:
        before, self.lines[trade_id] = self.lines[trade_id], line
        (event,) = events
        if isinstance(event, CommandRejected):
            reserved = {
                (account, asset): self.venue.balance(account, asset)[1]
                for account in ACCOUNTS
                for asset in ("BTC", "USD")
            }
            solvent = all(self.total(*key) >= amount for key, amount in reserved.items()) and self.fees() >= 0
            assert not (allowed and solvent), event
            self.lines[trade_id] = before
            return
        assert allowed
        assert isinstance(event, TradeAmended)
        assert (event.price, event.qty, event.notional) == (line.price, line.qty, line.price * line.qty)
        assert (event.previous_price, event.previous_qty) == (before.price, before.qty)
        for order_id, qty, notional in (
            (event.maker_order_id, event.maker_cum_qty, event.maker_cum_notional),
            (event.taker_order_id, event.taker_cum_qty, event.taker_cum_notional),
        ):
            assert (qty, notional) == self.filled(order_id)

    def filled(self, order_id: int) -> tuple[int, int]:
        of = [line for line in self.lines.values() if order_id in line.orders]
        return sum(line.qty for line in of), sum(line.qty * line.price for line in of)

    def total(self, account: str, asset: str) -> int:
        total = FUNDS
        for line in self.lines.values():
            notional = line.price * line.qty
            if line.buyer == account:
                total += line.qty if asset == "BTC" else -notional - line.bought_fee
            if line.seller == account:
                total += -line.qty if asset == "BTC" else notional - line.sold_fee
        return total

    def fees(self) -> int:
        return sum(line.bought_fee + line.sold_fee for line in self.lines.values())

    @invariant()
    def everything_adds_up(self) -> None:
        state = self.venue.state
        check_state(state)
        check_amendments(state)
        assert state.fees == {"BTC": 0, "USD": self.fees()}
        for account in ACCOUNTS:
            for asset in ("BTC", "USD"):
                assert sum(self.venue.balance(account, asset)) == self.total(account, asset)
            for order in state.accounts[account].orders.values():
                assert (order.cum_qty, order.cum_notional) == self.filled(order.order_id)


def fee(notional: int, bps: int) -> int:
    return ceil(Fraction(notional * bps, 10_000))


Ledger.TestCase.settings = settings(max_examples=100, stateful_step_count=40)
TestLedger = Ledger.TestCase
