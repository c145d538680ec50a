"""`fondaco` itself: help, version, usage errors, and errors that become one line."""

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from backoffice.cli import app
from backoffice.cli.failure import CommandFailed, one_line
from backoffice.errors import Refused
from config.errors import SettingsError
from engine.errors import JournalInUse
from fixgw.errors import ListenError
from tests.backoffice.cli.command_line import ROOT, command, fondaco, fondaco_here

JOURNAL_VERBS = ("journal verify", "journal dump", "journal stat")
OFFICE_VERBS = (
    *("staff init", "staff add", "staff list", "staff roles", "staff password", "staff rotate-key", "staff retire-key"),
    *("approval list", "approval approve", "audit list", "audit verify", "database upgrade", "database show"),
)
VENUE_VERBS = ("venue status", "venue halt", "venue block", "venue limits", "venue bust", "venue correct")


@pytest.mark.parametrize("arguments", (("--help",), ("-h",), ()))
def test_help_lists_the_commands(arguments: tuple[str, ...]) -> None:
    finished = fondaco_here(*arguments)
    for name in ("demo", "serve", "journal", "venue", "staff", "approval", "audit", "database"):
        assert name in finished.stdout
    assert finished.stderr == ""


@pytest.mark.parametrize(
    "name", ("demo", "serve", "journal", *JOURNAL_VERBS, "venue", *VENUE_VERBS, "staff", *OFFICE_VERBS)
)
def test_every_command_explains_itself(name: str) -> None:
    finished = fondaco_here(*name.split(), "--help")
    assert finished.returncode == 0
    assert f"fondaco {name}" in finished.stdout


def test_version_is_printed() -> None:
    finished = fondaco_here("--version")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout.startswith("fondaco ")


@pytest.mark.parametrize(
    "arguments", (("trade",), ("serve",), ("demo", "--seconds", "0"), ("demo", "--seconds", "x"), ("journal", "stat"))
)
def test_wrong_usage_has_status_2(arguments: tuple[str, ...]) -> None:
    finished = fondaco_here(*arguments)
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert finished.stderr.startswith("fondaco: ")
    assert finished.stderr.count("\n") == 1


def test_wrong_usage_is_a_line_that_names_the_help_to_read() -> None:
    assert fondaco_here("report", "trades", "--count", "0").stderr == (
        "fondaco: invalid value for '--count' / '-n': 0 is not in the range 1<=x<=1000000000"
        " (see fondaco report trades --help)\n"
    )
    assert (
        fondaco_here("repor").stderr
        == "fondaco: no such command 'repor'. Did you mean 'report'? (see fondaco --help)\n"
    )


def test_each_number_that_a_command_takes_has_a_least_and_a_largest() -> None:
    unbounded = [
        f"{each.name} {parameter.name}"
        for each in _commands(typer.main.get_command(app))
        for parameter in each.params
        if hasattr(parameter.type, "clamp") or parameter.type.name in {"integer", "float"}
        if getattr(parameter.type, "min", None) is None or getattr(parameter.type, "max", None) is None
    ]
    assert unbounded == []


def _commands(of: Any) -> Iterator[Any]:
    """Give each command below one."""
    for each in getattr(of, "commands", {}).values():
        yield from _commands(each) if hasattr(each, "commands") else (each,)


def test_shell_completion_offers_the_commands() -> None:
    finished = fondaco(environment={"_FONDACO_COMPLETE": "complete_bash", "COMP_WORDS": "fondaco ", "COMP_CWORD": "1"})
    assert set(finished.stdout.split()) >= {"demo", "serve", "journal", "venue", "staff"}


def test_shell_completion_offers_the_roles() -> None:
    words = {"COMP_WORDS": "fondaco staff add tom --role ", "COMP_CWORD": "5"}
    finished = fondaco(environment={"_FONDACO_COMPLETE": "complete_bash", **words})
    assert set(finished.stdout.split()) >= {"onboarding", "auditor", "administrator"}


def test_help_needs_nothing_of_the_venue() -> None:
    code = "import sys, backoffice.cli; print(*sys.modules, sep='\\n')"
    modules = subprocess.run(
        [command()[0], "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {name.partition(".")[0] for name in modules} & {
        "engine",
        "fixgw",
        "config",
        "msgspec",
        "structlog",
        "sqlalchemy",
    }


@pytest.mark.parametrize(
    ("error", "line"),
    (
        (Refused("ann may not"), "ann may not"),
        (CommandFailed("it cannot\n  go on"), "it cannot go on"),
        (SettingsError("venue.toml: missing: `fix`"), "venue.toml: missing: `fix`"),
        (JournalInUse("data/journal: in use"), "data/journal: in use"),
        (ListenError("cannot listen"), "cannot listen"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "x"), "x: No such file or directory"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device; make room, then start again"),
        (ValueError("a fault of ours"), ""),
        (OSError("not the system's"), ""),
    ),
)
def test_error_that_users_can_mend_is_one_line(error: Exception, line: str) -> None:
    assert one_line(error) == line


def test_data_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        finished = fondaco_here("demo", "--data", path)
        assert finished.returncode == 1
        assert finished.stderr == f"fondaco: {path}: is not a directory; name the directory of the venue's files\n"
