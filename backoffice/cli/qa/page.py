"""Writes what a run came to as a page in Markdown: a row for each script, and below what was not as expected."""

from collections.abc import Sequence
from pathlib import Path

from backoffice.cli.qa.runner import Outcome, Run
from backoffice.cli.qa.suite import RESULTS


def page(outcomes: Sequence[Outcome], run: Run) -> str:
    """Return the page."""
    count = {result: sum(outcome.result == result for outcome in outcomes) for result in RESULTS}
    started = next((outcome.started for outcome in outcomes if outcome.started), "")
    lines = [
        f"# {_cell(run.target)}, {run.version}: " + ", ".join(f"{number} {result}" for result, number in count.items()),
        "",
        f"{_cell(run.target)} at {run.address}, as {_cell(', '.join(run.senders))}; {started}",
        "",
        "| | script | | ms |",
        "|---|---|---|---|",
        *(
            f"| {outcome.result} | {_cell(outcome.script.path.name)} | {_cell(outcome.script.title)} "
            f"| {outcome.seconds * 1_000:.0f} |"
            for outcome in outcomes
        ),
    ]
    for outcome in outcomes:
        if outcome.problem:
            lines += ["", f"## {_cell(outcome.script.title)}: {outcome.result}", ""]
            lines += [f"    {line}" for line in outcome.problem.splitlines()]
    return "\n".join(lines) + "\n"


def write_page(path: Path, outcomes: Sequence[Outcome], run: Run) -> None:
    """Write the page to a file."""
    path.write_text(page(outcomes, run), encoding="utf-8")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
