"""The certification's page names the sections that there are, and every section can be read."""

import re
from pathlib import Path

from backoffice.cli.qa.script import read_script

PLAN = Path(__file__).resolve().parents[2] / "spec" / "certification"
KNOWN = frozenset(("password",))
WIDTH = 120
NOT_FOR = {
    "FIX.4.2": {"303-mass-cancel.fix", "402-mass-status.fix", "802-trades-asked-for.fix", "805-replay.fix"},
    "FIX.4.4": {"805-replay.fix"},
    "FIXT.1.1": set(),
}
"""What is left out of the plan in which version: it has no such messages."""


def test_page_lists_the_sections_under_their_chapters() -> None:
    chapter = ""
    listed: list[tuple[str, str, str]] = []
    for line in (PLAN / "README.md").read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"## (\d) .+", line):
            chapter = heading[1]
        elif row := re.fullmatch(r"\| \[(\d{3})\]\((.+)\) \| (.+) \|", line):
            assert row[1][0] == chapter, line
            listed.append((row[1], row[2], row[3]))
    there = [
        (path.stem[:3], path.name, read_script(path, "FIX.4.4", KNOWN).title) for path in sorted(PLAN.glob("*.fix"))
    ]
    assert listed == there


def test_every_section_has_a_number_of_its_own_and_speaks_as_the_broker_first() -> None:
    paths = sorted(PLAN.glob("*.fix"))
    assert len({path.stem[:3] for path in paths}) == len(paths)
    for path in paths:
        script = read_script(path, "FIX.4.4", KNOWN)
        assert next((session.name for session in script.sessions if not session.role), "BROKER") == "BROKER", path


def test_plan_can_be_read_for_each_version_that_it_is_for() -> None:
    for version, not_for_it in NOT_FOR.items():
        scripts = {path.name: read_script(path, version, KNOWN) for path in PLAN.glob("*.fix")}
        assert all(script.statements for script in scripts.values())
        left_out = {name for name, script in scripts.items() if script.versions and version not in script.versions}
        assert left_out == not_for_it, version


def test_scripts_fit_the_width_of_a_page() -> None:
    for path in PLAN.rglob("*.fix"):
        assert max(map(len, path.read_text(encoding="utf-8").splitlines())) <= WIDTH, path


def test_links_of_the_page_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", (PLAN / "README.md").read_text(encoding="utf-8")):
        assert (PLAN / target.partition("#")[0]).is_file(), target
