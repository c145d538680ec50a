"""Pairs under random trading: of each, one order at most ever trades, and the other is gone before it does."""

import random

import pytest

from engine import commands
from engine.events import AnyEvent, ListReported, OrderCanceled, OrderTriggered, Trade
from engine.rules import Rules
from engine.snapshot import capture, restore, state_hash
from engine.terms import Terms
from engine.values import BUY, SELL, CancelReason, Contingency, OrderStatus, OrderType, TriggerSource
from tests.engine.builders import SYMBOL, Venue, all_of
from tests.engine.invariants import check_state

STEPS = 300
STOP, STOP_LIMIT = OrderType.STOP, OrderType.STOP_LIMIT


class Market:
    """A market that wanders about 100, with pairs on both sides of it, alone or behind a first order."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.venue = Venue(maker_bps=3, taker_bps=8)
        self.venue.apply(commands.SetRules(SYMBOL, Rules(stop_protection_bps=2_000)))
        self.partner: dict[str, str] = {}
        """By ClOrdID as it was at first."""
        self.names: dict[str, str] = {}
        """By present ClOrdID, the first one."""
        self.traded: set[str] = set()
        self.gone: set[str] = set()
        self.ends = {"traded": 0, "triggered": 0, "cancelled": 0}

    def step(self) -> None:
        what, venue = self.random.random(), self.venue
        if what < 0.25:
            events = self._enter_pair()
        elif what < 0.75:
            side = self.random.choice((BUY, SELL))
            events = venue.order(
                self.random.choice("BC"), side, self.random.randint(1, 9), 100 + self.random.randint(-6, 6)
            )
        elif what < 0.82:
            events = self._cancel()
        elif what < 0.96:
            events = self._replace()
        else:
            image = capture(venue.state, 1)
            venue.exchange.state = venue.state = restore(image)
            assert state_hash(venue.state, 1) == state_hash(restore(image), 1)
            events = []
        self._look_at(events)
        check_state(venue.state)

    def _enter_pair(self) -> list[AnyEvent]:
        venue, chance = self.venue, self.random
        limit_id, stop_id, first_id = venue.next_id(), venue.next_id(), venue.next_id()
        side = chance.choice((BUY, SELL))
        away = 1 if side is SELL else -1
        limit, stop = 100 + away * chance.randint(0, 8), 100 - away * chance.randint(0, 8)
        order_type = chance.choice((STOP, STOP_LIMIT))
        legs = [
            venue.leg(side, chance.randint(1, 6), limit, cl_ord_id=limit_id),
            venue.leg(
                side,
                chance.randint(1, 6),
                stop - away if order_type is STOP_LIMIT else 0,
                order_type=order_type,
                cl_ord_id=stop_id,
                terms=Terms(trigger=TriggerSource.LAST, stop_price=stop),
            ),
        ]
        chance.shuffle(legs)
        if chance.random() < 0.5:
            contingency = Contingency.ONE_CANCELS_OTHER
        else:
            contingency = Contingency.ONE_TRIGGERS_OTHER
            legs.insert(0, venue.leg(BUY if side is SELL else SELL, 2, 100 + 3 * away, cl_ord_id=first_id))
        self.partner |= {limit_id: stop_id, stop_id: limit_id}
        self.names |= {limit_id: limit_id, stop_id: stop_id}
        return venue.order_list(contingency, *legs, list_id=first_id)

    def _cancel(self) -> list[AnyEvent]:
        open_orders = list(self.venue.state.accounts["A"].orders.values())
        if not open_orders:
            return []
        order = self.random.choice(open_orders)
        return self.venue.cancel("", order_id=order.order_id, cl_ord_id=self.venue.next_id(), side=order.side)

    def _replace(self) -> list[AnyEvent]:
        open_orders = list(self.venue.state.accounts["A"].orders.values())
        if not open_orders:
            return []
        order = self.random.choice(open_orders)
        cl_ord_id, old = self.venue.next_id(), order.cl_ord_id
        price = order.price + self.random.randint(-4, 4) if order.order_type is not STOP else 0
        terms = order.terms
        if terms is not None and terms.trigger:
            terms = Terms(trigger=terms.trigger, stop_price=terms.stop_price + self.random.randint(-3, 3))
        else:
            terms = None
        events = self.venue.replace(
            old,
            self.random.randint(1, 6),
            price,
            cl_ord_id=cl_ord_id,
            side=order.side,
            order_type=order.order_type,
            terms=terms,
        )
        if order.cl_ord_id == cl_ord_id and old in self.names:
            self.names[cl_ord_id] = self.names[old]
        return events

    def _look_at(self, events: list[AnyEvent]) -> None:
        for event in events:
            if isinstance(event, Trade):
                for cl_ord_id in (event.maker_cl_ord_id, event.taker_cl_ord_id):
                    name = self.names.get(cl_ord_id, "")
                    if name in self.partner:
                        assert self.partner[name] in self.gone, "the other order is cancelled before this one trades"
                        assert name not in self.gone
                        self.traded.add(name)
            elif isinstance(event, OrderTriggered):
                assert self.partner[self.names[event.cl_ord_id]] in self.gone
            elif isinstance(event, OrderCanceled):
                order_id_names = {self.names.get(event.cl_ord_id, ""), self.names.get(event.orig_cl_ord_id, "")}
                self.gone |= order_id_names - {""}
                self.ends["traded"] += event.reason is CancelReason.PARTNER_FILLED
                self.ends["triggered"] += event.reason is CancelReason.PARTNER_TRIGGERED
                self.ends["cancelled"] += event.reason is CancelReason.PARTNER_CANCELED
        for report in all_of(ListReported, events):
            assert (
                report.reason
                or not report.is_done
                or all(order.status not in (OrderStatus.NEW, OrderStatus.PENDING_NEW) for order in report.orders)
            )
        assert not any(self.partner[name] in self.traded for name in self.traded), "of a pair only one trades"


@pytest.mark.parametrize("seed", range(6))
def test_of_a_pair_one_order_trades_and_the_other_is_gone_before(seed: int) -> None:
    market = Market(seed)
    for _ in range(STEPS):
        market.step()
    assert all(count >= 2 for count in market.ends.values()), market.ends
