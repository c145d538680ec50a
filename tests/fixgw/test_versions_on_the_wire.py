"""Sessions of every version, from Logon to resend, on the venue without sockets."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine import commands
from engine.profile import FIX_VERSIONS, SessionProfile
from fixgw.authentication import NOT_OF_THE_SESSION
from fixgw.codec import Message
from fixgw.version import version_named
from tests.fixgw.house import OTHER_HASH, QUICK_HASH, Broker, House


@pytest.fixture(params=FIX_VERSIONS)
async def house(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    house = await House(tmp_path / "venue", version=request.param).start()
    yield house
    await house.stop()


def begin_strings(messages: list[Message]) -> set[str]:
    return {message.begin_string for message in messages}


def fill_of(house: House) -> str:
    """Return what is said in place of ExecType F."""
    return "2" if house.version.name == "FIX.4.2" else "F"


async def trade(house: House) -> tuple[Broker, Broker]:
    maker, taker = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    maker.order("M")
    await maker.heard_now()
    taker.order("T", side="2")
    await taker.heard_now()
    await maker.heard_now()
    return maker, taker


async def test_all_that_is_said_is_in_the_sessions_version(house: House) -> None:
    maker, taker = await trade(house)
    maker.say("1", "112=X|")
    maker.say("D", "54=1|")
    house.pass_time(31)
    maker.say("5")
    await maker.heard_now()
    assert [message.msg_type for message in maker.heard] == ["A", "8", "8", "0", "3", "0", "5"]
    assert begin_strings(maker.heard + taker.heard) == {house.version.begin_string}
    fill = maker.heard[2]
    assert (fill.fields["150"], fill.fields["39"], fill.fields["1003"]) == (fill_of(house), "2", "1")
    assert maker.heard[0].fields.get("1137", "") == house.version.appl_ver_id


async def test_what_is_sent_again_is_the_same_but_for_its_times(house: House) -> None:
    maker, _ = await trade(house)
    first = [message for message in maker.heard if message.msg_type == "8"]
    maker.say("2", "7=1|16=0|")
    gap_fill, *again = await maker.heard_now()
    assert begin_strings([gap_fill, *again]) == {house.version.begin_string}
    assert gap_fill.fields["123"] == "Y"
    for one, other in zip(first, again, strict=True):
        assert other.fields["43"] == "Y"
        told = {tag: value for tag, value in other.fields.items() if tag not in {"43", "122", "52"}}
        assert told == {tag: value for tag, value in one.fields.items() if tag != "52"}


async def test_sessions_of_all_versions_trade_with_each_other(tmp_path: Path) -> None:
    house = await House(tmp_path / "venue").start()
    for name in FIX_VERSIONS:
        profile = SessionProfile(version=name)
        house.sequencer.submit(commands.ProvisionSession(name, ("BROKER1-A",), QUICK_HASH, profile=profile, by="mira"))
    await house.settle()
    other = await Broker(house, "BROKER2").log_on()
    for count, name in enumerate(FIX_VERSIONS, start=1):
        broker = Broker(house, name)
        broker.version = version_named(name)
        await broker.log_on()
        broker.order(f"{name}")
        other.order(f"T{count}", side="2")
        *_, fill = await broker.heard_now()
        assert (fill.begin_string, fill.fields["39"]) == (broker.version.begin_string, "2")
    fills = [message for message in await other.heard_now() if message.fields.get("150") == "F"]
    assert len(fills) == len(FIX_VERSIONS)
    await house.stop()


async def test_logon_of_nobody_is_refused_in_the_sessions_version(house: House) -> None:
    stranger = await Broker(house).log_on("553=BROKER1|554=wrong|")
    (logout,) = stranger.heard
    status = "5" if house.version.appl_ver_id else ""
    assert (logout.begin_string, logout.fields.get("1409", "")) == (house.version.begin_string, status)
    assert logout.fields["58"] == NOT_OF_THE_SESSION


async def test_new_password_is_on_record_when_the_logon_is_answered(house: House) -> None:
    broker = await Broker(house).log_on("553=BROKER1|554=secret|925=another secret|")
    (logon,) = broker.heard
    assert (logon.msg_type, logon.fields.get("1409", "")) == ("A", "1" if house.version.appl_ver_id else "")
    assert house.sequencer.exchange.state.sessions["BROKER1"].credentials.password_hash == OTHER_HASH


async def test_logon_in_another_version_is_refused_in_the_sessions_own(house: House) -> None:
    broker = Broker(house)
    other = next(name for name in FIX_VERSIONS if name != house.version.name)
    broker.version = version_named(other)
    await broker.log_on()
    (logout,) = broker.heard
    assert (logout.begin_string, logout.msg_type) == (house.version.begin_string, "5")
    spoken, own = broker.version.begin_string, house.version.begin_string
    assert logout.fields["58"] == f"Incorrect BeginString: {spoken}, expected {own}"


async def test_session_that_is_given_another_version_speaks_it_from_its_next_logon_on(house: House) -> None:
    maker, _ = await trade(house)
    other = next(name for name in FIX_VERSIONS if name != house.version.name)
    profile = SessionProfile(version=other)
    house.sequencer.submit(commands.ProvisionSession("BROKER1", ("BROKER1-A",), QUICK_HASH, profile=profile, by="mira"))
    await house.settle()
    await asyncio.sleep(0)
    assert maker.wire.is_lost
    maker.version = version_named(other)
    await maker.log_on()
    maker.say("2", "7=1|16=0|")
    heard = await maker.heard_now()
    assert begin_strings(heard) == {maker.version.begin_string}
    assert [message.msg_type for message in heard] == ["4", "8", "8", "4"]


async def test_session_is_taken_out_of_the_dictionarys_hands_at_run_time(house: House) -> None:
    broker = await Broker(house).log_on()
    profile = SessionProfile(version=house.version.name, validates=False)
    house.sequencer.submit(commands.ProvisionSession("BROKER1", ("BROKER1-A",), QUICK_HASH, profile=profile, by="mira"))
    await house.settle()
    broker.say("D", "11=A|55=BTC/USD|54=1|38=1|40=2|44=100|11=B|")
    (accepted,) = await broker.heard_now()
    assert accepted.fields["11"] == "A"
