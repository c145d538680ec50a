"""A broker of the demo: one FIX session, the orders it has open, and its own books.

The books are kept from execution reports alone; at the end they are held against the venue's journal.
"""

import time
from array import array
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from backoffice.cli.demo.market import Market
from backoffice.cli.failure import CommandFailed
from engine.decimals import parse_decimal
from engine.errors import DecimalError
from engine.values import Amount, Contingency, Price, Qty, Side, TimeInForce
from fixgw.codec import Message, readable
from fixgw.initiator import Initiator
from fixgw.timestamps import format_utc

SENT_KEPT_MAX: Final = 20_000
"""How many sent messages a session keeps in case the venue asks for them again."""
_TAPE_LENGTH: Final = 16
_TIME_OF_DAY: Final = slice(9, 21)
"""Where in a UTCTimestamp it stands, to the millisecond."""


class TapeRow(msgspec.Struct, frozen=True):
    """A trade as its taker was told of it."""

    time: str
    taker: str
    is_buy: bool
    qty: str
    symbol: str
    price: str


class Tape:
    """What all brokers of the demo have traded, as the takers' reports tell it."""

    def __init__(self, symbols: Iterable[str]) -> None:
        self.trades: Counter[str] = Counter()
        self.last_price: dict[str, Price] = dict.fromkeys(symbols, 0)
        self.latest: deque[TapeRow] = deque(maxlen=_TAPE_LENGTH)


class OpenOrder:
    """An order that the broker has sent and that is not finished."""

    __slots__ = ("cl_ord_id", "cum_qty", "is_accepted", "is_changing", "kind", "leaves_qty", "price", "side", "symbol")

    def __init__(self, cl_ord_id: str, symbol: str, side: Side, qty: Qty, price: Price, kind: str = "") -> None:
        """`kind`: the name of a kind of which each order's end is counted, if it is one of them."""
        self.cl_ord_id = cl_ord_id
        self.symbol = symbol
        self.side = side
        self.price = price
        self.kind = kind
        self.leaves_qty = qty
        self.cum_qty: Qty = 0
        self.is_accepted = False
        self.is_changing = False
        """A cancel or replace is under way."""

    @property
    def is_idle(self) -> bool:
        """Tell whether the order rests and nothing is under way for it."""
        return self.is_accepted and not self.is_changing


class Leg(msgspec.Struct, frozen=True):
    """An order of any kind, alone or of a list."""

    side: Side
    qty: Qty
    price: Price
    """0 if it does not show a price to the market."""
    order_type: str
    """OrdType(40)."""
    terms: str
    """The FIX fields that follow the price."""


