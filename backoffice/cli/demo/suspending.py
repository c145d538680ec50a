"""Suspends one of the demo's brokers while it trades, and lets it go on again: it is seen how fast the venue knows."""

import asyncio
import time
from typing import Final

from backoffice.cli.demo.broker import Broker
from backoffice.cli.demo.house import House
from backoffice.cli.failure import CommandFailed
from backoffice.crm import suspending
from backoffice.crm.workflow import Suspension
from backoffice.times import SECOND_NS
from engine.reject import RejectReason

_POLL_S: Final = 0.005
_REFUSED_S_MAX: Final = 10.0
_REFUSAL: Final = f"[{RejectReason.FIRM_BLOCKED.value}]"


async def suspend_for_a_while(house: House, broker: Broker, client: str, seconds: float) -> str:
    """Suspend a client from trading for so long, and return a line that tells how soon its orders were refused.

    Raise `CommandFailed` if they never are.
    """
    begun_ns = time.perf_counter_ns()
    async with house.database.writing() as session:
        await suspending.suspend(
            session, house.theo, client, Suspension.TRADING, why="it asks to be stopped", now_ns=house.now_ns
        )
    await house.tell_venue()
    known_ns = await _first_refusal(broker) - begun_ns
    await asyncio.sleep(seconds)
    async with house.database.writing() as session:
        proposed = await suspending.propose_resumption(
            session, house.theo, client, why="it asks to go on", now_ns=house.now_ns
        )
    await house.decide([proposed.id], "called back to be sure")
    return (
        f"{broker.comp_id} was suspended from trading by theo; {known_ns // 1_000_000} ms after he asked for it an "
        f"order of its was refused over FIX. theo and mira let it go on."
    )


async def _first_refusal(broker: Broker) -> int:
    """Return when an order was first refused for that, on the performance counter."""
    deadline_ns = time.perf_counter_ns() + int(_REFUSED_S_MAX * SECOND_NS)
    while not any(text.startswith(_REFUSAL) for text in broker.rejects):
        if time.perf_counter_ns() > deadline_ns:
            raise CommandFailed(f"{broker.comp_id} is suspended, and {_REFUSED_S_MAX:.0f} s later it still trades")
        await asyncio.sleep(_POLL_S)
    return time.perf_counter_ns()
