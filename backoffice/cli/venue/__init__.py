"""`fondaco venue`: what staff see of a running venue, and command of it."""

import typer

from backoffice.cli.venue import fees, guards, market, self_trade, status, trades

app = typer.Typer(
    help="See how a running venue stands, and command it. Each command is on record with who asked for it and why; "
    "where the back office has staff, it needs the role operations, and is in the audit trail too; limits and fees of "
    "clients, and their suspensions, are then for two people: `fondaco access`, `fees`, `client`.",
    no_args_is_help=True,
)
app.command("status")(status.status)
app.command("phase")(market.phase)
app.command("halt")(market.halt)
app.command("resume")(market.resume)
app.command("index")(market.index)
app.command("block")(guards.block)
app.command("unblock")(guards.unblock)
app.command("block-withdrawals")(guards.block_withdrawals)
app.command("unblock-withdrawals")(guards.unblock_withdrawals)
app.command("limits")(guards.limits)
app.command("fees")(fees.fees)
app.command("self-trade")(self_trade.self_trade)
app.command("trade")(trades.trade)
app.command("bust")(trades.bust)
app.command("correct")(trades.correct)
