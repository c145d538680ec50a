"""What staff may ask the venue to show: the state of trading, and of the sessions, as it is now.

Asking changes nothing and is not journaled. Prices are ticks and quantities lots; the increments that make numbers of
them go along.
"""

from collections.abc import Mapping

import msgspec

from engine.book import Book, BookSide
from engine.commands import Block, BlockWithdrawals
from engine.events import Trade
from engine.guarding import blocks
from engine.phases import PHASES
from engine.profile import SessionProfile
from engine.state import Session, State
from engine.uncross import indication
from engine.values import CancelOnDisconnect, Phase, Price, Qty
from engine.withdrawals import withdrawals_blocks


class ShowVenue(msgspec.Struct, tag=1001, frozen=True, array_like=True):
    """Ask for the state of trading in all instruments, and for what is blocked."""


class ShowTrade(msgspec.Struct, tag=1002, frozen=True, array_like=True):
    """Ask for a trade, which must be one of those that the venue keeps."""

    trade_id: int


class ShowSessions(msgspec.Struct, tag=1003, frozen=True, array_like=True):
    """Ask for the FIX sessions: how they are set up, where their sequences stand, who is there."""


class ShowFollowers(msgspec.Struct, tag=1004, frozen=True, array_like=True):
    """Ask who follows the journal, and how far each of them is."""


class InstrumentShown(msgspec.Struct, frozen=True, array_like=True):
    """Trading in one instrument; a price or quantity of 0 stands for none."""

    symbol: str
    price_increment: int
    price_decimals: int
    qty_increment: int
    qty_decimals: int
    phase: Phase
    last_price: Price
    index_price: Price
    bid_price: Price
    bid_qty: Qty
    ask_price: Price
    ask_qty: Qty
    resting_orders: int
    indicative_price: Price = 0
    """What the auction would come to now,"""
    indicative_qty: Qty = 0
    """and how much would trade in it."""
    phase_ends_ns: int = 0
    """When the phase ends by the clock, nanoseconds since the epoch; 0 if that is not known."""


class VenueShown(msgspec.Struct, tag="venue", frozen=True, array_like=True):
    """The state of trading after record `sequence`, whose time was `time_ns`."""

    sequence: int
    time_ns: int
    instruments: tuple[InstrumentShown, ...]
    blocks: tuple[Block, ...] = ()
    """What blocked whom: firms first, then accounts and sessions."""
    assets: dict[str, int] = {}
    """Decimals by asset."""
    withdrawals_blocks: tuple[BlockWithdrawals, ...] = ()
    """What blocked whom for withdrawals: firms first, then accounts."""


class TradeShown(msgspec.Struct, tag="trade", frozen=True, array_like=True):
    """A trade as it was made, and its price and quantity now: a quantity of 0 says that it was busted."""

    sequence: int
    trade: Trade
    price: Price
    qty: Qty


class OnWire(msgspec.Struct, frozen=True, array_like=True):
    """What the process that serves a session knows of it, and the journal does not."""

    next_in: int
    next_out: int
    peer: str = ""
    """The address that it has logged on from, empty if it is away."""


class SessionShown(msgspec.Struct, frozen=True, array_like=True):
    """A session. Credentials are shown as far as they let nobody in: public keys and fingerprints."""

    session: str
    accounts: tuple[str, ...]
    on_disconnect: CancelOnDisconnect
    grace_ms: int
    profile: SessionProfile
    has_password: bool
    has_secret: bool
    public_keys: tuple[str, ...]
    certificates: tuple[str, ...]
    is_connected: bool
    is_suspended: bool
    is_blocked: bool
    next_in: int
    """The number expected next, and the one used next;"""
    next_out: int
    """of a session that is not served here, one that has not been used."""
    resets: int
    peer: str = ""


class FollowerShown(msgspec.Struct, frozen=True, array_like=True):
    """A process that follows the journal, and says how far it is."""

    name: str
    sequence: int
    """The last record that it has taken in, by what it has said; 0 if it has said nothing yet."""
    peer: str = ""
    """From where it is connected, empty for this host."""


class FollowersShown(msgspec.Struct, tag="followers", frozen=True, array_like=True):
    """Who follows, when record `sequence` was the last that was committed."""

    sequence: int
    followers: tuple[FollowerShown, ...]


class SessionsShown(msgspec.Struct, tag="sessions", frozen=True, array_like=True):
    """The sessions after record `sequence`, whose time was `time_ns`, by name."""

    sequence: int
    time_ns: int
    sessions: tuple[SessionShown, ...]


def show_sessions(state: State, sequence: int, wires: Mapping[str, OnWire]) -> SessionsShown:
    """Return the sessions after record `sequence`; `wires`: of those that are served here."""
    shown = (_session_shown(state.sessions[name], wires.get(name)) for name in sorted(state.sessions))
    return SessionsShown(sequence, state.time_ns, tuple(shown))


def show_venue(state: State, sequence: int) -> VenueShown:
    """Return the state of trading after record `sequence`."""
    return VenueShown(
        sequence,
        state.time_ns,
        tuple(_instrument_shown(book) for book in state.books.values()),
        tuple(blocks(state)),
        dict(state.assets),
        tuple(withdrawals_blocks(state)),
    )


def show_trade(state: State, sequence: int, trade_id: int) -> TradeShown | None:
    """Return a trade as it stands after record `sequence`, None if the venue does not keep it."""
    trade = state.find_trade(trade_id)
    if trade is None:
        return None
    now = state.amendments.get(trade_id)
    return TradeShown(sequence, trade, now.price if now else trade.price, now.qty if now else trade.qty)


def _session_shown(session: Session, wire: OnWire | None) -> SessionShown:
    credentials = session.credentials
    wire = wire or OnWire(session.last_in + 1, session.reserved_out + 1)
    return SessionShown(
        session.session,
        session.accounts,
        session.default_on_disconnect,
        session.grace_ms,
        session.profile,
        bool(credentials.password_hash),
        bool(credentials.sealed_secret),
        credentials.public_keys,
        credentials.certificates,
        session.is_connected,
        session.is_suspended,
        session.guard.block is not None,
        wire.next_in,
        wire.next_out,
        session.resets,
        wire.peer,
    )


def _instrument_shown(book: Book) -> InstrumentShown:
    instrument, bid, ask = book.instrument, book.bids.best, book.asks.best
    indicated = indication(book) if PHASES[book.phase].is_auction else None
    return InstrumentShown(
        instrument.symbol,
        instrument.price_increment,
        instrument.price_decimals,
        instrument.qty_increment,
        instrument.qty_decimals,
        book.phase,
        book.last_price,
        book.index_price,
        bid.price if bid else 0,
        bid.total_qty if bid else 0,
        ask.price if ask else 0,
        ask.total_qty if ask else 0,
        _resting(book.bids) + _resting(book.asks),
        indicated.price if indicated else 0,
        indicated.qty if indicated else 0,
        book.timetable.ends_ns,
    )


def _resting(side: BookSide) -> int:
    return sum(level.order_count for level in side)
