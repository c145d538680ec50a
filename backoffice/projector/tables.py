"""What the journal says, as rows: derived by the projector, and by nobody else.

Assets, instruments, accounts and sessions are the venue's own, as it knows them. An order stands in `orders` as it is
now, and its life in `executions`, one row for each report on it; a trade is one row with both its sides. Quantities are
lots, prices ticks, amounts smallest units, as in the journal; `sequence` is always the record that a row is from, and
`number` the event in it. What reports count over long times is counted here by the hour, as it happens.
"""

from typing import Annotated, Final

from sqlalchemy import BigInteger, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice.database.base import Amount, Base, Hash, Int64, Name, Prose, TimeNs, Wide, reference

_CLUSTERED = {"sqlite_with_rowid": False}
"""In SQLite the rows lie in the order of their key."""

WITHDRAWING: Final = "exec_type IN ('4', '5')"
"""Executions by which an order is withdrawn, whole or in part: cancels and replaces. Asked so, the index is used."""

Number = Annotated[
    int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
]
"""A number that the engine gave out; in SQLite the row's own."""


class Position(Base):
    """The last record that is in the database, with all that follows from it."""

    __tablename__ = "position"

    follower: Mapped[Name] = mapped_column(primary_key=True)
    journal: Mapped[Hash]
    """Which journal: the hash of its first record's frame. A database belongs to one journal for ever."""
    sequence: Mapped[Int64]
    time_ns: Mapped[TimeNs]


class Moment(Base):
    """The last record of a time: so a time becomes a sequence. Records that arrived together have one time."""

    __tablename__ = "moments"

    time_ns: Mapped[Number]
    sequence: Mapped[Int64]


class VenueAsset(Base):
    """An asset that is admitted."""

    __tablename__ = "venue_assets"

    asset: Mapped[Name] = mapped_column(primary_key=True)
    decimals: Mapped[int]
    sequence: Mapped[Int64]


class VenueInstrument(Base):
    """An instrument that is admitted; the increments are integers in units of 10^-decimals."""

    __tablename__ = "venue_instruments"

    symbol: Mapped[Name] = mapped_column(primary_key=True)
    base: Mapped[Name]
    quote: Mapped[Name]
    price_increment: Mapped[Int64]
    price_decimals: Mapped[int]
    qty_increment: Mapped[Int64]
    qty_decimals: Mapped[int]
    maker_fee_bps: Mapped[int]
    taker_fee_bps: Mapped[int]
    order_qty_max: Mapped[Int64]
    base_per_lot: Mapped[Amount]
    """Smallest base units of one lot,"""
    notional_per_tick_lot: Mapped[Amount]
    """and smallest quote units of one lot at one tick."""
    sequence: Mapped[Int64]


class VenueAccount(Base):
    """A cash account and the firm whose it is."""

    __tablename__ = "venue_accounts"

    account: Mapped[Name] = mapped_column(primary_key=True)
    firm: Mapped[Name] = mapped_column(index=True)
    opened_ns: Mapped[TimeNs]
    sequence: Mapped[Int64]


class VenueSession(Base):
    """A FIX session as it is set up now."""

    __tablename__ = "venue_sessions"

    session: Mapped[Name] = mapped_column(primary_key=True)
    role: Mapped[int]
    """As `engine.profile.SessionRole`."""
    version: Mapped[Name]
    accounts: Mapped[Prose]
    """The accounts that it may trade for, separated by blanks."""
    is_connected: Mapped[bool]
    is_suspended: Mapped[bool]
    is_removed: Mapped[bool]
    connected_ns: Mapped[TimeNs]
    """When it logged on last, or was lost last if it is gone; 0 for never."""
    sequence: Mapped[Int64]


class SessionStep(Base):
    """A FIX session as it was set up after a record that changed it."""

    __tablename__ = "venue_session_steps"
    __table_args__ = (_CLUSTERED,)

    session: Mapped[Name] = mapped_column(primary_key=True)
    sequence: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    role: Mapped[int]
    version: Mapped[Name]
    accounts: Mapped[Prose]
    is_connected: Mapped[bool]
    is_suspended: Mapped[bool]
    is_removed: Mapped[bool]
    connected_ns: Mapped[TimeNs]


