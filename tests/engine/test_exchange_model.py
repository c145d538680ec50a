"""The exchange against a naive one: by Hypothesis, which finds the shortest tape that goes wrong, and by long tapes."""

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.reject import RejectReason
from engine.terms import Terms
from engine.values import (
    BUY,
    LIMIT,
    MARKET,
    MARKET_TO_LIMIT,
    SELL,
    OffsetUnit,
    OrderType,
    PostOnly,
    Side,
    TimeInForce,
    TriggerSource,
)
from tests.engine.builders import AT_CLOSE, AT_OPEN, DAY, FOK, GTC, GTD, IOC
from tests.engine.side_by_side import SESSIONS, SYMBOLS, Draw, SideBySide

TRAILING, LAST = OrderType.TRAILING_STOP, TriggerSource.LAST
LIMITED = (OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)
TRIGGERED = (OrderType.STOP, OrderType.TAKE_PROFIT, TRAILING, *LIMITED)

# The book is narrow and the funds are small, so that orders meet, run out of money, and repeat themselves.
prices = st.integers(96, 104)
quantities = st.integers(1, 12)
strange = st.sampled_from((0, -1, 1, 1000, 1001, 2**53, 2**53 + 1))
sides = st.sampled_from((BUY, SELL))
symbols = st.sampled_from(SYMBOLS)
sessions = st.sampled_from(tuple(SESSIONS))
resting = st.sampled_from((DAY, GTC, GTD))
# The model knows continuous trading alone: phases and auctions have a test of their own.
times_in_force = st.sampled_from([each for each in TimeInForce if each not in (AT_OPEN, AT_CLOSE)])
picks = st.integers(0, 10_000)
draws = st.builds(
    Draw,
    post_only=st.sampled_from((PostOnly.NO, *PostOnly)),
    life_ns=st.sampled_from((0, 0, 1, 7, 30, -5)),
    life_days=st.sampled_from((0, 0, 0, 0, 1, 2)),
    min_qty=st.sampled_from((0, 0, 0, 1, 3, 9, 13, -1)),
    slippage_unit=st.sampled_from((OffsetUnit.NONE, *OffsetUnit)),
    slippage_max=st.sampled_from((0, 1, 2, 99, 300, 10_000, 10_001, -1)),
    patience_ns=st.sampled_from((0, 0, 0, 1, 5, -1)),
    wait_ns=st.sampled_from((0, 0, 0, 1, 6, 20, -1)),
    display_qty=st.sampled_from((0, 0, 0, 1, 2, 5, 13, -1)),
    display_low_qty=st.sampled_from((0, 0, 0, 1, 3)),
    display_high_qty=st.sampled_from((0, 0, 0, 3, 5)),
    cash_amount=st.sampled_from((0, 0, 0, 0, 1, 5_000, -1)),
    trigger=st.sampled_from((*[TriggerSource.NONE] * 8, LAST)),
    stop_price=st.sampled_from((*[0] * 8, 100)),
    offset_unit=st.sampled_from((*[OffsetUnit.NONE] * 8, OffsetUnit.TICKS)),
    offset=st.sampled_from((0, 1)),
)
ask_for_little = st.sampled_from(
    (
        Draw(),
        Draw(life_ns=7),
        Draw(life_days=1),
        Draw(wait_ns=5),
        Draw(post_only=PostOnly.SLIDE),
        Draw(display_qty=1),
        Draw(display_qty=3, display_low_qty=1, display_high_qty=4),
    )
)
mistakes = st.sampled_from(("account", "no_orig", "order_id", "symbol", "side", "orig", "cl_ord_id", "finished"))


