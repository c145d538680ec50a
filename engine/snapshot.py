"""Snapshots: the whole state at one sequence number, so that recovery need not replay all of history.

A snapshot file (`00000000000000001234.snapshot`, named by the last sequence in it) is `MAGIC`, the SHA-256 of what
follows, and the state as MessagePack. The same state always gives the same bytes: their digest is the state hash.
"""

import hashlib
from pathlib import Path
from typing import Final

import msgspec

from engine.account import Account
from engine.book import Book
from engine.booking import UNKNOWN_BOOKING
from engine.errors import SnapshotError
from engine.fee_rates import FEE_SCALE, FeeRates
from engine.fee_schedules import apply_schedules
from engine.guard import Guard
from engine.guarding import take_stock
from engine.holding import Holding
from engine.images import (
    AccountImage,
    GuardImage,
    InstrumentImage,
    ListImage,
    OrderImage,
    SessionImage,
    StateImage,
    TimetableImage,
)
from engine.instrument import Instrument
from engine.journal import make_directory
from engine.order import Order, OrderList, round_fee
from engine.phases import PHASES
from engine.places import rest_pegged
from engine.profile import Credentials
from engine.rules import NO_LIMITS
from engine.state import Amendment, Session, State
from engine.timetable import Timetable
from engine.values import (
    BASIS_POINTS,
    BUY,
    SELL,
    Place,
)
from engine.whole_files import write_whole

MAGIC: Final = b"FONDACO SNAPSHOT 1\n"
SUFFIX: Final = ".snapshot"
KEPT: Final = 2
"""Older snapshots are deleted; the one before the last stays in case the last is damaged."""
SNAPSHOT_BYTES_MAX: Final = 1024 * 1024 * 1024
"""No larger one is sent to a follower, or taken by one."""
_DIGEST_SIZE: Final = hashlib.sha256().digest_size

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(StateImage).decode


def capture(state: State, sequence: int) -> StateImage:
    """Return the image of a state after record `sequence`."""
    return StateImage(
        sequence,
        state.time_ns,
        state.trading_day_ended,
        state.last_order_id,
        state.last_trade_id,
        dict(state.assets),
        dict(state.credited),
        dict(state.fees),
        [],
        [_instrument_image(book) for book in state.books.values()],
        [_account_image(account, state) for account in state.accounts.values()],
        [_session_image(session) for session in state.sessions.values()],
        [_order_image(state.finished[order_id]) for order_id in state.finished_order_ids],
        list(state.trades),
        {
            trade_id: (now.price, now.qty, now.notional, now.maker_fee, now.taker_fee)
            for trade_id, now in state.amendments.items()
        },
        list(state.amended_orders),
        [
            _order_image(order)
            for order_id, order in state.amended_orders.items()
            if order_id not in state.finished and order_id not in state.accounts[order.account].orders
        ],
        [_guard_image(guard, firm) for firm, guard in state.firms.items()],
        dict(state.self_trade_accounts),
        dict(state.self_trade_sessions),
        dict(state.removed_sessions),
        list(state.trade_times),
        dict(state.references.booked),
        dict(state.references.withdrawals),
        list(state.references.closed_order),
        dict(state.withdrawn),
        list(state.fee_schedules.values()),
    )


