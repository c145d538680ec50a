"""The certification's plan, whole, against the venue that it is written for: twice, as brokers do."""

import base64
import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.e2e.conftest import MakeVenue
from tests.e2e.venue import PASSWORD, ROOT, Venue

pytestmark = pytest.mark.e2e

PLAN = ROOT / "spec" / "certification"


@pytest.fixture
def venue(make_venue: MakeVenue) -> Venue:
    venue = make_venue(sessions=8, drop_copy=True, market_data=True)
    venue.start()
    return venue


@pytest.fixture
def password(tmp_path: Path) -> str:
    path = tmp_path / "password"
    path.write_text(PASSWORD, encoding="utf-8")
    return f"password=@{path}"


def fondaco(venue: Venue, *arguments: object) -> subprocess.CompletedProcess[str]:
    finished = subprocess.run(
        venue.command("qa", *map(str, arguments)),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert PASSWORD not in finished.stdout + finished.stderr
    return finished


def speaking(venue: Venue, version: str) -> None:
    """Have all sessions of a venue that is not yet running speak a version of FIX."""
    settings = venue.config.read_text(encoding="utf-8")
    text = settings.replace("[[sessions]]\n", f'[[sessions]]\nversion = "{version}"\n')
    venue.config.write_text(text, encoding="utf-8")


def certified(venue: Venue, directory: Path, password: str, begin_string: str) -> None:
    report = directory / "report.json"
    key = directory / "key"
    options = (
        *("--port", venue.port, "--market-data-port", venue.market_data_port, "--session", "BROKER1"),
        *("--set", password, "--report", report, "--key", key),
    )
    finished = fondaco(venue, "certify", *options, "--fix-version", begin_string)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    sections = json.loads(report.read_bytes())["report"]["sections"]
    assert [section["script"] for section in sections] == [path.name for path in sorted(PLAN.glob("*.fix"))]
    assert {section["outcome"] for section in sections} <= {"passed", "skipped"}
    skipped = {section["script"]: section["problem"] for section in sections if section["outcome"] == "skipped"}
    assert all(problem.startswith("it is for FIX") for problem in skipped.values()), skipped
    assert fondaco(venue, "verify", report, "--key", f"{key}.pub").returncode == 0
    for path in (report, report.with_suffix(".md")):
        assert PASSWORD not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("version", "begin_string"), (("FIX.4.2", "FIX.4.2"), ("FIX.4.4", "FIX.4.4"), ("FIX.5.0SP2", "FIXT.1.1"))
)
def test_venue_passes_the_plan(
    make_venue: MakeVenue, tmp_path: Path, password: str, version: str, begin_string: str
) -> None:
    venue = make_venue(sessions=8, drop_copy=True, market_data=True)
    speaking(venue, version)
    venue.start()
    certified(venue, tmp_path, password, begin_string)


def test_session_that_signs_its_logons_is_certified_and_its_key_is_in_nothing_that_is_written(
    venue: Venue, tmp_path: Path, password: str
) -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "logon.pem").write_bytes(pem)
    public_key = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    shown = [
        venue.run(
            *("session", "rekey", session, "--config", str(venue.config), "--data", str(venue.data)),
            *(*options, "--revoke", "password", "--by", "mira", "--why", "they sign"),
        ).stdout
        for session, options in (("BROKER1", ("--public-key", public_key)), ("BROKER8", ("--hmac",)))
    ]
    secret = next(word for word in shown[1].split() if word.endswith("=") and len(word) == 44)
    (tmp_path / "secret").write_text(secret, encoding="ascii")
    report = tmp_path / "report.json"
    certified = fondaco(
        venue,
        *("certify", "--port", venue.port, "--session", "BROKER1", "--chapter", 1, "--drop-copy", ""),
        *("--set", password, "--report", report, "--key", tmp_path / "key"),
        *("--logon-key", f"BROKER1={tmp_path / 'logon.pem'}", "--logon-secret", f"BROKER8={tmp_path / 'secret'}"),
    )
    assert certified.returncode == 0, certified.stdout + certified.stderr
    run = fondaco(
        venue,
        *("run", PLAN / "101-logon.fix", PLAN / "201-limit.fix", "--port", venue.port),
        *("--session", "BROKER1", "--session", "BROKER8", "--transcript", tmp_path / "transcript"),
        *("--logon-key", tmp_path / "logon.pem", "--logon-secret", f"BROKER8={tmp_path / 'secret'}"),
    )
    assert run.returncode == 0, run.stdout + run.stderr
    written = certified.stdout + run.stdout + (tmp_path / "transcript").read_text(encoding="utf-8")
    for each in (secret, pem.decode().splitlines()[1]):
        assert each not in written + report.read_text(encoding="utf-8")


def test_venue_passes_the_plan_again_when_it_has_been_used(venue: Venue, tmp_path: Path, password: str) -> None:
    scripts = [path for path in sorted(PLAN.glob("*.fix")) if path.stem[:3] not in {"108", "205", "209"}]
    options = (
        *("--port", venue.port, "--set", password, "--quiet"),
        *("--market-data", "MD1", "--market-data-port", venue.market_data_port),
    )
    for sessions in (("BROKER1", "BROKER8"), ("BROKER8", "BROKER1"), ("BROKER1", "BROKER8")):
        chosen = [item for session in sessions for item in ("--session", session)]
        if sessions[0] == "BROKER1":
            chosen += ["--drop-copy", "COPY1"]
        finished = fondaco(venue, "run", *scripts, *options, *chosen)
        assert finished.returncode == 0, finished.stdout + finished.stderr


def test_venue_that_behaves_otherwise_is_found_out_with_the_difference(
    venue: Venue, tmp_path: Path, password: str
) -> None:
    script = (PLAN / "201-limit.fix").read_text(encoding="utf-8")
    broken = tmp_path / "201-limit.fix"
    broken.write_text(script.replace("151=1.5|14=0.5", "151=1.6|14=0.5"), encoding="utf-8")
    (tmp_path / "parts").symlink_to(PLAN / "parts")
    junit, transcript, normalized = (tmp_path / name for name in ("junit.xml", "transcript", "normalized"))
    finished = fondaco(
        venue,
        *("run", broken, "--port", venue.port, "--session", "BROKER1", "--session", "BROKER8", "--set", password),
        *("--junit", junit, "--transcript", transcript, "--normalized", normalized),
    )
    assert finished.returncode == 1
    for text in (finished.stdout, transcript.read_text(encoding="utf-8"), junit.read_text(encoding="utf-8")):
        assert "the message differs in LeavesQty(151)" in text
        assert "→ LeavesQty(151) 1.6 1.5" in " ".join(text.split())
        assert PASSWORD not in text
    assert PASSWORD not in normalized.read_text(encoding="utf-8")


def test_two_runs_have_one_normalized_transcript(venue: Venue, tmp_path: Path, password: str) -> None:
    scripts = [PLAN / name for name in ("101-logon.fix", "104-resend.fix", "201-limit.fix", "303-mass-cancel.fix")]
    found = []
    for number in range(2):
        path = tmp_path / f"normalized{number}"
        options = ("--set", password, "--quiet", "--normalized", path, "--session", "BROKER1", "--session", "BROKER2")
        finished = fondaco(venue, "run", *scripts, "--port", venue.port, *options)
        assert finished.returncode == 0, finished.stdout
        found.append(path.read_text(encoding="utf-8"))
    assert found[0] == found[1]
