"""The rules once more, written without regard for speed: one list of orders, sorted when needed, and exact fractions.

It shares no code with the engine but the commands, the reject reasons and the enumerations, and serves to check it.
"""

from fractions import Fraction
from math import ceil
from typing import TypeVar

from msgspec.structs import replace

from engine.commands import CancelOrder, Credit, EndTradingDay, MassCancel, NewOrder, ReplaceOrder, SetIndexPrice
from engine.reject import RejectReason
from engine.terms import Terms
from engine.values import (
    AMOUNT_MAX,
    PRICE_MAX,
    MassCancelScope,
    OffsetUnit,
    OrderType,
    PostOnly,
    Side,
    TimeInForce,
    TriggerSource,
)
from tests.engine.naive_order import NaiveInstrument, NaiveOrder, Outcome
from tests.engine.naive_terms import is_post_only, may_rest, why_not_terms
from tests.engine.naive_triggers import LIMITED, UNLIMITED, NaiveTriggers

N = TypeVar("N", NewOrder, ReplaceOrder)


class NaiveExchange:
    def __init__(self) -> None:
        self.instruments: dict[str, NaiveInstrument] = {}
        self.owned: dict[tuple[str, str], int] = {}
        """All of an asset that an account has, reserved or not."""
        self.credited: dict[str, int] = {}
        self.fees: dict[str, int] = {}
        self.references: set[str] = set()
        self.permitted: dict[str, tuple[str, ...]] = {}
        self.orders: list[NaiveOrder] = []
        self.used_ids: dict[tuple[str, str], tuple[int, int]] = {}
        """Account and ClOrdID to OrderID and the trading day (counted from 0) on which it was accepted."""
        self.day = 0
        self.day_ended = 0
        self.clock = 0

        self.now = 0
        self.triggers = NaiveTriggers()

    # ------------------------------------------------------------------------------------------ commands

    def advance(self, now: int) -> Outcome:
        """Let time go on, and all that is due by then happen."""
        self.now = now
        happened = Outcome()
        while due := [order for order in self.open_orders() if 0 < order.due <= now]:
            order = min(due, key=lambda order: (order.due, order.order_id))
            if order.waits_for is None:
                order.is_open = False
                happened.canceled.append(order.order_id)
                continue
            command, order.waits_for = order.waits_for, None
            happened.started.append(order.order_id)
            happened.add(self._start(order, command))
        return happened

    def credit(self, command: Credit) -> bool:
        if command.reference in self.references or command.amount <= 0:
            return False
        if self.credited.get(command.asset, 0) + command.amount > AMOUNT_MAX:
            return False
        self.references.add(command.reference)
        key = command.account, command.asset
        self.owned[key] = self.owned.get(key, 0) + command.amount
        self.credited[command.asset] = self.credited.get(command.asset, 0) + command.amount
        return True

    def new_order(self, command: NewOrder) -> Outcome:
        asked_price = command.price
        command = self._priced(command)
        reason = self._why_not(command, asked_price)
        if reason is not None:
            return Outcome(reason)
        order = self._order(command)
        self.orders.append(order)
        self._use_id(command.account, command.cl_ord_id, order)
        if order.terms.effective_ns > self.now:
            order.waits_for = command
            return Outcome()
        return self._start(order, command)

    def index_price(self, command: SetIndexPrice) -> Outcome:
        self.triggers.observe(TriggerSource.INDEX, command.symbol, command.price, self.open_orders())
        return self._take_turns(Outcome())

    def cancel(self, command: CancelOrder) -> Outcome:
        found = self._find(command)
        if not isinstance(found, NaiveOrder):
            return Outcome(found)
        self._use_id(command.account, command.cl_ord_id, found)
        found.is_open = False
        return Outcome(canceled=[found.order_id])

    def replace(self, command: ReplaceOrder) -> Outcome:
        found = self._find(command)
        if not isinstance(found, NaiveOrder):
            return Outcome(found)
        is_triggered = command.order_type in (*LIMITED, *UNLIMITED)
        if found.waits_for is None and (found.wait is not None) != is_triggered:
            return Outcome(RejectReason.TRIGGER_REPLACE_MISMATCH)
        mark = self.triggers.kept_mark(found.wait, command)
        asked_price = command.price
        command = self._priced(command, mark)
        reason = self._why_not_replace(command, found, asked_price, mark)
        if reason is not None:
            return Outcome(reason)
        self._use_id(command.account, command.cl_ord_id, found)
        found.ids.append(command.cl_ord_id)
        display_before = found.terms.display_qty or found.qty
        visible_before = found.visible
        found.tif = command.time_in_force
        found.terms = command.terms or Terms()
        display = found.terms.display_qty or command.qty
        keeps_priority = command.price == found.price and command.qty <= found.qty and display <= display_before
        found.qty, found.price = command.qty, command.price
        if found.waits_for is not None:
            found.waits_for = command if found.terms.effective_ns > self.now else None
            if found.waits_for is not None:
                return Outcome()
            outcome = self._start(found, command)
            outcome.started.append(found.order_id)
            return outcome
        if keeps_priority and found.wait is None:
            found.show(min(visible_before, display))
            return Outcome()
        return self._start(found, command, mark)

    def mass_cancel(self, command: MassCancel) -> Outcome:
        if command.scope is MassCancelScope.INSTRUMENT and command.symbol not in self.instruments:
            return Outcome(RejectReason.UNKNOWN_INSTRUMENT)
        if command.account and command.account not in self.permitted[command.session]:
            return Outcome(RejectReason.UNKNOWN_ACCOUNT)
        accounts = [account for account in self.permitted[command.session] if command.account in ("", account)]
        gone = [
            order
            for order in self.open_orders()
            if order.account in accounts
            and command.symbol in ("", order.instrument.symbol)
            and command.side in (0, order.side)
            and (command.scope is not MassCancelScope.SESSION or order.entered_by == command.session)
        ]
        for order in gone:
            order.is_open = False
        return Outcome(canceled=[order.order_id for order in gone])

    def end_day(self, command: EndTradingDay) -> Outcome | None:
        if command.day <= self.day_ended:
            return None
        self.day_ended = command.day
        gone = [
            order
            for order in self.open_orders()
            if order.tif is TimeInForce.DAY or 0 < order.terms.expire_day <= command.day
        ]
        for order in gone:
            order.is_open = False
        goes_by = {(order.account, order.ids[-1]) for order in self.open_orders()}
        self.used_ids = {
            key: (order_id, day) for key, (order_id, day) in self.used_ids.items() if day == self.day or key in goes_by
        }
        self.day += 1
        return Outcome(canceled=sorted(order.order_id for order in gone))

    # ------------------------------------------------------------------------------------------- look-ups

    def open_orders(self) -> list[NaiveOrder]:
        return [order for order in self.orders if order.is_open]

    def queue(self, symbol: str, side: Side) -> list[NaiveOrder]:
        """Return the open orders of one side of a book, first the one to trade first."""
        sign = -1 if side is Side.BUY else 1
        orders = [o for o in self.open_orders() if o.instrument.symbol == symbol and o.side is side and o.rests]
        return sorted(orders, key=lambda order: (order.price * sign, order.priority))

    def reserved(self, account: str, asset: str) -> int:
        return sum(
            order.reserve(order.leaves, order.price)
            for order in self.open_orders()
            if order.account == account
            and asset == (order.instrument.quote if order.side is Side.BUY else order.instrument.base)
        )

    def available(self, account: str, asset: str) -> int:
        return self.owned.get((account, asset), 0) - self.reserved(account, asset)

    # -------------------------------------------------------------------------------------------- the rules

    def _why_not(  # noqa: C901, PLR0911, PLR0912 - one rule after another
        self, command: NewOrder, asked_price: int
    ) -> RejectReason | None:
        if command.account not in self.permitted[command.session]:
            return RejectReason.UNKNOWN_ACCOUNT
        if (command.account, command.cl_ord_id) in self.used_ids:
            return RejectReason.DUPLICATE_CL_ORD_ID
        instrument = self.instruments.get(command.symbol)
        if instrument is None:
            return RejectReason.UNKNOWN_INSTRUMENT
        amount = (command.terms or Terms()).cash_amount
        if (command.qty < 1 or command.qty > instrument.qty_max) and not amount:
            return RejectReason.QUANTITY_OUT_OF_RANGE
        reason = self._why_not_terms(command, is_entry=True)
        if reason is not None:
            return reason
        has_limit = command.order_type in (OrderType.LIMIT, *LIMITED)
        if not has_limit and asked_price != 0:
            return RejectReason.MARKET_ORDER_NEEDS_NO_PRICE
        if has_limit and not 1 <= asked_price <= PRICE_MAX:
            return RejectReason.PRICE_OUT_OF_RANGE
        if command.order_type in (*LIMITED, *UNLIMITED):
            reason = self.triggers.why_not_now(command)
            if reason is not None and not (command.terms and command.terms.effective_ns > self.now):
                return reason
        elif not has_limit and not self._counterparties(command.symbol, command.side, None):
            return RejectReason.NO_LIQUIDITY
        if amount:
            lots = self._lots_for(command)
            if not lots:
                return RejectReason.CASH_BELOW_ONE_LOT
            if lots > instrument.qty_max:
                return RejectReason.QUANTITY_OUT_OF_RANGE
        if command.order_type is not OrderType.MARKET:
            if command.price < 1 or command.price > PRICE_MAX:
                return RejectReason.PRICE_OUT_OF_RANGE
            if is_post_only(command) and self._would_trade(command):
                return RejectReason.POST_ONLY_WOULD_TRADE
            if command.qty * command.price * instrument.unit > AMOUNT_MAX:
                return RejectReason.NOTIONAL_TOO_LARGE
        asset, amount = self._needed(command, instrument)
        if amount > self.available(command.account, asset):
            return RejectReason.INSUFFICIENT_FUNDS
        return None

    def _why_not_terms(self, command: NewOrder | ReplaceOrder, *, is_entry: bool) -> RejectReason | None:
        reason = why_not_terms(command, now=self.now, day_ended=self.day_ended, is_entry=is_entry)
        return reason or self.triggers.why_not_terms(command, command.terms or Terms())

    def _would_trade(self, command: NewOrder | ReplaceOrder) -> bool:
        return bool(self._counterparties(command.symbol, command.side, command.price))

    def _limit(self, command: NewOrder | ReplaceOrder) -> Fraction | None:
        """Return the worst price at which an order may trade, None if it may at any."""
        if command.order_type is not OrderType.MARKET:
            return Fraction(command.price)
        terms, others = command.terms or Terms(), self._counterparties(command.symbol, command.side, None)
        if terms.slippage_unit is OffsetUnit.NONE or not others:
            return None
        best = Fraction(others[0].price)
        is_relative = terms.slippage_unit is OffsetUnit.BASIS_POINTS
        slip = best * terms.slippage_max / 10_000 if is_relative else Fraction(terms.slippage_max)
        return best + slip if command.side is Side.BUY else best - slip

    def _priced(self, command: N, mark: int = 0) -> N:
        """Return a market-to-limit order with the best price, one that slides with one at which it does not trade."""
        if command.order_type in UNLIMITED:
            return replace(command, price=self.triggers.price_of(command, mark))
        if command.order_type is OrderType.MARKET_TO_LIMIT and command.price == 0:
            others = self._counterparties(command.symbol, command.side, None)
            return replace(command, price=others[0].price) if others else command
        if command.terms is None or command.terms.post_only is not PostOnly.SLIDE:
            return command
        if command.order_type is not OrderType.LIMIT or not may_rest(command):
            return command
        if not 0 < command.price <= PRICE_MAX or not self._would_trade(command):
            return command
        away = -1 if command.side is Side.BUY else 1
        best = self._counterparties(command.symbol, command.side, command.price)[0].price
        price = best + away
        return command if price in (0, PRICE_MAX + 1) else replace(command, price=price)

    def _needed(self, command: NewOrder, instrument: NaiveInstrument) -> tuple[str, int]:
        amount = (command.terms or Terms()).cash_amount
        if command.side is Side.SELL:
            return instrument.base, self._lots_for(command) if amount else command.qty
        if amount:
            return instrument.quote, amount
        notional = command.qty * command.price * instrument.unit
        if command.order_type is OrderType.MARKET:
            notional, left = 0, command.qty
            for other in self._counterparties(command.symbol, command.side, self._limit(command)):
                taken = min(left, other.leaves)
                notional += taken * other.price * instrument.unit
                left -= taken
        dearest = max(instrument.maker_bps, instrument.taker_bps)
        return instrument.quote, notional + ceil(Fraction(notional * dearest, 10_000))

    def _lots_for(self, command: NewOrder) -> int:
        """Return how many lots an amount pays for, fee included, one after the other: as they are there, or at best."""
        instrument, terms = self.instruments[command.symbol], command.terms or Terms()
        others = self._counterparties(command.symbol, command.side, self._limit(command))
        there = [other.price for other in others for _ in range(other.leaves)]
        best = self._counterparties(command.symbol, command.side, None)[0].price
        bps = instrument.taker_bps if command.side is Side.BUY else 0
        lots = spent = 0
        while lots <= instrument.qty_max:
            spent += (there[lots] if lots < len(there) else best) * instrument.unit
            if spent + ceil(Fraction(spent * bps, 10_000)) > terms.cash_amount:
                break
            lots += 1
        return lots

    def _find(self, command: CancelOrder | ReplaceOrder) -> NaiveOrder | RejectReason:
        if command.account not in self.permitted[command.session]:
            return RejectReason.UNKNOWN_ACCOUNT
        if command.orig_cl_ord_id:
            order_id, _ = self.used_ids.get((command.account, command.orig_cl_ord_id), (0, 0))
            if not order_id:
                return RejectReason.UNKNOWN_ORDER
            if command.order_id not in (0, order_id):
                return RejectReason.ORDER_ID_MISMATCH
        else:
            order_id = command.order_id
        order = next((o for o in self.orders if o.order_id == order_id and o.account == command.account), None)
        if order is None:
            return RejectReason.UNKNOWN_ORDER
        if not order.is_open:
            return RejectReason.ORDER_FINISHED
        if (command.account, command.cl_ord_id) in self.used_ids:
            return RejectReason.DUPLICATE_CL_ORD_ID
        if command.symbol != order.instrument.symbol:
            return RejectReason.INSTRUMENT_MISMATCH
        if command.side is not order.side:
            return RejectReason.SIDE_MISMATCH
        return order

    def _why_not_replace(  # noqa: C901, PLR0911 - one rule after another
        self, command: ReplaceOrder, order: NaiveOrder, asked_price: int, mark: int
    ) -> RejectReason | None:
        has_begun = order.waits_for is None and order.wait is None
        is_triggered = command.order_type in (*LIMITED, *UNLIMITED)
        if not is_triggered and command.order_type is not OrderType.LIMIT:
            return RejectReason.CANNOT_REPLACE_THUS
        if has_begun and not may_rest(command):
            return RejectReason.CANNOT_REPLACE_THUS
        reason = self._why_not_terms(command, is_entry=not has_begun)
        if reason is not None:
            return reason
        instrument = order.instrument
        if command.qty < 1 or command.qty > instrument.qty_max:
            return RejectReason.QUANTITY_OUT_OF_RANGE
        if command.qty <= order.filled:
            return RejectReason.QUANTITY_NOT_ABOVE_FILLED
        if command.order_type in UNLIMITED and asked_price:
            return RejectReason.MARKET_ORDER_NEEDS_NO_PRICE
        if command.order_type in LIMITED and not 1 <= asked_price <= PRICE_MAX:
            return RejectReason.PRICE_OUT_OF_RANGE
        if is_triggered and not (command.terms and command.terms.effective_ns > self.now):
            reason = self.triggers.why_not_now(command, mark)
            if reason is not None:
                return reason
        if command.price < 1 or command.price > PRICE_MAX:
            return RejectReason.PRICE_OUT_OF_RANGE
        if is_post_only(command) and self._would_trade(command):
            return RejectReason.POST_ONLY_WOULD_TRADE
        left = command.qty - order.filled
        if order.spent + left * command.price * instrument.unit > AMOUNT_MAX:
            return RejectReason.NOTIONAL_TOO_LARGE
        asset = instrument.quote if order.side is Side.BUY else instrument.base
        free = self.available(command.account, asset) + order.reserve(order.leaves, order.price)
        if order.reserve(left, command.price) > free:
            return RejectReason.INSUFFICIENT_FUNDS
        return None

    def _order(self, command: NewOrder) -> NaiveOrder:
        return NaiveOrder(
            order_id=len(self.orders) + 1,
            account=command.account,
            instrument=self.instruments[command.symbol],
            side=command.side,
            tif=command.time_in_force,
            terms=command.terms or Terms(),
            qty=command.qty or self._lots_for(command),
            price=command.price,
            ids=[command.cl_ord_id],
            priority=self._tick(),
            entered_by=command.session,
        )

    def _counterparties(self, symbol: str, side: Side, limit: Fraction | int | None) -> list[NaiveOrder]:
        if side is Side.BUY:
            return [o for o in self.queue(symbol, Side.SELL) if limit is None or o.price <= limit]
        return [o for o in self.queue(symbol, Side.BUY) if limit is None or o.price >= limit]

    def _start(self, order: NaiveOrder, command: NewOrder | ReplaceOrder, mark: int = 0) -> Outcome:
        """Let an order wait for its price, or act."""
        if command.order_type not in (*LIMITED, *UNLIMITED):
            return self._take_turns(self._begin(order, command))
        order.last_command = command
        self.triggers.begin(order, command, mark)
        return self._take_turns(Outcome())

    def _take_turns(self, outcome: Outcome) -> Outcome:
        """Let the orders act that have been triggered, until there is none."""
        while self.triggers.turns:
            order = self.triggers.turns.pop(0)
            wait, order.wait = order.wait, None
            assert wait is not None
            assert order.last_command is not None
            if wait.is_trailing:
                better = min if order.side is Side.BUY else max
                order.price = better(order.price, wait.protected_price())
            outcome.triggered.append(order.order_id)
            outcome.add(self._begin(order, replace(order.last_command, price=order.price)))
        return outcome

    def _begin(self, order: NaiveOrder, command: NewOrder | ReplaceOrder) -> Outcome:
        """Let an order act as the latest of all, and show its first part if it rests."""
        order.priority = self._tick()
        outcome = self._trade(order, command)
        order.show(order.terms.display_qty)
        return outcome

    def _trade(self, taker: NaiveOrder, command: NewOrder | ReplaceOrder) -> Outcome:
        outcome = Outcome()
        limit = self._limit(command)
        others = [o for o in self._counterparties(taker.instrument.symbol, taker.side, limit) if o is not taker]
        least = taker.leaves if taker.tif is TimeInForce.FILL_OR_KILL else taker.terms.min_qty
        is_too_little = sum(o.leaves for o in others) < least
        while others and taker.is_open and not is_too_little:
            maker = others[0]
            qty = min(maker.visible, taker.leaves)
            notional = qty * maker.price * taker.instrument.unit
            maker.part -= qty
            if maker.terms.display_qty and not maker.part and maker.leaves > qty:
                maker.part = min(maker.next_part(), maker.leaves - qty)
                maker.priority = self._tick()
            maker_fee = self._fill(maker, qty, notional, maker.instrument.maker_bps)
            taker_fee = self._fill(taker, qty, notional, taker.instrument.taker_bps)
            outcome.trades.append((maker.order_id, taker.order_id, maker.price, qty, maker_fee, taker_fee))
            symbol = taker.instrument.symbol
            self.triggers.observe(TriggerSource.LAST, symbol, maker.price, self.open_orders())
            others = [o for o in self._counterparties(taker.instrument.symbol, taker.side, limit) if o is not taker]
        if taker.is_open and (is_too_little or not may_rest(command)):
            taker.is_open = False
            outcome.canceled.append(taker.order_id)
        return outcome

    def _fill(self, order: NaiveOrder, qty: int, notional: int, bps: int) -> int:
        charged = order.fee_charged()
        order.fee += Fraction(notional * bps, 10_000)
        fee = order.fee_charged() - charged
        order.filled += qty
        order.spent += notional
        order.is_open = order.leaves > 0
        instrument = order.instrument
        sign = 1 if order.side is Side.BUY else -1
        self._move(order.account, instrument.base, sign * qty)
        self._move(order.account, instrument.quote, -sign * notional - fee)
        self.fees[instrument.quote] = self.fees.get(instrument.quote, 0) + fee
        return fee

    def _move(self, account: str, asset: str, amount: int) -> None:
        self.owned[account, asset] = self.owned.get((account, asset), 0) + amount

    def _use_id(self, account: str, cl_ord_id: str, order: NaiveOrder) -> None:
        self.used_ids[account, cl_ord_id] = order.order_id, self.day

    def _tick(self) -> int:
        self.clock += 1
        return self.clock
