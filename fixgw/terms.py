"""The optional terms of an order, between FIX fields and `engine.terms`.

ExecInst(18): `6` (participate don't initiate) is post-only: refused if it would trade. `6` with the order's own side,
`9` (stay on bid side) for a buy or `0` (stay on offer side) for a sell, slides to the best price at which it rests.
`H` (reinstate on system failure) keeps the order when its session is gone, `Q` (cancel on system failure) cancels it.
TimeInForce(59)=6 (good till date) goes with ExpireTime(126), or with ExpireDate(432) for the end of that trading day.
MinQty(110) must trade on entry. A market order's largest slippage: DiscretionInst(388)=1 (related to market price) with
DiscretionOffsetValue(389), as a price, in basis points or in ticks by DiscretionOffsetType(842) 0, 1 or 2.
ValidUntilTime(62), which FIX 4.4 has for quotes only, is the time by which the message must reach the engine.
EffectiveTime(168) is when the order starts; one in the past is at once. `fixgw.sizes` has how much of it shows.
OrdType(40)=P (pegged) goes with ExecInst `R` (primary peg), `P` (market peg) or `M` (mid-price peg) and, if asked, with
a signed PegOffsetValue(211), as a price or in ticks by PegOffsetType(836) 0 or 2.
SelfTradeType(7928), which other venues have too, says what becomes of a trade with oneself: `N` cancel newest, `O`
cancel oldest, `B` cancel both, `D` decrement and cancel, `0` nothing. SelfMatchPreventionID(2362), of FIX 5.0, names a
group of orders of one owner.
StopPx(99) triggers a stop or take-profit; the price watched is by TriggerSource(5127) the last trade's (2) or the index
(3). A trailing stop is OrdType(40)=P with ExecInst(18)=a, at the distance PegOffsetValue(211) by PegOffsetType(836).
"""

from typing import Final

from engine.decimals import parse_decimal
from engine.due import NEVER
from engine.errors import DecimalError
from engine.terms import Terms
from engine.triggers import TRIGGERED_TYPES
from engine.values import (
    LIMIT,
    OffsetUnit,
    OnDisconnect,
    OrderType,
    PegReference,
    PostOnly,
    SelfTrade,
    Side,
    TriggerSource,
)
from fixgw.errors import InvalidTimestamp
from fixgw.instruments import InstrumentText
from fixgw.refusal import Refusal, bad_number, unsupported_value
from fixgw.reject import GatewayReject
from fixgw.sizes import read_cash, read_display, read_lots, sizes_text
from fixgw.support import TERM_TAGS
from fixgw.timestamps import format_utc, parse_utc
from fixgw.validation import has_format

_POST_ONLY: Final = "6"
_STAY_ON_SIDE: Final = ("", "9", "0")
"""By side."""
_RELATED_TO_MARKET: Final = "1"
_TRAILS: Final = "a"
_ON_DISCONNECT: Final = {"H": OnDisconnect.KEEP, "Q": OnDisconnect.CANCEL}
_ON_DISCONNECT_LETTERS: Final = {asked: letter for letter, asked in _ON_DISCONNECT.items()}
_OFFSET_UNITS: Final = {"0": OffsetUnit.PRICE, "1": OffsetUnit.BASIS_POINTS, "2": OffsetUnit.TICKS}
_PEGS: Final = {"R": PegReference.PRIMARY, "P": PegReference.MARKET, "M": PegReference.MIDPOINT}
_PEG_LETTERS: Final = {reference: letter for letter, reference in _PEGS.items()}
_SELF_TRADES: Final = {
    "0": SelfTrade.NONE,
    "N": SelfTrade.CANCEL_NEWEST,
    "O": SelfTrade.CANCEL_OLDEST,
    "B": SelfTrade.CANCEL_BOTH,
    "D": SelfTrade.DECREMENT,
}
_SELF_TRADE_LETTERS: Final = {mode: letter for letter, mode in _SELF_TRADES.items()}


_TRIGGER_SOURCES: Final = {"2": TriggerSource.LAST, "3": TriggerSource.INDEX}


def trails(fields: dict[str, str]) -> bool:
    """Tell whether a pegged order is a trailing stop."""
    return _TRAILS in fields.get("18", "").split(" ")


