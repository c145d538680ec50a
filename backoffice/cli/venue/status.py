"""`fondaco venue status`: how trading stands."""

from typing import TYPE_CHECKING

import typer

from backoffice.cli.option_groups import grouped
from backoffice.cli.venue.request import Asking, venue_shown

if TYPE_CHECKING:
    from engine.overview import InstrumentShown

_HEAD = (
    "instrument",
    "phase",
    "last",
    "bid quantity",
    "bid",
    "ask",
    "ask quantity",
    "indicative",
    "index",
    "resting orders",
)


@grouped
def status(asking: Asking) -> None:
    """Show how trading stands: phase and prices of each instrument, and who is blocked."""
    from backoffice.cli.shown import fields_of, print_json, print_table, time_text

    shown = venue_shown(asking)
    rows = [_row(instrument) for instrument in shown.instruments]
    if asking.as_json:
        names = [name.replace(" ", "_") for name in _HEAD]
        print_json(
            {
                "sequence": shown.sequence,
                "time": time_text(shown.time_ns),
                "instruments": [dict(zip(names, (text or None for text in row), strict=True)) for row in rows],
                "blocks": [fields_of(block) for block in shown.blocks],
                "withdrawals_blocks": [fields_of(block) for block in shown.withdrawals_blocks],
            }
        )
        return
    print_table(_HEAD, [tuple(text or "–" for text in row) for row in rows], left=2)
    typer.echo()
    for block in shown.blocks:
        typer.echo(f"{block.scope.name.lower()} {block.name} is blocked, by {block.by}: {block.why}")
    for stop in shown.withdrawals_blocks:
        typer.echo(f"{stop.scope.name.lower()} {stop.name} is blocked for withdrawals, by {stop.by}: {stop.why}")
    typer.echo(f"After record {shown.sequence}, {time_text(shown.time_ns)}")


def _row(shown: "InstrumentShown") -> tuple[str, ...]:
    """Return what there is of an instrument as text, empty where there is nothing."""
    from backoffice.cli.shown import time_text
    from backoffice.cli.venue.figures import price_text, qty_text

    phase = shown.phase.name.lower().replace("_", "-")
    if shown.phase_ends_ns:
        phase += f" until {time_text(shown.phase_ends_ns)[11:19]}"
    indicated = ""
    if shown.indicative_price:
        indicated = f"{qty_text(shown, shown.indicative_qty)} at {price_text(shown, shown.indicative_price)}"
    return (
        shown.symbol,
        phase,
        price_text(shown, shown.last_price) if shown.last_price else "",
        qty_text(shown, shown.bid_qty) if shown.bid_qty else "",
        price_text(shown, shown.bid_price) if shown.bid_price else "",
        price_text(shown, shown.ask_price) if shown.ask_price else "",
        qty_text(shown, shown.ask_qty) if shown.ask_qty else "",
        indicated,
        price_text(shown, shown.index_price) if shown.index_price else "",
        str(shown.resting_orders),
    )
