"""Scripts acted out against a server of the test's own."""

import re
from pathlib import Path

import msgspec
import pytest

from backoffice.cli.qa.runner import Outcome, Seat, act
from backoffice.cli.qa.script import read_script
from backoffice.cli.qa.wire import Address
from tests.backoffice.cli.qa.peer import PASSWORD, Line, Server, echo, framed, outcome_of, run_for, write

LOGON = """
    connect
    > A 98=0|108=30|554={password}
    < A 98=0|108=30
"""


def problem_of(outcome: Outcome) -> str:
    assert outcome.result == "failed"
    return outcome.problem


def test_conversation_as_expected_passes(tmp_path: Path) -> None:
    outcome = outcome_of(
        tmp_path,
        LOGON
        + """
        > 1 112={run}
        < 0 112={run}|34=2
        > 1 112={out}-{in}
        < 0 112=*{said}|34={in}
        > 1 112={said}
        < 0 112=3-3
        > 5
        < 5
        disconnected
        """,
    )
    assert outcome.problem == ""
    assert outcome.result == "passed"


def test_number_that_is_given_a_name_stays_what_it_was(tmp_path: Path) -> None:
    outcome = outcome_of(
        tmp_path,
        LOGON
        + """
        let first = {out}
        let later = {A.in+1}
        > 1 112={first}-{later}
        < 0 112=2-3
        > 1 112={first}-{later}
        < 0 112=2-3
        > 5
        < 5
        """,
    )
    assert outcome.problem == ""


def test_header_is_put_in_with_the_right_length_and_checksum(tmp_path: Path) -> None:
    heard: list[bytes] = []

    def talk(line: Line) -> None:
        heard.append(line._socket.recv(65_536))

    outcome_of(tmp_path, "connect\n> D 11=a|38=1\ndisconnected", talk)
    (raw,) = heard
    body = raw.decode().replace("\x01", "|")
    assert re.fullmatch(
        r"8=FIX\.4\.4\|9=\d+\|35=D\|49=CLIENT\|56=SERVER\|34=1\|52=[0-9:.-]{21}\|11=a\|38=1\|10=\d{3}\|", body
    )
    inner = body.partition("|35=")[2]
    assert framed("35=" + inner.rpartition("10=")[0]) == raw


@pytest.mark.parametrize(
    ("line", "pattern"),
    (
        ("> D 34=7|11=a", r"8=FIX.4.4|9=*|35=D|49=CLIENT|56=SERVER|34=7|52=*|11=a|10=*|"),
        ("> D !52|11=a", r"8=FIX.4.4|9=*|35=D|49=CLIENT|56=SERVER|34=1|11=a|10=*|"),
        ("> D 49=X|49=Y", r"8=FIX.4.4|9=*|35=D|49=X|56=SERVER|34=1|52=*|49=Y|10=*|"),
        ('> "" 11=a', r"8=FIX.4.4|9=*|35=|49=CLIENT|56=SERVER|34=1|52=*|11=a|10=*|"),
        ("> D 9=right|10=right", r"8=FIX.4.4|9=55|35=D|49=CLIENT|56=SERVER|34=1|52=*|10=*|"),
        ("> D 9=right+3|52=x", r"8=FIX.4.4|9=38|35=D|49=CLIENT|56=SERVER|34=1|52=x|10=*|"),
        ("> D !35|8=FIX.4.2|!10", r"8=FIX.4.2|9=*|49=CLIENT|56=SERVER|34=1|52=*|"),
        (r">> 35=0|8={version}|9=12|10=121|x\|y=z", r"35=0|8=FIX.4.4|9=12|10=121|x\|y=z|"),
        (r"bytes 8=FIX.4.4|9=\x005\xff", "8=FIX.4.4|9=\x005\udcff"),
    ),
)
def test_every_part_of_a_message_can_be_otherwise(tmp_path: Path, line: str, pattern: str) -> None:
    heard: list[str] = []

    def talk(taken: Line) -> None:
        raw = taken._socket.recv(65_536)
        heard.append(raw.decode("utf-8", "surrogateescape").replace("\x01", "|"))

    outcome_of(tmp_path, f"connect\n{line}\ndisconnected", talk)
    expression = ".*".join(map(re.escape, pattern.split("*")))
    assert re.fullmatch(expression, heard[0]), heard