class TwoExchanges(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.both = SideBySide()

    @rule(
        session=sessions,
        side=sides,
        symbol=symbols,
        time_in_force=st.sampled_from((DAY, GTC)),
        qty=quantities,
        price=prices,
        pick=picks,
    )
    def limit_order(
        self, session: str, side: Side, symbol: str, time_in_force: TimeInForce, qty: int, price: int, pick: int
    ) -> None:
        self.both.new_order(session, side, symbol, LIMIT, time_in_force, qty, price, pick=pick)

    @rule(
        session=sessions,
        side=sides,
        symbol=symbols,
        order_type=st.sampled_from((LIMIT, MARKET)),
        time_in_force=st.sampled_from((IOC, FOK, DAY)),
        qty=quantities,
        price=prices,
        pick=picks,
    )
    def immediate_order(
        self,
        *,
        session: str,
        side: Side,
        symbol: str,
        order_type: OrderType,
        time_in_force: TimeInForce,
        qty: int,
        price: int,
        pick: int,
    ) -> None:
        price = 0 if order_type is MARKET else price
        self.both.new_order(session, side, symbol, order_type, time_in_force, qty, price, pick=pick)

    @rule(
        session=sessions,
        side=sides,
        symbol=st.sampled_from((*SYMBOLS, "XRP/USD")),
        order_type=st.sampled_from((LIMIT, MARKET)),
        time_in_force=times_in_force,
        qty=strange | quantities,
        price=strange | prices,
        pick=picks,
        mistake=st.sampled_from(("", "account", "cl_ord_id")),
        possible_resend=st.booleans(),
    )
    def strange_order(
        self,
        *,
        session: str,
        side: Side,
        symbol: str,
        order_type: OrderType,
        time_in_force: TimeInForce,
        qty: int,
        price: int,
        pick: int,
        mistake: str,
        possible_resend: bool,
    ) -> None:
        self.both.new_order(
            session,
            side,
            symbol,
            order_type,
            time_in_force,
            qty,
            price,
            pick=pick,
            mistake=mistake,
            possible_resend=possible_resend,
        )

    @rule(
        session=sessions,
        side=sides,
        symbol=symbols,
        order_type=st.sampled_from((LIMIT, LIMIT, MARKET, MARKET_TO_LIMIT)),
        time_in_force=times_in_force,
        qty=quantities,
        price=prices | st.just(1),
        pick=picks,
        draw=ask_for_little | draws,
    )
    def order_with_terms(
        self,
        *,
        session: str,
        side: Side,
        symbol: str,
        order_type: OrderType,
        time_in_force: TimeInForce,
        qty: int,
        price: int,
        pick: int,
        draw: Draw,
    ) -> None:
        terms = self.both.terms(draw)
        price = price if order_type is LIMIT else 0
        self.both.new_order(session, side, symbol, order_type, time_in_force, qty, price, pick=pick, terms=terms)

    @rule(
        session=sessions,
        side=sides,
        symbol=symbols,
        time_in_force=st.sampled_from((DAY, IOC, FOK)),
        amount=st.sampled_from((1, 900, 1_000, 5_003, 12_345, 99_999)),
        pick=picks,
        draw=st.sampled_from((Draw(), Draw(slippage_unit=OffsetUnit.TICKS, slippage_max=1))),
    )
    def order_for_an_amount(
        self, *, session: str, side: Side, symbol: str, time_in_force: TimeInForce, amount: int, pick: int, draw: Draw
    ) -> None:
        terms = self.both.terms(draw._replace(cash_amount=amount))
        self.both.new_order(session, side, symbol, MARKET, time_in_force, 0, 0, pick=pick, terms=terms)

    @rule(
        session=sessions,
        side=sides,
        symbol=symbols,
        order_type=st.sampled_from(TRIGGERED),
        time_in_force=st.sampled_from((DAY, GTC, GTC, IOC, FOK, GTD)),
        qty=quantities,
        price=prices | st.just(0),
        pick=picks,
        draw=ask_for_little | draws,
        trigger=st.sampled_from((*TriggerSource, LAST, LAST, LAST)),
        stop_price=prices | st.sampled_from((0, 1, 2**53)),
        offset_unit=st.sampled_from((*OffsetUnit, OffsetUnit.TICKS, OffsetUnit.BASIS_POINTS)),
        offset=st.sampled_from((0, 1, 2, 3, 5, 99, 199, 300, 9_999, 10_000)),
    )
    def triggered_order(
        self,
        *,
        session: str,
        side: Side,
        symbol: str,
        order_type: OrderType,
        time_in_force: TimeInForce,
        qty: int,
        price: int,
        pick: int,
        draw: Draw,
        trigger: TriggerSource,
        stop_price: int,
        offset_unit: OffsetUnit,
        offset: int,
    ) -> None:
        if order_type is TRAILING:
            draw = draw._replace(trigger=trigger, offset_unit=offset_unit, offset=offset)
        else:
            draw = draw._replace(trigger=trigger, stop_price=stop_price)
        price = price if order_type in LIMITED or pick % 20 == 0 else 0
        terms = self.both.terms(draw)
        self.both.new_order(session, side, symbol, order_type, time_in_force, qty, price, pick=pick, terms=terms)

    @rule(symbol=symbols, price=prices)
    def index_price(self, symbol: str, price: int) -> None:
        self.both.index_price(symbol, price)

    @precondition(lambda self: self.both.model.open_orders())
    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        self.both.cancel(pick=pick)

    @precondition(lambda self: self.both.model.open_orders())
    @rule(
        qty=quantities,
        price=prices,
        keeps=st.sampled_from(("", "qty", "price")),
        time_in_force=resting,
        pick=picks,
        draw=ask_for_little | draws,
        order_type=st.sampled_from((*[LIMIT] * 6, *TRIGGERED)),
        trigger=st.sampled_from((LAST, TriggerSource.INDEX)),
        distance=st.integers(0, 9),
    )
    def replace(
        self,
        *,
        qty: int,
        price: int,
        keeps: str,
        time_in_force: TimeInForce,
        pick: int,
        draw: Draw,
        order_type: OrderType,
        trigger: TriggerSource,
        distance: int,
    ) -> None:
        if order_type is TRAILING:
            draw = draw._replace(trigger=trigger, offset_unit=OffsetUnit.TICKS, offset=distance)
        elif order_type is not LIMIT:
            draw = draw._replace(trigger=trigger, stop_price=96 + distance)
        if order_type not in (LIMIT, *LIMITED):
            keeps, price = "", 0
        self.both.replace(
            qty,
            price,
            keeps=keeps,
            order_type=order_type,
            time_in_force=time_in_force,
            pick=pick,
            terms=self.both.terms(draw),
        )

    @precondition(lambda self: self.both.model.orders)
    @rule(
        is_replace=st.booleans(),
        order_type=st.sampled_from((LIMIT, LIMIT, MARKET)),
        time_in_force=times_in_force,
        qty=strange | quantities,
        price=strange | prices,
        pick=picks,
        mistake=mistakes,
    )
    def mistaken_request(
        self,
        is_replace: bool,
        order_type: OrderType,
        time_in_force: TimeInForce,
        qty: int,
        price: int,
        pick: int,
        mistake: str,
    ) -> None:
        if is_replace:
            self.both.replace(
                qty, price, order_type=order_type, time_in_force=time_in_force, pick=pick, mistake=mistake
            )
        else:
            self.both.cancel(pick=pick, mistake=mistake)

    @precondition(lambda self: len(self.both.model.open_orders()) > 3)
    @rule(
        session=sessions,
        symbol=st.sampled_from(("", *SYMBOLS, "XRP/USD")),
        side=st.sampled_from((0, 1, 2)),
        account=st.sampled_from(("", "", "A", "B")),
        is_own=st.booleans(),
    )
    def mass_cancel(self, session: str, symbol: str, side: int, account: str, is_own: bool) -> None:
        self.both.mass_cancel(session, symbol, side, account, is_own=is_own)

    @precondition(lambda self: len(self.both.model.open_orders()) > 3)
    @rule(by=st.integers(1, 30))
    def tick(self, by: int) -> None:
        self.both.tick(by)

    @precondition(lambda self: len(self.both.model.open_orders()) > 3)
    @rule(days=st.sampled_from((1, 1, 1, 0)))
    def end_day(self, days: int) -> None:
        self.both.end_day(days)

    @rule(
        account=st.sampled_from(("A", "B", "C")),
        amount=st.sampled_from((-1, 0, 1, 7, 20_000, 2**62)),
        is_known_reference=st.booleans(),
    )
    def credit(self, account: str, amount: int, is_known_reference: bool) -> None:
        self.both.credit(account, "USD", amount, is_known_reference=is_known_reference)

    @precondition(lambda self: self.both.model.open_orders())
    @rule(session=sessions, symbol=st.sampled_from(("", *SYMBOLS)), side=st.sampled_from((0, 1, 2)))
    def query(self, session: str, symbol: str, side: int) -> None:
        self.both.query(session, symbol, side)

    @precondition(lambda self: len(self.both.model.orders) > 5)
    @rule()
    def go_on_from_a_snapshot(self) -> None:
        self.both.go_on_from_a_snapshot()

    @invariant()
    def both_agree(self) -> None:
        self.both.check()

    def teardown(self) -> None:
        self.both.check_replay()


TwoExchanges.TestCase.settings = settings(max_examples=250, stateful_step_count=80)
TestTwoExchanges = TwoExchanges.TestCase


@pytest.mark.parametrize("seed", range(10))
def test_exchange_and_model_agree_on_a_long_tape(seed: int) -> None:
    both = SideBySide(riches=1 + 9 * (seed % 2))
    rng = random.Random(seed)
    for source in (LAST, TriggerSource.INDEX):  # There is none of either price yet.
        terms = Terms(trigger=source, stop_price=100)
        both.new_order("S3", BUY, "BTC/USD", OrderType.STOP, GTC, 1, 0, terms=terms)
    for step in range(5_000):
        _random_step(both, rng)
        if step % 5 == 0:
            both.check()
    both.check()
    both.check_replay()
    for kind in SEEN:
        assert both.seen[kind] > 20, kind
    of_other_models = {reason.name for reason in RejectReason if reason >= RejectReason.PEG_MISMATCH}
    assert {reason.name for reason in RejectReason} - BY_RULES - of_other_models <= both.seen.keys()


OF_LISTS = range(1060, 1070)
"""Reasons to refuse commands that the model does not know."""
BY_RULES = {"DISPLAY_TOO_SMALL", *(reason.name for reason in RejectReason if 1070 <= reason <= 1099)}
"""Reasons for rules, limits, blocks and phases that neither exchange is given here."""

SEEN = (
    "Trade",
    "OrderReplaced",
    "OrderCanceled",
    "MassCanceled",
    "TradingDayEnded",
    "OrderStatusReported",
    "EXPIRE_TIME",
    "started",
    "OrderTriggered",
)
"""What must have come more than a few times."""


def _random_step(  # noqa: C901, PLR0912 - one kind of step after another
    both: SideBySide, rng: random.Random
) -> None:
    what, pick = rng.random(), rng.randrange(10_000)
    session, symbol, side = rng.choice(tuple(SESSIONS)), rng.choice(SYMBOLS), rng.choice((BUY, SELL))
    qty, price = rng.randint(1, 12), rng.randint(96, 104)
    mistake = ""
    if rng.random() < 0.08:
        qty, price = rng.choice((qty, 0, 1000, 1001)), rng.choice((price, 0, 2**53, 2**53 + 1))
        mistake = rng.choice(("account", "no_orig", "order_id", "symbol", "side", "orig", "cl_ord_id", "finished"))
        symbol = rng.choice((*SYMBOLS, "XRP/USD"))
    if what < 0.17:
        _random_triggered_order(both, rng, session, symbol, side)
    elif what < 0.18:
        both.index_price(rng.choice(SYMBOLS), rng.randint(94, 106))
    elif what < 0.55:
        order_type = rng.choice((MARKET, MARKET_TO_LIMIT)) if rng.random() < (0.3 if mistake else 0.15) else LIMIT
        time_in_force = rng.choice((DAY, GTC, GTC, GTC, IOC, FOK, GTD, GTD))
        if order_type is not LIMIT and not mistake:
            price = 0
        terms = _random_terms(both, rng, time_in_force)
        if order_type is MARKET and rng.random() < 0.5:
            qty = 0 if rng.random() < 0.9 else qty
            terms = both.terms(
                Draw(cash_amount=rng.choice((-1, -1, -1, 1, 1, 1, 999, *range(1_000, 20_000, 777), 2**62)))
            )
        both.new_order(
            session,
            side,
            symbol,
            order_type,
            time_in_force,
            qty,
            price,
            pick=pick,
            mistake=mistake,
            possible_resend=rng.random() < 0.2,
            terms=terms,
        )
    elif what < 0.70:
        both.cancel(pick=pick, mistake=mistake)
    elif what < 0.93:
        order_type = MARKET if mistake and rng.random() < 0.2 else LIMIT
        time_in_force = rng.choice((DAY, GTC, GTC, GTD, IOC if mistake else GTC))
        keeps = rng.choice(("", "qty", "price"))
        terms = _random_terms(both, rng, time_in_force)
        if rng.random() < 0.2:
            order_type, price, terms = _random_trigger(both, rng, time_in_force)
            keeps = rng.choice(("", "qty"))
        both.replace(
            qty,
            price,
            keeps=keeps,
            order_type=order_type,
            time_in_force=time_in_force,
            pick=pick,
            mistake=mistake,
            terms=terms,
        )
    elif what < 0.95:
        after, count = rng.choice((0, 0, 0, pick % 1_000, -1)), rng.choice((0, 0, 1, 5, 1_001))
        both.query(session, rng.choice(("", *SYMBOLS)), rng.choice((0, 1, 2)), after, count)
    elif what < 0.955:
        both.tick(rng.randint(1, 40))
    elif what < 0.965:
        is_own = rng.random() < 0.5
        both.mass_cancel(session, rng.choice(("", symbol)), rng.choice((0, 1, 2)), is_own=is_own)
    elif what < 0.98:
        both.end_day(rng.choice((0, 1, 1)))
    elif what < 0.99:
        both.credit(rng.choice("ABC"), rng.choice(("USD", "BTC", "ETH")), rng.choice((0, 5, 30)))
    else:
        both.go_on_from_a_snapshot()


def _random_triggered_order(both: SideBySide, rng: random.Random, session: str, symbol: str, side: Side) -> None:
    time_in_force = rng.choice((DAY, GTC, GTC, GTC, IOC, GTD))
    order_type, price, terms = _random_trigger(both, rng, time_in_force)
    qty, pick = rng.randint(1, 8), rng.randrange(10_000)
    both.new_order(session, side, symbol, order_type, time_in_force, qty, price, pick=pick, terms=terms)


def _random_trigger(
    both: SideBySide, rng: random.Random, time_in_force: TimeInForce
) -> tuple[OrderType, int, Terms | None]:
    """Return type, price and terms of an order that waits for a price."""
    order_type = rng.choice((*TRIGGERED, TRAILING, TRAILING))
    draw = Draw(
        life_ns=rng.randrange(1, 90) if time_in_force is GTD else 0,
        min_qty=rng.choice((0, 0, 0, 0, 3)),
        wait_ns=rng.choice((0, 0, 0, 0, 0, 5)),
        trigger=rng.choice((LAST, LAST, LAST, TriggerSource.INDEX, TriggerSource.INDEX, TriggerSource.NONE)),
    )
    if order_type is TRAILING and rng.random() < 0.95:
        unit = rng.choice((OffsetUnit.TICKS, OffsetUnit.BASIS_POINTS))
        offset = rng.randint(0, 6) if unit is OffsetUnit.TICKS else rng.randint(50, 500)
        draw = draw._replace(offset_unit=unit, offset=rng.choice((*[offset] * 8, 9_999)))
    else:
        draw = draw._replace(stop_price=rng.choice((*range(94, 107), 0)))
    price = rng.randint(94, 106) if order_type in LIMITED else 0
    return order_type, price, both.terms(draw)


def _random_terms(both: SideBySide, rng: random.Random, time_in_force: TimeInForce) -> Terms | None:
    is_strange = rng.random() < 0.05
    if time_in_force is not GTD and rng.random() < 0.5 and not is_strange:
        return None
    life_ns = life_days = min_qty = slippage_max = 0
    slippage_unit = OffsetUnit.NONE
    if (time_in_force is GTD) != is_strange:
        life_ns, life_days = rng.choice(((rng.choice((*range(1, 40), -1)), 0), (0, rng.choice((1, 2, 0)))))
    if rng.random() < 0.08:
        min_qty = rng.randint(1, 9)
    if rng.random() < 0.05:
        slippage_unit, slippage_max = rng.choice(tuple(OffsetUnit)), rng.choice((0, 1, 3, 99, 200, 10_001))
    post_only = PostOnly.NO if min_qty and not is_strange else rng.choice((PostOnly.NO, *PostOnly))
    wait_ns = rng.choice((*[0] * 8, *range(-1, 20))) if post_only is PostOnly.NO else 0
    patience_ns = rng.choice((*[0] * 20, 1, -1))
    draw = Draw(post_only, life_ns, life_days, min_qty, slippage_unit, slippage_max, patience_ns, wait_ns)
    if rng.random() < 0.3:
        low = rng.choice((0, 0, 1, 2, 3))
        draw = draw._replace(
            display_qty=rng.choice((1, 2, 3, 5, 0 if is_strange else 4)),
            display_low_qty=low,
            display_high_qty=low and low + rng.choice((0, 1, 3)),
        )
    return both.terms(draw)
