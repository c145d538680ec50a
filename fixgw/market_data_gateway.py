"""The gateway of the market-data process: requests in, what is asked for out. Nothing here changes the venue.

What a session follows lasts as long as its connection. What is answered is answered from this process's own copy of the
venue, as it stands after the last record that was followed.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from engine import state
from engine.answer_events import PhaseReported
from engine.commands import QueryInstruments
from engine.events import AnyEvent, IndicativePrice, PhaseChanged
from engine.instrument_queries import report_instruments
from engine.profile import SessionProfile, SessionRole
from engine.reject import RejectReason
from engine.state import State
from engine.values import CancelOnDisconnect, Phase, Subscription
from fixgw.codec import SOH, Framer, Message
from fixgw.gateway import WAIT
from fixgw.groups import Fields
from fixgw.market_data_outbound import Clock, MarketDataOutbound
from fixgw.market_data_request import may_see, read_request
from fixgw.market_publisher import MarketPublisher
from fixgw.phases import indicative_price, phase_changed, phase_reported
from fixgw.refusal import Refusal, unsupported_value
from fixgw.reject import GatewayReject, business_reject_reason, md_req_rej_reason
from fixgw.securities import (
    DEFINITION_REQUEST,
    LIST_REQUEST,
    instrument_reported,
    read_definition_request,
    read_list_request,
)
from fixgw.session import Session
from fixgw.session_numbers import NumbersFile
from fixgw.support import ECHO_CHARS_MAX, ID_CHARS_MAX, MARKET_DATA_REQUEST
from fixgw.throttle import SessionThrottle
from fixgw.validation import Flaw
from fixgw.version import Version, version_named

SUBSCRIPTIONS_MAX: Final = 1_000
"""How many instruments a session can follow at once, each request's counted for itself."""
_IDS: Final = ("262", "320", "324", "335", "336", "55")
_REQUEST_IDS: Final = ("262", "320", "324", "335")
_SUBSCRIPTIONS: Final = {str(each.value): each for each in Subscription}