def read_terms(fields: dict[str, str], side: Side, order_type: OrderType, instrument: InstrumentText) -> Terms | None:
    """Return the optional terms that an order has, None if it has none of them. Raise `Refusal`."""
    if _TAGS.isdisjoint(fields) and (order_type is LIMIT or order_type not in TRIGGERED_TYPES):
        return None
    instructions = fields["18"].split(" ") if "18" in fields else []
    if order_type is OrderType.TRAILING_STOP:
        instructions.remove(_TRAILS)
    post_only, peg, on_disconnect = _post_only(instructions, side), _peg(instructions), _on_disconnect(instructions)
    if instructions:
        raise unsupported_value(fields, "18")
    slippage_unit, slippage_max = _slippage(fields, instrument)
    display = read_display(fields, instrument)
    offset_unit, offset = _offset(fields, instrument)
    return Terms(
        post_only=post_only,
        expire_ns=_time_ns(fields, "126"),
        expire_day=_day(fields, "432"),
        min_qty=read_lots(fields, "110", instrument),
        slippage_unit=slippage_unit,
        slippage_max=slippage_max,
        valid_until_ns=_time_ns(fields, "62"),
        effective_ns=_time_ns(fields, "168"),
        on_disconnect=on_disconnect,
        display_qty=display.qty,
        display_low_qty=display.low_qty,
        display_high_qty=display.high_qty,
        display_seed=display.seed,
        cash_amount=read_cash(fields, instrument),
        offset_unit=offset_unit,
        offset=offset,
        peg=peg,
        self_trade=_self_trade(fields),
        self_trade_group=fields.get("2362", ""),
        trigger=_trigger(fields, order_type),
        stop_price=_ticks(fields, "99", instrument),
    )


def terms_text(  # noqa: C901 - one field after another
    terms: Terms, side: int, instrument: InstrumentText
) -> str:
    """Return the fields that repeat an order's terms in a report."""
    text = ""
    instructions = _instructions(terms, side)
    if instructions:
        text += f"18={' '.join(instructions)}\x01"
    if terms.offset_unit:
        text += f"211={_distance(terms.offset_unit, terms.offset, instrument)}\x01836={terms.offset_unit - 1}\x01"
    if terms.stop_price:
        text += f"99={instrument.price_text[terms.stop_price]}\x01"
    if terms.trigger:
        text += f"5127={terms.trigger:d}\x01"
    if terms.expire_ns:
        text += f"126={format_utc(terms.expire_ns)}\x01"
    if terms.expire_day:
        text += f"432={terms.expire_day}\x01"
    if terms.effective_ns:
        text += f"168={format_utc(terms.effective_ns)}\x01"
    if terms.min_qty:
        text += f"110={instrument.qty_text[terms.min_qty]}\x01"
    if terms.slippage_unit:
        offset = _distance(terms.slippage_unit, terms.slippage_max, instrument)
        text += f"388={_RELATED_TO_MARKET}\x01389={offset}\x01842={terms.slippage_unit - 1}\x01"
    if terms.self_trade:
        text += f"7928={_SELF_TRADE_LETTERS[terms.self_trade]}\x01"
    if terms.self_trade_group:
        text += f"2362={terms.self_trade_group}\x01"
    if terms.list_id:
        text += f"66={terms.list_id}\x01"
    return text + sizes_text(terms, instrument)


_TAGS: Final = frozenset(TERM_TAGS)


def _instructions(terms: Terms, side: int) -> list[str]:
    """Return the values of ExecInst(18) that say what an order asks for."""
    instructions = []
    if terms.post_only:
        instructions.append(_POST_ONLY)
    if terms.post_only is PostOnly.SLIDE:
        instructions.append(_STAY_ON_SIDE[side])
    if terms.peg:
        instructions.append(_PEG_LETTERS[terms.peg])
    if terms.trigger and terms.offset_unit:
        instructions.append(_TRAILS)
    if terms.on_disconnect:
        instructions.append(_ON_DISCONNECT_LETTERS[terms.on_disconnect])
    return instructions


def _trigger(fields: dict[str, str], order_type: OrderType) -> TriggerSource:
    """Return what triggers an order; the last price if it is to wait for a price and does not say which."""
    if order_type is OrderType.TRAILING_STOP:
        if "211" not in fields:
            raise Refusal(GatewayReject.FIELD_MISSING, 211, "for a trailing stop")
    elif order_type in TRIGGERED_TYPES and "99" not in fields:
        raise Refusal(GatewayReject.FIELD_MISSING, 99, "for a stop or take-profit")
    text = fields.get("5127")
    if text is None:
        return TriggerSource.LAST if order_type in TRIGGERED_TYPES else TriggerSource.NONE
    source = _TRIGGER_SOURCES.get(text)
    if source is None:
        raise unsupported_value(fields, "5127")
    return source


