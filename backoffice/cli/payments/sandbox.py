"""`fondaco sandbox`: what is done to the sandbox rail from outside. No real money moves here, ever."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.choices import choice
from backoffice.cli.payments.amounts import amount_of, decimals_of, shown
from backoffice.cli.tables import JsonOption
from backoffice.cli.venue.request import ConfigOption, DataOption

if TYPE_CHECKING:
    from backoffice.payments.sandbox import SandboxRail
    from config.settings import Settings


def deposit(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Where to.", show_default=False)],
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="How much.", show_default=False)],
    asset: Annotated[str, typer.Argument(metavar="ASSET", help="Of what.", show_default=False)],
    config: ConfigOption,
    sender: Annotated[str, typer.Option("--from", metavar="NAME", help="Who sends it.")] = "",
    returns: Annotated[
        str, typer.Option("--returns", metavar="WITHDRAWAL", help="Which payout comes back with it, as in W-1.")
    ] = "",
    data: DataOption = None,
) -> None:
    """Let money come in over the sandbox rail, and print the reference it has there."""
    settings, rail = _rail(config, data)
    smallest = amount_of(amount, asset, decimals_of(settings))
    typer.echo(rail.deposit(address, asset, smallest, sender, returns=returns))


def pay(
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="How much.", show_default=False)],
    asset: Annotated[str, typer.Argument(metavar="ASSET", help="Of what.", show_default=False)],
    config: ConfigOption,
    data: DataOption = None,
) -> None:
    """Let money go out by hand, as to send a deposit back, and print the reference that it has on the rail."""
    settings, rail = _rail(config, data)
    typer.echo(rail.pay_by_hand(asset, amount_of(amount, asset, decimals_of(settings))))


def lose(
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="How much.", show_default=False)],
    asset: Annotated[str, typer.Argument(metavar="ASSET", help="Of what.", show_default=False)],
    config: ConfigOption,
    data: DataOption = None,
) -> None:
    """Let the sandbox rail have less than it has booked, as after a theft: the next reconciliation finds it."""
    settings, rail = _rail(config, data)
    rail.lose(asset, amount_of(amount, asset, decimals_of(settings)))
    typer.echo(f"{amount} {asset} are gone")


def take_back(
    reference: Annotated[
        str, typer.Argument(metavar="REFERENCE", help="Which one, as in S-1 or W-1.", show_default=False)
    ],
    config: ConfigOption,
    again: Annotated[bool, typer.Option("--again", help="Let it be there again.")] = False,
    data: DataOption = None,
) -> None:
    """Let a deposit, or a payout, of the sandbox rail be gone, as after a reorganisation of a chain."""
    _, rail = _rail(config, data)
    take = rail.take_back_payout if reference.startswith("W-") else rail.take_back
    take(reference, is_gone=not again)
    typer.echo(f"{reference} is {'there again' if again else 'gone'}")


def fault(
    name: Annotated[
        str,
        typer.Argument(
            metavar="FAULT",
            help="refuse, fail, silence, loss, repeat, delay, stuck, amount, double.",
            show_default=False,
        ),
    ],
    config: ConfigOption,
    times: Annotated[int, typer.Option("--times", min=0, max=1_000_000, help="How many times; 0 ends it.")] = 1,
    data: DataOption = None,
) -> None:
    """Let something go wrong on the sandbox rail.

    *refuse*: it takes no payout, and says so. *fail*: it takes one, and fails it later. *silence*: it takes one, and
    never answers. *loss*: it never hears of one. *repeat*: it tells of all that came in again, twice. *delay*: so many
    looks until something is booked. *stuck*: it pays only once the payout was renewed, as where a fee is too low.
    *amount*: it pays a smallest unit less. *double*: it pays twice.
    """
    from backoffice.payments.sandbox import Fault

    _, rail = _rail(config, data)
    rail.switch(choice("fault", name, Fault), times)
    typer.echo(f"{name}: {_times(times)}" if times else f"{name}: no more")


def show(config: ConfigOption, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show what the sandbox rail was asked to pay, how often each was handed over, and what will go wrong on it.

    Where it has paid otherwise than asked, `fondaco report breaks` says so.
    """
    from backoffice.cli.tables import Form, form_of, show_table

    settings, rail = _rail(config, data)
    form = form_of(as_json=as_json)
    decimals = decimals_of(settings)
    rows = [
        (each.reference, each.address, each.asset, shown(each.amount, each.asset, decimals), each.state, each.times)
        for each in rail.payouts()
    ]
    show_table(("payout", "to", "asset", "asked", "state", "handed over"), rows, form)
    if form is Form.PEOPLE:
        for name, left in rail.faults().items():
            typer.echo(f"{name}: {_times(left)}")


def _times(times: int) -> str:
    return "the next time" if times == 1 else f"the next {times:,} times"


def _rail(config: Path, data: Path | None) -> "tuple[Settings, SandboxRail]":
    from backoffice.cli.failure import CommandFailed
    from backoffice.payments.sandbox import NAME, SandboxRail
    from config.reading import load

    settings = load(config)
    if all(payment.rail != NAME for payment in settings.back_office.payments):
        raise CommandFailed("this venue has no sandbox rail; the settings name rails in [[back_office.payments]]")
    return settings, SandboxRail(data or Path(settings.data))
