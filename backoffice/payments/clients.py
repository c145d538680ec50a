"""What payments ask about the client behind an account."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.payments.velocity import Allowance


class Flow(StrEnum):
    """Which way money goes."""

    IN = "in"
    OUT = "out"


class Clients(Protocol):
    """Who stands behind accounts."""

    async def knows(self, session: AsyncSession, account: str) -> bool:
        """Tell whether it is known yet whose an account is: the venue may have opened it a moment ago."""

    async def allowances(self, session: AsyncSession, account: str) -> Sequence[Allowance]:
        """Return what may be withdrawn from an account, and from others together with it."""

    async def objection(self, session: AsyncSession, account: str, flow: Flow, asset: str, amount: int) -> str:
        """Return why a payment of an account must not go on now, empty if nothing is against it."""
