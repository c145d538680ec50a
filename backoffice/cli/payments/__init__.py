"""`fondaco deposit`, `withdrawal`, `destination` and `sandbox`: money that comes in and goes out."""

import typer

from backoffice.cli.payments import deposit, destination, sandbox, withdrawal

deposits = typer.Typer(
    help="Money that comes in: where to, how it stands, what waits for people.", no_args_is_help=True
)
deposits.command("address")(deposit.address)
deposits.command("list")(deposit.list_deposits)
deposits.command("show")(deposit.show)
deposits.command("assign")(deposit.assign)
deposits.command("originator")(deposit.originator)
deposits.command("release")(deposit.release)
deposits.command("send-back")(deposit.send_back)
deposits.command("went-back")(deposit.went_back)
deposits.command("debit")(deposit.debit)

destinations = typer.Typer(help="Where accounts may withdraw to: each approved, and cooled.", no_args_is_help=True)
destinations.command("add")(destination.add)
destinations.command("holder")(destination.holder)
destinations.command("list")(destination.list_destinations)
destinations.command("change")(destination.change)
destinations.command("remove")(destination.remove)

withdrawals = typer.Typer(help="Money that goes out: asked for, approved, sent, settled.", no_args_is_help=True)
withdrawals.command("request")(withdrawal.request)
withdrawals.command("list")(withdrawal.list_withdrawals)
withdrawals.command("show")(withdrawal.show)
withdrawals.command("cancel")(withdrawal.cancel)
withdrawals.command("resolve")(withdrawal.resolve)

sandboxes = typer.Typer(
    help="The sandbox rail, which is no real one: let money come in, and things go wrong.", no_args_is_help=True
)
sandboxes.command("deposit")(sandbox.deposit)
sandboxes.command("pay")(sandbox.pay)
sandboxes.command("lose")(sandbox.lose)
sandboxes.command("take-back")(sandbox.take_back)
sandboxes.command("fault")(sandbox.fault)
sandboxes.command("show")(sandbox.show)
