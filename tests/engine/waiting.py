"""Waiting without a clock: for a condition, or for the loop to have done what it can."""

import asyncio
from collections.abc import Callable

PATIENCE_S = 20
"""How long anything may take before the test fails."""


async def until(condition: Callable[[], object]) -> None:
    """Return when the condition holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0)


async def turns() -> None:
    """Let the loop do all that it would do now."""
    for _ in range(50):
        await asyncio.sleep(0)