def restore(image: StateImage) -> State:
    """Return the state that an image shows."""
    state = State()
    state.time_ns = image.time_ns
    state.trading_day_ended = image.trading_day_ended
    state.last_order_id = image.last_order_id
    state.last_trade_id = image.last_trade_id
    state.assets = dict(image.assets)
    state.credited = dict(image.credited)
    state.fees = dict(image.fees)
    _restore_funds(image, state)
    state.self_trade_accounts = dict(image.self_trade_accounts)
    state.self_trade_sessions = dict(image.self_trade_sessions)
    state.removed_sessions = dict(image.removed_sessions)
    for shown in image.instruments:
        book = state.books[shown.symbol] = Book(_instrument(shown, state.assets))
        book.rules = shown.rules
        book.phase = shown.phase
        book.last_price = shown.last_price
        book.index_price = shown.index_price
        book.auction_price = shown.auction_price
        book.watchers += PHASES[book.phase].is_auction
        book.security_status_to = dict.fromkeys(shown.security_status_to)
        book.session_status_to = dict.fromkeys(shown.session_status_to)
        _restore_timetable(state, book.timetable, shown.timetable)
        book.index_time_ns = shown.index_time_ns
        book.rpt_seq = shown.rpt_seq
        book.told_ns = shown.told_ns
        if shown.day is not None:
            book.day.restore(shown.day)
    for firm_image in image.firms:
        state.firms[firm_image.name] = _guard(firm_image)
    for account_image in image.accounts:
        firm = account_image.firm or account_image.account
        account = state.accounts[account_image.account] = Account(
            account_image.account, firm, state.firms.setdefault(firm, Guard())
        )
        account.guard = _guard(account_image.guard)
        account.holdings = {
            asset: Holding(available, reserved, account_image.held.get(asset, 0))
            for asset, (available, reserved) in account_image.holdings.items()
        }
        apply_schedules(state, account, state.books)
        account.orders = {shown.order_id: _order(shown, state) for shown in account_image.orders}
        account.firm_guard.open_orders += len(account.orders)
        account.cl_ord_ids = dict(account_image.cl_ord_ids)
        account.earlier_cl_ord_ids = dict(account_image.earlier_cl_ord_ids)
    for session_image in image.sessions:
        state.sessions[session_image.session] = _session(session_image, state)
    for finished in image.finished:
        state.finished[finished.order_id] = _order(finished, state)
        state.finished_order_ids.append(finished.order_id)
    open_orders = {key: order for account in state.accounts.values() for key, order in account.orders.items()}
    forgotten = {shown.order_id: _order(shown, state) for shown in image.forgotten_orders}
    state.trades.extend(image.trades)
    state.trade_times.extend(image.trade_times or [0] * len(image.trades))
    state.amendments = {trade_id: Amendment(*now) for trade_id, now in image.amendments.items()}
    state.amended_orders = {
        order_id: open_orders.get(order_id) or state.finished.get(order_id) or forgotten[order_id]
        for order_id in image.amended_orders
    }
    _restore_lists(image, state)
    _place(image, open_orders, state)
    take_stock(state)
    return state


def _place(image: StateImage, open_orders: dict[int, Order], state: State) -> None:
    """Put the open orders where the image shows them."""
    hidden = {shown.order_id: shown.hidden_qty for account_image in image.accounts for shown in account_image.orders}
    for shown in image.instruments:
        book = state.books[shown.symbol]
        for order_id in (*shown.bids, *shown.asks):
            order = open_orders[order_id]
            side = book.side(order.side)
            side.rest(order)
            if order.terms is not None and order.terms.display_qty:
                side.show(order, order.leaves_qty - hidden[order_id])
        book.for_auction = {order_id: open_orders[order_id] for order_id in shown.for_auction}
        for order_id in shown.pegs:
            rest_pegged(state, open_orders[order_id], book)
        book.triggers.triggered.update((order_id, open_orders[order_id]) for order_id in shown.triggered)
    _restore_triggers(image, state, open_orders)
    state.restless.clear()  # They were quiet when the image was taken.
    for order in open_orders.values():
        if order.terms is not None:
            due_ns = order.terms.effective_ns if order.place is Place.SCHEDULED else order.terms.expire_ns
            if due_ns:
                state.due.add(order, due_ns)


def _restore_triggers(image: StateImage, state: State, open_orders: dict[int, Order]) -> None:
    """Let the orders wait for their prices again; trailing ones the furthest mark first, as they must come."""
    waiting = []
    for account in image.accounts:
        for shown in account.orders:
            if shown.place is Place.TRIGGERS:
                state.books[shown.symbol].watchers += 1
                if shown.order_id not in state.books[shown.symbol].triggers.triggered:
                    waiting.append((-shown.mark if shown.side is SELL else shown.mark, shown.order_id, shown.mark))
    for _, order_id, mark in sorted(waiting):
        order = open_orders[order_id]
        state.books[order.instrument.symbol].triggers.add(order, mark)


def state_hash(state: State, sequence: int) -> str:
    """Return the SHA-256 of a state, the same on every machine that applied the same records."""
    return hashlib.sha256(_encode(capture(state, sequence))).hexdigest()


def write_snapshot(directory: Path, state: State, sequence: int) -> Path:
    """Write the snapshot after record `sequence`, durably or not at all, and delete those no longer needed."""
    make_directory(directory)
    body = _encode(capture(state, sequence))
    path = directory / f"{sequence:020d}{SUFFIX}"
    write_whole(path, MAGIC + hashlib.sha256(body).digest() + body)
    for old in snapshots(directory)[KEPT:]:
        old.unlink()
    return path


def snapshots(directory: Path) -> list[Path]:
    """Return the snapshot files of a directory, latest first."""
    return sorted((path for path in directory.glob("*" + SUFFIX) if path.stem.isdigit()), reverse=True)


def sequence_of(path: Path) -> int:
    """Return the last record in a snapshot, by the name of its file."""
    return int(path.stem)


def read_snapshot(path: Path) -> StateImage:
    """Return the image in a snapshot file. Raise `SnapshotError` if it is damaged."""
    return image_in(path.read_bytes(), str(path))


