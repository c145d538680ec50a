"""What payments ask about the client behind an account."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.payments.velocity import Allowance


class Flow(StrEnum):
    """Which way money goes."""

    IN = "in"
    OUT = "out"


class Transfer(msgspec.Struct, frozen=True):
    """A payment, as far as who is on its other side depends on it."""

    name: str
    """D-1, W-1."""
    flow: Flow
    account: str
    rail: str
    asset: str
    amount: int
    address: str
    """Where it goes to, or comes from, as the rail names it."""


class Clients(Protocol):
    """Who stands behind accounts."""

    async def knows(self, session: AsyncSession, account: str) -> bool:
        """Tell whether it is known yet whose an account is: the venue may have opened it a moment ago."""

    async def allowances(self, session: AsyncSession, account: str) -> Sequence[Allowance]:
        """Return what may be withdrawn from an account, and from others together with it."""

    async def objection(self, session: AsyncSession, account: str, flow: Flow, asset: str, amount: int) -> str:
        """Return why a payment of an account must not go on now, empty if nothing is against it."""

    async def have_done(self, session: AsyncSession, account: str, what: str, now_ns: int) -> None:
        """Ask treasury for something to be done about an account, whoever's it is."""

    async def travel_rule(self, session: AsyncSession, transfer: Transfer, now_ns: int) -> str:
        """Return what is missing of a transfer that must be known before it goes on, empty if nothing is."""
