"""Runs several scripts: which of them there are, which of them are for this run, and how they went as a whole."""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from backoffice.cli.qa.lines import SUFFIX, ScriptError
from backoffice.cli.qa.runner import Outcome, Run, act
from backoffice.cli.qa.script import read_script
from backoffice.cli.qa.statements import Script


class Selection(msgspec.Struct, frozen=True):
    """Which scripts to run, by their tags."""

    only: frozenset[str] = frozenset()
    """Those with one of these; empty: all."""
    without: frozenset[str] = frozenset()
    """None with one of these."""

    def why_not(self, script: Script, run: Run) -> str:
        """Return why a script is not for this run, or an empty text."""
        if script.versions and run.version not in script.versions:
            return f"it is for {', '.join(sorted(script.versions))}"
        if script.roles and run.role not in script.roles:
            return f"it is for {', '.join(sorted(script.roles))} sessions"
        if missing := missing_role(script, run):
            return f"it needs a {missing} session; name one with --{missing}"
        if self.only and not script.tags & self.only:
            return f"it has none of the tags {', '.join(sorted(self.only))}"
        if script.tags & self.without:
            return f"it has the tag {', '.join(sorted(script.tags & self.without))}"
        return ""


def missing_role(script: Script, run: Run) -> str:
    """Return the role of a session that a script needs and the run does not have, or an empty text."""
    return next((session.role for session in script.sessions if session.role and session.role not in run.seats), "")


def scripts_in(paths: Iterable[Path]) -> list[Path]:
    """Return the files that are named, and of each folder those in it, by name. Raise `ScriptError`."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
        if not inside:
            raise ScriptError(f"{path}: no script in here; their names end in {SUFFIX}")
        if not all(script.is_file() for script in inside):
            raise ScriptError(f"{path}: there is no such script")
        found += inside
    return found


def read_all(paths: Sequence[Path], run: Run) -> list[Script]:
    """Return all scripts, read for this run. Raise `ScriptError` with a line for each that cannot be read."""
    scripts: list[Script] = []
    problems: list[str] = []
    for path in paths:
        try:
            scripts.append(read_script(path, run.version, frozenset(run.values)))
        except ScriptError as error:
            problems.append(str(error))
    if problems:
        raise ScriptError("\n".join(problems))
    return scripts


def run_all(
    scripts: Iterable[Script], run: Run, selection: Selection, tell: Callable[[Outcome], None]
) -> list[Outcome]:
    """Return how each script went; `tell` is called with each as it ends."""
    outcomes: list[Outcome] = []
    for script in scripts:
        reason = selection.why_not(script, run)
        outcomes.append(Outcome(script, "skipped", reason) if reason else act(script, run))
        tell(outcomes[-1])
    return outcomes


def summary(outcomes: Sequence[Outcome], run: Run, begun: float) -> dict[str, Any]:
    """Return how a run went, for programs. `begun`: on the monotonic clock."""
    count = {result: sum(outcome.result == result for outcome in outcomes) for result in RESULTS}
    return {
        "server": str(run.address),
        "version": run.version,
        "senders": run.senders,
        "target": run.target,
        "seconds": round(time.monotonic() - begun, 3),
        **count,
        "scripts": [
            {
                "script": str(outcome.script.path),
                "title": outcome.script.title,
                "result": outcome.result,
                "seconds": round(outcome.seconds, 3),
                "problem": outcome.problem,
            }
            for outcome in outcomes
        ],
    }


RESULTS = ("passed", "failed", "skipped")
