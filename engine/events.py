"""Events: all that the exchange has to say. An event holds all that a report on it needs.

Quantities are lots, prices ticks, amounts smallest units; `cum_notional` is the quote amount traded so far, so that
the average price is exact. Events of an order name the session that entered it (`session`). `rpt_seq` numbers what the
public sees of an instrument, and is 0 where the public sees nothing (`engine.publishing`). Those of sessions are in
`engine.session_events`, those that answer questions in `engine.answer_events`; `AnyEvent` has them all.
"""

import msgspec

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
from engine.event import Event
from engine.rules import Limits, Rules, ScheduledPhase, SelfTradeRule
from engine.session_events import (
    CredentialsSet,
    LogoutOrdered,
    SequenceReset,
    SequenceSet,
    SessionDown,
    SessionProvisioned,
    SessionRecovered,
    SessionRemoved,
    SessionResumed,
    SessionSuspended,
    SessionUp,
    UserReported,
)
from engine.terms import Terms
from engine.values import (
    Amount,
    CancelReason,
    Contingency,
    ListReport,
    MassCancelScope,
    OrderStatus,
    OrderType,
    Phase,
    Price,
    Qty,
    Scope,
    Side,
    TimeInForce,
)


class AssetAdded(Event, tag=1, frozen=True, array_like=True, gc=False):
    """An asset is admitted."""

    asset: str
    by: str = ""
    why: str = ""


class InstrumentAdded(Event, tag=2, frozen=True, array_like=True, gc=False):
    """An instrument is admitted and open for trading."""

    symbol: str
    base: str = ""
    quote: str = ""
    base_per_lot: Amount = 0
    """What a lot is of the base asset."""
    by: str = ""
    why: str = ""


class AccountOpened(Event, tag=3, frozen=True, array_like=True, gc=False):
    """An account is open, with nothing in it."""

    account: str
    by: str = ""
    why: str = ""


class Credited(Event, tag=4, frozen=True, array_like=True, gc=False):
    """A deposit is booked; `available` is the account's free balance of the asset after it."""

    account: str
    asset: str
    amount: Amount
    available: Amount
    reference: str
    by: str = ""
    why: str = ""


class WithdrawalHeld(Event, tag=60, frozen=True, array_like=True, gc=False):
    """Funds are held for a withdrawal; `available` and `held` are what the account has of the asset after it."""

    withdrawal_id: str
    account: str
    asset: str
    amount: Amount
    available: Amount
    held: Amount
    by: str
    why: str


class WithdrawalReleased(Event, tag=61, frozen=True, array_like=True, gc=False):
    """All that was held for a withdrawal is available again."""

    withdrawal_id: str
    account: str
    asset: str
    amount: Amount
    available: Amount
    held: Amount
    by: str
    why: str


class WithdrawalSettled(Event, tag=62, frozen=True, array_like=True, gc=False):
    """`amount` has left the venue; `released` is the rest of what was held for it, and available again."""

    withdrawal_id: str
    account: str
    asset: str
    amount: Amount
    released: Amount
    available: Amount
    held: Amount
    by: str
    why: str


class Debited(Event, tag=63, frozen=True, array_like=True, gc=False):
    """A deposit is taken back; `available` is the account's free balance of the asset after it."""

    account: str
    asset: str
    amount: Amount
    available: Amount
    reference: str
    by: str
    why: str


class Transferred(Event, tag=64, frozen=True, array_like=True, gc=False):
    """Funds have moved between two accounts; `_available` are their free balances of the asset after it."""

    from_account: str
    to_account: str
    asset: str
    amount: Amount
    from_available: Amount
    to_available: Amount
    reference: str
    by: str
    why: str


class FeeCharged(Event, tag=69, frozen=True, array_like=True, gc=False):
    """A fee is taken that is none of a trade; `available` is the account's free balance of the asset after it."""

    account: str
    asset: str
    amount: Amount
    available: Amount
    reference: str
    by: str
    why: str


class WithdrawalsBlocked(Event, tag=65, frozen=True, array_like=True, gc=False):
    """A firm or an account is blocked for withdrawals, by whom and why. What is held for them stays."""

    scope: Scope
    name: str
    by: str
    why: str
    was_blocked: bool
    """It was already, and the first who blocked it stands."""


