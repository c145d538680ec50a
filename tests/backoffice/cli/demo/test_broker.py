import pytest

from backoffice.cli.demo.broker import Broker, Leg
from engine.values import Contingency, Side, TimeInForce
from tests.backoffice.cli.demo.stage import make_brokers, sent, tell, tell_refused_list

FILL = {"150": "F", "55": "BTC/USD", "31": "67250.00", "151": "0.300000", "14": "0.200000", "60": "20260101-12:00:00.5"}


def make_broker() -> Broker:
    return make_brokers(count=1)[2][0]


def accepted(broker: Broker, side: Side) -> str:
    order = broker.enter("BTC/USD", side, 500_000, 6_725_000)
    tell(broker, "8", {"11": order.cl_ord_id, "150": "0"})
    return order.cl_ord_id


def test_order_is_sent_as_decimal_text() -> None:
    broker = make_broker()
    broker.enter("BTC/USD", Side.SELL, 1_500_000, 6_725_001, TimeInForce.IMMEDIATE_OR_CANCEL)
    broker.enter("ETH/BTC", Side.BUY, 7, None, TimeInForce.IMMEDIATE_OR_CANCEL)
    limit = {"11": "BROKER1-1", "1": "BROKER1-A", "55": "BTC/USD", "54": "2", "38": "1.500000", "40": "2"}
    market = {"11": "BROKER1-2", "1": "BROKER1-A", "55": "ETH/BTC", "54": "1", "38": "0.0007", "40": "1"}
    assert sent(broker) == [("D", {**limit, "44": "67250.01", "59": "3"}), ("D", {**market, "59": "3"})]


def test_buyer_books_what_it_bought_and_paid() -> None:
    broker = make_broker()
    before = dict(broker.balances)
    order_id = accepted(broker, Side.BUY)
    tell(broker, "8", {"11": order_id, **FILL, "32": "0.200000", "137": "2.69", "138": "USD", "1057": "Y"})
    assert broker.balances["BTC"] - before["BTC"] == 200_000_000  # 0.2 BTC in units of 10^-9
    assert before["USD"] - broker.balances["USD"] == 1_345_269_000_000  # 13,450.00 + 2.69 USD in units of 10^-8
    assert broker.orders[order_id].leaves_qty == 300_000


def test_seller_books_what_it_sold_and_got_less_its_fee() -> None:
    broker = make_broker()
    before = dict(broker.balances)
    order_id = accepted(broker, Side.SELL)
    tell(broker, "8", {"11": order_id, **FILL, "32": "0.200000", "1057": "N"})
    assert before["BTC"] - broker.balances["BTC"] == 200_000_000
    assert broker.balances["USD"] - before["USD"] == 1_345_000_000_000


def test_filled_order_is_no_longer_open() -> None:
    broker = make_broker()
    order_id = accepted(broker, Side.SELL)
    tell(broker, "8", {"11": order_id, **FILL, "32": "0.500000", "151": "0.000000", "1057": "N"})
    assert broker.orders == {}


def test_replaced_order_goes_on_under_its_new_id() -> None:
    broker = make_broker()
    order = broker.orders[accepted(broker, Side.BUY)]
    broker.replace(order, 100_000, 6_700_000)
    assert not order.is_idle
    fields = {"11": "BROKER1-2", "41": "BROKER1-1", "55": "BTC/USD", "44": "67000.00", "151": "0.100000"}
    tell(broker, "8", {"150": "5", **fields})
    assert broker.orders == {"BROKER1-2": order}
    assert (order.price, order.leaves_qty, order.is_idle) == (6_700_000, 100_000, True)


def test_duplicate_refused_does_not_end_the_order_that_has_the_id() -> None:
    broker = make_broker()
    order_id = accepted(broker, Side.BUY)
    broker.enter_as_is(order_id, "BTC/USD", Side.BUY, "1", None)
    tell(broker, "8", {"11": order_id, "150": "8", "58": "[1003] used before"})
    assert list(broker.orders) == [order_id]
    assert broker.rejects == {"[1003] used before": 1}


def test_refused_cancel_leaves_the_order_to_its_fate() -> None:
    broker = make_broker()
    order = broker.orders[accepted(broker, Side.BUY)]
    broker.cancel(order)
    tell(broker, "9", {"11": "BROKER1-2", "41": order.cl_ord_id, "58": "[1010] finished"})
    assert order.is_idle
    assert broker.outcomes["cancel or replace refused"] == 1


def test_latency_is_measured_once_from_order_to_first_report() -> None:
    broker = make_broker()
    order_id = accepted(broker, Side.BUY)
    tell(broker, "8", {"11": order_id, **FILL, "32": "0.200000", "1057": "N"})
    broker.cancel(broker.orders[order_id])
    tell(broker, "8", {"11": "BROKER1-2", "41": order_id, "150": "4"})
    assert (len(broker.order_latency_ns), len(broker.change_latency_ns)) == (1, 1)
    assert broker.unanswered == {}


