"""What instruments there are, over FIX: SecurityList (x, y) and SecurityDefinition (c, d).

A list comes as one message for each instrument, so that none is large: TotNoRelatedSym(393) says how many there are,
LastFragment(893)=Y which is the last. Of FIX 5.0 are MinPriceIncrement(969), MaxTradeVol(1140), the price band now,
LowLimitPrice(1148) and HighLimitPrice(1149), and the price that it lies around, TradingReferencePrice(1150); of the
venue's own the fees in basis points, 5130 of makers and 5131 of takers, and what price times quantity must be within,
5132 and 5133. RoundLot(561) is the quantity increment, TradingSessionSubID(625) the phase.
"""

from typing import Final

from engine.answer_events import InstrumentReported
from engine.commands import QueryInstruments
from fixgw.codec import Message
from fixgw.instruments import InstrumentText
from fixgw.phases import SESSION_SUB_ID, phase_name
from fixgw.refusal import Refusal, unsupported_value
from fixgw.reject import GatewayReject

LIST_REQUEST: Final = "x"
DEFINITION_REQUEST: Final = "c"
_ONE: Final = "0"
_ALL: Final = "4"
"""SecurityListRequestType(559): one symbol, or all."""
_DEFINITION_OF_ONE: Final = "0"
_DEFINITIONS_OF_ALL: Final = "3"
"""SecurityRequestType(321)."""
_CURRENCY: Final = "4"
"""Product(460): a currency; FIX has no digital assets."""


def read_list_request(session: str, number: int, message: Message) -> QueryInstruments:
    """Return the question that a SecurityListRequest is. Raise `Refusal`."""
    symbol = _symbol(message.fields, "559", _ONE, _ALL)
    return QueryInstruments(session, number, message.fields["320"], symbol, is_definition=False)


def read_definition_request(session: str, number: int, message: Message) -> QueryInstruments:
    """Return the question that a SecurityDefinitionRequest is. Raise `Refusal`."""
    symbol = _symbol(message.fields, "321", _DEFINITION_OF_ONE, _DEFINITIONS_OF_ALL)
    return QueryInstruments(session, number, message.fields["320"], symbol, is_definition=True)


def instrument_reported(event: InstrumentReported, text: InstrumentText | None, exec_id: str) -> tuple[str, str]:
    """Return the answer: SecurityDefinition (d), or SecurityList (y) with one instrument or none."""
    ids = f"320={event.request_id}\x01322={exec_id}\x01"
    if text is None:
        why = f"58=[{event.reason:d}] {event.text}\x01"
        if event.is_definition:
            return "d", f"{ids}323=6\x01{why}"
        return "y", f"{ids}560=2\x01393=0\x01893=Y\x01"
    fields = _fields(event, text)
    if event.is_definition:
        return "d", f"{ids}323=1\x01{fields}"
    is_last = "Y" if event.place == event.total else "N"
    return "y", f"{ids}560=0\x01393={event.total}\x01893={is_last}\x01146=1\x01{fields}"


def _fields(event: InstrumentReported, text: InstrumentText) -> str:
    instrument, rules = text.instrument, event.rules
    prices, quantities, amounts = text.price_text, text.qty_text, text.fee_text
    most = min(filter(None, (instrument.order_qty_max, rules.order_qty_max)))
    least = max(rules.order_qty_min, 1)
    return "".join(
        (
            f"55={event.symbol}\x01460={_CURRENCY}\x0115={instrument.quote}\x01561={quantities[1]}\x01",
            f"562={quantities[least]}\x01336={event.symbol}\x01625={SESSION_SUB_ID[event.phase]}\x01",
            f"58={phase_name(event.phase)}\x01969={prices[1]}\x011140={quantities[most]}\x01",
            f"1148={prices[event.lowest_price]}\x01" if event.lowest_price else "",
            f"1149={prices[event.highest_price]}\x01" if event.highest_price else "",
            f"1150={prices[event.reference_price]}\x01" if event.reference_price else "",
            f"5130={instrument.maker_fee_bps}\x015131={instrument.taker_fee_bps}\x01",
            f"5132={amounts[rules.order_notional_min]}\x01" if rules.order_notional_min else "",
            f"5133={amounts[rules.order_notional_max]}\x01" if rules.order_notional_max else "",
        )
    )


def _symbol(fields: dict[str, str], type_tag: str, one: str, everything: str) -> str:
    """Return the instrument asked for, nothing for all."""
    if fields[type_tag] == everything:
        if "55" in fields:
            raise Refusal(GatewayReject.UNSUPPORTED_FIELD, 55, "where all are asked for")
        return ""
    if fields[type_tag] != one:
        raise unsupported_value(fields, type_tag)
    if "55" not in fields:
        raise Refusal(GatewayReject.FIELD_MISSING, 55)
    return fields["55"]
