"""What it takes to have told of a row."""

from typing import Any

from tests.backoffice.cli.everything.changes import Content, Row
from tests.backoffice.cli.everything.telling import Entry, untold


def task(**changes: Any) -> Content:
    return {"number": 7, "client": 1, "state": "open", "ended_by": None, "ended_ns": None, **changes}


OPEN = task()
DONE = task(state="done", ended_by="eva", ended_ns=5)


def entry(before: Content | None, after: Content | None) -> Entry:
    return Entry("eva", "end task", "client/C-1", before, after, "rung up", 5)


def lacking(before: Content | None, after: Content | None, *entries: Entry, silent: str = "") -> list[str]:
    return [*untold([Row("client_task", (7,), before, after)], entries, {silent})]


def test_a_change_needs_what_was_and_what_is() -> None:
    whole = entry({"task": "TASK-7", "state": "open"}, {"task": "TASK-7", "state": "done"})
    assert lacking(OPEN, DONE, whole) == []
    assert lacking(OPEN, DONE, entry(None, whole.after)) == ["client_task 7: state was 'open'"]
    assert lacking(OPEN, DONE, entry(whole.before, None)) == ["client_task 7: state is 'done'"]
    assert lacking(OPEN, DONE, silent="client_task") == []
    assert lacking(OPEN, DONE, entry(whole.before, None), silent="client_task.state") == []


def test_who_and_when_are_those_of_the_entry() -> None:
    whole = entry({"state": "open"}, {"state": "done"})
    assert lacking(OPEN, DONE, whole._replace(actor="ann")) == ["client_task 7: ended_by is 'eva'"]
    assert lacking(OPEN, DONE, whole._replace(time_ns=6)) == ["client_task 7: ended_ns is 5"]


def test_what_is_new_or_gone_is_named() -> None:
    assert lacking(None, OPEN, entry(None, {"task": "TASK-7"})) == []
    assert lacking(OPEN, None, entry({"task": "TASK-7"}, None)) == []
    assert lacking(None, OPEN) == ["client_task 7 is new"]
    assert lacking(OPEN, None) == ["client_task 7 is gone"]
