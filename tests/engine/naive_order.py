"""Orders of the naive exchange, and what comes of its commands."""

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

from engine.commands import NewOrder, ReplaceOrder
from engine.reject import RejectReason
from engine.terms import Terms
from engine.values import Side, TimeInForce
from tests.engine.naive_triggers import NaiveWait


@dataclass
class NaiveInstrument:
    symbol: str
    base: str
    quote: str
    maker_bps: int
    taker_bps: int
    qty_max: int
    unit: int
    """Smallest quote units of one tick times one lot; a lot is one smallest unit of the base."""


@dataclass(eq=False)
class NaiveOrder:
    order_id: int
    account: str
    instrument: NaiveInstrument
    side: Side
    tif: TimeInForce
    terms: Terms
    qty: int
    price: int
    ids: list[str]
    """Its ClOrdIDs, the present one last."""
    priority: int
    filled: int = 0
    spent: int = 0
    fee: Fraction = Fraction(0)
    is_open: bool = True
    waits_for: NewOrder | ReplaceOrder | None = None
    """The order as entered or last replaced, while it waits for its start."""
    entered_by: str = ""
    """The session."""
    part: int = 0
    """What is left of the part that an iceberg displays."""
    wait: NaiveWait | None = None
    """What price it waits for."""
    last_command: NewOrder | ReplaceOrder | None = None
    """As it was entered, or replaced while it waited for a price."""

    @property
    def rests(self) -> bool:
        return self.is_open and self.waits_for is None and self.wait is None

    @property
    def due(self) -> int:
        return self.terms.effective_ns if self.waits_for else self.terms.expire_ns

    @property
    def leaves(self) -> int:
        return self.qty - self.filled

    @property
    def visible(self) -> int:
        return min(self.part, self.leaves) if self.terms.display_qty else self.leaves

    def show(self, qty: int) -> None:
        self.part = min(qty, self.leaves)

    def next_part(self) -> int:
        terms = self.terms
        if not terms.display_low_qty:
            return terms.display_qty
        number = terms.display_seed
        for key in (0, self.order_id, self.filled):
            number = split_mix(number ^ key)
        return terms.display_low_qty + number % (terms.display_high_qty - terms.display_low_qty + 1)

    def fee_charged(self) -> int:
        return ceil(self.fee)

    def reserve(self, qty: int, price: int) -> int:
        """Return what must be held back for `qty` more at `price`: everything the dearest fee could bring it to."""
        if self.side is Side.SELL:
            return qty
        notional = qty * price * self.instrument.unit
        dearest = Fraction(max(self.instrument.maker_bps, self.instrument.taker_bps), 10_000)
        return notional + ceil(self.fee + notional * dearest) - self.fee_charged()


def split_mix(number: int) -> int:
    number = (number + 0x9E3779B97F4A7C15) % 2**64
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        number = (number ^ number >> shift) * factor % 2**64
    return number


@dataclass
class Outcome:
    """What a command came to: a reject, or the orders it opened, cancelled and made trade."""

    reason: RejectReason | None = None
    trades: list[tuple[int, int, int, int, int, int]] = field(default_factory=list)
    """Maker's OrderID, taker's, price, quantity, maker's fee, taker's fee."""
    canceled: list[int] = field(default_factory=list)
    started: list[int] = field(default_factory=list)
    triggered: list[int] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        self.trades += other.trades
        self.canceled += other.canceled
        self.triggered += other.triggered