class Broker:
    """One session and one account."""

    def __init__(
        self,
        comp_id: str,
        account: str,
        password: str,
        *,
        market: Market,
        balances: Mapping[str, Amount],
        tape: Tape,
    ) -> None:
        self.comp_id = comp_id
        self.account = account
        self.session = Initiator(comp_id, password, self._receive, sent_kept_max=SENT_KEPT_MAX)
        self.balances = dict(balances)
        """What the account holds by asset, open orders or not: its deposits and what the reports said since."""
        self.outcomes: Counter[str] = Counter()
        """Reports by what they reported."""
        self.rejects: Counter[str] = Counter()
        """Refusals by their text, which begins with the code."""
        self.fates: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """How orders ended, by their kind; and how many were triggered before."""
        self.orders: dict[str, OpenOrder] = {}
        """Open orders by ClOrdID."""
        self.sent = 0
        """Orders, replaces and cancels sent."""
        self.reports = 0
        self.order_latency_ns = array("Q")
        """From sending a new order to its first report."""
        self.change_latency_ns = array("Q")
        """The same of cancels and replaces."""
        self.last_accepted = ""
        """ClOrdID of the last order that was accepted."""
        self.unexpected = ""
        """A message that the venue should not have sent."""
        self.unanswered: dict[str, int] = {}
        """When each request that has no answer yet was sent, by ClOrdID, on the performance counter."""
        self._new: set[str] = set()
        """Those of them that are new orders."""
        self._instruments = market.instruments
        self._decimals = market.decimals
        self._tape = tape
        self._last_id = 0

    # What it sends

    def enter(
        self, symbol: str, side: Side, qty: Qty, price: Price | None, time_in_force: TimeInForce = TimeInForce.DAY
    ) -> OpenOrder:
        """Send an order; without a price it is a market order."""
        text = self._instruments[symbol]
        order = OpenOrder(self.next_id(), symbol, side, qty, price or 0)
        self.orders[order.cl_ord_id] = order
        price_text = None if price is None else text.price_text[price]
        self.enter_as_is(order.cl_ord_id, symbol, side, text.qty_text[qty], price_text, time_in_force)
        return order

    def enter_as_is(
        self,
        cl_ord_id: str,
        symbol: str,
        side: Side,
        qty: str,
        price: str | None,
        time_in_force: TimeInForce = TimeInForce.DAY,
    ) -> None:
        """Send an order of these texts, whether or not the venue can take it."""
        terms = "40=1\x01" if price is None else f"40=2\x0144={price}\x01"
        self._new.add(cl_ord_id)
        self._send(
            "D",
            cl_ord_id,
            f"1={self.account}\x0155={symbol}\x0154={side:d}\x0138={qty}\x01{terms}59={time_in_force:d}\x01",
        )

    def enter_kind(self, kind: str, symbol: str, legs: Sequence[Leg], contingency: Contingency | None) -> None:
        """Send an order of some kind; or, with a contingency, a list of orders."""
        text = self._instruments[symbol]
        ids = [self.next_id() for _ in legs]
        bodies = []
        for cl_ord_id, leg in zip(ids, legs, strict=True):
            self.orders[cl_ord_id] = OpenOrder(cl_ord_id, symbol, leg.side, leg.qty, leg.price, kind)
            price = f"44={text.price_text[leg.price]}\x01" if leg.price else ""
            bodies.append(
                f"1={self.account}\x0155={symbol}\x0154={leg.side:d}\x0138={text.qty_text[leg.qty]}\x01"
                f"40={leg.order_type}\x01{price}{leg.terms}"
            )
        self._new.add(ids[0])
        if contingency is None:
            self._send("D", ids[0], bodies[0])
            return
        count = len(legs)
        entries = "".join(
            f"11={cl_ord_id}\x0167={number}\x01{body}"
            for number, (cl_ord_id, body) in enumerate(zip(ids, bodies, strict=True), start=1)
        )
        self._note_sent(ids[0])
        self.session.send(
            "E",
            f"66={self.next_id()}\x01394=3\x011385={contingency:d}\x0168={count}\x0173={count}\x01{entries}",
        )

    def replace(self, order: OpenOrder, qty: Qty, price: Price) -> None:
        """Ask for another price, and for `qty` that is left."""
        text = self._instruments[order.symbol]
        order.is_changing = True
        self._send(
            "G",
            self.next_id(),
            f"41={order.cl_ord_id}\x011={self.account}\x0155={order.symbol}\x0154={order.side:d}\x01"
            f"38={text.qty_text[qty + order.cum_qty]}\x0140=2\x0144={text.price_text[price]}\x0159=0\x01",
        )

    def cancel(self, order: OpenOrder) -> None:
        """Ask for the end of an order."""
        order.is_changing = True
        self._send(
            "F",
            self.next_id(),
            f"41={order.cl_ord_id}\x011={self.account}\x0155={order.symbol}\x0154={order.side:d}\x01",
        )

    def cancel_all(self) -> None:
        """Ask for the end of all orders."""
        self._send("q", self.next_id(), "530=7\x01")

    def next_id(self) -> str:
        """Return a ClOrdID that has not been used."""
        self._last_id += 1
        return f"{self.comp_id}-{self._last_id}"

    def _send(self, msg_type: str, cl_ord_id: str, body: str) -> None:
        self._note_sent(cl_ord_id)
        now = format_utc(time.time_ns())
        self.session.send(msg_type, f"11={cl_ord_id}\x01{body}60={now}\x01")

    def _note_sent(self, cl_ord_id: str) -> None:
        self.sent += 1
        self.unanswered[cl_ord_id] = time.perf_counter_ns()

    # What it is told

    def _receive(self, message: Message) -> None:
        self.reports += 1
        fields = message.fields
        cl_ord_id = fields.get("11", "")
        sent_at_ns = self.unanswered.pop(cl_ord_id, 0)
        if sent_at_ns:
            elapsed_ns = time.perf_counter_ns() - sent_at_ns
            if cl_ord_id in self._new:
                self._new.remove(cl_ord_id)
                self.order_latency_ns.append(elapsed_ns)
            else:
                self.change_latency_ns.append(elapsed_ns)
        try:
            if message.msg_type == "N":
                self._note_list(message)
            else:
                self._note(message.msg_type, cl_ord_id, fields)
        except (KeyError, ValueError, DecimalError) as error:
            self.unexpected = f"{readable(message.raw)} ({error!r})"

    def _note(self, msg_type: str, cl_ord_id: str, fields: dict[str, str]) -> None:
        """Keep the books. Raise `KeyError`, `ValueError` or `DecimalError` for what the venue should not have said."""
        if msg_type == "8":
            self._note_report(cl_ord_id, fields)
        elif msg_type == "9":
            self.outcomes["cancel or replace refused"] += 1
            self.rejects[fields["58"]] += 1
            order = self.orders.get(fields["41"])
            if order is not None:
                order.is_changing = False
        elif msg_type == "r" and fields["531"] == "7":
            self.outcomes["mass cancel"] += 1
        else:
            raise ValueError("not an answer to what was sent")

    def _note_report(self, cl_ord_id: str, fields: dict[str, str]) -> None:
        orders = self.orders
        match fields["150"]:
            case "0":
                self.outcomes["accepted"] += 1
                orders[cl_ord_id].is_accepted = True
                self.last_accepted = cl_ord_id
            case "F":
                self._note_fill(cl_ord_id, fields)
            case "5":
                self.outcomes["replaced"] += 1
                text = self._instruments[fields["55"]]
                order = orders.pop(fields["41"])
                order.cl_ord_id = cl_ord_id
                order.price = text.ticks(fields["44"])
                order.leaves_qty = text.lots(fields["151"])
                order.is_changing = False
                orders[cl_ord_id] = order
            case "4":
                self.outcomes["cancelled"] += 1
                self._end(fields.get("41") or cl_ord_id, "cancelled")
            case "A":
                self.outcomes["waiting"] += 1
            case "C":
                self.outcomes["expired"] += 1
                self._end(cl_ord_id, "expired")
            case "D" if fields.get("636") == "Y":
                self.outcomes["triggered"] += 1
                self.fates[orders[cl_ord_id].kind]["triggered"] += 1
            case "8":
                self.outcomes["rejected"] += 1
                self.rejects[fields["58"]] += 1
                known = orders.get(cl_ord_id)
                if known is not None and not known.is_accepted:
                    self._end(cl_ord_id, "refused")
            case exec_type:
                raise ValueError(f"ExecType(150) {exec_type}")

    def _note_list(self, message: Message) -> None:
        """Take a ListStatus: the state of a list whose orders have reports of their own, unless it was refused."""
        if message.fields["431"] != "7":
            self.outcomes["list status"] += 1
            return
        self.outcomes["list refused"] += 1
        self.rejects[message.fields["444"]] += 1
        for tag, value in message.pairs():
            if tag == "11":
                self._end(value, "refused")

    def _end(self, cl_ord_id: str, fate: str) -> None:
        """Forget an order that is no longer open."""
        order = self.orders.pop(cl_ord_id)
        order.leaves_qty = 0
        if order.kind:
            self.fates[order.kind]["partly" if order.cum_qty and fate != "filled" else fate] += 1

    def _note_fill(self, cl_ord_id: str, fields: dict[str, str]) -> None:
        self.outcomes["filled"] += 1
        symbol = fields["55"]
        text = self._instruments[symbol]
        instrument = text.instrument
        qty, price = text.lots(fields["32"]), text.ticks(fields["31"])
        fee = parse_decimal(fields["137"], self._decimals[instrument.quote]) if "137" in fields else 0
        notional = qty * price * instrument.notional_per_tick_lot
        base_amount = qty * instrument.base_per_lot
        order = self.orders[cl_ord_id]
        if order.side is Side.BUY:
            self.balances[instrument.base] += base_amount
            self.balances[instrument.quote] -= notional + fee
        else:
            self.balances[instrument.base] -= base_amount
            self.balances[instrument.quote] += notional - fee
        order.leaves_qty = text.lots(fields["151"])
        order.cum_qty = text.lots(fields["14"])
        if not order.leaves_qty:
            self._end(cl_ord_id, "filled")
        if fields.get("1057") == "Y":  # In an auction nobody is the taker.
            tape = self._tape
            tape.trades[symbol] += 1
            tape.last_price[symbol] = price
            is_buy = order.side is Side.BUY
            tape.latest.append(
                TapeRow(fields["60"][_TIME_OF_DAY], self.comp_id, is_buy, fields["32"], symbol, fields["31"])
            )

    def check(self) -> None:
        """Raise `CommandFailed` if the session is gone or the venue has said what it should not."""
        if self.unexpected:
            raise CommandFailed(f"{self.comp_id} did not expect this from the venue: {self.unexpected}")
        if not self.session.is_connected:
            raise CommandFailed(f"{self.comp_id} was cut off: {self.session.logout_text or 'the venue hung up'}")
