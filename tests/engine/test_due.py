"""What the clock will act upon, in its order."""

from hypothesis import given
from hypothesis import strategies as st

from engine.due import NEVER, Due, DueKey, Timed


class Bell(Timed):
    def __init__(self, kind: int, number: int, name: str) -> None:
        self.due_ns = 0
        self.key = kind, number, name

    def due_key(self) -> DueKey:
        return self.key


def test_next_is_the_earliest_then_the_kind_then_the_number_and_the_name() -> None:
    due = Due()
    bells = [Bell(0, 7, ""), Bell(0, 9, ""), Bell(1, 0, "A"), Bell(1, 0, "B"), Bell(0, 1, "")]
    for bell, time_ns in zip(reversed(bells), (6, 5, 5, 5, 5), strict=True):
        due.add(bell, time_ns)
    assert due.items() == bells
    assert (due.first(), due.next_ns) == (bells[0], 5)


def test_nothing_is_due_when_all_is_forgotten() -> None:
    due, bell = Due(), Bell(0, 1, "")
    due.remove(bell)
    due.add(bell, 5)
    due.remove(bell)
    assert (len(due), due.next_ns, bell.due_ns) == (0, NEVER, 0)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9))))
def test_it_is_a_sorted_list_that_forgets(steps: list[tuple[int, int]]) -> None:
    due, bells, times = Due(), [Bell(0, number, "") for number in range(10)], dict[int, int]()
    for number, time_ns in steps:
        due.remove(bells[number])
        times.pop(number, None)
        if time_ns:
            due.add(bells[number], time_ns)
            times[number] = time_ns
        in_order = sorted((time_ns, number) for number, time_ns in times.items())
        assert due.items() == [bells[number] for _, number in in_order]
        assert due.next_ns == (in_order[0][0] if in_order else NEVER)
