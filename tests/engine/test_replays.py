"""Reports asked for once more: what the record has of it."""

from engine import commands
from engine.answer_events import ReplayAnswered, ReplayEnded
from engine.events import CommandRejected
from tests.engine.builders import Venue, only


def test_answer_is_as_the_gateway_has_judged_and_the_session_goes_on() -> None:
    venue = Venue()
    events = venue.apply(commands.QueryReplay("A", 7, "R", "REPORTS", 1, 9, 2, "none"))
    assert events == [ReplayAnswered("A", "R", "REPORTS", 1, 9, 2, "none")]
    assert venue.state.sessions["A"].last_in == 7


def test_end_says_where_to_go_on_and_takes_no_number_in() -> None:
    venue = Venue()
    before = venue.state.sessions["A"].last_in
    assert venue.apply(commands.EndReplay("A", "R", 1, 10, True)) == [ReplayEnded("A", "R", 1, 10, True)]
    assert venue.state.sessions["A"].last_in == before


def test_session_that_there_is_not_is_told_nothing() -> None:
    venue = Venue()
    for command in (commands.QueryReplay("X", 7, "R", "REPORTS", 1, 9), commands.EndReplay("X", "R", 1, 10, True)):
        assert only(CommandRejected, venue.apply(command)).text == "unknown session X"
