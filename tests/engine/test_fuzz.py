"""Random commands over all that the engine can do break none of its promises, and leave none of it out."""

from pathlib import Path
from typing import get_args

import pytest

from engine.commands import AnyCommand
from engine.events import AnyEvent
from engine.reject import RejectReason
from engine.values import CancelReason
from tests.engine.fuzz import fuzz

SEEDS_MIN, SEEDS_MAX = 2, 10
"""How many tapes are played: what is rare may take some to come."""


@pytest.mark.timeout(300)
def test_random_commands_break_no_promise(tmp_path: Path) -> None:
    missing = {*get_args(AnyCommand), *get_args(AnyEvent), *RejectReason, *CancelReason}
    for seed in range(1, SEEDS_MAX + 1):
        if missing or seed <= SEEDS_MIN:
            missing -= fuzz(tmp_path / f"{seed}", seed, 10_000, lambda tape: tape).keys()
    assert missing == set(), "what never comes is not tested: let tests/engine/tape.py make it happen"
