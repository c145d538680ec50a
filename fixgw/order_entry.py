"""Order entry: application messages in, commands out.

A message arrives here well formed by its version of FIX and by the session layer. What the venue cannot take of it
becomes a `Refuse` command, so that refusals are journaled, numbered and resent like every other answer.
"""

from collections.abc import Callable
from typing import Final

from engine.commands import (
    AnyCommand,
    CancelOrder,
    CancelOrderList,
    MassCancel,
    NewOrder,
    NewOrderList,
    QueryBalances,
    QueryInstruments,
    QueryOrder,
    QueryOrderList,
    QueryOrders,
    QueryPhase,
    QueryReplay,
    QueryTrades,
    QueryUser,
    Refuse,
    ReplaceOrder,
)
from engine.errors import DecimalError
from engine.order import Order
from engine.reject import RejectReason
from engine.state import State
from engine.triggers import LIMITED_TYPES
from engine.values import LIMIT, PEGGED, MassCancelScope, OrderStatus, OrderType, Side, Subscription, TimeInForce
from fixgw.balances import COLLATERAL, POSITIONS, read_collateral_inquiry, read_positions_request
from fixgw.codec import Message
from fixgw.errors import InvalidTimestamp
from fixgw.instruments import InstrumentText
from fixgw.list_entry import read_list, refused_list
from fixgw.permissions import account_named, account_of, account_told, check_instrument, check_role
from fixgw.refusal import Refusal, bad_number, unsupported_value
from fixgw.reject import GatewayReject
from fixgw.replay import REPLAY, read_replay_request
from fixgw.securities import DEFINITION_REQUEST, LIST_REQUEST, read_definition_request, read_list_request
from fixgw.sizes import CASH_TAG
from fixgw.support import ECHO_CHARS_MAX, ID_CHARS_MAX, LIST, TERM_TAGS
from fixgw.terms import read_terms, trails
from fixgw.timestamps import parse_utc
from fixgw.trade_capture import TRADES, read_trades_request
from fixgw.validation import Flaw, has_format
from fixgw.version import FIX44, Version, version_named

_SHORT: Final = (
    *("11", "41", "55", "1", "66", "584", "790", "2362", "324", "335", "336", "710", "909", "568", "923", "553", "320"),
    "1346",
)
"""Those names and ids."""
_SIDES: Final = {"1": Side.BUY, "2": Side.SELL}
_ORDER_TYPES: Final = {
    "1": OrderType.MARKET,
    "2": OrderType.LIMIT,
    "3": OrderType.STOP,
    "4": OrderType.STOP_LIMIT,
    "J": OrderType.TAKE_PROFIT,
    "K": OrderType.MARKET_TO_LIMIT,
    "P": OrderType.PEGGED,
}
_TIMES_IN_FORCE: Final = {
    "0": TimeInForce.DAY,
    "1": TimeInForce.GOOD_TILL_CANCEL,
    "2": TimeInForce.AT_THE_OPENING,
    "3": TimeInForce.IMMEDIATE_OR_CANCEL,
    "4": TimeInForce.FILL_OR_KILL,
    "6": TimeInForce.GOOD_TILL_DATE,
    "7": TimeInForce.AT_THE_CLOSE,
}
_SUBSCRIPTIONS: Final = {str(each.value): each for each in Subscription}
_USER_STATUS: Final = "4"
"""UserRequestType(924): how the user stands."""
_REQUEST_IDS: Final = ("66", "11", "584", "324", "335", "710", "909", "568", "923", "320", "1346")
"""By which of them a refusal names the request that it is for."""
_MASS_CANCEL_SCOPES: Final = {
    "1": MassCancelScope.INSTRUMENT,
    "6": MassCancelScope.SESSION,
    "7": MassCancelScope.ALL,
}
_MASS_STATUS_SCOPES: Final = _MASS_CANCEL_SCOPES
"""MassStatusReqType(585) has the same values for the same scopes."""
_ORDER_ID_CHARS_MAX: Final = 18
NO_ID: Final = "NONE"
"""What stands in a field that must be there and has nothing to say, in reports too."""
_NO_SUCH_ORDER: Final = -1
"""OrderID of no order: stands for a text that the venue has never given out as one."""
_NO_REPORTS: Final = -1
"""TotNumReports of a request that asks for none, which the engine refuses."""
_HANDLING: Final = frozenset(("1", "2"))
"""HandlInst(21): automated; there is nobody who could handle an order by hand."""
_RARE: Final = (("43", "BOOLEAN"), ("97", "BOOLEAN"), ("122", "UTCTIMESTAMP"), ("369", "SEQNUM"))
"""Header fields that are seldom there, with their data types."""
_TERMS: Final = ("38", "40", "44", "59", *(tag for tag in TERM_TAGS if tag not in FIX44.extensions))
"""What the rejection of an order repeats of its terms."""

