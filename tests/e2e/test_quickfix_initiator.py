"""A real QuickFIX initiator, its own FIX44 dictionary with validation on: trades, is cut off, resends, agrees."""

import json
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.relay import Relay
from tests.e2e.truth import Truth
from tests.e2e.venue import DEADLINE_S, HOST, ROOT, Venue, wait_until
from tests.e2e.wire import Client, now

pytest.importorskip("quickfix")
pytestmark = [pytest.mark.e2e, pytest.mark.quickfix]

DICTIONARY: Final = Path(sys.prefix) / "share" / "quickfix" / "FIX44.xml"
LATER_FIELDS: Final = (("1003", "TradeID", "STRING"), ("1057", "AggressorIndicator", "BOOLEAN"))
"""Fields of later versions of FIX in our execution reports."""
_SETTINGS: Final = """\
[DEFAULT]
ConnectionType=initiator
ReconnectInterval=1
FileStorePath={directory}/store
FileLogPath={directory}/log
StartTime=00:00:00
EndTime=00:00:00
HeartBtInt={heartbeat_s}
LogonTimeout=10
LogoutTimeout=5
SocketConnectHost={host}
SocketNodelay=Y
UseDataDictionary=Y
DataDictionary={dictionary}
{more}
ValidateLengthAndChecksum=Y
ValidateFieldsOutOfOrder=Y
ValidateFieldsHaveValues=Y
ValidateUserDefinedFields=Y
AllowUnknownMsgFields={unknown_fields}
CheckCompID=Y
CheckLatency=Y
MaxLatency=30
PersistMessages=Y
ResetOnLogon={reset}
ResetOnLogout=N
ResetOnDisconnect=N

[SESSION]
BeginString={begin_string}
SenderCompID=BROKER1
TargetCompID=FONDACO
SocketConnectPort={port}
"""

Fields = dict[str, str]


class QuickFix:
    """The initiator's process, and all it has told."""

    def __init__(self, directory: Path, port: int, **settings: object) -> None:
        """A directory keeps the sequences and messages of one session, over any number of processes."""
        self.directory = directory
        directory.mkdir(exist_ok=True)
        known: dict[str, object] = {
            "directory": directory,
            "host": HOST,
            "port": port,
            "heartbeat_s": 30,
            "reset": "N",
            "dictionary": DICTIONARY,
            "begin_string": "FIX.4.4",
            "more": "",
            "unknown_fields": "Y",
        }
        config = directory / "quickfix.cfg"
        config.write_text(_SETTINGS.format(**known | settings), encoding="ascii")
        self.told: list[dict[str, Any]] = []
        with (directory / "stderr").open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.quickfix_initiator", str(config)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def order(self, **what: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def send(self, body: str) -> None:
        self.order(do="send", body=body)

    def state(self) -> tuple[int, int]:
        """Return the numbers that QuickFIX's store has for the next message out and in."""
        seen = len(self.told)
        self.order(do="state")
        (state,) = self.hear(lambda event: event["event"] == "state", seen)
        return state["next_out"], state["next_in"]

    def hear(self, fits: Callable[[dict[str, Any]], bool], since: int = 0, count: int = 1) -> list[dict[str, Any]]:
        """Return the first `count` events that fit, from `since` on, when they have come."""
        found: list[dict[str, Any]] = []

        def complete() -> bool:
            found[:] = [event for event in self.told[since:] if fits(event)]
            return len(found) >= count

        wait_until(complete, f"{count} events", self.describe)
        return found[:count]

    def hear_in(self, expected: str, since: int = 0, count: int = 1) -> list[Fields]:
        """Return messages from the venue that have fields, written `35=8|150=F|`."""
        pieces = set(expected.rstrip("|").split("|"))
        events = self.hear(lambda e: e["event"] == "in" and pieces <= set(e["raw"].split("|")), since, count)
        return [fields_of(event["raw"]) for event in events]

    def messages(self, direction: str) -> list[Fields]:
        return [fields_of(event["raw"]) for event in list(self.told) if event["event"] == direction]

    def stop(self) -> tuple[int, int]:
        """Log out and end; return the numbers that the store has then for the next message out and in."""
        self.order(do="stop")
        assert self._process.wait(DEADLINE_S) == 0, self.describe()
        self._end()
        next_out, _, next_in = self._numbers.read_text(encoding="ascii").partition(":")
        return int(next_out), int(next_in)

    def kill(self) -> None:
        """End it at once; what its store has is kept."""
        self._process.kill()
        self._process.wait(DEADLINE_S)
        self._end()

    def expect_in(self, number: int) -> None:
        """Have the store forget, while there is no process, what came in from a number on."""
        next_out = self._numbers.read_text(encoding="ascii").partition(":")[0]
        self._numbers.write_text(f"{next_out}: {number:010d}", encoding="ascii")

    @property
    def _numbers(self) -> Path:
        (path,) = (self.directory / "store").glob("*.seqnums")
        return path

    def check_contented(self) -> None:
        """QuickFIX has found nothing wrong with what we sent."""
        rejects = [fields for fields in self.messages("out") if fields["35"] in {"3", "j"}]
        assert not rejects, rejects
        for log in (self.directory / "log").glob("*.event.*"):
            for line in log.read_text(encoding="latin-1").splitlines():
                assert "Rejected" not in line, line
                assert "Invalid" not in line, line
                assert "too low" not in line, line

    def describe(self) -> str:
        lines = [json.dumps(event) for event in self.told[-10:]]
        logs = [log.read_text(encoding="latin-1")[-3_000:] for log in (self.directory / "log").glob("*.event.*")]
        return "\n".join([*lines, *logs, (self.directory / "stderr").read_text(encoding="latin-1")])

    def _end(self) -> None:
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.told.append(json.loads(line))


