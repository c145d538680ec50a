"""What keeps connections of QuickFIX's apart: nobody is let in while another ends, or is kept waiting for good."""

import threading

import pytest

from fixgw import quickfix_endings
from fixgw.quickfix_endings import Endings

DEADLINE_S = 10.0


class Door:
    """A thread that wants to be let in."""

    def __init__(self, endings: Endings) -> None:
        self._is_in = threading.Event()
        self._thread = threading.Thread(target=self._enter, args=(endings,), daemon=True)
        self._thread.start()

    def _enter(self, endings: Endings) -> None:
        endings.let_in()
        self._is_in.set()

    def is_open(self) -> bool:
        return self._is_in.is_set()

    def opens(self) -> bool:
        return self._is_in.wait(DEADLINE_S)


def test_newcomer_is_let_in_at_once_when_nobody_ends() -> None:
    assert Door(Endings()).opens()


def test_newcomer_waits_until_all_that_end_are_gone() -> None:
    endings = Endings()
    there = {"BROKER1", "BROKER2"}
    looked = threading.Semaphore(0)

    def remains(comp_id: str) -> bool:
        looked.release()
        return comp_id in there

    endings.begin("BROKER1", lambda: remains("BROKER1"))
    endings.begin("BROKER2", lambda: remains("BROKER2"))
    door = Door(endings)
    for left in ("BROKER1", "BROKER2"):
        for _ in range(4):
            assert looked.acquire(timeout=DEADLINE_S)
        assert not door.is_open()
        there.remove(left)
    assert door.opens()


def test_newcomer_is_let_in_after_a_while_though_one_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quickfix_endings, "ENDS_WITHIN_S", 0.01)
    endings = Endings()
    endings.begin("BROKER1", lambda: True)
    assert Door(endings).opens()


def test_newcomer_is_let_in_after_strangers_that_were_turned_away() -> None:
    endings = Endings()
    endings.begin_stranger()
    assert Door(endings).opens()
