"""`fondaco qa certify` and `verify`: the plan that a broker must pass before production, and the report of it."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from backoffice.cli.qa.options import (
    CaOption,
    CertificateOption,
    HostOption,
    JsonOption,
    LimitOption,
    PortOption,
    RoleOption,
    ServerNameOption,
    SetOption,
    TargetOption,
    TlsOption,
    VersionOption,
    run_of,
    unread,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backoffice.cli.qa.report import Report, Section, Signed, Versions
    from backoffice.cli.qa.runner import Outcome, Run

PLAN: Final = Path(__file__).resolve().parents[3] / "spec" / "certification"
COUNTERPARTIES: Final = ("BROKER8", "BROKER7")
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


def certify(
    session: SessionOption,
    port: PortOption,
    *,
    host: HostOption = "127.0.0.1",
    target: TargetOption = "FONDACO",
    counterparty: CounterpartyOption = "",
    fix_version: VersionOption = "FIX.4.4",
    role: RoleOption = "order-entry",
    set_: SetOption = None,
    timeout: LimitOption = "10s",
    plan: PlanOption = PLAN,
    report: ReportOption = None,
    key: KeyOption = Path("certification.key"),
    venue_version: VenueVersionOption = "",
    as_json: JsonOption = False,
    tls: TlsOption = False,
    ca: CaOption = None,
    certificate: CertificateOption = None,
    server_name: ServerNameOption = "",
) -> None:
    """Run the certification plan, and write a signed report. Status 0: passed; 1: failed; 2: it could not be run."""
    from backoffice.cli.qa import report as reports
    from backoffice.cli.qa.lines import ScriptError
    from backoffice.cli.qa.signing import key_in, sign
    from backoffice.cli.qa.suite import Selection, read_all, run_all, scripts_in
    from backoffice.cli.qa.wire import Address

    other = counterparty or next(name for name in COUNTERPARTIES if name != session)
    if other == session:
        raise typer.BadParameter("the other side of trades must be another session", param_hint="--counterparty")
    address = Address(host, port, tls, ca, certificate, server_name)
    run = run_of(address, fix_version, (session, other), target, set_ or [], timeout, role=role)
    if not plan.is_dir():
        raise typer.BadParameter(f"{plan} is no folder of scripts; it is spec/certification", param_hint="--plan")
    try:
        scripts = read_all(scripts_in([plan]), run)
        for script in scripts:
            if _NUMBERED.fullmatch(script.path.stem) is None:
                raise ScriptError(f"{script.path}: is no section of a plan; name it as 101-logon.fix")
    except ScriptError as error:
        raise unread(error) from error
    signing_key = key_in(key)

    def tell(outcome: "Outcome") -> None:
        if not as_json:
            _tell(_section_of(outcome))

    started = _now()
    outcomes = run_all(scripts, run, Selection(), tell)
    versions = _versions(reports.plan_hash(plan), venue_version)
    signed = sign(_report_of(outcomes, run, versions, started), signing_key)
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
        failed = ", ".join(section.number for section in signed.report.sections if section.outcome == "failed")
        raise CommandFailed(f"{report}: is as it was signed, and says that the plan was failed ({failed or 'all'})")
    of_whom = f"by {key}" if key is not None else f"by key {signed.public_key}; --key checks whose that is"
    typer.echo(f"{signed.report.session} has passed the plan on {signed.report.ended}: {report} is as it was signed")
    typer.echo(f"{of_whom}. Venue {signed.report.versions.venue}, plan {signed.report.versions.plan}")


def _tell(section: "Section") -> None:
    sign = {"passed": "✓", "failed": "✗", "skipped": "–"}[section.outcome]
    reason = f": {section.problem}" if section.outcome == "skipped" else ""
    typer.echo(f"{sign} {section.number} {section.title}{reason}")
    if section.outcome == "failed":
        typer.echo(section.problem)


def _conclusion(signed: "Signed", path: Path) -> str:
    report = signed.report
    passed, total = report.count("passed"), len(report.sections)
    return (
        f"The plan is {report.outcome}: {passed} of {total} sections passed. {path}, signed by key {signed.public_key}"
    )


def _report_of(outcomes: "Sequence[Outcome]", run: "Run", versions: "Versions", started: str) -> "Report":
    from backoffice.cli.qa.report import Report, outcome_of

    sections = tuple(map(_section_of, outcomes))
    session, counterparty = run.senders
    return Report(
        1,
        outcome_of(sections),
        session,
        counterparty,
        run.target,
        str(run.address),
        run.version,
        run.role,
        started,
        _now(),
        versions,
        sections,
    )


def _section_of(outcome: "Outcome") -> "Section":
    from backoffice.cli.qa.report import Section

    script = outcome.script
    return Section(
        script.path.stem[:3],
        script.title,
        script.path.name,
        outcome.result,
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