MakeQuickFix = Callable[..., QuickFix]


def fields_of(raw: str) -> Fields:
    return dict(piece.split("=", 1) for piece in raw.rstrip("|").split("|"))


@pytest.fixture
def make_quickfix(tmp_path: Path) -> Iterator[MakeQuickFix]:
    made: list[QuickFix] = []

    def make(port: int, **settings: object) -> QuickFix:
        made.append(QuickFix(tmp_path / "quickfix", port, **settings))
        return made[-1]

    yield make
    for quickfix in made:
        if quickfix._process.poll() is None:
            quickfix.kill()
        quickfix.check_contented()


@pytest.fixture
def relay(venue: Venue) -> Iterator[Relay]:
    relay = Relay(venue.port)
    yield relay
    relay.close()


@pytest.fixture
def other(venue: Venue) -> Client:
    """The broker on the other side of the trades."""
    client = Client(venue.port, "BROKER2")
    client.log_on()
    return client


def order(name: str, side: int, qty: str = "1", price: str = "100.00", tif: int = 1) -> str:
    return f"11={name}|55=BTC/USD|54={side}|38={qty}|40=2|44={price}|59={tif}|60={now()}|"


def trade(client: Client, name: str, side: int, qty: str = "1") -> None:
    """Have the other broker hit what rests on the opposite side, and see that it does."""
    client.say("D", order(name, side, qty, tif=3))
    while (report := client.hear("8"))["11"] != name or report["150"] != "F":
        assert report["150"] in {"0", "F"}


def without_times(fields: Fields) -> Fields:
    """Return what must be the same when a message is sent again."""
    return {tag: value for tag, value in fields.items() if tag not in {"9", "10", "43", "52", "122"}}


def check_numbers(venue: Venue, numbers: tuple[int, int]) -> None:
    """What the venue has written of both sequences is what QuickFIX's store has."""
    session = Truth(venue.data).state.sessions["BROKER1"]
    assert (session.last_in + 1, session.reserved_out + 1) == numbers


def extended_dictionary(directory: Path) -> Path:
    """Return QuickFIX's dictionary with the later fields that our execution reports have, and nothing else."""
    tree = ET.parse(DICTIONARY)
    root = tree.getroot()
    report = root.find("messages/message[@name='ExecutionReport']")
    fields = root.find("fields")
    assert report is not None
    assert fields is not None
    for number, name, kind in LATER_FIELDS:
        ET.SubElement(report, "field", name=name, required="N")
        ET.SubElement(fields, "field", number=number, name=name, type=kind)
    ET.SubElement(report, "field", name="RptSeq", required="N")  # which it knows in other messages
    path = directory / "FIX44.xml"
    tree.write(path)
    return path


@pytest.fixture(params=["its own dictionary", "no unknown fields"])
def strictness(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, object]:
    """Either the package's own dictionary, where fields it lacks must be let through; or with them, and no other."""
    if request.param == "its own dictionary":
        return {}
    return {"dictionary": extended_dictionary(tmp_path), "unknown_fields": "N"}


