"""Self-trade prevention: two orders of one owner that would trade with each other do not.

What happens instead is for the order that comes to say, or for the house, which may set a default for a session or an
account (the session's goes before the account's). One owner is one account, or one firm if the house says so; an order
that names a group has one owner with the orders of its firm that name the same, and with no others.
"""

from msgspec.structs import replace

from engine.commands import SetSelfTrade
from engine.events import AnyEvent, CommandRejected, OrderDecremented, SelfTradeSet
from engine.order import Order
from engine.rules import NO_SELF_TRADE_RULE, SelfTradeRule
from engine.settlement import cancel, give_back, part
from engine.state import State
from engine.terms import Terms
from engine.values import BUY, MARKET, ON_BOOK, Amount, CancelReason, Qty, SelfTrade, SelfTradeScope


class Prevention:
    """What is to happen where an order that comes meets one of its owner's."""

    __slots__ = ("_account", "_firm", "_group", "_state", "mode")

    def __init__(self, state: State, account: str, rule: SelfTradeRule, group: str) -> None:
        self.mode = rule.mode
        self._state = state
        self._account = account
        self._group = group
        self._firm = state.accounts[account].firm if group or rule.scope is SelfTradeScope.FIRM else ""

    def is_own(self, other: Order) -> bool:
        """Tell whether an order has the same owner."""
        if not self._firm:
            return other.account == self._account
        if self._group and (other.terms is None or other.terms.self_trade_group != self._group):
            return False
        return self._state.accounts[other.account].firm == self._firm


def prevention(state: State, session: str, account: str, terms: Terms | None) -> Prevention | None:
    """Return what an order of `account`, entered over `session`, is to be kept from; None if it may trade with all."""
    rule = state.self_trade_sessions.get(session) or state.self_trade_accounts.get(account) or NO_SELF_TRADE_RULE
    if terms is None:
        group = ""
    else:
        group = terms.self_trade_group
        if terms.self_trade is not SelfTrade.DEFAULT:
            rule = SelfTradeRule(terms.self_trade, rule.scope)
        elif group and rule.mode is SelfTrade.DEFAULT:
            rule = SelfTradeRule(SelfTrade.CANCEL_OLDEST)
    if rule.mode in (SelfTrade.DEFAULT, SelfTrade.NONE):
        return None
    return Prevention(state, account, rule, group)


def prevent(state: State, maker: Order, taker: Order, mode: SelfTrade, events: list[AnyEvent]) -> None:
    """Cancel or reduce two orders of one owner that would have traded, so that at least one is gone."""
    prevented_qty = min(maker.leaves_qty, taker.leaves_qty)
    if mode is SelfTrade.DECREMENT:
        maker_goes, taker_goes = maker.leaves_qty == prevented_qty, taker.leaves_qty == prevented_qty
    else:
        maker_goes, taker_goes = mode is not SelfTrade.CANCEL_NEWEST, mode is not SelfTrade.CANCEL_OLDEST
    for order, counter, goes in ((maker, taker, maker_goes), (taker, maker, taker_goes)):
        if goes:
            canceled = cancel(state, order, CancelReason.SELF_TRADE)
            events.append(replace(canceled, prevented_qty=prevented_qty, counter_order_id=counter.order_id))
        elif mode is SelfTrade.DECREMENT:
            part(state, order, CancelReason.PARTNER_FILLED, events)  # A pair knows one reservation only.
            released = _decrement(state, order, prevented_qty)
            rpt_seq = 0
            if order.place is ON_BOOK:
                rpt_seq = state.books[order.instrument.symbol].next_rpt_seq(state.time_ns)
            events.append(_decremented(order, prevented_qty, counter.order_id, rpt_seq, released))


def set_self_trade(state: State, command: SetSelfTrade) -> list[AnyEvent]:
    """Set what becomes of self-trades of an account or a session whose orders do not say."""
    rules: dict[str, SelfTradeRule]
    if command.account and not command.session:
        name, rules, is_known = command.account, state.self_trade_accounts, command.account in state.accounts
    elif command.session and not command.account:
        name, rules, is_known = command.session, state.self_trade_sessions, command.session in state.sessions
    else:
        return [CommandRejected("self-trade prevention: name an account or a session, and one of them")]
    if not is_known:
        return [CommandRejected(f"self-trade prevention: unknown {'account' if command.account else 'session'} {name}")]
    if command.rule == NO_SELF_TRADE_RULE:
        rules.pop(name, None)
    else:
        rules[name] = command.rule
    return [SelfTradeSet(command.account, command.session, command.rule, command.by, command.why)]


def _decrement(state: State, order: Order, qty: Qty) -> Amount:
    """Take `qty` off an open order, which keeps its place, and give back what it need not reserve for it: so much."""
    order.qty -= qty
    if order.place is ON_BOOK:
        state.books[order.instrument.symbol].side(order.side).reduce(order, qty)
    else:
        order.leaves_qty -= qty
    if order.order_type is MARKET and order.side is BUY:  # It gives back what is left at its end.
        return 0
    return give_back(order, order.leaves_qty)


def _decremented(order: Order, qty: Qty, counter_order_id: int, rpt_seq: int, released: Amount) -> OrderDecremented:
    return OrderDecremented(
        order.session,
        order.account,
        order.order_id,
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
        order.hidden_qty,
        qty,
        counter_order_id,
        order.terms,
        rpt_seq,
        released,
    )
