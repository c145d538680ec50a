"""What all commands to a venue have in common: which venue, who asks and why, and how the answer is told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, ClassVar, TypeVar

import typer

from backoffice.cli.tables import JsonOption

if TYPE_CHECKING:
    from backoffice.staff.actor import Actor
    from engine.control import Done, Request, StaffCommand
    from engine.events import AnyEvent
    from engine.overview import InstrumentShown, VenueShown
    from engine.remote import Source

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", metavar="FILE", envvar="FONDACO_CONFIG", help="The venue's settings, in TOML.")
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", "-d", metavar="DIRECTORY", help="The venue's files.", show_default="the settings' own, `data`"
    ),
]
AsOption = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="USER",
        envvar="FONDACO_AS",
        show_envvar=False,
        help="Who of the staff you are; asks for the password, unless FONDACO_PASSWORD_FILE names a file with it.",
        show_default="who you are to the operating system",
    ),
]
ByOption = Annotated[
    str,
    typer.Option(
        "--by",
        metavar="NAME",
        help="Who asks for it; at a venue with staff nobody but who you are.",
        show_default="the user's name",
    ),
]
WhyOption = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why; it goes on record.")]
SymbolArgument = Annotated[str, typer.Argument(metavar="SYMBOL", help="The instrument.", show_default=False)]

A = TypeVar("A")


@dataclass(frozen=True, kw_only=True)
class Asking:
    """The options of every command to a venue: which one, and for whom the answer is."""

    config: ConfigOption
    data: DataOption = None
    as_json: JsonOption = False

    @property
    def directory(self) -> Path:
        """The directory of the venue's files: as given, or the settings' own."""
        from config.reading import load

        settings = load(self.config)
        return self.data or Path(settings.data)

    def ask(self, request: "Request", kind: type[A]) -> A:
        """Return the venue's answer, which is of one kind. Raise `CommandFailed` if the venue takes no such request."""
        from backoffice.cli.failure import CommandFailed
        from engine import control

        answer = control.ask(self._control(), request)
        if isinstance(answer, kind):
            return answer
        raise CommandFailed(answer.text if isinstance(answer, control.Failed) else f"the venue answered {answer!r}")

    def _control(self) -> "Source":
        """Return where the venue's control is: in the directory that was given, or where the settings have it."""
        from config.reading import load
        from engine import control
        from fixgw.sources import control_of

        settings = load(self.config)
        return control_of(settings, Path(settings.data)) if self.data is None else self.data / control.SOCKET


@dataclass(frozen=True, kw_only=True)
class Asked(Asking):
    """The options of every command that goes on record."""

    why: WhyOption
    by: ByOption = ""
    as_user: AsOption = None
    needs_trail: ClassVar[bool] = True
    """Nothing is done if it cannot be put into the audit trail."""

    @cached_property
    def commander(self) -> "Actor | None":
        """Who of the staff commands, None at a venue that has none.

        Raise a `BackOfficeError` or `CommandFailed` if they may not, or that cannot be told.
        """
        from backoffice.cli.venue.on_record import commander_of

        return commander_of(self)

    @property
    def who(self) -> str:
        """Who asks: who of the staff it is; at a venue without staff as given, or the user's name."""
        import getpass

        return self.commander.user if self.commander else self.by or getpass.getuser()

    def ask(self, request: "Request", kind: type[A]) -> A:
        """Return the venue's answer, as for who only looks; but who may not command is told so before it is asked."""
        _ = self.commander
        return super().ask(request, kind)


@dataclass(frozen=True, kw_only=True)
class AskedToStop(Asked):
    """The same of what stops trading: it is done also while the back office's database is away."""

    needs_trail: ClassVar[bool] = False


def command(
    asked: Asked,
    request: "StaffCommand",
    tell: "Callable[[Sequence[AnyEvent]], list[str]]",
    *,
    once: "Mapping[str, str]" = MappingProxyType({}),
) -> None:
    """Have the venue carry out a command, and print what came of it: the lines that `tell` makes of the events.

    What staff command is in the audit trail before the venue is asked.
    `once`: secrets made for it, by what they are, which are shown here and nowhere else. Raise `CommandFailed`
    if the venue refuses.
    """
    from backoffice.cli.shown import fields_of, print_json, time_text

    if asked.commander is None:
        done = carry_out(asked, request)
    else:
        from backoffice.cli.venue.on_record import carry_out_on_record

        done = carry_out_on_record(asked, asked.commander, request)
    if asked.as_json:
        print_json(
            {
                "sequence": done.sequence,
                "time": time_text(done.time_ns),
                "events": [fields_of(event) for event in done.events],
                "events_left_out": done.events_left_out,
                **({"shown_once": dict(once)} if once else {}),
            }
        )
        return
    for line in tell(done.events):
        typer.echo(line)
    for what, secret in once.items():
        typer.echo(f"{what}: {secret}   (shown this once; the venue cannot show it again)")
    if done.events_left_out:
        typer.echo(f"… and {done.events_left_out:,} events more, which the journal tells")
    reason = f": {request.why}" if request.why else ""
    typer.echo(f"Record {done.sequence}, {time_text(done.time_ns)}, asked by {request.by}{reason}")


def carry_out(asked: Asked, request: "StaffCommand") -> "Done":
    """Have the venue carry out a command. Raise `CommandFailed` if it refuses, `ControlError` if it does not answer."""
    from backoffice.cli.failure import CommandFailed
    from engine.control import Done
    from engine.events import CommandRejected

    done = asked.ask(request, Done)
    for event in done.events:
        if isinstance(event, CommandRejected):
            raise CommandFailed(f"{event.text} (record {done.sequence})")
    return done


def instrument_shown(asking: Asking, symbol: str) -> "InstrumentShown":
    """Return how trading in an instrument stands. Raise `CommandFailed` if the venue does not have it."""
    from backoffice.cli.failure import CommandFailed

    shown = venue_shown(asking)
    for instrument in shown.instruments:
        if instrument.symbol == symbol:
            return instrument
    traded = ", ".join(instrument.symbol for instrument in shown.instruments)
    raise CommandFailed(f"{symbol}: no instrument of this venue, which has {traded or 'none'}")


def venue_shown(asking: Asking) -> "VenueShown":
    """Return how trading stands."""
    from engine.overview import ShowVenue, VenueShown

    return asking.ask(ShowVenue(), VenueShown)