def test_quickfix_trades_is_cut_off_resends_and_agrees(
    venue: Venue, relay: Relay, other: Client, make_quickfix: MakeQuickFix, strictness: dict[str, object]
) -> None:
    quickfix = make_quickfix(relay.port, **strictness)
    quickfix.hear(lambda event: event["event"] == "logon")

    # It trades on both sides: its order rests and is hit, and it hits the other's.
    quickfix.send(f"35=D|{order('Q1', 1, '3')}")
    quickfix.hear_in("35=8|150=0|11=Q1")
    trade(other, "O1", 2)
    quickfix.hear_in("35=8|150=F|11=Q1|32=1.000000|1057=N")
    other.say("D", order("O2", 2, price="101.00"))
    other.hear("8")
    quickfix.send(f"35=D|{order('Q2', 1, price='101.00', tif=3)}")
    quickfix.hear_in("35=8|150=F|11=Q2|31=101.00|1057=Y|39=2")

    # It is cut off, and its order is filled while it is away.
    relay.is_open = False
    relay.cut()
    quickfix.hear(lambda event: event["event"] == "logout")
    trade(other, "O3", 2)
    seen = len(quickfix.told)
    relay.is_open = True
    quickfix.hear(lambda event: event["event"] == "logon", seen)
    (fill,) = quickfix.hear_in("35=8|150=F|11=Q1|14=2.000000", seen)
    assert fill["43"] == "Y"
    assert fill["122"] <= fill["52"]
    assert [fields for fields in quickfix.messages("out") if fields["35"] == "2"], "QuickFIX asked for it"

    # What it sends is lost on the way; the venue asks for it, and QuickFIX sends it again.
    relay.loses_upstream = True
    for number in range(3):
        quickfix.send(f"35=D|{order(f'LOST{number}', 1, price='90.00')}")
    quickfix.hear(lambda event: event["event"] == "out" and "|11=LOST2|" in event["raw"])
    wait_until(lambda: relay.lost > 3 * len(order("LOST0", 1)), "the relay has lost the orders")
    relay.loses_upstream = False
    seen = len(quickfix.told)
    quickfix.send(f"35=D|{order('FOUND', 1, price='90.00')}")
    for name in ("LOST0", "LOST1", "LOST2", "FOUND"):
        quickfix.hear_in(f"35=8|150=0|11={name}", seen)
    quickfix.hear_in("35=2", seen)

    # Both sides agree: the next message goes through without a word about numbers, and so does the Logout.
    seen = len(quickfix.told)
    quickfix.send(f"35=D|{order('Q3', 1, price='90.00')}")
    quickfix.hear_in("35=8|150=0|11=Q3", seen)
    assert not [e for e in quickfix.told[seen:] if "|35=2|" in e.get("raw", "") or "|35=4|" in e.get("raw", "")]
    acknowledged = [fields["11"] for fields in quickfix.messages("in") if fields.get("150") == "0"]
    assert sorted(acknowledged) == ["FOUND", "LOST0", "LOST1", "LOST2", "Q1", "Q2", "Q3"], "each order once"
    numbers = quickfix.stop()
    assert quickfix.messages("in")[-1]["35"] == "5"
    venue.terminate()
    check_numbers(venue, numbers)


@pytest.mark.parametrize("end", ("terminate", "kill"))
def test_quickfix_goes_on_after_a_restart_of_the_venue(
    venue: Venue, other: Client, make_quickfix: MakeQuickFix, end: str
) -> None:
    quickfix = make_quickfix(venue.port)
    quickfix.hear(lambda event: event["event"] == "logon")
    for round_number in range(3):
        name = f"Q{round_number}"
        quickfix.send(f"35=D|{order(name, 1, '2')}")
        quickfix.hear_in(f"35=8|150=0|11={name}")
        trade(other, f"{name}/1", 2)
        quickfix.hear_in(f"35=8|150=F|11={name}|14=1.000000")
        seen = len(quickfix.told)
        other.close()
        getattr(venue, end)()
        quickfix.hear(lambda event: event["event"] == "logout", seen)
        venue.start()
        other = Client(venue.port, "BROKER2")
        other.log_on()
        trade(other, f"{name}/2", 2)  # perhaps before QuickFIX is back, perhaps after
        quickfix.hear(lambda event: event["event"] == "logon", seen)
        quickfix.hear_in(f"35=8|150=F|11={name}|14=2.000000|39=2", seen)
    fills = [fields["17"] for fields in quickfix.messages("in") if fields.get("150") == "F"]
    assert len(set(fills)) == 6
    other.log_out()
    quickfix.send("35=H|11=Q0|55=BTC/USD|54=1|790=LAST|")
    quickfix.hear_in("35=8|150=I|39=2|790=LAST")
    numbers = quickfix.stop()
    venue.terminate()
    check_numbers(venue, numbers)


