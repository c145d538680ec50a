"""A venue whose session layer is QuickFIX's: the same gateway and promises, and what QuickFIX alone would not do."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from fixgw.authentication import NOT_OF_THE_SESSION
from tests.e2e import power
from tests.e2e.broker import Broker
from tests.e2e.conftest import MakeVenue
from tests.e2e.test_kill import MOMENTS, check_agreement, suffer_kills, suffer_power_cuts
from tests.e2e.venue import Venue, wait_until
from tests.e2e.wire import Client, Fields, frame, now

pytest.importorskip("quickfix")
pytestmark = [pytest.mark.e2e, pytest.mark.quickfix]

LANE: Final = {"lane": "quickfix"}
BROKERS: Final = ("BROKER1", "BROKER2", "BROKER3", "BROKER4")
COMING_AND_GOING: Final = tuple(f"BROKER{number}" for number in range(1, 9))
SECRET: Final = "HUSH-5d41402abc"


@pytest.fixture
def venue(make_venue: MakeVenue) -> Venue:
    """A running venue with four sessions."""
    venue = make_venue(fix=LANE)
    venue.start()
    return venue


def order(name: str, side: int = 1, tif: int = 1) -> str:
    return f"11={name}|55=BTC/USD|54={side}|38=1|40=2|44=100.00|59={tif}|60={now()}|"


def enter(client: Client, name: str, more: str = "") -> Fields:
    """Enter an order that rests, and return the report on it."""
    client.say("D", order(name) + more)
    report = client.hear("8")
    assert (report["11"], report["150"]) == (name, "0"), report
    return report


def hit(client: Client, name: str) -> None:
    """Trade with what rests on the opposite side."""
    client.say("D", order(name, 2, tif=3))
    assert [client.hear("8")["150"] for _ in range(2)] == ["0", "F"]


def ended(venue: Venue, count: int = 1) -> None:
    """Return when so many sessions have ended."""
    wait_until(lambda: len(venue.events("session ended")) >= count, "the venue notices", venue.stderr)


def back(venue: Venue, client: Client) -> Client:
    """Return a connection on which the session of another may go on."""
    return Client(venue.port, client.comp_id, next_out=client.next_out)


def test_two_brokers_trade_and_the_venue_says_what_the_lane_cannot(venue: Venue) -> None:
    maker, taker = Client(venue.port), Client(venue.port, "BROKER2")
    assert maker.log_on()["34"] == "1"
    taker.log_on()
    enter(maker, "M")
    hit(taker, "T")
    fill = maker.hear("8")
    assert (fill["11"], fill["150"], fill["32"], fill["31"]) == ("M", "F", "1.000000", "100.00")
    maker.say("D", order("M2").replace("100.00", "100.001"))
    assert maker.hear("8")["58"].startswith("[2003] Price(44): not a multiple")
    maker.say("D", order("M3") + "63=0|")
    assert "63" in maker.hear("8")["58"]
    maker.say("D", order("M4").replace("54=1|", ""))
    reject = maker.hear("3")
    assert (reject["371"], reject["373"]) == ("54", "1")
    maker.log_out()
    taker.log_out()
    limits = " ".join(line["limit"] for line in venue.events("the QuickFIX lane is limited"))
    for limit in ("no TLS", "127.0.0.1", "next start", "connections_max", "slow_reader_timeout_s", "(BW)"):
        assert limit in limits
    venue.terminate()


def test_list_of_orders_is_reported_with_all_its_entries(venue: Venue) -> None:
    with Client(venue.port) as client:
        client.log_on()
        entries = "".join(
            f"11={name}|67={number}|55=BTC/USD|54={side}|60={now()}|38=1|40=2|44={price}|"
            for number, (name, side, price) in enumerate((("A", 1, "90.00"), ("B", 2, "110.00")), 1)
        )
        client.say("E", f"66=L|394=3|68=2|1385=1|73=2|{entries}")
        raws: list[bytes] = []
        client.inspect = raws.append
        status = client.hear("N")
        assert (status["66"], status["73"]) == ("L", "2")
        text = raws[-1].decode("latin-1")
        assert text.index("\x0111=A\x01") < text.index("\x0111=B\x01")
        assert "\x0114=" in text[text.index("\x0111=A\x01") : text.index("\x0111=B\x01")], "entries are kept apart"


@pytest.mark.parametrize("extra", ("", "141=Y|"))
def test_refused_logon_says_why_and_resets_nothing(venue: Venue, extra: str) -> None:
    with Client(venue.port) as client:
        client.log_on()
        enter(client, "A")
        client.log_out()
    for body, text in (
        (f"98=0|108=30|{extra}553=BROKER1|554={SECRET}|", NOT_OF_THE_SESSION),
        (f"98=0|108=30|{extra}553=BROKER2|554=sandbox-only|", NOT_OF_THE_SESSION),
        (f"98=0|108=9999|{extra}553=BROKER1|554=sandbox-only|", "HeartBtInt(108) must be 1 to 3600 seconds"),
    ):
        with Client(venue.port, next_out=1 if extra else client.next_out) as stranger:
            stranger.say("A", body)
            (logout,) = stranger.hear_end()
            assert logout["35"] == "5"
            assert text in logout["58"]
    with back(venue, client) as again:
        logon = again.log_on("")
        assert int(logon["34"]) == int(client.received[-1]["34"]) + 4, "each Logout has a number"
        again.say("2", f"7={client.received[1]['34']}|16={client.received[1]['34']}|")
        report = again.hear("8")
        assert (report["11"], report["43"]) == ("A", "Y"), "what was sent can be sent again"
        again.log_out()
    venue.terminate()
    assert SECRET not in venue.stderr()


def test_logon_that_is_not_valid_does_not_hold_its_session(venue: Venue) -> None:
    with Client(venue.port) as stranger:
        stranger.say("A", "98=0|553=BROKER1|554=sandbox-only|")
        assert stranger.hear_end() == []
    with Client(venue.port) as client:
        assert client.log_on()["35"] == "A"


@pytest.mark.parametrize("body", ("35=4|36=5000|", "35=4|123=Y|36=5000|", "35=0|", "35=2|7=1|16=0|", "35=5|", "35=D|"))
def test_stranger_moves_no_sequence(venue: Venue, body: str) -> None:
    with Client(venue.port) as stranger:
        kind, rest = body.split("|", 1)
        stranger.put(frame(f"{kind}|49=BROKER1|56=FONDACO|34=1|52={now()}|{rest}"))
        assert stranger.hear_end() == []
    with Client(venue.port) as client:
        logon = client.log_on("789=1|")
        assert (logon["35"], logon["789"]) == ("A", "2")


@pytest.mark.alone
def test_brokers_that_come_and_go_at_once_do_not_meet(make_venue: MakeVenue) -> None:
    """A descriptor that QuickFIX has closed may be another connection's when it closes or reads it once more.

    On a machine that is kept busy by others the lane cannot always keep them apart.
    """
    venue = make_venue(sessions=len(COMING_AND_GOING), fix=LANE)
    venue.start()
    with ThreadPoolExecutor(len(COMING_AND_GOING)) as brokers:
        for visits in [brokers.submit(come_and_go, venue, name) for name in COMING_AND_GOING]:
            visits.result()
    assert not venue.events("callback failed")
    assert not venue.events("reports wait for the next Logon")


def come_and_go(venue: Venue, comp_id: str) -> None:
    """Be turned away, trade and leave, again and again. Garbled messages in between are more than QuickFIX bears."""
    for visit in range(35):
        with Client(venue.port, comp_id) as client:
            client.say("A", f"98=0|108=9999|141=Y|553={comp_id}|554=sandbox-only|")
            assert [message["35"] for message in client.hear_end()] == ["5"]
        with Client(venue.port, comp_id) as client:
            assert client.log_on()["35"] == "A"
            enter(client, f"A{visit}")
            client.log_out()


def test_session_goes_on_after_its_line_broke_and_hears_what_it_missed(venue: Venue) -> None:
    maker, taker = Client(venue.port), Client(venue.port, "BROKER2")
    maker.log_on()
    taker.log_on()
    enter(maker, "M1")
    enter(maker, "M2")
    maker.close()
    ended(venue)
    hit(taker, "T1")
    hit(taker, "T2")
    with back(venue, maker) as again:
        logon = again.log_on("")
        missed = int(maker.received[-1]["34"]) + 1
        assert int(logon["34"]) == missed + 2, "two reports have numbers already"
        again.say("2", f"7={missed}|16=0|")
        fills = [again.hear("8") for _ in range(2)]
        assert [(fill["11"], fill["150"], fill["43"]) for fill in fills] == [("M1", "F", "Y"), ("M2", "F", "Y")]
        enter(again, "M3")


def test_logon_that_resets_still_brings_what_was_missed(venue: Venue) -> None:
    maker, taker = Client(venue.port), Client(venue.port, "BROKER2")
    maker.log_on()
    taker.log_on()
    enter(maker, "M")
    maker.close()
    ended(venue)
    hit(taker, "T")
    with Client(venue.port) as again:
        assert again.log_on()["34"] == "1"
        fill = again.hear("8")
        assert (fill["11"], fill["150"], fill["34"]) == ("M", "F", "2")
        assert "43" not in fill
        assert "97" not in fill


@pytest.mark.parametrize("end", ("terminate", "kill"))
def test_both_sequences_go_on_after_a_restart(venue: Venue, end: str) -> None:
    client = Client(venue.port)
    client.log_on()
    enter(client, "A")
    if end == "terminate":
        client.log_out()
    getattr(venue, end)()
    client.close()
    venue.start()
    with back(venue, client) as again:
        logon = again.log_on("")
        expected = int(client.received[-1]["34"]) + 1
        assert int(logon["34"]) >= expected
        if end == "terminate":
            assert int(logon["34"]) == expected
        again.say("2", "7=2|16=2|")
        assert again.hear("8")["11"] == "A", "it can be sent again"
        enter(again, "B")
        again.log_out()
    venue.terminate()


def test_orders_go_with_the_session_that_entered_them(venue: Venue) -> None:
    client = Client(venue.port)
    assert client.log_on("141=Y|8013=S|")["8013"] == "S"
    enter(client, "goes")
    enter(client, "stays", "18=H|")
    client.close()
    ended(venue)
    with back(venue, client) as again:
        again.log_on(f"789={int(client.received[-1]['34']) + 1}|8013=S|")
        canceled = again.hear("8")
        assert (canceled["11"], canceled["150"], canceled["58"]) == ("goes", "4", "cancelled on disconnect")


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("sync", "seed"), (("always", 1), ("relaxed", 3)))
async def test_killed_venue_and_its_clients_agree_on_everything(make_venue: MakeVenue, sync: str, seed: int) -> None:
    venue = make_venue(sync=sync, fix=LANE)
    await asyncio.to_thread(venue.start)
    brokers = [Broker(comp_id, venue.port, seed, cut_odds=0.02) for comp_id in BROKERS]
    await suffer_kills(venue, brokers, seed, MOMENTS[:-1])
    truth = check_agreement(venue, brokers, first_time=False)
    assert truth.state.last_trade_id > 1_000, "there was something to lose"


@pytest.mark.timeout(180)
async def test_power_cut_takes_nothing_that_was_acknowledged(make_venue: MakeVenue, tmp_path: Path) -> None:
    patches = power.install(tmp_path / "patches")
    venue = make_venue(patches=patches, fix=LANE)
    await asyncio.to_thread(venue.start)
    brokers = [Broker(comp_id, venue.port, 4) for comp_id in BROKERS]
    await suffer_power_cuts(venue, patches, brokers, 4)
    check_agreement(venue, brokers, first_time=False)
