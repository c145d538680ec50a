"""Commands: all that can change the venue. Each is journaled with the events it caused.

A command that came in over a session carries that session and the MsgSeqNum it came in with, so that after a crash
the journal tells which message is expected next. Quantities are lots, prices ticks, amounts smallest units.
"""

import msgspec

from engine.profile import Credentials, SessionProfile, SessionSetUp
from engine.rules import Limits, Rules, ScheduledPhase, SelfTradeRule
from engine.terms import Terms
from engine.values import (
    Amount,
    CancelOnDisconnect,
    Contingency,
    MassCancelScope,
    OrderStatus,
    OrderType,
    Phase,
    Price,
    Qty,
    Scope,
    Side,
    Subscription,
    TimeInForce,
)


class Command(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What every command is: an immutable, tagged array in the journal."""


class AddAsset(Command, tag=1, frozen=True, array_like=True, gc=False):
    """Admit an asset. `decimals`: digits after the point of one unit down to the smallest unit."""

    asset: str
    decimals: int
    by: str = ""
    """Who asked for it; empty if the settings did."""
    why: str = ""


class AddInstrument(Command, tag=2, frozen=True, array_like=True, gc=False):
    """Admit an instrument. Increments are integers in units of 10^-decimals; fees in basis points of the notional."""

    symbol: str
    base: str
    quote: str
    price_increment: int
    price_decimals: int
    qty_increment: int
    qty_decimals: int
    maker_fee_bps: int
    taker_fee_bps: int
    order_qty_max: Qty
    by: str = ""
    """Who asked for it; empty if the settings did."""
    why: str = ""


class OpenAccount(Command, tag=3, frozen=True, array_like=True, gc=False):
    """Open a cash account of a firm; without one it is a firm of its own, named as the account."""

    account: str
    firm: str = ""
    by: str = ""
    """Who asked for it; empty if the settings did."""
    why: str = ""


class Credit(Command, tag=4, frozen=True, array_like=True, gc=False):
    """Book a deposit to an account. `reference` names it outside the venue and is accepted once."""

    account: str
    asset: str
    amount: Amount
    reference: str
    by: str = ""
    """Who asked for it; empty if the settings did."""
    why: str = ""


class HoldWithdrawal(Command, tag=60, frozen=True, array_like=True, gc=False):
    """Hold available funds of an account for a withdrawal. `withdrawal_id` names it, and is accepted once."""

    account: str
    asset: str
    amount: Amount
    withdrawal_id: str
    by: str
    why: str


class ReleaseWithdrawal(Command, tag=61, frozen=True, array_like=True, gc=False):
    """Give back what is held for a withdrawal, which is not made."""

    withdrawal_id: str
    by: str
    why: str


class SettleWithdrawal(Command, tag=62, frozen=True, array_like=True, gc=False):
    """Take `amount` out of the venue, at most what is held for the withdrawal, and give back the rest of that."""

    withdrawal_id: str
    amount: Amount
    by: str
    why: str


class Debit(Command, tag=63, frozen=True, array_like=True, gc=False):
    """Take back a deposit, or some of it, that should not have been booked. `reference` is accepted once."""

    account: str
    asset: str
    amount: Amount
    reference: str
    by: str
    why: str


class Transfer(Command, tag=64, frozen=True, array_like=True, gc=False):
    """Move available funds from one account of the venue to another. `reference` is accepted once."""

    from_account: str
    to_account: str
    asset: str
    amount: Amount
    reference: str
    by: str
    why: str


class ChargeFee(Command, tag=68, frozen=True, array_like=True, gc=False):
    """Take a fee that is none of a trade, as a monthly one, from available funds. `reference` is accepted once."""

    account: str
    asset: str
    amount: Amount
    reference: str
    by: str
    why: str


class BlockWithdrawals(Command, tag=65, frozen=True, array_like=True, gc=False):
    """Let no more funds be held for withdrawals of a firm or an account, or transferred from it."""

    scope: Scope
    name: str
    by: str
    why: str


class UnblockWithdrawals(Command, tag=66, frozen=True, array_like=True, gc=False):
    """Let a firm or an account withdraw again."""

    scope: Scope
    name: str
    by: str
    why: str


class ProvisionSession(Command, tag=5, frozen=True, array_like=True, gc=False):
    """Create a FIX session, or change it. The first account is the default.

    `on_disconnect` is for Logons that do not say, `grace_ms` how long the session may be gone before it takes effect.
    Without `credentials`, a `password_hash` stands for them; without that too, a session that exists keeps its own.
    """

    session: str
    accounts: tuple[str, ...]
    password_hash: str
    on_disconnect: CancelOnDisconnect = CancelOnDisconnect.NONE
    grace_ms: int = 0
    profile: SessionProfile | None = None
    """Without one, that of an order-entry session without restrictions."""
    credentials: Credentials | None = None
    seed: str = ""
    """A digest of the settings that ask for it, empty if staff does: settings that have not changed ask only once."""
    by: str = ""
    """Who asked for it; empty if the settings did."""
    why: str = ""
    based_on: SessionSetUp | None = None
    """How the session is set up, `NOT_SET_UP` if it is not there: if that is not so any more, nothing is changed.

    None changes whatever is there.
    """


class SetCredentials(Command, tag=70, frozen=True, array_like=True, gc=False):
    """Give a session other credentials of some kinds; None leaves those of a kind as they are, nothing takes them away.

    `by` is empty if the session itself has changed its password.
    """

    session: str
    password_hash: str | None = None
    public_keys: tuple[str, ...] | None = None
    sealed_secret: str | None = None
    certificates: tuple[str, ...] | None = None
    by: str = ""
    why: str = ""


class SuspendSession(Command, tag=71, frozen=True, array_like=True, gc=False):
    """Log a session out and let it log on no more, until `ResumeSession`. Its orders go as after any disconnect."""

    session: str
    by: str
    why: str


class ResumeSession(Command, tag=72, frozen=True, array_like=True, gc=False):
    """Let a suspended session log on again."""

    session: str
    by: str
    why: str


class RemoveSession(Command, tag=73, frozen=True, array_like=True, gc=False):
    """End a session for good; it must have no open orders. Provisioned again, it begins with new sequences."""

    session: str
    by: str
    why: str


class SetSequence(Command, tag=74, frozen=True, array_like=True, gc=False):
    """Set where a session's sequences stand. 0 leaves one as it is; `next_out` only goes up: no number comes twice."""

    session: str
    next_in: int
    next_out: int
    by: str
    why: str


class LogOutSession(Command, tag=75, frozen=True, array_like=True, gc=False):
    """Log a session out. It may log on again at once."""

    session: str
    by: str
    why: str


class ResetSequence(Command, tag=6, frozen=True, array_like=True, gc=False):
    """Both sequences of a session start again at 1. `by` is empty if the session's Logon asked for it."""

    session: str
    by: str = ""
    why: str = ""


class ReserveOutbound(Command, tag=7, frozen=True, array_like=True, gc=False):
    """Outgoing sequence numbers up to `through` may be in use; below it none is ever used again after a crash."""

    session: str
    through: int


class ReleaseOutbound(Command, tag=8, frozen=True, array_like=True, gc=False):
    """At a clean stop: the numbers from `next_out` on were not used, and `next_in` is expected next."""

    session: str
    next_in: int
    next_out: int


class NewOrder(Command, tag=9, frozen=True, array_like=True, gc=False):
    """Enter an order. `price` is 0 for a market order; `possible_resend` asks for the status if it is known."""

    session: str
    msg_seq_num: int
    account: str
    cl_ord_id: str
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    qty: Qty
    price: Price
    possible_resend: bool = False
    terms: Terms | None = None


class CancelOrder(Command, tag=10, frozen=True, array_like=True, gc=False):
    """Cancel what is left of an order. `order_id` 0: found by `orig_cl_ord_id` alone."""

    session: str
    msg_seq_num: int
    account: str
    cl_ord_id: str
    orig_cl_ord_id: str
    order_id: int
    symbol: str
    side: Side


class ReplaceOrder(Command, tag=11, frozen=True, array_like=True, gc=False):
    """Change an order's total quantity, price, time in force or terms, all of which are stated anew.

    `order_id` 0: found by `orig_cl_ord_id` alone.
    """

    session: str
    msg_seq_num: int
    account: str
    cl_ord_id: str
    orig_cl_ord_id: str
    order_id: int
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    qty: Qty
    price: Price
    terms: Terms | None = None


class MassCancel(Command, tag=12, frozen=True, array_like=True, gc=False):
    """Cancel the open orders of the session's accounts; only those of the scope, and of an account or side if given."""

    session: str
    msg_seq_num: int
    cl_ord_id: str
    scope: MassCancelScope
    symbol: str
    side: int
    account: str = ""


class QueryOrder(Command, tag=13, frozen=True, array_like=True, gc=False):
    """Ask for the state of one order. `request_id` is echoed."""

    session: str
    msg_seq_num: int
    account: str
    cl_ord_id: str
    order_id: int
    symbol: str
    side: Side
    request_id: str


class QueryOrders(Command, tag=14, frozen=True, array_like=True, gc=False):
    """Ask for the state of the open orders of the session's accounts, in the order of their OrderIDs.

    Of one account, instrument or side if given; with `is_own` only of those that the session itself has entered. The
    answer begins after the order `after`, and has at most `reports_max` reports (0: as many as the venue gives).
    """

    session: str
    msg_seq_num: int
    account: str
    symbol: str
    side: int
    request_id: str
    is_own: bool = False
    after: int = 0
    reports_max: int = 0


class Refuse(Command, tag=15, frozen=True, array_like=True, gc=False):
    """A message that the gateway could not turn into a command; journaled so that its answer can be resent.

    `msg_seq_num` is where the session's sequence stands after it; `ref_seq_num` is the message's own number, another
    one if the message was out of order. `form` is the kind of answer, `reason` a code of the gateway's own band, the
    rest what the answer echoes; `request_type` is what kind of cancel (or mass cancel) it was. `order_id` and `status`
    are those of the order that a refused cancel or replace was for (0 and REJECTED if unknown), `terms` those of a
    refused order, or where a rejection goes, as FIX fields.
    """

    session: str
    msg_seq_num: int
    ref_seq_num: int
    form: str
    reason: int
    text: str
    ref_msg_type: str = ""
    ref_tag: int = 0
    cl_ord_id: str = ""
    orig_cl_ord_id: str = ""
    account: str = ""
    symbol: str = ""
    side: str = ""
    request_type: str = ""
    order_id: int = 0
    status: OrderStatus = OrderStatus.REJECTED
    terms: str = ""


class EndTradingDay(Command, tag=16, frozen=True, array_like=True, gc=False):
    """The trading day `day` (YYYYMMDD) is over: DAY orders expire, and ClOrdIDs of days long past are forgotten."""

    day: int


class ClockTick(Command, tag=17, frozen=True, array_like=True, gc=False):
    """Time has come to where something is due. Any command lets it happen; this one does nothing else."""


class SetRules(Command, tag=18, frozen=True, array_like=True, gc=False):
    """Give an instrument its trading rules, all of them."""

    symbol: str
    rules: Rules
    by: str = ""
    """Who asked for it; empty if the settings did."""
    why: str = ""


class BustTrade(Command, tag=55, frozen=True, array_like=True, gc=False):
    """Undo a trade: what was paid and received goes back, fees included."""

    trade_id: int
    by: str
    why: str


class CorrectTrade(Command, tag=56, frozen=True, array_like=True, gc=False):
    """Give a trade another price (ticks) and quantity (lots, at most the original), and book the difference."""

    trade_id: int
    price: Price
    qty: Qty
    by: str
    why: str


class SetLimits(Command, tag=35, frozen=True, array_like=True, gc=False):
    """Give a firm or an account its limits, all of them. Orders that are open stay."""

    scope: Scope
    name: str
    limits: Limits
    by: str = ""
    """Who asked for it; empty if the settings did."""
    why: str = ""


class SetFees(Command, tag=67, frozen=True, array_like=True, gc=False):
    """Give a firm or an account rates of its own on an instrument, or on all (""), in millionths of the notional.

    100 are a basis point; a maker's below zero is a rebate. Without both, there are none of its own any more. Open
    orders keep the rates that they have, until they are replaced.
    """

    scope: Scope
    name: str
    symbol: str
    maker_ppm: int | None
    taker_ppm: int | None
    by: str
    why: str


class SetSelfTrade(Command, tag=23, frozen=True, array_like=True, gc=False):
    """Set what becomes of self-trades of an account or of a session, whichever is named, whose orders do not say."""

    account: str
    session: str
    rule: SelfTradeRule
    by: str = ""
    """Who asked for it; empty if the settings did."""
    why: str = ""


class Block(Command, tag=36, frozen=True, array_like=True, gc=False):
    """The kill switch: cancel all open orders of a firm, an account or a session, and take no more until `Unblock`."""

    scope: Scope
    name: str
    by: str
    why: str


class Unblock(Command, tag=37, frozen=True, array_like=True, gc=False):
    """Take orders of a blocked firm, account or session again."""

    scope: Scope
    name: str
    by: str
    why: str


class SessionConnected(Command, tag=38, frozen=True, array_like=True, gc=False):
    """A session has logged on, and this is what is to happen when it is gone again."""

    session: str
    on_disconnect: CancelOnDisconnect


class SessionDisconnected(Command, tag=39, frozen=True, array_like=True, gc=False):
    """A session is gone: logged out, cut off, or lost with the venue that starts again now."""

    session: str


class SetPhase(Command, tag=45, frozen=True, array_like=True, gc=False):
    """Bring an instrument into a phase of trading, at once; an auction, if so asked, for a time and then CONTINUOUS."""

    symbol: str
    phase: Phase
    by: str
    why: str
    lasts_ms: int = 0


class SetSchedule(Command, tag=46, frozen=True, array_like=True, gc=False):
    """Give an instrument its schedule, all of it; none for one that trades around the clock."""

    symbol: str
    schedule: tuple[ScheduledPhase, ...]
    by: str = ""
    """Who asked for it; empty if the settings did."""
    why: str = ""


class QueryPhase(Command, tag=47, frozen=True, array_like=True, gc=False):
    """Ask for the phase of an instrument, or of all, and be told of changes from now on, or no more.

    `is_security_status` chooses between the two messages that FIX has for it.
    """

    session: str
    msg_seq_num: int
    request_id: str
    symbol: str
    is_security_status: bool
    subscription: Subscription


class QueryUser(Command, tag=90, frozen=True, array_like=True, gc=False):
    """Ask how a session stands: whether it is logged on, and its limits. `user` must be the one that asks.

    `orders_left` and `queries_left` are what its buckets hold, which the gateway knows; 0 where there is no limit.
    """

    session: str
    msg_seq_num: int
    request_id: str
    user: str
    orders_left: int = 0
    queries_left: int = 0


class RecoverSession(Command, tag=91, frozen=True, array_like=True, gc=False):
    """Tell a session that has logged on, unasked, of its accounts' open orders; some, from the one after `after` on.

    `told` of them it was told before. `missed` is how many messages it has missed and been sent.
    """

    session: str
    missed: int
    after: int = 0
    told: int = 0


class NewOrderList(Command, tag=30, frozen=True, array_like=True, gc=False):
    """Enter orders that depend on each other, all or none; `possible_resend` asks for the status if it is known."""

    session: str
    msg_seq_num: int
    list_id: str
    contingency: Contingency
    orders: tuple[NewOrder, ...]
    possible_resend: bool = False


class CancelOrderList(Command, tag=31, frozen=True, array_like=True, gc=False):
    """Cancel what is open of a list."""

    session: str
    msg_seq_num: int
    list_id: str


class QueryOrderList(Command, tag=32, frozen=True, array_like=True, gc=False):
    """Ask for the state of a list."""

    session: str
    msg_seq_num: int
    list_id: str


class QueryBalances(Command, tag=80, frozen=True, array_like=True, gc=False):
    """Ask for the balances of an account, or of all accounts of the session; `is_collateral`: as collateral."""

    session: str
    msg_seq_num: int
    request_id: str
    account: str
    is_collateral: bool


class QueryTrades(Command, tag=81, frozen=True, array_like=True, gc=False):
    """Ask for trades that are kept: from one on, within times (nanoseconds), of an instrument, of an order; 0: any.

    `is_all` is how it was asked for, and repeated in the answer.
    """

    session: str
    msg_seq_num: int
    request_id: str
    is_all: bool
    from_trade_id: int
    from_ns: int
    to_ns: int
    symbol: str
    order_id: int


class QueryInstruments(Command, tag=95, frozen=True, array_like=True, gc=False):
    """Ask for an instrument, or for all, in one of the two forms that FIX has for the answer."""

    session: str
    msg_seq_num: int
    request_id: str
    symbol: str
    is_definition: bool


class QueryReplay(Command, tag=85, frozen=True, array_like=True, gc=False):
    """Ask for the session's reports on the records `begin` to `end` once more; `appl_id` is which reports are meant.

    The gateway knows what a session has been sent, and says in `response` (0: it can be done) and `text` what comes of
    the request.
    """

    session: str
    msg_seq_num: int
    request_id: str
    appl_id: str
    begin: int
    end: int
    response: int = 0
    text: str = ""


class EndReplay(Command, tag=86, frozen=True, array_like=True, gc=False):
    """The reports from record `begin` on have been sent once more as far as `next_sequence`, which comes next."""

    session: str
    request_id: str
    begin: int
    next_sequence: int
    is_complete: bool


class SetIndexPrice(Command, tag=26, frozen=True, array_like=True, gc=False):
    """The index price of an instrument, with where it comes from and when it held there, ns since the epoch."""

    symbol: str
    price: Price
    source: str
    source_time_ns: int
    by: str = ""
    """Who asked for it; empty if a feed of the venue's own did."""
    why: str = ""


AnyCommand = (
    AddAsset
    | AddInstrument
    | OpenAccount
    | Credit
    | ProvisionSession
    | ResetSequence
    | ReserveOutbound
    | ReleaseOutbound
    | NewOrder
    | CancelOrder
    | ReplaceOrder
    | MassCancel
    | QueryOrder
    | QueryOrders
    | Refuse
    | EndTradingDay
    | ClockTick
    | SetRules
    | SetPhase
    | SetSchedule
    | QueryPhase
    | QueryBalances
    | QueryTrades
    | QueryUser
    | RecoverSession
    | QueryInstruments
    | QueryReplay
    | EndReplay
    | BustTrade
    | CorrectTrade
    | SetLimits
    | Block
    | Unblock
    | SessionConnected
    | SessionDisconnected
    | SetSelfTrade
    | NewOrderList
    | CancelOrderList
    | QueryOrderList
    | SetIndexPrice
    | SetCredentials
    | SuspendSession
    | ResumeSession
    | RemoveSession
    | SetSequence
    | LogOutSession
    | HoldWithdrawal
    | ReleaseWithdrawal
    | SettleWithdrawal
    | Debit
    | Transfer
    | ChargeFee
    | BlockWithdrawals
    | UnblockWithdrawals
    | SetFees
)
"""Every command there is; the type by which the journal is decoded."""
