"""Order entry: application messages in, commands out.

A message arrives here well formed by FIX 4.4 and by the session layer. What the venue cannot take of it becomes a
`Refuse` command, so that refusals are journaled, numbered and resent like every other answer.
"""

from collections.abc import Callable
from typing import Final, NoReturn

from engine.commands import (
    AnyCommand,
    CancelOrder,
    MassCancel,
    NewOrder,
    QueryOrder,
    QueryOrders,
    Refuse,
    ReplaceOrder,
)
from engine.decimals import DIGITS_MAX
from engine.errors import DecimalError
from engine.reject import RejectReason
from engine.state import State
from engine.values import MassCancelScope, OrderType, Side, TimeInForce
from fixgw.codec import Message
from fixgw.dictionary import FIELDS
from fixgw.errors import InvalidTimestamp
from fixgw.instruments import InstrumentText
from fixgw.reject import GatewayReject
from fixgw.support import SUPPORTED
from fixgw.timestamps import parse_utc
from fixgw.validation import Flaw, find_value_flaw

ID_CHARS_MAX: Final = 64
"""ClOrdIDs and request ids longer than this are refused."""
_SIDES: Final = {"1": Side.BUY, "2": Side.SELL}
_ORDER_TYPES: Final = {"1": OrderType.MARKET, "2": OrderType.LIMIT}
_TIMES_IN_FORCE: Final = {
    "0": TimeInForce.DAY,
    "1": TimeInForce.GOOD_TILL_CANCEL,
    "3": TimeInForce.IMMEDIATE_OR_CANCEL,
    "4": TimeInForce.FILL_OR_KILL,
}
_MASS_CANCEL_SCOPES: Final = {"1": MassCancelScope.INSTRUMENT, "7": MassCancelScope.ALL}
_MASS_STATUS_SCOPES: Final = _MASS_CANCEL_SCOPES
"""MassStatusReqType(585) has the same values for the same scopes."""
_ORDER_ID_CHARS_MAX: Final = 18
_HANDLING: Final = frozenset(("1", "2"))
"""HandlInst(21): automated; there is nobody who could handle an order by hand."""
_RARE: Final = frozenset(("43", "97", "369"))
_IDS: Final = frozenset(("11", "41", "584", "790"))

SESSION_REJECT: Final = "3"
BUSINESS_REJECT: Final = "j"
ORDER_REJECT: Final = "8"
CANCEL_REJECT: Final = "9"
MASS_CANCEL_REJECT: Final = "r"
"""Forms of a refusal: the MsgType of its answer."""

_FORMS: Final = {"D": ORDER_REJECT, "F": CANCEL_REJECT, "G": CANCEL_REJECT, "q": MASS_CANCEL_REJECT}
_CANCEL_RESPONSE_TO: Final = {"F": "1", "G": "2"}


