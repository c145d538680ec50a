"""New passwords of sessions that are served where nothing is put on record: the trading process is asked to do it.

A market-data process follows the record and changes nothing. A NewPassword(925) that one of its sessions may set goes
to the trading process, over control, as the command that staff would give, asked for by the session itself. The session
is told that it holds when it is on record and this process has followed that far: then its next Logon is judged by it.

Promise: what is not confirmed is said not to be; the password itself goes nowhere, only its hash.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from engine.commands import SetCredentials
from engine.control import Answer, Done, StaffCommand
from engine.errors import ControlError
from engine.events import CommandRejected

CONFIRMED_WITHIN_S: Final = 5.0
"""How long the trading process has to answer, and after that its record to arrive here."""
NOT_CONFIRMED: Final = "NewPassword(925): the venue has not confirmed it; log on with the old one, or else the new one"
_WHY: Final = "NewPassword(925) of its Logon"

_log = structlog.get_logger("market-data")


class NewPasswords:
    """Has new passwords put on record."""

    __slots__ = ("_ask", "_followed", "_waiting")

    def __init__(self, ask: Callable[[StaffCommand], Answer]) -> None:
        """`ask` puts a command to the trading process and returns the answer, blocking; it raises `ControlError`."""
        self._ask = ask
        self._followed = 0
        self._waiting: list[tuple[int, asyncio.Event]] = []
        """Those whose record has still to be followed."""

    async def put_on_record(self, comp_id: str, password_hash: str) -> str:
        """Let a session log on by another password, for good when this returns; or return why that cannot be."""
        request = SetCredentials(comp_id, password_hash, by=comp_id, why=_WHY)
        try:
            answer = await asyncio.to_thread(self._ask, request)
            if not isinstance(answer, Done):
                raise ControlError(f"the venue answered {answer!r}")
            for event in answer.events:
                if isinstance(event, CommandRejected):
                    return event.text
            async with asyncio.timeout(CONFIRMED_WITHIN_S):
                await self._followed_through(answer.sequence)
        except (ControlError, TimeoutError) as error:
            _log.warning("a new password is not confirmed", session=comp_id, reason=str(error) or "not followed yet")
            return NOT_CONFIRMED
        return ""

    def followed(self, sequence: int) -> None:
        """Note that this process has followed the record that far."""
        self._followed = sequence
        for due_sequence, arrived in self._waiting:
            if due_sequence <= sequence:
                arrived.set()

    async def _followed_through(self, sequence: int) -> None:
        if sequence <= self._followed:
            return
        waits = (sequence, asyncio.Event())
        self._waiting.append(waits)
        try:
            await waits[1].wait()
        finally:
            self._waiting.remove(waits)
