"""What a session sends over its limits is refused, and nothing else comes of it: not for it, not for the others."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commands import ProvisionSession
from engine.profile import SessionProfile, Throttle
from fixgw import connection as connection_module
from fixgw.codec import Message
from fixgw.session import SECOND_NS
from fixgw.throttle import REFUSALS_BURST, REFUSALS_PER_S, Bucket, SessionThrottle
from tests.fixgw.house import QUICK_HASH, Broker, House, numbers
from tests.fixgw.venue import NOW, check_report

LISTED = f"11=%s|67=%d|55=BTC/USD|54=1|60={NOW}|38=1|40=%s|"


def limit(house: House, throttle: Throttle) -> None:
    profile = SessionProfile(throttle=throttle)
    house.sequencer.submit(ProvisionSession("BROKER1", ("BROKER1-A",), QUICK_HASH, profile=profile))


async def log_on(house: House, throttle: Throttle) -> Broker:
    limit(house, throttle)
    return await Broker(house).log_on()


def told(messages: list[Message]) -> str:
    """Return what came back: MsgType, ClOrdID, and an `!` if the session was over its limit."""
    return " ".join(
        message.msg_type + message.fields.get("11", "") + "!" * message.fields.get("58", "").startswith("[2009]")
        for message in messages
    )


async def test_session_that_wants_it_is_warned_before_its_limit_once(house: House) -> None:
    broker = await log_on(house, Throttle(1, 10, warns=True))
    for number in range(10):
        broker.order(f"O{number}")
    heard = await broker.heard_now()
    assert told(heard) == "8O0 8O1 8O2 8O3 8O4 8O5 8O6 B 8O7 8O8 8O9"
    news = next(message for message in heard if message.msg_type == "B")
    assert news.fields["148"] == "limits are near"
    assert news.fields["58"] == "orders: 1/s, at most 10 at once, 2 left now; queries: no limit"
    house.now_ns += 3 * SECOND_NS
    broker.order("later")
    assert told(await broker.heard_now()) == "8later"
    house.now_ns += 5 * SECOND_NS
    for number in range(6):
        broker.order(f"P{number}")
    assert told(await broker.heard_now()).count("B") == 1


def test_warning_is_a_message_of_every_version() -> None:
    throttle = SessionThrottle(Throttle(1, 1, 1, 1, warns=True), 0)
    throttle.orders.take(1, 0)
    warning = throttle.warning(0)
    assert warning is not None
    check_report(warning)
    assert throttle.warning(0) is None


async def test_session_is_not_warned_unasked(house: House) -> None:
    broker = await log_on(house, Throttle(1, 2, 1, 2))
    broker.order("a")
    broker.order("b")
    assert told(await broker.heard_now()) == "8a 8b"


def is_held_back(broker: Broker) -> bool:
    return not broker.wire.is_reading


# ---------------------------------------------------------------------------------------------------- the bucket


@given(
    per_s=st.integers(1, 1_000_000),
    burst=st.integers(1, 50),
    takes=st.lists(st.tuples(st.integers(0, 3 * SECOND_NS), st.integers(1, 3)), max_size=60),
)
def test_bucket_holds_what_flows_in_and_gives_no_more(per_s: int, burst: int, takes: list[tuple[int, int]]) -> None:
    bucket, level, now_ns = Bucket(per_s, burst, 0), Fraction(burst), 0
    for pause_ns, count in takes:
        now_ns += pause_ns
        level = min(Fraction(burst), level + Fraction(pause_ns * per_s, SECOND_NS))
        assert bucket.left(now_ns) == max(0, level // 1)
        is_there = level >= min(count, burst)
        assert bucket.take(count, now_ns) is is_there
        if is_there:
            level -= count


@given(st.lists(st.integers(0, SECOND_NS), min_size=1, max_size=60), st.integers(1, 100), st.integers(1, 20))
def test_no_window_ever_sees_more_than_burst_and_rate_allow(pauses_ns: list[int], per_s: int, burst: int) -> None:
    bucket, now_ns, taken_at = Bucket(per_s, burst, 0), 0, []
    for pause_ns in pauses_ns:
        now_ns += pause_ns
        if bucket.take(1, now_ns):
            taken_at.append(now_ns)
    for first, begin_ns in enumerate(taken_at):
        for last in range(first, len(taken_at)):
            assert (last - first + 1 - burst) * SECOND_NS <= (taken_at[last] - begin_ns) * per_s


def test_without_a_rate_there_is_no_limit() -> None:
    bucket = Bucket(0, 0, 0)
    assert all(bucket.take(3, 0) for _ in range(1_000))


# ------------------------------------------------------------------------------------------------ what it is held to


async def test_orders_over_the_limit_are_refused_in_their_own_form_and_the_session_goes_on(house: House) -> None:
    broker = await log_on(house, Throttle(orders_per_s=10, orders_burst=2))
    for name in ("A", "B", "C"):
        broker.order(name)
    broker.say("G", f"11=D|41=A|55=BTC/USD|54=1|60={NOW}|38=2|40=2|44=100|59=1|")
    heard = await broker.heard_now()
    assert told(heard) == "8A 8B 8C! 9D!"
    order, replace = heard[2].fields, heard[3].fields
    assert (order["39"], order["103"], order["38"], order["44"]) == ("8", "99", "1", "100")
    assert order["58"] == "[2009] over the session's limit; wait, and send it again (10 orders/s, at most 2 at once)"
    assert (replace["434"], replace["102"], replace["39"], replace["37"]) == ("2", "99", "0", "1")
    house.now_ns += SECOND_NS // 10
    broker.order("C")
    assert told(await broker.heard_now()) == "8C", "a ClOrdID that was refused may be used"


async def test_cancels_are_free(house: House) -> None:
    broker = await log_on(house, Throttle(orders_per_s=1, orders_burst=2, queries_per_s=1, queries_burst=1))
    for name in ("A", "B", "C"):
        broker.order(name)
    for name in ("x", "y", "z"):
        broker.say("F", f"11={name}|41=A|55=BTC/USD|54=1|60={NOW}|")
    broker.say("q", f"11=all|530=7|60={NOW}|")
    broker.say("K", f"66=L|60={NOW}|")
    heard = await broker.heard_now()
    assert told(heard) == "8A 8B 8C! 8x 9y 9z 8B rall j"


async def test_questions_have_a_bucket_of_their_own(house: House) -> None:
    broker = await log_on(house, Throttle(orders_per_s=1, orders_burst=1, queries_per_s=2, queries_burst=2))
    broker.order("A")
    broker.say("H", "11=A|55=BTC/USD|54=1|")
    broker.say("g", "335=R|263=0|")
    broker.say("AF", "584=S|585=7|")
    broker.order("B")
    heard = await broker.heard_now()
    assert told(heard) == "8A 8A h j! 8B!"
    assert (heard[3].fields["372"], heard[3].fields["379"], heard[3].fields["380"]) == ("AF", "S", "0")


async def test_session_may_ask_for_its_limits_and_what_is_left(house: House) -> None:
    broker = await log_on(house, Throttle(orders_per_s=10, orders_burst=20))
    for name in ("A", "B", "C"):
        broker.order(name)
    broker.say("BE", "923=R|924=4|553=BROKER1|")
    *_, answer = await broker.heard_now()
    assert answer.msg_type == "BF"
    assert (answer.fields["923"], answer.fields["553"], answer.fields["926"]) == ("R", "BROKER1", "1")
    assert answer.fields["927"] == "orders: 10/s, at most 20 at once, 17 left now; queries: no limit"
    house.now_ns += SECOND_NS
    broker.say("2", "7=5|16=5|")
    assert (await broker.heard_now())[0].fields["927"] == answer.fields["927"]
    broker.say("BE", "923=R|924=4|553=BROKER2|")
    broker.say("BE", "923=R|924=1|553=BROKER1|")
    other, refused = await broker.heard_now()
    assert (other.fields["926"], other.fields["927"]) == ("3", "not the user of this session")
    assert refused.fields["58"][:6] == "[2002]"


async def test_each_order_of_a_list_counts(house: House) -> None:
    broker = await log_on(house, Throttle(orders_per_s=1, orders_burst=3))
    pair = f"{LISTED % ('a', 1, '2|44=90')}{LISTED % ('b', 2, '3|99=110')}"
    broker.say("E", f"66=L1|394=3|68=2|1385=1|73=2|{pair}")
    broker.say("E", f"66=L2|394=3|68=2|1385=1|73=2|{pair.replace('11=', '11=z')}")
    broker.order("C")
    broker.order("D")
    heard = await broker.heard_now()
    refused = next(message for message in heard if message.fields.get("66") == "L2")
    assert (refused.msg_type, refused.fields["431"], refused.fields["444"][:6]) == ("N", "7", "[2009]")
    assert told([message for message in heard if message.fields.get("11", "none") in "CD"]) == "8C 8D!"


async def test_message_that_fix_finds_wrong_is_rejected_as_such_over_the_limit_too(house: House) -> None:
    broker = await log_on(house, Throttle(orders_per_s=1, orders_burst=1))
    broker.order("A")
    broker.say("D", "11=B|")
    assert told(await broker.heard_now()) == "8A 3"


async def test_session_without_limits_has_none(house: House) -> None:
    broker, other = (
        await log_on(house, Throttle(orders_per_s=1, orders_burst=1)),
        await Broker(house, "BROKER2").log_on(),
    )
    for number in range(500):
        other.order(f"O{number}")
    assert "!" not in told(await other.heard_now())
    broker.order("A")
    assert told(await broker.heard_now()) == "8A"


async def test_limits_that_staff_change_hold_at_once(house: House) -> None:
    broker = await log_on(house, Throttle(orders_per_s=1, orders_burst=1))
    broker.order("A")
    broker.order("B")
    limit(house, Throttle(orders_per_s=1, orders_burst=2))
    for name in ("C", "D", "E"):
        broker.order(name)
    limit(house, Throttle())
    broker.order("F")
    assert told(await broker.heard_now()) == "8A 8B! 8C 8D 8E! 8F"


async def test_another_logon_fills_no_bucket(house: House) -> None:
    broker = await log_on(house, Throttle(orders_per_s=1, orders_burst=1))
    broker.order("A")
    await broker.heard_now()
    broker.wire.break_off()
    await broker.log_on()
    broker.order("B")
    assert told(await broker.heard_now()) == "8B!"


async def test_refusal_can_be_asked_for_again(house: House) -> None:
    broker = await log_on(house, Throttle(orders_per_s=1, orders_burst=1))
    broker.order("A")
    broker.order("B")
    *_, refused = await broker.heard_now()
    house.now_ns += SECOND_NS
    broker.say("2", "7=3|16=3|")
    (again,) = await broker.heard_now()
    assert again.fields["43"] == "Y"
    repeated = {"9", "10", "43", "52", "122"}
    assert {tag: value for tag, value in again.pairs() if tag not in repeated} == {
        tag: value for tag, value in refused.pairs() if tag not in repeated
    }


# ---------------------------------------------------------------------------------------------------------- floods


async def test_flood_is_read_a_little_at_a_time_and_others_trade_meanwhile(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "HOLD_BACK_S", 3_600)
    broker, other = (
        await log_on(house, Throttle(orders_per_s=1, orders_burst=1)),
        await Broker(house, "BROKER2").log_on(),
    )
    for number in range(REFUSALS_BURST + 50):
        broker.order(f"A{number}")
    broker.say("q", f"11=all|530=7|60={NOW}|")
    other.order("B")
    heard = await broker.heard_now()
    assert len(heard) == REFUSALS_BURST + 2, "the accepted one, the refusals at once, and one that had to wait after"
    assert told(await other.heard_now()) == "8B"
    assert is_held_back(broker)
    other.order("C")
    assert told(await other.heard_now()) == "8C"
    steps = 0
    while is_held_back(broker):
        steps += 1
        house.now_ns += 10 * SECOND_NS // REFUSALS_PER_S
        broker.wire.connection._let_go_on()
        heard += await broker.heard_now()
    assert steps == 5, "ten refusals that the time allows, and one that has to wait after, each time"
    assert told(heard[-2:]) == "8A0 rall", "the cancel behind the flood comes in its turn"
    assert numbers(heard) == list(range(2, 2 + len(heard)))


async def test_session_that_goes_while_it_is_held_back_leaves_nothing_behind(house: House) -> None:
    broker = await log_on(house, Throttle(orders_per_s=1, orders_burst=1))
    for number in range(2 * REFUSALS_BURST):
        broker.order(f"A{number}")
    connection = broker.wire.connection
    broker.wire.break_off()
    connection._let_go_on()
    await broker.log_on(number=house.acceptor.sessions["BROKER1"].next_in)
    broker.say("1", "112=X|")
    assert (await broker.heard_now())[-1].fields["112"] == "X"
