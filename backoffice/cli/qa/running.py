"""`fondaco qa run`: scripts against a server, on record."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.numbers import NUMBER_MAX
from backoffice.cli.option_groups import grouped
from backoffice.cli.qa.options import DropCopyOption, MarketDataOption, MarketDataPortOption, Server, run_of, unread
from backoffice.cli.tables import JsonOption

if TYPE_CHECKING:
    from backoffice.cli.qa.runner import Outcome, Run

ScriptArgument = Annotated[
    list[Path],
    typer.Argument(metavar="SCRIPT…", help="Scripts, or folders of them (*.fix).", show_default=False),
]
SessionOption = Annotated[
    list[str],
    typer.Option(
        "--session",
        "-s",
        metavar="COMPID",
        help="SenderCompID of a script's first session; once more for the second, and so on.",
        show_default=False,
    ),
]
JunitOption = Annotated[
    Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.", show_default=False)
]
ReportOption = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Write a page, in Markdown.", show_default=False)
]
TranscriptOption = Annotated[
    Path | None, typer.Option("--transcript", metavar="FILE", help="Write the transcript.", show_default=False)
]
NormalizedOption = Annotated[
    Path | None,
    typer.Option(
        "--normalized",
        metavar="FILE",
        help="Write the transcript without what may differ from server to server, for diff.",
        show_default=False,
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print no transcript, only how each script went.")]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="TAG", help="Only scripts with this tag (or another one given so)."),
]
WithoutOption = Annotated[list[str] | None, typer.Option("--without", metavar="TAG", help="No script with this tag.")]
IgnoreOption = Annotated[
    list[int] | None,
    typer.Option(
        "--ignore", metavar="TAG", min=1, max=NUMBER_MAX, help="A field that does not count unless a script names it."
    ),
]


@grouped
def run(
    scripts: ScriptArgument,
    session: SessionOption,
    server: Server,
    *,
    drop_copy: DropCopyOption = "",
    market_data: MarketDataOption = "",
    market_data_port: MarketDataPortOption = None,
    junit: JunitOption = None,
    report: ReportOption = None,
    transcript: TranscriptOption = None,
    normalized: NormalizedOption = None,
    only: OnlyOption = None,
    without: WithoutOption = None,
    ignore: IgnoreOption = None,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run FIX scripts against a server: say what they say, and hold what comes against what they expect.

    Any FIX server will do. Status 0: all passed; 1: one failed; 2: a script cannot be read, or an option is wrong.
    """
    from backoffice.cli.qa.junit import write_junit
    from backoffice.cli.qa.lines import ScriptError
    from backoffice.cli.qa.page import write_page
    from backoffice.cli.qa.suite import Selection, read_all, run_all, scripts_in, summary
    from backoffice.cli.shown import print_json

    of_run = run_of(
        server,
        session,
        ignore=ignore or [],
        drop_copy=drop_copy,
        market_data=market_data,
        market_data_port=market_data_port,
    )
    begun = time.monotonic()
    try:
        read = read_all(scripts_in(scripts), of_run)
    except ScriptError as error:
        raise unread(error) from error

    def tell(outcome: "Outcome") -> None:
        if not as_json:
            _tell(outcome, quiet=quiet)

    selection = Selection(frozenset(only or ()), frozenset(without or ()))
    outcomes = run_all(read, of_run, selection, tell)
    _write(transcript, outcomes, is_normalized=False)
    _write(normalized, outcomes, is_normalized=True)
    if junit is not None:
        write_junit(junit, outcomes, of_run)
    if report is not None:
        write_page(report, outcomes, of_run)
    counted = summary(outcomes, of_run, begun)
    if as_json:
        print_json(counted)
    else:
        _conclude(outcomes, of_run)
    if counted["failed"]:
        raise typer.Exit(1)


def _tell(outcome: "Outcome", *, quiet: bool) -> None:
    if outcome.transcript is not None and not quiet:
        typer.echo(outcome.transcript.full())
        return
    sign = {"passed": "✓", "failed": "✗", "skipped": "–"}[outcome.result]
    reason = f": {outcome.problem}" if outcome.result == "skipped" else ""
    typer.echo(f"{sign} {outcome.script.title} ({outcome.script.path.name}){reason}")
    if outcome.result == "failed":
        typer.echo(outcome.problem + "\n")


def _conclude(outcomes: "Sequence[Outcome]", of_run: "Run") -> None:
    passed, failed, skipped = (
        sum(outcome.result == result for outcome in outcomes) for result in ("passed", "failed", "skipped")
    )
    text = f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")
    typer.echo(f"{text}; {of_run.version} against {of_run.address}")


def _write(path: Path | None, outcomes: "Sequence[Outcome]", *, is_normalized: bool) -> None:
    if path is not None:
        shown = [outcome.transcript for outcome in outcomes if outcome.transcript is not None]
        texts = [transcript.normalized() if is_normalized else transcript.full() for transcript in shown]
        path.write_text("\n".join(texts), encoding="utf-8")
