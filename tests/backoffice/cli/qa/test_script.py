"""Reading scripts, and what is said of those that cannot be read."""

from pathlib import Path

import pytest

from backoffice.cli.qa import statements as said
from backoffice.cli.qa.lines import ScriptError
from backoffice.cli.qa.script import read_script
from tests.backoffice.cli.qa.peer import PASSWORD, write

KNOWN = frozenset(("password",))


def read(directory: Path, text: str, version: str = "FIX.4.4") -> said.Script:
    return read_script(write(directory, text), version, KNOWN)


def kinds(script: said.Script) -> list[str]:
    return [type(statement).__name__ for statement in script.statements]


def test_script_has_what_its_head_says(tmp_path: Path) -> None:
    script = read(
        tmp_path,
        """
        # A comment.
        title Orders that rest
        requires version FIX.4.4 FIXT.1.1
        requires role order-entry
        tags slow orders
        session A
        session STRANGER 49=NOBODY|8=FIX.4.2
        session COPIES drop-copy
        session PRICES market-data 56=PRICES
        """,
    )
    assert script.title == "Orders that rest"
    assert script.versions == {"FIX.4.4", "FIXT.1.1"}
    assert script.roles == {"order-entry"}
    assert script.tags == {"slow", "orders"}
    assert [session.name for session in script.sessions] == ["A", "STRANGER", "COPIES", "PRICES"]
    assert [session.role for session in script.sessions] == ["", "", "drop-copy", "market-data"]
    assert [[field.tag for field in session.fields] for session in script.sessions[1:]] == [["49", "8"], [], ["56"]]
    assert script.statements == ()


def test_single_session_needs_no_name(tmp_path: Path) -> None:
    script = read(tmp_path, "connect\n> 0\n< 0 112=x\nquiet 1s\nskip 0\ndisconnected\nA disconnect")
    assert kinds(script) == ["Connect", "Send", "Expect", "Quiet", "Skip", "ExpectEnd", "Disconnect"]
    assert {statement.session for statement in script.statements if not isinstance(statement, said.Wait)} == {"A"}  # type: ignore[union-attr]
    assert [session.name for session in script.sessions] == ["A"]


def test_line_that_ends_in_a_bar_goes_on(tmp_path: Path) -> None:
    script = read(tmp_path, "> D 11=a|\n    38=1|\n    44=2\n< 8 ...")
    (send, expect) = script.statements
    assert isinstance(send, said.Send)
    assert [item.tag for item in send.items if isinstance(item, said.Field)] == ["11", "38", "44"]
    assert send.place.line == 1
    assert isinstance(expect, said.Expect)
    assert expect.place.line == 4


def test_lines_of_a_file_that_is_used_are_the_users(tmp_path: Path) -> None:
    write(tmp_path, "connect\n> A 554={password}\nuse inner", "logon")
    write(tmp_path, "title not the script's\n> 0", "inner")
    script = read(tmp_path, "session A\nsession B\nB use logon\nA connect")
    assert [(type(s).__name__, s.session) for s in script.statements if isinstance(s, said.Connect | said.Send)] == [
        ("Connect", "B"),
        ("Send", "B"),
        ("Send", "B"),
        ("Connect", "A"),
    ]
    assert script.title == "script"


def test_block_is_repeated_and_counted(tmp_path: Path) -> None:
    script = read(tmp_path, "repeat 2\n> D 11={n}\nrepeat 2\n> 0\nend\nend")
    assert kinds(script) == ["Let", "Send", "Let", "Send", "Let", "Send"] * 2


def test_lines_are_for_their_versions(tmp_path: Path) -> None:
    text = "[FIX.4.2] < 8 20=0|37=*{order}|...\n[FIX.4.4 FIXT.1.1] < 8 ...\n> F 37=1"
    assert kinds(read(tmp_path, text)) == ["Expect", "Send"]
    (expect, _) = read(tmp_path, text, "FIX.4.2").statements
    assert isinstance(expect, said.Expect)
    assert len(expect.items) == 3


def test_limit_in_time_is_one_lines(tmp_path: Path) -> None:
    script = read(tmp_path, "within 40s < 0\nwithin 2s A disconnected\n< 0")
    assert [s.within_s for s in script.statements if isinstance(s, said.Expect | said.ExpectEnd)] == [40, 2, 0]


def test_message_may_come_or_not(tmp_path: Path) -> None:
    script = read(tmp_path, "maybe < 0\nmaybe within 2s A < /3|j/ 45=1|?373=11\n< 0")
    found = [(s.is_optional, s.within_s) for s in script.statements if isinstance(s, said.Expect)]
    assert found == [(True, 0), (True, 2), (False, 0)]


def test_message_may_be_waited_for(tmp_path: Path) -> None:
    script = read(tmp_path, "until A < 5\nuntil within 5s A < 5\nA < 5")
    expected = [statement for statement in script.statements if isinstance(statement, said.Expect)]
    assert [(each.is_awaited, each.within_s) for each in expected] == [(True, 0), (True, 5), (False, 0)]


