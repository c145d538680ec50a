"""A small venue of which everything is known: two firms, one trade that staff correct a day later, one refusal."""

import msgspec
from msgspec.structs import replace

from backoffice.times import HOUR_NS
from engine.commands import AnyCommand, CorrectTrade
from engine.exchange import Exchange
from engine.frames import encode_value
from engine.values import Side
from tests.backoffice.cli.conftest import COMMANDS, TIME_NS, order
from tests.backoffice.projector.journaled import Journaled

NEXT_HOUR_NS = TIME_NS + HOUR_NS
NEXT_DAY_NS = TIME_NS + 24 * HOUR_NS
TRADED = len(COMMANDS)
"""The record of the trade: BETA-A buys 0.040 BTC of ALPHA-A at 42.00; 0.060 rest."""
CORRECTED = TRADED + 2
"""The record that makes 0.030 of it."""


class Known(Journaled):
    """The records of this venue; its first hour begins at 2027-01-15T08:00."""

    def __init__(self) -> None:
        later: tuple[tuple[AnyCommand, int], ...] = (
            (replace(order("BETA", Side.BUY, 2_000_000, 4_300), cl_ord_id="BETA-2", msg_seq_num=3), NEXT_HOUR_NS),
            (CorrectTrade(1, 4_200, 30, "ann", "fat finger"), NEXT_DAY_NS),
        )
        exchange = Exchange()
        self.state = exchange.state
        self.payloads = []
        first = tuple((command, TIME_NS + number) for number, command in enumerate(COMMANDS, 1))
        for sequence, (command, time_ns) in enumerate((*first, *later), 1):
            events = exchange.apply(command, time_ns)
            self.payloads.append(encode_value((sequence, time_ns, msgspec.Raw(encode_value(command)), events)))
