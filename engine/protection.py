"""Protection: whether an order runs against a block, an instrument's rules, or the limits of its account or firm.

Asked at entry and at a replace, and only while anything is guarded at all (`state.guarded`). Constant time, but for a
market order, whose worth is what it would find in the book.
"""

from typing import Final

from engine.account import Account
from engine.book import Book
from engine.commands import NewOrder, ReplaceOrder
from engine.reject import RejectReason
from engine.rules import NO_LIMITS, Limits, Rules
from engine.state import State
from engine.terms import Terms
from engine.values import (
    BUY,
    FILL_OR_KILL,
    IMMEDIATE_OR_CANCEL,
    LIMIT,
    MARKET,
    MARKET_TO_LIMIT,
    Amount,
    OrderType,
    Price,
    Qty,
    Side,
)

_ACT_AT_ONCE: Final = frozenset((LIMIT, MARKET, MARKET_TO_LIMIT))


def why_not_protected(
    state: State, account: Account, book: Book, command: NewOrder | ReplaceOrder
) -> RejectReason | None:
    """Return the first protection that an order, or what it is to be replaced by, runs against, None if none."""
    if state.sessions[command.session].guard.block is not None:
        return RejectReason.SESSION_BLOCKED
    if account.guard.block is not None:
        return RejectReason.ACCOUNT_BLOCKED
    if account.firm_guard.block is not None:
        return RejectReason.FIRM_BLOCKED
    return _against_rules(book, command) or _against_limits(account, book, command)


def is_too_far(book: Book, side: Side, order_type: OrderType, price: Price, terms: Terms | None) -> bool:
    """Tell whether an order that acts at once would pay too much, or sell for too little, by the instrument's rules.

    A post-only order pays nothing, whatever its price; one that waits for a trigger or follows the book is bound
    otherwise. An order without a price is too far if the best price for it is.
    """
    if order_type not in _ACT_AT_ONCE or (terms is not None and terms.post_only):
        return False
    if not price:
        best = book.opposite(side).best
        if best is None:
            return False
        price = best.price
    bound = book.fat_finger_bound(side)
    return price > bound if side is BUY else price < bound


def checks_orders(rules: Rules) -> bool:
    """Tell whether rules could refuse an order for its size."""
    return (
        rules.order_qty_min > 0
        or rules.order_qty_max > 0
        or rules.order_notional_min > 0
        or rules.order_notional_max > 0
    )


def is_limiting(limits: Limits) -> bool:
    """Tell whether limits could refuse an order."""
    return limits.open_orders_max > 0 or bool(limits.order_base_max) or bool(limits.order_notional_max)


def may_stay_open(command: NewOrder) -> bool:
    """Tell whether an order may stay when it has traded what it can: what cannot is never one order too many."""
    time_in_force = command.time_in_force
    return (command.terms is not None and command.terms.trigger > 0) or (
        command.order_type is not MARKET
        and time_in_force is not IMMEDIATE_OR_CANCEL
        and time_in_force is not FILL_OR_KILL
    )


def worth(book: Book, command: NewOrder | ReplaceOrder) -> Amount:
    """Return price times quantity in the quote asset; without a limit, at the StopPx or the prices it would find.

    What it would not find counts at the reference price, nothing if there is none.
    """
    qty, price, terms = command.qty, command.price, command.terms
    if terms is not None and terms.cash_amount:
        return terms.cash_amount
    if not price and terms is not None:
        price = terms.stop_price
    if not price:
        return _worth_at_market(book, command.side, qty)
    return qty * price * book.instrument.notional_per_tick_lot


def quantity(book: Book, command: NewOrder | ReplaceOrder) -> Qty:
    """Return the quantity of an order; of one for an amount, that which the best price, or the reference, gives."""
    terms = command.terms
    if terms is None or not terms.cash_amount:
        return command.qty
    best = book.opposite(command.side).best
    price = best.price if best is not None else book.market_price(command.side)
    return terms.cash_amount // (price * book.instrument.notional_per_tick_lot) if price else 0


def _worth_at_market(book: Book, side: Side, qty: Qty) -> Amount:
    opposite = book.opposite(side)
    total = 0
    for level in opposite:
        taken = min(qty, level.total_qty)
        total += taken * level.price
        qty -= taken
        if not qty:
            break
    return (total + qty * book.market_price(side)) * book.instrument.notional_per_tick_lot


def _against_rules(book: Book, command: NewOrder | ReplaceOrder) -> RejectReason | None:
    rules, qty = book.rules, quantity(book, command)
    if qty < rules.order_qty_min:
        return RejectReason.ORDER_QTY_BELOW_RULE
    if 0 < rules.order_qty_max < qty:
        return RejectReason.ORDER_QTY_ABOVE_RULE
    if not (rules.order_notional_min or rules.order_notional_max):
        return None
    notional = worth(book, command)
    if notional < rules.order_notional_min:
        return RejectReason.ORDER_NOTIONAL_BELOW_RULE
    if 0 < rules.order_notional_max < notional:
        return RejectReason.ORDER_NOTIONAL_ABOVE_RULE
    return None


def _against_limits(account: Account, book: Book, command: NewOrder | ReplaceOrder) -> RejectReason | None:
    own, firm = account.guard.limits, account.firm_guard.limits
    if own is NO_LIMITS and firm is NO_LIMITS:
        return None
    if isinstance(command, NewOrder) and may_stay_open(command):
        if 0 < own.open_orders_max <= len(account.orders):
            return RejectReason.ACCOUNT_OPEN_ORDERS
        if 0 < firm.open_orders_max <= account.firm_guard.open_orders:
            return RejectReason.FIRM_OPEN_ORDERS
    base, quote = book.instrument.base, book.instrument.quote
    base_amount = quantity(book, command) * book.instrument.base_per_lot
    if _is_beyond(own.order_base_max, base, base_amount):
        return RejectReason.ACCOUNT_ORDER_QTY
    if _is_beyond(firm.order_base_max, base, base_amount):
        return RejectReason.FIRM_ORDER_QTY
    if quote in own.order_notional_max or quote in firm.order_notional_max:
        notional = worth(book, command)
        if _is_beyond(own.order_notional_max, quote, notional):
            return RejectReason.ACCOUNT_ORDER_NOTIONAL
        if _is_beyond(firm.order_notional_max, quote, notional):
            return RejectReason.FIRM_ORDER_NOTIONAL
    return None


def _is_beyond(maximum_by_asset: dict[str, int], asset: str, amount: int) -> bool:
    return amount > maximum_by_asset.get(asset, amount)
