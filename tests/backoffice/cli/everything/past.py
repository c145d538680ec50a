"""What the venue has done before anything is done in the house: there is something to invoice, and to be alarmed at."""

from typing import Final

import msgspec

from backoffice.times import DAY_NS
from engine.commands import (
    AddAsset,
    AddInstrument,
    AnyCommand,
    ClockTick,
    Credit,
    NewOrder,
    OpenAccount,
    ProvisionSession,
)
from engine.exchange import Exchange
from engine.frames import encode_value
from engine.values import OrderType, Side, TimeInForce
from tests.backoffice.projector.journaled import Journaled

BEGUN_NS: Final = 1_793_491_200_000_000_000
OVER_NS: Final = 1_796_083_200_000_000_000
"""2026-11-01 and 2026-12-01."""


class Past(Journaled):
    """A venue on which ALPHA and BETA have traded, ALPHA with itself too, before November; and a record of December."""

    def __init__(self) -> None:
        self.payloads = []
        self._exchange = Exchange()
        self._add(BEGUN_NS - DAY_NS, AddAsset("BTC", 3), AddAsset("USD", 5))
        self._add(BEGUN_NS - DAY_NS, AddInstrument("BTC/USD", "BTC", "USD", 1, 2, 1, 3, 0, 2, 1_000_000))
        for account in ("ALPHA", "BETA"):
            self._add(BEGUN_NS - DAY_NS, OpenAccount(account), ProvisionSession(account, (account,), "hash"))
            for asset in ("BTC", "USD"):
                self._add(BEGUN_NS - DAY_NS, Credit(account, asset, 10**12, f"{account} {asset}"))
        for number, (maker, taker) in enumerate((("ALPHA", "ALPHA"), ("ALPHA", "ALPHA"), ("ALPHA", "BETA"))):
            self._order(2 * number, maker, Side.SELL)
            self._order(2 * number + 1, taker, Side.BUY)
        self._add(OVER_NS, ClockTick())

    def _order(self, number: int, account: str, side: Side) -> None:
        terms = ("BTC/USD", side, OrderType.LIMIT, TimeInForce.GOOD_TILL_CANCEL, 100, 4_200)
        self._add(BEGUN_NS - DAY_NS, NewOrder(account, number + 1, account, f"o{number}", *terms))

    def _add(self, time_ns: int, *commands: AnyCommand) -> None:
        for command in commands:
            encoded = msgspec.Raw(encode_value(command))
            events = self._exchange.apply(command, time_ns)
            self.payloads.append(encode_value((len(self.payloads) + 1, time_ns, encoded, events)))
