"""The session and time: heartbeats, silence, goodbyes, tolerances, bounds; and the table of its states."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgw.session import SECOND_NS, TRANSITIONS, Session, SessionState, Transition
from tests.fixgw.session_script import CLIENT, LOGGED_ON, NOW_NS, ORDER, VENUE, Script, at

pytestmark = pytest.mark.usefixtures("every_version")

BY_THE_CLOCK = {
    "4a a Heartbeat is sent when nothing else was for an interval": """
        29s
        -> 0
        1s
        <- 0
        29s
        -> 0
        0.9s
        0.1s
        <- 0
    """,
    "4a what is sent puts the Heartbeat off": """
        20s
        -> 1 112=X
        <- 0 112=X
        29s
        -> 0
        1s
        <- 0
    """,
    "a Heartbeat that could not be sent at once is not asked for at each tick": """
        30s
        <- 0
        1s
        1s
    """,
    "6 a TestRequest is sent once when nothing came for 1.2 intervals": """
        36s
        <- 0
        0.1s
        <- 1 112=ARE-YOU-THERE
        20s
        is ACTIVE next 2
    """,
    "6 whatever comes answers the TestRequest": """
        36.1s
        <- 0
        <- 1 112=ARE-YOU-THERE
        -> 0 112=ARE-YOU-THERE
        30s
        <- 0
        6.1s
        <- 1 112=ARE-YOU-THERE
        is ACTIVE next 3
    """,
    "6 silence ends the session": """
        36.1s
        <- 0
        <- 1 112=ARE-YOU-THERE
        25.9s
        0.1s
        <- 5 58=no answer to TestRequest
        is CLOSED next 2
    """,
    "silence with a gap open ends the session with the Logout": """
        -> 0 34=3
        <- 2 7=2|16=0
        63s
        <- 0
        <- 5 58=no answer to TestRequest
        is CLOSED next 2
    """,
    "time does nothing to a session that has ended": """
        -> 5
        <- 5
        100s
        is CLOSED next 3
    """,
}


@pytest.mark.parametrize("script", BY_THE_CLOCK.values(), ids=list(BY_THE_CLOCK))
def test_session_by_the_clock(script: str) -> None:
    Script().run(LOGGED_ON + script)


def test_time_does_nothing_before_the_logon() -> None:
    Script().run("""
        1000s
        is AWAITING_LOGON next 1
    """)


LEAVING = {
    "the venue's Logout is answered": """
        -> 5
        is CLOSED next 3
    """,
    "orders in flight behind our Logout are taken": """
        -> D
        app
        -> D
        app
        -> 5
        is CLOSED next 5
    """,
    "a TestRequest is still answered": """
        -> 1 112=X
        <- 0 112=X
        is LOGGING_OUT next 3
    """,
    "a ResendRequest is still answered": """
        -> 2 7=1|16=0
        resend 1 0
        is LOGGING_OUT next 3
    """,
    "a gap is still asked for": """
        -> 0 34=3
        <- 2 7=2|16=0
        is LOGGING_OUT next 2
    """,
    "a malformed message is still rejected": """
        -> ZZ
        reject 373=11
        is LOGGING_OUT next 3
    """,
    "no answer is not waited for longer than two seconds": """
        1s
        1.9s
        is LOGGING_OUT next 2
        0.1s
        is CLOSED next 2
    """,
    "orders do not put the end off": """
        0.2s
        -> D
        app
        1.9s
        -> D
        app
        0.2s
        is CLOSED next 4
    """,
    "what would end the session ends it without another Logout": """
        -> D 34=1|11=A1
        is CLOSED next 2
    """,
    "another CompID ends it without another Logout": """
        -> D 49=OTHER|11=A1
        <- 3 45=2|372=D|373=9|58=CompID problem
        is CLOSED next 3
    """,
    "the venue says goodbye once": """
        venue is closing
        is LOGGING_OUT next 2
    """,
}


@pytest.mark.parametrize("script", LEAVING.values(), ids=list(LEAVING))
def test_session_that_the_venue_ends(script: str) -> None:
    goodbye = """
        venue closes
        <- 5 58=closes
        is LOGGING_OUT next 2
    """
    Script().run(LOGGED_ON + goodbye + script)


def test_venue_says_no_goodbye_where_nobody_logged_on() -> None:
    Script().run("""
        venue closes
        is AWAITING_LOGON next 1
    """)


def test_second_goodbye_has_its_own_time() -> None:
    script = Script().run(LOGGED_ON + "venue closes\n<- 5 58=closes\n1s")
    script.session.disconnected()
    script.run("""
        60s
        -> A
        <- A 98=0|108=30
        venue closes
        <- 5 58=closes
        1s
        1s
        is LOGGING_OUT next 3
        1s
        is CLOSED next 3
    """)


# ------------------------------------------------------------------------------------------------ SendingTime


@pytest.mark.parametrize("fraction", ("", ".123", ".123456", ".123456789"))
def test_sending_time_has_seconds_to_nanoseconds(fraction: str) -> None:
    script = Script().run(LOGGED_ON)
    for _ in range(2):
        script.run(f"-> D 52={at(0)[:17]}{fraction}|{ORDER}\napp")


@pytest.mark.parametrize(
    "text",
    ("", "x", "20261118", "20261118-", "20261118-09:46", "20261118-24:00:00", "20261118-09:60:00", "20261318-09:46:40"),
)
def test_malformed_sending_time_ends_the_session_also_after_a_right_one(text: str) -> None:
    ends = "<- 3 45=3|372=D|373=10|58=SendingTime accuracy problem\n<- 5 58=SendingTime accuracy problem"
    Script().run(f"{LOGGED_ON}\n-> D\napp\n-> D 52={text}|{ORDER}\n{ends}")


@given(
    st.sampled_from(["20261118-11:06:40", "20261118-11:06:41", "20261118-10:06:40"]),
    st.sampled_from(
        ["", ".", ".1", ".12", ".1234", ".12a", ",123", ".123", ".123456", ".123456789", ".²34", ".1234567890"]
    ),
)
def test_quick_look_at_a_sending_time_agrees_with_the_thorough_one(second: str, fraction: str) -> None:
    thorough, quick = Session(VENUE, CLIENT), Session(VENUE, CLIENT)
    assert at(0)[:17] == "20261118-11:06:40"
    quick._is_fresh(at(0)[:17], NOW_NS)
    text = second + fraction
    assert quick._is_fresh(text, NOW_NS) == thorough._is_fresh(text, NOW_NS)


def test_sending_time_is_held_against_each_second_anew() -> None:
    script = Script().run(LOGGED_ON)
    start = at(0)
    script.run(f"-> D 52={start}|{ORDER}\napp")
    script.session.heartbeat_s = 1_000
    script.run("121s")
    script.run(f"""
        -> D 52={start}|{ORDER}
        <- 3 45=3|372=D|373=10|58=SendingTime accuracy problem
        <- 5 58=SendingTime accuracy problem
    """)


# ---------------------------------------------------------------------------------------------------- bounds


def test_gap_costs_one_request_however_much_comes_behind_it() -> None:
    script = Script().run(LOGGED_ON)
    script.run(f"-> D 34=3|{ORDER}\n<- 2 7=2|16=0")
    for _ in range(1_000):
        script.run("-> D")
    assert script.session.next_in == 2


def test_gap_that_is_never_filled_is_asked_for_once_in_an_interval() -> None:
    script = Script().run(LOGGED_ON)
    script.run(f"-> D 34=3|{ORDER}\n<- 2 7=2|16=0")
    asked = 0
    for _ in range(4 * 300):
        script.now_ns += SECOND_NS // 4
        script.session.last_sent_ns = script.now_ns
        assert not script.session.accept(script.message("D", ORDER), script.now_ns)
        script.session.tick(script.now_ns)
        asked += len(script.session.answers)
        script.session.answers.clear()
    assert asked == 9


def test_long_msg_type_is_not_repeated_in_full() -> None:
    script = Script().run(LOGGED_ON)
    assert not script.session.accept(script.message("X" * 10_000, "49=OTHER"), NOW_NS)
    reject, _ = script.session.answers
    assert len(reject[1]) < 200


# ------------------------------------------------------------------------------------------------- the table


HAPPENINGS = {
    "Logon, its MsgSeqNum as expected": "-> A",
    "Logon, its MsgSeqNum higher than expected": "-> A 34=3|98=0|108=30",
    "Logon that cannot be accepted": "-> A 98=0|108=0",
    "message as expected": "-> D",
    "message ahead of a gap": f"-> D 34=9|{ORDER}",
    "nothing to send for HeartBtInt": "30s",
    "nothing received for 1.2 x HeartBtInt": "36.1s",
    "nothing received for 2 x HeartBtInt + 2 s": "62.1s",
    "Logout received": "-> 5",
    "another Logon, with ResetSeqNumFlag=Y": "-> A 34=1|98=0|108=30|141=Y",
    "another Logon, without": "-> A",
    "BeginString that is not the session's": f"-> D 8=FIX.4.3|{ORDER}",
    "MsgSeqNum missing or not a number": f"-> D !34|{ORDER}",
    "MsgSeqNum lower than expected, without PossDupFlag": f"-> D 34=1|{ORDER}",
    "CompID that is not the session's": f"-> D 49=OTHER|{ORDER}",
    "SendingTime missing, malformed or out of tolerance": f"-> D 52={at(-300)}|{ORDER}",
    "OrigSendingTime after SendingTime": f"-> D 43=Y|122={at(60)}|{ORDER}",
    "the venue ends the session": "venue closes",
    "no Logout within 2 s": "2s",
}
"""How each event of the table is brought about."""


def in_state(state: SessionState) -> Script:
    script = Script()
    if state is not SessionState.AWAITING_LOGON:
        script.run(LOGGED_ON)
    if state is SessionState.LOGGING_OUT:
        script.run("venue closes\n<- 5 58=closes\n0s")
    if state is SessionState.CLOSED:
        script.run("-> 5\n<- 5")
    return script


@pytest.mark.parametrize("transition", TRANSITIONS, ids=lambda t: f"{t.state.name}: {t.event}")
def test_table_of_transitions_is_true(transition: Transition) -> None:
    script = in_state(transition.state)
    assert script.session.state is transition.state
    if transition.event == "connection gone":
        script.session.disconnected()
    else:
        script.say(HAPPENINGS[transition.event])
    answers = tuple(line.split()[1] for line in script.happened if line.startswith("<-"))
    by_the_way = ("0", "1") if transition.event.startswith("nothing received") else ()
    assert tuple(a for a in answers if a not in by_the_way or a in transition.answers) == transition.answers
    assert script.session.state is transition.next_state


def test_table_has_every_state_and_every_change_once() -> None:
    assert {transition.state for transition in TRANSITIONS} == set(SessionState)
    assert len({(transition.state, transition.event) for transition in TRANSITIONS}) == len(TRANSITIONS)


@pytest.mark.parametrize("state", SessionState)
def test_broken_connection_leads_to_the_next_logon(state: SessionState) -> None:
    script = in_state(state)
    next_in = script.session.next_in
    script.session.disconnected()
    assert script.session.state is SessionState.AWAITING_LOGON
    assert (script.session.answers, script.session.resend_requests) == ([], [])
    script.run(f"-> A 34={next_in}|98=0|108=30\n<- A 98=0|108=30\nis ACTIVE next {next_in + 1}")