class _Refusal(Exception):
    """Ends the translation of a message with the `Refuse` command that answers it."""

    def __init__(self, command: Refuse) -> None:
        super().__init__()
        self.command = command


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
                _refuse(session, number, message, GatewayReject.UNSUPPORTED_MESSAGE)
            if not message.known and (message.irregular or not message.fields.keys() <= SUPPORTED[message.msg_type]):
                _refuse_unsupported_field(session, number, message)
            return translator(session, number, message)
        except _Refusal as refusal:
            return refusal.command

    def _new_order(self, session: str, number: int, message: Message) -> NewOrder:
        fields = message.fields
        side, order_type, time_in_force = _terms(session, number, message)
        symbol = fields["55"]
        instrument = self.instruments.get(symbol)
        if instrument is None:
            _refuse(session, number, message, RejectReason.UNKNOWN_INSTRUMENT, 55)
        qty, price = _numbers(session, number, message, instrument, order_type)
        return NewOrder(
            session,
            number,
            fields.get("1") or self._state.sessions[session].accounts[0],
            fields["11"],
            symbol,
            side,
            order_type,
            time_in_force,
            qty,
            price,
            fields.get("97") == "Y",
        )

    def _cancel_order(self, session: str, number: int, message: Message) -> CancelOrder:
        fields = message.fields
        _check_common(session, number, message)
        return CancelOrder(
            session,
            number,
            fields.get("1") or self._state.sessions[session].accounts[0],
            fields["11"],
            fields["41"],
            _order_id(session, number, message),
            fields["55"],
            _side(session, number, message),
        )

    def _replace_order(self, session: str, number: int, message: Message) -> ReplaceOrder:
        fields = message.fields
        side, order_type, time_in_force = _terms(session, number, message)
        symbol = fields["55"]
        instrument = self.instruments.get(symbol)
        if instrument is None:
            _refuse(session, number, message, RejectReason.UNKNOWN_INSTRUMENT, 55)
        qty, price = _numbers(session, number, message, instrument, order_type)
        return ReplaceOrder(
            session,
            number,
            fields.get("1") or self._state.sessions[session].accounts[0],
            fields["11"],
            fields["41"],
            _order_id(session, number, message),
            symbol,
            side,
            order_type,
            time_in_force,
            qty,
            price,
        )

    def _mass_cancel(self, session: str, number: int, message: Message) -> MassCancel:
        fields = message.fields
        _check_common(session, number, message)
        scope = _MASS_CANCEL_SCOPES.get(fields["530"])
        if scope is None:
            _refuse_value(session, number, message, "530")
        symbol = fields.get("55", "")
        if scope is MassCancelScope.INSTRUMENT and not symbol:
            _refuse_missing(session, number, message, "55", "to cancel the orders of one instrument")
        side = _side(session, number, message) if "54" in fields else 0
        return MassCancel(session, number, fields["11"], scope, symbol, side)

    def _query_order(self, session: str, number: int, message: Message) -> QueryOrder:
        fields = message.fields
        _check_common(session, number, message)
        return QueryOrder(
            session,
            number,
            fields.get("1") or self._state.sessions[session].accounts[0],
            fields["11"],
            _order_id(session, number, message),
            fields["55"],
            _side(session, number, message),
            fields.get("790", ""),
        )

    def _query_orders(self, session: str, number: int, message: Message) -> QueryOrders:
        fields = message.fields
        _check_common(session, number, message)
        scope = _MASS_STATUS_SCOPES.get(fields["585"])
        if scope is None:
            _refuse_value(session, number, message, "585")
        symbol = fields.get("55", "")
        if scope is MassCancelScope.INSTRUMENT and not symbol:
            _refuse_missing(session, number, message, "55", "to ask for the orders of one instrument")
        side = _side(session, number, message) if "54" in fields else 0
        return QueryOrders(session, number, fields.get("1", ""), symbol, side, fields["584"])


def refuse_flaw(session: str, last_number: int, message: Message, flaw: Flaw) -> Refuse:
    """Return the command that rejects a message for a flaw by FIX 4.4; `last_number` is the last one received."""
    number = message.fields.get("34", "0")
    return Refuse(
        session,
        last_number,
        int(number) if number.isdigit() else 0,
        SESSION_REJECT,
        flaw.reason,
        f"{flaw.text}: {flaw.detail}" if flaw.detail else flaw.text,
        message.msg_type,
        flaw.ref_tag or 0,
    )


def _terms(session: str, number: int, message: Message) -> tuple[Side, OrderType, TimeInForce]:
    """Return side, type and time in force of an order; check what all orders have in common."""
    fields = message.fields
    _check_common(session, number, message)
    side = _SIDES.get(fields["54"])
    order_type = _ORDER_TYPES.get(fields["40"])
    time_in_force = _TIMES_IN_FORCE.get(fields.get("59", "0"))
    if side is None or order_type is None or time_in_force is None:
        _refuse_value(session, number, message, "54" if side is None else "40" if order_type is None else "59")
    if "21" in fields and fields["21"] not in _HANDLING:
        _refuse_value(session, number, message, "21")
    return side, order_type, time_in_force


def _numbers(
    session: str, number: int, message: Message, instrument: InstrumentText, order_type: OrderType
) -> tuple[int, int]:
    """Return quantity (lots) and price (ticks, 0 where there is none) of an order."""
    fields = message.fields
    qty_text, price_text = fields.get("38"), fields.get("44")
    if qty_text is None:
        _refuse_missing(session, number, message, "38", "for an order")
    if price_text is None and order_type is OrderType.LIMIT:
        _refuse_missing(session, number, message, "44", "for a limit order")
    definition = instrument.instrument
    if "15" in fields and fields["15"] not in (definition.base, definition.quote):
        _refuse(session, number, message, GatewayReject.CURRENCY_MISMATCH, 15)
    tag = "38"
    try:
        qty = instrument.lots(qty_text)
        tag = "44"
        return qty, instrument.ticks(price_text) if price_text is not None else 0
    except DecimalError as error:
        _refuse_number(session, number, message, tag, error)


