"""Both lanes say the same in every version of FIX: a script against each, and the transcripts compared."""

from pathlib import Path
from typing import Final

import pytest

from tests.e2e.conftest import MakeVenue
from tests.e2e.venue import PASSWORD

pytest.importorskip("quickfix")
pytestmark = [pytest.mark.e2e, pytest.mark.quickfix]

TRADE: Final = """\
title A trade, whatever the version
session BUYER
session SELLER
let logon = 553={sender}|554={password}|{appl_version}

BUYER connect
BUYER > A 98=0|108=30|141=Y|{logon}
BUYER < A ...
SELLER connect
SELLER > A 98=0|108=30|141=Y|{logon}
SELLER < A ...

step An order rests, and is filled
BUYER > D 21=1|11=b-{run}|55=LTC/USD|54=1|60=now|38=2|40=2|44=80
BUYER < 8 11=b-{run}|39=0|...
SELLER > D 21=1|11=s-{run}|55=LTC/USD|54=2|60=now|38=2|40=2|44=80|59=3
SELLER < 8 11=s-{run}|39=0|...
SELLER < 8 11=s-{run}|39=2|...
BUYER < 8 11=b-{run}|39=2|...

step What the venue does not take
BUYER > D 21=1|11=c-{run}|55=LTC/USD|54=1|60=now|38=2|40=2|44=80.001
BUYER < 8 11=c-{run}|39=8|...
BUYER > D 21=1|11=d-{run}|55=LTC/USD|60=now|38=2|40=2|44=80
BUYER < 3 373=1|371=54|58=*|...

step The session goes on
BUYER > 2 7=2|16=2
BUYER < 8 34=2|43=Y|11=b-{run}|39=0|...
BUYER > 1 112=on
BUYER < 0 112=on
BUYER > 5
BUYER < 5
SELLER > 5
SELLER < 5
"""


@pytest.mark.parametrize(
    ("name", "version"), (("FIX.4.2", "FIX.4.2"), ("FIX.4.4", "FIX.4.4"), ("FIX.5.0SP2", "FIXT.1.1"))
)
def test_a_trade_goes_the_same_way_on_both_lanes(
    make_venue: MakeVenue, tmp_path: Path, name: str, version: str
) -> None:
    script, password = tmp_path / "trade.fix", tmp_path / "password"
    script.write_text(TRADE, encoding="utf-8")
    password.write_text(PASSWORD, encoding="utf-8")
    transcripts = []
    for lane in ("native", "quickfix"):
        venue = make_venue(sessions=2, fix={"lane": lane})
        settings = venue.config.read_text(encoding="utf-8")
        spoken = settings.replace("[[sessions]]\n", f'[[sessions]]\nversion = "{name}"\n')
        venue.config.write_text(spoken, encoding="utf-8")
        venue.start()
        transcript = tmp_path / lane
        sessions = ("--session", "BROKER1", "--session", "BROKER2")
        options = ("--port", str(venue.port), "--fix-version", version, "--set", f"password=@{password}", "--quiet")
        finished = venue.run("qa", "run", str(script), *sessions, *options, "--normalized", str(transcript))
        assert finished.returncode == 0, finished.stdout + finished.stderr
        transcripts.append(transcript.read_text(encoding="utf-8"))
    assert transcripts[0] == transcripts[1]