def test_checksum_and_length_can_be_off_by_so_much(tmp_path: Path) -> None:
    heard: list[str] = []

    def talk(line: Line) -> None:
        heard.append(line._socket.recv(65_536).decode().replace("\x01", "|"))

    outcome_of(tmp_path, "connect\n> 0 52=x|10=right+1\ndisconnected", talk)
    right = framed("35=0|49=CLIENT|56=SERVER|34=1|52=x|")
    assert int(heard[0][-4:-1]) == (int(right[-4:-1]) + 1) % 256


def test_all_times_of_a_message_are_one(tmp_path: Path) -> None:
    times: list[set[str]] = []

    def talk(line: Line) -> None:
        for _ in range(100):
            message = line.hear()
            times.append({message["52"], message["60"], message["122"]})
        line.say("5")

    outcome_of(tmp_path, "connect\nrepeat 100\n> 0 60=now|122=now\nend\n< 5", talk)
    assert [len(found) for found in times] == [1] * 100


def test_numbers_go_on_as_a_session_counts_them(tmp_path: Path) -> None:
    numbers: list[str] = []

    def talk(line: Line) -> None:
        while True:
            message = line.hear()
            numbers.append(message["34"])
            if message["35"] == "5":
                line.say("5")

    outcome_of(
        tmp_path,
        """
        connect
        > 0
        > 0
        > 0 34=9
        > 0
        > 0 34=4|43=Y
        > 0
        > 4 34=7|43=Y|123=Y|36=20
        > 0
        > 5
        < 5
        reconnect
        > 0
        > A 141=Y
        > 0 34={out+2}
        > 5
        < 5
        """,
        talk,
    )
    assert numbers == ["1", "2", "9", "10", "4", "11", "7", "20", "21", "22", "1", "4", "5"]


def test_several_sessions_speak_and_count_each_for_itself(tmp_path: Path) -> None:
    outcome = outcome_of(
        tmp_path,
        """
        session A
        session B
        let account = {sender}-A
        A connect
        B connect
        A > 1 112={sender}
        B > 1 112={A.account} {account}
        A > 1 112={B.sender} {out}
        B < 0 112=CLIENT-A OTHER-A|34=1
        A < 0 112=CLIENT|34=1
        A < 0 112=OTHER 2|34=2
        """,
    )
    assert outcome.problem == ""


def test_session_may_have_an_identity_of_its_own(tmp_path: Path) -> None:
    def talk(line: Line) -> None:
        said = line.hear()
        line.say("0", f"112={said['8']} {said['49']} {said['56']}|")

    outcome = outcome_of(
        tmp_path, "session A 8=FIX.4.2|49=NOBODY|56={sender}\nconnect\n> 0\n< 0 112=FIX.4.2 NOBODY CLIENT", talk
    )
    assert outcome.problem == ""


def test_what_comes_before_a_message_that_is_waited_for_does_not_count(tmp_path: Path) -> None:
    text = "connect\n> 1 112=a\n> 1 112=b\n> 1 112=c\nuntil < 0 112=b\n< 0 112=c|34={in}\n"
    outcome = outcome_of(tmp_path, text)
    assert outcome.problem == ""
    assert outcome.transcript is not None
    assert "skips Heartbeat(0)" in outcome.transcript.full()
    assert "112=a" not in outcome.transcript.normalized().partition("TestReqID(112)=c")[2]
    never = outcome_of(tmp_path, "connect\n> 1 112=a\nuntil within 300ms < 0 112=b\n")
    assert "it did not come within 0.3 s" in problem_of(never)


