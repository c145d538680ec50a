"""The demo's market and brokers without a venue: what they send is kept, what they are told is made up."""

from collections.abc import Mapping

from backoffice.cli.demo.broker import Broker, Tape
from backoffice.cli.demo.market import Market
from backoffice.cli.demo.venue import sandbox_text
from config.settings import Settings, parse
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
    """Return the type and the fields of all that a broker has sent, but for the time."""
    messages = []
    for msg_type, body, _ in broker.session.sent.values():
        fields = dict(field.split("=", 1) for field in body.split("\x01")[:-1])
        del fields["60"]
        messages.append((msg_type, fields))
    return messages


def tell(broker: Broker, msg_type: str, fields: Mapping[str, str]) -> None:
    """Let a broker receive a message."""
    body = "".join(f"{tag}={value}\x01" for tag, value in fields.items())
    (message,) = Framer().receive(encode(f"35={msg_type}\x0149=FONDACO\x0134=2\x01{body}"))
    broker.session.receive(message)
