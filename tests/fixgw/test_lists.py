"""Lists over FIX: NewOrderList (E), ListCancelRequest (K), ListStatusRequest (M) in; ListStatus (N) out."""

from pathlib import Path

import pytest

from engine.commands import NewOrder, NewOrderList, Refuse
from engine.terms import Terms
from engine.values import BUY, LIMIT, SELL, Contingency, TimeInForce
from fixgw.codec import Framer, Message
from fixgw.timestamps import format_utc
from tests.fixgw.house import Broker, House
from tests.fixgw.venue import NOW, Told, Venue, client_message

BUY_LEG = f"11=buy|67=1|1=ACC1|55=BTC/USD|54=1|60={NOW}|38=5|40=2|44=100|59=1|"
SELL_LEG = f"11=sell|67=2|1=ACC1|55=BTC/USD|54=2|60={NOW}|38=5|40=2|44=110|59=1|"
HEAD = "66=L|394=3|68=2|1385=2|"
LIST = f"{HEAD}73=2|{BUY_LEG}{SELL_LEG}"


def orders_of(status: Told) -> list[dict[str, str]]:
    """Return the entries of a ListStatus."""
    start = status.pairs.index(("73", status["73"])) + 1
    entries: list[dict[str, str]] = []
    for tag, value in status.pairs[start:]:
        if tag == "11":
            entries.append({})
        entries[-1][tag] = value
    return entries


# --------------------------------------------------------------------------------------------------------- in


def test_a_list_becomes_one_command() -> None:
    command = Venue().command("E", LIST)
    assert command == NewOrderList(
        "BROKER1",
        1,
        "L",
        Contingency.ONE_TRIGGERS_OTHER,
        (
            NewOrder(
                "BROKER1", 1, "ACC1", "buy", "BTC/USD", BUY, LIMIT, TimeInForce.GOOD_TILL_CANCEL, 5_000_000, 10_000
            ),
            NewOrder(
                "BROKER1", 1, "ACC1", "sell", "BTC/USD", SELL, LIMIT, TimeInForce.GOOD_TILL_CANCEL, 5_000_000, 11_000
            ),
        ),
    )


def test_the_orders_have_their_own_terms_and_the_sessions_first_account() -> None:
    later = SELL_LEG.replace("1=ACC1|", "").replace("54=2|", "110=2|54=2|62=20261231-00:00:00|").replace("110=2|", "")
    command = Venue().command("E", f"{HEAD}73=2|{BUY_LEG}{later}")
    assert isinstance(command, NewOrderList)
    first, second = command.orders
    assert first.terms is None
    assert second.terms == Terms(valid_until_ns=1_798_675_200_000_000_000)
    assert second.account == "ACC1"


def test_contingency_may_follow_the_group() -> None:
    assert isinstance(Venue().command("E", f"66=L|394=3|68=2|73=2|{BUY_LEG}{SELL_LEG}1385=2|"), NewOrderList)


@pytest.mark.parametrize(
    ("text", "reason", "tag"),
    (
        (f"{HEAD}73=3|{BUY_LEG}{SELL_LEG}", 16, 73),
        (f"{HEAD}73=1|{BUY_LEG}{SELL_LEG}", 16, 73),
        (f"{HEAD}73=2|67=1|{BUY_LEG}{SELL_LEG}", 15, 67),
        (f"{HEAD}73=1|{BUY_LEG.replace('67=1|', '').replace('54=1|', '54=1|67=1|')}", 15, 67),
        (f"{HEAD}73=1|{BUY_LEG.replace('67=1|', '')}", 1, 67),
        (f"{HEAD}73=1|{BUY_LEG}44=3|", 13, 44),
        (f"{HEAD}73=x|{BUY_LEG}", 6, 73),
        (f"{HEAD}{BUY_LEG}", 1, 73),
        (f"{HEAD}73=1|{BUY_LEG}9999=x|", 0, 9999),
        (f"{HEAD}44=1|73=1|{BUY_LEG}", 2, 44),
        (LIST.replace("66=L|", ""), 1, 66),
        (LIST.replace("54=2|", "54=x|"), 5, 54),
    ),
)
def test_a_list_that_fix_finds_fault_with_gets_a_session_level_reject(text: str, reason: int, tag: int) -> None:
    command = Venue().command("E", text)
    assert isinstance(command, Refuse)
    assert (command.form, command.reason, command.ref_tag) == ("3", reason, tag)


