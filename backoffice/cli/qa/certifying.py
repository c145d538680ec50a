"""`fondaco qa certify` and `verify`: the plan that a broker must pass before production, and the report of it."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from backoffice.cli.option_groups import grouped
from backoffice.cli.qa.options import Server, run_of, unread
from backoffice.cli.tables import JsonOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backoffice.cli.qa.report import Report, Section, Signed, Versions
    from backoffice.cli.qa.runner import Outcome, Run
    from backoffice.cli.qa.statements import Script

PLAN: Final = Path(__file__).resolve().parents[3] / "spec" / "certification"
COUNTERPARTIES: Final = ("BROKER8", "BROKER7")
DROP_COPIES: Final = {"BROKER1": "COPY1"}
"""Whose reports the sandbox's drop-copy session gets copies of."""
MARKET_DATA: Final = "MD1"
MARKET_DATA_PORT: Final = 9879
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")
_NUMBERED: Final = re.compile(r"(\d{3})-[a-z0-9-]+")

SessionOption = Annotated[
    str, typer.Option("--session", "-s", metavar="COMPID", help="The session to certify.", show_default=False)
]
CounterpartyOption = Annotated[
    str,
    typer.Option(
        "--counterparty",
        metavar="COMPID",
        help="A session for the other side of trades.",
        show_default="BROKER8, or BROKER7 for BROKER8",
    ),
]
DropCopyOption = Annotated[
    str | None,
    typer.Option(
        "--drop-copy",
        metavar="COMPID",
        help="A session that gets copies of its reports, and of nobody else's; '' for none.",
        show_default="COPY1 for BROKER1",
    ),
]
MarketDataOption = Annotated[
    str, typer.Option("--market-data", metavar="COMPID", help="A session for market data; '' for none.")
]
MarketDataPortOption = Annotated[
    int, typer.Option("--market-data-port", metavar="PORT", min=1, max=65_535, help="The port of market data.")
]
ChapterOption = Annotated[
    list[str] | None,
    typer.Option("--chapter", metavar="NUMBER", help="Only this chapter of the plan (or another one given so)."),
]
PlanOption = Annotated[Path, typer.Option("--plan", metavar="DIRECTORY", help="The plan.", show_default="the venue's")]
ReportOption = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Where to write the report (JSON; beside it a page, .md).",
        show_default="certification-COMPID.json",
    ),
]
KeyOption = Annotated[
    Path, typer.Option("--key", metavar="FILE", help="The private key to sign with, made if it is not there.")
]
VenueVersionOption = Annotated[
    str,
    typer.Option(
        "--venue-version", metavar="TEXT", help="The venue's version.", show_default="that of this command line"
    ),
]
ReportArgument = Annotated[Path, typer.Argument(metavar="REPORT", help="The report, JSON.", show_default=False)]
PublicKeyOption = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="The public key that it must be signed by.", show_default="any"),
]


@grouped
def certify(
    session: SessionOption,
    server: Server,
    *,
    counterparty: CounterpartyOption = "",
    drop_copy: DropCopyOption = None,
    market_data: MarketDataOption = MARKET_DATA,
    market_data_port: MarketDataPortOption = MARKET_DATA_PORT,
    chapter: ChapterOption = None,
    plan: PlanOption = PLAN,
    report: ReportOption = None,
    key: KeyOption = Path("certification.key"),
    venue_version: VenueVersionOption = "",
    as_json: JsonOption = False,
) -> None:
    """Run the certification plan, and write a signed report.

    Sections that need a session that is not given are not run; the plan is then not passed, but incomplete. Status 0:
    passed; 1: failed, or incomplete; 2: it could not be run.
    """
    from backoffice.cli.qa import report as reports
    from backoffice.cli.qa.lines import ScriptError
    from backoffice.cli.qa.signing import key_in, sign
    from backoffice.cli.qa.suite import Selection, read_all, run_all, scripts_in

    other = counterparty or next(name for name in COUNTERPARTIES if name != session)
    if other == session:
        raise typer.BadParameter("the other side of trades must be another session", param_hint="--counterparty")
    run = run_of(
        server,
        (session, other),
        drop_copy=DROP_COPIES.get(session, "") if drop_copy is None else drop_copy,
        market_data=market_data,
        market_data_port=market_data_port,
    )
    if not plan.is_dir():
        raise typer.BadParameter(f"{plan} is no folder of scripts; it is spec/certification", param_hint="--plan")
    try:
        scripts = read_all(scripts_in([plan]), run)
        for script in scripts:
            if _NUMBERED.fullmatch(script.path.stem) is None:
                raise ScriptError(f"{script.path}: is no section of a plan; name it as 101-logon.fix")
    except ScriptError as error:
        raise unread(error) from error
    chapters = tuple(sorted(set(chapter or ())))
    scripts = _of_chapters(scripts, chapters)
    signing_key = key_in(key)

    def tell(outcome: "Outcome") -> None:
        if not as_json:
            _tell(_section_of(outcome, run))

    started = _now()
    outcomes = run_all(scripts, run, Selection(), tell)
    versions = _versions(reports.plan_hash(plan), venue_version)
    signed = sign(_report_of(outcomes, chapters, run, versions, started), signing_key)
    path = report or Path(f"certification-{_UNSAFE.sub('_', session)}.json")
    path.write_bytes(reports.encode(signed))
    path.with_suffix(".md").write_text(reports.page(signed), encoding="utf-8")
    typer.echo(reports.encode(signed).decode().rstrip() if as_json else _conclusion(signed, path))
    if signed.report.outcome != "passed":
        raise typer.Exit(1)


