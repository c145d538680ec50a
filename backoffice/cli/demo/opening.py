"""An opening auction, before the brokers trade: staff call it, all brokers send orders for it, and staff end it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from backoffice.cli.demo.broker import Broker
from backoffice.cli.demo.figures import grouped
from backoffice.cli.demo.market import Market
from backoffice.cli.failure import CommandFailed
from engine import control
from engine.commands import SetPhase
from engine.events import AuctionEnded
from engine.values import Phase, Side, TimeInForce

_SYMBOL: Final = "BTC/USD"
_DOLLARS: Final = 50_000
_STEP_PARTS: Final = 20_000
"""The brokers' prices are this part of the price apart."""


async def hold_auction(
    brokers: Sequence[Broker], market: Market, directory: Path, all_answered: Callable[[], Awaitable[None]]
) -> str:
    """Open an instrument by an auction, and return a line that tells its price."""
    text = market.instruments[_SYMBOL]
    reference = market.reference_price(text.instrument)
    step = max(1, reference // _STEP_PARTS)
    await _bring_into(Phase.OPENING_AUCTION, directory)
    for number, broker in enumerate(brokers):
        # Each next broker asks for more, at prices that are better for itself.
        price = reference + (len(brokers) // 3 - number) * step
        for side, limit in ((Side.BUY, price), (Side.SELL, 2 * reference - price)):
            qty = market.lots_worth(text.instrument, _DOLLARS * (1 + number * (2 if side is Side.BUY else 3)))
            broker.enter(_SYMBOL, side, qty, max(1, limit), TimeInForce.AT_THE_OPENING)
    await all_answered()
    ended = await _bring_into(Phase.CONTINUOUS, directory)
    for event in ended.events:
        if isinstance(event, AuctionEnded) and event.price:
            volume, opening = grouped(text.qty_text[event.qty]), grouped(text.price_text[event.price])
            return f"{_SYMBOL} has opened by an auction: {volume} {text.instrument.base} at {opening}."
    raise CommandFailed(f"nothing traded in the opening auction of {_SYMBOL}")


async def _bring_into(phase: Phase, directory: Path) -> control.Done:
    """Do what `fondaco venue phase` does."""
    request = SetPhase(_SYMBOL, phase, by="demo", why="opening")
    answer = await asyncio.to_thread(control.ask, directory / control.SOCKET, request)
    if isinstance(answer, control.Done):
        return answer
    raise CommandFailed(f"the venue does not bring {_SYMBOL} into another phase: {answer}")
