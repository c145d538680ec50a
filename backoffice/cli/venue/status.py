"""`fondaco venue status`: how trading stands."""

from typing import TYPE_CHECKING

import typer

from backoffice.cli.venue.request import ConfigOption, DataOption, JsonOption

if TYPE_CHECKING:
    from engine.overview import InstrumentShown


def status(config: ConfigOption, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show how trading stands: phase and prices of each instrument."""
    from backoffice.cli.shown import print_json, print_table, time_text
    from backoffice.cli.venue.request import venue_shown

    shown = venue_shown(config, data)
    rows = [_row(instrument) for instrument in shown.instruments]
    if as_json:
        names = [name.replace(" ", "_") for name in _HEAD]
        print_json(
            {
                "sequence": shown.sequence,
                "time": time_text(shown.time_ns),
                "instruments": [dict(zip(names, (text or None for text in row), strict=True)) for row in rows],
            }
        )
        return
    print_table(_HEAD, [tuple(text or "–" for text in row) for row in rows], left=2)
    typer.echo(f"\nAfter record {shown.sequence}, {time_text(shown.time_ns)}")


_HEAD = ("instrument", "phase", "last", "bid quantity", "bid", "ask", "ask quantity", "index", "resting orders")


def _row(shown: "InstrumentShown") -> tuple[str, ...]:
    """Return what there is of an instrument as text, empty where there is nothing."""
    from engine.decimals import format_decimal

    def price(ticks: int) -> str:
        return format_decimal(ticks * shown.price_increment, shown.price_decimals) if ticks else ""

    def qty(lots: int) -> str:
        return format_decimal(lots * shown.qty_increment, shown.qty_decimals) if lots else ""

    return (
        shown.symbol,
        shown.phase.name.lower().replace("_", "-"),
        price(shown.last_price),
        qty(shown.bid_qty),
        price(shown.bid_price),
        price(shown.ask_price),
        qty(shown.ask_qty),
        price(shown.index_price),
        str(shown.resting_orders),
    )
