from collections import Counter

import pytest

from bench.flows import Crossers, Flow, Mix, Resters
from bench.orders import Load


def tag(message: bytes, number: int) -> bytes:
    return message.partition(b"\x01%d=" % number)[2].partition(b"\x01")[0]


def orders(loads: list[Load]) -> list[dict[str, bytes]]:
    names = {"kind": 35, "id": 11, "orig": 41, "side": 54, "price": 44, "seq": 34}
    return [{name: tag(message, n) for name, n in names.items()} for load in loads for message in load.messages]


@pytest.mark.parametrize("flow", (Resters(), Resters(sessions=4), Crossers(), Mix(), Mix(sessions=8, booked=80)))
def test_a_load_expects_one_answer_for_each_message(flow: Flow) -> None:
    for load in (*flow.prepare(), *flow.next_run(800), *flow.next_run(800)):
        kinds = Counter(order["kind"] for order in orders([load]))
        assert (load.accepted, load.canceled) == (kinds[b"D"], kinds[b"F"])


@pytest.mark.parametrize("flow", (Resters(), Crossers(), Mix()))
def test_no_id_comes_twice_on_a_session(flow: Flow) -> None:
    runs = [flow.prepare(), flow.next_run(400), flow.next_run(400)]
    for session in zip(*runs, strict=True):
        ids = [order["id"] for order in orders(list(session))]
        assert len(ids) == len(set(ids))


def test_crossing_orders_balance_at_one_price_and_the_coins_go_back() -> None:
    flow = Crossers()
    for seller in (0, 1):
        loads = flow.next_run(400)
        assert {order["side"] for order in orders([loads[seller]])} == {b"2"}
        assert {order["side"] for order in orders([loads[1 - seller]])} == {b"1"}
        assert len({order["price"] for order in orders(loads)}) == 1
        assert [load.filled for load in loads] == [200, 200]


def test_the_mix_has_its_proportions() -> None:
    flow = Mix(sessions=4, booked=800)
    flow.prepare()
    loads = flow.next_run(4_000)
    sent = orders(loads)
    cancels = sum(order["kind"] == b"F" for order in sent)
    crossing = sum(order["price"] == b"50000.00" and order["side"] == b"1" for order in sent)
    assert len(sent) == 4_000
    assert cancels == 1_600
    assert crossing == 200
    assert sum(load.filled for load in loads) == 2 * crossing


def test_the_mix_cancels_only_what_is_open_and_never_what_may_trade() -> None:
    flow = Mix(sessions=2, booked=100)
    runs = [flow.prepare(), flow.next_run(2_000), flow.next_run(2_000)]
    for session in zip(*runs, strict=True):
        cancelable: set[bytes] = set()
        for order in orders(list(session)):
            if order["kind"] == b"F":
                cancelable.remove(order["orig"])
            elif order["price"] != b"50000.00":
                cancelable.add(order["id"])


def test_orders_that_rest_stand_on_their_own_side_of_the_touch() -> None:
    for order in orders(Resters().next_run(2_000)):
        price = float(order["price"])
        assert price < 50_000 if order["side"] == b"1" else price > 50_000
