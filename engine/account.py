"""A cash account: what it holds, what its open orders reserve, and which ClOrdIDs it has used."""

from engine.fee_rates import FeeRates
from engine.guard import Guard
from engine.holding import Holding
from engine.order import Order, OrderList
from engine.values import ListStage


class Account:
    """A cash account. Promises: no holding is ever negative; `reserved` is the sum over its open orders."""

    __slots__ = (
        "account",
        "cl_ord_ids",
        "earlier_cl_ord_ids",
        "fees",
        "firm",
        "firm_guard",
        "guard",
        "holdings",
        "lists",
        "orders",
    )

    def __init__(self, account: str, firm: str, firm_guard: Guard) -> None:
        self.account = account
        self.firm = firm
        """Whose account it is; limits and self-trade prevention may look at all accounts of a firm."""
        self.guard = Guard()
        self.firm_guard = firm_guard
        """The one that all accounts of the firm have."""
        self.fees: dict[str, FeeRates] = {}
        """By instrument, the rates that a schedule gives it; kept by `engine.fee_schedules`."""
        self.holdings: dict[str, Holding] = {}
        """One for every asset of the venue."""
        self.orders: dict[int, Order] = {}
        """Open orders by OrderID, oldest first."""
        self.lists: dict[str, OrderList] = {}
        """Lists of orders by ListID: those with open orders, and those done today or on the trading day before."""
        self.cl_ord_ids: dict[str, int] = {}
        """ClOrdIDs accepted on this trading day, with the OrderID they belong to."""
        self.earlier_cl_ord_ids: dict[str, int] = {}
        """Those of the trading day before, and those that older open orders go by."""

    def order_id_of(self, cl_ord_id: str) -> int:
        """Return the OrderID that a ClOrdID belongs to, 0 if the id was never accepted here or is forgotten."""
        return self.cl_ord_ids.get(cl_ord_id) or self.earlier_cl_ord_ids.get(cl_ord_id, 0)

    def forget_old_ids(self) -> None:
        """Begin a new trading day: an id is kept for the day after its own, and while an open order goes by it."""
        self.lists = {list_id: known for list_id, known in self.lists.items() if not known.is_old}
        for known in self.lists.values():
            known.is_old = known.stage is ListStage.DONE
        kept = {}
        for cl_ord_id, order_id in self.earlier_cl_ord_ids.items():
            order = self.orders.get(order_id)
            if order is not None and order.cl_ord_id == cl_ord_id:
                kept[cl_ord_id] = order_id
        kept.update(self.cl_ord_ids)
        self.earlier_cl_ord_ids = kept
        self.cl_ord_ids = {}
