"""`fondaco qa certify` and `verify`, with a plan of two sections and a server of the test's own."""

import json
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from backoffice.cli.qa.report import plan_hash
from tests.backoffice.cli.command_line import error_line, fondaco_here
from tests.backoffice.cli.qa.peer import PASSWORD, Server, echo, write

LOGON = "title It is answered\nconnect\n> A 98=0|554={password}\n< A 98=0|108=30\n"
WRONG = "title It is not as expected\nconnect\n> A 98=0|554={password}\n< A 98=0|108=60\n"
COPIES = "title It is copied\nsession C drop-copy\nconnect\n> A 98=0|554={password}\n< A 98=0|108=30\n"
ELSEWHERE = "title For another version\nrequires version FIX.4.2\n"


class Desk:
    """Where certifications are run, and reports checked."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory
        self.plan = directory / "plan"
        self.report = directory / "report.json"
        self.key = directory / "key"
        self.public_key = directory / "key.pub"
        self._port = port
        self.plan.mkdir()

    def certify(self, *texts: str, options: tuple[object, ...] = ()) -> subprocess.CompletedProcess[str]:
        for number, text in enumerate(texts, 101):
            write(self.plan, text, f"{number}-section")
        finished = fondaco_here(
            *("qa", "certify", "--session", "CLIENT", "--target", "SERVER", "--port", self._port),
            *("--set", f"password={PASSWORD}", "--plan", self.plan, "--report", self.report, "--key", self.key),
            *options,
        )
        assert PASSWORD not in finished.stdout + finished.stderr
        return finished

    def verify(self, *options: object) -> subprocess.CompletedProcess[str]:
        return fondaco_here("qa", "verify", self.report, *options)

    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.report.read_bytes())
        return document


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Server(echo) as server:
        yield Desk(tmp_path, server.port)


def test_plan_that_is_passed_gives_a_signed_report(desk: Desk) -> None:
    finished = desk.certify(LOGON, ELSEWHERE)
    assert finished.returncode == 0, finished.stderr
    first, second, last = finished.stdout.splitlines()
    assert (first, second) == ("✓ 101 It is answered", "– 102 For another version: it is for FIX.4.2")
    assert last.startswith("The plan is passed: 1 of 2 sections passed.")
    report = desk.document()["report"]
    assert report["outcome"] == "passed"
    assert [report[name] for name in ("session", "counterparty", "target", "fix_version")] == [
        "CLIENT",
        "BROKER8",
        "SERVER",
        "FIX.4.4",
    ]
    assert [section["outcome"] for section in report["sections"]] == ["passed", "skipped"]
    assert report["versions"]["plan"] == plan_hash(desk.plan)
    assert report["versions"]["venue"].startswith("fondaco ")
    assert report["started"] < report["ended"]
    checked = desk.verify("--key", desk.public_key)
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.startswith("CLIENT has passed the plan on 20")
    assert desk.verify().returncode == 0


def test_plan_that_is_failed_gives_a_report_that_says_so(desk: Desk) -> None:
    finished = desk.certify(LOGON, WRONG)
    assert finished.returncode == 1
    assert "✗ 102 It is not as expected" in finished.stdout
    assert "→  HeartBtInt(108)" in finished.stdout
    assert desk.document()["report"]["outcome"] == "failed"
    page = desk.report.with_suffix(".md").read_text(encoding="utf-8")
    assert page.startswith("# Certification of CLIENT: failed\n")
    assert "→  HeartBtInt(108)" in page
    for text in (page, desk.report.read_text(encoding="utf-8")):
        assert PASSWORD not in text
    assert error_line(desk.verify()).endswith("is as it was signed, and says that the plan was failed (102)")


def test_plan_of_which_nothing_was_run_is_not_passed(desk: Desk) -> None:
    assert desk.certify(ELSEWHERE).returncode == 1
    assert desk.document()["report"]["outcome"] == "failed"


def test_plan_is_incomplete_without_a_session_that_it_needs(desk: Desk) -> None:
    finished = desk.certify(LOGON, COPIES)
    assert finished.returncode == 1
    needs = "it needs a drop-copy session; name one with --drop-copy"
    assert f"– 102 It is copied: not run, {needs}" in finished.stdout
    assert "The plan is incomplete: 1 of 2 sections passed, 1 not run." in finished.stdout
    report = desk.document()["report"]
    assert (report["outcome"], report["drop_copy"], report["market_data"]) == ("incomplete", "", "MD1")
    assert [section["outcome"] for section in report["sections"]] == ["passed", "not run"]
    page = desk.report.with_suffix(".md").read_text(encoding="utf-8")
    assert "The plan is not passed as long as these have not been run: 102." in page
    assert error_line(desk.verify()).endswith("says that the plan was incomplete (102)")
    finished = desk.certify(LOGON, COPIES, options=("--drop-copy", "COPIES"))
    assert finished.returncode == 0
    assert desk.document()["report"]["drop_copy"] == "COPIES"
    assert desk.verify().returncode == 0


def test_chapter_that_is_asked_for_is_all_that_is_run(desk: Desk) -> None:
    write(desk.plan, COPIES, "201-section")
    finished = desk.certify(LOGON, options=("--chapter", "1"))
    assert finished.returncode == 0, finished.stderr
    assert "The plan, chapters 1, is passed: 1 of 1 sections passed." in finished.stdout
    assert desk.document()["report"]["chapters"] == ["1"]
    page = desk.report.with_suffix(".md").read_text(encoding="utf-8")
    assert "Only these chapters of the plan were asked for: 1." in page
    assert "CLIENT has passed chapters 1 of the plan on" in desk.verify().stdout
    finished = desk.certify(options=("--chapter", "7"))
    assert finished.returncode == 2
    assert "there are 1, 2" in finished.stderr


def _outcome(document: dict[str, Any]) -> None:
    document["report"]["sections"][0]["outcome"] = "skipped"


def _title(document: dict[str, Any]) -> None:
    document["report"]["session"] = "SOMEBODY"


def _section(document: dict[str, Any]) -> None:
    document["report"]["sections"].pop()


def _plan(document: dict[str, Any]) -> None:
    document["report"]["versions"]["plan"] = "sha256:0"


def _signature(document: dict[str, Any]) -> None:
    document["signature"] = "00" * 64


def _no_signature(document: dict[str, Any]) -> None:
    document["signature"] = "none"


def _no_key(document: dict[str, Any]) -> None:
    document["public_key"] = ""


@pytest.mark.parametrize("tamper", (_outcome, _title, _section, _plan, _signature, _no_signature, _no_key))
def test_report_that_was_changed_is_found_out(desk: Desk, tamper: Callable[[dict[str, Any]], None]) -> None:
    desk.certify(LOGON, LOGON)
    document = desk.document()
    tamper(document)
    desk.report.write_text(json.dumps(document), encoding="utf-8")
    assert error_line(desk.verify()).endswith("is not as it was signed: it has been changed")


def test_layout_of_a_report_does_not_matter(desk: Desk) -> None:
    desk.certify(LOGON)
    desk.report.write_text(json.dumps(desk.document(), indent=7, sort_keys=True), encoding="utf-8")
    assert desk.verify().returncode == 0


def test_page_that_was_changed_is_found_out(desk: Desk) -> None:
    desk.certify(LOGON)
    page = desk.report.with_suffix(".md")
    page.write_text(page.read_text(encoding="utf-8").replace("CLIENT", "FRIEND"), encoding="utf-8")
    assert "does not say what report.json says" in error_line(desk.verify())
    page.unlink()
    assert desk.verify().returncode == 0


def test_report_signed_by_another_key_is_found_out(desk: Desk) -> None:
    desk.certify(LOGON)
    first = desk.public_key.read_bytes()
    desk.key.unlink()
    desk.certify(LOGON)
    assert desk.verify("--key", desk.public_key).returncode == 0
    desk.public_key.write_bytes(first)
    assert "is signed by another key than" in error_line(desk.verify("--key", desk.public_key))
    assert desk.verify().returncode == 0


@pytest.mark.parametrize("content", (b"", b"[]", b"{}", b"\xff", b'{"report": {"format": 2}}'))
def test_file_that_is_no_report_is_told(desk: Desk, content: bytes) -> None:
    desk.report.write_bytes(content)
    assert "is no report" in error_line(desk.verify())


def test_unknown_fields_cannot_be_smuggled_in(desk: Desk) -> None:
    desk.certify(LOGON)
    document = desk.document()
    document["report"]["note"] = "and well done"
    desk.report.write_text(json.dumps(document), encoding="utf-8")
    assert "is no report" in error_line(desk.verify())


def test_key_is_made_for_its_owner_alone_and_used_again(desk: Desk) -> None:
    desk.certify(LOGON)
    assert stat.S_IMODE(desk.key.stat().st_mode) == 0o600
    key = desk.key.read_bytes()
    desk.certify(LOGON)
    assert desk.key.read_bytes() == key


def test_key_that_proves_nothing_is_refused_before_anything_is_run(desk: Desk) -> None:
    desk.certify(LOGON)
    desk.report.unlink()
    desk.key.chmod(0o644)
    assert "others may read this key" in error_line(desk.certify(LOGON))
    desk.key.chmod(0o600)
    for content, what in ((b"nonsense", "no private key"), (_elliptic(), "another kind of key")):
        desk.key.write_bytes(content)
        assert what in error_line(desk.certify(LOGON))
    assert not desk.report.exists()


def test_public_key_that_is_none_is_told(desk: Desk) -> None:
    desk.certify(LOGON)
    desk.public_key.write_bytes(b"nonsense")
    assert "no public key" in error_line(desk.verify("--key", desk.public_key))


def test_report_for_programs(desk: Desk) -> None:
    finished = desk.certify(LOGON, options=("--json", "--venue-version", "9.9", "--counterparty", "OTHER"))
    report = json.loads(finished.stdout)["report"]
    assert report["versions"]["venue"] == "9.9"
    assert report["counterparty"] == "OTHER"


def test_plan_that_cannot_be_run_ends_with_status_2(desk: Desk) -> None:
    for text, name, what in (("A dance\n", "101-x", "nothing that a session can do"), ("wait 1s\n", "x", "no section")):
        path = write(desk.plan, text, name)
        finished = desk.certify()
        assert finished.returncode == 2
        assert what in finished.stderr
        path.unlink()
    for options in (("--counterparty", "CLIENT"), ("--plan", desk.key)):
        assert desk.certify(options=options).returncode == 2


def _elliptic() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
