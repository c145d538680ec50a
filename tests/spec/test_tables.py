"""The pages of the specification that are made from the code's tables say what the code says."""

import runpy
from pathlib import Path

import pytest

SPEC = Path(__file__).resolve().parents[2] / "spec"
PAGES = runpy.run_path(str(SPEC / "tables.py"))["PAGES"]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    assert PAGES[name]() == (SPEC / name).read_text(encoding="utf-8"), "run: python spec/tables.py"
