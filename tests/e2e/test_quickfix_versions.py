"""A real QuickFIX initiator, strict on the venue's own dictionaries, trades in each version of FIX."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.profile import FIX_VERSIONS
from tests.e2e.conftest import MakeVenue
from tests.e2e.test_quickfix_initiator import QuickFix, order, trade
from tests.e2e.venue import ROOT, Venue
from tests.e2e.wire import Client, now

pytestmark = [pytest.mark.e2e, pytest.mark.quickfix]

SPEC = ROOT / "spec"
SETTINGS: dict[str, dict[str, object]] = {
    "FIX.4.2": {"begin_string": "FIX.4.2", "dictionary": SPEC / "FONDACO42.xml"},
    "FIX.4.4": {"begin_string": "FIX.4.4", "dictionary": SPEC / "FONDACO44.xml"},
    "FIX.5.0SP2": {
        "begin_string": "FIXT.1.1",
        "dictionary": SPEC / "FONDACO50SP2.xml",
        "more": (
            "DefaultApplVerID=FIX.5.0SP2\n"
            f"TransportDataDictionary={SPEC / 'FONDACOT11.xml'}\n"
            f"AppDataDictionary={SPEC / 'FONDACO50SP2.xml'}"
        ),
    },
}


@pytest.fixture(params=FIX_VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def speaking(make_venue: MakeVenue, version: str) -> Venue:
    """A running venue whose BROKER1 speaks the version."""
    venue = make_venue(first={"version": version})
    venue.start()
    return venue


@pytest.fixture
def quickfix(speaking: Venue, version: str, tmp_path: Path) -> Iterator[QuickFix]:
    quickfix = QuickFix(tmp_path / "quickfix", speaking.port, unknown_fields="N", **SETTINGS[version])
    yield quickfix
    if quickfix._process.poll() is None:
        quickfix.kill()
    quickfix.check_contented()


def test_quickfix_trades_and_recovers_in_every_version(speaking: Venue, quickfix: QuickFix, version: str) -> None:
    handling = "21=1|" if version == "FIX.4.2" else ""
    fill = "35=8|20=0|150=1" if version == "FIX.4.2" else "35=8|150=F"
    quickfix.hear(lambda event: event["event"] == "logon")
    other = Client(speaking.port, "BROKER2")
    other.log_on()

    # An order rests and is hit, is replaced, asked for and cancelled.
    quickfix.send(f"35=D|{order('Q1', 1, '3')}{handling}")
    quickfix.hear_in("35=8|150=0|11=Q1")
    trade(other, "O1", 2)
    quickfix.hear_in(f"{fill}|11=Q1|39=1|32=1.000000|1057=N")
    amended = f"41=Q1|11=Q2|55=BTC/USD|54=1|38=2.5|40=2|44=100.00|59=1|60={now()}|{handling}"
    quickfix.send(f"35=G|{amended}")
    quickfix.hear_in("35=8|150=5|11=Q2|151=1.500000")
    quickfix.send("35=H|11=Q2|55=BTC/USD|54=1|")
    quickfix.hear_in(f"35=8|11=Q2|151=1.500000|{'20=3' if version == 'FIX.4.2' else '150=I'}")
    quickfix.send(f"35=F|41=Q2|11=Q3|55=BTC/USD|54=1|60={now()}|")
    quickfix.hear_in("35=8|150=4|11=Q3|41=Q2")
    quickfix.send(f"35=F|41=Q2|11=Q4|55=BTC/USD|54=1|60={now()}|")
    quickfix.hear_in("35=9|11=Q4|434=1")
    quickfix.send(f"35=D|{order('Q5', 1, price='90.001')}{handling}")
    quickfix.hear_in("35=8|150=8|11=Q5")

    # It takes a fee, and a field that the venue does not take is refused.
    other.say("D", order("O2", 2))
    other.hear("8")
    quickfix.send(f"35=D|{order('Q6', 1, tif=3)}{handling}")
    quickfix.hear_in(f"35=8|11=Q6|1057=Y|39=2|{'13=3' if version == 'FIX.4.2' else '136=1'}")
    quickfix.send(f"35=D|{order('Q7', 1)}{handling}210=1|")
    quickfix.hear_in("35=8|150=8|11=Q7")
    quickfix.send(f"35=q|11=Q8|530=7|60={now()}|")
    quickfix.hear_in("35=3|372=q|373=11" if version == "FIX.4.2" else "35=r|11=Q8|531=7")

    # What happens while it is away it asks for, and gets in its version.
    quickfix.send(f"35=D|{order('Q9', 1)}{handling}")
    quickfix.hear_in("35=8|150=0|11=Q9")
    quickfix.stop()
    trade(other, "O3", 2)
    back = QuickFix(quickfix.directory, speaking.port, unknown_fields="N", **SETTINGS[version])
    back.hear_in(f"{fill.replace('150=1', '150=2')}|11=Q9|39=2|43=Y")
    back.stop()
    back.check_contented()
