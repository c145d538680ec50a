"""Starts that cannot be, told in one clear line; and stops after which nothing is missing."""

import asyncio
import socket
from pathlib import Path
from typing import Final

import pytest

from engine.journal import JournalReader
from engine.recovery import JOURNAL
from tests.e2e.broker import Broker
from tests.e2e.conftest import MakeVenue
from tests.e2e.test_kill import BROKERS, check_agreement, end_quietly, heard, log_on_again_without_a_gap
from tests.e2e.venue import HOST, Sync, Venue
from tests.e2e.wire import Client, now

pytestmark = pytest.mark.e2e


def refused_start(venue: Venue) -> str:
    """Start a venue that cannot start; return the one line that says why."""
    outcome = venue.run("serve", "--config", str(venue.config), "--data", str(venue.data))
    assert outcome.returncode == 1
    assert outcome.stdout == ""
    lines = [line for line in outcome.stderr.splitlines() if not line.startswith("{")]
    assert len(lines) == 1, outcome.stderr
    assert lines[0].startswith("fondaco: ")
    return lines[0]


def traded(venue: Venue) -> Path:
    """Run a venue for a few orders; return the one segment of its journal."""
    venue.start()
    with Client(venue.port) as client:
        client.log_on()
        for number in range(20):
            client.say("D", f"11=A{number}|55=BTC/USD|54=1|38=1|40=2|44=100.00|59=1|60={now()}|")
            assert client.hear()["150"] == "0"
        client.log_out()
    venue.terminate()
    (segment,) = JournalReader(venue.data / JOURNAL).segments()
    return segment.path


def test_corrupt_journal_stops_the_start_and_says_where(make_venue: MakeVenue) -> None:
    venue = make_venue()
    path = traded(venue)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    line = refused_start(venue)
    assert str(path) in line
    assert "offset" in line
    assert path.read_bytes() == content, "what is left is not touched"


def test_journal_of_another_kind_stops_the_start(make_venue: MakeVenue) -> None:
    venue = make_venue()
    path = traded(venue)
    path.write_bytes(b"X" + path.read_bytes()[1:])
    assert str(path) in refused_start(venue)


def test_torn_tail_is_cut_off_and_told(make_venue: MakeVenue) -> None:
    venue = make_venue()
    path = traded(venue)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[-40:-1])
    venue.start()
    (told,) = venue.events("torn tail cut")
    assert told["cut_bytes"] == 39
    venue.terminate()


def test_data_directory_in_use_stops_the_second_start(make_venue: MakeVenue) -> None:
    venue, second = make_venue(), make_venue()
    venue.start()
    second.data = venue.data
    line = refused_start(second)
    assert "another process" in line
    with Client(venue.port) as client:
        client.log_on()
        assert client.synchronize() == []


def test_port_taken_stops_the_start_and_leaves_the_data_usable(make_venue: MakeVenue) -> None:
    venue = make_venue()
    with socket.create_server((HOST, venue.port)):
        line = refused_start(venue)
        assert f"{HOST}:{venue.port}" in line
    venue.start()
    with Client(venue.port) as client:
        assert client.log_on()["35"] == "A"


BAD_SETTINGS: Final = {
    "no TOML": ("", "this is not TOML\n"),
    "an unknown table": ("", "[unknown]\n"),
    "a port out of range": ("port = ", "port = 9"),
}


@pytest.mark.parametrize("change", BAD_SETTINGS.values(), ids=list(BAD_SETTINGS))
def test_settings_that_cannot_be_used_stop_the_start(make_venue: MakeVenue, change: tuple[str, str]) -> None:
    venue = make_venue()
    text = venue.config.read_text(encoding="utf-8")
    venue.config.write_text(text.replace(*change, 1), encoding="utf-8")
    assert str(venue.config) in refused_start(venue)
    assert not venue.data.exists()


def test_settings_that_are_not_there_stop_the_start(make_venue: MakeVenue) -> None:
    venue = make_venue()
    venue.config.unlink()
    assert str(venue.config) in refused_start(venue)
    assert not venue.data.exists()


def test_settings_that_contradict_the_journal_stop_the_start(make_venue: MakeVenue) -> None:
    venue = make_venue()
    traded(venue)
    text = venue.config.read_text(encoding="utf-8")
    venue.config.write_text(text.replace('price_increment = "0.01"', 'price_increment = "0.02"', 1), encoding="utf-8")
    assert "BTC/USD" in refused_start(venue)


def test_data_that_is_no_directory_stops_the_start(make_venue: MakeVenue) -> None:
    venue = make_venue()
    venue.data.write_text("a file", encoding="utf-8")
    assert str(venue.data) in refused_start(venue)


@pytest.mark.parametrize(("sync", "seed"), (("always", 11), ("relaxed", 12)))
async def test_stop_under_load_loses_no_order_and_no_number(make_venue: MakeVenue, sync: Sync, seed: int) -> None:
    venue = make_venue(sync=sync)
    venue.start()
    brokers = [Broker(comp_id, venue.port, seed) for comp_id in BROKERS]
    working = [asyncio.create_task(broker.work()) for broker in brokers]
    for count in (0, 300, 3_000, 50):
        await heard(brokers, count + sum(len(broker.heard) for broker in brokers))
        await asyncio.to_thread(venue.terminate)
        await asyncio.to_thread(venue.start)
    await heard(brokers, 500 + sum(len(broker.heard) for broker in brokers))
    await end_quietly(venue, brokers, working)
    check_agreement(venue, brokers)
    for broker in brokers:
        administrative_count = broker.wire.next_in - 1 - len(broker.heard)
        assert administrative_count < 50, "every number that was not a report's was a Logon's, a Logout's or the like"
    await log_on_again_without_a_gap(venue, brokers)


@pytest.mark.parametrize("count", (0, 1, 100))
def test_stop_and_start_without_orders_moves_no_number(make_venue: MakeVenue, count: int) -> None:
    venue = make_venue()
    next_out = 1
    for _ in range(3):
        venue.start()
        with Client(venue.port, next_out=next_out) as client:
            assert client.log_on("")["34"] == str(next_out)
            for _ in range(count):
                assert client.synchronize() == []
            client.log_out()
            next_out = client.next_out
        venue.terminate()
        assert not venue.events("reports owed from before the stop")


def test_idle_client_is_told_that_the_venue_closes(make_venue: MakeVenue) -> None:
    venue = make_venue()
    venue.start()
    with Client(venue.port) as client:
        client.log_on()
        venue.interrupt()
        logout = client.hear("5")
        assert logout["58"] == "the venue is closing"
        client.say("5")
        assert client.hear_end() == []
    venue.wait()
