"""`fondaco venue status`: how trading stands."""

from typing import TYPE_CHECKING

import typer

from backoffice.cli.option_groups import grouped
from backoffice.cli.venue.request import Asking, venue_shown
from backoffice.naming import word_of

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
    from backoffice.cli.shown import fields_of, print_json, time_text
    from backoffice.cli.tables import Form, named, show_table

    shown = venue_shown(asking)
    rows = [_row(instrument) for instrument in shown.instruments]
    if asking.as_json:
        print_json(
            {
                "sequence": shown.sequence,
                "time": time_text(shown.time_ns),
                "instruments": [named(_HEAD, row) for row in rows],
                "blocks": [fields_of(block) for block in shown.blocks],
                "withdrawals_blocks": [fields_of(block) for block in shown.withdrawals_blocks],
            }
        )
        return
    show_table(_HEAD, rows, Form.PEOPLE)
    typer.echo()
    for block in shown.blocks:
        typer.echo(f"{block.scope.name.lower()} {block.name} is blocked, by {block.by}: {block.why}")
    for stop in shown.withdrawals_blocks:
        typer.echo(f"{stop.scope.name.lower()} {stop.name} is blocked for withdrawals, by {stop.by}: {stop.why}")
    typer.echo(f"After record {shown.sequence}, {time_text(shown.time_ns)}")


def _row(shown: "InstrumentShown") -> tuple[str | None, ...]:
    """Return what there is of an instrument as text, None where there is nothing."""
    from backoffice.cli.shown import time_text
    from backoffice.cli.venue.figures import price_text, qty_text

    phase = word_of(shown.phase)
    if shown.phase_ends_ns:
        phase += f" until {time_text(shown.phase_ends_ns)[11:19]}"
    indicated = None
    if shown.indicative_price:
        indicated = f"{qty_text(shown, shown.indicative_qty)} at {price_text(shown, shown.indicative_price)}"
    return (
        shown.symbol,
        phase,
        price_text(shown, shown.last_price) if shown.last_price else None,
        qty_text(shown, shown.bid_qty) if shown.bid_qty else None,
        price_text(shown, shown.bid_price) if shown.bid_price else None,
        price_text(shown, shown.ask_price) if shown.ask_price else None,
        qty_text(shown, shown.ask_qty) if shown.ask_qty else None,
        indicated,
        price_text(shown, shown.index_price) if shown.index_price else None,
        str(shown.resting_orders),
    )