def test_way_to_compare_holds_from_its_line_on_and_not_within_what_is_used(tmp_path: Path) -> None:
    write(tmp_path, "compare in any order\nignore 57\n< 0", "used")
    script = read(tmp_path, "< 0\ncompare in order\nignore 50\n< 0\nuse used\n< 0")
    expects = [s for s in script.statements if isinstance(s, said.Expect)]
    assert [s.is_ordered for s in expects] == [False, True, False, True]
    assert [s.ignored for s in expects] == [frozenset(), {"50"}, {"50", "57"}, {"50", "57"}]


def test_names_are_known_from_where_they_get_a_value(tmp_path: Path) -> None:
    read(
        tmp_path,
        """
        session A
        session B
        let logon = 553={sender}|554={password}
        let account = {sender}-A
        A > A {logon}|{appl_version}
        A < 8 37=*{order}|60=/(?P<day>\\d+)-.*/|...
        B > F 37={order}|1={A.account}|58={day} {run} {out+1} {A.in}
        """,
    )


BAD_LINES = [
    ("hello", "'hello' begins no line"),
    ("A dance", "'dance' is nothing that a session can do"),
    ("B > D 11=a", "there is no session B"),
    ("session b", "capitals"),
    ("session A 50=X", "it may have 8, 49 and 56"),
    ("session A read-only", "'read-only' is no field"),
    ("session A\nsession A", "there is a session A already"),
    ("session A\nsession B\n> 0", "begin it with one of A, B"),
    ("connect now", "'now' is too much here"),
    (">", "MsgType is missing"),
    ("> 11=a|38=1", "MsgType is missing"),
    ("> D 11", "'11' is no field; write 38=0.25"),
    ("> D x=1", "'x=1' is no field"),
    ("> D !x", "leaves out no tag"),
    ("> D 11=a|...", "not for what is sent"),
    ("> D 11=right", "only 9 and 10, and of a signed Logon 95 and 96, can be right"),
    ("> D 11=a|", "the file ends behind a |"),
    (">> 8=FIX.4.4|garbage", "goes with `bytes`"),
    ("> D 11={order}", "{order} has no value here (capture it with *{order}, say `let order = …`"),
    ("> D {order}", "{order} has no value here"),
    ("> D 11={C.sender}", "there is no session C"),
    ("> D 11=a{", "belongs to no name"),
    ("< D 11=/(/", "no regular expression"),
    ("within x < 0", "'x' is no duration; write it as 2s"),
    ("within 2s > 0", "'>' begins no line"),
    ("within 2s A > 0", "'>' is nothing that a session can do here"),
    ("maybe > 0", "'>' begins no line"),
    ("maybe within 2s disconnected", "`maybe` is for a message"),
    ("wait 2h", "'2h' is no duration"),
    ("wait 11m", "11m is too long; the longest is 600s"),
    ("quiet", "'' is no duration"),
    ("compare loosely", "is no way to compare"),
    ("ignore x", "is no tag"),
    ("requires luck", "cannot be required"),
    ("requires version FIX.4.2\nrequires version FIX.4.4", "no version is left (above, FIX.4.2 is required)"),
    ("requires role king", "cannot be required"),
    ("requires version FIX.9", "FIX.9 is no version (there are FIX.4.2, FIX.4.4, FIXT.1.1)"),
    ("[] > 0", "nothing is no version"),
    ("use nothing", "there is no "),
    ("use script", "is used by what it uses"),
    ("let x", "gives no name a value"),
    ("let run = 1", "has its value from the run"),
    ("repeat x\nend", "'x' is not how often"),
    ("repeat 2\n> 0", "this has no end"),
    ("end", "this ends nothing"),
    ("repeat 10000\nrepeat 10000\n> 0\nend\nend", "more than 100,000 statements"),
]


@pytest.mark.parametrize(("text", "what"), BAD_LINES)
def test_line_that_cannot_be_read_says_where_what_and_what_would_be_right(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(ScriptError) as caught:
        read(tmp_path, f"# first\n\n{text}\n")
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "script.fix:"))
    assert what in message


@pytest.mark.parametrize(
    ("content", "what"), ((b"\xff", "is not UTF-8"), (b"#" * 2_000_000, "has more than"), (None, "No such file"))
)
def test_file_that_is_no_script_says_why(tmp_path: Path, content: bytes | None, what: str) -> None:
    path = tmp_path / "script.fix"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ScriptError, match=what):
        read_script(path, "FIX.4.4", KNOWN)


def test_error_does_not_repeat_a_password(tmp_path: Path) -> None:
    with pytest.raises(ScriptError) as caught:
        read(tmp_path, f"> A 554={PASSWORD}{{|98=0\n")
    assert PASSWORD not in str(caught.value)
