"""Market data and staff on another host: a process in a directory of its own, which has the venue over TLS alone."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.commands import SetPhase
from engine.journal import JournalReader
from engine.recovery import JOURNAL
from tests.e2e.conftest import MakeVenue
from tests.e2e.test_market_data import Subscriber, numbers, trade
from tests.e2e.venue import DEADLINE_S, HOST, ROOT, Venue, free_port, wait_until
from tests.e2e.wire import Client
from tests.engine.authorities import Authorities

pytestmark = pytest.mark.e2e


class Elsewhere:
    """A host that has nothing of the venue's but where it is, and a certificate."""

    def __init__(self, directory: Path, venue: Venue, authorities: Authorities, name: str, ca: str) -> None:
        directory.mkdir()
        self.port = free_port()
        self.data = directory / "data"
        self.log = directory / "stderr"
        self.config = directory / "elsewhere.toml"
        self.venue = venue
        self.config.write_text(
            f"data = {json.dumps(str(self.data))}\n"
            f'[fix]\ncomp_id = "FONDACO"\n[market_data]\nport = {self.port}\n'
            f'[remote]\nfeed = "{HOST}:{venue.feed_port}"\ncontrol = "{HOST}:{venue.control_port}"\n'
            f"certificate = {json.dumps(authorities.path(name))}\nkey = {json.dumps(authorities.path(f'{name}.key'))}\n"
            f"ca = {json.dumps(authorities.path(ca))}\n",
            encoding="utf-8",
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start market data, without waiting for it."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.venue.command("serve", "marketdata", "--config", str(self.config)),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def serve(self) -> None:
        """Start market data, and return when it serves."""
        before = len(self.events("serving market data"))
        self.start()
        wait_until(lambda: len(self.events("serving market data")) > before, "market data serves", self.stderr)

    def end(self, number: int = signal.SIGKILL) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        assert self._process is not None
        return self._process.wait(DEADLINE_S)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.end()
        assert "Traceback" not in self.stderr()

    def run(self, *arguments: str) -> str:
        """Run a command here; return what it says, or its error."""
        finished = self.venue.run(*arguments, "--config", str(self.config))
        return finished.stdout if finished.returncode == 0 else finished.stderr

    def stderr(self) -> str:
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.stderr().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == name]


MakeElsewhere = Callable[..., Elsewhere]


@pytest.fixture
def authorities(tmp_path: Path) -> Authorities:
    return Authorities(tmp_path)


@pytest.fixture
def venue(make_venue: MakeVenue, authorities: Authorities) -> Venue:
    files = {"certificate": authorities.path("venue"), "key": authorities.path("venue.key")}
    venue = make_venue(market_data=True, other_hosts={**files, "client_ca": authorities.path("peers")})
    venue.start()
    return venue


@pytest.fixture
def make_elsewhere(tmp_path: Path, venue: Venue, authorities: Authorities) -> Iterator[MakeElsewhere]:
    hosts: list[Elsewhere] = []

    def make(name: str = "office", ca: str = "ca") -> Elsewhere:
        hosts.append(Elsewhere(tmp_path / f"elsewhere{len(hosts)}", venue, authorities, name, ca))
        return hosts[-1]

    yield make
    for host in hosts:
        host.stop()


@pytest.fixture
def broker(venue: Venue) -> Iterator[Client]:
    with Client(venue.port) as client:
        client.log_on()
        yield client


def test_market_data_in_an_empty_directory_tells_what_that_beside_the_venue_does(
    venue: Venue, broker: Client, make_elsewhere: MakeElsewhere
) -> None:
    trade(broker, 50)
    elsewhere = make_elsewhere()
    elsewhere.serve()
    subscribers = [Subscriber(venue.market_data_port), Subscriber(elsewhere.port)]
    for subscriber in subscribers:
        subscriber.subscribe()
    told = numbers(trade(broker, 60, first=100))
    for subscriber in subscribers:
        subscriber.hear_through(told[-1])
    assert subscribers[0].follower.orders == subscribers[1].follower.orders
    assert elsewhere.end(signal.SIGTERM) == 0
    assert [path.name for path in elsewhere.data.iterdir()] == ["market-data"]


