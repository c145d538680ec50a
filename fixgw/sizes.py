"""How large an order is, and how much of it shows: between FIX fields and `engine.terms`.

MaxFloor(111), or DisplayQty(1138) as FIX 5.0 calls it, makes an order an iceberg: so much of it is displayed at a time.
DisplayMethod(1084)=3 makes each part after the first one of random size, from DisplayLowQty(1085) to
DisplayHighQty(1086); 1, the same size each time, is the default. In reports 111 is what was asked for, and 1138 what
is displayed now, for as long as that is less than LeavesQty(151).

CashOrderQty(152), in place of OrderQty(38), is the amount of the quote asset that a market order spends or earns.
"""

from secrets import randbits
from typing import Final, NamedTuple

from engine.decimals import parse_decimal
from engine.errors import DecimalError
from engine.reject import RejectReason
from engine.terms import Terms
from fixgw.instruments import InstrumentText
from fixgw.refusal import Refusal, bad_number, unsupported_value
from fixgw.reject import GatewayReject

DISPLAY_TAGS: Final = ("111", "1084", "1085", "1086", "1138")
CASH_TAG: Final = "152"

_SAME_SIZE: Final = "1"
_RANDOM_SIZE: Final = "3"
_SEED_BITS: Final = 63


class Display(NamedTuple):
    """How much of an order shows: at first, and at least and at most afterwards; the seed of what comes in between."""

    qty: int = 0
    low_qty: int = 0
    high_qty: int = 0
    seed: int = 0


_WHOLE: Final = Display()
_DISPLAY: Final = frozenset(DISPLAY_TAGS)


def read_display(fields: dict[str, str], instrument: InstrumentText) -> Display:
    """Return how much of an order is to show. Raise `Refusal`."""
    if _DISPLAY.isdisjoint(fields):
        return _WHOLE
    if "111" in fields and "1138" in fields:
        raise Refusal(GatewayReject.UNSUPPORTED_FIELD, 1138, "with MaxFloor(111)")
    qty = _shown_lots(fields, "111" if "111" in fields else "1138", instrument)
    method = fields.get("1084", _SAME_SIZE)
    if method not in (_SAME_SIZE, _RANDOM_SIZE):
        raise unsupported_value(fields, "1084")
    for tag in ("1085", "1086"):
        if (tag in fields) != (method == _RANDOM_SIZE):
            reason = GatewayReject.UNSUPPORTED_FIELD if tag in fields else GatewayReject.FIELD_MISSING
            raise Refusal(reason, tag, f"for DisplayMethod(1084)={method}")
    if method == _SAME_SIZE:
        return Display(qty)
    low_qty, high_qty = (_shown_lots(fields, tag, instrument) for tag in ("1085", "1086"))
    return Display(qty, low_qty, high_qty, randbits(_SEED_BITS))


def read_cash(fields: dict[str, str], instrument: InstrumentText) -> int:
    """Return the amount that an order is for, in smallest units of the quote asset, 0 if it is for a quantity."""
    text = fields.get(CASH_TAG)
    if text is None:
        return 0
    try:
        amount = parse_decimal(text, instrument.fee_text.decimals)
    except DecimalError as error:
        raise bad_number(int(CASH_TAG), text, instrument.fee_text, error) from None
    if amount <= 0:
        raise Refusal(RejectReason.CASH_OUT_OF_RANGE, CASH_TAG)
    return amount


def read_lots(fields: dict[str, str], tag: str, instrument: InstrumentText) -> int:
    """Return a quantity in lots, 0 if it is not there; one that is there must be above zero."""
    text = fields.get(tag)
    if text is None:
        return 0
    lots = _lots(text, tag, instrument)
    if lots <= 0:
        raise Refusal(GatewayReject.NUMBER_OUT_OF_RANGE, tag)
    return lots


def sizes_text(terms: Terms, instrument: InstrumentText) -> str:
    """Return the fields that repeat in a report what an order asked for."""
    text = ""
    if terms.display_qty:
        text += f"111={instrument.qty_text[terms.display_qty]}\x01"
    if terms.display_low_qty:
        low, high = instrument.qty_text[terms.display_low_qty], instrument.qty_text[terms.display_high_qty]
        text += f"1084={_RANDOM_SIZE}\x011085={low}\x011086={high}\x01"
    if terms.cash_amount:
        text += f"{CASH_TAG}={instrument.fee_text[terms.cash_amount]}\x01"
    return text


def displayed_text(leaves_qty: int, hidden_qty: int, instrument: InstrumentText) -> str:
    """Return the field that tells how much of an order the market sees, nothing if it sees all."""
    return f"1138={instrument.qty_text[leaves_qty - hidden_qty]}\x01" if hidden_qty else ""


def _shown_lots(fields: dict[str, str], tag: str, instrument: InstrumentText) -> int:
    """Return a quantity of an iceberg in lots: it must be there, as there is no iceberg without."""
    text = fields.get(tag)
    if text is None:
        raise Refusal(GatewayReject.FIELD_MISSING, 111, "for an iceberg")
    lots = _lots(text, tag, instrument)
    if lots <= 0:
        raise Refusal(RejectReason.DISPLAY_OUT_OF_RANGE, tag)
    return lots


def _lots(text: str, tag: str, instrument: InstrumentText) -> int:
    try:
        return instrument.lots(text)
    except DecimalError as error:
        raise bad_number(int(tag), text, instrument.qty_text, error) from None
