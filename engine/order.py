"""An order as the exchange holds it."""

from engine.due import DueKey, Timed
from engine.fee_rates import FEE_SCALE
from engine.holding import Holding
from engine.instrument import Instrument
from engine.terms import Terms
from engine.values import (
    NEW,
    NOWHERE,
    SELL,
    Amount,
    Contingency,
    ListStage,
    OrderStatus,
    OrderType,
    Place,
    Price,
    Qty,
    Side,
    TimeInForce,
)


class Order(Timed):
    """One order, open or finished.

    `reserved` is what the order still holds back in `backing` (the buyer's quote, the seller's base); what it earns
    goes to `proceeds`. `fee_raw` is the exact fee so far in millionths of the quote asset's smallest unit; the fee is
    rounded up once, on the order's total, so that each fill pays the difference between two roundings. `ahead` and
    `behind` are its neighbours in the queue of its price level.
    """

    __slots__ = (
        "account",
        "ahead",
        "backing",
        "behind",
        "busted_qty",
        "cl_ord_id",
        "cum_notional",
        "cum_qty",
        "fee_raw",
        "fees",
        "hidden_qty",
        "instrument",
        "leaves_qty",
        "order_id",
        "order_list",
        "order_type",
        "place",
        "price",
        "proceeds",
        "qty",
        "reserved",
        "session",
        "side",
        "status",
        "terms",
        "time_in_force",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - the fields of an order; naming them costs time on every new order
        self,
        order_id: int,
        session: str,
        account: str,
        cl_ord_id: str,
        instrument: Instrument,
        side: Side,
        order_type: OrderType,
        time_in_force: TimeInForce,
        qty: Qty,
        price: Price,
        backing: Holding,
        proceeds: Holding,
    ) -> None:
        self.due_ns = 0
        self.order_id = order_id
        self.session = session
        self.account = account
        self.cl_ord_id = cl_ord_id
        self.instrument = instrument
        self.side = side
        self.order_type = order_type
        self.time_in_force = time_in_force
        self.qty = qty
        self.price = price
        self.backing = backing
        self.proceeds = proceeds
        self.leaves_qty = qty
        self.hidden_qty: Qty = 0
        """What of its leaves quantity the market does not see while it rests."""
        self.cum_qty: Qty = 0
        self.cum_notional: Amount = 0
        self.busted_qty: Qty = 0
        """What had been traded and was taken back by staff: it is neither filled nor open."""
        self.fee_raw: int = 0
        self.fees = instrument.fees
        """What it pays; others than the instrument's are set by who enters it."""
        self.reserved: Amount = 0
        self.status: OrderStatus = NEW
        self.terms: Terms | None = None
        self.place: Place = NOWHERE
        """Where it is, as long as it is open."""
        self.order_list: OrderList | None = None
        """The list that it is of."""
        self.ahead: Order | None = None
        self.behind: Order | None = None

    def due_key(self) -> DueKey:
        """Return its place among what is due at the same time: orders come first, the oldest before all."""
        return (0, self.order_id, "")

    def reserve_needed(self, leaves_qty: Qty, price: Price) -> Amount:
        """Return what the order must hold back to fill `leaves_qty` more at `price` or better, dearest fee included."""
        if self.side is SELL:
            return leaves_qty * self.instrument.base_per_lot
        notional = leaves_qty * price * self.instrument.notional_per_tick_lot
        fee_raw = self.fee_raw
        fee_raw_then = fee_raw + notional * self.fees.reserve_ppm
        return notional + (-fee_raw // FEE_SCALE) - (-fee_raw_then // FEE_SCALE)  # each rounded up, without calls


class OrderList:
    """Orders that depend on each other, open or finished, as they stood in the list. The rules: `engine.lists`."""

    __slots__ = ("account", "contingency", "is_old", "list_id", "orders", "session", "stage")

    def __init__(
        self,
        list_id: str,
        session: str,
        account: str,
        contingency: Contingency,
        stage: ListStage,
        orders: tuple[Order, ...],
    ) -> None:
        self.list_id = list_id
        self.session = session
        self.account = account
        self.contingency = contingency
        self.stage = stage
        self.orders = orders
        self.is_old = False
        """It was done when a trading day ended."""

    def find(self, order_id: int) -> Order | None:
        """Return the order of the list with this OrderID, None if there is none."""
        return next((order for order in self.orders if order.order_id == order_id), None)

    def partner(self, order: Order) -> Order | None:
        """Return the other order of a pair of which one only can trade, None if `order` is of none at the moment."""
        if self.stage is not ListStage.PAIRED:
            return None
        first, second = self.orders[-2:]
        return second if order is first else first if order is second else None

    def note_closed(self, order: Order, status: OrderStatus) -> None:
        """Take note that an order is closed: if it is what the others wait for, they may enter once it is filled."""
        if self.stage is ListStage.WAITING and status is OrderStatus.FILLED and order is self.orders[0]:
            self.stage = ListStage.RELEASED


def round_fee(fee_raw: int) -> Amount:
    """Return a fee in smallest units from millionths of them, rounded up: against the payer, and once per order."""
    return -(-fee_raw // FEE_SCALE)
