"""The exchange and a naive one side by side: whatever is sent to both, both must do the same."""

from collections import Counter
from typing import NamedTuple

from engine import commands
from engine.commands import AnyCommand
from engine.events import (
    AnyEvent,
    CancelRejected,
    CommandRejected,
    Credited,
    IndexPriceSet,
    MassCanceled,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrderReplaced,
    OrderStatusReported,
    OrderTriggered,
    Trade,
    TradingDayEnded,
)
from engine.exchange import Exchange
from engine.frames import decode_record, encode_value
from engine.reject import RejectReason
from engine.snapshot import capture, restore, state_hash
from engine.terms import Terms
from engine.values import (
    BUY,
    LIMIT,
    SELL,
    CancelReason,
    MassCancelScope,
    OffsetUnit,
    OrderType,
    Place,
    PostOnly,
    Side,
    TimeInForce,
    TriggerSource,
)
from tests.engine.builders import GTC, add_asset, add_instrument, all_of, only
from tests.engine.invariants import check_state
from tests.engine.naive_exchange import NaiveExchange
from tests.engine.naive_order import NaiveInstrument, NaiveOrder, Outcome
from tests.engine.public_book import Public

SESSIONS = {"S1": ("A", "B"), "S2": ("B",), "S3": ("C",)}
SYMBOLS = ("BTC/USD", "ETH/USD")


class Draw(NamedTuple):
    """Optional terms of an order, drawn before it is known when it will come."""

    post_only: PostOnly = PostOnly.NO
    life_ns: int = 0
    life_days: int = 0
    min_qty: int = 0
    slippage_unit: OffsetUnit = OffsetUnit.NONE
    slippage_max: int = 0
    patience_ns: int = 0
    wait_ns: int = 0
    display_qty: int = 0
    display_low_qty: int = 0
    display_high_qty: int = 0
    cash_amount: int = 0
    trigger: TriggerSource = TriggerSource.NONE
    stop_price: int = 0
    offset_unit: OffsetUnit = OffsetUnit.NONE
    offset: int = 0


