"""The gateway of the trading process: messages become commands of the engine, reports come by `fixgw.delivery`."""

import asyncio
from collections.abc import Mapping
from typing import Final

import msgspec

from engine import state
from engine.commands import (
    QueryReplay,
    QueryUser,
    Refuse,
    ResetSequence,
    SessionConnected,
    SessionDisconnected,
    SetCredentials,
)
from engine.events import CommandRejected
from engine.profile import SessionRole, Throttle
from engine.sequencer import Sequencer
from engine.values import CancelOnDisconnect
from fixgw.catching_up import catch_up
from fixgw.codec import Framer, Message
from fixgw.delivery import Delivery
from fixgw.gateway import WAIT
from fixgw.order_entry import OrderEntry, refuse_flaw
from fixgw.outbound import Outbound
from fixgw.refusal import Refusal
from fixgw.reject import GatewayReject
from fixgw.session import Session
from fixgw.support import GROUPED
from fixgw.throttle import SessionThrottle
from fixgw.validation import Flaw

_SERVED: Final = (SessionRole.ORDER_ENTRY, SessionRole.READ_ONLY, SessionRole.DROP_COPY)


class OrderGateway:
    """Order entry for sessions, on a sequencer."""

    __slots__ = (
        "_catching_up",
        "_delivery",
        "_refuse",
        "_sequencer",
        "_sessions",
        "_submit",
        "_throttles",
        "_translate",
    )

    def __init__(self, sequencer: Sequencer, order_entry: OrderEntry, delivery: Delivery) -> None:
        self._sequencer = sequencer
        self._submit = sequencer.submit
        self._translate = order_entry.translate
        self._refuse = order_entry.refuse
        self._delivery = delivery
        self._sessions = sequencer.exchange.state.sessions
        self._throttles: dict[str, SessionThrottle] = {}
        """The buckets of sessions that have limits, once they have sent something."""
        self._catching_up: dict[str, asyncio.Task[None]] = {}
        """What brings sessions up to date that have logged on."""

    @property
    def known(self) -> Mapping[str, state.Session]:
        """All sessions there are."""
        return self._sequencer.exchange.state.sessions

    @property
    def congested(self) -> bool:
        """Tell whether the disk is so far behind that input should wait."""
        return self._sequencer.congested

    @property
    def failed(self) -> bool:
        """Tell whether the journal cannot be written any more."""
        return self._sequencer.failure is not None

    def serves(self, session: state.Session) -> bool:
        """Tell whether a session is for trading, or for looking on."""
        return session.profile.role in _SERVED

    def open(self, session: Session) -> Outbound:
        """Return the outgoing side of a session, whose index the delivery keeps."""
        return self._delivery.add(session)

    def close(self, comp_id: str) -> None:
        """Drop the index of a session that is there no more."""
        self._delivery.remove(comp_id)
        self._throttles.pop(comp_id, None)

    def begin_batch(self) -> int:
        """Read the clock for the commands that have just arrived together."""
        return self._sequencer.begin_batch()

    async def flushed(self) -> None:
        """Return when all that was submitted or staged so far has left."""
        await self._sequencer.flushed()

    async def reset(self, session: Session) -> None:
        """Let both sequences of a session begin again; on disk, relaxed or not, when this returns."""
        self._submit(ResetSequence(session.comp_id))
        self._sequencer.require_sync()
        await self._sequencer.flushed()
        self._begin_again(session, by_logon=True)

    def begin_again(self, session: Session) -> None:
        """Let a session's sequences begin again at 1, as the journal has it."""
        self._begin_again(session, by_logon=False)

    def _begin_again(self, session: Session, *, by_logon: bool) -> None:
        session.next_in = 1
        resets = self.known[session.comp_id].resets
        self._delivery.outbounds[session.comp_id].begin_again(resets, by_logon=by_logon)

    async def set_password(self, comp_id: str, password_hash: str) -> str:
        """Put a session's new password on record; on disk, relaxed or not, when this returns."""
        for event in self._submit(SetCredentials(comp_id, password_hash)):
            if isinstance(event, CommandRejected):
                return event.text
        self._sequencer.require_sync()
        await self._sequencer.flushed()
        return ""

    def logged_on(self, comp_id: str, on_disconnect: CancelOnDisconnect) -> None:
        """Put on record that a session is there, and bring it up to date if it is set up for that."""
        self._submit(SessionConnected(comp_id, on_disconnect))
        outbound = self._delivery.outbounds.get(comp_id)
        if outbound is not None and self._sessions[comp_id].profile.recovers_unasked:
            self._catching_up[comp_id] = asyncio.get_running_loop().create_task(
                catch_up(comp_id, self._sequencer, outbound)
            )

    def gone(self, comp_id: str) -> None:
        """Put on record that a session is gone, if it is still one."""
        catching_up = self._catching_up.pop(comp_id, None)
        if catching_up is not None:
            catching_up.cancel()
        if comp_id in self.known:
            self._submit(SessionDisconnected(comp_id))

    def let_go(self) -> None:
        """Note, at a start, that the sessions that were logged on when the venue ended are gone."""
        for session in self.known.values():
            if session.is_connected:
                self._submit(SessionDisconnected(session.session))

    def take(self, comp_id: str, number: int, message: Message, flaw: Flaw | None, framer: Framer) -> int:
        """Submit what a message comes to, and return the number of events."""
        throttle = None
        limits = self._sessions[comp_id].profile.throttle
        if limits.orders_per_s or limits.queries_per_s:
            throttle = self._throttle(comp_id, limits)
            excess = throttle.excess(message, self._sequencer.time_ns)
            if excess:
                over_limit = Refusal(GatewayReject.OVER_LIMIT, 0, excess)
                self._submit(
                    refuse_flaw(comp_id, number, message, flaw)
                    if flaw is not None
                    else self._refuse(comp_id, number, message, over_limit)
                )
                return 1 if throttle.may_be_refused(self._sequencer.time_ns) else WAIT
            if limits.warns:
                self._warn(comp_id, throttle)
        if flaw is not None:
            return len(self._submit(refuse_flaw(comp_id, number, message, flaw)))
        command = self._translate(comp_id, number, message)
        if throttle is not None and isinstance(command, QueryUser):
            time_ns = self._sequencer.time_ns
            command = msgspec.structs.replace(
                command, orders_left=throttle.orders.left(time_ns), queries_left=throttle.queries.left(time_ns)
            )
        if type(command) is QueryReplay:
            return self._replay(comp_id, number, message, command)
        event_count = len(self._submit(command))
        if not message.known and type(command) is not Refuse and message.msg_type not in GROUPED:
            framer.learn(message)
        return event_count

    def _replay(self, comp_id: str, number: int, message: Message, request: QueryReplay) -> int:
        """Have reports sent once more, if that is in this lane's hands; return the number of events."""
        outbound = self._delivery.outbounds.get(comp_id)
        if outbound is None:
            unsupported = Refusal(GatewayReject.UNSUPPORTED_MESSAGE)
            return len(self._submit(self._refuse(comp_id, number, message, unsupported)))
        return outbound.replay(request)

    def _warn(self, comp_id: str, throttle: SessionThrottle) -> None:
        """Tell a session that it comes near its limits, if this is news, and that in this lane's hands."""
        outbound = self._delivery.outbounds.get(comp_id)
        warning = throttle.warning(self._sequencer.time_ns)
        if outbound is not None and warning is not None:
            outbound.answer([warning])

    def _throttle(self, comp_id: str, limits: Throttle) -> SessionThrottle:
        """Return a session's buckets; new ones, which are full, if its limits are others than they were."""
        throttle = self._throttles.get(comp_id)
        if throttle is None or throttle.limits != limits:
            throttle = self._throttles[comp_id] = SessionThrottle(limits, self._sequencer.time_ns)
        return throttle
