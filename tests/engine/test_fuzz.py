"""Random commands over all that the engine can do break none of its promises, and leave none of it out."""

from pathlib import Path
from typing import get_args

import pytest

from engine.commands import AnyCommand
from engine.events import AnyEvent
from engine.reject import RejectReason
from engine.values import CancelReason
from tests.engine.fuzz import fuzz


@pytest.mark.timeout(300)
def test_random_commands_break_no_promise(tmp_path: Path) -> None:
    seen = fuzz(tmp_path / "1", 1, 10_000, lambda tape: tape) + fuzz(tmp_path / "2", 2, 10_000, lambda tape: tape)
    expected = {*get_args(AnyCommand), *get_args(AnyEvent), *RejectReason, *CancelReason}
    assert expected - seen.keys() == set(), "what never comes is not tested: let tests/engine/tape.py make it happen"