class MarketDataGateway:
    """Market data for sessions, from a copy of the venue."""

    __slots__ = (
        "_clock",
        "_directory",
        "_instruments",
        "_publisher",
        "_security_status_to",
        "_session_status_to",
        "_set_password",
        "_state",
        "_throttles",
        "failed",
        "outbounds",
    )

    def __init__(
        self,
        venue: State,
        publisher: MarketPublisher,
        clock: Clock,
        directory: Path,
        set_password: Callable[[str, str], Awaitable[str]],
    ) -> None:
        """`directory` is where the sessions' numbers are kept; `set_password` changes a password elsewhere."""
        self._state = venue
        self._instruments = publisher.instruments
        self._publisher = publisher
        self._clock = clock
        self._directory = directory
        self._set_password = set_password
        self.outbounds: dict[str, MarketDataOutbound] = {}
        self.failed = False
        self._throttles: dict[str, SessionThrottle] = {}
        self._security_status_to: dict[str, dict[str, None]] = {}
        """The sessions that are told of an instrument's phase by SecurityStatus"""
        self._session_status_to: dict[str, dict[str, None]] = {}
        """and by TradingSessionStatus."""

    @property
    def known(self) -> Mapping[str, state.Session]:
        """All sessions there are."""
        return self._state.sessions

    @property
    def congested(self) -> bool:
        """Nothing is waited for."""
        return False

    def serves(self, session: state.Session) -> bool:
        """Tell whether a session is for market data."""
        return session.profile.role is SessionRole.MARKET_DATA

    def open(self, session: Session) -> MarketDataOutbound:
        """Return the outgoing side of a session; its sequences go on where its file, or staff, have put them."""
        comp_id = session.comp_id
        file = NumbersFile(self._directory, comp_id)
        numbers = file.read()
        session.next_in = numbers.next_in
        outbound = self.outbounds[comp_id] = MarketDataOutbound(session, file, numbers, self._clock)
        known = self._state.sessions[comp_id]
        times_set = numbers.times_set
        if numbers.resets != known.resets:
            outbound.begin_again()
            times_set = 0
        by_staff = known.sequences_set
        if by_staff.next_in_count > times_set:
            session.next_in = by_staff.next_in
        if by_staff.next_out_count > times_set:
            outbound.skip_to(by_staff.next_out)
        self.note_staff(comp_id)
        return outbound

    def close(self, comp_id: str) -> None:
        """Forget a session that is there no more."""
        self.gone(comp_id)
        del self.outbounds[comp_id]
        self._throttles.pop(comp_id, None)
        NumbersFile(self._directory, comp_id).remove()

    def begin_again(self, session: Session) -> None:
        """Let a session's sequences begin again at 1."""
        self.outbounds[session.comp_id].begin_again()

    def begin_batch(self) -> int:
        """Read the clock."""
        return self._clock.tick()

    async def flushed(self) -> None:
        """Return at once: what is said leaves as it is said."""

    async def reset(self, session: Session) -> None:
        """Let both sequences of a session begin again at 1."""
        self.outbounds[session.comp_id].begin_again()

    async def set_password(self, comp_id: str, password_hash: str) -> str:
        """Have a session's password changed on record; return why that cannot be, or an empty text."""
        return await self._set_password(comp_id, password_hash)

    def logged_on(self, comp_id: str, on_disconnect: CancelOnDisconnect) -> None:
        """Let it be: a session for market data has no orders."""

    def gone(self, comp_id: str) -> None:
        """Tell a session no more."""
        outbound = self.outbounds[comp_id]
        for subscription in outbound.subscriptions.values():
            self._publisher.unsubscribe(subscription)
        outbound.subscriptions.clear()
        for told in (self._security_status_to, self._session_status_to):
            for sessions in told.values():
                sessions.pop(comp_id, None)

    def take(self, comp_id: str, number: int, message: Message, flaw: Flaw | None, framer: Framer) -> int:
        """Answer a message. A client that does not read, or asks far too often, is read no further for a moment."""
        outbound = self.outbounds[comp_id]
        throttle = self._throttle(comp_id)
        excess = throttle.excess(message, self._clock.now_ns)
        try:
            if excess:
                raise Refusal(GatewayReject.OVER_LIMIT, 0, excess)
            if flaw is not None:
                outbound.say("3", _flaw_body(message, flaw))
            else:
                self._answer(comp_id, outbound, message)
        except Refusal as refusal:
            outbound.say(*_refused(message, refusal, number, self._state.sessions[comp_id].profile))
        warning = throttle.warning(self._clock.now_ns) if throttle.limits.warns else None
        if warning is not None:
            outbound.say(*warning)
        outbound.flush()
        del framer  # Requests are few: there is nothing to learn.
        is_patient = not excess or throttle.may_be_refused(self._clock.now_ns)
        return 1 if is_patient and outbound.writable else WAIT

    # What the venue tells by itself

    def tell(self, events: list[AnyEvent]) -> None:
        """Tell who asked for it of phases and indicative prices."""
        time = self._clock.text
        for event in events:
            if isinstance(event, PhaseChanged):
                text = self._instruments[event.symbol]
                f, h = (phase_changed(event, text, time, is_session_status=each) for each in (False, True))
                self._tell(self._security_status_to, event.symbol, f)
                self._tell(self._session_status_to, event.symbol, h)
            elif isinstance(event, IndicativePrice):
                report = indicative_price(event, self._instruments[event.symbol], time)
                self._tell(self._security_status_to, event.symbol, report)

    def note_staff(self, comp_id: str) -> None:
        """Note that what staff have done to a session's sequences so far has been done."""
        if comp_id in self.outbounds:
            known = self._state.sessions[comp_id]
            self.outbounds[comp_id].note_staff(known.resets, known.sequences_set.count)

    def profile_changed(self, comp_id: str) -> None:
        """End the subscriptions to what a session may not see any more."""
        outbound = self.outbounds.get(comp_id)
        if outbound is None:
            return
        profile = self._state.sessions[comp_id].profile
        for (request_id, symbol), subscription in list(outbound.subscriptions.items()):
            if not may_see(profile, symbol):
                self._publisher.unsubscribe(subscription)
                del outbound.subscriptions[request_id, symbol]
                refusal = Refusal(GatewayReject.INSTRUMENT_NOT_VISIBLE, 55, symbol)
                outbound.say("Y", _rejected(request_id, refusal, version_named(profile.version)))
        outbound.flush()

    def _throttle(self, comp_id: str) -> SessionThrottle:
        """Return a session's buckets; new ones, which are full, if its limits are others than they were."""
        limits = self._state.sessions[comp_id].profile.throttle
        throttle = self._throttles.get(comp_id)
        if throttle is None or throttle.limits != limits:
            throttle = self._throttles[comp_id] = SessionThrottle(limits, self._clock.now_ns)
        return throttle

    def _tell(self, told: dict[str, dict[str, None]], symbol: str, report: tuple[str, str]) -> None:
        for comp_id in told.get(symbol, ()):
            self.outbounds[comp_id].say(*report)
            self.outbounds[comp_id].flush()

    # Requests

    def _answer(self, comp_id: str, outbound: MarketDataOutbound, message: Message) -> None:
        """Do what a message asks for. Raise `Refusal`."""
        msg_type, fields = message.msg_type, message.fields
        version = version_named(self._state.sessions[comp_id].profile.version)
        if msg_type not in _ANSWERED or msg_type not in version.supported:
            is_known = msg_type in version.supported
            raise Refusal(GatewayReject.NOT_FOR_ROLE if is_known else GatewayReject.UNSUPPORTED_MESSAGE)
        for tag in fields:
            if tag not in version.supported[msg_type]:
                raise Refusal(GatewayReject.UNSUPPORTED_FIELD, tag if tag.isdecimal() else 0)
        for tag in _IDS:
            if len(fields.get(tag, "")) > ID_CHARS_MAX:
                raise Refusal(GatewayReject.FIELD_TOO_LONG, tag, f"at most {ID_CHARS_MAX}")
        if msg_type == MARKET_DATA_REQUEST:
            self._market_data(comp_id, outbound, message)
        elif msg_type in _INSTRUMENTS:
            self._instruments_asked(outbound, _INSTRUMENTS[msg_type](comp_id, 0, message))
        elif msg_type == "e":
            self._phases(comp_id, outbound, fields, "324", "55", self._security_status_to)
        else:
            self._phases(comp_id, outbound, fields, "335", "336", self._session_status_to)

    def _market_data(self, comp_id: str, outbound: MarketDataOutbound, message: Message) -> None:
        request = read_request(message, self._state.sessions[comp_id].profile, self._publisher.markets)
        request_id, subscriptions = request.request_id, outbound.subscriptions
        mine = [key for key in subscriptions if key[0] == request_id]
        if request.subscription is Subscription.UNSUBSCRIBE:
            if not mine:
                raise Refusal(GatewayReject.UNKNOWN_MD_REQ_ID, 262)
            for key in mine:
                self._publisher.unsubscribe(subscriptions.pop(key))
            return
        if mine:
            raise Refusal(GatewayReject.DUPLICATE_MD_REQ_ID, 262)
        if request.subscription is Subscription.SNAPSHOT:
            subscribe = self._publisher.subscribe_once
        else:
            subscribe = self._publisher.subscribe
        if len(subscriptions) + len(request.asked) > SUBSCRIPTIONS_MAX:
            raise Refusal(GatewayReject.TOO_MANY_SUBSCRIPTIONS, 146, f"at most {SUBSCRIPTIONS_MAX}")
        for asked in request.asked:
            subscription = subscribe(asked, outbound, request_id)
            subscriptions[subscription.key] = subscription
            outbound.send_snapshot(subscription)

    def _instruments_asked(self, outbound: MarketDataOutbound, question: QueryInstruments) -> None:
        """Tell what instruments there are."""
        for event in report_instruments(self._state, question):
            text = self._instruments.get(event.symbol) if event.total else None
            outbound.say(*instrument_reported(event, text, f"MD{outbound.next_out}"))

    def _phases(
        self,
        comp_id: str,
        outbound: MarketDataOutbound,
        fields: Fields,
        id_tag: str,
        symbol_tag: str,
        told: dict[str, dict[str, None]],
    ) -> None:
        """Tell the phase of an instrument, or of each, and whether to go on telling."""
        subscription = _SUBSCRIPTIONS.get(fields["263"])
        if subscription is None:
            raise unsupported_value(fields, "263")
        symbol, request_id = fields.get(symbol_tag, ""), fields[id_tag]
        profile = self._state.sessions[comp_id].profile
        books = [book for each, book in self._state.books.items() if symbol in ("", each) and may_see(profile, each)]
        is_security_status = id_tag == "324"
        for book in books:
            sessions = told.setdefault(book.instrument.symbol, {})
            if subscription is Subscription.SUBSCRIBE:
                sessions[comp_id] = None
            elif subscription is Subscription.UNSUBSCRIBE:
                sessions.pop(comp_id, None)
        if subscription is Subscription.UNSUBSCRIBE and books:
            return
        reports = [
            PhaseReported(comp_id, request_id, book.instrument.symbol, is_security_status, book.phase, book.last_price)
            for book in books
        ]
        unknown = RejectReason.UNKNOWN_INSTRUMENT
        for report in reports or [
            PhaseReported(comp_id, request_id, symbol, is_security_status, Phase.CLOSED, 0, unknown, unknown.text)
        ]:
            text = self._instruments.get(report.symbol) if not report.reason else None
            outbound.say(*phase_reported(report, text, self._clock.text))


