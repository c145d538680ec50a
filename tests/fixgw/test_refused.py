"""The log of what was refused: a flood is a few lines, and nothing is left uncounted."""

import structlog
from hypothesis import given
from hypothesis import strategies as st

from fixgw.refused import EVERY_NS, KINDS_MAX, RefusedLog


def test_first_of_a_kind_is_logged_at_once_and_the_rest_are_counted() -> None:
    log = RefusedLog()
    with structlog.testing.capture_logs() as lines:
        for number in range(1_000):
            log.note("connection dropped", f"peer {number}", "no Logon in time", 0)
            log.flush(number)
        log.flush(EVERY_NS)
        log.flush(2 * EVERY_NS)
        log.note("connection dropped", "peer X", "no Logon in time", 2 * EVERY_NS + 1)
    assert [(line["peer"], line.get("count", 1)) for line in lines] == [("peer 0", 1), ("peer 999", 999), ("peer X", 1)]


def test_reasons_and_sessions_are_kinds_of_their_own() -> None:
    log = RefusedLog()
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            log.note("logon refused", "peer", "wrong Password(554)", 0, "BROKER1")
            log.note("logon refused", "peer", "wrong Password(554)", 0, "BROKER2")
            log.note("logon refused", "peer", "locked out", 0, "BROKER2")
    assert [(line["reason"], line["session"]) for line in lines] == [
        ("wrong Password(554)", "BROKER1"),
        ("wrong Password(554)", "BROKER2"),
        ("locked out", "BROKER2"),
    ]


def test_what_is_held_is_bounded() -> None:
    log = RefusedLog()
    with structlog.testing.capture_logs():
        for number in range(KINDS_MAX + 100):
            log.note("logon refused", "peer", f"reason {number}", 0)
    assert len(log._kinds) == KINDS_MAX


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, EVERY_NS)), max_size=80))
def test_counts_add_up_to_what_came(notes: list[tuple[str, int]]) -> None:
    log = RefusedLog()
    now_ns = 0
    with structlog.testing.capture_logs() as lines:
        for reason, later_ns in notes:
            now_ns += later_ns
            log.flush(now_ns)
            log.note("logon refused", "peer", reason, now_ns)
        log.flush(now_ns + EVERY_NS)
    assert sum(line.get("count", 1) for line in lines) == len(notes)
