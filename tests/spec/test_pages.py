"""The pages of the specification that are made say what the code says; `python -m spec.NAME` makes them again."""

import re
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

SPEC = Path(__file__).resolve().parents[2] / "spec"
PAGES: dict[str, tuple[str, Callable[[], str]]] = {
    page: (script, make)
    for script in ("tables", "clients", "messages", "quickfix_dictionary", "examples")
    for page, make in runpy.run_path(str(SPEC / f"{script}.py"))["PAGES"].items()
}


@pytest.mark.parametrize("page", sorted(PAGES))
def test_page_that_is_made_is_what_the_code_says(page: str) -> None:
    script, make = PAGES[page]
    assert make() == (SPEC / page).read_text(encoding="utf-8"), f"run: python -m spec.{script}"


def test_every_page_is_made_or_written_by_hand() -> None:
    for_operators = {"journal.md", "balances.md", "books.md", "control.md", "other-hosts.md", "quickfix-lane.md"}
    by_hand = {"rules-of-engagement.md", "qa-scripts.md", *for_operators}
    assert {path.name for path in SPEC.iterdir() if path.suffix in {".md", ".xml"}} == by_hand | PAGES.keys()


def test_pages_speak_of_the_project_alone() -> None:
    for path in SPEC.iterdir():
        if path.suffix in {".md", ".xml", ".py"}:
            text = path.read_text(encoding="utf-8")
            assert not {word for word in ("http:", "https:", "/home", "/tmp", "/work", "/root") if word in text}, path


def test_links_between_pages_lead_somewhere() -> None:
    for page in (*SPEC.glob("*.md"), *SPEC.parent.glob("*.md")):
        for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            if not target.startswith("https:"):
                path, _, anchor = target.partition("#")
                linked = page.parent / path if path else page
                assert linked.is_file(), (page.name, target)
                assert not anchor or anchor in _anchors(linked), (page.name, target)


def _anchors(page: Path) -> set[str]:
    """Return the names by which links find the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
