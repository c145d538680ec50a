"""`fondaco venue trade`, `bust`, `correct`: a trade as it stands, undone, or given another price or quantity."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.option_groups import grouped
from backoffice.cli.venue.request import Asked, Asking, command, instrument_shown

if TYPE_CHECKING:
    from engine.events import AnyEvent
    from engine.overview import InstrumentShown, TradeShown

TradeArgument = Annotated[
    str,
    typer.Argument(
        metavar="TRADE-ID", help="The trade: TradeID(1003), or ExecID(17) of either fill.", show_default=False
    ),
]
PriceOption = Annotated[
    str, typer.Option("--price", metavar="PRICE", help="The price it should have.", show_default="as it is")
]
QtyOption = Annotated[
    str, typer.Option("--qty", metavar="QUANTITY", help="The quantity it should have.", show_default="as it is")
]


@grouped
def trade(trade_id: TradeArgument, asking: Asking) -> None:
    """Show a trade, one of the latest 100,000: both sides, and what has become of it."""
    from backoffice.cli.shown import fields_of, print_json

    shown = _trade_shown(asking, trade_id)
    if asking.as_json:
        print_json({"trade": fields_of(shown.trade), "price": shown.price, "qty": shown.qty})
        return
    instrument = instrument_shown(asking, shown.trade.symbol)
    for line in _described(instrument, shown):
        typer.echo(line)


@grouped
def bust(trade_id: TradeArgument, asked: Asked) -> None:
    """Undo a trade: what was paid and received goes back, fees included. No order comes back to the book."""
    from engine.commands import BustTrade

    shown = _trade_shown(asked, trade_id)
    instrument = instrument_shown(asked, shown.trade.symbol)
    request = BustTrade(shown.trade.trade_id, asked.who, asked.why)
    command(asked, request, lambda events: _told(instrument, events))


@grouped
def correct(
    trade_id: TradeArgument,
    asked: Asked,
    price: PriceOption = "",
    qty: QtyOption = "",
) -> None:
    """Give a trade another price or a smaller quantity, as if it had been made so; the difference is paid and given."""
    from backoffice.cli.failure import CommandFailed
    from backoffice.cli.venue.figures import lots, ticks
    from engine.commands import CorrectTrade
    from engine.errors import DecimalError

    if not (price or qty):
        raise typer.BadParameter("give the price or the quantity that the trade should have", param_hint="--price")
    shown = _trade_shown(asked, trade_id)
    instrument = instrument_shown(asked, shown.trade.symbol)
    try:
        amended = ticks(instrument, price) if price else shown.price, lots(instrument, qty) if qty else shown.qty
    except DecimalError as error:
        raise CommandFailed(str(error)) from error
    request = CorrectTrade(shown.trade.trade_id, *amended, asked.who, asked.why)
    command(asked, request, lambda events: _told(instrument, events))


def _trade_shown(asking: Asking, text: str) -> "TradeShown":
    """Return a trade that is named `45`, or by the ExecID of one of its fills, `T45-0` or `T45-1`."""
    from engine.overview import ShowTrade, TradeShown

    number = text.removeprefix("T").partition("-")[0]
    if not (number.isascii() and number.isdigit() and len(number) < len(str(2**63))):
        raise typer.BadParameter(f"{text} is no trade: write its TradeID, as 45, or a fill's ExecID, as T45-0")
    return asking.ask(ShowTrade(int(number)), TradeShown)


def _described(instrument: "InstrumentShown", shown: "TradeShown") -> list[str]:
    from backoffice.cli.venue.figures import price_text, qty_text
    from engine.values import BUY

    made = shown.trade
    sides = ("buys", "sells") if made.taker_side is BUY else ("sells", "buys")
    lines = [
        f"trade {made.trade_id}: {qty_text(instrument, made.qty)} {made.symbol} at {price_text(instrument, made.price)}"
    ]
    for role, side, account, session, cl_ord_id, order_id in (
        ("taker", sides[0], made.taker_account, made.taker_session, made.taker_cl_ord_id, made.taker_order_id),
        ("maker", sides[1], made.maker_account, made.maker_session, made.maker_cl_ord_id, made.maker_order_id),
    ):
        lines.append(f"  {role} {account} {side}: order {order_id}, ClOrdID {cl_ord_id} of session {session}")
    if not shown.qty:
        lines.append("  it was busted")
    elif (shown.price, shown.qty) != (made.price, made.qty):
        now = f"{qty_text(instrument, shown.qty)} at {price_text(instrument, shown.price)}"
        lines.append(f"  it was corrected: {now}")
    return lines


def _told(instrument: "InstrumentShown", events: "Sequence[AnyEvent]") -> list[str]:
    from backoffice.cli.venue.figures import price_text, qty_text
    from engine.events import TradeAmended

    lines = []
    for event in events:
        if isinstance(event, TradeAmended):
            before = f"{qty_text(instrument, event.previous_qty)} at {price_text(instrument, event.previous_price)}"
            now = f"{qty_text(instrument, event.qty)} at {price_text(instrument, event.price)}"
            what = f"is busted: {before}" if not event.qty else f"is corrected to {now}; it was {before}"
            lines.append(f"trade {event.trade_id} in {event.symbol} {what}")
            lines.append(f"  {event.maker_account} (maker) and {event.taker_account} (taker) are told over FIX")
    return lines
