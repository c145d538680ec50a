"""`fondaco venue phase`, `halt`, `resume`, `index`: when and how an instrument trades, and its index price."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.option_groups import grouped
from backoffice.cli.venue.request import Asked, AskedToStop, SymbolArgument, command, instrument_shown
from backoffice.naming import word_of

if TYPE_CHECKING:
    from engine.events import AnyEvent
    from engine.overview import InstrumentShown

PhaseArgument = Annotated[
    str,
    typer.Argument(
        metavar="PHASE",
        help="continuous, closed, pre-open, opening-auction, volatility-auction, closing-auction, halt, post-only or "
        "cancel-only.",
        show_default=False,
    ),
]


@grouped
def phase(
    symbol: SymbolArgument,
    phase: PhaseArgument,
    *,
    asked: Asked,
    lasts_s: Annotated[
        float,
        typer.Option(
            "--for",
            metavar="SECONDS",
            min=0,
            max=86_400,
            help="How long an auction lasts.",
            show_default="until the next command",
        ),
    ] = 0,
) -> None:
    """Bring an instrument into a phase of trading, at once; an auction for a time, and then it trades continuously."""
    if lasts_s != lasts_s:  # noqa: PLR0124 - what is no number is as far as any bounds are concerned
        raise typer.BadParameter("nan is no time", param_hint="--for")
    _set_phase(asked, symbol, phase, lasts_ms=round(lasts_s * 1_000))


@grouped
def halt(symbol: SymbolArgument, asked: AskedToStop) -> None:
    """Halt trading in an instrument: its orders wait, and nothing but cancels is taken."""
    _set_phase(asked, symbol, "halt")


@grouped
def resume(symbol: SymbolArgument, asked: Asked) -> None:
    """Let an instrument trade continuously again. Orders that have gathered are uncrossed first."""
    _set_phase(asked, symbol, "continuous")


@grouped
def index(
    symbol: SymbolArgument,
    price: Annotated[str, typer.Argument(metavar="PRICE", help="The index price.", show_default=False)],
    *,
    asked: Asked,
    source: Annotated[str, typer.Option("--source", metavar="TEXT", help="Where the price comes from.")] = "staff",
) -> None:
    """Give an instrument its index price, as of now. Orders that wait for it are triggered."""
    import time

    from backoffice.cli.failure import CommandFailed
    from backoffice.cli.venue.figures import ticks
    from engine.commands import SetIndexPrice
    from engine.errors import DecimalError

    shown = instrument_shown(asked, symbol)
    try:
        steps = ticks(shown, price)
    except DecimalError as error:
        raise CommandFailed(str(error)) from error
    request = SetIndexPrice(symbol, steps, source, time.time_ns(), asked.who, asked.why)
    command(asked, request, lambda events: _told(shown, events))


def _set_phase(asked: Asked, symbol: str, name: str, lasts_ms: int = 0) -> None:
    from engine.commands import SetPhase
    from engine.values import Phase

    names = {word_of(phase): phase for phase in Phase}
    if name not in names:
        raise typer.BadParameter(f"{name} is no phase; choose from {', '.join(names)}", param_hint="PHASE")
    shown = instrument_shown(asked, symbol)
    request = SetPhase(symbol, names[name], asked.who, asked.why, lasts_ms)
    command(asked, request, lambda events: _told(shown, events))


def _told(shown: "InstrumentShown", events: "Sequence[AnyEvent]") -> list[str]:
    from backoffice.cli.shown import time_text
    from backoffice.cli.venue.figures import price_text, qty_text
    from engine.events import AuctionEnded, IndexPriceSet, OrderCanceled, PhaseChanged

    lines = []
    canceled = sum(isinstance(event, OrderCanceled) for event in events)
    for event in events:
        if isinstance(event, AuctionEnded):
            traded = f"{qty_text(shown, event.qty)} at {price_text(shown, event.price)}" if event.price else "nothing"
            lines.append(f"{event.symbol}: the auction has traded {traded}")
        elif isinstance(event, IndexPriceSet):
            lines.append(f"{event.symbol}: the index is {price_text(shown, event.price)}")
        elif isinstance(event, PhaseChanged):
            before, now = map(word_of, (event.before, event.phase))
            until = f" until {time_text(event.ends_ns)}" if event.ends_ns else ""
            lines.append(f"{event.symbol}: {now}{until}, after {before}")
    if canceled:
        lines.append(f"{canceled:,} order{' was' if canceled == 1 else 's were'} cancelled")
    return lines