class WithdrawalsUnblocked(Event, tag=66, frozen=True, array_like=True, gc=False):
    """A firm or an account may withdraw again, or might in the first place."""

    scope: Scope
    name: str
    by: str
    why: str
    was_blocked: bool


class FundsRefused(Event, tag=67, frozen=True, array_like=True, gc=False):
    """A command on funds was refused for `reason` (engine band); nothing has changed.

    `ALREADY_DONE` tells that it had been carried out before: to who asks again, as good as done.
    """

    reference: str
    """The command's reference, or its withdrawal's."""
    reason: int
    text: str
    by: str


class CommandRejected(Event, tag=7, frozen=True, array_like=True, gc=False):
    """A command of the house (not of a broker) was refused; nothing has changed."""

    text: str


class OrderAccepted(Event, tag=8, frozen=True, array_like=True, gc=False):
    """An order is live; or, with status PENDING_NEW, it waits for its start, and this comes again when it starts."""

    session: str
    account: str
    order_id: int
    cl_ord_id: str
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    qty: Qty
    price: Price
    terms: Terms | None = None
    status: OrderStatus = OrderStatus.NEW
    rpt_seq: int = 0
    displayed_qty: Qty = 0
    """What the market sees of it, where this has a number: 0 if it is gone from the book."""
    reserved: Amount = 0
    """What has been reserved for it since it was last told of."""


class OrderRejected(Event, tag=9, frozen=True, array_like=True, gc=False):
    """An order was refused for `reason` (engine band); nothing has changed."""

    session: str
    account: str
    cl_ord_id: str
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    qty: Qty
    price: Price
    reason: int
    text: str
    terms: Terms | None = None


class Trade(Event, tag=10, frozen=True, array_like=True, gc=False):
    """Two orders met. One event for both sides: the tape, both reports and the books all come from it.

    The price is the resting (maker) order's. Fees are in the quote asset; the buyer pays the notional and its fee, the
    seller gets the notional less its fee. All `_leaves_qty`, `_cum_qty` and `_cum_notional` are after the trade.
    """

    trade_id: int
    symbol: str
    price: Price
    qty: Qty
    notional: Amount
    maker_session: str
    maker_account: str
    maker_order_id: int
    maker_cl_ord_id: str
    maker_order_type: OrderType
    maker_time_in_force: TimeInForce
    maker_order_qty: Qty
    maker_order_price: Price
    maker_leaves_qty: Qty
    maker_cum_qty: Qty
    maker_cum_notional: Amount
    maker_fee: Amount
    taker_session: str
    taker_account: str
    taker_order_id: int
    taker_cl_ord_id: str
    taker_side: Side
    taker_order_type: OrderType
    taker_time_in_force: TimeInForce
    taker_order_qty: Qty
    taker_order_price: Price
    taker_leaves_qty: Qty
    taker_cum_qty: Qty
    taker_cum_notional: Amount
    taker_fee: Amount
    maker_terms: Terms | None = None
    taker_terms: Terms | None = None
    maker_hidden_qty: Qty = 0
    """What of its leaves quantity the maker does not display."""
    phase: Phase = Phase.CONTINUOUS
    """In another, both met in an auction: the maker is the order that was entered first."""
    rpt_seq: int = 0
    maker_released: Amount = 0
    """What the maker's reservation has become less by, its payment included,"""
    taker_released: Amount = 0
    """and the taker's."""
    maker_fee_ppm: int | None = None
    """The rates at which the fees were charged, in millionths of the notional,"""
    taker_fee_ppm: int | None = None
    """None if a version wrote it that had the instrument's only."""


class OrderCanceled(Event, tag=11, frozen=True, array_like=True, gc=False):
    """What was left of an order is gone.

    `requester` and `cl_ord_id` are those of the request, where there was one; else the order's own session and id, with
    `orig_cl_ord_id` empty.
    """

    session: str
    requester: str
    account: str
    order_id: int
    cl_ord_id: str
    orig_cl_ord_id: str
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    qty: Qty
    price: Price
    cum_qty: Qty
    cum_notional: Amount
    reason: CancelReason
    terms: Terms | None = None
    prevented_qty: Qty = 0
    """With reason SELF_TRADE: how much it would have traded,"""
    counter_order_id: int = 0
    """with which other order of the same owner."""
    refusal: int = 0
    """The reason code of what it could not do, where that is the reason."""
    rpt_seq: int = 0
    released: Amount = 0
    """What is free again; for one of a pair, what the pair need not reserve any more."""


