"""Reports on a client's account say in their header whom they are for, when they are sent again too."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine import commands
from engine.profile import OnBehalf, SessionProfile
from tests.fixgw.house import QUICK_HASH, Broker, House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = await House(tmp_path / "venue").start()
    profile = SessionProfile(on_behalf_of=(OnBehalf("FUND", "BROKER2-A"),))
    house.sequencer.submit(
        commands.ProvisionSession("BROKER1", ("BROKER1-A", "BROKER2-A"), QUICK_HASH, profile=profile)
    )
    await house.settle()
    yield house
    await house.stop()


async def test_report_for_a_client_names_it(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.order("own")
    broker.say("D", "11=its|55=BTC/USD|54=1|60=20261118-11:06:40|38=1|40=2|44=100|59=1|", header="115=FUND|")
    own, its = await broker.heard_now()
    assert "128" not in own.fields
    assert its.fields["128"] == "FUND"
    broker.say("2", "7=2|16=0|")
    again_own, again_its = await broker.heard_now()
    assert "128" not in again_own.fields
    assert (again_its.fields["128"], again_its.fields["43"]) == ("FUND", "Y")


@pytest.mark.parametrize(
    ("header", "fields"), (("115=FUND|", ""), ("", "453=1|448=FUND|452=3|"), ("115=FUND|", "1=BROKER2-A|"))
)
async def test_refusal_for_a_client_names_its_account_and_it(house: House, header: str, fields: str) -> None:
    broker = await Broker(house).log_on()
    order = "11=its|55=BTC/USD|54=1|60=20261118-11:06:40|38=1|40=2|44=100.001|59=1|"
    broker.say("D", f"{order}{fields}", header=header)
    (refused,) = await broker.heard_now()
    assert (refused.fields["150"], refused.fields["1"], refused.fields["128"]) == ("8", "BROKER2-A", "FUND")


async def test_refusal_for_a_client_that_the_session_may_not_act_for_names_no_account(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.say("D", "11=its|55=BTC/USD|54=1|60=20261118-11:06:40|38=1|40=2|44=100|59=1|", header="115=NOBODY|")
    (refused,) = await broker.heard_now()
    assert refused.fields["58"].startswith("[2012]")
    assert "1" not in refused.fields


async def test_reject_goes_back_to_whoever_the_message_was_from(house: House) -> None:
    broker = await Broker(house).log_on()
    for origin in ("FUND", "NOBODY"):
        broker.say("D", "11=its|55=BTC/USD|54=X|60=20261118-11:06:40|38=1|40=2|44=100|", header=f"115={origin}|")
    broker.say("D", "11=its|55=BTC/USD|54=X|60=20261118-11:06:40|38=1|40=2|44=100|", header="115=|")
    broker.say("2", "7=2|16=0|")
    heard = await broker.heard_now()
    assert [message.fields.get("128") for message in heard] == ["FUND", "NOBODY", None] * 2
    assert {message.msg_type for message in heard} == {"3"}