@pytest.mark.parametrize(
    ("text", "reason", "tag", "said"),
    (
        (LIST.replace("394=3|", "394=1|"), 2002, 394, "1"),
        (LIST.replace("1385=2|", "1385=3|"), 2002, 1385, "3"),
        (LIST.replace("68=2|", "68=3|"), 2002, 68, "one message"),
        (LIST.replace("68=2|", "68=2|893=N|"), 2002, 68, "one message"),
        (LIST.replace("67=2|", "67=3|"), 2002, 67, "order 2: 3"),
        (LIST.replace("44=110|", "44=110.001|"), 2003, 44, "order 2: "),
        (LIST.replace("55=BTC/USD|54=2|", "55=XRP/USD|54=2|"), 1001, 55, "order 2"),
        (LIST.replace("11=sell|", f"11={'x' * 65}|"), 2007, 11, "order 2: at most 64"),
        (LIST.replace("66=L|", f"66={'x' * 65}|"), 2007, 66, "at most 64"),
        (f"62=20261231-00:00:00|{LIST}", 2001, 62, "outside"),
        (LIST.replace("67=1|", "67=1|453=1|448=P|"), 2001, 453, ""),
    ),
)
def test_a_list_that_the_venue_cannot_take_is_refused_as_a_list(text: str, reason: int, tag: int, said: str) -> None:
    venue = Venue()
    (told,) = venue.say("E", text)
    assert told.msg_type == "N"
    assert told.has("429=1|82=1|431=7|83=1|73=2|68=2|")
    assert told["444"].startswith(f"[{reason}] ")
    assert f"({tag})" in told["444"]
    assert said in told["444"]
    assert [order["39"] for order in orders_of(told)] == ["8", "8"]


@pytest.mark.parametrize("tag", ("55", "40", "38", "44", "1385"))
def test_a_field_that_is_needed_is_asked_for(tag: str) -> None:
    text = "|".join(piece for piece in LIST.split("|") if not piece.startswith(f"{tag}="))
    (told,) = Venue().say("E", text)
    assert told.msg_type == "j"
    assert told.has("372=E|379=L|380=5|")
    assert f"({tag})" in told["58"]


def test_no_shape_of_a_message_with_a_group_is_learned() -> None:
    """What is learned is read without a look at the count: a message with another count would pass."""
    framer, venue = Framer(), Venue()
    text = f"{HEAD}73=1|{BUY_LEG}"
    for number in range(40):
        message = client_message("E", text, number=number + 2)
        assert not framer.receive(message.raw)[0].known
        venue.command("E", text)
    command = venue.command("E", text.replace("73=1|", "73=2|"))
    assert isinstance(command, Refuse)
    assert command.reason == 16


# -------------------------------------------------------------------------------------------------------- out


def test_a_list_is_acknowledged_and_each_order_reported() -> None:
    told = Venue().say("E", LIST)
    status, sell, buy = told
    assert status.msg_type == "N"
    assert status.has("66=L|429=1|82=1|431=3|83=1|1385=2|68=2|73=2|")
    assert orders_of(status) == [
        {"11": "buy", "14": "0.000000", "39": "0", "151": "5.000000", "84": "0.000000", "6": "0"},
        {"11": "sell", "14": "0.000000", "39": "A", "151": "5.000000", "84": "0.000000", "6": "0"},
    ]
    assert sell.has("11=sell|150=A|39=A|66=L|")
    assert buy.has("11=buy|150=0|39=0|66=L|")


def test_the_fill_lets_the_rest_in_and_the_end_is_told() -> None:
    venue = Venue()
    venue.say("E", LIST)
    told = [report for report in venue.order("x", "2", "5", "100", by="BROKER2") if report.session == "BROKER1"]
    assert [(report["11"], report["150"]) for report in told] == [("buy", "F"), ("sell", "0")]
    told = [report for report in venue.order("y", "1", "5", "110", by="BROKER2") if report.session == "BROKER1"]
    assert [report.msg_type for report in told] == ["8", "N"]
    assert told[0].has("11=sell|150=F|39=2|66=L|")
    assert told[1].has("66=L|429=5|431=6|")
    assert [(order["39"], order["14"], order["6"]) for order in orders_of(told[1])] == [
        ("2", "5.000000", "100.00"),
        ("2", "5.000000", "110.00"),
    ]


