"""`fondaco report trades`, `orders`, `executions`, `order`: what was traded and ordered, and what became of it."""

from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.numbers import ID_MAX, CountOption
from backoffice.cli.option_groups import grouped
from backoffice.cli.report.options import (
    EveryOption,
    LookingBack,
    When,
    Whose,
    record_of,
    scope_of,
)
from backoffice.cli.report.printing import Row, show_pages
from backoffice.cli.tables import Cell, Form, Moment

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.projector.tables import Execution, OrderRow
    from backoffice.reports.blotter import Blotted
    from backoffice.reports.market import Market
    from backoffice.reports.orders import Standing, Step

TRADES = (
    *("trade", "record", "time", "symbol", "price", "quantity", "notional", "asset"),
    *("taker", "side", "taker fee", "taker order", "maker", "maker fee", "maker order", "corrections"),
)
_TRADES_FOR_PEOPLE = (
    *("trade", "record", "time", "symbol", "price", "quantity", "notional"),
    *("taker", "side", "taker fee", "maker", "maker fee", "corrections"),
)
ORDERS = (
    *("order", "entered", "account", "session", "ClOrdID", "symbol", "side", "type", "in force"),
    *("quantity", "price", "filled", "average price", "left", "status", "changed", "record", "terms"),
)
_ORDERS_FOR_PEOPLE = (
    *("order", "entered", "account", "ClOrdID", "symbol", "side", "type", "in force"),
    *("quantity", "price", "filled", "average price", "left", "status", "record"),
)
EXECUTIONS = (
    *("order", "record", "time", "account", "session", "symbol", "side", "type", "what", "ClOrdID"),
    *("quantity", "price", "left", "filled", "status", "trade", "why"),
)
LIFE = (
    *("record", "time", "what", "ClOrdID", "quantity", "price", "left", "filled", "status"),
    *("trade", "trade quantity", "trade price", "against", "fee", "why"),
)


@grouped
def trades(
    *,
    whose: Whose,
    when: When,
    count: CountOption = 100,
    every: EveryOption = False,
    looking: LookingBack,
) -> None:
    """List trades with both their sides, their fees, and how staff have corrected them; the newest last."""
    is_for_people = looking.form is Form.PEOPLE

    async def pages(_desk: "Office", session: "AsyncSession") -> AsyncGenerator[Sequence[Row]]:
        from backoffice.reports import blotter
        from backoffice.reports.market import market_of

        scope = scope_of(whose, when, await record_of(session, looking.as_of))
        market = await market_of(session)
        async for page in blotter.trades(session, scope, None if every else count):
            yield [_trade(each, market, is_for_people=is_for_people) for each in page]

    show_pages(looking, _TRADES_FOR_PEOPLE if is_for_people else TRADES, pages, last=None if every else count)


@grouped
def orders(
    *,
    whose: Whose,
    when: When,
    is_open: Annotated[bool, typer.Option("--open", help="Open ones only.")] = False,
    count: CountOption = 100,
    every: EveryOption = False,
    looking: LookingBack,
) -> None:
    """List orders and how they stand, or stood; the one that was entered last at the end.

    Times are those at which they were entered.
    """
    is_for_people = looking.form is Form.PEOPLE

    async def pages(_desk: "Office", session: "AsyncSession") -> AsyncGenerator[Sequence[Row]]:
        from backoffice.reports import orders as of_orders
        from backoffice.reports.market import market_of

        market, scope = await market_of(session), scope_of(whose, when, await record_of(session, looking.as_of))
        async for page in of_orders.orders(session, scope, None if every else count, is_open=is_open):
            yield [_order(each, market, is_for_people=is_for_people) for each in page]

    show_pages(looking, _ORDERS_FOR_PEOPLE if is_for_people else ORDERS, pages, last=None if every else count)


@grouped
def executions(
    *,
    whose: Whose,
    when: When,
    count: CountOption = 20,
    every: EveryOption = False,
    looking: LookingBack,
) -> None:
    """List every report on orders, order by order: what was asked for, and each step of what became of it.

    --count, --from and --until say of which orders, by when they were entered.
    """

    async def pages(_desk: "Office", session: "AsyncSession") -> AsyncGenerator[Sequence[Row]]:
        from backoffice.reports import orders as of_orders
        from backoffice.reports.market import market_of

        market, scope = await market_of(session), scope_of(whose, when, await record_of(session, looking.as_of))
        async for page in of_orders.records(session, scope, None if every else count):
            yield [execution_row(each.order, each.execution, market) for each in page]

    show_pages(looking, EXECUTIONS, pages, last=None if every else count)


@grouped
def order(
    number: Annotated[int, typer.Argument(metavar="ORDER", min=1, max=ID_MAX, help="Its OrderID.", show_default=False)],
    looking: LookingBack,
) -> None:
    """Show the life of one order: each report on it, with the trades, who was against it, and its fees."""
    heading: dict[str, Cell] = {}

    async def pages(_desk: "Office", session: "AsyncSession") -> AsyncGenerator[Sequence[Row]]:
        from backoffice.reports.market import market_of
        from backoffice.reports.orders import life_of

        market = await market_of(session)
        found, life = await life_of(session, number, await record_of(session, looking.as_of))
        heading.update(
            order=found.order_id,
            account=found.account,
            session=found.session,
            instrument=found.symbol,
            side=_side(found.side),
            type=_order_type(found.order_type),
            terms=found.terms,
        )
        if looking.form is Form.PEOPLE:
            for name, cell in heading.items():
                typer.echo(f"{name:<12}{cell or '–'}")
            typer.echo("")
        yield [_step(step, found, market) for step in life]

    show_pages(looking, LIFE, pages)