class SideBySide:
    """Both exchanges. Each method sends one command to both and compares what comes of it.

    `pick` chooses among what there is at the moment, so that a number drawn beforehand means an order, an account, an
    id. `mistake` says what is wrong with a request, if anything. `riches` is how many times the few funds each account
    has: the more, the deeper the book.
    """

    def __init__(self, riches: int = 1) -> None:
        self.exchange = Exchange()
        self.model = NaiveExchange()
        self.public = Public()
        self.applied: list[tuple[AnyCommand, int]] = []
        self.ids = 0
        self.day = 0
        self.now = 1_000
        self.due: list[Outcome] = []
        """What is to happen by the clock before the next command."""
        self.seen: Counter[str] = Counter()
        """How often each kind of event, and each reason, has come."""
        for asset in ("BTC", "ETH"):
            self.apply(add_asset(asset, 3))
        self.apply(add_asset("USD", 6))
        self.add_instrument("BTC/USD", "BTC", maker_bps=-3, taker_bps=7, increment=1)
        self.add_instrument("ETH/USD", "ETH", maker_bps=30, taker_bps=12, increment=9)
        for account in ("A", "B", "C"):
            self.apply(commands.OpenAccount(account))
            for asset, amount in (("BTC", 60), ("ETH", 60), ("USD", 90_000)):
                command = commands.Credit(account, asset, amount * riches, f"{account}-{asset}")
                assert self.model.credit(command)
                only(Credited, self.apply(command))
        for session, accounts in SESSIONS.items():
            self.apply(commands.ProvisionSession(session, accounts, "hash"))
        self.model.permitted = dict(SESSIONS)

    def add_instrument(self, symbol: str, base: str, *, maker_bps: int, taker_bps: int, increment: int) -> None:
        self.apply(
            add_instrument(
                symbol=symbol,
                base=base,
                maker_fee_bps=maker_bps,
                taker_fee_bps=taker_bps,
                price_increment=increment,
                order_qty_max=1000,
            )
        )
        self.model.instruments[symbol] = NaiveInstrument(
            symbol, base, "USD", maker_bps, taker_bps, 1000, increment * 10
        )

    # ------------------------------------------------------------------------------------------- commands

    def go_on(self, by: int = 1) -> None:
        """Let time go on: both exchanges know it with the next command."""
        self.now += by
        self.due.append(self.model.advance(self.now))

    def tick(self, by: int) -> None:
        self.go_on(by)
        assert self.apply(commands.ClockTick()) == []

    def new_order(
        self,
        session: str,
        side: Side,
        symbol: str,
        order_type: OrderType,
        time_in_force: TimeInForce,
        qty: int,
        price: int,
        *,
        pick: int = 0,
        mistake: str = "",
        possible_resend: bool = False,
        terms: Terms | None = None,
    ) -> None:
        self.go_on()
        command = commands.NewOrder(
            session,
            len(self.applied),
            self.account(session, pick, is_foreign=mistake == "account"),
            self.used_id(pick) if mistake == "cl_ord_id" else self.fresh_id(),
            symbol,
            side,
            order_type,
            time_in_force,
            qty,
            price,
            possible_resend,
            terms,
        )
        outcome = self.model.new_order(command)
        events = self.apply(command)
        if outcome.reason is None:
            only(OrderAccepted, events)
        elif outcome.reason is RejectReason.DUPLICATE_CL_ORD_ID and possible_resend:
            assert len(events) == 1
            only(OrderStatusReported, events)
        else:
            assert len(events) == 1
            assert only(OrderRejected, events).reason is outcome.reason
        self.compare(outcome, events)

    def cancel(self, *, pick: int = 0, mistake: str = "") -> None:
        self.go_on()
        session, account, orig, order_id, symbol, side = self.target(pick, mistake)
        cl_ord_id = self.used_id(pick) if mistake == "cl_ord_id" else self.fresh_id()
        command = commands.CancelOrder(session, len(self.applied), account, cl_ord_id, orig, order_id, symbol, side)
        outcome = self.model.cancel(command)
        events = self.apply(command)
        if outcome.reason is not None:
            assert only(CancelRejected, events).reason is outcome.reason
        self.compare(outcome, events)

    def replace(
        self,
        qty: int,
        price: int,
        *,
        keeps: str = "",
        order_type: OrderType = LIMIT,
        time_in_force: TimeInForce = GTC,
        pick: int = 0,
        mistake: str = "",
        terms: Terms | None = None,
    ) -> None:
        """`keeps` names a value that the order goes on with: "qty" or "price"."""
        self.go_on()
        session, account, orig, order_id, symbol, side = self.target(pick, mistake)
        before = next((order for order in self.model.orders if orig in order.ids), None)
        if before is not None:
            price = before.price if keeps == "price" else price
            qty = before.qty if keeps == "qty" else qty
        cl_ord_id = self.used_id(pick) if mistake == "cl_ord_id" else self.fresh_id()
        command = commands.ReplaceOrder(
            session,
            len(self.applied),
            account,
            cl_ord_id,
            orig,
            order_id,
            symbol,
            side,
            order_type,
            time_in_force,
            qty,
            price,
            terms,
        )
        outcome = self.model.replace(command)
        events = self.apply(command)
        if outcome.reason is None:
            only(OrderReplaced, events)
            assert outcome.started == [event.order_id for event in all_of(OrderAccepted, events)]
        else:
            assert only(CancelRejected, events).reason is outcome.reason
        self.compare(outcome, events)

    def mass_cancel(
        self, session: str, symbol: str = "", side: int = 0, account: str = "", *, is_own: bool = False
    ) -> None:
        self.go_on()
        scope = MassCancelScope.INSTRUMENT if symbol else MassCancelScope.SESSION if is_own else MassCancelScope.ALL
        command = commands.MassCancel(session, len(self.applied), self.fresh_id(), scope, symbol, side, account)
        outcome = self.model.mass_cancel(command)
        events = self.apply(command)
        answer = only(MassCanceled, events)
        assert answer.reason == (outcome.reason or 0)
        assert answer.order_ids == tuple(outcome.canceled)
        self.compare(outcome, events)

    def end_day(self, days: int = 1) -> None:
        self.day += days
        command = commands.EndTradingDay(self.day)
        outcome = self.model.end_day(command)
        events = self.apply(command)
        if outcome is None:
            only(CommandRejected, events)
        else:
            only(TradingDayEnded, events)
            self.compare(outcome, events)

    def credit(self, account: str, asset: str, amount: int, *, is_known_reference: bool = False) -> None:
        reference = f"{account}-{asset}" if is_known_reference else self.fresh_id()
        command = commands.Credit(account, asset, amount, reference)
        booked = self.model.credit(command)
        only(Credited if booked else CommandRejected, self.apply(command))

    def query(self, session: str, symbol: str = "", side: int = 0, after: int = 0, count: int = 0) -> None:
        command = commands.QueryOrders(session, len(self.applied), "", symbol, side, "Q", False, after, count)
        events = self.apply(command)
        wanted = [
            order
            for order in self.model.open_orders()
            if order.account in SESSIONS[session]
            and symbol in ("", order.instrument.symbol)
            and side in (0, order.side)
        ]
        wanted = [order for order in wanted if order.order_id > after >= 0][: count or None] if count <= 1_000 else []
        answers = all_of(OrderStatusReported, events)
        assert [answer.order_id for answer in answers] == ([order.order_id for order in wanted] or [0])
        assert [answer.last_report for answer in answers] == [False] * (len(answers) - 1) + [True]
        for answer, order in zip(answers, wanted, strict=False):
            assert answer.total_reports == len(wanted)
            assert (answer.qty, answer.leaves_qty, answer.cum_qty) == (order.qty, order.leaves, order.filled)
            assert answer.cum_notional == order.spent

    def index_price(self, symbol: str, price: int) -> None:
        self.go_on()
        command = commands.SetIndexPrice(symbol, price, "index", self.now)
        outcome = self.model.index_price(command)
        events = self.apply(command)
        told = only(IndexPriceSet, events[:1])
        assert told == IndexPriceSet(symbol, price, "index", self.now, told.rpt_seq)
        self.compare(outcome, events)

    def go_on_from_a_snapshot(self) -> None:
        image = capture(self.exchange.state, len(self.applied))
        self.exchange = Exchange(restore(image))

    # -------------------------------------------------------------------------------------------- compare

    def compare(self, outcome: Outcome, events: list[AnyEvent]) -> None:
        """Hold the engine's tape against the model's."""
        trades = all_of(Trade, events)
        assert outcome.trades == [self.traded(trade) for trade in trades]
        assert outcome.canceled == [event.order_id for event in all_of(OrderCanceled, events)]
        assert outcome.triggered == [event.order_id for event in all_of(OrderTriggered, events)]
        seen: set[int] = set()
        for trade in reversed(trades):  # The last one of an order shows what has become of it.
            for order_id, side in ((trade.maker_order_id, "maker"), (trade.taker_order_id, "taker")):
                order = self.model.orders[order_id - 1]
                leaves, cum = getattr(trade, f"{side}_leaves_qty"), getattr(trade, f"{side}_cum_qty")
                assert leaves + cum == getattr(trade, f"{side}_order_qty") == order.qty
                if order_id not in seen:
                    seen.add(order_id)
                    assert cum == order.filled
                    assert getattr(trade, f"{side}_cum_notional") == order.spent

    def check(self) -> None:
        """Compare all orders, queues, balances and fees."""
        state = self.exchange.state
        check_state(state)
        for symbol, book in state.books.items():
            for side, levels in ((BUY, book.bids), (SELL, book.asks)):
                queue = [
                    (order.order_id, order.leaves_qty, order.leaves_qty - order.hidden_qty, order.price)
                    for level in levels
                    for order in level
                ]
                assert queue == [(o.order_id, o.leaves, o.visible, o.price) for o in self.model.queue(symbol, side)]
        for order in self.model.open_orders():
            place = state.accounts[order.account].orders[order.order_id].place
            assert (place is Place.TRIGGERS) == (order.wait is not None)
        for symbol, book in state.books.items():
            waiting = [o for o in self.model.open_orders() if o.wait and o.instrument.symbol == symbol]
            for order in waiting:
                assert order.wait is not None
                terms = book.triggers.shown_terms(state.accounts[order.account].orders[order.order_id])
                assert (terms.trigger, terms.stop_price) == (order.wait.terms.trigger, order.wait.stop)
        for name, account in state.accounts.items():
            for asset, holding in account.holdings.items():
                assert holding.reserved == self.model.reserved(name, asset)
                assert holding.available == self.model.available(name, asset)
        assert state.fees == {asset: self.model.fees.get(asset, 0) for asset in state.assets}

    def check_replay(self) -> None:
        """Send everything again, from what the journal would hold of it: it comes to the same, bit for bit."""
        again = Exchange()
        for sequence, (command, time_ns) in enumerate(self.applied, start=1):
            events = again.apply(command, time_ns)
            record = decode_record(encode_value((sequence, time_ns, command, events)))
            assert record.command == command
            assert list(record.events) == events
        sequence = len(self.applied)
        assert state_hash(again.state, sequence) == state_hash(self.exchange.state, sequence)

    # --------------------------------------------------------------------------------------------- choose

    def apply(self, command: AnyCommand) -> list[AnyEvent]:
        self.applied.append((command, self.now))
        events = self.exchange.apply(command, self.now)
        self.public.follow(events)
        self.public.check(self.exchange.state)
        for event in events:
            self.seen[type(event).__name__] += 1
            reason = getattr(event, "reason", None)
            if isinstance(reason, RejectReason):
                self.seen[reason.name] += 1
            if isinstance(reason, CancelReason):
                self.seen[reason.name] += 1
        started = [order_id for outcome in self.due for order_id in outcome.started]
        trades = [trade for outcome in self.due for trade in outcome.trades]
        canceled = [order_id for outcome in self.due for order_id in outcome.canceled]
        triggered = [order_id for outcome in self.due for order_id in outcome.triggered]
        self.due.clear()
        count = len(started) + len(trades) + len(canceled) + len(triggered)
        assert started == [event.order_id for event in all_of(OrderAccepted, events[:count])]
        assert trades == [self.traded(event) for event in all_of(Trade, events[:count])]
        assert canceled == [event.order_id for event in all_of(OrderCanceled, events[:count])]
        assert triggered == [event.order_id for event in all_of(OrderTriggered, events[:count])]
        self.seen["started"] += len(started)
        self.seen["traded at start"] += len(trades)
        return events[count:]

    @staticmethod
    def traded(t: Trade) -> tuple[int, int, int, int, int, int]:
        return t.maker_order_id, t.taker_order_id, t.price, t.qty, t.maker_fee, t.taker_fee

    def terms(self, draw: Draw) -> Terms | None:
        """Return the terms that were drawn, counted from now; None if there are none."""
        now = self.now + 1
        terms = Terms(
            post_only=draw.post_only,
            expire_ns=draw.life_ns and now + draw.life_ns,
            expire_day=draw.life_days and self.day + draw.life_days,
            min_qty=draw.min_qty,
            slippage_unit=draw.slippage_unit,
            slippage_max=draw.slippage_max,
            valid_until_ns=draw.patience_ns and now + draw.patience_ns,
            effective_ns=draw.wait_ns and now + draw.wait_ns,
            display_qty=draw.display_qty,
            display_low_qty=draw.display_low_qty,
            display_high_qty=draw.display_high_qty,
            display_seed=self.ids if draw.display_low_qty else 0,
            cash_amount=draw.cash_amount,
            trigger=draw.trigger,
            stop_price=draw.stop_price,
            offset_unit=draw.offset_unit,
            offset=draw.offset,
        )
        return None if terms == Terms() else terms

    def fresh_id(self) -> str:
        self.ids += 1
        return f"x{self.ids}"

    def used_id(self, pick: int) -> str:
        return f"x{self.ids - pick % 60}"

    def account(self, session: str, pick: int, *, is_foreign: bool) -> str:
        accounts = ("A", "B", "C", "D") if is_foreign else SESSIONS[session]
        return accounts[pick % len(accounts)]

    def target(self, pick: int, mistake: str) -> tuple[str, str, str, int, str, Side]:
        """Return session, account, OrigClOrdID, OrderID, symbol, side: those of an open order, save for a mistake."""
        orders: list[NaiveOrder] = self.model.open_orders()
        if mistake == "finished" or not orders:
            orders = self.model.orders
        if not orders:
            return "S1", "A", self.used_id(pick), 0, SYMBOLS[0], BUY
        order = orders[pick % len(orders)]
        session = next(s for s, accounts in SESSIONS.items() if order.account in accounts)
        account, symbol, side = order.account, order.instrument.symbol, order.side
        orig = order.ids[pick % len(order.ids)]
        order_id = order.order_id if pick % 3 == 0 else 0
        if mistake == "account":
            account = self.account(session, pick, is_foreign=True)
        elif mistake == "no_orig":  # This one is allowed.
            orig, order_id = "", order.order_id
        elif mistake == "order_id":
            order_id = pick % (len(self.model.orders) + 2)
        elif mistake == "symbol":
            symbol = SYMBOLS[pick % 2]
        elif mistake == "side":
            side = (BUY, SELL)[pick % 2]
        elif mistake == "orig":
            orig = self.used_id(pick)
        return session, account, orig, order_id, symbol, side
