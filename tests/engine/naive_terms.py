"""What an order may ask for, once more: the rules that need nothing but the order, the time and the day."""

from engine.commands import NewOrder, ReplaceOrder
from engine.reject import RejectReason
from engine.terms import Terms
from engine.values import AMOUNT_MAX, PRICE_MAX, OffsetUnit, OrderType, PostOnly, TimeInForce
from tests.engine.naive_triggers import LIMITED, UNLIMITED


def may_rest(command: NewOrder | ReplaceOrder) -> bool:
    return command.order_type not in (OrderType.MARKET, *UNLIMITED) and command.time_in_force not in (
        TimeInForce.IMMEDIATE_OR_CANCEL,
        TimeInForce.FILL_OR_KILL,
    )


def is_post_only(command: NewOrder | ReplaceOrder) -> bool:
    return command.terms is not None and command.terms.post_only is not PostOnly.NO


def why_not_terms(  # noqa: C901, PLR0911, PLR0912 - one rule after another
    command: NewOrder | ReplaceOrder, *, now: int, day_ended: int, is_entry: bool
) -> RejectReason | None:
    """Return the first rule that an order, or what it is to be replaced by, breaks with what it asks for."""
    terms = command.terms or Terms()
    if terms.valid_until_ns and now > terms.valid_until_ns:
        return RejectReason.DEADLINE_PASSED
    expiries = [expiry for expiry in (terms.expire_ns, terms.expire_day) if expiry]
    if len(expiries) != (1 if command.time_in_force is TimeInForce.GOOD_TILL_DATE else 0):
        return RejectReason.EXPIRY_MISMATCH
    if terms.expire_ns and terms.expire_ns <= now:
        return RejectReason.EXPIRED_ON_ARRIVAL
    if terms.expire_day and terms.expire_day <= day_ended:
        return RejectReason.EXPIRED_ON_ARRIVAL
    passive = is_post_only(command)
    if passive and not (may_rest(command) and command.order_type is OrderType.LIMIT):
        return RejectReason.POST_ONLY_MUST_REST
    if terms.offset_unit is not OffsetUnit.NONE and command.order_type not in (*LIMITED, *UNLIMITED):
        return RejectReason.PEG_MISMATCH
    if terms.cash_amount:
        is_new_market_order = isinstance(command, NewOrder) and command.order_type is OrderType.MARKET
        if not is_new_market_order or command.qty or terms.min_qty:
            return RejectReason.CASH_MISMATCH
        if not 1 <= terms.cash_amount <= AMOUNT_MAX:
            return RejectReason.CASH_OUT_OF_RANGE
    if terms.min_qty:
        fill_or_kill = command.time_in_force is TimeInForce.FILL_OR_KILL
        if passive or not is_entry or fill_or_kill or not 1 <= terms.min_qty <= command.qty:
            return RejectReason.MIN_QTY_MISMATCH
    if terms.effective_ns:
        is_over = not is_entry and terms.effective_ns <= now
        may_wait = command.order_type in (OrderType.LIMIT, OrderType.STOP, OrderType.TAKE_PROFIT, *LIMITED)
        if passive or not may_wait or not (is_entry or is_over) or 0 < terms.expire_ns <= terms.effective_ns:
            return RejectReason.SCHEDULE_MISMATCH
    if terms.slippage_unit is not OffsetUnit.NONE:
        largest = 10_000 if terms.slippage_unit is OffsetUnit.BASIS_POINTS else PRICE_MAX
        if command.order_type is not OrderType.MARKET or not 0 <= terms.slippage_max <= largest:
            return RejectReason.SLIPPAGE_MISMATCH
    return _why_not_iceberg(command, terms)


def _why_not_iceberg(command: NewOrder | ReplaceOrder, terms: Terms) -> RejectReason | None:
    bounds = terms.display_low_qty, terms.display_high_qty
    if not terms.display_qty and not any(bounds):
        return None
    if not may_rest(command):
        return RejectReason.DISPLAY_MUST_REST
    if any(bounds) and not (1 <= bounds[0] <= bounds[1] <= command.qty):
        return RejectReason.DISPLAY_RANGE_MISMATCH
    return None if 1 <= terms.display_qty <= command.qty else RejectReason.DISPLAY_OUT_OF_RANGE
