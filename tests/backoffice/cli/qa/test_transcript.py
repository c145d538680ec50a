"""Transcripts: for people to read, and for two servers to have in common."""

from pathlib import Path

from backoffice.cli.qa.runner import Outcome
from tests.backoffice.cli.qa.peer import Line, outcome_of

SCRIPT = """
    title An order
    connect
    step It is taken
    > D 11=o-{run}|55=BTC/USD|60=now|554={password}
    < 8 37=*{order}|17=T*{trade}-0|39=0|60=*|38=1.5|...
    > F 37={order}|11=c-{run}
    < 8 37={order}|11=c-*|...
    quiet 10ms
    disconnect
"""


def venue(number: str, *, digits: str = "", text: str = "") -> Outcome | object:
    """Return a server that numbers its orders from `number` on and shows quantities with more or fewer digits."""

    def talk(line: Line) -> None:
        asked = line.hear()
        more = f"58={text}|" if text else ""
        line.say("8", f"37={number}|17=T{number}-0|39=0|11={asked['11']}|60=20261127-10:00:00|38=1.5{digits}|{more}")
        asked = line.hear()
        line.say("8", f"37={number}|11={asked['11']}|17={number}-1|39=4|60=20261127-10:00:0{number[0]}.000|")
        line.hear()

    return talk


def transcripts(directory: Path, talk: object) -> tuple[str, str]:
    outcome = outcome_of(directory, SCRIPT, talk)  # type: ignore[arg-type]
    assert outcome.transcript is not None
    assert outcome.problem == ""
    return outcome.transcript.full(), outcome.transcript.normalized()


def test_transcript_spells_out_names_and_has_times(tmp_path: Path) -> None:
    full, _ = transcripts(tmp_path, venue("71"))
    assert full.startswith(f"=== An order ({tmp_path / 'script.fix'})\n    0.0")
    text = " ".join(full.split())
    assert "— It is taken" in text
    assert "A > NewOrderSingle(D) BeginString(8)=FIX.4.4 | BodyLength(9)=" in text
    assert "Symbol(55)=BTC/USD | TransactTime(60)=20" in text
    assert "A < ExecutionReport(8) BeginString(8)=FIX.4.4" in text
    assert "OrderID(37)=71 | ExecID(17)=T71-0 | OrdStatus(39)=0" in text
    assert "A hears nothing for 0.01 s" in text
    assert "Password(554)=*** | CheckSum(10)" in text
    assert max(map(len, full.splitlines())) <= 120


def test_servers_that_behave_alike_have_one_normalized_transcript(tmp_path: Path) -> None:
    (_, first), (_, second) = (transcripts(tmp_path, venue(number)) for number in ("71", "8000"))
    assert first == second
    assert first.split("\n") == [
        "=== An order",
        "A connects",
        "— It is taken",
        "A > NewOrderSingle(D)  ClOrdID(11)=o-{run} | Symbol(55)=BTC/USD | TransactTime(60)=now | Password(554)=***",
        "A < ExecutionReport(8)  MsgSeqNum(34)=1 | OrderID(37)=*{order} | ExecID(17)=T*{trade}-0 | OrdStatus(39)=0 |",
        "    TransactTime(60)=* | OrderQty(38)=1.5 | ClOrdID(11)=o-{run}",
        "A > OrderCancelRequest(F)  OrderID(37)={order} | ClOrdID(11)=c-{run}",
        (
            "A < ExecutionReport(8)  MsgSeqNum(34)=2 | OrderID(37)={order} | ClOrdID(11)=c-* | ExecID(17)=* | "
            "OrdStatus(39)=4 |"
        ),
        "    TransactTime(60)={time}",
        "A hears nothing for 0.01 s",
        "A hangs up",
        "",
    ]


def test_what_may_be_there_or_not_makes_no_difference(tmp_path: Path) -> None:
    def silent(line: Line) -> None:
        line.hear()

    def polite(line: Line) -> None:
        line.hear()
        line.say("0", "112=x|")
        line.say("5", "58=good night|")

    def plain(line: Line) -> None:
        line.hear()
        line.say("5", "")

    script = "connect\n> 0\nmaybe < 0 112=*\nmaybe < 5 ?58=*|34=*\ndisconnected"
    found = set()
    for talk in (silent, polite, plain):
        outcome = outcome_of(tmp_path, script, talk)
        assert outcome.problem == ""
        assert outcome.transcript is not None
        found.add(outcome.transcript.normalized())
    assert len(found) == 1
    assert "A may hear Logout(5)  Text(58)=* | MsgSeqNum(34)=*\n" in found.pop()

    spoken = "connect\n> 0\nmaybe < 0 112=*\n< 5 ?58=*|34=*\ndisconnected"
    texts = {outcome_of(tmp_path, spoken, talk).transcript.normalized() for talk in (polite, plain)}  # type: ignore[union-attr]
    assert len(texts) == 1
    assert "A < Logout(5)  Text(58)=*, or nothing | MsgSeqNum(34)=*\n" in texts.pop()


def test_after_what_need_not_come_numbers_are_the_servers_own(tmp_path: Path) -> None:
    def beating(line: Line) -> None:
        line.hear()
        line.say("0", "")
        line.say("5", "")

    def still(line: Line) -> None:
        line.hear()
        line.say("5", "")

    for script in ("connect\n> 0\nskip 0\n< 5 ...\ndisconnected", "connect\n> 0\nmaybe < 0 ...\n< 5 ...\ndisconnected"):
        texts = {outcome_of(tmp_path, script, talk).transcript.normalized() for talk in (beating, still)}  # type: ignore[union-attr]
        assert len(texts) == 1
        assert "A < Logout(5)  MsgSeqNum(34)=*\n" in texts.pop()


def test_servers_that_differ_have_different_normalized_transcripts(tmp_path: Path) -> None:
    _, first = transcripts(tmp_path, venue("71"))
    for other in (venue("71", digits="00"), venue("71", text="hello")):
        _, second = transcripts(tmp_path, other)
        assert first != second


def test_what_cannot_be_printed_is_shown_as_its_number(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path, r"bytes 9=\x00\xff\x1b[2J", lambda line: None)
    assert outcome.transcript is not None
    outcome = outcome_of(tmp_path, "connect\n" + r"bytes 9=\x00\xff\x1b[2J|x\x01", lambda line: None)
    assert outcome.transcript is not None
    assert r"bytes 9=\x00\xff\x1b[2J|x|" in outcome.transcript.full()
