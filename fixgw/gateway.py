"""What a connection's messages go to, and what its answers come from: the seam between sessions and applications.

`fixgw.acceptor`, `fixgw.connection` and `fixgw.session` know FIX and nothing of orders or market data; a `Gateway`
knows what messages mean, and keeps each session's `Outgoing` side. The trading process has one
(`fixgw.order_gateway`), the market-data process another.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from engine import state
from engine.values import CancelOnDisconnect
from fixgw.codec import Framer, Message
from fixgw.session import Answer, Session
from fixgw.validation import Flaw

WAIT: Final = -1
"""Instead of a number of events: the session sends far more than it may, and what follows should wait a moment."""


class Wire(Protocol):
    """Where a session's bytes go: an asyncio transport."""

    def write(self, data: bytes) -> None: ...
    def is_closing(self) -> bool: ...


class Outgoing(Protocol):
    """One session's outgoing side: it numbers what is said, and sends it when it may leave."""

    next_out: int
    """The number of the next message."""

    def connect(self, wire: Wire, *, live: bool = True) -> None:
        """Send over `wire` from now on. Not `live`: Logouts only."""

    def disconnect(self) -> None:
        """Send no more; what is said waits."""

    def answer(self, answers: list[Answer]) -> None:
        """Send administrative messages, in order, and empty the list."""

    def resend(self, begin: int, end: int) -> None:
        """Answer a ResendRequest for `begin` to `end` (0: all)."""

    def answer_reset(self, logon: Answer) -> None:
        """Send our Logon as number 1 after a reset, then what is owed."""

    def skip_to(self, number: int) -> None:
        """Use no number below this one any more."""

    def pause(self) -> None:
        """Note that the client does not read as fast as we write."""

    def resume(self) -> None:
        """Note that the client has caught up with what was written."""


class Gateway(Protocol):
    """The application behind the sessions of one acceptor."""

    @property
    def known(self) -> Mapping[str, state.Session]:
        """All sessions there are, served here or not, by CompID, as the journal has them."""

    @property
    def congested(self) -> bool:
        """Input should wait."""

    @property
    def failed(self) -> bool:
        """Nothing can be taken any more; the process ends."""

    def serves(self, session: state.Session) -> bool:
        """Tell whether a session's role is one that is served here."""

    def open(self, session: Session) -> Outgoing:
        """Return the outgoing side of a session that is served from now on."""

    def close(self, comp_id: str) -> None:
        """Let go of the outgoing side of a session that is there no more."""

    def begin_again(self, session: Session) -> None:
        """Let a session's sequences begin again at 1, which is on record."""

    def begin_batch(self) -> int:
        """Read the clock for what has just arrived, and return it (nanoseconds since the epoch)."""

    async def flushed(self) -> None:
        """Return when all that was said so far has left."""

    async def reset(self, session: Session) -> None:
        """Let both sequences of a session begin again at 1, for good when this returns."""

    async def set_password(self, comp_id: str, password_hash: str) -> str:
        """Let a session log on by another password, for good when this returns; or return why that cannot be."""

    def logged_on(self, comp_id: str, on_disconnect: CancelOnDisconnect) -> None:
        """Note that a session is there, and what is to become of its orders when it is gone."""

    def gone(self, comp_id: str) -> None:
        """Note that a session that was there is gone."""

    def take(self, comp_id: str, number: int, message: Message, flaw: Flaw | None, framer: Framer) -> int:
        """Deal with an application message, or reject a message for `flaw`.

        Return how many events came of it, or `WAIT`. `number` is where the session's sequence stands after it. `framer`
        may learn what a message looks like that was found right.
        """