def verify(report: ReportArgument, key: PublicKeyOption = None) -> None:
    """Check a certification report. Status 0: it is as it was signed, and says that the plan was passed."""
    from backoffice.cli.failure import CommandFailed
    from backoffice.cli.qa.report import BadReport, page, read
    from backoffice.cli.qa.signing import is_genuine, public_key_in

    try:
        signed = read(report)
    except BadReport as error:
        raise CommandFailed(str(error)) from error
    if not is_genuine(signed):
        raise CommandFailed(f"{report}: is not as it was signed: it has been changed")
    if key is not None and public_key_in(key) != signed.public_key:
        raise CommandFailed(f"{report}: is signed by another key than {key}: {signed.public_key}")
    beside = report.with_suffix(".md")
    if beside.is_file() and beside.read_text(encoding="utf-8", errors="replace") != page(signed):
        raise CommandFailed(f"{beside}: does not say what {report.name} says: it has been changed")
    if signed.report.outcome != "passed":
        outcome, why = ("failed", "failed") if signed.report.outcome == "failed" else ("incomplete", "not run")
        numbers = ", ".join(section.number for section in signed.report.sections if section.outcome == why)
        raise CommandFailed(f"{report}: is as it was signed, and says that the plan was {outcome} ({numbers or 'all'})")
    of_whom = f"by {key}" if key is not None else f"by key {signed.public_key}; --key checks whose that is"
    plan = f"chapters {', '.join(signed.report.chapters)} of the plan" if signed.report.chapters else "the plan"
    typer.echo(f"{signed.report.session} has passed {plan} on {signed.report.ended}: {report} is as it was signed")
    typer.echo(f"{of_whom}. Venue {signed.report.versions.venue}, plan {signed.report.versions.plan}")


def _tell(section: "Section") -> None:
    sign = {"passed": "✓", "failed": "✗", "skipped": "–", "not run": "–"}[section.outcome]
    reason = {"skipped": f": {section.problem}", "not run": f": not run, {section.problem}"}.get(section.outcome, "")
    typer.echo(f"{sign} {section.number} {section.title}{reason}")
    if section.outcome == "failed":
        typer.echo(section.problem)


def _conclusion(signed: "Signed", path: Path) -> str:
    report = signed.report
    passed, total, missing = report.count("passed"), len(report.sections), report.count("not run")
    plan = f"The plan, chapters {', '.join(report.chapters)}," if report.chapters else "The plan"
    counted = f"{passed} of {total} sections passed" + (f", {missing} not run" if missing else "")
    return f"{plan} is {report.outcome}: {counted}. {path}, signed by key {signed.public_key}"


def _of_chapters(scripts: "Sequence[Script]", chapters: "Sequence[str]") -> "list[Script]":
    """Return the sections of these chapters, all if there are none. Raise `BadParameter` for one that is not there."""
    known = sorted({script.path.name[0] for script in scripts})
    for chapter in chapters:
        if chapter not in known:
            raise typer.BadParameter(f"{chapter!r}; there are {', '.join(known)}", param_hint="--chapter")
    return [script for script in scripts if not chapters or script.path.name[0] in chapters]


def _report_of(
    outcomes: "Sequence[Outcome]", chapters: tuple[str, ...], run: "Run", versions: "Versions", started: str
) -> "Report":
    from backoffice.cli.qa.report import Report, outcome_of

    sections = tuple(_section_of(outcome, run) for outcome in outcomes)
    seated = {role: seat.sender for role, seat in run.seats.items()}
    session, counterparty = run.senders
    return Report(
        1,
        outcome_of(sections),
        chapters,
        session,
        counterparty,
        seated.get("drop-copy", ""),
        seated.get("market-data", ""),
        run.target,
        str(run.address),
        run.version,
        run.role,
        started,
        _now(),
        versions,
        sections,
    )


def _section_of(outcome: "Outcome", run: "Run") -> "Section":
    from backoffice.cli.qa.report import Section
    from backoffice.cli.qa.suite import missing_role

    script = outcome.script
    is_missing = outcome.result == "skipped" and bool(missing_role(script, run))
    return Section(
        script.path.stem[:3],
        script.title,
        script.path.name,
        "not run" if is_missing else outcome.result,
        outcome.started,
        round(outcome.seconds * 1_000),
        outcome.problem,
    )


def _versions(plan: str, venue: str) -> "Versions":
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from backoffice.cli.qa.report import Versions

    if not venue:
        try:
            venue = f"fondaco {version('fondaco')}"
        except PackageNotFoundError:
            venue = "fondaco (not installed)"
    return Versions(venue, plan, platform.python_version(), version("simplefix"))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