def _check_common(session: str, number: int, message: Message) -> None:
    """Check the values that several messages have: ids, TransactTime, and header fields that are seldom there."""
    fields = message.fields
    for tag in fields.keys() & _IDS:
        if len(fields[tag]) > ID_CHARS_MAX:
            _refuse(session, number, message, GatewayReject.FIELD_TOO_LONG, int(tag), f"at most {ID_CHARS_MAX}")
    transact_time = fields.get("60")
    # SendingTime has been checked, and is mostly the same.
    if transact_time is not None and transact_time != fields["52"]:
        try:
            parse_utc(transact_time)
        except InvalidTimestamp:
            _refuse_value(session, number, message, "60")
    for tag in fields.keys() & _RARE:
        if find_value_flaw(tag, fields[tag]):
            _refuse_value(session, number, message, tag)


def _side(session: str, number: int, message: Message) -> Side:
    side = _SIDES.get(message.fields["54"])
    if side is None:
        _refuse_value(session, number, message, "54")
    return side


def _order_id(session: str, number: int, message: Message) -> int:
    """Return OrderID(37) as the venue gives them out, 0 if there is none."""
    text = message.fields.get("37")
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= _ORDER_ID_CHARS_MAX and int(text)):
        _refuse(session, number, message, RejectReason.UNKNOWN_ORDER, 37)
    return int(text)


def _refuse_number(session: str, number: int, message: Message, tag: str, error: DecimalError) -> NoReturn:
    flaw = find_value_flaw(tag, message.fields[tag])
    if flaw is not None:
        raise _Refusal(refuse_flaw(session, number, message, flaw))
    digits = message.fields[tag].replace(".", "").lstrip("-0")
    reason = GatewayReject.NUMBER_OUT_OF_RANGE if len(digits) > DIGITS_MAX else GatewayReject.OFF_INCREMENT
    _refuse(session, number, message, reason, int(tag), str(error))


def _refuse_value(session: str, number: int, message: Message, tag: str) -> NoReturn:
    """Refuse a value that FIX does not know, or else that the venue does not offer."""
    flaw = find_value_flaw(tag, message.fields[tag])
    if flaw is not None:
        raise _Refusal(refuse_flaw(session, number, message, flaw))
    _refuse(session, number, message, GatewayReject.UNSUPPORTED_VALUE, int(tag), message.fields[tag][:ID_CHARS_MAX])


def _refuse_missing(session: str, number: int, message: Message, tag: str, where: str) -> NoReturn:
    raise _Refusal(
        Refuse(
            session,
            number,
            number,
            BUSINESS_REJECT,
            GatewayReject.FIELD_MISSING,
            f"{_field_name(tag)} is required {where}",
            message.msg_type,
            int(tag),
            message.fields.get("11", "")[:ID_CHARS_MAX],
        )
    )


def _refuse_unsupported_field(session: str, number: int, message: Message) -> NoReturn:
    for tag, _ in message.pairs():
        if tag not in SUPPORTED[message.msg_type]:
            _refuse(session, number, message, GatewayReject.UNSUPPORTED_FIELD, int(tag))
    raise AssertionError("an irregular message without a flaw has a group or data field, and none is supported")


def _refuse(
    session: str,
    number: int,
    message: Message,
    reason: GatewayReject | RejectReason,
    tag: int = 0,
    detail: str = "",
) -> NoReturn:
    """Refuse a message in its own form: a rejected order, cancel or mass cancel, else a BusinessMessageReject."""
    fields = message.fields
    text = f"{_field_name(str(tag))}: {reason.text}" if tag else reason.text
    form = _FORMS.get(message.msg_type, BUSINESS_REJECT)
    raise _Refusal(
        Refuse(
            session,
            number,
            number,
            form,
            reason,
            f"{text} ({detail})" if detail else text,
            message.msg_type,
            tag,
            (fields.get("11") or fields.get("584", ""))[:ID_CHARS_MAX],
            fields.get("41", "")[:ID_CHARS_MAX],
            fields.get("1", ""),
            fields.get("55", ""),
            fields.get("54", ""),
            _CANCEL_RESPONSE_TO.get(message.msg_type) or fields.get("530", ""),
        )
    )


def _field_name(tag: str) -> str:
    return f"{FIELDS[tag].name}({tag})" if tag in FIELDS else f"tag {tag}"
