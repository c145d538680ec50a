"""The demo's market and brokers without a venue: what they send is kept, what they are told is made up."""

from collections.abc import Mapping, Sequence

from backoffice.cli.demo.broker import Broker, Tape
from backoffice.cli.demo.market import Market
from backoffice.cli.demo.venue import sandbox_text
from config.reading import parse
from config.settings import Settings
from fixgw.codec import Framer, encode

SETTINGS: Settings = parse(sandbox_text(), "sandbox.toml")


def make_brokers(seed: int = 1, count: int = 8) -> tuple[Market, Tape, list[Broker]]:
    market = Market(SETTINGS, seed)
    tape = Tape(market.instruments)
    balances = dict.fromkeys(market.decimals, 10**15)
    brokers = [
        Broker(f"BROKER{number}", f"BROKER{number}-A", "secret", market=market, balances=balances, tape=tape)
        for number in range(1, count + 1)
    ]
    return market, tape, brokers


def sent(broker: Broker) -> list[tuple[str, dict[str, str]]]:
    """Return the type and the fields of all that a broker has sent, but for times; of a list, its last order's."""
    messages = []
    for msg_type, body, _ in broker.session.sent.values():
        fields = dict(field.split("=", 1) for field in body.split("\x01")[:-1])
        fields.pop("60", None)
        if "126" in fields:
            fields["126"] = "soon"
        messages.append((msg_type, fields))
    return messages


def tell(broker: Broker, msg_type: str, fields: Mapping[str, str]) -> None:
    """Let a broker receive a message."""
    _receive(broker, msg_type, "".join(f"{tag}={value}\x01" for tag, value in fields.items()))


def tell_refused_list(broker: Broker, list_id: str, cl_ord_ids: Sequence[str]) -> None:
    """Let a broker hear that its list of orders was refused."""
    orders = "".join(f"11={cl_ord_id}\x0139=8\x01" for cl_ord_id in cl_ord_ids)
    _receive(broker, "N", f"66={list_id}\x01431=7\x01444=[1064] apart\x0173={len(cl_ord_ids)}\x01{orders}")


def _receive(broker: Broker, msg_type: str, body: str) -> None:
    (message,) = Framer().receive(encode(f"35={msg_type}\x0149=FONDACO\x0134=2\x01{body}"))
    broker.session.receive(message)
