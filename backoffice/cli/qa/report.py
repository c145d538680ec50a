"""What a certification came to: the report, the bytes of it that are signed, and the page for people.

Report and page say the same. What is signed is the report as compact JSON with its names sorted, so that it does not
matter how the file is laid out.
"""

import hashlib
from pathlib import Path
from typing import Final, Literal

import msgspec

REPORT_BYTES_MAX: Final = 16 << 20


class BadReport(Exception):
    """A file is no report that this version can read; the message says why."""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One section of the plan, and how it went."""

    number: str
    title: str
    script: str
    outcome: Literal["passed", "failed", "skipped", "not run"]
    """Skipped is what is for other versions or roles; not run what needs a session that was not given."""
    started: str
    duration_ms: int
    problem: str


class Versions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was certified, by what."""

    venue: str
    plan: str
    """The hash of its scripts."""
    python: str
    simplefix: str


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a session did in the plan."""

    format: Literal[1]
    outcome: Literal["passed", "failed", "incomplete"]
    chapters: tuple[str, ...]
    """The chapters of the plan that were asked for; empty: all."""
    session: str
    counterparty: str
    drop_copy: str
    market_data: str
    """Sessions for other roles; empty: not given."""
    target: str
    server: str
    fix_version: str
    role: str
    started: str
    ended: str
    versions: Versions
    sections: tuple[Section, ...]

    def signed_bytes(self) -> bytes:
        """Return what a signature is made of."""
        return msgspec.json.encode(self, order="sorted")

    def count(self, outcome: str) -> int:
        return sum(section.outcome == outcome for section in self.sections)


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A report with its signature (Ed25519); the public key and the signature are hexadecimal."""

    report: Report
    public_key: str
    signature: str


def outcome_of(sections: tuple[Section, ...]) -> Literal["passed", "failed", "incomplete"]:
    """Return what the sections come to: none may have failed or not been run, and some must have been passed."""
    outcomes = [section.outcome for section in sections]
    if "passed" not in outcomes or "failed" in outcomes:
        return "failed"
    return "incomplete" if "not run" in outcomes else "passed"


def plan_hash(plan: Path) -> str:
    """Return what a plan's scripts are: SHA-256 of their names and contents, in order."""
    digest = hashlib.sha256()
    for path in sorted(plan.rglob("*.fix")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(plan).as_posix()}\0{len(content)}\0".encode() + content)
    return f"sha256:{digest.hexdigest()}"


def encode(signed: Signed) -> bytes:
    """Return the report's file."""
    return msgspec.json.format(msgspec.json.encode(signed)) + b"\n"


def read(path: Path) -> Signed:
    """Return a report. Raise `BadReport`."""
    with path.open("rb") as file:
        content = file.read(REPORT_BYTES_MAX + 1)
    if len(content) > REPORT_BYTES_MAX:
        raise BadReport(f"{path}: is no report: it has more than {REPORT_BYTES_MAX:,} bytes")
    try:
        return msgspec.json.decode(content, type=Signed)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadReport(f"{path}: is no report: {error}") from error


def page(signed: Signed) -> str:
    """Return the report as a Markdown page."""
    report = signed.report
    versions = report.versions
    lines = [
        f"# Certification of {report.session}: {report.outcome}",
        "",
        "Sections: "
        + ", ".join(f"{report.count(result)} {result}" for result in ("passed", "failed", "skipped", "not run"))
        + ".",
        *_remarks(report),
        "",
        "| | |",
        "|---|---|",
        f"| venue | {_cell(report.target)} at {_cell(report.server)}, version {_cell(versions.venue)} |",
        f"| session, counterparty | {_cell(report.session)}, {_cell(report.counterparty)} |",
        f"| drop copy, market data | {_cell(report.drop_copy or 'none')}, {_cell(report.market_data or 'none')} |",
        f"| role, version of FIX | {_cell(report.role)}, {_cell(report.fix_version)} |",
        f"| from, to | {_cell(report.started)}, {_cell(report.ended)} |",
        f"| plan | `{_cell(versions.plan)}` |",
        f"| run by | Python {_cell(versions.python)}, simplefix {_cell(versions.simplefix)} |",
        f"| public key (Ed25519) | `{_cell(signed.public_key)}` |",
        f"| signature | `{_cell(signed.signature)}` |",
        "",
        "| section | | outcome | started | ms |",
        "|---|---|---|---|---|",
        *(
            f"| {_cell(section.number)} | {_cell(section.title)} | {section.outcome} | {_cell(section.started)} "
            f"| {section.duration_ms} |"
            for section in report.sections
        ),
    ]
    for section in report.sections:
        if section.problem:
            lines += ["", f"## {section.number} {section.title}: {section.outcome}", ""]
            lines += [f"    {line}" for line in section.problem.splitlines()]
    return "\n".join(lines) + "\n"


def _remarks(report: Report) -> list[str]:
    """Return what keeps the report from speaking of the whole plan."""
    remarks = []
    if report.chapters:
        remarks.append(f"Only these chapters of the plan were asked for: {', '.join(report.chapters)}.")
    if missing := [section.number for section in report.sections if section.outcome == "not run"]:
        remarks.append(f"The plan is not passed as long as these have not been run: {', '.join(missing)}.")
    return [line for remark in remarks for line in ("", remark)]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
