"""`fondaco qa run` as it is called."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backoffice.cli.command_line import fondaco_here
from tests.backoffice.cli.qa.peer import PASSWORD, Server, echo, write

GOOD = "title It is answered\ntags quick\nconnect\n> A 98=0|554={password}\n< A 98=0|108=30\n"
BAD = "title It is not as expected\ntags slow\nconnect\n> A 98=0|554={password}\n< A 98=0|108=60\n"


@pytest.fixture
def port() -> Iterator[int]:
    with Server(echo) as server:
        yield server.port


@pytest.fixture
def password(tmp_path: Path) -> str:
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\nnot this\n", encoding="utf-8")
    return f"password=@{path}"


def qa_run(*arguments: object) -> subprocess.CompletedProcess[str]:
    finished = fondaco_here("qa", "run", *arguments, "--session", "CLIENT", "--target", "SERVER")
    assert PASSWORD not in finished.stdout + finished.stderr
    return finished


def test_scripts_that_pass_end_with_status_0(tmp_path: Path, port: int, password: str) -> None:
    finished = qa_run(write(tmp_path, GOOD), "--port", port, "--set", password)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith("=== It is answered")
    assert finished.stdout.endswith(f"1 passed, 0 failed; FIX.4.4 against 127.0.0.1:{port}\n")


def test_script_that_needs_a_session_that_is_not_given_is_skipped(tmp_path: Path, port: int, password: str) -> None:
    script = write(tmp_path, "title Copies\nsession C drop-copy\nconnect\n> A 98=0|554={password}\n< A ...\n")
    finished = qa_run(script, "--port", port, "--set", password)
    assert "– Copies (script.fix): it needs a drop-copy session; name one with --drop-copy" in finished.stdout
    finished = qa_run(script, "--port", port, "--set", password, "--drop-copy", "COPIES", "--quiet")
    assert finished.stdout.startswith("✓ Copies")


def test_script_that_fails_ends_with_status_1_and_everything_is_on_file(
    tmp_path: Path, port: int, password: str
) -> None:
    folder = tmp_path / "scripts"
    folder.mkdir()
    write(folder, BAD, "a")
    write(folder, GOOD, "b")
    files = [tmp_path / name for name in ("junit.xml", "transcript", "normalized")]
    options = [item for pair in zip(("--junit", "--transcript", "--normalized"), files, strict=True) for item in pair]
    finished = qa_run(folder, "-p", port, "--set", password, "--quiet", *options)
    assert finished.returncode == 1
    lines = finished.stdout.splitlines()
    assert lines[0] == "✗ It is not as expected (a.fix)"
    assert any(line.split()[:2] == ["→", "HeartBtInt(108)"] for line in lines)
    assert lines[-2:] == ["✓ It is answered (b.fix)", f"1 passed, 1 failed; FIX.4.4 against 127.0.0.1:{port}"]
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert PASSWORD not in text
        assert "It is answered" in text


def test_summary_for_programs(tmp_path: Path, port: int, password: str) -> None:
    finished = qa_run(write(tmp_path, BAD), write(tmp_path, GOOD, "other"), "-p", port, "--set", password, "--json")
    assert finished.returncode == 1
    summary = json.loads(finished.stdout)
    assert [summary[name] for name in ("passed", "failed", "skipped", "version")] == [1, 1, 0, "FIX.4.4"]
    assert [script["result"] for script in summary["scripts"]] == ["failed", "passed"]
    assert "HeartBtInt(108)" in summary["scripts"][0]["problem"]


@pytest.mark.parametrize(
    ("options", "results"),
    (
        ([], ["failed", "passed"]),
        (["--only", "quick"], ["skipped", "passed"]),
        (["--without", "quick"], ["failed", "skipped"]),
        (["--only", "quick", "--only", "slow"], ["failed", "passed"]),
    ),
)
def test_tags_choose_scripts(tmp_path: Path, port: int, password: str, options: list[str], results: list[str]) -> None:
    scripts = write(tmp_path, BAD), write(tmp_path, GOOD, "other")
    finished = qa_run(*scripts, "-p", port, "--set", password, "--json", *options)
    assert [script["result"] for script in json.loads(finished.stdout)["scripts"]] == results


def test_scripts_that_cannot_be_read_are_all_told_before_anything_is_sent(tmp_path: Path, password: str) -> None:
    first, second = write(tmp_path, "A dance"), write(tmp_path, "wait\n", "other")
    finished = qa_run(first, second, "-p", 1, "--set", password)
    assert finished.returncode == 2
    lines = finished.stderr.splitlines()
    assert [line.partition(": '")[0] for line in lines] == [f"fondaco: {first}:1", f"fondaco: {second}:1"]
    assert finished.stdout == ""


@pytest.mark.parametrize(
    ("options", "what"),
    (
        (["--fix-version", "FIX.9"], "there are FIX.4.2, FIX.4.4, FIXT.1.1"),
        (["--role", "king"], "there are order-entry"),
        (["--timeout", "2"], "is no duration"),
        (["--set", "x"], "write NAME=VALUE"),
        (["--set", "x=@/nowhere"], "cannot read /nowhere"),
        (["--set", "x={"], "belongs to no name"),
        (["--port", "0"], "0"),
    ),
)
def test_option_that_cannot_be_is_a_usage_error(tmp_path: Path, options: list[str], what: str) -> None:
    finished = qa_run(write(tmp_path, GOOD), "--port", 1, *options)
    assert finished.returncode == 2
    assert what in " ".join(finished.stderr.replace("│", " ").split())


def test_folder_without_scripts_and_file_that_is_not_there(tmp_path: Path) -> None:
    for path, what in ((tmp_path, "no script in here"), (tmp_path / "x.fix", "there is no such script")):
        finished = qa_run(path, "--port", 1)
        assert finished.returncode == 2
        assert what in finished.stderr
