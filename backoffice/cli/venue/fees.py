"""`fondaco venue fees`: rates of a firm's or an account's own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.option_groups import grouped
from backoffice.cli.venue.guards import NameArgument, OwnerArgument
from backoffice.cli.venue.request import Asked, command

if TYPE_CHECKING:
    from engine.events import AnyEvent


@grouped
def fees(
    whose: OwnerArgument,
    name: NameArgument,
    *,
    maker: Annotated[
        str | None,
        typer.Option("--maker", metavar="BPS", help="In basis points; below 0 a rebate.", show_default=False),
    ] = None,
    taker: Annotated[
        str | None, typer.Option("--taker", metavar="BPS", help="In basis points.", show_default=False)
    ] = None,
    is_none: Annotated[bool, typer.Option("--none", help="No rates of its own any more.")] = False,
    symbol: Annotated[
        str, typer.Option("--symbol", metavar="SYMBOL", help="On one instrument.", show_default="all")
    ] = "",
    asked: Asked,
) -> None:
    """Give a firm or an account rates of its own, at once, on an instrument or on all; or take them away.

    Open orders keep theirs until they are replaced. Clients pay by fee schedules, which two people decide on: see
    `fondaco fees`.
    """
    from engine.commands import SetFees
    from engine.values import Scope

    if is_none == (maker is not None or taker is not None) or (maker is None) != (taker is None):
        raise typer.BadParameter("give both --maker and --taker, or --none", param_hint="--maker")
    rates = (_rate(maker), _rate(taker))
    command(asked, SetFees(Scope[whose.name], name, symbol, *rates, asked.who, asked.why), _told)


def _rate(text: str | None) -> int | None:
    from backoffice.cli.failure import CommandFailed
    from backoffice.cli.venue.figures import rate_of
    from engine.errors import DecimalError

    try:
        return None if text is None else rate_of(text)
    except DecimalError as error:
        raise CommandFailed(f"a rate: {error}") from error


def _told(events: "Sequence[AnyEvent]") -> list[str]:
    from backoffice.cli.venue.figures import rate_text
    from engine.events import FeesSet

    lines = []
    for event in events:
        if isinstance(event, FeesSet):
            whose, where = f"{event.scope.name.lower()} {event.name}", event.symbol or "all instruments"
            if event.maker_ppm is None or event.taker_ppm is None:
                lines.append(f"{whose} has no rates of its own on {where} any more")
            else:
                maker, taker = rate_text(event.maker_ppm), rate_text(event.taker_ppm)
                lines.append(f"{whose} pays {maker} bps as maker and {taker} bps as taker on {where}")
    return lines
