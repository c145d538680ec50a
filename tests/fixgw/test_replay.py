"""Reports asked for once more by ApplSeqNum: which ones, in what form, and over every kind of end."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine import commands
from engine.profile import CopyScope, SessionProfile, SessionRole
from fixgw import replay
from fixgw.codec import Message
from tests.fixgw.house import QUICK_HASH, Broker, House, numbers

ALL = "1346=R|1347=0|1351=1|1355=REPORTS|"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = await House(tmp_path / "venue", version="FIX.5.0SP2").start()
    yield house
    await house.stop()


async def busy_broker(house: House, orders: int = 3) -> tuple[Broker, list[Message]]:
    """Return a broker that has entered so many orders, and their reports."""
    broker = await Broker(house).log_on()
    for number in range(orders):
        broker.order(f"O{number}", price=str(50 + number))
    return broker, await broker.heard_now()


def kinds(messages: list[Message]) -> list[str]:
    """Return MsgType and ClOrdID, with a `+` for PossResend and an `x` for PossDup."""
    return [
        message.msg_type
        + ("+" if message.fields.get("97") == "Y" else "")
        + ("x" if message.fields.get("43") == "Y" else "")
        + message.fields.get("11", "")
        for message in messages
    ]


def appl_seq_num(message: Message) -> int:
    return int(message.fields["1181"])


def without(message: Message, *tags: str) -> dict[str, str]:
    return {tag: value for tag, value in message.fields.items() if tag not in tags}


# ------------------------------------------------------------------------------------------- what is asked for


async def test_reports_say_by_which_number_they_can_be_asked_for(house: House) -> None:
    _, reports = await busy_broker(house)
    assert [report.fields["1180"] for report in reports] == ["REPORTS"] * 3
    first, second, third = map(appl_seq_num, reports)
    assert first < second < third
    assert all("1352" not in report.fields for report in reports)


async def test_earlier_versions_have_no_such_fields_and_no_such_request(tmp_path: Path) -> None:
    house = await House(tmp_path / "venue").start()
    broker, reports = await busy_broker(house, 1)
    assert "1181" not in reports[0].fields
    broker.say("BW", ALL)
    (reject,) = await broker.heard_now()
    assert (reject.msg_type, reject.fields["373"]) == ("3", "11")
    await house.stop()


async def test_replay_is_acknowledged_sends_the_same_reports_under_new_numbers_and_is_ended(house: House) -> None:
    broker, reports = await busy_broker(house)
    broker.say("BW", ALL)
    ack, *again, end = await broker.heard_now()
    assert (ack.msg_type, ack.fields["1346"], ack.fields["1348"]) == ("BX", "R", "0")
    assert [without(each, "9", "10", "34", "52", "97", "1352") for each in again] == [
        without(each, "9", "10", "34", "52") for each in reports
    ]
    assert all((each.fields["97"], each.fields["1352"]) == ("Y", "Y") and "43" not in each.fields for each in again)
    assert numbers([ack, *again, end]) == [5, 6, 7, 8, 9]
    assert (end.msg_type, end.fields["1346"], end.fields["1426"]) == ("BY", "R", "3")
    assert int(end.fields["1399"]) == int(ack.fields["1183"]) + 1
    assert "58" not in end.fields


async def test_replay_is_of_the_numbers_asked_for(house: House) -> None:
    broker, reports = await busy_broker(house, 4)
    begin, end = appl_seq_num(reports[1]), appl_seq_num(reports[2])
    broker.say("BW", f"{ALL[:-1]}|1182={begin}|1183={end}|")
    assert kinds(await broker.heard_now()) == ["BX", "8+O1", "8+O2", "BY"]


async def test_only_reports_on_orders_are_replayed_and_none_that_was_a_replay(house: House) -> None:
    broker, _ = await busy_broker(house, 1)
    broker.say("F", "11=C|41=unknown|55=BTC/USD|54=1|60=20261118-11:06:40|")
    broker.say("AN", "710=P|724=0|1=BROKER1-A|715=20261118|60=20261118-11:06:40|453=1|448=X|447=D|452=3|")
    await broker.heard_now()
    for _ in range(2):
        broker.say("BW", ALL)
        assert kinds(await broker.heard_now()) == ["BX", "8+O0", "9+C", "BY"]


async def test_drop_copy_session_gets_its_copies_once_more(house: House) -> None:
    profile = SessionProfile(SessionRole.DROP_COPY, "FIX.5.0SP2", copies=CopyScope(("BROKER1-A",)))
    house.sequencer.submit(commands.ProvisionSession("COPY", (), QUICK_HASH, profile=profile))
    await house.settle()
    copy = await Broker(house, "COPY").log_on()
    await busy_broker(house, 2)
    first = await copy.heard_now()
    copy.say("BW", ALL)
    _, *again, _ = await copy.heard_now()
    assert kinds(again) == ["8+O0", "8+O1"]
    assert [each.fields["115"] for each in again] == ["BROKER1"] * 2
    assert list(map(appl_seq_num, again)) == list(map(appl_seq_num, first))


async def test_what_happens_meanwhile_is_told_too_and_nothing_is_lost(house: House) -> None:
    broker, _ = await busy_broker(house, 600)
    broker.say("BW", ALL)
    broker.order("LATE", price="40")
    broker.say("2", "7=2|16=3|")
    heard = await broker.heard_now()
    assert kinds(heard).count("8LATE") == 1
    assert [kind for kind in kinds(heard) if "+" in kind] == [f"8+O{number}" for number in range(600)]
    assert [kind for kind in kinds(heard) if "x" in kind] == ["8xO0", "8xO1"]
    assert kinds(heard)[-1] == "BY"
    assert sorted({int(each.fields["34"]) for each in heard if "43" not in each.fields}) == list(range(602, 1205))
    broker.order("LIVE", price="40")
    assert kinds(await broker.heard_now()) == ["8LIVE"]


async def test_client_that_does_not_read_is_not_sent_more_and_gets_all_when_it_does(house: House) -> None:
    broker, _ = await busy_broker(house, 600)
    broker.wire.limit = 1
    broker.say("BW", ALL)
    await house.settle()
    assert house.index().count < 1_000
    heard: list[Message] = []
    while not heard or heard[-1].msg_type != "BY":
        heard += await broker.heard_now()
    assert kinds(heard) == ["BX", *[f"8+O{number}" for number in range(600)], "BY"]


async def test_long_replay_ends_with_a_record_and_says_where_to_go_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "REPLAYED_MAX", 2)
    monkeypatch.setattr(replay, "REPLAYED_AT_ONCE", 1)
    broker, reports = await busy_broker(house, 3)
    broker.say("BW", ALL)
    *told, end = await broker.heard_now()
    assert kinds(told) == ["BX", "8+O0", "8+O1"]
    begin = appl_seq_num(reports[1]) + 1
    assert (end.fields["1399"], end.fields["58"]) == (f"{begin}", f"there may be more: ask again with 1182={begin}")
    broker.say("BW", f"{ALL}1182={begin}|")
    *told, end = await broker.heard_now()
    assert kinds(told) == ["BX", "8+O2"]
    assert "58" not in end.fields


# ------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("fields", "response", "error"),
    (
        ("1355=MARKET|", "1", "0"),
        ("1355=REPORTS|1182=9999|", "2", "1"),
    ),
)
async def test_what_there_is_not_is_said_in_the_acknowledgement(
    house: House, fields: str, response: str, error: str
) -> None:
    broker, _ = await busy_broker(house, 1)
    broker.say("BW", f"1346=R|1347=0|1351=1|{fields}")
    (ack,) = await broker.heard_now()
    assert (ack.msg_type, ack.fields["1348"], ack.fields["1354"]) == ("BX", response, error)
    assert ack.fields["58"]


async def test_replays_come_one_after_another(house: House) -> None:
    broker, _ = await busy_broker(house, 1)
    broker.say("BW", ALL)
    broker.say("BW", ALL.replace("=R|", "=S|"))
    heard = await broker.heard_now()
    assert [each.fields["1348"] for each in heard if each.msg_type == "BX"] == ["0", "2"]
    assert kinds(heard).count("8+O0") == 1


@pytest.mark.parametrize(
    ("fields", "answer"),
    (
        ("1346=R|1347=1|1351=1|1355=REPORTS|", "j"),
        ("1346=R|1347=0|1351=1|1355=REPORTS|1182=5|1183=4|", "j"),
        ("1346=R|1347=0|1351=2|1355=REPORTS|1355=OTHER|", "j"),
        ("1346=R|1347=0|1351=1|1355=REPORTS|1182=99999999999999999999|", "3"),
        ("1346=R|1347=0|1351=1|1355=REPORTS|1433=X|", "j"),
        ("1346=R|1347=0|", "j"),
        ("1347=0|1351=1|1355=REPORTS|", "3"),
        ("1346=R|1347=0|1351=1|1355=REPORTS|1182=x|", "3"),
    ),
)
async def test_bad_requests_get_a_standard_reject(house: House, fields: str, answer: str) -> None:
    broker, _ = await busy_broker(house, 1)
    broker.say("BW", fields)
    assert [each.msg_type for each in await broker.heard_now()] == [answer]


async def test_lane_whose_engine_numbers_by_itself_refuses_to_replay(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker, _ = await busy_broker(house, 1)
    with monkeypatch.context() as without_index:
        without_index.delitem(house.delivery.outbounds, "BROKER1")
        broker.say("BW", ALL)
    (refusal,) = await broker.heard_now()
    assert (refusal.msg_type, refusal.fields["372"], refusal.fields["380"]) == ("j", "BW", "3")


# ------------------------------------------------------------------------------------------------ every kind of end


async def test_after_a_reset_what_went_before_is_not_available(house: House) -> None:
    broker, reports = await busy_broker(house, 1)
    broker.wire.break_off()
    await broker.log_on("141=Y|")
    broker.order("NEW", price="60")
    (new,) = await broker.heard_now()
    broker.say("BW", f"{ALL}1182={appl_seq_num(reports[0])}|")
    (refusal,) = await broker.heard_now()
    assert refusal.fields["1348"] == "2"
    begin = refusal.fields["58"].rpartition("=")[2]
    assert appl_seq_num(reports[0]) < int(begin) <= appl_seq_num(new)
    broker.say("BW", f"{ALL}1182={begin}|")
    assert kinds(await broker.heard_now()) == ["BX", "8+NEW", "BY"]


async def test_replay_that_a_disconnect_ends_is_owed_as_far_as_it_got_and_can_be_asked_for_again(house: House) -> None:
    broker, _ = await busy_broker(house, 600)
    broker.wire.limit = 1
    broker.say("BW", ALL)
    await house.settle()
    broker.wire.break_off()
    broker.next_out = 700
    await broker.log_on(number=house.acceptor.sessions["BROKER1"].next_in)
    broker.say("2", "7=602|16=0|")
    again = await broker.heard_now()
    assert kinds(again)[0] == "BXx"
    assert "BY" not in "".join(kinds(again))
    broker.wire.limit = 10**9
    broker.say("BW", ALL)
    assert kinds(await broker.heard_now())[-601:] == [*[f"8+O{number}" for number in range(600)], "BY"]


async def test_replay_is_sent_again_like_all_that_has_a_number(house: House) -> None:
    broker, _ = await busy_broker(house, 2)
    broker.say("BW", ALL)
    await broker.heard_now()
    broker.say("2", "7=2|16=0|")
    assert kinds(await broker.heard_now()) == ["8xO0", "8xO1", "BXx", "8+xO0", "8+xO1", "BYx"]


@pytest.mark.parametrize("boot", ("boot 1", "boot 2"))
@pytest.mark.parametrize("is_stop", (True, False))
async def test_reports_come_once_after_a_restart_with_replayed_entries_in_the_index(
    tmp_path: Path, boot: str, is_stop: bool
) -> None:
    house = await House(tmp_path / "venue", version="FIX.5.0SP2").start()
    broker, _ = await busy_broker(house, 5)
    house.checkpoint()
    broker.say("BW", f"{ALL}1183=12|")
    await broker.heard_now()
    if is_stop:
        await house.stop()
    else:
        await house.kill()
    for _ in range(2):
        house = await house.restarted(boot)
        assert house.owed <= (2 if boot == "boot 2" and not is_stop else 0)
        await house.stop()
    house = await house.restarted(boot)
    broker.house = house
    await broker.log_on()
    broker.heard.clear()
    broker.say("2", "7=2|16=0|")
    again = [each for each in await broker.heard_now() if each.msg_type == "8"]
    plain = [each.fields["11"] for each in again if "1352" not in each.fields]
    assert plain == [f"O{number}" for number in range(5)]
    broker.say("BW", ALL)
    assert [kind for kind in kinds(await broker.heard_now()) if kind[:2] == "8+"] == [f"8+O{n}" for n in range(5)]
    await house.stop()


async def test_what_was_replayed_is_replayed_again_if_a_power_cut_took_it(tmp_path: Path) -> None:
    house = await House(tmp_path / "venue", version="FIX.5.0SP2").start()
    broker, _ = await busy_broker(house, 3)
    await house.settle()
    house.checkpoint()
    path = house.index().path
    synced = path.read_bytes()
    broker.say("BW", ALL)
    await broker.heard_now()
    await house.kill()
    path.write_bytes(synced)
    house = await house.restarted("boot 2")
    broker.house = house
    await broker.log_on()
    broker.say("2", "7=5|16=0|")
    again = [kind for kind in kinds(await broker.heard_now()) if kind[0] in "8B"]
    assert again == ["BX+x", "8+xO0", "8+xO1", "8+xO2", "BY+x"]
    await house.stop()
