"""Whatever comes in keeps the promises: what has been found, what real brokers say, and what a guided fuzzer makes."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from tests.fuzz import corpus
from tests.fuzz.found import FOUND
from tests.fuzz.guidance import fuzz
from tests.fuzz.targets import TARGETS

SECONDS: Final = 15
INPUTS_MIN: Final = 100
"""Fewer in that time would mean that the fuzzer does not work, not that the machine is slow."""


@pytest.mark.parametrize("target", TARGETS)
def test_conversations_keep_every_promise(target: str) -> None:
    for script in corpus.scripts():
        TARGETS[target](script)


def test_inputs_that_broke_a_promise_do_so_no_more() -> None:
    for target, script in FOUND:
        TARGETS[target](script)


@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not made for this platform")
@pytest.mark.parametrize("target", TARGETS)
def test_guided_fuzzer_breaks_no_promise(target: str, tmp_path: Path) -> None:
    outcome = fuzz(target, SECONDS, tmp_path, seed=1)
    assert outcome.failing is None, outcome.report(target)
    assert outcome.inputs > INPUTS_MIN, outcome.output
