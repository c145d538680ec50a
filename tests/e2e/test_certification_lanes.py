"""The certification's plan on both lanes: each passes it, and what they say is the same to the letter."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import MakeVenue
from tests.e2e.venue import PASSWORD, ROOT

pytest.importorskip("quickfix")
pytestmark = [pytest.mark.e2e, pytest.mark.quickfix]

PLAN = ROOT / "spec" / "certification"


def test_both_lanes_give_one_transcript(make_venue: MakeVenue, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    running = {}
    for lane in ("native", "quickfix"):
        venue = make_venue(sessions=8, drop_copy=True, market_data=True, fix={"lane": lane})
        venue.start()
        running[lane] = subprocess.Popen(
            venue.command(
                *("qa", "run", str(PLAN), "--quiet", "--port", str(venue.port), "--set", f"password=@{secret}"),
                *("--session", "BROKER1", "--session", "BROKER8", "--normalized", str(tmp_path / lane)),
                *("--drop-copy", "COPY1", "--market-data", "MD1", "--market-data-port", str(venue.market_data_port)),
            ),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    for lane, process in running.items():
        printed, _ = process.communicate(timeout=100)
        assert process.returncode == 0, f"{lane}\n{printed}"
    native, quickfix = ((tmp_path / lane).read_text(encoding="utf-8") for lane in running)
    assert native == quickfix