SESSION_REJECT: Final = "3"
BUSINESS_REJECT: Final = "j"
ORDER_REJECT: Final = "8"
CANCEL_REJECT: Final = "9"
MASS_CANCEL_REJECT: Final = "r"
LIST_REJECT: Final = "N"
"""Forms of a refusal: the MsgType of its answer."""

_FORMS: Final = {"D": ORDER_REJECT, "F": CANCEL_REJECT, "G": CANCEL_REJECT, "q": MASS_CANCEL_REJECT, LIST: LIST_REJECT}
_CANCEL_RESPONSE_TO: Final = {"F": "1", "G": "2"}


class OrderEntry:
    """Translates application messages. Knows the instruments and each session's accounts from the engine's state."""

    __slots__ = ("_state", "_translators", "instruments")

    def __init__(self, state: State) -> None:
        self._state = state
        self.instruments: dict[str, InstrumentText] = {}
        self.refresh()
        self._translators: dict[str, Callable[[str, int, Message], AnyCommand]] = {
            "D": self._new_order,
            "F": self._cancel_order,
            "G": self._replace_order,
            "q": self._mass_cancel,
            "H": self._query_order,
            "AF": self._query_orders,
            "e": self._query_security_status,
            "g": self._query_session_status,
            "BE": self._query_user,
            LIST: self._new_order_list,
            "K": self._cancel_order_list,
            "M": self._query_order_list,
            POSITIONS: self._query_positions,
            COLLATERAL: self._query_collateral,
            TRADES: self._query_trades,
            REPLAY: self._query_replay,
            LIST_REQUEST: self._query_instruments,
            DEFINITION_REQUEST: self._define_instrument,
        }

    def refresh(self) -> None:
        """Take notice of instruments that have been added."""
        for symbol, book in self._state.books.items():
            if symbol not in self.instruments:
                self.instruments[symbol] = InstrumentText(book.instrument, self._state.assets[book.instrument.quote])

    def translate(self, session: str, number: int, message: Message) -> AnyCommand:
        """Return the command for a message that came in as `number`, a `Refuse` if the venue cannot take it."""
        translator = self._translators.get(message.msg_type)
        try:
            if translator is None:
                raise Refusal(GatewayReject.UNSUPPORTED_MESSAGE)
            check_role(self._state.sessions[session], message.msg_type)
            if not message.known:
                supported = self._version_of(session).supported.get(message.msg_type)
                if supported is None:
                    raise Refusal(GatewayReject.UNSUPPORTED_MESSAGE)
                if not message.fields.keys() <= supported:
                    unsupported = next(tag for tag in message.fields if tag not in supported)
                    raise Refusal(GatewayReject.UNSUPPORTED_FIELD, unsupported if unsupported.isdecimal() else 0)
            return translator(session, number, message)
        except Refusal as refusal:
            return self.refuse(session, number, message, refusal)

    def _new_order(self, session: str, number: int, message: Message) -> NewOrder:
        return self._read_order(session, number, message.fields)

    def _new_order_list(self, session: str, number: int, message: Message) -> NewOrderList:
        return read_list(session, number, message, self._version_of(session), self._read_order)

    def _cancel_order_list(self, session: str, number: int, message: Message) -> CancelOrderList:
        _check_common(message.fields)
        return CancelOrderList(session, number, message.fields["66"])

    def _query_order_list(self, session: str, number: int, message: Message) -> QueryOrderList:
        _check_common(message.fields)
        return QueryOrderList(session, number, message.fields["66"])

    def _read_order(self, session: str, number: int, fields: dict[str, str]) -> NewOrder:
        side, order_type, time_in_force = _terms(fields)
        symbol = fields["55"]
        instrument = self.instruments.get(symbol)
        if instrument is None:
            raise Refusal(RejectReason.UNKNOWN_INSTRUMENT, 55)
        check_instrument(self._state.sessions[session], symbol)
        qty, price = _numbers(fields, instrument, order_type)
        return NewOrder(
            session,
            number,
            account_of(self._state.sessions[session], fields),
            fields["11"],
            symbol,
            side,
            order_type,
            time_in_force,
            qty,
            price,
            fields.get("97") == "Y",
            read_terms(fields, side, order_type, instrument),
        )

    def _cancel_order(self, session: str, number: int, message: Message) -> CancelOrder:
        fields = message.fields
        _check_common(fields)
        if "38" in fields and not has_format("QTY", fields["38"]):
            raise Refusal(GatewayReject.UNSUPPORTED_VALUE, 38)
        return CancelOrder(
            session,
            number,
            account_of(self._state.sessions[session], fields),
            fields["11"],
            _id_of_order(fields, "41"),
            _order_id(fields),
            fields["55"],
            _side(fields),
        )

    def _replace_order(self, session: str, number: int, message: Message) -> ReplaceOrder:
        fields = message.fields
        side, order_type, time_in_force = _terms(fields)
        symbol = fields["55"]
        instrument = self.instruments.get(symbol)
        if instrument is None:
            raise Refusal(RejectReason.UNKNOWN_INSTRUMENT, 55)
        check_instrument(self._state.sessions[session], symbol)
        qty, price = _numbers(fields, instrument, order_type)
        return ReplaceOrder(
            session,
            number,
            account_of(self._state.sessions[session], fields),
            fields["11"],
            _id_of_order(fields, "41"),
            _order_id(fields),
            symbol,
            side,
            order_type,
            time_in_force,
            qty,
            price,
            read_terms(fields, side, order_type, instrument),
        )

    def _mass_cancel(self, session: str, number: int, message: Message) -> MassCancel:
        fields = message.fields
        _check_common(fields)
        scope = _scope(fields, "530", _MASS_CANCEL_SCOPES)
        side = _side(fields) if "54" in fields else 0
        account = account_named(self._state.sessions[session], fields)
        return MassCancel(session, number, fields["11"], scope, fields.get("55", ""), side, account)

    def _query_order(self, session: str, number: int, message: Message) -> QueryOrder:
        fields = message.fields
        _check_common(fields)
        return QueryOrder(
            session,
            number,
            account_of(self._state.sessions[session], fields),
            _id_of_order(fields, "11"),
            _order_id(fields),
            fields["55"],
            _side(fields),
            fields.get("790", ""),
        )

    def _query_orders(self, session: str, number: int, message: Message) -> QueryOrders:
        fields = message.fields
        _check_common(fields)
        scope = _scope(fields, "585", _MASS_STATUS_SCOPES)
        side = _side(fields) if "54" in fields else 0
        return QueryOrders(
            session,
            number,
            account_named(self._state.sessions[session], fields),
            fields.get("55", ""),
            side,
            fields["584"],
            scope is MassCancelScope.SESSION,
            _order_id(fields),
            _reports_max(fields),
        )

    def _query_security_status(self, session: str, number: int, message: Message) -> QueryPhase:
        fields = message.fields
        _check_common(fields)
        subscription = _subscription(fields)
        return QueryPhase(session, number, fields["324"], fields["55"], True, subscription)  # noqa: FBT003 - a field

    def _query_session_status(self, session: str, number: int, message: Message) -> QueryPhase:
        fields = message.fields
        _check_common(fields)
        subscription = _subscription(fields)
        return QueryPhase(session, number, fields["335"], fields.get("336", ""), False, subscription)  # noqa: FBT003

    def _query_positions(self, session: str, number: int, message: Message) -> QueryBalances:
        _check_common(message.fields)
        return read_positions_request(self._state.sessions[session], number, message)

    def _query_collateral(self, session: str, number: int, message: Message) -> QueryBalances:
        _check_common(message.fields)
        return read_collateral_inquiry(self._state.sessions[session], number, message)

    def _query_trades(self, session: str, number: int, message: Message) -> QueryTrades:
        _check_common(message.fields)
        return read_trades_request(session, number, message)

    def _query_replay(self, session: str, number: int, message: Message) -> QueryReplay:
        _check_common(message.fields)
        return read_replay_request(session, number, message)

    def _query_user(self, session: str, number: int, message: Message) -> QueryUser:
        fields = message.fields
        _check_common(fields)
        if fields["924"] != _USER_STATUS:
            raise unsupported_value(fields, "924")
        return QueryUser(session, number, fields["923"], fields["553"])

    def _query_instruments(self, session: str, number: int, message: Message) -> QueryInstruments:
        _check_common(message.fields)
        return read_list_request(session, number, message)

    def _define_instrument(self, session: str, number: int, message: Message) -> QueryInstruments:
        _check_common(message.fields)
        return read_definition_request(session, number, message)

    def refuse(self, session: str, number: int, message: Message, refusal: Refusal) -> Refuse:
        """Return the refusal in the message's own form: a rejected order or cancel, else a BusinessMessageReject.

        What FIX finds wrong with a value comes first, so that an answer repeats no value that is not well formed.
        """
        version = self._version_of(session)
        flaw = version.find_flaw(message)
        if flaw is not None:
            return refuse_flaw(session, number, message, flaw)
        fields, reason = message.fields, refusal.reason
        form = _FORMS.get(message.msg_type, BUSINESS_REJECT)
        if reason in (GatewayReject.FIELD_MISSING, GatewayReject.NOT_FOR_ROLE):
            form = BUSINESS_REJECT
        account = account_told(self._state.sessions[session], fields)
        orig_cl_ord_id = fields.get("41", "")
        order = self._find_order(session, account, fields) if form == CANCEL_REJECT else None
        text = f"{version.field_name(refusal.tag)}: {reason.text}" if refusal.tag else reason.text
        return Refuse(
            session,
            number,
            number,
            form,
            reason,
            f"{text} ({refusal.detail})" if refusal.detail else text,
            message.msg_type,
            refusal.tag,
            next((fields[tag] for tag in _REQUEST_IDS if tag in fields), "")[:ECHO_CHARS_MAX],
            orig_cl_ord_id[:ECHO_CHARS_MAX],
            account[:ECHO_CHARS_MAX],
            fields.get("55", "")[:ECHO_CHARS_MAX],
            fields.get("54", ""),
            _CANCEL_RESPONSE_TO.get(message.msg_type) or fields.get("530", ""),
            order.order_id if order else 0,
            order.status if order else OrderStatus.REJECTED,
            _repeated(message, form, reason, version),
        )

    def _version_of(self, session: str) -> Version:
        """Return the version of FIX that a session speaks."""
        return version_named(self._state.sessions[session].profile.version)

    def _find_order(self, session: str, account: str, fields: dict[str, str]) -> Order | None:
        """Return the order that a refused request means: it lives on, and the answer tells its state."""
        permitted = self._state.sessions[session].permitted.get(account)
        if permitted is None:
            return None
        original = fields.get("41", NO_ID)
        by_order_id = original == NO_ID and "37" in fields
        return self._state.find_order(permitted, _order_id(fields) if by_order_id else permitted.order_id_of(original))