def test_session_that_is_named_by_its_role_is_that_of_the_run_where_that_logs_on(tmp_path: Path) -> None:
    def talk(line: Line) -> None:
        said = line.hear()
        line.say("0", f"112={said['49']}|")

    text = "session A\nsession P market-data\nsession B\n" + "".join(
        f"{name} connect\n{name} > 0\n{name} < 0 112={sender}\n"
        for name, sender in (("P", "PRICES"), ("A", "CLIENT"), ("B", "OTHER"))
    )
    with Server(talk) as first, Server(talk) as second:
        seats = {"market-data": Seat("PRICES", Address("127.0.0.1", second.port))}
        run = msgspec.structs.replace(run_for(first.port), seats=seats)
        outcome = act(read_script(write(tmp_path, text), "FIX.4.4", frozenset()), run)
    assert outcome.problem == ""
    assert outcome.transcript is not None
    assert f"P connects to 127.0.0.1:{second.port}" in outcome.transcript.full()


def test_variables_of_the_run_go_before_those_of_the_script(tmp_path: Path) -> None:
    text = """
        let symbol = LTC/USD
        let more = 553={sender}|58={symbol}
        connect
        > D 11=a|{more}|{nothing}|{appl_version}
        < j 45=1|...
        > 1 112={symbol} {who}
        < 0 112=ETH/USD me
    """
    outcome = outcome_of(tmp_path, text, values={"symbol": "ETH/USD", "nothing": "", "who": "me"})
    assert outcome.problem == ""
    assert outcome.transcript is not None
    assert "Username(553)=CLIENT | Text(58)=ETH/USD | CheckSum" in " ".join(outcome.transcript.full().split())


def test_version_has_its_field_in_a_logon(tmp_path: Path) -> None:
    def talk(line: Line) -> None:
        said = line.hear()
        assert (said["8"], said["1137"]) == ("FIXT.1.1", "9")
        line.put(framed("35=A|1137=9|", "FIXT.1.1"))

    outcome = outcome_of(tmp_path, "connect\n> A {appl_version}\n< A {appl_version}", talk, version="FIXT.1.1")
    assert outcome.problem == ""


def test_each_run_has_a_word_of_its_own(tmp_path: Path) -> None:
    words: list[str] = []

    def talk(line: Line) -> None:
        words.append(line.hear()["112"])

    for _ in range(3):
        outcome_of(tmp_path, "connect\n> 1 112={run}\ndisconnected", talk)
    assert len(set(words)) == 3
    assert words == sorted(words)


# What fails, and how it is told


def test_first_difference_is_marked_and_all_fields_are_shown(tmp_path: Path) -> None:
    text = LOGON + "> D 11=a\n< j 45=2|372=F|380=3|58=*|379=x\n"
    problem = problem_of(outcome_of(tmp_path, text))
    lines = problem.splitlines()
    assert lines[0].endswith("script.fix:6: < j 45=2|372=F|380=3|58=*|379=x")
    assert lines[1].strip() == "the message differs in RefMsgType(372)"
    assert [" ".join(line.split()) for line in lines[2:]] == [
        "field expected received",
        "MsgType(35) BusinessMessageReject(j) BusinessMessageReject(j)",
        "RefSeqNum(45) 2 2",
        "→ RefMsgType(372) F D",
        "BusinessRejectReason(380) 3 3",
        "Text(58) * what is D?",
        "≠ BusinessRejectRefID(379) x –",
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    (
        ("< 0", "is not connected"),
        ("connect\nconnect", "is connected already"),
        ("connect\n> 5\n< 5\n< 0", "the other side hung up instead"),
        ("connect\n< 0", "nothing came within 0.2 s"),
        ("connect\ndisconnected", "has not hung up within 0.2 s"),
        ("connect\n> 1 112=a\ndisconnected", "Heartbeat(0) came, and nothing should have"),
        ("connect\n> 1 112=a\nquiet 5s", "Heartbeat(0) came, and nothing should have"),
        ("connect\n> 5\n< 5\nquiet 5s", "the other side hung up"),
        ("connect\n> 5\n< 5\ndisconnected\n> 0", "is not connected"),
        ("connect\n> 1 112={password+1}", "and no number"),
        ("session A\nsession B\nsession C", "C has no SenderCompID"),
    ),
)
def test_what_goes_wrong_is_told(tmp_path: Path, text: str, what: str) -> None:
    assert what in problem_of(outcome_of(tmp_path, text, limit_s=0.2))


