"""Lock-out: after how many failures, for how long, and of whom."""

from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgw.lockout import FORGOTTEN_AFTER_NS, SECOND_NS, Failures, Lockout

HOME: Final = "192.0.2.1"
ELSEWHERE: Final = "198.51.100.1"


class Door:
    """Attempts on a lock-out after 3 failures, at a time of its own."""

    def __init__(self) -> None:
        self.lockout = Lockout(3)
        self.now_ns = 0

    def fail(self, session: str = "BROKER1", address: str = HOME) -> bool:
        """Try with a wrong password; tell whether it was looked at."""
        return self.lockout.admits(session, address, self.now_ns)

    def log_on(self, session: str = "BROKER1", address: str = HOME) -> bool:
        """Try with the right one; tell whether that succeeded."""
        if not self.lockout.admits(session, address, self.now_ns):
            return False
        self.lockout.succeeded(session, address)
        return True

    def wait(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND_NS)

    def wait_until_open(self, attempt: Callable[[], bool], step_s: float = 1) -> float:
        """Return after how many seconds an attempt is looked at again."""
        waited = 0.0
        while not attempt():
            self.wait(step_s)
            waited += step_s
        return waited


def test_failures_lock_out_and_the_right_password_does_not_help() -> None:
    door = Door()
    assert [door.fail() for _ in range(4)] == [True, True, True, False]
    assert not door.log_on()
    door.wait(1)
    assert door.log_on()


def test_success_forgets_all_failures_before() -> None:
    door = Door()
    for _ in range(5):
        assert [door.fail(), door.fail(), door.log_on()] == [True, True, True]


def test_lock_out_lasts_twice_as_long_each_time_up_to_a_quarter_of_an_hour() -> None:
    door = Door()
    for _ in range(3):
        door.fail()
    waits = [door.wait_until_open(door.fail) for _ in range(13)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_attempts_while_locked_out_make_it_no_longer() -> None:
    door = Door()
    for _ in range(1_000):
        door.fail()
    door.wait(1)
    assert door.log_on()


def test_failures_are_forgotten_after_an_hour_without_one() -> None:
    door = Door()
    for _ in range(3):
        assert [door.fail(), door.fail()] == [True, True]
        door.wait(3_601)


def test_attempts_at_the_same_time_are_no_way_round() -> None:
    door = Door()
    assert sum(door.fail() for _ in range(1_000)) == 3


def test_nobody_elsewhere_locks_a_broker_out_of_where_it_works_from() -> None:
    door = Door()
    assert door.log_on()
    for number in range(200):
        for _ in range(10):
            door.fail(address=f"198.51.100.{number}")
        assert door.log_on()


def test_neighbour_with_a_wrong_password_locks_nobody_else_out() -> None:
    door = Door()
    assert door.log_on("BROKER2")
    for _ in range(500):
        door.fail("BROKER1")
        door.wait(5)
        assert door.log_on("BROKER2")


def test_one_session_tried_from_many_addresses_is_locked_for_strangers_but_never_for_long() -> None:
    door = Door()
    assert sum(door.fail(address=f"198.51.100.{number}") for number in range(200)) == 30
    waits = [door.wait_until_open(lambda: door.fail(address=f"203.0.113.{number}")) for number in range(10)]  # noqa: B023
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    door.wait(60)
    assert door.log_on(address="192.0.2.99")


def test_many_sessions_tried_from_one_address_lock_it() -> None:
    door = Door()
    assert sum(door.fail(f"BROKER{number}", ELSEWHERE) for number in range(200)) == 30
    assert not door.log_on("BROKER500", ELSEWHERE)
    assert door.log_on("BROKER500", HOME)


def test_names_that_are_of_no_session_lock_out_nothing_but_more_of_them() -> None:
    door = Door()
    assert sum(door.fail("", ELSEWHERE) for _ in range(200)) == 30
    assert door.log_on("BROKER1", ELSEWHERE)
    door.wait(1)
    assert door.fail("", ELSEWHERE)


def test_where_no_address_is_known_a_session_is_locked_late_and_never_for_long() -> None:
    door = Door()
    assert sum(door.fail(address="") for _ in range(200)) == 30
    door.wait(1)
    assert door.log_on(address="")
    for _ in range(200):
        door.wait_until_open(lambda: door.fail(address=""))
    assert door.wait_until_open(lambda: door.log_on(address="")) == 60


def test_other_credentials_lift_the_lock_out() -> None:
    door = Door()
    for _ in range(10):
        door.fail()
        door.fail("BROKER2")
    door.lockout.lift("BROKER1")
    assert door.log_on("BROKER1")
    assert not door.log_on("BROKER2")


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first() -> None:
    failures: Failures[int] = Failures(1, SECOND_NS, entries_max=100)
    for key in range(1_000):
        failures.count(key, 0)
    assert len(failures) == 100
    assert [key for key in range(1_000) if failures.is_locked(key, 0)] == list(range(900, 1_000))


@given(
    st.lists(
        st.tuples(st.sampled_from(("fail", "succeed")), st.integers(0, 400), st.sampled_from("AB")),
        max_size=60,
    )
)
def test_lock_is_what_the_failures_in_a_row_make_it(steps: list[tuple[str, int, str]]) -> None:
    """Held against a list of all that has happened."""
    failures: Failures[str] = Failures(3, 900 * SECOND_NS)
    happened: dict[str, list[int]] = {"A": [], "B": []}
    now_ns = 0
    for what, seconds, key in steps:
        now_ns += seconds * SECOND_NS
        in_a_row = happened[key]
        if in_a_row and now_ns - in_a_row[-1] > FORGOTTEN_AFTER_NS:
            in_a_row.clear()
        count = len(in_a_row)
        lock_s = min(2 ** (count - 3), 900) if count >= 3 else 0
        is_locked = count > 0 and now_ns < in_a_row[-1] + lock_s * SECOND_NS
        assert failures.is_locked(key, now_ns) == is_locked
        if is_locked:
            continue
        failures.count(key, now_ns)
        in_a_row.append(now_ns)
        if what == "succeed":
            failures.clear(key)
            in_a_row.clear()


@pytest.mark.parametrize("count", (1, 2, 3, 10))
def test_forgiving_takes_one_failure_back(count: int) -> None:
    failures: Failures[str] = Failures(3, SECOND_NS)
    for _ in range(count):
        failures.count("A", 0)
    failures.forgive("A")
    assert failures.is_locked("A", 0) == (count > 3)
    for _ in range(count):
        failures.forgive("A")
    assert len(failures) == 0
