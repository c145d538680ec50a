"""A desk in the back office: `fondaco` with a configuration of its own, run by one user or another."""

import subprocess
from pathlib import Path

import pytest

from tests.backoffice.cli.command_line import error_line, fondaco_here

SETTINGS = """
[fix]
comp_id = "FONDACO"

[back_office]
database = "{url}"
staff = {{ mapped = "ann" }}
"""


class Desk:
    """Where commands are given, by whoever sits at it."""

    def __init__(self, home: Path, url: str, patch: pytest.MonkeyPatch) -> None:
        self.home = home
        self.data = home / "data"
        self.config = home / "venue.toml"
        self.config.write_text(SETTINGS.format(url=url), encoding="utf-8")
        self._patch = patch
        patch.delenv("FONDACO_PASSWORD_FILE", raising=False)
        self.sit_down("nobody")

    def sit_down(self, os_user: str) -> None:
        """Let the operating system say that it is this user who gives the commands."""
        self._patch.setattr("backoffice.cli.office._os_user", lambda: os_user)

    def password(self, text: str) -> None:
        """Let FONDACO_PASSWORD_FILE have this password."""
        path = self.home / "password.txt"
        path.touch(0o600)
        path.write_text(f"{text}\n", encoding="utf-8")
        self._patch.setenv("FONDACO_PASSWORD_FILE", str(path))

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return fondaco_here(*arguments, "--config", self.config, "--data", self.data)

    def done(self, *arguments: object, by: str = "") -> str:
        """Run a command, by a user of the operating system, and return what it prints."""
        if by:
            self.sit_down(by)
        finished = self.run(*arguments)
        assert finished.returncode == 0, finished
        return finished.stdout

    def refused(self, *arguments: object, by: str = "") -> str:
        """Run a command that fails, and return the line with which it does."""
        if by:
            self.sit_down(by)
        finished = self.run(*arguments)
        assert finished.stdout == ""
        return error_line(finished)
