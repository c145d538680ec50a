from collections import Counter
from decimal import Decimal

from backoffice.cli.demo.broker import Broker
from backoffice.cli.demo.flow import MAKERS, UNANSWERED_MAX, Flow
from backoffice.cli.demo.kinds import KINDS
from engine.values import Side
from tests.backoffice.cli.demo.stage import SETTINGS, make_brokers, sent, tell, tell_refused_list

INCREMENTS = {
    instrument.symbol: (Decimal(instrument.price_increment), Decimal(instrument.quantity_increment))
    for instrument in SETTINGS.instruments
}


def answer(broker: Broker, answered: int) -> int:
    """Answer what a broker has sent after its first `answered` messages, as a venue without counterparties does."""
    messages = sent(broker)
    known = {fields["11"] for _, fields in messages[:answered]}
    for msg_type, fields in messages[answered:]:
        cl_ord_id = fields["11"]
        if msg_type == "D" and (cl_ord_id in known or cl_ord_id not in broker.orders):
            tell(broker, "8", {"11": cl_ord_id, "150": "8", "58": "[1003] or another mistake"})
        elif msg_type == "D":
            tell(broker, "8", {"11": cl_ord_id, "150": "0"})
            if fields["59"] in "34":
                tell(broker, "8", {"11": cl_ord_id, "150": "4"})
        elif msg_type == "E":
            number = int(cl_ord_id.partition("-")[2])
            ids = [f"{broker.comp_id}-{number - before}" for before in reversed(range(int(fields["68"])))]
            tell_refused_list(broker, fields["66"], ids)
        elif msg_type == "G":
            report = {"41": fields["41"], "55": fields["55"], "44": fields["44"], "151": fields["38"]}
            tell(broker, "8", {"11": cl_ord_id, "150": "5", **report})
        else:
            tell(broker, "8", {"11": cl_ord_id, "41": fields["41"], "150": "4"})
        known.add(cl_ord_id)
    return len(messages)


def run_flow(seed: int, pulses: int) -> list[Broker]:
    market, _, brokers = make_brokers(seed)
    flow = Flow(brokers, market, seed)
    answered = [0] * len(brokers)
    for _ in range(pulses):
        flow.pulse()
        answered = [answer(broker, count) for broker, count in zip(brokers, answered, strict=True)]
    assert [broker.unexpected for broker in brokers] == [""] * len(brokers)
    return brokers


def test_same_seed_and_same_answers_give_the_same_flow() -> None:
    first, again, other = (run_flow(seed, 300) for seed in (5, 5, 6))
    assert [sent(broker) for broker in first] == [sent(broker) for broker in again]
    assert [sent(broker) for broker in first] != [sent(broker) for broker in other]


def test_every_order_is_on_increments_but_the_mistakes() -> None:
    off_tick = 0
    for broker in run_flow(1, 400):
        for msg_type, fields in sent(broker):
            if msg_type in "DEG":
                price_increment, qty_increment = INCREMENTS[fields["55"]]
                assert Decimal(fields["38"]) % qty_increment == 0
                off_tick += Decimal(fields.get("44", "0")) % price_increment != 0
    assert off_tick == 1


def test_makers_quote_both_sides_of_every_instrument_and_follow() -> None:
    brokers = run_flow(1, 200)
    for broker in brokers[:MAKERS]:
        kinds = [msg_type for msg_type, _ in sent(broker)]
        assert kinds.count("G") > kinds.count("D")
        for symbol in INCREMENTS:
            quotes = [order for order in broker.orders.values() if order.symbol == symbol and not order.kind]
            bids = [quote.price for quote in quotes if quote.side is Side.BUY]
            asks = [quote.price for quote in quotes if quote.side is Side.SELL]
            assert len(bids) == len(asks) == 4
            assert max(bids) < min(asks)


def test_takers_send_orders_of_every_kind_and_make_the_three_mistakes() -> None:
    brokers = run_flow(1, 300)
    kinds = {
        (fields["40"], fields["59"]) for broker in brokers[MAKERS:] for kind, fields in sent(broker) if kind == "D"
    }
    assert kinds >= {("1", "3"), ("2", "3"), ("2", "0")}
    assert any(kind == "F" for broker in brokers[MAKERS:] for kind, _ in sent(broker))
    ids = [fields["11"] for _, fields in sent(brokers[-1])]
    assert len(ids) == len(set(ids)) + 1


def test_every_kind_of_order_is_used_in_turn_beside_the_quotes() -> None:
    brokers = run_flow(1, 40 * len(KINDS))
    fates = sum((Counter({kind: ends.total()}) for broker in brokers for kind, ends in broker.fates.items()), Counter())
    open_orders = Counter(order.kind for broker in brokers for order in broker.orders.values() if order.kind)
    legs = {"OCO list": 2, "OTO list": 3}
    assert fates + open_orders == {kind.name: legs.get(kind.name, 1) for kind in KINDS}


def test_flow_holds_back_while_the_venue_is_silent() -> None:
    market, _, brokers = make_brokers()
    flow = Flow(brokers, market, 1)
    for _ in range(5_000):
        flow.pulse()
    unanswered = sum(len(broker.unanswered) for broker in brokers)
    assert flow.held_back > 0
    assert UNANSWERED_MAX < unanswered <= UNANSWERED_MAX + 10
