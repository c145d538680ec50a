"""What the house guards itself with: rules of instruments, limits of firms and accounts, and the kill switch.

A block cancels whatever is open, wherever it is, and lets nothing in until it is lifted; to cancel stays allowed.
"""

from typing import Final

from engine.commands import Block, SetLimits, SetRules, Unblock
from engine.events import AnyEvent, Blocked, CommandRejected, LimitsSet, RulesSet, Unblocked
from engine.guard import Guard
from engine.order import Order
from engine.protection import checks_orders, is_limiting
from engine.rules import NO_LIMITS, Bands, Rules
from engine.settlement import cancel
from engine.state import State
from engine.values import AMOUNT_MAX, AUCTION_MS_MAX, BASIS_POINTS, PRICE_MAX, CancelReason, Scope

_NO_BANDS: Final = Bands()


def set_rules(state: State, command: SetRules) -> list[AnyEvent]:
    """Give an instrument its trading rules."""
    book = state.books.get(command.symbol)
    if book is None:
        return [CommandRejected(f"rules: unknown instrument {command.symbol}")]
    flaw = _flaw_of_rules(command.rules)
    if flaw:
        return [CommandRejected(f"{command.symbol}: {flaw}")]
    book.rules = command.rules
    take_stock(state)
    return [RulesSet(command.symbol, command.rules, command.by, command.why)]


def set_limits(state: State, command: SetLimits) -> list[AnyEvent]:
    """Give a firm or an account its limits."""
    limits = command.limits
    if command.scope is Scope.SESSION:
        return [CommandRejected("limits: a session has none; its accounts and firm have")]
    guard = guard_of(state, command.scope, command.name)
    if guard is None:
        return [CommandRejected(f"limits: {unknown(command.scope, command.name)}")]
    if limits.open_orders_max < 0:
        return [CommandRejected(f"limits of {command.name}: open_orders_max must not be negative")]
    for asset, amount in (*limits.order_base_max.items(), *limits.order_notional_max.items()):
        if asset not in state.assets:
            return [CommandRejected(f"limits of {command.name}: unknown asset {asset}")]
        if not 0 < amount <= AMOUNT_MAX:
            text = f"limits of {command.name}: the maximum in {asset} must be 1 to {AMOUNT_MAX} smallest units"
            return [CommandRejected(text)]
    guard.limits = limits if is_limiting(limits) else NO_LIMITS
    take_stock(state)
    return [LimitsSet(command.scope, command.name, limits, command.by, command.why)]


def block(state: State, command: Block) -> list[AnyEvent]:
    """Cancel all open orders of a firm, an account or a session, oldest first, and let it enter no more."""
    guard = guard_of(state, command.scope, command.name)
    if guard is None:
        return [CommandRejected(f"block: {unknown(command.scope, command.name)}")]
    was_blocked = guard.block is not None
    if not was_blocked:
        guard.block = command
        state.guarded = True
    events: list[AnyEvent] = []
    cancel_each(state, _open_orders(state, command.scope, command.name), CancelReason.BLOCKED, events)
    canceled = len(events)
    events.append(Blocked(command.scope, command.name, command.by, command.why, canceled, was_blocked))
    return events


def unblock(state: State, command: Unblock) -> list[AnyEvent]:
    """Let a firm, an account or a session trade again, as far as no other block is in its way."""
    guard = guard_of(state, command.scope, command.name)
    if guard is None:
        return [CommandRejected(f"unblock: {unknown(command.scope, command.name)}")]
    was_blocked = guard.block is not None
    guard.block = None
    take_stock(state)
    return [Unblocked(command.scope, command.name, command.by, command.why, was_blocked)]


def blocks(state: State) -> list[Block]:
    """Return all blocks: of firms, then accounts, then sessions."""
    return [guard.block for guard in guards(state) if guard.block is not None]


def take_stock(state: State) -> None:
    """Note whether anything could refuse an order: as long as nothing can, orders are not held against it."""
    state.guarded = any(guard.is_armed for guard in guards(state)) or any(
        checks_orders(book.rules) for book in state.books.values()
    )


def cancel_each(state: State, orders: list[Order], reason: CancelReason, events: list[AnyEvent]) -> None:
    """Cancel orders, oldest first, but those that go with one before."""
    events.extend(
        cancel(state, order, reason)
        for order in sorted(orders, key=_order_id)
        if order.order_id in state.accounts[order.account].orders
    )


def orders_of_session(state: State, session: str) -> list[Order]:
    """Return the open orders that a session has entered."""
    known = state.sessions[session]
    orders = state.open_orders((*known.accounts, *known.former_accounts))
    return [order for order in orders if order.session == session]


def _open_orders(state: State, scope: Scope, name: str) -> list[Order]:
    if scope is Scope.SESSION:
        return orders_of_session(state, name)
    if scope is Scope.ACCOUNT:
        return state.open_orders((name,))
    return state.open_orders(account.account for account in state.accounts.values() if account.firm == name)


def _order_id(order: Order) -> int:
    return order.order_id


def guard_of(state: State, scope: Scope, name: str) -> Guard | None:
    """Return what a firm, an account or a session is held to, None if there is no such."""
    if scope is Scope.FIRM:
        return state.firms.get(name)
    if scope is Scope.ACCOUNT:
        account = state.accounts.get(name)
        return None if account is None else account.guard
    session = state.sessions.get(name)
    return None if session is None else session.guard


def guards(state: State) -> list[Guard]:
    """Return the guards of all firms, then of accounts, then of sessions."""
    return [
        *state.firms.values(),
        *(account.guard for account in state.accounts.values()),
        *(session.guard for session in state.sessions.values()),
    ]


def unknown(scope: Scope, name: str) -> str:
    """Say that there is no such firm, account or session."""
    return f"unknown {scope.name.lower()} {name}"


def _flaw_of_rules(rules: Rules) -> str:
    """Return what is wrong with rules, or an empty text."""
    bands = rules.bands or _NO_BANDS
    for name, bps in (
        ("stop_protection_bps", rules.stop_protection_bps),
        ("fat_finger_bps", rules.fat_finger_bps),
        ("auction_protection_bps", rules.auction_protection_bps),
        ("bands.static_bps", bands.static_bps),
        ("bands.dynamic_bps", bands.dynamic_bps),
    ):
        if not 0 <= bps < BASIS_POINTS:
            return f"{name} must be 0 to 9999"
    if not 0 <= rules.display_min_bps <= BASIS_POINTS:
        return "display_min_bps must be 0 to 10000"
    for name, low, high, largest in (
        ("order_qty", rules.order_qty_min, rules.order_qty_max, PRICE_MAX),
        ("order_notional", rules.order_notional_min, rules.order_notional_max, AMOUNT_MAX),
    ):
        if not (0 <= low <= largest and 0 <= high <= largest):
            return f"{name}_min and {name}_max must be 0 to {largest}"
        if 0 < high < low:
            return f"{name}_min is above {name}_max"
    for name, ms in (
        ("auction_random_end_ms", rules.auction_random_end_ms),
        ("indicative_every_ms", rules.indicative_every_ms),
        ("bands.auction_ms", bands.auction_ms),
    ):
        if not 0 <= ms <= AUCTION_MS_MAX:
            return f"{name} must be 0 to {AUCTION_MS_MAX}"
    if not 0 <= rules.auction_seed < 1 << 63:
        return "auction_seed must have 63 bits"
    if not 0 <= rules.reference_price <= PRICE_MAX:
        return f"reference_price must be 0 to {PRICE_MAX}"
    return ""