def _trade(blotted: "Blotted", market: "Market", *, is_for_people: bool) -> Row:
    trade, symbol = blotted.trade, blotted.trade.symbol
    front = (
        f"T{trade.trade_id}",
        trade.sequence,
        Moment(trade.time_ns),
        symbol,
        market.price(symbol, blotted.price),
        market.qty(symbol, blotted.qty),
        market.notional(symbol, blotted.notional),
    )
    taker_fee, maker_fee = (market.notional(symbol, fee) for fee in (blotted.taker_fee, blotted.maker_fee))
    taker, maker, side = trade.taker_account, trade.maker_account, _side(trade.taker_side)
    corrections = _corrections(blotted, market)
    if is_for_people:
        return (*front, taker, side, taker_fee, maker, maker_fee, corrections)
    of_taker = (market.instruments[symbol].quote, taker, side, taker_fee, trade.taker_order_id)
    return (*front, *of_taker, maker, maker_fee, trade.maker_order_id, corrections)


def _corrections(blotted: "Blotted", market: "Market") -> str:
    symbol = blotted.trade.symbol
    said = []
    for each in blotted.amendments:
        was = f"{market.qty(symbol, each.previous_qty)} at {market.price(symbol, each.previous_price)}"
        what = "corrected" if each.qty else "busted"
        said.append(f"was {was}; {what} by {each.by}, record {each.sequence}: {each.why}")
    return "; ".join(said)


def _order(standing: "Standing", market: "Market", *, is_for_people: bool) -> Row:
    row = standing.order
    symbol = row.symbol
    head = (row.order_id, Moment(row.entered_ns), row.account)
    terms = (symbol, _side(row.side), _order_type(row.order_type), _in_force(row.time_in_force))
    state = (
        market.qty(symbol, standing.qty),
        market.price(symbol, standing.price) if standing.price else None,
        market.qty(symbol, standing.cum_qty),
        market.average_price(symbol, standing.cum_notional, standing.cum_qty),
        market.qty(symbol, standing.leaves_qty),
        _status(standing.status),
    )
    if is_for_people:
        return (*head, standing.cl_ord_id, *terms, *state, standing.sequence)
    changed = (Moment(standing.time_ns), standing.sequence)
    return (*head, row.session, standing.cl_ord_id, *terms, *state, *changed, row.terms)


def execution_row(order: "OrderRow", execution: "Execution", market: "Market") -> Row:
    """Return a step in the life of an order in the columns of `EXECUTIONS`."""
    record, time, *report = _report(execution, order.symbol, market)
    whose = (order.account, order.session, order.symbol, _side(order.side), _order_type(order.order_type))
    trade = f"T{execution.trade_id}" if execution.trade_id else None
    return (order.order_id, record, time, *whose, *report, trade, _why(execution))


def _step(step: "Step", order: "OrderRow", market: "Market") -> Row:
    execution, symbol = step.execution, order.symbol
    front, why = _report(execution, symbol, market), _why(execution)
    if step.trade is None:
        return (*front, None, None, None, None, None, why)
    trade = step.trade.trade
    is_maker = trade.maker_order_id == order.order_id
    return (
        *front,
        f"T{trade.trade_id}",
        market.qty(symbol, step.trade.qty),
        market.price(symbol, step.trade.price),
        trade.taker_account if is_maker else trade.maker_account,
        market.notional(symbol, step.trade.maker_fee if is_maker else step.trade.taker_fee),
        why,
    )


def _report(execution: "Execution", symbol: str, market: "Market") -> Row:
    return (
        execution.sequence,
        Moment(execution.time_ns),
        _EXEC_TYPES.get(execution.exec_type, execution.exec_type),
        execution.cl_ord_id,
        market.qty(symbol, execution.qty),
        market.price(symbol, execution.price) if execution.price else None,
        market.qty(symbol, execution.leaves_qty),
        market.qty(symbol, execution.cum_qty),
        _status(execution.status),
    )


def _why(execution: "Execution") -> str | None:
    from engine.values import CancelReason

    return _word(CancelReason(execution.reason).name) if execution.reason else None


_EXEC_TYPES = {
    "0": "accepted",
    "F": "fill",
    "4": "cancelled",
    "C": "expired",
    "5": "replaced",
    "L": "triggered",
    "D": "restated",
    "G": "trade corrected",
    "H": "trade busted",
}


def _side(side: int) -> str:
    from engine.values import Side

    return "buys" if side == Side.BUY else "sells"


def _order_type(order_type: int) -> str:
    from engine.values import OrderType

    return _word(OrderType(order_type).name)


def _in_force(time_in_force: int) -> str:
    from engine.values import TimeInForce

    return _word(TimeInForce(time_in_force).name)


def _status(status: int) -> str:
    from engine.values import OrderStatus

    return "cancelled" if status == OrderStatus.CANCELED else _word(OrderStatus(status).name)


def _word(name: str) -> str:
    return name.lower().replace("_", " ")
