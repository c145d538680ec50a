"""The optional terms of an order, between FIX fields and `engine.terms`.

ExecInst(18): `6` (participate don't initiate) is post-only: refused if it would trade. `6` with the order's own side,
`9` (stay on bid side) for a buy or `0` (stay on offer side) for a sell, slides to the best price at which it rests.
TimeInForce(59)=6 (good till date) goes with ExpireTime(126), or with ExpireDate(432) for the end of that trading day.
MinQty(110) must trade on entry. A market order's largest slippage: DiscretionInst(388)=1 (related to market price) with
DiscretionOffsetValue(389), as a price, in basis points or in ticks by DiscretionOffsetType(842) 0, 1 or 2.
ValidUntilTime(62), which FIX 4.4 has for quotes only, is the time by which the message must reach the engine.
EffectiveTime(168) is when the order starts; one in the past is at once. `fixgw.sizes` has how much of it shows.
"""

from typing import Final

from engine.decimals import parse_decimal
from engine.due import NEVER
from engine.errors import DecimalError
from engine.terms import Terms
from engine.values import OffsetUnit, PostOnly, Side
from fixgw.errors import InvalidTimestamp
from fixgw.instruments import InstrumentText
from fixgw.refusal import Refusal, bad_number, unsupported_value
from fixgw.reject import GatewayReject
from fixgw.sizes import read_cash, read_display, read_lots, sizes_text
from fixgw.support import TERM_TAGS
from fixgw.timestamps import format_utc, parse_utc
from fixgw.validation import find_value_flaw

_POST_ONLY: Final = "6"
_STAY_ON_SIDE: Final = ("", "9", "0")
"""By side."""
_RELATED_TO_MARKET: Final = "1"
_OFFSET_UNITS: Final = {"0": OffsetUnit.PRICE, "1": OffsetUnit.BASIS_POINTS, "2": OffsetUnit.TICKS}


def read_terms(fields: dict[str, str], side: Side, instrument: InstrumentText) -> Terms | None:
    """Return the optional terms that an order has, None if it has none of them. Raise `Refusal`."""
    if _TAGS.isdisjoint(fields):
        return None
    slippage_unit, slippage_max = _slippage(fields, instrument)
    display = read_display(fields, instrument)
    return Terms(
        post_only=_post_only(fields, side),
        expire_ns=_time_ns(fields, "126"),
        expire_day=_day(fields, "432"),
        min_qty=read_lots(fields, "110", instrument),
        slippage_unit=slippage_unit,
        slippage_max=slippage_max,
        valid_until_ns=_time_ns(fields, "62"),
        effective_ns=_time_ns(fields, "168"),
        display_qty=display.qty,
        display_low_qty=display.low_qty,
        display_high_qty=display.high_qty,
        display_seed=display.seed,
        cash_amount=read_cash(fields, instrument),
    )


def terms_text(terms: Terms, side: int, instrument: InstrumentText) -> str:
    """Return the fields that repeat an order's terms in a report."""
    text = ""
    if terms.post_only:
        stays = f" {_STAY_ON_SIDE[side]}" if terms.post_only is PostOnly.SLIDE else ""
        text += f"18={_POST_ONLY}{stays}\x01"
    if terms.expire_ns:
        text += f"126={format_utc(terms.expire_ns)}\x01"
    if terms.expire_day:
        text += f"432={terms.expire_day}\x01"
    if terms.effective_ns:
        text += f"168={format_utc(terms.effective_ns)}\x01"
    if terms.min_qty:
        text += f"110={instrument.qty_text[terms.min_qty]}\x01"
    if terms.slippage_unit:
        is_price = terms.slippage_unit is OffsetUnit.PRICE
        offset = instrument.price_text[terms.slippage_max] if is_price else terms.slippage_max
        text += f"388={_RELATED_TO_MARKET}\x01389={offset}\x01842={terms.slippage_unit - 1}\x01"
    return text + sizes_text(terms, instrument)


_TAGS: Final = frozenset(TERM_TAGS)


def _post_only(fields: dict[str, str], side: Side) -> PostOnly:
    if "18" not in fields:
        return PostOnly.NO
    instructions = sorted(fields["18"].split(" "))
    if instructions == [_POST_ONLY]:
        return PostOnly.REJECT
    if instructions == sorted((_POST_ONLY, _STAY_ON_SIDE[side])):
        return PostOnly.SLIDE
    raise unsupported_value(fields, "18")


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
    if find_value_flaw(tag, text):
        raise unsupported_value(fields, tag)
    return int(text)


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
    text = fields["389"]
    try:
        return unit, instrument.ticks(text) if unit is OffsetUnit.PRICE else parse_decimal(text, 0)
    except DecimalError as error:
        raise bad_number(389, text, instrument.price_text, error) from None


_SLIPPAGE_TAGS: Final = frozenset(("388", "389", "842"))