def _repeated(message: Message, form: str, reason: int, version: Version) -> str:
    """Return the fields that the rejection of an order, or of a list, repeats."""
    if form == LIST_REJECT:
        return refused_list(message, reason, version)
    if form != ORDER_REJECT:
        return ""
    return "".join(f"{tag}={message.fields[tag]}\x01" for tag in _TERMS if tag in message.fields)


def refuse_flaw(session: str, last_number: int, message: Message, flaw: Flaw) -> Refuse:
    """Return the command that rejects a message for a flaw by the standard; `last_number` is the last one received."""
    number = message.fields.get("34", "0")
    origin = message.fields.get("115", "")[:ECHO_CHARS_MAX]
    return Refuse(
        session,
        last_number,
        int(number) if number.isdigit() else 0,
        SESSION_REJECT,
        flaw.reason,
        f"{flaw.text}: {flaw.detail}" if flaw.detail else flaw.text,
        message.msg_type[:ECHO_CHARS_MAX],
        flaw.ref_tag or 0,
        terms=f"128={origin}\x01" if origin else "",
    )


def _terms(fields: dict[str, str]) -> tuple[Side, OrderType, TimeInForce]:
    """Return side, type and time in force of an order; check what all orders have in common."""
    _check_common(fields)
    side = _SIDES.get(fields["54"])
    order_type = _ORDER_TYPES.get(fields["40"])
    time_in_force = _TIMES_IN_FORCE.get(fields.get("59", "0"))
    if side is None or order_type is None or time_in_force is None:
        raise unsupported_value(fields, "54" if side is None else "40" if order_type is None else "59")
    if order_type is OrderType.TAKE_PROFIT and "44" in fields:
        order_type = OrderType.TAKE_PROFIT_LIMIT
    elif order_type is PEGGED and trails(fields):
        order_type = OrderType.TRAILING_STOP
    if "21" in fields and fields["21"] not in _HANDLING:
        raise unsupported_value(fields, "21")
    return side, order_type, time_in_force


