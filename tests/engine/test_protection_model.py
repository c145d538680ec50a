"""Limits, blocks and absent sessions against rules written down once more, counted anew from all orders each time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import commands
from engine.commands import Block
from engine.events import AnyEvent, OrderCanceled, OrderRejected
from engine.order import Order
from engine.reject import RejectReason
from engine.rules import Limits
from engine.terms import Terms
from engine.values import BUY, CancelOnDisconnect, CancelReason, OnDisconnect, Scope
from tests.engine.builders import Venue, all_of
from tests.engine.invariants import check_state

FIRMS = {"A": "F", "B": "F", "C": "C"}
SESSIONS = {"S": ("A", "C"), "T": ("B",), "U": ("A", "B", "C")}
MS = 1_000_000

Step = tuple[object, ...]
LIMITS = st.builds(
    Limits,
    st.integers(0, 3),
    st.sampled_from(({}, {"BTC": 3})),
    st.sampled_from(({}, {"USD": 300})),
)
WHO = st.sampled_from(
    (
        *((Scope.FIRM, firm) for firm in ("F", "C")),
        *((Scope.ACCOUNT, account) for account in FIRMS),
        *((Scope.SESSION, session) for session in SESSIONS),
    )
)
ORDER = st.tuples(
    st.just("order"),
    st.sampled_from([(session, account) for session, accounts in SESSIONS.items() for account in accounts]),
    st.integers(1, 4),
    st.sampled_from((90, 100)),
    st.sampled_from(tuple(OnDisconnect)),
)
STEPS = st.lists(
    st.one_of(
        ORDER,
        ORDER,
        ORDER,
        st.tuples(st.just("limits"), WHO, LIMITS),
        st.tuples(st.sampled_from(("block", "unblock")), WHO),
        st.tuples(st.just("up"), st.sampled_from(tuple(SESSIONS)), st.sampled_from(tuple(CancelOnDisconnect))),
        st.tuples(st.just("down"), st.sampled_from(tuple(SESSIONS))),
        st.tuples(st.just("wait"), st.sampled_from((1, 4 * MS, 5 * MS))),
    ),
    max_size=40,
)


class Book:
    """What the rules are made of: all that has been set, and the orders that are open."""

    def __init__(self) -> None:
        self.limits: dict[tuple[Scope, str], Limits] = {}
        self.blocked: set[tuple[Scope, str]] = set()
        self.up: dict[str, CancelOnDisconnect] = {}
        self.down: dict[str, tuple[int, CancelOnDisconnect]] = {}
        """When the orders of a session that is gone go, and which."""

    def why_not(self, orders: list[Order], session: str, account: str, qty: int, price: int) -> int:
        firm = FIRMS[account]
        for scope, name, reason in (
            (Scope.SESSION, session, RejectReason.SESSION_BLOCKED),
            (Scope.ACCOUNT, account, RejectReason.ACCOUNT_BLOCKED),
            (Scope.FIRM, firm, RejectReason.FIRM_BLOCKED),
        ):
            if (scope, name) in self.blocked:
                return reason
        own = self.limits.get((Scope.ACCOUNT, account), Limits())
        firms = self.limits.get((Scope.FIRM, firm), Limits())
        of_account = sum(order.account == account for order in orders)
        of_firm = sum(FIRMS[order.account] == firm for order in orders)
        for is_reached, reason in (
            (own.open_orders_max and of_account >= own.open_orders_max, RejectReason.ACCOUNT_OPEN_ORDERS),
            (firms.open_orders_max and of_firm >= firms.open_orders_max, RejectReason.FIRM_OPEN_ORDERS),
            (qty > own.order_base_max.get("BTC", 99), RejectReason.ACCOUNT_ORDER_QTY),
            (qty > firms.order_base_max.get("BTC", 99), RejectReason.FIRM_ORDER_QTY),
            (qty * price > own.order_notional_max.get("USD", 9_999), RejectReason.ACCOUNT_ORDER_NOTIONAL),
            (qty * price > firms.order_notional_max.get("USD", 9_999), RejectReason.FIRM_ORDER_NOTIONAL),
        ):
            if is_reached:
                return reason
        return 0

    def is_in(self, order: Order, who: tuple[Scope, str]) -> bool:
        scope, name = who
        return name == {
            Scope.SESSION: order.session,
            Scope.ACCOUNT: order.account,
            Scope.FIRM: FIRMS[order.account],
        }.get(scope)

    def goes_with(self, order: Order, session: str, wanted: CancelOnDisconnect) -> bool:
        asked = order.terms.on_disconnect if order.terms else OnDisconnect.AS_SESSION
        is_own = order.session == session
        is_of_accounts = wanted is CancelOnDisconnect.ACCOUNTS and order.account in SESSIONS[session]
        if asked is OnDisconnect.KEEP or not (is_own or is_of_accounts):
            return False
        return asked is OnDisconnect.CANCEL or wanted is not CancelOnDisconnect.NONE


@settings(max_examples=150)
@given(STEPS)
def test_orders_are_let_in_and_go_by_the_rules(steps: list[Step]) -> None:
    venue, book = Venue(accounts=()), Book()
    for account, firm in FIRMS.items():
        venue.apply(commands.OpenAccount(account, firm))
        venue.credit(account, "USD", 10**6)
    for session, accounts in SESSIONS.items():
        venue.apply(commands.ProvisionSession(session, accounts, "hash", CancelOnDisconnect.NONE, 5))
    for step in steps:
        _step(venue, book, step)
        check_state(venue.state)


def _step(venue: Venue, book: Book, step: Step) -> None:
    match step:
        case ("wait", int(ns)):
            venue.now_ns += ns
    _let_go(venue, book)
    orders = [order for account in venue.state.accounts.values() for order in account.orders.values()]
    match step:
        case ("order", (str(session), str(account)), int(qty), int(price), OnDisconnect() as asked):
            expected = book.why_not(orders, session, account, qty, price)
            terms = Terms(on_disconnect=asked) if asked else None
            events = venue.order(account, BUY, qty, price, session=session, terms=terms)
            assert [event.reason for event in all_of(OrderRejected, events)] == ([expected] if expected else [])
        case ("limits", (Scope() as scope, str(name)), Limits() as limits):
            if scope is not Scope.SESSION:
                book.limits[scope, name] = limits
            venue.apply(commands.SetLimits(scope, name, limits))
        case ("block", (Scope() as scope, str(name))):
            book.blocked.add((scope, name))
            expected_gone = [order.order_id for order in orders if book.is_in(order, (scope, name))]
            events = venue.apply(Block(scope, name, "staff", "a test"))
            assert _gone(events, CancelReason.BLOCKED) == sorted(expected_gone)
        case ("unblock", (Scope() as scope, str(name))):
            book.blocked.discard((scope, name))
            venue.apply(commands.Unblock(scope, name, "staff", "a test"))
        case ("up", str(session), CancelOnDisconnect() as wanted):
            book.up[session] = wanted
            book.down.pop(session, None)
            venue.apply(commands.SessionConnected(session, wanted))
        case ("down", str(session)):
            venue.apply(commands.SessionDisconnected(session))
            if session in book.up:
                book.down[session] = (venue.now_ns + 5 * MS, book.up.pop(session))


def _let_go(venue: Venue, book: Book) -> None:
    """Let the clock tick, and hold what it cancels to what should go by then."""
    expected = []
    for session, (time_ns, wanted) in sorted(book.down.items(), key=lambda item: (item[1][0], item[0])):
        # The tick is a nanosecond from now, and the step itself one more.
        if time_ns <= venue.now_ns + 2:
            venue.now_ns = max(venue.now_ns, time_ns - 1)
            del book.down[session]
            orders = [order for account in venue.state.accounts.values() for order in account.orders.values()]
            gone = sorted(order.order_id for order in orders if book.goes_with(order, session, wanted))
            expected += [order_id for order_id in gone if order_id not in expected]
    assert _gone(venue.tick(), CancelReason.DISCONNECTED) == expected


def _gone(events: list[AnyEvent], reason: CancelReason) -> list[int]:
    return [event.order_id for event in all_of(OrderCanceled, events) if event.reason is reason]