_INSTRUMENTS: Final = {LIST_REQUEST: read_list_request, DEFINITION_REQUEST: read_definition_request}
_ANSWERED: Final = frozenset((MARKET_DATA_REQUEST, "e", "g", *_INSTRUMENTS))


def _flaw_body(message: Message, flaw: Flaw) -> str:
    """Return the body of the Reject of a message for a flaw by the standard."""
    number = message.fields.get("34", "0")
    ref_tag = f"371={flaw.ref_tag}\x01" if flaw.ref_tag else ""
    ref_type = f"372={message.msg_type[:ECHO_CHARS_MAX]}\x01" if message.msg_type else ""
    text = f"{flaw.text}: {flaw.detail}" if flaw.detail else flaw.text
    return f"45={number if number.isdigit() else 0}\x01{ref_tag}{ref_type}373={flaw.reason:d}\x0158={text}\x01"


def _refused(message: Message, refusal: Refusal, number: int, profile: SessionProfile) -> tuple[str, str]:
    """Return the refusal of a message in its own form: a MarketDataRequestReject, else a BusinessMessageReject.

    What FIX finds wrong with a value comes first, so that an answer repeats no value that is not well formed.
    """
    version = version_named(profile.version)
    flaw = version.find_flaw(message) if profile.validates else None
    if flaw is not None and refusal.tag != _ENTRY_TYPE:
        return "3", _flaw_body(message, flaw)
    fields = message.fields
    if message.msg_type == MARKET_DATA_REQUEST:
        return "Y", _rejected(fields["262"][:ECHO_CHARS_MAX], refusal, version)
    request_id = next((fields[tag] for tag in _REQUEST_IDS if tag in fields), "")[:ECHO_CHARS_MAX]
    ref_id = f"379={request_id}\x01" if request_id else ""
    return "j", (
        f"45={fields.get('34', number)}\x01372={message.msg_type[:ECHO_CHARS_MAX]}\x01{ref_id}"
        f"380={business_reject_reason(refusal.reason)}\x0158={_text(refusal, version)}\x01"
    )


def _rejected(request_id: str, refusal: Refusal, version: Version) -> str:
    reason = md_req_rej_reason(refusal.reason, refusal.tag)
    return f"262={request_id}\x01{f'281={reason}{SOH}' if reason else ''}58={_text(refusal, version)}\x01"


def _text(refusal: Refusal, version: Version) -> str:
    name = f"{version.field_name(refusal.tag)}: " if refusal.tag else ""
    detail = f" ({refusal.detail})" if refusal.detail else ""
    return f"[{refusal.reason:d}] {name}{refusal.reason.text}{detail}"


_ENTRY_TYPE: Final = 269
