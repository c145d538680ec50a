"""Phases of trading in FIX: SecurityStatus (f) and TradingSessionStatus (h).

An instrument is a trading session of its own, named by its symbol. Each message is sent as the answer to a request for
it (e, g), and unsolicited for as long as the session has subscribed. Both say the same; SecurityStatus also tells
indicative prices while an auction's orders gather.
"""

from typing import Final

from engine.answer_events import PhaseReported
from engine.events import IndicativePrice, PhaseChanged
from engine.values import Phase
from fixgw.instruments import InstrumentText
from fixgw.timestamps import format_utc

SESSION_SUB_ID: Final = {
    Phase.CONTINUOUS: "3",
    Phase.CLOSED: "7",
    Phase.PRE_OPEN: "1",
    Phase.OPENING_AUCTION: "2",
    Phase.VOLATILITY_AUCTION: "6",
    Phase.CLOSING_AUCTION: "4",
    Phase.HALT: "7",
    Phase.POST_ONLY: "3",
    Phase.CANCEL_ONLY: "7",
}
"""TradingSessionSubID(625), with the values that later versions of FIX give it: 1 pre-trading, 2 opening auction,
3 (continuous) trading, 4 closing auction, 6 intraday auction, 7 quiescent."""

TRADING_STATUS: Final = {
    Phase.CONTINUOUS: "17",
    Phase.CLOSED: "18",
    Phase.PRE_OPEN: "21",
    Phase.OPENING_AUCTION: "22",
    Phase.VOLATILITY_AUCTION: "2",
    Phase.CLOSING_AUCTION: "5",
    Phase.HALT: "2",
    Phase.POST_ONLY: "17",
    Phase.CANCEL_ONLY: "18",
}
"""SecurityTradingStatus(326): 2 trading halt, 5 price indication, 17 ready to trade, 18 not available for trading,
21 pre-open, 22 opening rotation."""

HALT_REASON: Final = {Phase.VOLATILITY_AUCTION: "I", Phase.HALT: "M"}
"""HaltReason(327): I order imbalance, M additional information, which is in Text(58)."""

SESSION_STATUS: Final = {
    Phase.CONTINUOUS: "2",
    Phase.CLOSED: "3",
    Phase.PRE_OPEN: "4",
    Phase.OPENING_AUCTION: "4",
    Phase.VOLATILITY_AUCTION: "1",
    Phase.CLOSING_AUCTION: "5",
    Phase.HALT: "1",
    Phase.POST_ONLY: "2",
    Phase.CANCEL_ONLY: "3",
}
"""TradSesStatus(340): 1 halted, 2 open, 3 closed, 4 pre-open, 5 pre-close."""

_UNSOLICITED: Final = "325=Y\x01"
_UNKNOWN_SECURITY: Final = "20"
_REQUEST_REJECTED: Final = "6"


def phase_name(phase: Phase) -> str:
    """Return how a text names a phase: `volatility auction`."""
    return phase.name.lower().replace("_", " ")


def phase_changed(event: PhaseChanged, text: InstrumentText, time: str, *, is_session_status: bool) -> tuple[str, str]:
    """Return the unsolicited message on a change of phase."""
    why = f"{phase_name(event.phase)}: {event.why}" if event.why else phase_name(event.phase)
    if is_session_status:
        ends = f"345={format_utc(event.ends_ns)}\x01" if event.ends_ns else ""
        return "h", _session_status(_UNSOLICITED, event.symbol, event.phase, ends, why)
    status = _security_status(_UNSOLICITED, event.symbol, event.phase, _last(text, event.last_price), time, why)
    return "f", status + _rpt_seq(event.rpt_seq)


def phase_reported(event: PhaseReported, text: InstrumentText | None, time: str) -> tuple[str, str]:
    """Return the answer to a request for an instrument's phase."""
    request = f"{324 if event.is_security_status else 335}={event.request_id}\x01"
    if text is None:
        why = f"[{event.reason:d}] {event.text}"
        if event.is_security_status:
            return "f", f"{request}55={event.symbol}\x01326={_UNKNOWN_SECURITY}\x0160={time}\x0158={why}\x01"
        return "h", f"{request}336={event.symbol}\x01340={_REQUEST_REJECTED}\x01567=1\x0158={why}\x01"
    name = phase_name(event.phase)
    if event.is_security_status:
        last = _last(text, event.last_price)
        return "f", _security_status(request, event.symbol, event.phase, last, time, name)
    return "h", _session_status(request, event.symbol, event.phase, "", name)


def indicative_price(event: IndicativePrice, text: InstrumentText, time: str) -> tuple[str, str]:
    """Return the message on what an auction would come to: LastPx, and how much could trade there on either side."""
    price, name = "", "no indicative price"
    if event.price:
        bought, sold = event.qty + max(event.surplus, 0), event.qty + max(-event.surplus, 0)
        price = f"330={text.qty_text[bought]}\x01331={text.qty_text[sold]}\x0131={text.price_text[event.price]}\x01"
        name = "indicative price"
    sub_id = SESSION_SUB_ID[event.phase]
    return "f", (
        f"{_UNSOLICITED}55={event.symbol}\x01336={event.symbol}\x01625={sub_id}\x01326=5\x01{price}60={time}\x01"
        f"58={name}\x01{_rpt_seq(event.rpt_seq)}"
    )


def _security_status(head: str, symbol: str, phase: Phase, last: str, time: str, text: str) -> str:
    halt = f"327={HALT_REASON[phase]}\x01" if phase in HALT_REASON else ""
    return (
        f"{head}55={symbol}\x01336={symbol}\x01625={SESSION_SUB_ID[phase]}\x01326={TRADING_STATUS[phase]}\x01{halt}"
        f"{last}60={time}\x0158={text}\x01"
    )


def _session_status(head: str, symbol: str, phase: Phase, ends: str, text: str) -> str:
    return f"{head}336={symbol}\x01625={SESSION_SUB_ID[phase]}\x01340={SESSION_STATUS[phase]}\x01{ends}58={text}\x01"


def _rpt_seq(rpt_seq: int) -> str:
    return f"83={rpt_seq}\x01" if rpt_seq else ""


def _last(text: InstrumentText, price: int) -> str:
    return f"31={text.price_text[price]}\x01" if price else ""