def test_a_refused_list_says_of_each_order_why() -> None:
    (told,) = Venue().say("E", LIST.replace("44=110|", "44=0|"))
    assert told.has("66=L|429=1|431=7|")
    assert told["444"].startswith("[1005] ")
    assert [(order["39"], order["103"], order["58"][:6]) for order in orders_of(told)] == [
        ("8", "99", "[1066]"),
        ("8", "99", "[1005]"),
    ]


def test_a_list_is_cancelled_with_a_report_for_each_order() -> None:
    venue = Venue()
    venue.say("E", LIST)
    buy, sell, status = venue.say("K", f"66=L|60={NOW}|")
    assert buy.has("11=buy|150=4|39=4|66=L|58=its list was cancelled|")
    assert sell.has("11=sell|150=4|39=4|")
    assert "378" not in buy, "it was asked for"
    assert status.has("429=5|431=6|")
    assert [order["84"] for order in orders_of(status)] == ["5.000000", "5.000000"]


def test_the_state_of_a_list_is_told() -> None:
    venue = Venue()
    venue.say("E", LIST)
    (told,) = venue.say("M", "66=L|")
    assert told.has("66=L|429=2|431=3|73=2|")


@pytest.mark.parametrize("msg_type", ("K", "M"))
def test_an_unknown_list_is_a_business_reject(msg_type: str) -> None:
    (told,) = Venue().say(msg_type, f"66=other|{f'60={NOW}|' if msg_type == 'K' else ''}")
    assert told.msg_type == "j"
    assert told.has(f"45=1|372={msg_type}|379=other|380=1|58=[1067] unknown list|")


def test_one_order_is_cancelled_and_says_why_the_other_was() -> None:
    venue = Venue()
    venue.say("E", LIST)
    told = venue.say("F", f"11=c|41=sell|55=BTC/USD|54=2|60={NOW}|")
    assert [(report.msg_type, report.fields.get("150")) for report in told] == [("8", "4"), ("8", "4"), ("N", None)]
    assert told[1].has("11=buy|58=an order of its list that waited for it was closed|")


def test_an_order_that_waits_is_replaced() -> None:
    venue = Venue()
    venue.say("E", LIST)
    (told,) = venue.say("G", f"11=r|41=sell|55=BTC/USD|54=2|60={NOW}|38=4|40=2|44=120|59=1|")
    assert told.has("11=r|41=sell|150=5|39=A|38=4.000000|44=120.00|151=4.000000|66=L|")


def test_what_cannot_enter_says_why() -> None:
    venue = Venue()
    venue.order("bid", "1", "1", "99", by="BROKER2")
    venue.say("E", LIST.replace("44=110|", "44=99|").replace("67=2|1=ACC1|", "67=2|1=ACC1|18=6|"))
    told = [report for report in venue.order("x", "2", "5", "100", by="BROKER2") if report.session == "BROKER1"]
    assert [report.fields.get("150") for report in told] == ["F", "4", None]
    assert "[1019]" in told[1]["58"]


def test_a_report_on_a_list_is_the_same_when_it_is_made_again() -> None:
    venue = Venue()
    events = venue.apply(venue.command("E", LIST))
    assert [told.text for told in venue.tell(events)] == [told.text for told in venue.tell(events)]


# -------------------------------------------------------------------------------------------------------- pairs

LIMIT_LEG = f"11=limit|67=1|1=ACC1|55=BTC/USD|54=2|60={NOW}|38=5|40=2|44=110|59=1|"
STOP_LEG = f"11=stop|67=2|1=ACC1|55=BTC/USD|54=2|60={NOW}|38=5|40=3|99=90|59=1|"
PAIR = f"66=P|394=3|68=2|1385=1|73=2|{LIMIT_LEG}{STOP_LEG}"


def traded_venue() -> Venue:
    """Return a venue where BTC/USD has traded at 100."""
    venue = Venue()
    venue.order("t1", "1", "1", "100", by="BROKER2")
    venue.order("t2", "2", "1", "100", by="BROKER3", more="1=ACC3|")
    return venue