def _numbers(fields: dict[str, str], instrument: InstrumentText, order_type: OrderType) -> tuple[int, int]:
    """Return quantity (lots, 0 for an order for an amount) and price (ticks, 0 where there is none) of an order."""
    qty_text, price_text = fields.get("38"), fields.get("44")
    if qty_text is None and CASH_TAG not in fields:
        raise Refusal(GatewayReject.FIELD_MISSING, 38, "for an order")
    if order_type is LIMIT or order_type in LIMITED_TYPES:
        if price_text is None:
            raise Refusal(GatewayReject.FIELD_MISSING, 44, "for a limit order")
    elif price_text is not None and order_type is not PEGGED:
        raise Refusal(RejectReason.MARKET_ORDER_NEEDS_NO_PRICE, 44)
    definition = instrument.instrument
    if "15" in fields and fields["15"] not in (definition.base, definition.quote):
        raise Refusal(GatewayReject.CURRENCY_MISMATCH, 15)
    qty = 0
    if qty_text is not None:
        try:
            qty = instrument.lots(qty_text)
        except DecimalError as error:
            raise bad_number(38, qty_text, instrument.qty_text, error) from None
    if price_text is None:
        return qty, 0
    try:
        return qty, instrument.ticks(price_text)
    except DecimalError as error:
        raise bad_number(44, price_text, instrument.price_text, error) from None