def test_what_was_not_expected_is_kept_without_secrets() -> None:
    for msg_type, fields in (
        ("3", {"45": "2", "554": "open-sesame"}),
        ("8", {"11": "unknown", "150": "0"}),
        ("8", {"11": "unknown", "150": "H"}),
        ("8", {"11": "unknown", "150": "D", "378": "5"}),
        ("8", {"11": "unknown", **FILL, "32": "x", "1057": "N"}),
    ):
        broker = make_broker()
        tell(broker, msg_type, fields)
        assert f"35={msg_type}" in broker.unexpected
        assert "sesame" not in broker.unexpected


def enter_stop(broker: Broker) -> str:
    broker.enter_kind("stop", "BTC/USD", [Leg(Side.SELL, 500_000, 0, "3", "99=67000.00\x0159=1\x01")], None)
    tell(broker, "8", {"11": "BROKER1-1", "150": "0"})
    return "BROKER1-1"


def test_order_of_another_kind_is_sent_with_its_own_fields() -> None:
    broker = make_broker()
    enter_stop(broker)
    fields = {"11": "BROKER1-1", "1": "BROKER1-A", "55": "BTC/USD", "54": "2", "38": "0.500000", "40": "3"}
    assert sent(broker) == [("D", {**fields, "99": "67000.00", "59": "1"})]


@pytest.mark.parametrize(
    ("exec_type", "fate", "outcome"),
    (("4", "cancelled", "cancelled"), ("C", "expired", "expired"), ("8", "refused", "rejected")),
)
def test_end_of_an_order_is_counted_by_its_kind(exec_type: str, fate: str, outcome: str) -> None:
    broker = make_broker()
    order_id = enter_stop(broker)
    broker.orders[order_id].is_accepted = exec_type != "8"
    tell(broker, "8", {"11": order_id, "150": exec_type, "58": "[1056] reached"})
    assert broker.fates == {"stop": {fate: 1}}
    assert broker.outcomes == {"accepted": 1, outcome: 1}
    assert broker.orders == {}


def test_stop_is_triggered_and_then_filled_or_partly_so() -> None:
    for qty, left, fate in (("0.500000", "0.000000", "filled"), ("0.300000", "0.200000", "partly")):
        broker = make_broker()
        order_id = enter_stop(broker)
        tell(broker, "8", {"11": order_id, "150": "D", "636": "Y"})
        tell(broker, "8", {"11": order_id, **FILL, "32": qty, "151": left, "14": qty, "1057": "Y"})
        if order_id in broker.orders:
            tell(broker, "8", {"11": order_id, "150": "4"})
        assert broker.fates == {"stop": {"triggered": 1, fate: 1}}
        assert broker.unexpected == ""


def enter_list(broker: Broker) -> list[str]:
    legs = [
        Leg(Side.BUY, 500_000, 6_725_000, "2", "59=1\x01"),
        Leg(Side.SELL, 500_000, 0, "3", "99=67000.00\x0159=1\x01"),
    ]
    broker.enter_kind("OTO list", "BTC/USD", legs, Contingency.ONE_TRIGGERS_OTHER)
    return ["BROKER1-1", "BROKER1-2"]


def test_list_is_one_message_and_its_second_order_waits() -> None:
    broker = make_broker()
    first, second = enter_list(broker)
    ((msg_type, fields),) = sent(broker)
    assert (msg_type, fields["66"], fields["1385"], fields["73"], fields["67"]) == ("E", "BROKER1-3", "2", "2", "2")
    tell(broker, "N", {"66": "BROKER1-3", "431": "3", "73": "2", "11": first, "14": "0"})
    tell(broker, "8", {"11": second, "150": "A"})
    tell(broker, "8", {"11": first, "150": "0"})
    assert [broker.orders[order_id].is_accepted for order_id in (first, second)] == [True, False]
    assert broker.outcomes == {"list status": 1, "waiting": 1, "accepted": 1}
    assert broker.unanswered == {}


def test_refused_list_leaves_none_of_its_orders() -> None:
    broker = make_broker()
    tell_refused_list(broker, "BROKER1-3", enter_list(broker))
    assert broker.orders == {}
    assert broker.fates == {"OTO list": {"refused": 2}}
    assert broker.rejects == {"[1064] apart": 1}


def test_fill_of_an_auction_is_booked_and_nobody_took() -> None:
    broker = make_broker()
    order_id = accepted(broker, Side.SELL)
    tell(broker, "8", {"11": order_id, **FILL, "32": "0.200000", "336": "BTC/USD", "625": "2"})
    assert broker.outcomes["filled"] == 1
    assert broker.unexpected == ""
