"""The exchange and a naive one side by side, on pegged orders and self-trade prevention."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.commands import OpenAccount, ProvisionSession, SetSelfTrade
from engine.events import AnyEvent, OrderAccepted, OrderCanceled, OrderDecremented, OrderRejected, Trade
from engine.exchange import Exchange
from engine.reject import RejectReason
from engine.rules import SelfTradeRule
from engine.snapshot import capture, restore, state_hash
from engine.terms import Terms
from engine.values import (
    BUY,
    LIMIT,
    MARKET,
    PEGGED,
    REQUESTED,
    SELL,
    OffsetUnit,
    OrderType,
    PegReference,
    PostOnly,
    SelfTrade,
    SelfTradeScope,
    Side,
    TimeInForce,
)
from tests.engine.builders import FOK, GTC, IOC, SYMBOL, Venue, only
from tests.engine.invariants import check_state
from tests.engine.naive_dark import DarkExchange, DarkOrder, Tape

FIRMS = {"A": "F", "B": "F", "C": "G"}


class Dark:
    """Both exchanges, with the same three accounts of two firms, whose funds are without end."""

    def __init__(self) -> None:
        self.venue = Venue(accounts=())
        self.model = DarkExchange()
        for account, firm in FIRMS.items():
            self.venue.apply(OpenAccount(account, firm))
            self.venue.apply(ProvisionSession(account, (account,), "hash"))
            for asset in ("BTC", "USD"):
                self.venue.credit(account, asset, 10**12)
        self.seen: set[str] = set()

    def enter(
        self,
        account: str,
        side: Side,
        qty: int,
        price: int = 0,
        *,
        time_in_force: TimeInForce = GTC,
        peg: PegReference = PegReference.NONE,
        offset: int = 0,
        mode: SelfTrade = SelfTrade.DEFAULT,
        group: str = "",
        min_qty: int = 0,
        post_only: bool = False,
        display: int = 0,
    ) -> None:
        is_market = not price and not peg
        order_type = PEGGED if peg else MARKET if is_market else LIMIT
        if is_market and not self.model.best(Side(3 - side)):
            return
        if post_only and (best := self.model.best(Side(3 - side))):
            price = min(price, best - 1) if side is BUY else max(price, best + 1)
        terms = Terms(
            post_only=PostOnly.REJECT if post_only else PostOnly.NO,
            min_qty=min_qty,
            offset_unit=OffsetUnit.TICKS if peg else OffsetUnit.NONE,
            offset=offset if peg else 0,
            peg=peg,
            self_trade=mode,
            self_trade_group=group,
            display_qty=display,
        )
        events = self.venue.order(
            account,
            side,
            qty,
            price,
            order_type=order_type,
            time_in_force=time_in_force,
            terms=None if terms == Terms() else terms,
        )
        if peg and not self.model.has_reference(side, peg):
            assert only(OrderRejected, events).reason == RejectReason.PEG_WITHOUT_REFERENCE
            return
        number = only(OrderAccepted, events).order_id
        order = DarkOrder(
            number,
            account,
            FIRMS[account],
            side,
            qty,
            price,
            peg=peg,
            offset=offset,
            mode=mode,
            group=group,
            least=qty if time_in_force is FOK else min_qty,
            rests=order_type is not MARKET and time_in_force is GTC,
            post_only=post_only,
            display=display,
        )
        self.compare(self.model.enter(order), events)

    def cancel(self, pick: int) -> None:
        if self.model.orders:
            order = self.model.orders[pick % len(self.model.orders)]
            events = self.venue.cancel("", order.account, order_id=order.number, side=order.side)
            self.compare(self.model.cancel(order), events)

    def replace(self, pick: int, qty: int, limit: int, offset: int) -> None:
        pegs = [order for order in self.model.orders if order.peg]
        if not pegs:
            return
        order = pegs[pick % len(pegs)]
        qty += order.qty - order.left
        events = self.venue.replace(
            "",
            qty,
            limit,
            order.account,
            order_id=order.number,
            side=order.side,
            order_type=OrderType.PEGGED,
            terms=Terms(
                offset_unit=OffsetUnit.TICKS,
                offset=offset,
                peg=order.peg,
                self_trade=order.mode,
                self_trade_group=order.group,
            ),
        )
        self.compare(self.model.replace(order, qty, limit, offset), events)

    def set_rule(self, account: str, mode: SelfTrade, scope: SelfTradeScope) -> None:
        self.venue.apply(SetSelfTrade(account, "", SelfTradeRule(mode, scope)))
        self.model.rules[account] = mode, scope

    def go_on_from_a_snapshot(self) -> None:
        image = capture(self.venue.state, 1)
        self.venue.exchange = Exchange(restore(image))
        self.venue.state = self.venue.exchange.state
        assert state_hash(self.venue.state, 1) == state_hash(restore(image), 1)

    def compare(self, expected: Tape, events: list[AnyEvent]) -> None:
        tape: Tape = []
        for event in events:
            if isinstance(event, Trade):
                tape.append(("trade", event.maker_order_id, event.taker_order_id, event.price, event.qty))
            elif isinstance(event, OrderCanceled) and event.reason is not REQUESTED:
                reason, prevented = event.reason, event.prevented_qty
                tape.append(("cancel", event.order_id, reason, prevented, event.counter_order_id))
            elif isinstance(event, OrderDecremented):
                line = "decrement", event.order_id, event.qty, event.prevented_qty, event.counter_order_id
                tape.append(line)
            self.seen.add(type(event).__name__)
        assert tape == expected
        check_state(self.venue.state)
        book = self.venue.state.books[SYMBOL]
        resting = [order for side in (book.bids, book.asks) for level in side for order in level]
        engine = {
            order.order_id: (order.qty, order.leaves_qty, order.price) for order in (*resting, *(book.pegs or ()))
        }
        assert engine == {order.number: (order.qty, order.left, order.limit) for order in self.model.orders}


modes = st.sampled_from((*[SelfTrade.DEFAULT] * 3, *SelfTrade))
groups = st.sampled_from(("", "", "1", "2"))
accounts = st.sampled_from("ABC")
sides = st.sampled_from((BUY, SELL))
quantities = st.integers(1, 9)
prices = st.integers(95, 106)
steps = st.one_of(
    st.fixed_dictionaries({"account": accounts, "side": sides, "qty": quantities, "price": prices}),
    st.fixed_dictionaries(
        {"account": accounts, "side": sides, "qty": st.integers(5, 20), "price": prices, "display": st.integers(1, 5)}
    ),
    st.fixed_dictionaries(
        {
            "account": accounts,
            "side": sides,
            "qty": quantities,
            "price": prices,
            "peg": st.sampled_from(tuple(PegReference)[1:]),
            "offset": st.integers(-4, 4),
            "mode": modes,
            "group": groups,
        }
    ),
    st.fixed_dictionaries(
        {
            "account": accounts,
            "side": sides,
            "qty": quantities,
            "price": prices | st.just(0),
            "mode": modes,
            "group": groups,
            "time_in_force": st.sampled_from((GTC, IOC, FOK)),
        }
    ),
)


@settings(max_examples=400)
@given(st.lists(steps | st.integers(0, 99), max_size=25))
def test_exchange_and_model_agree(tape: list[dict[str, object] | int]) -> None:
    dark = Dark()
    for step in tape:
        if isinstance(step, int):
            dark.cancel(step)
        else:
            dark.enter(**step)  # type: ignore[arg-type] # what the strategies draw


@pytest.mark.parametrize("seed", range(8))
def test_exchange_and_model_agree_on_a_long_tape(seed: int) -> None:
    dark, rng = Dark(), random.Random(seed)
    for _ in range(700):
        _random_step(dark, rng)
    again = Exchange()
    for command, time_ns in dark.venue.applied:
        again.apply(command, time_ns)
    assert state_hash(again.state, 1) == state_hash(dark.venue.state, 1)
    assert {"Trade", "OrderCanceled", "OrderDecremented", "OrderReplaced"} <= dark.seen


def _random_step(dark: Dark, rng: random.Random) -> None:
    what, pick = rng.random(), rng.randrange(10_000)
    account, side = rng.choice("ABC"), rng.choice((BUY, SELL))
    qty, price = rng.randint(1, 9), rng.randint(95, 106)
    mode, group = (
        rng.choice((*[SelfTrade.DEFAULT] * 3, SelfTrade.DECREMENT, *SelfTrade)),
        rng.choice(("", "", "", "1", "2")),
    )
    offset = rng.randint(-4, 4)
    if what < 0.3:
        away = rng.randint(0, 5)
        price = 100 - away if side is BUY else 101 + away
        display = rng.choice((0, 0, 1, 3))
        dark.enter(account, side, qty + 2 * display, price, post_only=rng.random() < 0.2, display=display)
    elif what < 0.5:
        limit = 0 if side is SELL and rng.random() < 0.5 else price
        dark.enter(
            account, side, qty, limit, peg=rng.choice(tuple(PegReference)[1:]), offset=offset, mode=mode, group=group
        )
    elif what < 0.7:
        time_in_force = rng.choice((GTC, IOC, FOK))
        min_qty = rng.randint(1, qty) if time_in_force is not FOK and rng.random() < 0.3 else 0
        price = rng.choice((price, price, 0))
        dark.enter(account, side, qty, price, time_in_force=time_in_force, mode=mode, group=group, min_qty=min_qty)
    elif what < 0.85:
        dark.cancel(pick)
    elif what < 0.95:
        dark.replace(pick, qty, price, offset)
    elif what < 0.98:
        dark.set_rule(account, mode, rng.choice(tuple(SelfTradeScope)))
    else:
        dark.go_on_from_a_snapshot()