def test_one_cancels_the_other() -> None:
    venue = traded_venue()
    status, *accepted = venue.say("E", PAIR)
    assert status.has("66=P|431=3|1385=1|73=2|")
    assert sorted(report["11"] for report in accepted) == ["limit", "stop"]
    told = [report for report in venue.order("b", "1", "2", "110", by="BROKER2") if report.session == "BROKER1"]
    assert told[0].has("11=stop|150=4|66=P|58=the other order of its pair has traded, or would have with its owner|")
    assert told[1].has("11=limit|150=F|39=1|66=P|")


def test_the_trigger_cancels_the_limit_order_and_is_told() -> None:
    venue = traded_venue()
    venue.say("E", PAIR)
    venue.order("b", "1", "6", "90", by="BROKER2")
    events = venue.order("s", "2", "1", "90", by="BROKER3", more="1=ACC3|")
    told = [report for report in events if report.session == "BROKER1"]
    assert told[0].has("11=limit|150=4|58=the other order of its pair was triggered|")
    assert told[1].has("11=stop|150=D|636=Y|")
    assert told[2].has("11=stop|150=F|39=2|")
    assert told[3].has("66=P|429=5|431=6|")


def test_a_pair_on_one_side_of_the_market_is_refused() -> None:
    (told,) = traded_venue().say("E", PAIR.replace("44=110|", "44=89|"))
    assert told["444"].startswith("[1064] ")
    assert told.has("431=7|")


def test_a_stop_of_a_pair_is_replaced() -> None:
    venue = traded_venue()
    venue.say("E", PAIR)
    (told,) = venue.say("G", f"11=r|41=stop|55=BTC/USD|54=2|60={NOW}|38=4|40=3|99=95|59=1|")
    assert told.has("11=r|41=stop|150=5|39=0|38=4.000000|99=95.00|66=P|")
    (told,) = venue.say("G", f"11=q|41=limit|55=BTC/USD|54=2|60={NOW}|38=4|40=2|44=95|59=1|")
    assert told.msg_type == "9"
    assert told["58"].startswith("[1064] ")


def test_a_bracket_waits_for_its_first_order() -> None:
    venue = traded_venue()
    first = BUY_LEG.replace("44=100|", "44=99|")
    pair = LIMIT_LEG.replace("67=1|", "67=2|") + STOP_LEG.replace("67=2|", "67=3|")
    told = venue.say("E", f"66=B|394=3|68=3|1385=2|73=3|{first}{pair}")
    assert [(report["11"], report["39"]) for report in told[1:]] == [("limit", "A"), ("stop", "A"), ("buy", "0")]
    told = [report for report in venue.order("s", "2", "5", "99", by="BROKER2") if report.session == "BROKER1"]
    assert [(report["11"], report["150"]) for report in told] == [("buy", "F"), ("stop", "0"), ("limit", "0")]


# ------------------------------------------------------------------------------------------------------- resend


async def test_reports_on_lists_come_again_as_they_were_also_after_a_crash(tmp_path: Path) -> None:
    house = await House(tmp_path / "venue").start()
    broker = await Broker(house).log_on()
    now = format_utc(house.now_ns)
    orders = "".join(
        f"11={name}|67={number}|55=BTC/USD|54={side}|60={now}|38=1|40=2|44={price}|59=1|"
        for number, (name, side, price) in enumerate((("A", 1, 100), ("B", 2, 110)), start=1)
    )
    broker.say("E", f"66=L|394=3|68=2|1385=2|73=2|{orders}")
    broker.say("K", f"66=L|60={now}|")
    first = [said(message) for message in await broker.heard_now()]
    assert [msg_type for msg_type, _ in first] == ["N", "8", "8", "8", "8", "N"]
    broker.say("2", "7=2|16=0|")
    again = await broker.heard_now()
    assert all(message.fields["43"] == "Y" for message in again)
    assert [said(message) for message in again] == first
    await house.kill()
    house = broker.house = await house.restarted()
    await broker.log_on()
    broker.say("2", "7=2|16=7|")
    again = [message for message in await broker.heard_now() if message.fields.get("43") == "Y"]
    assert [said(message) for message in again] == first
    await house.stop()


def said(message: Message) -> tuple[str, list[tuple[str, str]]]:
    """Return a message without what changes when it is sent again."""
    return message.msg_type, [pair for pair in message.pairs() if pair[0] not in {"34", "43", "52", "97", "122"}]