def _check_common(fields: dict[str, str]) -> None:
    """Check the values that several messages have: names and ids, TransactTime, and header fields."""
    for tag in _SHORT:
        if tag in fields and len(fields[tag]) > ID_CHARS_MAX:
            raise Refusal(GatewayReject.FIELD_TOO_LONG, tag, f"at most {ID_CHARS_MAX}")
    transact_time = fields.get("60")
    # SendingTime has been checked, and is mostly the same.
    if transact_time is not None and transact_time != fields["52"]:
        try:
            parse_utc(transact_time)
        except InvalidTimestamp:
            raise unsupported_value(fields, "60") from None
    for tag, kind in _RARE:
        if tag in fields and not has_format(kind, fields[tag]):
            raise unsupported_value(fields, tag)


def _scope(fields: dict[str, str], tag: str, scopes: dict[str, MassCancelScope]) -> MassCancelScope:
    """Return the scope that field `tag` gives a request for many orders; Symbol(55) goes with one of them only."""
    scope = scopes.get(fields[tag])
    if scope is None:
        raise unsupported_value(fields, tag)
    if scope is MassCancelScope.INSTRUMENT and "55" not in fields:
        raise Refusal(GatewayReject.FIELD_MISSING, 55, f"for {FIX44.field_name(tag)}={fields[tag]}")
    if scope is not MassCancelScope.INSTRUMENT and "55" in fields:
        raise Refusal(GatewayReject.UNSUPPORTED_FIELD, 55, f"for {FIX44.field_name(tag)}={fields[tag]}")
    return scope


def _reports_max(fields: dict[str, str]) -> int:
    """Return how many reports a mass status request asks for with TotNumReports(911), 0 if it does not say."""
    text = fields.get("911")
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= _ORDER_ID_CHARS_MAX):
        raise unsupported_value(fields, "911")
    return int(text) or _NO_REPORTS


def _subscription(fields: dict[str, str]) -> Subscription:
    subscription = _SUBSCRIPTIONS.get(fields["263"])
    if subscription is None:
        raise unsupported_value(fields, "263")
    return subscription


def _side(fields: dict[str, str]) -> Side:
    side = _SIDES.get(fields["54"])
    if side is None:
        raise unsupported_value(fields, "54")
    return side


def _id_of_order(fields: dict[str, str], tag: str) -> str:
    """Return the ClOrdID in field `tag`, nothing if there is none, or the word for that, and an OrderID(37) instead."""
    cl_ord_id = fields.get(tag, NO_ID)
    if cl_ord_id != NO_ID:
        return cl_ord_id
    if "37" in fields:
        return ""
    if tag not in fields:
        raise Refusal(GatewayReject.FIELD_MISSING, tag, "or OrderID(37)")
    return cl_ord_id


def _order_id(fields: dict[str, str]) -> int:
    """Return OrderID(37) as the venue gives them out, 0 if there is none."""
    text = fields.get("37")
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= _ORDER_ID_CHARS_MAX):
        return _NO_SUCH_ORDER
    return int(text) or _NO_SUCH_ORDER
