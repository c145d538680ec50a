"""Amending trades: staff bust a trade, or correct its price and quantity, and the money goes back exactly.

What each side paid and received, fees included, is undone, and for a correction booked anew; the venue's fee income
follows. Nothing else is undone: no order comes back to the book (a quantity that was busted is neither filled nor
open), and neither do triggers, auctions or last prices that followed from the trade.

Trades can be amended while the venue keeps them: the last `TRADES_KEPT`.
"""

from typing import Final

from engine.commands import BustTrade, CorrectTrade
from engine.decimals import format_decimal
from engine.events import AnyEvent, CommandRejected, Trade, TradeAmended
from engine.holding import Holding
from engine.instrument import Instrument
from engine.order import Order, round_fee
from engine.state import Amendment, State
from engine.values import (
    AMOUNT_MAX,
    BUY,
    CANCELED,
    CONTINUOUS,
    FILLED,
    NEW,
    PARTIALLY_FILLED,
    PRICE_MAX,
    SELL,
    Amount,
    Price,
    Qty,
    Side,
)

AMENDMENTS_MAX: Final = 10_000
"""So many trades may be amended among those that are kept; after that the oldest must be forgotten first."""


def bust_trade(state: State, command: BustTrade) -> list[AnyEvent]:
    """Undo a trade."""
    trade = state.find_trade(command.trade_id)
    if trade is None:
        return _refused(command, "is unknown, or older than the venue keeps trades")
    return _amend(state, command, trade, 0, 0)


def correct_trade(state: State, command: CorrectTrade) -> list[AnyEvent]:
    """Give a trade another price, or a smaller quantity, as if it had been made so."""
    trade = state.find_trade(command.trade_id)
    if trade is None:
        return _refused(command, "is unknown, or older than the venue keeps trades")
    price, qty = command.price, command.qty
    if not 0 < price <= PRICE_MAX:
        return _refused(command, "cannot have that price: a price is above zero and within the venue's largest")
    if not 0 < qty <= trade.qty:
        instrument = state.books[trade.symbol].instrument
        most = format_decimal(trade.qty * instrument.qty_increment, instrument.qty_decimals)
        asked = format_decimal(qty * instrument.qty_increment, instrument.qty_decimals)
        return _refused(command, f"was of {most}, and cannot be corrected to {asked}; bust it instead of zero")
    return _amend(state, command, trade, price, qty)


class _Change:
    """What an amendment does to one asset of one account."""

    __slots__ = ("account", "amount", "asset", "holding")

    def __init__(self, account: str, asset: str, holding: Holding) -> None:
        self.account = account
        self.asset = asset
        self.holding = holding
        self.amount: Amount = 0


def _amend(state: State, command: BustTrade | CorrectTrade, trade: Trade, price: Price, qty: Qty) -> list[AnyEvent]:
    """Put a trade's price and quantity in the place of what they are; a quantity of 0 busts it."""
    before = state.amendments.get(trade.trade_id) or Amendment(
        trade.price, trade.qty, trade.notional, trade.maker_fee, trade.taker_fee
    )
    if not before.qty:
        return _refused(command, "was busted before")
    if (price, qty) == (before.price, before.qty):
        return _refused(command, "has that price and quantity already")
    if not _may_amend_more(state):
        return _refused(command, f"must wait: {AMENDMENTS_MAX} trades that are still kept have been amended")
    instrument = state.books[trade.symbol].instrument
    notional = qty * price * instrument.notional_per_tick_lot
    orders = _order(state, trade, trade.maker_order_id), _order(state, trade, trade.taker_order_id)
    for order in orders:
        open_notional = order.leaves_qty * order.price * instrument.notional_per_tick_lot
        if order.cum_notional + notional - before.notional + open_notional > AMOUNT_MAX:
            return _refused(command, "would be of a notional beyond what the venue can hold")
    maker_fee, taker_fee = (round_fee(notional * ppm) for ppm in _rates(instrument, trade))
    after = Amendment(price, qty, notional, maker_fee, taker_fee)
    problem = _move_funds(state, instrument, trade, before, after)
    if problem:
        return _refused(command, f"cannot be amended: {problem}")
    for order in orders:
        _adjust(order, qty - before.qty, notional - before.notional)
        state.amended_orders[order.order_id] = order
    state.amendments[trade.trade_id] = after
    book = state.books[trade.symbol]
    amended = _amended(command, trade, before, after, *orders, book.next_rpt_seq(state.time_ns))
    book.day.amend(amended)
    return [amended]


def _rates(instrument: Instrument, trade: Trade) -> tuple[int, int]:
    """Return the rates that a trade was made at; it tells, unless it is of a time when there were only one's own."""
    if trade.maker_fee_ppm is not None and trade.taker_fee_ppm is not None:
        return trade.maker_fee_ppm, trade.taker_fee_ppm
    fees = instrument.fees
    in_auction = max(fees.maker_ppm, 0)
    return (fees.maker_ppm, fees.taker_ppm) if trade.phase is CONTINUOUS else (in_auction, in_auction)


def _may_amend_more(state: State) -> bool:
    if len(state.amendments) >= AMENDMENTS_MAX:
        state.forget_old_amendments()
    return len(state.amendments) < AMENDMENTS_MAX