class OrderReplaced(Event, tag=12, frozen=True, array_like=True, gc=False):
    """An order goes on with the values given here; with status PENDING_NEW, it waits for its start."""

    session: str
    requester: str
    account: str
    order_id: int
    cl_ord_id: str
    orig_cl_ord_id: str
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    qty: Qty
    price: Price
    leaves_qty: Qty
    cum_qty: Qty
    cum_notional: Amount
    terms: Terms | None = None
    hidden_qty: Qty = 0
    """What of its leaves quantity it does not display."""
    status: OrderStatus = OrderStatus.NEW
    kept_priority: bool = False
    """It stays where it was in its queue on the book."""
    rpt_seq: int = 0
    displayed_qty: Qty = 0
    """What the market sees of it, where this has a number: 0 if it is gone from the book."""
    reserved: Amount = 0
    """What it, or the pair it is of, has reserved more than before; below zero, less."""


class CancelRejected(Event, tag=13, frozen=True, array_like=True, gc=False):
    """A cancel, or with `is_replace` a replace, was refused; `status` is the order's (REJECTED if unknown)."""

    session: str
    account: str
    order_id: int
    cl_ord_id: str
    orig_cl_ord_id: str
    status: OrderStatus
    is_replace: bool
    reason: int
    text: str


class MassCanceled(Event, tag=14, frozen=True, array_like=True, gc=False):
    """The outcome of a mass cancel; the orders' own cancels precede it. `reason` 0: done."""

    session: str
    cl_ord_id: str
    scope: MassCancelScope
    symbol: str
    side: int
    order_ids: tuple[int, ...]
    orig_cl_ord_ids: tuple[str, ...]
    reason: int
    text: str


class OrderStatusReported(Event, tag=15, frozen=True, array_like=True, gc=False):
    """The state of an order, as asked. An unknown order has `order_id` 0, status REJECTED and a `reason`.

    `total_reports` above 0: one of that many answers to a mass status request, `last_report` on the last.
    """

    session: str
    account: str
    order_id: int
    cl_ord_id: str
    symbol: str
    side: int
    order_type: OrderType
    time_in_force: TimeInForce
    qty: Qty
    price: Price
    leaves_qty: Qty
    cum_qty: Qty
    cum_notional: Amount
    status: OrderStatus
    reason: int
    text: str
    request_id: str
    is_mass_status: bool
    total_reports: int
    last_report: bool
    terms: Terms | None = None
    hidden_qty: Qty = 0
    """What of its leaves quantity it does not display."""


class Refused(Event, tag=16, frozen=True, array_like=True, gc=False):
    """The gateway refused a message; the fields are those of the `Refuse` command.

    `is_own_account`: `account` is one of the session's, and not just what the message claimed.
    """

    session: str
    ref_seq_num: int
    form: str
    reason: int
    text: str
    ref_msg_type: str
    ref_tag: int
    cl_ord_id: str
    orig_cl_ord_id: str
    account: str
    symbol: str
    side: str
    request_type: str
    order_id: int = 0
    status: OrderStatus = OrderStatus.REJECTED
    terms: str = ""
    is_own_account: bool = False


class TradingDayEnded(Event, tag=17, frozen=True, array_like=True, gc=False):
    """The trading day `day` (YYYYMMDD) is over; the expiries of its DAY orders precede this."""

    day: int


class RulesSet(Event, tag=18, frozen=True, array_like=True, gc=False):
    """An instrument has these trading rules from now on."""

    symbol: str
    rules: Rules
    by: str = ""
    why: str = ""