class OrderRow(Base):
    """An order as it is now."""

    __tablename__ = "orders"
    __table_args__ = (
        Index("ix_orders_account_order_id", "account", "order_id"),
        Index(
            "ix_orders_open",
            "order_id",
            sqlite_where=text("closed_sequence IS NULL"),
            postgresql_where=text("closed_sequence IS NULL"),
        ),
    )

    order_id: Mapped[Number]
    session: Mapped[Name]
    account: Mapped[Name]
    cl_ord_id: Mapped[Prose]
    symbol: Mapped[Name]
    side: Mapped[int]
    order_type: Mapped[int]
    time_in_force: Mapped[int]
    qty: Mapped[Int64]
    price: Mapped[Int64]
    leaves_qty: Mapped[Int64]
    cum_qty: Mapped[Int64]
    cum_notional: Mapped[Amount]
    status: Mapped[int]
    """As `engine.values.OrderStatus`."""
    terms: Mapped[Prose | None]
    """What else it asks for, as JSON, if it does."""
    entered_sequence: Mapped[Int64]
    entered_ns: Mapped[TimeNs]
    closed_sequence: Mapped[Int64 | None]
    """None while it is open."""
    sequence: Mapped[Int64]
    time_ns: Mapped[TimeNs]


class Execution(Base):
    """A report on an order: one step of its life, and how it stood after it."""

    __tablename__ = "executions"
    __table_args__ = (
        Index(
            "ix_executions_withdrawing",
            "sequence",
            sqlite_where=text(WITHDRAWING),
            postgresql_where=text(WITHDRAWING),
        ),
        _CLUSTERED,
    )

    order_id: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time_ns: Mapped[TimeNs]
    exec_type: Mapped[Name]
    """As FIX has it in ExecType(150)."""
    status: Mapped[int]
    cl_ord_id: Mapped[Prose]
    qty: Mapped[Int64]
    price: Mapped[Int64]
    leaves_qty: Mapped[Int64]
    cum_qty: Mapped[Int64]
    cum_notional: Mapped[Amount]
    reason: Mapped[int]
    """Why it was cancelled, as `engine.values.CancelReason`; 0 if it was not."""
    trade_id: Mapped[Int64]
    """Of which trade it tells; 0 for none."""


class TradeRow(Base):
    """A trade as it stands now, both sides of it."""

    __tablename__ = "trades"
    __table_args__ = (
        Index("ix_trades_maker_account_trade_id", "maker_account", "trade_id"),
        Index("ix_trades_taker_account_trade_id", "taker_account", "trade_id"),
    )

    trade_id: Mapped[Number]
    sequence: Mapped[Int64]
    number: Mapped[int]
    time_ns: Mapped[TimeNs]
    symbol: Mapped[Name]
    price: Mapped[Int64]
    qty: Mapped[Int64]
    notional: Mapped[Amount]
    maker_account: Mapped[Name]
    maker_order_id: Mapped[Int64]
    maker_fee: Mapped[Amount]
    taker_account: Mapped[Name]
    taker_order_id: Mapped[Int64]
    taker_side: Mapped[int]
    taker_fee: Mapped[Amount]
    phase: Mapped[int]
    amended_sequence: Mapped[Int64 | None]
    """The last record that corrected or busted it (then its quantity is 0), None if none did."""


class TradeAmendment(Base):
    """How staff have corrected or busted a trade: what it was until then, and what it is from then on."""

    __tablename__ = "trade_amendments"
    __table_args__ = (_CLUSTERED,)

    sequence: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    trade_id: Mapped[Int64] = mapped_column(reference("trades.trade_id"), index=True)
    time_ns: Mapped[TimeNs]
    previous_price: Mapped[Int64]
    previous_qty: Mapped[Int64]
    previous_notional: Mapped[Amount]
    previous_maker_fee: Mapped[Amount]
    previous_taker_fee: Mapped[Amount]
    price: Mapped[Int64]
    qty: Mapped[Int64]
    notional: Mapped[Amount]
    maker_fee: Mapped[Amount]
    taker_fee: Mapped[Amount]
    by: Mapped[Prose]
    why: Mapped[Prose]


