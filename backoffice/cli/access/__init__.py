"""`fondaco access`, `fees`, `invoice`: what a client's firm may do at the venue, through whom, and what it pays."""

import typer

from backoffice.cli.access import fees, invoices, limiting, listing, sessions, tree

app = typer.Typer(
    help="What clients may do here: desks, traders, accounts, sessions, limits. Two people open each.",
    no_args_is_help=True,
)
app.command("list")(listing.list_access)
app.command("desk")(tree.desk)
app.command("trader")(tree.trader)
app.command("account")(tree.account)
app.command("limits")(limiting.limits)
app.command("allowed")(limiting.allowed)
app.command("session")(sessions.session)
app.command("rekey")(sessions.rekey)
app.command("suspend")(sessions.suspend)
app.command("resume")(sessions.resume)
app.command("remove")(sessions.remove)
app.command("certify")(sessions.certify)

fees_app = typer.Typer(
    help="Fee schedules, by volume and from a date on; who trades by which; what is missing to minimums.",
    no_args_is_help=True,
)
fees_app.command("schedule")(fees.schedule)
fees_app.command("assign")(fees.assign)
fees_app.command("list")(fees.list_fees)
fees_app.command("invoice")(invoices.invoice)
fees_app.command("invoices")(invoices.list_invoices)

invoice_app = typer.Typer(
    help="What firms owe beyond the fees of their trades: charged to their accounts, or waived. Two people each.",
    no_args_is_help=True,
)
invoice_app.command("show")(invoices.show)
invoice_app.command("charge")(invoices.charge)
invoice_app.command("waive")(invoices.waive)