class TradeAmended(Event, tag=55, frozen=True, array_like=True, gc=False):
    """Staff have busted a trade (`qty` 0), or corrected it.

    Price, quantity, notional and fees are the trade's from now on; those it had until now are the `previous_` ones.
    All `_status`, `_leaves_qty`, `_cum_qty` and `_cum_notional` are the orders' after it.
    """

    trade_id: int
    symbol: str
    price: Price
    qty: Qty
    notional: Amount
    previous_price: Price
    previous_qty: Qty
    previous_notional: Amount
    maker_session: str
    maker_account: str
    maker_order_id: int
    maker_cl_ord_id: str
    maker_order_type: OrderType
    maker_time_in_force: TimeInForce
    maker_status: OrderStatus
    maker_order_qty: Qty
    maker_order_price: Price
    maker_leaves_qty: Qty
    maker_cum_qty: Qty
    maker_cum_notional: Amount
    maker_fee: Amount
    maker_previous_fee: Amount
    taker_session: str
    taker_account: str
    taker_order_id: int
    taker_cl_ord_id: str
    taker_side: Side
    taker_order_type: OrderType
    taker_time_in_force: TimeInForce
    taker_status: OrderStatus
    taker_order_qty: Qty
    taker_order_price: Price
    taker_leaves_qty: Qty
    taker_cum_qty: Qty
    taker_cum_notional: Amount
    taker_fee: Amount
    taker_previous_fee: Amount
    by: str
    why: str
    maker_terms: Terms | None = None
    taker_terms: Terms | None = None
    rpt_seq: int = 0


class FeesSet(Event, tag=68, frozen=True, array_like=True, gc=False):
    """A firm or an account has these rates from now on; the fields are those of the `SetFees` command."""

    scope: Scope
    name: str
    symbol: str
    maker_ppm: int | None
    taker_ppm: int | None
    by: str
    why: str


class LimitsSet(Event, tag=35, frozen=True, array_like=True, gc=False):
    """A firm or an account has these limits from now on."""

    scope: Scope
    name: str
    limits: Limits
    by: str = ""
    why: str = ""


class Blocked(Event, tag=36, frozen=True, array_like=True, gc=False):
    """A firm, an account or a session is blocked, by whom and why; `canceled` orders of it precede this."""

    scope: Scope
    name: str
    by: str
    why: str
    canceled: int
    was_blocked: bool
    """It was already, and the first who blocked it stands."""


class Unblocked(Event, tag=37, frozen=True, array_like=True, gc=False):
    """A firm, an account or a session is blocked no more, or was not in the first place."""

    scope: Scope
    name: str
    by: str
    why: str
    was_blocked: bool


class PhaseChanged(Event, tag=45, frozen=True, array_like=True, gc=False):
    """An instrument is in another phase of trading; or in the same, for longer."""

    symbol: str
    phase: Phase
    before: Phase
    ends_ns: int = 0
    """When it ends by itself, nanoseconds since the epoch; 0 if that is not known."""
    by: str = ""
    why: str = ""
    last_price: Price = 0
    security_status_to: tuple[str, ...] = ()
    """The sessions that have asked to be told, by SecurityStatus"""
    session_status_to: tuple[str, ...] = ()
    """and by TradingSessionStatus."""
    rpt_seq: int = 0


class AuctionEnded(Event, tag=46, frozen=True, array_like=True, gc=False):
    """An auction has been held; its trades follow. A `price` of 0: nothing could trade.

    `surplus` stays at that price: above zero it is of buyers, below of sellers.
    """

    symbol: str
    phase: Phase
    price: Price
    qty: Qty
    surplus: Qty
    rpt_seq: int = 0


class SelfTradeSet(Event, tag=23, frozen=True, array_like=True, gc=False):
    """An account or a session has this rule for self-trades from now on."""

    account: str
    session: str
    rule: SelfTradeRule
    by: str = ""
    why: str = ""


class OrderDecremented(Event, tag=24, frozen=True, array_like=True, gc=False):
    """An order got smaller by `prevented_qty`, so that it would not trade with another one of the same owner."""

    session: str
    account: str
    order_id: int
    cl_ord_id: str
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    qty: Qty
    price: Price
    leaves_qty: Qty
    cum_qty: Qty
    cum_notional: Amount
    hidden_qty: Qty
    prevented_qty: Qty
    counter_order_id: int
    terms: Terms | None = None
    rpt_seq: int = 0
    released: Amount = 0
    """What it need not reserve any more."""