def test_variable_that_holds_itself_is_told(tmp_path: Path) -> None:
    for line in ("> D 11={a}", "> D {a}"):
        outcome = outcome_of(tmp_path, f"connect\n{line}", values={"a": "{b}", "b": "{a}"})
        assert "holds itself" in problem_of(outcome)


def test_silence_and_an_end_are_as_expected(tmp_path: Path) -> None:
    outcome = outcome_of(
        tmp_path, "connect\nquiet 50ms\nwait 10ms\n> 1 112=a\nwithin 20s < 0 112=a\n> 5\n< 5\nwithin 20s disconnected"
    )
    assert outcome.problem == ""


def test_messages_to_skip_do_not_count(tmp_path: Path) -> None:
    text = "connect\n> 1 112=a\n> 1 112=b\n> 0\nskip 0\n< j 45=3|...|34={in}\nskip\n> 1 112=c\n< 0 112=c|34=4"
    assert outcome_of(tmp_path, text).problem == ""


def test_message_that_may_come_leaves_any_other_for_the_next_line(tmp_path: Path) -> None:
    text = """
        connect
        > 1 112=a
        maybe < 1 112=*
        maybe < 0 112=b
        maybe < 0 112=a
        > 5
        maybe < 0
        < 5
        maybe < 3
        disconnected
    """
    assert outcome_of(tmp_path, text).problem == ""


@pytest.mark.parametrize(
    ("raw", "what"),
    (
        (framed("35=0|").replace(b"9=5", b"9=6"), "BodyLength(9) should be 5"),
        (framed("35=0|")[:-4] + b"000\x01", "CheckSum(10) should be"),
        (framed("49=S|35=0|"), "does not begin with 8, 9 and 35"),
        (framed("35=0|x=1|"), "what came is no FIX message: TagNotNumberError"),
        (b"8=FIX.4.4\x019=12", "the other side hung up instead"),
        (b"x" * 1_100_000, "a message has more than 1,048,576 bytes"),
    ),
)
def test_what_comes_must_be_well_made(tmp_path: Path, raw: bytes, what: str) -> None:
    def talk(line: Line) -> None:
        line.put(raw)

    assert what in problem_of(outcome_of(tmp_path, "connect\n< *", talk))


def test_nobody_there_is_told(tmp_path: Path) -> None:
    run = run_for(1)
    outcome = act(read_script(write(tmp_path, "connect"), run.version, frozenset()), run)
    assert "cannot connect to 127.0.0.1:1: Connection refused" in problem_of(outcome)


def test_secrets_are_masked_wherever_they_stand(tmp_path: Path) -> None:
    def talk(line: Line) -> None:
        message = line.hear()
        line.say("5", f"58=you said {message['554']} and {message['925']}|")

    outcome = outcome_of(
        tmp_path,
        "connect\n> A 554={password}|925=another-one|95=3|96=abc|58={password}\n< 5 58=hello",
        talk,
    )
    assert outcome.transcript is not None
    for text in (outcome.problem, outcome.transcript.full(), outcome.transcript.normalized()):
        assert PASSWORD not in text
        assert "another-one" not in text
        assert "abc" not in text
    assert "you said *** and ***" in outcome.problem


def test_bytes_with_a_secret_are_masked_too(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path, "connect\nbytes 8=FIX.4.4|554={password}|10=1", echo)
    assert outcome.transcript is not None
    assert "554=***|10=1" in outcome.transcript.full()


def test_bytes_with_a_secret_of_the_scripts_own_are_masked_too(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path, "connect\nbytes 8=FIX.4.4|554=of-the-script|10=1", echo)
    assert outcome.transcript is not None
    for text in (outcome.transcript.full(), outcome.transcript.normalized()):
        assert "of-the-script" not in text