def test_market_data_that_is_killed_begins_with_a_snapshot_and_numbers_go_on(
    venue: Venue, broker: Client, make_elsewhere: MakeElsewhere
) -> None:
    elsewhere = make_elsewhere()
    elsewhere.serve()
    assert elsewhere.events("beginning with a snapshot") == []
    before = Subscriber(elsewhere.port)
    before.subscribe()
    before.hear_through(numbers(trade(broker, 50))[-1])
    number = int(before.client.received[-1]["34"])
    elsewhere.end()
    subprocess.run([sys.executable, "-m", "engine.snapshotter", str(venue.data)], cwd=ROOT, check=True)
    told = numbers(trade(broker, 50, first=100))
    elsewhere.serve()
    (snapshot,) = elsewhere.events("beginning with a snapshot")
    assert 0 < snapshot["sequence"] < elsewhere.events("serving market data")[-1]["sequence"]
    again = Subscriber(elsewhere.port, "MD1", "", before.client.next_out)
    assert int(again.logon["34"]) > number, "no number of ours is used twice"
    beside, after = Subscriber(venue.market_data_port, "MD2"), Subscriber(elsewhere.port, "MD2")
    for subscriber in (beside, after):
        subscriber.subscribe()
    assert after.follower.rpt_seq == told[-1]
    assert after.follower.orders == beside.follower.orders
    assert after.follower.trades == beside.follower.trades


def test_market_data_waits_for_a_venue_that_is_killed_and_goes_on(
    venue: Venue, broker: Client, make_elsewhere: MakeElsewhere
) -> None:
    elsewhere = make_elsewhere()
    elsewhere.serve()
    subscriber = Subscriber(elsewhere.port)
    subscriber.subscribe()
    subscriber.hear_through(numbers(trade(broker, 30))[-1])
    venue.kill()
    wait_until(lambda: bool(elsewhere.events("trouble with the feed")), "the outage is told", elsewhere.stderr)
    venue.start()
    with Client(venue.port) as again:
        again.log_on()
        more = numbers(trade(again, 30, first=1_000))
    subscriber.hear_through(more[-1])
    assert len(elsewhere.events("the feed is there again")) == 1


def test_who_has_a_wrong_certificate_is_refused_and_told_and_trading_goes_on(
    venue: Venue, broker: Client, authorities: Authorities, make_elsewhere: MakeElsewhere
) -> None:
    authorities.issue("stranger", ca=authorities.ca)
    stranger = make_elsewhere("stranger")
    stranger.start()
    wait_until(lambda: bool(stranger.events("trouble with the feed")), "the stranger is told", stranger.stderr)
    (told,) = stranger.events("trouble with the feed")
    assert told["reason"].endswith("it hung up before it answered, as it does on a certificate that it does not take")
    wait_until(lambda: bool(venue.events("connection dropped")), "the venue tells", venue.stderr)
    assert venue.events("connection dropped")[0]["reason"] == "no TLS: certificate verify failed"
    assert "hung up before it answered" in stranger.run("venue", "status")
    assert trade(broker, 5)


def test_a_venue_with_a_wrong_certificate_is_not_followed(venue: Venue, make_elsewhere: MakeElsewhere) -> None:
    astray = make_elsewhere(ca="peers")
    astray.start()
    assert astray.wait() == 1
    (line,) = [line for line in astray.stderr().splitlines() if not line.startswith("{")]
    assert line.startswith(f"fondaco: {HOST}:{venue.feed_port}: its certificate is not taken: ")


def test_files_that_do_not_fit_are_told_at_the_start(authorities: Authorities, make_elsewhere: MakeElsewhere) -> None:
    astray = make_elsewhere()
    Path(authorities.path("office.key")).write_text("nonsense", encoding="ascii")
    astray.start()
    assert astray.wait() == 1
    assert astray.stderr().splitlines()[-1] == (
        f"fondaco: {authorities.path('office')}, {authorities.path('office.key')}: not a certificate and its key in "
        "PEM, the key without a password"
    )


def test_staff_command_the_venue_from_another_host_and_the_certificate_is_on_record(
    venue: Venue, make_elsewhere: MakeElsewhere
) -> None:
    elsewhere = make_elsewhere()
    said = elsewhere.run("venue", "halt", "BTC/USD", "--by", "mira", "--why", "news")
    assert said.startswith("BTC/USD: halt, after continuous\n")
    assert "BTC/USD" in elsewhere.run("venue", "status")
    commands = [record.command for record in JournalReader(venue.data / JOURNAL).records()]
    assert [each.by for each in commands if isinstance(each, SetPhase)] == ["mira via office"]
    refused = elsewhere.run("session", "add", "DESK1", "--account", "BROKER1-A", "--hmac", "--why", "a test")
    assert "its secret is sealed in the venue's data directory" in refused


def test_a_new_password_over_market_data_on_another_host_is_put_on_record(
    venue: Venue, make_elsewhere: MakeElsewhere
) -> None:
    elsewhere = make_elsewhere()
    elsewhere.serve()
    with Client(elsewhere.port, "MD1") as client:
        client.log_on("141=Y|925=another-password-1|")
    with Client(venue.market_data_port, "MD1") as client:
        client.say("A", "98=0|108=30|553=MD1|554=another-password-1|141=Y|")
        assert client.hear("A")


def test_a_host_elsewhere_runs_market_data_only(make_elsewhere: MakeElsewhere) -> None:
    assert make_elsewhere().run("serve").startswith("fondaco: the settings have a table remote: the venue is elsewhere")
