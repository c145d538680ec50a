"""The conformance suite on both lanes, in every version: what QuickFIX can hold it passes, with the same transcript.

One script after the other, as QuickFIX waits more than it works; all versions at the same time, each on a venue of its
own.
"""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import MakeVenue
from tests.e2e.test_conformance import BEGIN_STRINGS, CASES
from tests.e2e.venue import PASSWORD, ROOT

pytest.importorskip("quickfix")
pytestmark = [pytest.mark.e2e, pytest.mark.quickfix]


def test_both_lanes_give_one_transcript_in_each_version(make_venue: MakeVenue, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    running = {}
    for version, begin_string in BEGIN_STRINGS.items():
        sessions = [{"comp_id": comp_id, "version": version} for comp_id in ("ONE", "TWO")]
        for lane in ("native", "quickfix"):
            venue = make_venue(sessions=0, more_sessions=sessions, fix={"lane": lane})
            venue.start()
            running[version, lane] = subprocess.Popen(
                venue.command(
                    *("qa", "run", str(CASES), "--quiet", "--without", "native", "--without", "slow"),
                    *("--port", str(venue.port), "--fix-version", begin_string, "--set", f"password=@{secret}"),
                    *("--session", "ONE", "--session", "TWO", "--normalized", str(tmp_path / f"{version} {lane}")),
                ),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
    for (version, lane), process in running.items():
        printed, _ = process.communicate(timeout=100)
        assert process.returncode == 0, f"{version}, {lane}\n{printed}"
    for version in BEGIN_STRINGS:
        native, quickfix = (
            (tmp_path / f"{version} {lane}").read_text(encoding="utf-8") for lane in ("native", "quickfix")
        )
        assert native == quickfix, version