class RejectRow(Base):
    """What was refused: an order, a cancel or replace, another message, or a command of the house."""

    __tablename__ = "rejects"
    __table_args__ = (Index("ix_rejects_session_sequence", "session", "sequence"), _CLUSTERED)

    sequence: Mapped[Int64] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time_ns: Mapped[TimeNs]
    kind: Mapped[Name]
    """order, cancel, replace, message, list, house."""
    session: Mapped[Name]
    account: Mapped[Prose]
    symbol: Mapped[Prose]
    cl_ord_id: Mapped[Prose]
    reason: Mapped[int]
    """The code (`spec/rejects.md`), 0 for a command of the house."""
    said: Mapped[Prose]


class FeeCharge(Base):
    """A fee that was charged, and is none of a trade."""

    __tablename__ = "fee_charges"
    __table_args__ = (Index("ix_fee_charges_account_sequence", "account", "sequence"),)

    sequence: Mapped[Number]
    time_ns: Mapped[TimeNs]
    reference: Mapped[Prose] = mapped_column(index=True)
    """What for, as the name of an invoice; the venue takes it once."""
    account: Mapped[Name]
    asset: Mapped[Name]
    amount: Mapped[Amount]
    why: Mapped[Prose]


class PaymentBooked(Base):
    """What a payment has moved in or out of the venue: its credit, that credit taken back, its settlement."""

    __tablename__ = "payments_booked"
    __table_args__ = (Index("ix_payments_booked_account_sequence", "account", "sequence"),)

    sequence: Mapped[Number]
    time_ns: Mapped[TimeNs]
    reference: Mapped[Prose]
    """As the command had it: D-1, D-1.1, D-1/debit, W-1."""
    payment: Mapped[Prose] = mapped_column(index=True)
    """The payment that it names: what stands before a point or a stroke."""
    account: Mapped[Name]
    asset: Mapped[Name]
    amount: Mapped[Amount]
    """Above zero for what came in, below for what went out."""


class Activity(Base):
    """What an account did in an instrument by a FIX session in an hour. A later correction counts when it was made."""

    __tablename__ = "activity"
    __table_args__ = (_CLUSTERED,)

    hour: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Hours since the epoch."""
    account: Mapped[Name] = mapped_column(primary_key=True)
    symbol: Mapped[Name] = mapped_column(primary_key=True)
    session: Mapped[Name] = mapped_column(primary_key=True)
    """That entered the orders."""
    orders: Mapped[Int64]
    replaces: Mapped[Int64]
    cancels: Mapped[Int64]
    """By whatever reason, expiries too."""
    maker_trades: Mapped[Int64]
    taker_trades: Mapped[Int64]
    bought_qty: Mapped[int] = mapped_column(Wide)
    sold_qty: Mapped[int] = mapped_column(Wide)
    maker_notional: Mapped[int] = mapped_column(Wide)
    taker_notional: Mapped[int] = mapped_column(Wide)
    fees: Mapped[int] = mapped_column(Wide)
    """Paid, less rebates; in the quote asset."""
    rebates: Mapped[int] = mapped_column(Wide, server_default="0")
    bought_notional: Mapped[int] = mapped_column(Wide, server_default="0")
    sold_notional: Mapped[int] = mapped_column(Wide, server_default="0")
    ordered_qty: Mapped[int] = mapped_column(Wide, server_default="0")
    """Of each order and each cancel its quantity, of each replace twice what is open then."""


class RejectCount(Base):
    """How often a session was refused something for a reason in an hour."""

    __tablename__ = "reject_counts"
    __table_args__ = (_CLUSTERED,)

    hour: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    session: Mapped[Name] = mapped_column(primary_key=True)
    reason: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rejects: Mapped[Int64]
