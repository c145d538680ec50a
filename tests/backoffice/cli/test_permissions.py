"""Every command to the back office asks for a permission, before anything else; auditors see and change nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from backoffice.cli import app
from backoffice.errors import Refused
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import PERMISSIONS, Permission, Role
from tests.backoffice.cli.desk import Desk


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ASKS = "fondaco: asks: "
OFFICE = {
    path: command
    for path, command in commands(typer.main.get_command(app))
    if any(parameter.name == "as_user" for parameter in command.params)
}


OF_A_FORM = {
    ("withdrawal", "resolve"): ("W-1", "--paid"),
    ("case", "close"): ("CS-1", "warned"),
    ("client", "task", "add"): ("C-1", "call them", "--due", "2099-01-01", "--for", "onboarding"),
    ("fees", "invoice"): ("--month", "2026-11"),
    ("report", "statement"): ("--period", "2026-11", "--account", "x"),
}
"""What commands need that are wrong usage with anything else."""


def arguments(path: tuple[str, ...], command: Any, file: Path) -> Iterator[str]:
    """Give a command what it needs, of the right kind."""
    if path in OF_A_FORM:
        yield from OF_A_FORM[path]
        yield from ("--why", "x") if any(parameter.name == "why" for parameter in command.params) else ()
        return
    for parameter in command.params:
        if parameter.required and parameter.name != "config":
            choices = getattr(parameter.type, "choices", None)
            kind = parameter.type.name
            value = "1" if kind.startswith("int") else str(file) if kind in {"path", "file"} else "x"
            if choices:
                value = str(getattr(choices[0], "value", choices[0]))
            yield from (value,) if parameter.param_type_name == "argument" else (parameter.opts[0], value)


def test_every_command_to_the_back_office_asks_for_a_permission(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def require(_actor: Actor, permission: Permission) -> None:
        raise Refused(f"asks: {permission.name}")

    monkeypatch.setattr(Actor, "require", require)
    desk.sit_down("annabel")
    file = desk.home / "file.json"
    file.write_text("{}", encoding="utf-8")
    told = {}
    for path, command in OFFICE.items():
        finished = desk.run(*path, *arguments(path, command, file))
        assert finished.returncode == 1, f"{' '.join(path)}: {finished.stdout}{finished.stderr}"
        told[path] = (finished.stdout + finished.stderr).strip().splitlines()[-1]
    asked = {path: line.removeprefix(ASKS) for path, line in told.items() if line.startswith(ASKS)}
    # The others stop before that at something that there is not; nobody may have come further than either.
    assert len(asked) > 100
    readers = {permission.name for permission in PERMISSIONS[Role.AUDITOR]}
    changing = {path for path in asked if any(parameter.name == "why" for parameter in OFFICE[path].params)}
    assert len(changing) > 40
    assert not {" ".join(path): asked[path] for path in changing if asked[path] in readers}
