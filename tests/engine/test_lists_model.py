"""Lists against a broker who does the same by hand, with plain orders, on an exchange of their own.

The broker enters the first order, watches its fills, and enters what waits for it as soon as it is filled: in the end
both books, and what everybody has, must be the same. The exchange with lists does it within one record each time.
"""

import random
from collections import deque

import pytest
from msgspec.structs import replace

from engine import commands
from engine.commands import NewOrder
from engine.events import AnyEvent, CancelRejected, ListReported, OrderAccepted, Trade
from engine.snapshot import capture, restore, state_hash
from engine.values import BUY, SELL, Contingency, Side, TimeInForce
from tests.engine.builders import GTC, IOC, Venue, all_of
from tests.engine.invariants import check_state

STEPS = 400


class ByHand(Venue):
    """An exchange on which a broker does by hand what lists do."""

    def __init__(self) -> None:
        super().__init__(maker_bps=2, taker_bps=7)
        self.waiting: dict[str, list[NewOrder]] = {}
        """What is to enter when an order is filled, by the ClOrdID that this goes by."""

    def do(self, command: commands.AnyCommand) -> list[AnyEvent]:
        """Apply a command, and then enter what has waited for the orders that it filled, in the order of the fills."""
        events = self.apply(command)
        to_enter: deque[NewOrder] = deque(self._released(events))
        while to_enter:
            entered = self.apply(to_enter.popleft())
            to_enter.extend(self._released(entered))
            events += entered
        for first in list(self.waiting):
            account = self.state.accounts[self.waiting[first][0].account]
            if account.order_id_of(first) not in account.orders:
                del self.waiting[first]
        return events

    def _released(self, events: list[AnyEvent]) -> list[NewOrder]:
        released = []
        for trade in all_of(Trade, events):
            if not trade.maker_leaves_qty:
                released += self.waiting.pop(trade.maker_cl_ord_id, [])
        for trade in all_of(Trade, events):
            if not trade.taker_leaves_qty:
                released += self.waiting.pop(trade.taker_cl_ord_id, [])
        return released


class Both:
    """The exchange with lists, and the one without."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lists = Venue(maker_bps=2, taker_bps=7)
        self.hand = ByHand()
        self.orders: dict[str, tuple[str, Side, str]] = {}
        """By ClOrdID: the account, the side, and the ClOrdID of the first order if it waits for one."""
        self.released = 0

    def step(self) -> None:
        what = self.random.random()
        if what < 0.35:
            self._enter_list()
        elif what < 0.75:
            self._enter()
        elif what < 0.85:
            self._cancel()
        elif what < 0.97:
            self._replace()
        else:
            image = capture(self.lists.state, 1)
            self.lists.exchange.state = self.lists.state = restore(image)
            assert state_hash(self.lists.state, 1) == state_hash(restore(image), 1)
        self._compare()

    def _leg(self, account: str, side: Side, tif: TimeInForce = GTC) -> NewOrder:
        price = self.random.randint(96, 102) if side is BUY else self.random.randint(98, 104)
        cl_ord_id = self.lists.next_id()
        self.orders[cl_ord_id] = account, side, ""
        return self.lists.leg(side, self.random.randint(1, 9), price, account, time_in_force=tif, cl_ord_id=cl_ord_id)

    def _enter_list(self) -> None:
        account, side = self.random.choice("ABC"), self.random.choice((BUY, SELL))
        first = self._leg(account, side, self.random.choice((GTC, GTC, GTC, IOC)))
        second = self._leg(account, SELL if side is BUY else BUY)
        self.orders[second.cl_ord_id] = account, second.side, first.cl_ord_id
        self.hand.waiting[first.cl_ord_id] = [second]
        events = self.lists.order_list(Contingency.ONE_TRIGGERS_OTHER, first, second, list_id=first.cl_ord_id)
        assert all_of(ListReported, events)[0].reason == 0
        self.released += len(all_of(OrderAccepted, events)) - 2
        self.hand.do(first)

    def _enter(self) -> None:
        order = self._leg(self.random.choice("ABC"), self.random.choice((BUY, SELL)))
        self.released += len(all_of(OrderAccepted, self.lists.apply(order))) - 1
        self.hand.do(order)

    def _cancel(self) -> None:
        if not self.orders:
            return
        target = self.random.choice(list(self.orders))
        account, side, first = self.orders[target]
        self.lists.cancel(target, account, cl_ord_id=self.lists.next_id(), side=side)
        if first in self.hand.waiting:  # It is not there yet: who withdraws it withdraws what it waits for.
            target, side = first, self.orders[first][1]
        self.hand.cancel(target, account, cl_ord_id=self.lists.next_id(), side=side)
        self.hand.waiting.pop(target, None)

    def _replace(self) -> None:
        if not self.orders:
            return
        target = self.random.choice(list(self.orders))
        account, side, first = self.orders[target]
        new = self._leg(account, side)
        events = self.lists.replace(target, new.qty, new.price, account, cl_ord_id=new.cl_ord_id, side=side)
        self.released += len(all_of(OrderAccepted, events))
        if all_of(CancelRejected, events):
            self.hand.replace(target, new.qty, new.price, account, cl_ord_id=new.cl_ord_id, side=side)
            return
        self.orders[new.cl_ord_id] = account, side, first
        self.orders.pop(target)
        if first in self.hand.waiting:
            (waiting,) = self.hand.waiting[first]
            self.hand.waiting[first] = [
                replace(waiting, cl_ord_id=new.cl_ord_id, qty=new.qty, price=new.price, time_in_force=GTC)
            ]
            return
        if target in self.hand.waiting:
            self.hand.waiting[new.cl_ord_id] = self.hand.waiting.pop(target)
            for cl_ord_id, (of_account, of_side, of_first) in self.orders.items():
                if of_first == target:
                    self.orders[cl_ord_id] = of_account, of_side, new.cl_ord_id
        command = commands.ReplaceOrder(
            *(account, 1, account, new.cl_ord_id, target, 0, new.symbol, side),
            *(new.order_type, GTC, new.qty, new.price),
        )
        self.hand.do(command)

    def _compare(self) -> None:
        check_state(self.lists.state)
        assert (self.lists.bids(), self.lists.asks()) == (self.hand.bids(), self.hand.asks())
        for account in "ABC":
            for asset in ("BTC", "USD"):
                assert self.lists.balance(account, asset) == self.hand.balance(account, asset)
        assert self.lists.state.fees == self.hand.state.fees


@pytest.mark.parametrize("seed", range(12))
def test_a_list_does_what_a_broker_would_do_by_hand(seed: int) -> None:
    both = Both(seed)
    for _ in range(STEPS):
        both.step()
    assert both.released > 15, "lists whose first order was filled"
