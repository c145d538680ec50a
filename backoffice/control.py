"""Commands of the back office to the venue, over its control socket."""

import asyncio
from collections.abc import Sequence
from typing import Protocol, TypeVar

import msgspec

from backoffice.errors import BackOfficeError
from engine import control
from engine.errors import ControlError
from engine.events import AnyEvent, CommandRejected, FundsRefused
from engine.overview import ShowVenue, VenueShown
from engine.reject import RejectReason
from engine.remote import Source

A = TypeVar("A", bound=msgspec.Struct)


class VenueAway(BackOfficeError):
    """The venue does not answer. What was asked for may have been done: whoever asks again must be able to."""


class Carried(msgspec.Struct, frozen=True):
    """What came of a command."""

    sequence: int
    """Its record in the journal."""
    events: Sequence[AnyEvent]

    @property
    def refusal(self) -> str:
        """Why the venue has not done it, empty if it has, now or before."""
        for event in self.events:
            if isinstance(event, CommandRejected):
                return event.text
            if isinstance(event, FundsRefused) and event.reason != RejectReason.ALREADY_DONE:
                return event.text
        return ""


class Control(Protocol):
    """Where commands go."""

    async def submit(self, command: control.StaffCommand) -> Carried:
        """Have a command carried out, and return when it is on record. Raise `VenueAway`."""


class VenueControl:
    """The control of a venue, on this machine or another."""

    def __init__(self, source: Source) -> None:
        """`source`: where it is."""
        self._source = source

    async def submit(self, command: control.StaffCommand) -> Carried:
        done = await self._ask(command, control.Done)
        return Carried(done.sequence, done.events)

    async def show(self) -> VenueShown:
        """Return how trading stands. Raise `VenueAway`."""
        return await self._ask(ShowVenue(), VenueShown)

    async def _ask(self, request: control.Request, kind: type[A]) -> A:
        try:
            answer = await asyncio.to_thread(control.ask, self._source, request)
        except ControlError as error:
            raise VenueAway(str(error)) from error
        if isinstance(answer, kind):
            return answer
        raise VenueAway(answer.text if isinstance(answer, control.Failed) else f"the venue answered {answer!r}")
