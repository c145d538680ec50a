"""A run as a page in Markdown."""

from pathlib import Path

from backoffice.cli.qa.page import page
from tests.backoffice.cli.qa.peer import PASSWORD, Server, echo
from tests.backoffice.cli.qa.test_junit import LOGON, outcomes_of


def test_each_script_is_a_row_and_each_problem_a_section(tmp_path: Path) -> None:
    with Server(echo) as server:
        outcomes, run = outcomes_of(
            tmp_path,
            server.port,
            f"title This | that\n{LOGON}< A 98=0|108=30",
            f"title Second\n{LOGON}< A 98=1|108=30",
            "title Third\nrequires version FIX.4.2",
        )
    text = page(outcomes, run)
    assert PASSWORD not in text
    lines = text.splitlines()
    assert lines[0] == "# SERVER, FIX.4.4: 1 passed, 1 failed, 1 skipped"
    rows = [line.rpartition(" | ")[0] for line in lines if ".fix | " in line]
    assert rows == [
        "| passed | script0.fix | This \\| that",
        "| failed | script1.fix | Second",
        "| skipped | script2.fix | Third",
    ]
    assert "## Second: failed" in lines
    assert any("→  EncryptMethod(98)" in line for line in lines)
    assert lines[lines.index("## Third: skipped") + 2] == "    it is for FIX.4.2"
