"""Trades asked for over FIX: TradeCaptureReportRequest (AD) in, its acknowledgement (AQ) and reports (AE) out.

A request may name a first trade by the ExecID(17) of a fill or a TradeID, a time from and to in TrdCapDtGrp (580, 75,
60), an instrument and an order. An answer that could not tell everything says from which ExecID to go on.
"""

import re
from typing import Final

from engine.answer_events import TradeReported, TradesAnswered
from engine.commands import QueryTrades
from engine.values import CONTINUOUS
from fixgw.codec import Message
from fixgw.errors import InvalidTimestamp
from fixgw.groups import split_group
from fixgw.instruments import InstrumentText
from fixgw.phases import SESSION_SUB_ID
from fixgw.refusal import Refusal, unsupported_value
from fixgw.reject import GatewayReject
from fixgw.timestamps import format_utc, parse_utc

TRADES: Final = "AD"
_ALL, _MATCHING = "0", "1"
_DATE_TAGS: Final = frozenset(("75", "60"))
_EXEC_ID: Final = re.compile(r"T?([0-9]{1,18})(?:-[01])?")
_ORDER_ID: Final = re.compile("[0-9]{1,18}")


def read_trades_request(session: str, number: int, message: Message) -> QueryTrades:
    """Return the question that a TradeCaptureReportRequest is. Raise `Refusal`."""
    fields, dates = split_group(message, "580", _DATE_TAGS)
    if fields["569"] not in (_ALL, _MATCHING):
        raise unsupported_value(fields, "569")
    if fields.get("263", "0") != "0":
        raise unsupported_value(fields, "263")
    if len(dates) > 2:
        raise Refusal(GatewayReject.UNSUPPORTED_VALUE, 580, "from, or from and to")
    exec_id = _EXEC_ID.fullmatch(fields.get("17", "0"))
    if exec_id is None:
        raise unsupported_value(fields, "17")
    order_id = _ORDER_ID.fullmatch(fields.get("37", "0"))
    if order_id is None:
        raise unsupported_value(fields, "37")
    return QueryTrades(
        session,
        number,
        fields["568"],
        fields["569"] == _ALL,
        int(exec_id[1]),
        _time(dates[0], "00:00:00") if dates else 0,
        _time(dates[1], "23:59:59.999999999") if len(dates) > 1 else 0,
        fields.get("55", ""),
        int(order_id[0]),
    )


def trades_answered(event: TradesAnswered, _exec_id: str, _time: str, _part: int) -> tuple[str, str]:
    """Return TradeCaptureReportRequestAck (AQ)."""
    if event.reason:
        result, status, text = 1, 2, f"58=[{event.reason:d}] {event.text}\x01"
    else:
        result, status, text = 0, 1, ""
        if event.next_trade_id:
            text = f"58=there may be more: ask again with 17=T{event.next_trade_id}\x01"
    return "AQ", (
        f"568={event.request_id}\x01569={0 if event.is_all else 1}\x01748={event.reports}\x01749={result}\x01"
        f"750={status}\x0155=[N/A]\x01{text}"
    )


def trade_reported(event: TradeReported, exec_id: str, instrument: InstrumentText) -> tuple[str, str]:
    """Return TradeCaptureReport (AE): one side of a trade."""
    time = format_utc(event.time_ns)
    transaction = 1 if event.is_busted else 2 if event.is_amended else 0
    fees = ""
    if event.fee:
        fees = f"136=1\x01137={instrument.fee_text[event.fee]}\x01138={instrument.instrument.quote}\x01139=4\x01"
    phase = ""
    if event.phase is not CONTINUOUS:
        phase = f"336={event.symbol}\x01625={SESSION_SUB_ID[event.phase]}\x01"
    return "AE", (
        f"571={exec_id}\x01487={transaction}\x01568={event.request_id}\x01748={event.reports}\x01"
        f"912={'Y' if event.is_last else 'N'}\x0117=T{event.trade_id}-{event.is_taker:d}\x01570=N\x01"
        f"55={event.symbol}\x0132={instrument.qty_text[event.qty]}\x0131={instrument.price_text[event.price]}\x01"
        f"75={time[:8]}\x0160={time}\x01552=1\x0154={event.side:d}\x0137={event.order_id}\x01"
        f"11={event.cl_ord_id}\x011={event.account}\x01{phase}{fees}1003={event.trade_id}\x01"
    )


def _time(date: dict[str, str], time_of_day: str) -> int:
    """Return the time (nanoseconds) that an entry of TrdCapDtGrp has: TransactTime, or that time of its TradeDate."""
    text = date.get("60") or f"{date['75']}-{time_of_day}"
    try:
        return parse_utc(text)
    except InvalidTimestamp:
        raise Refusal(GatewayReject.UNSUPPORTED_VALUE, 60 if "60" in date else 75) from None
