"""The page of the conformance suite names the scripts that there are, and says of each what its first line says."""

import re
from pathlib import Path
from typing import Final

import pytest

from backoffice.cli.qa.script import VERSIONS, read_script

CASES: Final = Path(__file__).resolve().parents[2] / "spec" / "conformance"
KNOWN: Final = frozenset(("password",))
WIDTH: Final = 120
_NUMBER: Final = re.compile(r"([0-9]*).*")
_FIRST_LINE: Final = re.compile(r"# ([^:]+): (.+[.])")


def page() -> str:
    return (CASES / "README.md").read_text(encoding="utf-8")


def scripts() -> list[Path]:
    """Return the scripts by the numbers of their cases; those without come last."""

    def place(path: Path) -> tuple[int, str]:
        number = _NUMBER.fullmatch(path.stem)
        assert number is not None
        return int(number[1] or "99"), path.stem

    return sorted(CASES.glob("*.fix"), key=place)


def row(path: Path) -> str:
    """Return what the page says of a script."""
    first = _FIRST_LINE.fullmatch(path.read_text(encoding="utf-8").splitlines()[0])
    assert first is not None, f"{path.name} does not begin with the case and what the standard wants"
    return f"| {first[1].removeprefix('Case ')} | [{path.stem}]({path.name}) | {first[2].removesuffix('.')} |"


def rows(heading: str) -> list[str]:
    """Return the rows of the table under a heading."""
    section = page().split(f"## {heading}\n")[1].split("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| ")][1:]


def test_page_says_what_the_scripts_say() -> None:
    assert rows("Cases") == [row(path) for path in scripts()]


def test_page_says_why_a_script_does_not_hold_on_the_quickfix_lane() -> None:
    tagged = [path.stem for path in scripts() if "native" in read_script(path, "FIX.4.4", KNOWN).tags]
    assert [line.split(" | ")[0].removeprefix("| ") for line in rows("The QuickFIX lane")] == tagged


@pytest.mark.parametrize("version", VERSIONS)
def test_scripts_can_be_read_in_every_version(version: str) -> None:
    for path in scripts():
        assert read_script(path, version, KNOWN).statements, path


def test_scripts_fit_the_width_of_a_page() -> None:
    for path in CASES.rglob("*.fix"):
        assert max(map(len, path.read_text(encoding="utf-8").splitlines())) <= WIDTH, path