class ListedOrder(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An order of a list, as a report on the list has it. `reason` and `text` say why it was refused, if it was."""

    cl_ord_id: str
    symbol: str
    status: OrderStatus
    leaves_qty: Qty = 0
    cum_qty: Qty = 0
    canceled_qty: Qty = 0
    cum_notional: Amount = 0
    reason: int = 0
    text: str = ""


class ListReported(Event, tag=30, frozen=True, array_like=True, gc=False):
    """The state of a list of orders. With a `reason` it was refused, and nothing has changed."""

    session: str
    list_id: str
    contingency: Contingency
    report: ListReport
    is_done: bool
    orders: tuple[ListedOrder, ...]
    reason: int = 0
    text: str = ""


class ListRequestRejected(Event, tag=31, frozen=True, array_like=True, gc=False):
    """A request to cancel a list, or to tell its state, was refused."""

    session: str
    ref_seq_num: int
    list_id: str
    is_cancel: bool
    reason: int
    text: str


class IndicativePrice(Event, tag=47, frozen=True, array_like=True, gc=False):
    """What an auction would come to if it ended now, as `AuctionEnded` has it; only where that has changed."""

    symbol: str
    phase: Phase
    price: Price
    qty: Qty
    surplus: Qty
    security_status_to: tuple[str, ...] = ()
    rpt_seq: int = 0


class ScheduleSet(Event, tag=48, frozen=True, array_like=True, gc=False):
    """An instrument has this schedule from now on."""

    symbol: str
    schedule: tuple[ScheduledPhase, ...]
    by: str = ""
    why: str = ""


class OrderTriggered(Event, tag=26, frozen=True, array_like=True, gc=False):
    """The price that an order waited for was reached, and the order enters the book. Nothing of it has traded yet."""

    session: str
    account: str
    order_id: int
    cl_ord_id: str
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    qty: Qty
    price: Price
    terms: Terms | None = None
    rpt_seq: int = 0
    displayed_qty: Qty = 0
    """What the market sees of it, where this has a number: 0 if it is gone from the book."""
    released: Amount = 0
    """What it need not reserve any more, as its worst price is a better one."""


class IndexPriceSet(Event, tag=27, frozen=True, array_like=True, gc=False):
    """An instrument has this index price, from a source that had it at `source_time_ns`."""

    symbol: str
    price: Price
    source: str
    source_time_ns: int
    rpt_seq: int = 0


AnyEvent = (
    AssetAdded
    | InstrumentAdded
    | AccountOpened
    | Credited
    | SessionProvisioned
    | SequenceReset
    | CommandRejected
    | OrderAccepted
    | OrderRejected
    | Trade
    | OrderCanceled
    | OrderReplaced
    | CancelRejected
    | MassCanceled
    | OrderStatusReported
    | Refused
    | TradingDayEnded
    | RulesSet
    | SelfTradeSet
    | OrderDecremented
    | PhaseChanged
    | AuctionEnded
    | IndicativePrice
    | ScheduleSet
    | PhaseReported
    | BalancesAnswered
    | BalanceReported
    | TradesAnswered
    | TradeReported
    | UserReported
    | SessionRecovered
    | InstrumentReported
    | ReplayAnswered
    | ReplayEnded
    | TradeAmended
    | LimitsSet
    | Blocked
    | Unblocked
    | SessionUp
    | SessionDown
    | ListReported
    | ListRequestRejected
    | OrderTriggered
    | IndexPriceSet
    | CredentialsSet
    | SessionSuspended
    | SessionResumed
    | SessionRemoved
    | SequenceSet
    | LogoutOrdered
    | WithdrawalHeld
    | WithdrawalReleased
    | WithdrawalSettled
    | Debited
    | Transferred
    | FeeCharged
    | WithdrawalsBlocked
    | WithdrawalsUnblocked
    | FundsRefused
    | FeesSet
)
"""Every event there is; the type by which the journal is decoded."""

PublicEvent = (
    OrderAccepted
    | Trade
    | OrderCanceled
    | OrderReplaced
    | OrderDecremented
    | OrderTriggered
    | PhaseChanged
    | AuctionEnded
    | IndicativePrice
    | TradeAmended
    | IndexPriceSet
)
"""Those that may change what the public sees of an instrument; where one does, it has a `rpt_seq`."""