def test_quickfix_killed_and_started_again_gets_what_it_missed(
    venue: Venue, other: Client, make_quickfix: MakeQuickFix
) -> None:
    quickfix = make_quickfix(venue.port)
    quickfix.hear(lambda event: event["event"] == "logon")
    quickfix.send(f"35=D|{order('Q1', 1, '10')}")
    quickfix.hear_in("35=8|150=0|11=Q1")
    quickfix.kill()
    for number in range(10):
        trade(other, f"O{number}", 2)
    again = make_quickfix(venue.port)
    assert [fields["14"] for fields in again.hear_in("35=8|150=F|11=Q1", count=10)] == [
        f"{number}.000000" for number in range(1, 11)
    ]
    numbers = again.stop()
    venue.terminate()
    check_numbers(venue, numbers)


def test_quickfix_resets_at_logon_and_loses_no_report(venue: Venue, other: Client, make_quickfix: MakeQuickFix) -> None:
    quickfix = make_quickfix(venue.port)
    quickfix.hear(lambda event: event["event"] == "logon")
    quickfix.send(f"35=D|{order('Q1', 1, '2')}")
    quickfix.hear_in("35=8|150=0|11=Q1")
    quickfix.stop()
    trade(other, "O1", 2)  # nobody is there to hear of it
    again = make_quickfix(venue.port, reset="Y")
    (logon,) = again.hear_in("35=A")
    assert (logon["34"], logon["141"]) == ("1", "Y")
    (fill,) = again.hear_in("35=8|150=F|11=Q1")
    assert fill["34"] == "2"
    assert again.state() == (2, 3)
    trade(other, "O2", 2)
    again.hear_in("35=8|150=F|11=Q1|39=2|34=3")
    again.stop()
    venue.terminate()
    check_numbers(venue, (3, 5))


ASKED: Final = {
    "D accepted": (f"35=D|{order('A1', 1)}", "35=8|150=0|11=A1"),
    "D resting on the other side": (f"35=D|{order('A2', 2, price='200.00', tif=0)}", "35=8|150=0|11=A2"),
    "D filled as taker with a fee": (f"35=D|{order('A3', 2)}", "35=8|150=F|11=A3|136=1|139=4"),
    "D as market order without liquidity": (
        f"35=D|11=A4|55=ETH/USD|54=1|38=1|40=1|60={now()}|",
        "35=8|150=8|11=A4|39=8",
    ),
    "D as IOC without a match": (f"35=D|{order('A5', 1, price='1.00', tif=3)}", "35=8|150=4|11=A5|378=8"),
    "D as FOK without a match": (f"35=D|{order('A6', 1, price='1.00', tif=4)}", "35=8|150=4|11=A6"),
    "D with a ClOrdID used before": (f"35=D|{order('A1', 1)}", "35=8|150=8|11=A1|103=6"),
    "D for an unknown instrument": (f"35=D|{order('A7', 1).replace('BTC', 'XXX')}", "35=8|150=8|11=A7|103=1"),
    "D for an unknown account": (f"35=D|1=NOBODY|{order('A8', 1)}", "35=8|150=8|11=A8|103=15"),
    "D beyond the account": (f"35=D|{order('A9', 1, '9999', '9999999.99')}", "35=8|150=8|11=A9|103=3"),
    "D off the increment": (f"35=D|{order('A10', 1, price='1.001')}", "35=8|150=8|11=A10|103=99"),
    "D with a field that the venue does not take": (f"35=D|{order('A11', 1)}63=0|", "35=8|150=8|11=A11|103=11"),
    "D without a price": (f"35=D|{order('A12', 1).replace('44=100.00|', '')}", "35=j|379=A12|380=5"),
    "D with a bad side": (f"35=D|{order('A13', 1).replace('54=1', '54=Z')}", "35=3|373=5|371=54|372=D"),
    "D without ClOrdID": (f"35=D|{order('A14', 1).replace('11=A14|', '')}", "35=3|373=1|371=11|372=D"),
    "D again as PossResend": (f"35=D|{order('A1', 1)}97=Y|", "35=8|150=I|11=A1|39=2"),
    "G shrinking": (
        f"35=G|41=A2|{order('A15', 2, '0.5', '200.00')}",
        "35=8|150=5|11=A15|41=A2|39=0",
    ),
    "G of an unknown order": (f"35=G|41=NONE|{order('A16', 2)}", "35=9|11=A16|41=NONE|434=2|102=1|39=8|37=NONE"),
    "G of a finished order": (f"35=G|41=A1|{order('A17', 1)}", "35=9|11=A17|41=A1|434=2|102=0|39=2"),
    "G for an unknown instrument": (
        f"35=G|41=A2|{order('A18', 2).replace('BTC', 'XXX')}",
        "35=9|11=A18|434=2|39=0|37=2",
    ),
    "F": (f"35=F|11=A19|41=A15|55=BTC/USD|54=2|38=1|60={now()}|", "35=8|150=4|11=A19|41=A15|39=4"),
    "F of a finished order": (f"35=F|11=A20|41=A15|55=BTC/USD|54=2|38=1|60={now()}|", "35=9|11=A20|434=1|102=0|39=4"),
    "F of an unknown order": (f"35=F|11=A21|41=NONE|55=BTC/USD|54=2|38=1|60={now()}|", "35=9|11=A21|434=1|102=1"),
    "H": ("35=H|11=A2|55=BTC/USD|54=2|790=S1|", "35=8|150=I|790=S1|39=4"),
    "H of an unknown order": ("35=H|11=NONE|55=BTC/USD|54=2|790=S2|", "35=8|150=I|790=S2|39=8|37=NONE"),
    "AF where there is nothing": (
        "35=AF|584=M1|585=1|55=ETH/USD|",
        "35=8|150=I|584=M1|911=0|912=Y",
    ),
    "D to be asked about": (f"35=D|{order('A22', 1, price='50.00')}", "35=8|150=0|11=A22"),
    "D to be asked about too": (f"35=D|{order('A23', 1, price='51.00')}", "35=8|150=0|11=A23"),
    "AF": ("35=AF|584=M2|585=7|", "35=8|150=I|584=M2|911=2|912=Y"),
    "AF with a scope that the venue lacks": ("35=AF|584=M3|585=3|", "35=j|379=M3|380=0"),
    "q of what there is": (f"35=q|11=A24|530=7|60={now()}|", "35=r|11=A24|531=7|533=2|534=2"),
    "q where there is nothing": (f"35=q|11=A25|530=1|55=BTC/USD|60={now()}|", "35=r|11=A25|531=1|533=0"),
    "q with a side": (f"35=q|11=A26|530=7|54=1|60={now()}|", "35=r|11=A26|531=7|54=1"),
    "q of an unknown instrument": (f"35=q|11=A27|530=1|55=XXX|60={now()}|", "35=r|11=A27|531=0|532=1"),
    "q with a scope that the venue lacks": (f"35=q|11=A28|530=3|60={now()}|", "35=r|11=A28|531=0|532=0"),
    "a message that the venue does not take": ("35=B|148=news|33=1|58=text|", "35=j|372=B|380=3"),
    "a type that FIX does not have": ("35=ZZ|58=text|", "35=3|372=ZZ|373=11"),
    "a TestRequest": ("35=1|112=hello|", "35=0|112=hello"),
}
"""What is asked, and a message that must be among the answers; one after another."""


