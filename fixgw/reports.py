"""Reports: the FIX messages that tell a broker of an event. Each is a pure function of one event and its place.

A report's body is everything after the header; the header (sequence number, times, PossDup) is put on when the message
is sent or sent again. `part` tells the reports of one record apart: twice the event's number, plus 1 for the taker of a
trade; with the record's sequence it makes ExecID(17), so that a report has the same ExecID whenever it is made. The
ExecID of a fill is made of its TradeID, `T7-0` for the maker and `T7-1` for the taker, so that a bust can name it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.answer_events import (
    BalanceReported,
    BalancesAnswered,
    InstrumentReported,
    PhaseReported,
    ReplayAnswered,
    ReplayEnded,
    TradeReported,
    TradesAnswered,
)
from engine.events import (
    AnyEvent,
    CancelRejected,
    IndicativePrice,
    ListedOrder,
    ListReported,
    ListRequestRejected,
    MassCanceled,
    OrderAccepted,
    OrderCanceled,
    OrderDecremented,
    OrderRejected,
    OrderReplaced,
    OrderStatusReported,
    OrderTriggered,
    PhaseChanged,
    Refused,
    Trade,
    TradeAmended,
)
from engine.reject import TEXTS
from engine.session_events import SessionRecovered, UserReported
from engine.values import BUY, CONTINUOUS, EXPIRIES, REQUESTED, SELL, CancelReason, OrderStatus, OrderType
from fixgw.balances import balance_reported, balances_answered
from fixgw.instruments import InstrumentText
from fixgw.phases import SESSION_SUB_ID, indicative_price, phase_changed, phase_reported
from fixgw.reject import business_reject_reason, cxl_rej_reason, mass_cancel_reject_reason, ord_rej_reason
from fixgw.replay import replay_answered, replay_ended
from fixgw.securities import instrument_reported
from fixgw.sizes import displayed_text
from fixgw.terms import terms_text
from fixgw.throttle import limits_text
from fixgw.trade_capture import trade_reported, trades_answered

Report = tuple[str, str]
"""MsgType and body, the body's fields each ended by SOH."""

# FIX values by the engine's enumerations, which are small integers: an index costs less than asking the member.
_SIDE: Final = ("", "1", "2")
_ORDER_TYPES: Final[dict[int, str]] = {
    OrderType.MARKET: "1",
    OrderType.LIMIT: "2",
    OrderType.STOP: "3",
    OrderType.STOP_LIMIT: "4",
    OrderType.TAKE_PROFIT: "J",
    OrderType.MARKET_TO_LIMIT: "K",
    OrderType.PEGGED: "P",
    OrderType.TAKE_PROFIT_LIMIT: "J",
    OrderType.TRAILING_STOP: "P",
}
_ORDER_TYPE: Final = tuple(_ORDER_TYPES.get(value, "") for value in range(max(OrderType) + 1))
_TIME_IN_FORCE: Final = ("0", "1", "2", "3", "4", "", "6", "7")
_ORDER_STATUS: Final = {status: f"{status:X}" for status in OrderStatus}

_CANCEL_TEXTS: Final = {
    CancelReason.REQUESTED: "",
    CancelReason.MASS_CANCEL: "cancelled by a mass cancel",
    CancelReason.IMMEDIATE_REMAINDER: "nothing more to trade against at once",
    CancelReason.NOT_FILLABLE: "could not be filled at once in full, or for its MinQty",
    CancelReason.END_OF_DAY: "end of the trading day",
    CancelReason.EXPIRE_TIME: "its ExpireTime has come",
    CancelReason.BLOCKED: "cancelled by the venue: its firm, account or session is blocked",
    CancelReason.DISCONNECTED: "cancelled on disconnect",
    CancelReason.AUCTION_OVER: "the auction that it was for is over",
    CancelReason.PHASE: "nothing trades in the instrument's present phase",
    CancelReason.SELF_TRADE: "would have traded with an order of the same owner",
    CancelReason.PARTNER_FILLED: "the other order of its pair has traded, or would have with its owner",
    CancelReason.PARTNER_TRIGGERED: "the other order of its pair was triggered",
    CancelReason.PARTNER_CANCELED: "the other order of its pair was closed",
    CancelReason.NOT_RELEASED: "the order that it waited for was closed before it was filled",
    CancelReason.LIST_BROKEN: "an order of its list that waited for it was closed",
    CancelReason.LIST_CANCELED: "its list was cancelled",
    CancelReason.NOT_ENTERED: "it could not enter when its time had come",
}
AFFECTED_LISTED_MAX: Final = 500
"""A mass cancel of more orders is reported with their number only: a longer list would not fit into a message that all
counterparties can take. Each order has a report of its own."""