def _move_funds(state: State, instrument: Instrument, trade: Trade, before: Amendment, after: Amendment) -> str:
    """Move what both sides and the venue get back and pay instead; or return who cannot, and move nothing."""
    changes: dict[tuple[str, str], _Change] = {}
    for account, is_buyer, fee_before, fee_after in (
        (trade.maker_account, trade.taker_side is SELL, before.maker_fee, after.maker_fee),
        (trade.taker_account, trade.taker_side is BUY, before.taker_fee, after.taker_fee),
    ):
        base = (after.qty - before.qty) * instrument.base_per_lot
        quote = before.notional - after.notional
        for asset, amount in (
            (instrument.base, base if is_buyer else -base),
            (instrument.quote, (quote if is_buyer else -quote) + fee_before - fee_after),
        ):
            change = changes.get((account, asset))
            if change is None:
                holding = state.accounts[account].holdings[asset]
                change = changes[account, asset] = _Change(account, asset, holding)
            change.amount += amount
    for change in changes.values():
        if change.holding.available + change.amount < 0:
            return (
                f"account {change.account} would have to give back {-change.amount} of {change.asset}'s smallest "
                f"units and has {change.holding.available} available"
            )
    fees = after.maker_fee + after.taker_fee - before.maker_fee - before.taker_fee
    if state.fees[instrument.quote] + fees < 0:
        return f"the venue's fees in {instrument.quote} do not cover it"
    for change in changes.values():
        change.holding.available += change.amount
    state.fees[instrument.quote] += fees
    return ""


def _adjust(order: Order, qty: Qty, notional: Amount) -> None:
    """Let an order have traded so much more, or less; what it has open stays as it is."""
    order.cum_qty += qty
    order.cum_notional += notional
    order.busted_qty -= qty
    if order.leaves_qty:
        order.status = PARTIALLY_FILLED if order.cum_qty else NEW
    elif order.status is FILLED and order.busted_qty:
        order.status = CANCELED
    elif order.status is CANCELED and order.cum_qty == order.qty:
        order.status = FILLED


def _order(state: State, trade: Trade, order_id: int) -> Order:
    """Return an order of a trade: as the venue has it or, if it is forgotten, as its last trade left it."""
    is_maker = order_id == trade.maker_order_id
    account = state.accounts[trade.maker_account if is_maker else trade.taker_account]
    terms = trade.maker_terms if is_maker else trade.taker_terms
    order_list = None if terms is None else account.lists.get(terms.list_id)
    order = (
        state.find_order(account, order_id)
        or state.amended_orders.get(order_id)
        or (None if order_list is None else order_list.find(order_id))
    )
    if order is not None:
        return order
    # All trades since then are kept too, and none of this order's has ever been amended.
    last = trade
    for later in state.trades:
        if order_id in (later.maker_order_id, later.taker_order_id):
            last = later
    return _as_left_by(state, last, order_id)


def _as_left_by(state: State, trade: Trade, order_id: int) -> Order:
    """Return a finished order as a trade, its last, left it."""
    instrument = state.books[trade.symbol].instrument
    is_maker = order_id == trade.maker_order_id
    side: Side = trade.taker_side
    if is_maker:
        side = SELL if trade.taker_side is BUY else BUY
    account = trade.maker_account if is_maker else trade.taker_account
    holdings = state.accounts[account].holdings
    quote, base = holdings[instrument.quote], holdings[instrument.base]
    order = Order(
        order_id,
        trade.maker_session if is_maker else trade.taker_session,
        account,
        trade.maker_cl_ord_id if is_maker else trade.taker_cl_ord_id,
        instrument,
        side,
        trade.maker_order_type if is_maker else trade.taker_order_type,
        trade.maker_time_in_force if is_maker else trade.taker_time_in_force,
        trade.maker_order_qty if is_maker else trade.taker_order_qty,
        trade.maker_order_price if is_maker else trade.taker_order_price,
        quote if side is BUY else base,
        base if side is BUY else quote,
    )
    leaves_qty = trade.maker_leaves_qty if is_maker else trade.taker_leaves_qty
    order.cum_qty = trade.maker_cum_qty if is_maker else trade.taker_cum_qty
    order.cum_notional = trade.maker_cum_notional if is_maker else trade.taker_cum_notional
    order.terms = trade.maker_terms if is_maker else trade.taker_terms
    order.status = CANCELED if leaves_qty else FILLED
    order.leaves_qty = 0
    return order


def _amended(
    command: BustTrade | CorrectTrade,
    trade: Trade,
    before: Amendment,
    after: Amendment,
    maker: Order,
    taker: Order,
    rpt_seq: int,
) -> TradeAmended:
    return TradeAmended(
        trade.trade_id,
        trade.symbol,
        after.price,
        after.qty,
        after.notional,
        before.price,
        before.qty,
        before.notional,
        maker.session,
        maker.account,
        maker.order_id,
        maker.cl_ord_id,
        maker.order_type,
        maker.time_in_force,
        maker.status,
        maker.qty,
        maker.price,
        maker.leaves_qty,
        maker.cum_qty,
        maker.cum_notional,
        after.maker_fee,
        before.maker_fee,
        taker.session,
        taker.account,
        taker.order_id,
        taker.cl_ord_id,
        taker.side,
        taker.order_type,
        taker.time_in_force,
        taker.status,
        taker.qty,
        taker.price,
        taker.leaves_qty,
        taker.cum_qty,
        taker.cum_notional,
        after.taker_fee,
        before.taker_fee,
        command.by,
        command.why,
        maker.terms,
        taker.terms,
        rpt_seq,
    )


def _refused(command: BustTrade | CorrectTrade, text: str) -> list[AnyEvent]:
    return [CommandRejected(f"trade {command.trade_id} {text}")]