def _post_only(instructions: list[str], side: Side) -> PostOnly:
    """Return what the instructions say of it, having taken it out of them."""
    if _POST_ONLY not in instructions:
        return PostOnly.NO
    instructions.remove(_POST_ONLY)
    if _STAY_ON_SIDE[side] not in instructions:
        return PostOnly.REJECT
    instructions.remove(_STAY_ON_SIDE[side])
    return PostOnly.SLIDE


def _peg(instructions: list[str]) -> PegReference:
    """Return what the instructions say of it, having taken it out of them."""
    for letter, reference in _PEGS.items():
        if letter in instructions:
            instructions.remove(letter)
            return reference
    return PegReference.NONE


def _self_trade(fields: dict[str, str]) -> SelfTrade:
    text = fields.get("7928")
    if text is None:
        return SelfTrade.DEFAULT
    if text not in _SELF_TRADES:
        raise unsupported_value(fields, "7928")
    return _SELF_TRADES[text]


def _offset(fields: dict[str, str], instrument: InstrumentText) -> tuple[OffsetUnit, int]:
    """Return the unit and the number of a peg's offset, none and 0 if there is none."""
    if "211" not in fields:
        if "836" in fields:
            raise Refusal(GatewayReject.FIELD_MISSING, 211, "for the offset of a peg or trail")
        return OffsetUnit.NONE, 0
    unit = _OFFSET_UNITS.get(fields.get("836", "0"))
    if unit is None:
        raise unsupported_value(fields, "836")
    return unit, _distance_of(fields, "211", unit, instrument)


def _distance_of(fields: dict[str, str], tag: str, unit: OffsetUnit, instrument: InstrumentText) -> int:
    """Return a distance between prices: ticks for a price or a number of ticks, else the number itself."""
    text = fields[tag]
    try:
        return instrument.ticks(text) if unit is OffsetUnit.PRICE else parse_decimal(text, 0)
    except DecimalError as error:
        raise bad_number(int(tag), text, instrument.price_text, error) from None


def _distance(unit: OffsetUnit, number: int, instrument: InstrumentText) -> str:
    return instrument.price_text[number] if unit is OffsetUnit.PRICE else str(number)


def _on_disconnect(instructions: list[str]) -> OnDisconnect:
    """Return what the instructions say of it, having taken it out of them; both at once are left in."""
    for letter, asked in _ON_DISCONNECT.items():
        if letter in instructions:
            instructions.remove(letter)
            return asked
    return OnDisconnect.AS_SESSION


def _time_ns(fields: dict[str, str], tag: str) -> int:
    """Return a UTCTimestamp in nanoseconds since the epoch, 0 if it is not there."""
    text = fields.get(tag)
    if text is None:
        return 0
    try:
        time_ns = parse_utc(text)
    except InvalidTimestamp:
        raise unsupported_value(fields, tag) from None
    if not 0 < time_ns < NEVER:
        raise Refusal(GatewayReject.NUMBER_OUT_OF_RANGE, tag)
    return time_ns


def _day(fields: dict[str, str], tag: str) -> int:
    """Return a LocalMktDate as the number YYYYMMDD, 0 if it is not there."""
    text = fields.get(tag)
    if text is None:
        return 0
    if not has_format("LOCALMKTDATE", text):
        raise unsupported_value(fields, tag)
    return int(text)


def _ticks(fields: dict[str, str], tag: str, instrument: InstrumentText) -> int:
    """Return a price in ticks, 0 if it is not there."""
    text = fields.get(tag)
    if text is None:
        return 0
    try:
        return instrument.ticks(text)
    except DecimalError as error:
        raise bad_number(int(tag), text, instrument.price_text, error) from None


def _slippage(fields: dict[str, str], instrument: InstrumentText) -> tuple[OffsetUnit, int]:
    """Return the unit and the number of a slippage limit, none and 0 if there is none."""
    if _SLIPPAGE_TAGS.isdisjoint(fields):
        return OffsetUnit.NONE, 0
    for tag in ("388", "389"):
        if tag not in fields:
            raise Refusal(GatewayReject.FIELD_MISSING, tag, "for a slippage limit")
    if fields["388"] != _RELATED_TO_MARKET:
        raise unsupported_value(fields, "388")
    unit = _OFFSET_UNITS.get(fields.get("842", "0"))
    if unit is None:
        raise unsupported_value(fields, "842")
    return unit, _distance_of(fields, "389", unit, instrument)


_SLIPPAGE_TAGS: Final = frozenset(("388", "389", "842"))
