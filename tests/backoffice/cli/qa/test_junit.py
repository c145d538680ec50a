"""JUnit XML, as build servers read it."""

import xml.etree.ElementTree as ET
from pathlib import Path

from backoffice.cli.qa.junit import junit_xml
from backoffice.cli.qa.runner import Outcome, Run, act
from backoffice.cli.qa.script import read_script
from backoffice.cli.qa.suite import Selection, run_all
from tests.backoffice.cli.qa.peer import PASSWORD, Server, echo, run_for, write

LOGON = "connect\n> A 554={password}\n"


def outcomes_of(directory: Path, port: int, *texts: str) -> tuple[list[Outcome], Run]:
    run = run_for(port)
    paths = [write(directory, text, f"script{number}") for number, text in enumerate(texts)]
    scripts = [read_script(path, run.version, frozenset(run.values)) for path in paths]
    return run_all(scripts, run, Selection(), lambda outcome: None), run


def test_each_script_is_a_test_case(tmp_path: Path) -> None:
    with Server(echo) as server:
        outcomes, run = outcomes_of(
            tmp_path,
            server.port,
            f"title First & foremost\n{LOGON}< A 98=0|108=30",
            f"title Second\n{LOGON}< A 98=1|108=30",
            "title Third\nrequires version FIX.4.2",
        )
    document = junit_xml(outcomes, run)
    assert PASSWORD.encode() not in document
    (suite,) = ET.fromstring(document)
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["3", "1", "0", "1"]
    properties = {item.get("name"): item.get("value") for item in suite.iter("property")}
    assert properties["version"] == "FIX.4.4"
    assert properties["server"] == f"127.0.0.1:{server.port}"
    first, second, third = suite.iter("testcase")
    assert first.get("name") == "First & foremost"
    assert first.get("classname") == "script0"
    assert first.find("failure") is None
    assert "Logon(A)" in (first.findtext("system-out") or "")
    failure = second.find("failure")
    assert failure is not None
    assert (failure.get("message") or "").endswith("script1.fix:4: < A 98=1|108=30")
    assert "→  EncryptMethod(98)" in (failure.text or "")
    skipped = third.find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "it is for FIX.4.2"


def test_what_xml_cannot_hold_does_not_break_it(tmp_path: Path) -> None:
    text = "connect\n" + r"> 1 112=\x00\x1f\xff<&>" + "\n< 0 112=x"
    with Server(lambda line: line.say("0", f"112={line.hear()['35']}\x02|")) as server:
        run = run_for(server.port)
        outcome = act(read_script(write(tmp_path, text), run.version, frozenset()), run)
    (suite,) = ET.fromstring(junit_xml([outcome], run))
    assert r"\x00\x1f\xff<&>" in (suite.findtext("testcase/system-out") or "")
    assert r"\x02" in (suite.findtext("testcase/failure") or "")
