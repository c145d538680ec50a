"""`fondaco report`: what there is to know of the venue, for people, or as JSON or CSV for programs."""

import typer

from backoffice.cli.report import (
    breaks,
    figures,
    holdings,
    market_quality,
    people,
    positions,
    rails,
    statement,
    trading,
)

app = typer.Typer(
    help="What there is to know of the venue, at any moment of its past where that makes sense.", no_args_is_help=True
)
app.command("trades")(trading.trades)
app.command("orders")(trading.orders)
app.command("order")(trading.order)
app.command("executions")(trading.executions)
app.command("instruments")(positions.instruments)
app.command("balances")(holdings.balances)
app.command("positions")(positions.positions)
app.command("exposure")(positions.exposure)
app.command("volume")(figures.volume)
app.command("fees")(figures.fees)
app.command("minimums")(figures.minimums)
app.command("market-quality")(market_quality.market_quality)
app.command("sessions")(figures.sessions)
app.command("rejects")(figures.rejects)
app.command("pipeline")(people.pipeline)
app.command("expiring")(people.expiring)
app.command("hits")(people.hits)
app.command("payments")(people.payments)
app.command("rails")(rails.rails)
app.command("breaks")(breaks.breaks)
app.command("statement")(statement.statement)
