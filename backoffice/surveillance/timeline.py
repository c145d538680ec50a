"""The timeline of an alert: what became of the orders that it was seen by, step by step, each with its record.

An alert that names orders is told by these. One that is about numbers alone is told by what its account, the accounts
of its firm, or its session, entered and traded in the instrument in that time.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.projector.tables import Execution, OrderRow, TradeRow, VenueAccount
from backoffice.reports.orders import Record
from backoffice.surveillance.order_to_trade import OF_A_SESSION
from backoffice.surveillance.reading import first_record, numbers_of
from backoffice.surveillance.rows import Window
from backoffice.surveillance.tables import Alert
from backoffice.times import MINUTE_NS, SECOND_NS

MARGIN_NS: Final = 10 * MINUTE_NS
"""How much longer than an alert was judged by steps are shown, before and after."""
ORDERS_MAX: Final = 500
_ONE_ORDER: Final = frozenset({"order", "maker_order", "taker_order"})
_ORDERS: Final = "orders"


async def timeline(session: AsyncSession, alert: Alert, count: int) -> list[Record]:
    """Return the first `count` steps, in the order in which they happened."""
    ids = sorted(set(orders_in(alert.evidence))) or await _orders_about(session, alert)
    shown = window_of(alert)
    first, end = await first_record(session, shown.from_ns), await first_record(session, shown.until_ns)
    query = (
        select(OrderRow, Execution)
        .join(Execution, Execution.order_id == OrderRow.order_id)
        .where(OrderRow.order_id.in_(ids[:ORDERS_MAX]), Execution.sequence >= first, Execution.sequence < end)
        .order_by(Execution.sequence, Execution.number, Execution.order_id)
        .limit(count)
    )
    return [Record(order, execution) for order, execution in await session.execute(query)]


def window_of(alert: Alert) -> Window:
    """Return the time of which steps are shown.

    Patterns may begin before the alert's hour and end after it, by as much as the thresholds let them.
    """
    seconds = sum(value for name, value in alert.evidence["thresholds"].items() if name.endswith("_s"))
    around_ns = seconds * SECOND_NS + MARGIN_NS
    return Window(alert.from_ns - around_ns, alert.until_ns + around_ns)


def orders_in(evidence: Any) -> Iterator[int]:  # noqa: ANN401 - JSON
    """Yield the orders that evidence names, wherever in it."""
    if isinstance(evidence, list):
        for each in evidence:
            yield from orders_in(each)
    elif isinstance(evidence, dict):
        for name, value in evidence.items():
            if name in _ONE_ORDER:
                yield value
            elif name == _ORDERS and isinstance(value, list):
                yield from value
            else:
                yield from orders_in(value)


async def _orders_about(session: AsyncSession, alert: Alert) -> Sequence[int]:
    window = Window(alert.from_ns, alert.until_ns)
    is_of_a_session = alert.detector == OF_A_SESSION
    whose = or_(VenueAccount.account == alert.subject, VenueAccount.firm == alert.subject)
    accounts = list(await session.scalars(select(VenueAccount.account).where(whose)))
    by_session = OrderRow.session == alert.subject
    first, end = await numbers_of(session, OrderRow.order_id, OrderRow.entered_ns, window)
    entered = select(OrderRow.order_id).where(
        by_session if is_of_a_session else OrderRow.account.in_(accounts),
        OrderRow.symbol == alert.symbol,
        OrderRow.order_id >= first,
        OrderRow.order_id < end,
    )
    found = set(await session.scalars(entered.order_by(OrderRow.order_id).limit(ORDERS_MAX)))
    first, end = await numbers_of(session, TradeRow.trade_id, TradeRow.time_ns, window)
    for account, order_id in (
        (TradeRow.maker_account, TradeRow.maker_order_id),
        (TradeRow.taker_account, TradeRow.taker_order_id),
    ):
        traded = select(order_id).where(
            TradeRow.symbol == alert.symbol, TradeRow.trade_id >= first, TradeRow.trade_id < end
        )
        if is_of_a_session:
            traded = traded.join(OrderRow, OrderRow.order_id == order_id).where(by_session)
        else:
            traded = traded.where(account.in_(accounts))
        found |= set(await session.scalars(traded.order_by(TradeRow.trade_id).limit(ORDERS_MAX)))
    return sorted(found)
