"""The examples of the page on scripts are scripts that can be read."""

from pathlib import Path

import pytest

from backoffice.cli.qa.script import VERSIONS, read_script

PAGE = Path(__file__).resolve().parents[2] / "spec" / "qa-scripts.md"
KNOWN = frozenset(("password", "order", "trade", "symbol", "logon"))


def examples() -> list[str]:
    """Return the page's scripts: its indented paragraphs, save what is typed at a shell and what comes of that."""
    blocks: list[list[str]] = [[]]
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("    "):
            blocks[-1].append(line.removeprefix("    "))
        elif line and blocks[-1]:
            blocks.append([])
    return ["\n".join(block) for block in blocks if block and not block[0].startswith("$")]


@pytest.mark.parametrize("version", VERSIONS)
def test_examples_can_be_read(tmp_path: Path, version: str) -> None:
    (tmp_path / "logon.fix").write_text("connect\n", encoding="utf-8")
    found = examples()
    assert len(found) >= 5
    for number, example in enumerate(found):
        text = "\n".join(line for line in example.splitlines() if not line.startswith("$"))
        path = tmp_path / f"example{number}.fix"
        path.write_text(text, encoding="utf-8")
        assert read_script(path, version, KNOWN).statements
