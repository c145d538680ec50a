"""`fondaco access` and `fondaco fees`: what a client's firm may do at the venue, through whom, and what it pays."""

import typer

from backoffice.cli.access import fees, limiting, listing, sessions, tree

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
    help="Fee schedules, by volume and from a date on; and who trades by which.", no_args_is_help=True
)
fees_app.command("schedule")(fees.schedule)
fees_app.command("assign")(fees.assign)
fees_app.command("list")(fees.list_fees)