_TRIGGERED: Final = "58=its trigger price was reached\x01378=99\x01"
"""FIX 4.4 wants an ExecRestatementReason of a restatement, and has none for this."""
_RESTATEMENT: Final = {
    **dict.fromkeys(CancelReason, "378=8\x01"),
    **dict.fromkeys((CancelReason.REQUESTED, CancelReason.MASS_CANCEL, CancelReason.LIST_CANCELED, *EXPIRIES), ""),
    CancelReason.DISCONNECTED: "378=7\x01",
    CancelReason.AUCTION_OVER: "378=8\x01",
    CancelReason.PHASE: "378=8\x01",
}
"""ExecRestatementReason, where nobody asked: 8 market option, the venue's rules; 7 cancel on system failure, which in
ExecInst(18) too stands for the loss of the session. An expiry is told by its ExecType."""


class Reports:
    """Makes reports. Knows the instruments, whose definitions never change, and nothing else."""

    __slots__ = ("_instruments", "_makers")

    def __init__(self, instruments: Mapping[str, InstrumentText]) -> None:
        self._instruments = instruments
        self._makers: dict[type, Callable[[Any, str, str, int], Report]] = {
            OrderAccepted: self._order_accepted,
            OrderRejected: self._order_rejected,
            Trade: self._trade,
            TradeAmended: self._trade_amended,
            OrderCanceled: self._order_canceled,
            OrderReplaced: self._order_replaced,
            OrderDecremented: self._order_decremented,
            OrderTriggered: self._order_triggered,
            CancelRejected: self._cancel_rejected,
            MassCanceled: self._mass_canceled,
            OrderStatusReported: self._order_status,
            Refused: self._refused,
            PhaseChanged: self._phase_changed,
            PhaseReported: self._phase_reported,
            UserReported: self._user_reported,
            SessionRecovered: self._session_recovered,
            IndicativePrice: self._indicative_price,
            ListReported: self._list_reported,
            ListRequestRejected: self._list_request_rejected,
            BalancesAnswered: balances_answered,
            BalanceReported: balance_reported,
            TradesAnswered: trades_answered,
            ReplayAnswered: replay_answered,
            ReplayEnded: replay_ended,
            TradeReported: self._trade_reported,
            InstrumentReported: self._instrument_reported,
        }

    def report(self, event: AnyEvent, sequence: int, part: int, time: str) -> Report:
        """Return the report on an event of record `sequence`, stamped `time` (UTCTimestamp)."""
        return self._makers[type(event)](event, f"{sequence}-{part}", time, part)

    def _order_accepted(self, event: OrderAccepted, exec_id: str, time: str, _part: int) -> Report:
        text = self._instruments[event.symbol]
        qty, status = text.qty_text[event.qty], _ORDER_STATUS[event.status]
        price = f"44={text.price_text[event.price]}\x01" if event.price else ""
        terms = "" if event.terms is None else terms_text(event.terms, event.side, text)
        rpt_seq = f"83={event.rpt_seq}\x01" if event.rpt_seq else ""
        return "8", (
            f"37={event.order_id}\x0111={event.cl_ord_id}\x0117={exec_id}\x01150={status}\x0139={status}\x011={event.account}\x01"
            f"55={event.symbol}\x0154={_SIDE[event.side]}\x0138={qty}\x0140={_ORDER_TYPE[event.order_type]}\x01{price}"
            f"59={_TIME_IN_FORCE[event.time_in_force]}\x01{terms}151={qty}\x0114=0\x016=0\x0160={time}\x01{rpt_seq}"
        )

    def _trade(self, event: Trade, _exec_id: str, time: str, part: int) -> Report:
        text = self._instruments[event.symbol]
        qty_text = text.qty_text
        price = text.price_text[event.price]
        is_taker = part & 1
        if is_taker:
            asked, hidden_qty = event.taker_terms, 0
            order_id, cl_ord_id, account = event.taker_order_id, event.taker_cl_ord_id, event.taker_account
            order_type, time_in_force = event.taker_order_type, event.taker_time_in_force
            order_qty, order_price = event.taker_order_qty, event.taker_order_price
            leaves_qty, cum_qty, cum_notional = (
                event.taker_leaves_qty,
                event.taker_cum_qty,
                event.taker_cum_notional,
            )
            fee, liquidity, side = event.taker_fee, "851=2\x011057=Y\x01", _SIDE[event.taker_side]
        else:
            asked, hidden_qty = event.maker_terms, event.maker_hidden_qty
            order_id, cl_ord_id, account = event.maker_order_id, event.maker_cl_ord_id, event.maker_account
            order_type, time_in_force = event.maker_order_type, event.maker_time_in_force
            order_qty, order_price = event.maker_order_qty, event.maker_order_price
            leaves_qty, cum_qty, cum_notional = (
                event.maker_leaves_qty,
                event.maker_cum_qty,
                event.maker_cum_notional,
            )
            fee, liquidity, side = (
                event.maker_fee,
                "851=1\x011057=N\x01",
                "2" if event.taker_side is BUY else "1",
            )
        if event.phase is not CONTINUOUS:
            liquidity = f"851=1\x01336={event.symbol}\x01625={SESSION_SUB_ID[event.phase]}\x01"
        limit = f"44={text.price_text[order_price]}\x01" if order_price else ""
        average = price if cum_qty == event.qty else text.average_price(cum_notional, cum_qty)
        fees = f"136=1\x01137={text.fee_text[fee]}\x01138={text.instrument.quote}\x01139=4\x01" if fee else ""
        terms = ""
        if asked is not None:
            terms = terms_text(asked, int(side), text) + displayed_text(leaves_qty, hidden_qty, text)
        rpt_seq = f"83={event.rpt_seq}\x01" if event.rpt_seq else ""
        return "8", (
            f"37={order_id}\x0111={cl_ord_id}\x0117=T{event.trade_id}-{is_taker}\x01"
            f"150=F\x0139={1 if leaves_qty else 2}\x01"
            f"1={account}\x0155={event.symbol}\x0154={side}\x0138={qty_text[order_qty]}\x01"
            f"40={_ORDER_TYPE[order_type]}\x01{limit}59={_TIME_IN_FORCE[time_in_force]}\x01{terms}"
            f"32={qty_text[event.qty]}\x0131={price}\x01151={qty_text[leaves_qty]}\x0114={qty_text[cum_qty]}\x01"
            f"6={average}\x0160={time}\x01{fees}{liquidity}1003={event.trade_id}\x01{rpt_seq}"
        )

    def _trade_amended(self, event: TradeAmended, exec_id: str, time: str, part: int) -> Report:
        """Tell one side of a bust or a correction: what was busted, or how the trade stands now, and the order."""
        text = self._instruments[event.symbol]
        is_taker = part & 1
        if is_taker:
            asked, side = event.taker_terms, event.taker_side
            order_id, cl_ord_id, account = event.taker_order_id, event.taker_cl_ord_id, event.taker_account
            order_type, time_in_force, status = event.taker_order_type, event.taker_time_in_force, event.taker_status
            order_qty, order_price, leaves_qty = event.taker_order_qty, event.taker_order_price, event.taker_leaves_qty
            cum_qty, cum_notional, fee = event.taker_cum_qty, event.taker_cum_notional, event.taker_fee
        else:
            asked, side = event.maker_terms, SELL if event.taker_side is BUY else BUY
            order_id, cl_ord_id, account = event.maker_order_id, event.maker_cl_ord_id, event.maker_account
            order_type, time_in_force, status = event.maker_order_type, event.maker_time_in_force, event.maker_status
            order_qty, order_price, leaves_qty = event.maker_order_qty, event.maker_order_price, event.maker_leaves_qty
            cum_qty, cum_notional, fee = event.maker_cum_qty, event.maker_cum_notional, event.maker_fee
        is_bust = not event.qty
        last_qty, last_price = (event.previous_qty, event.previous_price) if is_bust else (event.qty, event.price)
        limit = f"44={text.price_text[order_price]}\x01" if order_price else ""
        terms = "" if asked is None else terms_text(asked, side, text)
        fees = f"136=1\x01137={text.fee_text[fee]}\x01138={text.instrument.quote}\x01139=4\x01" if fee else ""
        why = f": {event.why}" if event.why else ""
        rpt_seq = f"83={event.rpt_seq}\x01" if event.rpt_seq else ""
        return "8", (
            f"37={order_id}\x0111={cl_ord_id}\x0117={exec_id}\x0119=T{event.trade_id}-{is_taker}\x01"
            f"150={'H' if is_bust else 'G'}\x0139={_ORDER_STATUS[status]}\x011={account}\x0155={event.symbol}\x01"
            f"54={_SIDE[side]}\x0138={text.qty_text[order_qty]}\x0140={_ORDER_TYPE[order_type]}\x01{limit}"
            f"59={_TIME_IN_FORCE[time_in_force]}\x01{terms}32={text.qty_text[last_qty]}\x01"
            f"31={text.price_text[last_price]}\x01151={text.qty_text[leaves_qty]}\x0114={text.qty_text[cum_qty]}\x01"
            f"6={text.average_price(cum_notional, cum_qty)}\x0160={time}\x01{fees}"
            f"58=the venue has {'busted' if is_bust else 'corrected'} this trade{why}\x01"
            f"1003={event.trade_id}\x01{rpt_seq}"
        )

    def _order_canceled(self, event: OrderCanceled, exec_id: str, time: str, _part: int) -> Report:
        text = self._instruments[event.symbol]
        status = "C" if event.reason in EXPIRIES else "4"
        original = f"41={event.orig_cl_ord_id}\x01" if event.orig_cl_ord_id else ""
        price = f"44={text.price_text[event.price]}\x01" if event.price else ""
        reason = ""
        if event.reason is not REQUESTED:
            refusal = f": [{event.refusal:d}] {TEXTS[event.refusal]}" if event.refusal else ""
            reason = f"58={_CANCEL_TEXTS[event.reason]}{refusal}\x01"
            reason += _RESTATEMENT[event.reason]
            if event.counter_order_id:
                reason += f"25029={event.counter_order_id}\x0125031={text.qty_text[event.prevented_qty]}\x01"
        terms = "" if event.terms is None else terms_text(event.terms, event.side, text)
        rpt_seq = f"83={event.rpt_seq}\x01" if event.rpt_seq else ""
        return "8", (
            f"37={event.order_id}\x0111={event.cl_ord_id}\x01{original}17={exec_id}\x01150={status}\x0139={status}\x01"
            f"1={event.account}\x0155={event.symbol}\x0154={_SIDE[event.side]}\x0138={text.qty_text[event.qty]}\x01"
            f"40={_ORDER_TYPE[event.order_type]}\x01{price}59={_TIME_IN_FORCE[event.time_in_force]}\x01{terms}"
            f"151={text.qty_text[0]}\x0114={text.qty_text[event.cum_qty]}\x01"
            f"6={text.average_price(event.cum_notional, event.cum_qty)}\x0160={time}\x01{reason}{rpt_seq}"
        )

    def _order_decremented(self, event: OrderDecremented, exec_id: str, time: str, _part: int) -> Report:
        text = self._instruments[event.symbol]
        price = f"44={text.price_text[event.price]}\x01" if event.price else ""
        terms = _terms_of(event, text)
        rpt_seq = f"83={event.rpt_seq}\x01" if event.rpt_seq else ""
        return "8", (
            f"37={event.order_id}\x0111={event.cl_ord_id}\x0117={exec_id}\x01150=D\x01"
            f"39={1 if event.cum_qty else 0}\x011={event.account}\x0155={event.symbol}\x0154={_SIDE[event.side]}\x01"
            f"38={text.qty_text[event.qty]}\x01"
            f"40={_ORDER_TYPE[event.order_type]}\x01{price}59={_TIME_IN_FORCE[event.time_in_force]}\x01{terms}"
            f"151={text.qty_text[event.leaves_qty]}\x0114={text.qty_text[event.cum_qty]}\x01"
            f"6={text.average_price(event.cum_notional, event.cum_qty)}\x0160={time}\x01"
            f"58={_CANCEL_TEXTS[CancelReason.SELF_TRADE]}\x01378=5\x01"
            f"25029={event.counter_order_id}\x0125031={text.qty_text[event.prevented_qty]}\x01{rpt_seq}"
        )

    def _order_replaced(self, event: OrderReplaced, exec_id: str, time: str, _part: int) -> Report:
        text = self._instruments[event.symbol]
        status = "A" if event.status is OrderStatus.PENDING_NEW else 1 if event.cum_qty else 0
        price = f"44={text.price_text[event.price]}\x01" if event.price else ""
        terms = _terms_of(event, text)
        rpt_seq = f"83={event.rpt_seq}\x01" if event.rpt_seq else ""
        return "8", (
            f"37={event.order_id}\x0111={event.cl_ord_id}\x0141={event.orig_cl_ord_id}\x0117={exec_id}\x01150=5\x01"
            f"39={status}\x011={event.account}\x0155={event.symbol}\x0154={_SIDE[event.side]}\x01"
            f"38={text.qty_text[event.qty]}\x0140={_ORDER_TYPE[event.order_type]}\x01"
            f"{price}59={_TIME_IN_FORCE[event.time_in_force]}\x01{terms}"
            f"151={text.qty_text[event.leaves_qty]}\x0114={text.qty_text[event.cum_qty]}\x01"
            f"6={text.average_price(event.cum_notional, event.cum_qty)}\x0160={time}\x01{rpt_seq}"
        )

    def _order_triggered(self, event: OrderTriggered, exec_id: str, time: str, _part: int) -> Report:
        text = self._instruments[event.symbol]
        qty = text.qty_text[event.qty]
        terms = "" if event.terms is None else terms_text(event.terms, event.side, text)
        rpt_seq = f"83={event.rpt_seq}\x01" if event.rpt_seq else ""
        return "8", (
            f"37={event.order_id}\x0111={event.cl_ord_id}\x0117={exec_id}\x01150=D\x0139=0\x011={event.account}\x01"
            f"55={event.symbol}\x0154={_SIDE[event.side]}\x0138={qty}\x0140={_ORDER_TYPE[event.order_type]}\x01"
            f"44={text.price_text[event.price]}\x0159={_TIME_IN_FORCE[event.time_in_force]}\x01{terms}636=Y\x01"
            f"151={qty}\x0114=0\x016=0\x0160={time}\x01{_TRIGGERED}{rpt_seq}"
        )

    def _order_rejected(self, event: OrderRejected, exec_id: str, time: str, _part: int) -> Report:
        text = self._instruments.get(event.symbol)
        terms = ""
        if text is not None:
            price = f"44={text.price_text[event.price]}\x01" if event.price else ""
            asked = "" if event.terms is None else terms_text(event.terms, event.side, text)
            is_for_amount = event.terms is not None and event.terms.cash_amount and not event.qty
            qty = "" if is_for_amount else f"38={text.qty_text[event.qty]}\x01"
            terms = f"{qty}40={_ORDER_TYPE[event.order_type]}\x01{price}{asked}"
        return "8", (
            f"37=NONE\x0111={event.cl_ord_id}\x0117={exec_id}\x01150=8\x0139=8\x01"
            f"103={ord_rej_reason(event.reason)}\x011={event.account}\x0155={event.symbol}\x01"
            f"54={_SIDE[event.side]}\x01{terms}59={_TIME_IN_FORCE[event.time_in_force]}\x01151=0\x0114=0\x016=0\x01"
            f"60={time}\x0158=[{event.reason:d}] {event.text}\x01"
        )

    def _cancel_rejected(self, event: CancelRejected, _exec_id: str, time: str, _part: int) -> Report:
        return "9", (
            f"37={event.order_id or 'NONE'}\x0111={event.cl_ord_id}\x0141={event.orig_cl_ord_id or 'NONE'}\x01"
            f"39={_ORDER_STATUS[event.status]}\x011={event.account}\x0160={time}\x01"
            f"434={2 if event.is_replace else 1}\x01102={cxl_rej_reason(event.reason)}\x01"
            f"58=[{event.reason:d}] {event.text}\x01"
        )

    def _mass_canceled(self, event: MassCanceled, exec_id: str, time: str, _part: int) -> Report:
        symbol = f"55={event.symbol}\x01" if event.symbol else ""
        side = f"54={_SIDE[event.side]}\x01" if event.side else ""
        if event.reason:
            outcome = f"531=0\x01532={mass_cancel_reject_reason(event.reason)}\x01"
            text = f"58=[{event.reason:d}] {event.text}\x01"
        else:
            count = len(event.order_ids)
            outcome = f"531={event.scope:d}\x01533={count}\x01"
            if 0 < count <= AFFECTED_LISTED_MAX:
                outcome += f"534={count}\x01" + "".join(
                    f"41={cl_ord_id}\x01535={order_id}\x01"
                    for cl_ord_id, order_id in zip(event.orig_cl_ord_ids, event.order_ids, strict=True)
                )
            text = ""
        return "r", (
            f"11={event.cl_ord_id}\x0137={exec_id}\x01530={event.scope:d}\x01{outcome}{symbol}{side}60={time}\x01{text}"
        )

    def _order_status(self, event: OrderStatusReported, exec_id: str, time: str, _part: int) -> Report:
        text = self._instruments.get(event.symbol)
        request = f"790={event.request_id}\x01" if event.request_id else ""
        if event.is_mass_status or event.last_report:
            request = (
                f"584={event.request_id}\x01911={event.total_reports}\x01912={'Y' if event.last_report else 'N'}\x01"
            )
        if not event.order_id or text is None:
            cl_ord_id = f"11={event.cl_ord_id}\x01" if event.cl_ord_id else ""
            account = f"1={event.account}\x01" if event.account else ""
            return "8", (
                f"37=NONE\x01{cl_ord_id}{request}17={exec_id}\x01150=I\x0139=8\x01"
                f"103={ord_rej_reason(event.reason)}\x01{account}55={event.symbol or '[N/A]'}\x01"
                f"54={_SIDE[event.side] or _UNDISCLOSED}\x01151=0\x0114=0\x016=0\x0160={time}\x01"
                f"58=[{event.reason:d}] {event.text}\x01"
            )
        price = f"44={text.price_text[event.price]}\x01" if event.price else ""
        terms = _terms_of(event, text)
        return "8", (
            f"37={event.order_id}\x0111={event.cl_ord_id}\x01{request}17={exec_id}\x01150=I\x01"
            f"39={_ORDER_STATUS[event.status]}\x011={event.account}\x0155={event.symbol}\x0154={_SIDE[event.side]}\x01"
            f"38={text.qty_text[event.qty]}\x0140={_ORDER_TYPE[event.order_type]}\x01{price}"
            f"59={_TIME_IN_FORCE[event.time_in_force]}\x01{terms}151={text.qty_text[event.leaves_qty]}\x01"
            f"14={text.qty_text[event.cum_qty]}\x016={text.average_price(event.cum_notional, event.cum_qty)}\x01"
            f"60={time}\x01"
        )

    def _phase_changed(self, event: PhaseChanged, _exec_id: str, time: str, part: int) -> Report:
        return phase_changed(event, self._instruments[event.symbol], time, is_session_status=bool(part & 1))

    def _phase_reported(self, event: PhaseReported, _exec_id: str, time: str, _part: int) -> Report:
        return phase_reported(event, self._instruments.get(event.symbol), time)

    def _user_reported(self, event: UserReported, _exec_id: str, _time: str, _part: int) -> Report:
        status = "926=3\x01927=not the user of this session\x01"
        if event.is_known:
            status = f"926=1\x01927={limits_text(event.throttle, event.orders_left, event.queries_left)}\x01"
        return "BF", f"923={event.request_id}\x01553={event.user}\x01{status}"

    def _session_recovered(self, event: SessionRecovered, _exec_id: str, _time: str, _part: int) -> Report:
        text = f"{event.missed} missed messages, {event.orders} open orders"
        return "B", f"148=recovery complete\x0133=1\x0158={text}\x01"

    def _indicative_price(self, event: IndicativePrice, _exec_id: str, time: str, _part: int) -> Report:
        return indicative_price(event, self._instruments[event.symbol], time)

    def _trade_reported(self, event: TradeReported, exec_id: str, _time: str, _part: int) -> Report:
        return trade_reported(event, exec_id, self._instruments[event.symbol])

    def _instrument_reported(self, event: InstrumentReported, exec_id: str, _time: str, _part: int) -> Report:
        return instrument_reported(event, self._instruments.get(event.symbol) if event.total else None, exec_id)

    def _list_reported(self, event: ListReported, _exec_id: str, time: str, _part: int) -> Report:
        """Tell how a list stands, or why it was refused."""
        if event.reason:
            status, text = _REFUSED_LIST, f"444=[{event.reason:d}] {event.text}\x01"
        else:
            status, text = f"429={event.report:d}\x0182=1\x01431={6 if event.is_done else 3}\x01", ""
        count = len(event.orders)
        orders = "".join(map(self._listed_order, event.orders))
        head = _list_status(event.list_id, status, text, time)
        return "N", f"{head}1385={event.contingency:d}\x0168={count}\x0173={count}\x01{orders}"

    def _listed_order(self, order: ListedOrder) -> str:
        text = self._instruments.get(order.symbol)
        amounts = f"14=0\x0139={_ORDER_STATUS[order.status]}\x01151=0\x0184=0\x016=0\x01"
        if text is not None:
            amounts = (
                f"14={text.qty_text[order.cum_qty]}\x0139={_ORDER_STATUS[order.status]}\x01"
                f"151={text.qty_text[order.leaves_qty]}\x0184={text.qty_text[order.canceled_qty]}\x01"
                f"6={text.average_price(order.cum_notional, order.cum_qty)}\x01"
            )
        reason = ""
        if order.reason:
            reason = f"103={ord_rej_reason(order.reason)}\x0158=[{order.reason:d}] {order.text}\x01"
        return f"11={order.cl_ord_id}\x01{amounts}{reason}"

    def _list_request_rejected(self, event: ListRequestRejected, _exec_id: str, _time: str, _part: int) -> Report:
        return "j", (
            f"45={event.ref_seq_num}\x01372={'K' if event.is_cancel else 'M'}\x01379={event.list_id}\x01"
            f"380={business_reject_reason(event.reason)}\x0158=[{event.reason:d}] {event.text}\x01"
        )

    def _refused(self, event: Refused, exec_id: str, time: str, _part: int) -> Report:
        text = f"58=[{event.reason:d}] {event.text}\x01"
        ids = f"11={event.cl_ord_id}\x01" if event.cl_ord_id else ""
        account = f"1={event.account}\x01" if event.account else ""
        match event.form:
            case "3":
                ref_tag = f"371={event.ref_tag}\x01" if event.ref_tag else ""
                ref_type = f"372={event.ref_msg_type}\x01" if event.ref_msg_type else ""
                body = f"45={event.ref_seq_num}\x01{ref_tag}{ref_type}373={event.reason}\x0158={event.text}\x01"
                body = event.terms + body
            case "8":
                body = (
                    f"37=NONE\x01{ids}17={exec_id}\x01150=8\x0139=8\x01103={ord_rej_reason(event.reason)}\x01{account}"
                    f"55={event.symbol}\x0154={event.side}\x01{event.terms}151=0\x0114=0\x016=0\x0160={time}\x01{text}"
                )
            case "9":
                body = (
                    f"37={event.order_id or 'NONE'}\x01{ids}41={event.orig_cl_ord_id or 'NONE'}\x01"
                    f"39={_ORDER_STATUS[event.status]}\x01{account}60={time}\x01"
                    f"434={event.request_type}\x01102={cxl_rej_reason(event.reason)}\x01{text}"
                )
            case "N":
                body = _list_status(event.cl_ord_id, _REFUSED_LIST, f"444=[{event.reason:d}] {event.text}\x01", time)
                body += event.terms
            case "r":
                body = (
                    f"{ids}37={exec_id}\x01530={event.request_type}\x01531=0\x01"
                    f"532={mass_cancel_reject_reason(event.reason)}\x0160={time}\x01{text}"
                )
            case _:
                ref_id = f"379={event.cl_ord_id}\x01" if event.cl_ord_id else ""
                body = (
                    f"45={event.ref_seq_num}\x01372={event.ref_msg_type}\x01{ref_id}"
                    f"380={business_reject_reason(event.reason)}\x01{text}"
                )
        return event.form, body


def _terms_of(event: OrderDecremented | OrderReplaced | OrderStatusReported, text: InstrumentText) -> str:
    """Return the terms of an order, and how much of it the market sees."""
    if event.terms is None:
        return ""
    return terms_text(event.terms, event.side, text) + displayed_text(event.leaves_qty, event.hidden_qty, text)


def _list_status(list_id: str, status: str, text: str, time: str) -> str:
    """Return the fields of a ListStatus before ContingencyType; `status` has ListStatusType(429) and what follows."""
    return f"66={list_id}\x01{status}83=1\x01{text}60={time}\x01"


_REFUSED_LIST: Final = "429=1\x0182=1\x01431=7\x01"
_UNDISCLOSED: Final = "7"
"""Side(54) where a report is on no order at all, and FIX requires one."""
