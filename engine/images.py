"""Images: the state as plain data, as it stands in a snapshot. What they are made of and become: `engine.snapshot`.

Fields are only ever added, at the end and with a default, so that older snapshots can be read.
"""

import msgspec

from engine.booking import Booking, Withdrawal
from engine.commands import Block, BlockWithdrawals, SetFees
from engine.events import Trade
from engine.profile import NEVER_SET, Credentials, SequencesSet, SessionProfile
from engine.rules import NO_RULES, Limits, Rules, ScheduledPhase, SelfTradeRule
from engine.terms import Terms
from engine.values import (
    CancelOnDisconnect,
    Contingency,
    ListStage,
    OrderStatus,
    OrderType,
    Phase,
    Place,
    Side,
    TimeInForce,
)


class OrderImage(msgspec.Struct, frozen=True, array_like=True):
    """An order in a snapshot. `fee_rounding` is what rounding up added to its fee, in millionths of a smallest unit."""

    order_id: int
    session: str
    account: str
    cl_ord_id: str
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    qty: int
    price: int
    leaves_qty: int
    cum_qty: int
    cum_notional: int
    fee: int
    fee_rounding: int
    reserved: int
    status: OrderStatus
    terms: Terms | None = None
    place: Place = Place.NOWHERE
    hidden_qty: int = 0
    busted_qty: int = 0
    mark: int = 0
    """Of a trailing order that waits for its price."""
    fee_ppm: tuple[int, int] | None = None
    """Its rates. Without them, `fee_rounding` is in 1/10000, and its rates are the instrument's."""


class ListImage(msgspec.Struct, frozen=True, array_like=True):
    """A list of orders in a snapshot: the OrderIDs as they stood in it, and the orders that are nowhere else in it."""

    list_id: str
    session: str
    contingency: Contingency
    stage: ListStage
    is_old: bool
    order_ids: list[int]
    kept: list[OrderImage]


class TimetableImage(msgspec.Struct, frozen=True, array_like=True):
    """What the clock has in store for an instrument, in a snapshot."""

    schedule: tuple[ScheduledPhase, ...]
    change_ns: int
    ends_ns: int
    next_phase: Phase
    is_extended: bool
    is_held: bool
    indicate_ns: int
    indicated: tuple[int, int, int]


class DayImage(msgspec.Struct, frozen=True, array_like=True):
    """The statistics of an instrument's trading day, in a snapshot."""

    opening: int
    high: int
    low: int
    closing: int
    qty: int
    notional: int
    trade_count: int
    last: Trade | None
    last_ns: int
    trade_counts: dict[int, int]
    first_trade_id: int
    is_closed: bool


class InstrumentImage(msgspec.Struct, frozen=True, array_like=True):
    """An instrument in a snapshot, and the OrderIDs resting on its book, each side best level and oldest first."""

    symbol: str
    base: str
    quote: str
    price_increment: int
    price_decimals: int
    qty_increment: int
    qty_decimals: int
    maker_fee_bps: int
    taker_fee_bps: int
    order_qty_max: int
    bids: list[int]
    asks: list[int]
    rules: Rules = NO_RULES
    phase: Phase = Phase.CONTINUOUS
    last_price: int = 0
    index_price: int = 0
    auction_price: int = 0
    for_auction: list[int] = []
    pegs: tuple[int, ...] = ()
    """The OrderIDs of its pegged orders, oldest first."""
    timetable: TimetableImage | None = None
    security_status_to: list[str] = []
    session_status_to: list[str] = []
    index_time_ns: int = 0
    triggered: list[int] = []
    """OrderIDs of those that have been triggered and wait for their turn."""
    rpt_seq: int = 0
    told_ns: int = 0
    day: DayImage | None = None
    """None: written by a version that did not keep what market data begins with."""


class GuardImage(msgspec.Struct, frozen=True, array_like=True):
    """What a firm, an account or a session is held to, in a snapshot; `name` is a firm's."""

    name: str = ""
    limits: Limits | None = None
    block: Block | None = None
    withdrawals_block: BlockWithdrawals | None = None


class AccountImage(msgspec.Struct, frozen=True, array_like=True):
    """An account in a snapshot: per asset available and reserved, open orders oldest first, ClOrdIDs."""

    account: str
    holdings: dict[str, tuple[int, int]]
    orders: list[OrderImage]
    cl_ord_ids: dict[str, int]
    earlier_cl_ord_ids: dict[str, int]
    firm: str = ""
    guard: GuardImage = GuardImage()
    lists: list[ListImage] = []
    held: dict[str, int] = {}
    """By asset, what is held for withdrawals."""


class SessionImage(msgspec.Struct, frozen=True, array_like=True):
    """A session in a snapshot."""

    session: str
    accounts: tuple[str, ...]
    password_hash: str
    last_in: int
    reserved_out: int
    resets: int
    former_accounts: tuple[str, ...] = ()
    guard: GuardImage = GuardImage()
    default_on_disconnect: CancelOnDisconnect = CancelOnDisconnect.NONE
    grace_ms: int = 0
    on_disconnect: CancelOnDisconnect = CancelOnDisconnect.NONE
    is_connected: bool = False
    due_ns: int = 0
    profile: SessionProfile = SessionProfile()
    credentials: Credentials | None = None
    """Of a snapshot that has none, `password_hash` is all there is."""
    is_suspended: bool = False
    seed: str = ""
    sequences_set: SequencesSet = NEVER_SET


class StateImage(msgspec.Struct, frozen=True, array_like=True):
    """The state after record `sequence`."""

    sequence: int
    time_ns: int
    trading_day_ended: int
    last_order_id: int
    last_trade_id: int
    assets: dict[str, int]
    credited: dict[str, int]
    fees: dict[str, int]
    credit_references: list[str]
    instruments: list[InstrumentImage]
    accounts: list[AccountImage]
    sessions: list[SessionImage]
    finished: list[OrderImage]
    trades: list[Trade] = []
    """Those that staff can still bust or correct, oldest first;"""
    amendments: dict[int, tuple[int, int, int, int, int]] = {}
    """by TradeID what has become of them: price, quantity, notional, maker's and taker's fee;"""
    amended_orders: list[int] = []
    """their OrderIDs,"""
    forgotten_orders: list[OrderImage] = []
    """and those of these orders that are neither open nor among the latest finished ones."""
    firms: list[GuardImage] = []
    self_trade_accounts: dict[str, SelfTradeRule] = {}
    self_trade_sessions: dict[str, SelfTradeRule] = {}
    removed_sessions: dict[str, int] = {}
    trade_times: list[int] = []
    """When each of `trades` was made."""
    bookings: dict[str, Booking] = {}
    """By reference, oldest first. `credit_references` are those of an older version, which knew no more of them."""
    withdrawals: dict[str, Withdrawal] = {}
    closed_withdrawals: list[str] = []
    withdrawn: dict[str, int] = {}
    fee_schedules: list[SetFees] = []