def test_quickfix_finds_no_fault_with_any_answer(
    venue: Venue, other: Client, make_quickfix: MakeQuickFix, strictness: dict[str, object]
) -> None:
    quickfix = make_quickfix(venue.port, **strictness)
    quickfix.hear(lambda event: event["event"] == "logon")
    for body, expected in ASKED.values():
        seen = len(quickfix.told)
        quickfix.send(body)
        quickfix.hear_in(expected, seen)
    kinds = {fields["35"] for fields in quickfix.messages("in")}
    assert kinds == {"A", "0", "3", "8", "9", "j", "r"}
    first_time = [fields for fields in quickfix.messages("in") if fields["35"] in "389jr"]
    quickfix.stop()

    # And again, all of it: QuickFIX forgets what it has received, and asks.
    quickfix.expect_in(1)
    again = make_quickfix(venue.port, **strictness)
    last = int(first_time[-1]["34"])
    again.hear_in(f"35=4|123=Y|43=Y|34={last + 1}")
    repeated = [fields for fields in again.messages("in") if fields["35"] in "389jr"]
    assert all(fields["43"] == "Y" for fields in repeated)
    assert [without_times(fields) for fields in repeated] == [without_times(fields) for fields in first_time]
    numbers = again.stop()
    venue.terminate()
    check_numbers(venue, numbers)


def test_quickfix_and_the_venue_keep_each_other_company(venue: Venue, make_quickfix: MakeQuickFix) -> None:
    quickfix = make_quickfix(venue.port, heartbeat_s=1)
    quickfix.hear(lambda event: event["event"] == "logon")
    quickfix.hear(lambda event: event["event"] == "in" and "|35=0|" in event["raw"], count=3)
    quickfix.hear(lambda event: event["event"] == "out" and "|35=0|" in event["raw"], count=3)
    assert not [fields for fields in quickfix.messages("in") + quickfix.messages("out") if fields["35"] in "23"]
    quickfix.stop()