def image_in(data: bytes, origin: str) -> StateImage:
    """Return the image in a snapshot's bytes; `origin` names them in errors. Raise `SnapshotError`, as above."""
    body_at = len(MAGIC) + _DIGEST_SIZE
    body = memoryview(data)[body_at:]
    if not data.startswith(MAGIC) or hashlib.sha256(body).digest() != data[len(MAGIC) : body_at]:
        raise SnapshotError(f"{origin}: damaged, or of another version")
    try:
        image = _decode(body)
    except msgspec.MsgspecError as error:
        raise SnapshotError(f"{origin}: of another version: {error}") from error
    if any(shown.day is None for shown in image.instruments):
        raise SnapshotError(
            f"{origin}: of a version that kept no statistics of the day; only a whole replay gives them"
        )
    return image


def _instrument_image(book: Book) -> InstrumentImage:
    i = book.instrument
    table = book.timetable
    return InstrumentImage(
        i.symbol,
        i.base,
        i.quote,
        i.price_increment,
        i.price_decimals,
        i.qty_increment,
        i.qty_decimals,
        i.maker_fee_bps,
        i.taker_fee_bps,
        i.order_qty_max,
        [order.order_id for level in book.bids for order in level],
        [order.order_id for level in book.asks for order in level],
        book.rules,
        book.phase,
        book.last_price,
        book.index_price,
        book.auction_price,
        list(book.for_auction),
        tuple(order.order_id for order in book.pegs or ()),
        TimetableImage(
            table.schedule,
            table.change_ns,
            table.ends_ns,
            table.next_phase,
            table.is_extended,
            table.is_held,
            table.indicate_ns,
            table.indicated,
        ),
        list(book.security_status_to),
        list(book.session_status_to),
        book.index_time_ns,
        list(book.triggers.triggered),
        book.rpt_seq,
        book.told_ns,
        book.day.image(),
    )


def _restore_timetable(state: State, table: Timetable, image: TimetableImage | None) -> None:
    if image is None:
        return
    table.schedule = image.schedule
    table.change_ns = image.change_ns
    table.ends_ns = image.ends_ns
    table.next_phase = image.next_phase
    table.is_extended = image.is_extended
    table.is_held = image.is_held
    table.indicate_ns = image.indicate_ns
    table.indicated = image.indicated
    if table.next_ns():
        state.due.add(table, table.next_ns())


def _instrument(image: InstrumentImage, assets: dict[str, int]) -> Instrument:
    return Instrument(
        symbol=image.symbol,
        base=image.base,
        quote=image.quote,
        base_decimals=assets[image.base],
        quote_decimals=assets[image.quote],
        price_increment=image.price_increment,
        price_decimals=image.price_decimals,
        qty_increment=image.qty_increment,
        qty_decimals=image.qty_decimals,
        maker_fee_bps=image.maker_fee_bps,
        taker_fee_bps=image.taker_fee_bps,
        order_qty_max=image.order_qty_max,
    )


def _account_image(account: Account, state: State) -> AccountImage:
    return AccountImage(
        account.account,
        {asset: (holding.available, holding.reserved) for asset, holding in account.holdings.items()},
        [_order_image(order, _mark(state, order)) for order in account.orders.values()],
        dict(account.cl_ord_ids),
        dict(account.earlier_cl_ord_ids),
        account.firm,
        _guard_image(account.guard),
        [_list_image(order_list, account, state) for order_list in account.lists.values()],
        {asset: holding.held for asset, holding in account.holdings.items() if holding.held},
    )


def _session_image(session: Session) -> SessionImage:
    return SessionImage(
        session.session,
        session.accounts,
        session.credentials.password_hash,
        session.last_in,
        session.reserved_out,
        session.resets,
        session.former_accounts,
        _guard_image(session.guard),
        session.default_on_disconnect,
        session.grace_ms,
        session.on_disconnect,
        session.is_connected,
        session.due_ns,
        session.profile,
        session.credentials,
        session.is_suspended,
        session.seed,
        session.sequences_set,
    )


def _session(image: SessionImage, state: State) -> Session:
    session = Session(image.session)
    session.provision(state.accounts[name] for name in image.accounts)
    session.profile = image.profile
    session.credentials = image.credentials or Credentials(image.password_hash)
    session.is_suspended = image.is_suspended
    session.seed = image.seed
    session.sequences_set = image.sequences_set
    session.last_in = image.last_in
    session.reserved_out = image.reserved_out
    session.resets = image.resets
    session.former_accounts = image.former_accounts
    session.guard = _guard(image.guard)
    session.default_on_disconnect = image.default_on_disconnect
    session.grace_ms = image.grace_ms
    session.on_disconnect = image.on_disconnect
    session.is_connected = image.is_connected
    if image.due_ns:
        state.due.add(session, image.due_ns)
    return session


def _guard_image(guard: Guard, name: str = "") -> GuardImage:
    return GuardImage(name, None if guard.limits is NO_LIMITS else guard.limits, guard.block, guard.withdrawals_block)


def _guard(image: GuardImage) -> Guard:
    guard = Guard()
    guard.limits = image.limits or NO_LIMITS
    guard.block = image.block
    guard.withdrawals_block = image.withdrawals_block
    return guard


def _list_image(order_list: OrderList, account: Account, state: State) -> ListImage:
    return ListImage(
        order_list.list_id,
        order_list.session,
        order_list.contingency,
        order_list.stage,
        order_list.is_old,
        [order.order_id for order in order_list.orders],
        [
            _order_image(order)
            for order in order_list.orders
            if order.order_id not in account.orders and order.order_id not in state.finished
        ],
    )


def _restore_lists(image: StateImage, state: State) -> None:
    for account_image in image.accounts:
        account = state.accounts[account_image.account]
        for shown in account_image.lists:
            kept = {order.order_id: _order(order, state) for order in shown.kept}
            orders = [
                state.find_order(account, order_id) or state.amended_orders.get(order_id) or kept[order_id]
                for order_id in shown.order_ids
            ]
            order_list = account.lists[shown.list_id] = OrderList(
                shown.list_id, shown.session, account.account, shown.contingency, shown.stage, tuple(orders)
            )
            order_list.is_old = shown.is_old
            for order in orders:
                order.order_list = order_list


def _restore_funds(image: StateImage, state: State) -> None:
    state.withdrawn = dict.fromkeys(image.assets, 0) | image.withdrawn
    state.fee_schedules = {(shown.scope, shown.name, shown.symbol): shown for shown in image.fee_schedules}
    references = state.references
    references.booked = dict.fromkeys(image.credit_references, UNKNOWN_BOOKING) | image.bookings
    references.booked_order.extend(references.booked)
    references.withdrawals = dict(image.withdrawals)
    references.closed_order.extend(image.closed_withdrawals)


def _mark(state: State, order: Order) -> int:
    """Return the mark of a trailing order that waits for its price, 0 for any other order."""
    if order.place is not Place.TRIGGERS:
        return 0
    trail = state.books[order.instrument.symbol].triggers.trail(order)
    return 0 if trail is None else trail.mark(order)


def _order_image(order: Order, mark: int = 0) -> OrderImage:
    fee = round_fee(order.fee_raw)
    return OrderImage(
        order.order_id,
        order.session,
        order.account,
        order.cl_ord_id,
        order.instrument.symbol,
        order.side,
        order.order_type,
        order.time_in_force,
        order.qty,
        order.price,
        order.leaves_qty,
        order.cum_qty,
        order.cum_notional,
        fee,
        fee * FEE_SCALE - order.fee_raw,
        order.reserved,
        order.status,
        order.terms,
        order.place,
        order.hidden_qty,
        order.busted_qty,
        mark,
        (order.fees.maker_ppm, order.fees.taker_ppm),
    )


def _restore_fees(order: Order, image: OrderImage, state: State) -> None:
    if image.fee_ppm is None:  # of a version with whole basis points
        order.fee_raw = image.fee * FEE_SCALE - image.fee_rounding * (FEE_SCALE // BASIS_POINTS)
        return
    order.fee_raw = image.fee * FEE_SCALE - image.fee_rounding
    for known in (order.fees, state.accounts[image.account].fees.get(image.symbol)):
        if known is not None and (known.maker_ppm, known.taker_ppm) == image.fee_ppm:
            order.fees = known
            return
    order.fees = FeeRates(*image.fee_ppm)


def _order(image: OrderImage, state: State) -> Order:
    instrument = state.books[image.symbol].instrument
    holdings = state.accounts[image.account].holdings
    quote, base = holdings[instrument.quote], holdings[instrument.base]
    order = Order(
        image.order_id,
        image.session,
        image.account,
        image.cl_ord_id,
        instrument,
        image.side,
        image.order_type,
        image.time_in_force,
        image.qty,
        image.price,
        *((quote, base) if image.side is BUY else (base, quote)),
    )
    order.leaves_qty = image.leaves_qty
    order.cum_qty = image.cum_qty
    order.cum_notional = image.cum_notional
    _restore_fees(order, image, state)
    order.reserved = image.reserved
    order.status = image.status
    order.terms = image.terms
    order.place = image.place
    order.busted_qty = image.busted_qty
    return order
