"""What must hold of a venue after every command, whatever the commands were."""

from collections.abc import Iterable
from itertools import islice

from engine.account import Account
from engine.book import BookSide
from engine.due import NEVER
from engine.guarding import blocks
from engine.holding import Holding
from engine.order import Order
from engine.phases import PHASES, Trading
from engine.state import FINISHED_ORDERS_KEPT, Session, State
from engine.taking import priced_pegs
from engine.triggers import TRIGGERED_TYPES, UNLIMITED_TYPES
from engine.values import (
    AT_THE_CLOSE,
    AT_THE_OPENING,
    BUY,
    FILLED,
    LIMIT,
    MARKET,
    MARKET_TO_LIMIT,
    NEW,
    PARTIALLY_FILLED,
    PEGGED,
    PENDING_NEW,
    SELL,
    Contingency,
    ListStage,
    Phase,
    Place,
    WithdrawalStage,
)
from tests.engine.trigger_invariants import check_triggers

RESTING_TYPES = (LIMIT, MARKET_TO_LIMIT, PEGGED, *TRIGGERED_TYPES)


def check_state(state: State, finished_looked_at: int = FINISHED_ORDERS_KEPT) -> None:
    """Check all that must hold; of the finished orders, which do not change any more, so many of the latest."""
    open_orders = [order for account in state.accounts.values() for order in account.orders.values()]
    waiting = _check_places(state, open_orders)
    assert not state.restless
    assert len({order.order_id for order in open_orders}) == len(open_orders)
    for account in state.accounts.values():
        for order_id, order in account.orders.items():
            assert order.order_id == order_id <= state.last_order_id
            assert order.account == account.account
            assert order.status in (NEW, PARTIALLY_FILLED, PENDING_NEW)
            assert order.order_type in RESTING_TYPES or order.place in (Place.AUCTION, Place.LIST)
            assert order.place is not Place.BOOK or order.order_type not in UNLIMITED_TYPES
            assert account.order_id_of(order.cl_ord_id) == order_id
    _check_finished(state, finished_looked_at)

    # Trades are kept without a gap, to the last.
    if state.trades:
        first, last = state.trades[0].trade_id, state.trades[-1].trade_id
        assert (last, last - first) == (state.last_trade_id, len(state.trades) - 1)
        assert state.trade_times[0] <= state.trade_times[-1] <= state.time_ns
    assert len(state.trade_times) == len(state.trades)

    # The clock knows of every order that it will act upon, and of no other.
    timed = {order.order_id: order.terms.expire_ns for order in open_orders if order.terms and order.terms.expire_ns}
    timed |= {o.order_id: o.terms.effective_ns for o in waiting if o.terms and o.place is Place.SCHEDULED}
    assert timed == {item.order_id: item.due_ns for item in state.due.items() if isinstance(item, Order)}
    assert timed == {order.order_id: order.due_ns for order in open_orders if order.due_ns}
    assert all(time_ns > state.time_ns for time_ns in timed.values())

    # A session that is gone is due as long as it has its grace.
    gone = [session for session in state.sessions.values() if session.due_ns]
    assert gone == sorted(
        (item for item in state.due.items() if isinstance(item, Session)), key=list(state.sessions.values()).index
    )
    due = (*timed.values(), *(session.due_ns for session in gone), *_timetables(state))
    assert state.due.next_ns == min((*due, NEVER))
    assert len(state.due) == len(due)
    assert not any(session.is_connected or session.due_ns <= state.time_ns for session in gone)
    _check_guards(state, open_orders)

    for order in open_orders:
        assert order.leaves_qty > 0
        assert order.cum_qty + order.busted_qty + order.leaves_qty == order.qty
        assert min(order.cum_qty, order.busted_qty, order.cum_notional) >= 0
        assert (order.status in (NEW, PENDING_NEW)) == (order.cum_qty == 0)
    check_reservations(open_orders)
    check_lists(state)

    _check_books(state)

    # Nothing is negative, and nothing is lost: what was credited and not withdrawn is there or was paid as fees.
    for asset in state.assets:
        holdings = [account.holdings[asset] for account in state.accounts.values()]
        assert all(min(holding.available, holding.reserved, holding.held) >= 0 for holding in holdings)
        assert state.fees[asset] >= 0
        total = sum(holding.total for holding in holdings)
        assert total + state.fees[asset] == state.credited[asset] - state.withdrawn[asset]
    _check_funds(state)
    for account in state.accounts.values():
        backed = dict.fromkeys(account.holdings, 0)
        for order in account.orders.values():
            asset = backing_asset(order)
            assert order.backing is account.holdings[asset]
            backed[asset] += order.reserved
        assert backed == {asset: holding.reserved for asset, holding in account.holdings.items()}


def _check_funds(state: State) -> None:
    """Check that what is held is held for open withdrawals, and that what is remembered is remembered in order."""
    held = {(name, asset): holding.held for name, account in state.accounts.items() for asset, holding in _of(account)}
    references = state.references
    for withdrawal in references.withdrawals.values():
        assert 0 <= withdrawal.settled <= withdrawal.amount
        assert (withdrawal.settled > 0) == (withdrawal.stage is WithdrawalStage.SETTLED)
        if withdrawal.stage is WithdrawalStage.HELD:
            held[withdrawal.account, withdrawal.asset] -= withdrawal.amount
    assert not any(held.values())
    closed = [key for key, known in references.withdrawals.items() if known.stage is not WithdrawalStage.HELD]
    assert sorted(closed) == sorted(references.closed_order)
    assert list(references.booked) == list(references.booked_order)


def _of(account: Account) -> Iterable[tuple[str, Holding]]:
    return account.holdings.items()


def _check_finished(state: State, count: int) -> None:
    finished = list(islice(reversed(state.finished.items()), count))
    for order_id, order in finished:
        assert order.order_id == order_id
        assert order.status not in (NEW, PARTIALLY_FILLED)
        assert not order.due_ns
        assert order.leaves_qty == order.reserved == order.hidden_qty == 0
        assert order.status is not FILLED or order.cum_qty + order.busted_qty == order.qty
    latest = list(islice(reversed(state.finished_order_ids), count))
    assert [order_id for order_id, _ in finished] == latest
    assert len(state.finished) == len(state.finished_order_ids)


def _check_books(state: State) -> None:
    """Check that no book is crossed where its phase lets orders trade, and that each side has its own orders."""
    for book in state.books.values():
        may_overlap = PHASES[book.phase].trading in (Trading.GATHER, Trading.WAIT)
        if not may_overlap and book.bids.best is not None and book.asks.best is not None:
            assert book.bids.best.price < book.asks.best.price, "the book is crossed"
        assert all(order.side is BUY and order.instrument is book.instrument for order in _queued(book.bids))
        assert all(order.side is SELL and order.instrument is book.instrument for order in _queued(book.asks))


def check_amendments(state: State) -> None:
    """Hold what became of busted and corrected trades, and of their orders, to the rest of the state."""
    for trade_id, now in state.amendments.items():
        trade = state.find_trade(trade_id)  # None if it is old, and so is what became of it.
        assert trade is None or 0 <= now.qty <= trade.qty
        assert (now.qty == 0) == (now.notional == 0)
    for order_id, order in state.amended_orders.items():
        assert order.order_id == order_id
        assert order.qty >= order.cum_qty + order.busted_qty + order.leaves_qty
        assert state.find_order(state.accounts[order.account], order_id) in (order, None)


def _check_guards(state: State, open_orders: list[Order]) -> None:
    """Check that open orders are counted by firm, that who is blocked has none, and that this is noticed."""
    assert {account.firm for account in state.accounts.values()} == set(state.firms)
    for firm, guard in state.firms.items():
        accounts = [account for account in state.accounts.values() if account.firm == firm]
        assert guard.open_orders == sum(len(account.orders) for account in accounts)
        assert all(account.firm_guard is guard for account in accounts)
        assert guard.block is None or not any(account.orders for account in accounts)
    assert not any(account.guard.block and account.orders for account in state.accounts.values())
    blocked = {session.session for session in state.sessions.values() if session.guard.block}
    assert not any(order.session in blocked for order in open_orders)
    assert state.guarded or not (blocked or blocks(state))


def check_reservations(open_orders: list[Order]) -> None:
    """Each order has reserved what it may cost; a pair, of which one only can trade, once for the dearer."""
    for order in open_orders:
        need = order.reserve_needed(order.leaves_qty, order.price)
        partner = None if order.order_list is None else order.order_list.partner(order)
        if order.place is Place.LIST:
            assert order.reserved == 0, "what waits for another order is not funded"
        elif partner is None:
            assert order.reserved == need
        else:
            other_need = partner.reserve_needed(partner.leaves_qty, partner.price)
            assert order.reserved + partner.reserved == max(need, other_need)


def check_lists(state: State) -> None:
    """Each order of a list is in it, and what binds them is what their places show."""
    assert not state.unsettled
    for account in state.accounts.values():
        for order in account.orders.values():
            listed = order.order_list
            assert (listed is not None) == bool(order.terms and order.terms.list_id)
            assert listed is None or (listed is account.lists[listed.list_id] and order in listed.orders)
            assert (order.place is Place.LIST) == (
                listed is not None and listed.stage is ListStage.WAITING and order is not listed.orders[0]
            )
        for list_id, order_list in account.lists.items():
            assert (order_list.list_id, order_list.account) == (list_id, account.account)
            is_open = [order.order_id in account.orders for order in order_list.orders]
            match order_list.stage:
                case ListStage.WAITING:
                    assert order_list.contingency is Contingency.ONE_TRIGGERS_OTHER
                    assert all(is_open)
                case ListStage.PAIRED:
                    assert all(is_open[-2:])
                    assert not any(is_open[:-2])
                    assert all(order.cum_qty == 0 for order in order_list.orders[-2:])
                case ListStage.LOOSE:
                    assert is_open.count(True) == 1
                case stage:
                    assert stage is ListStage.DONE
                    assert not any(is_open)


def _check_places(state: State, open_orders: list[Order]) -> list[Order]:
    """Hold every open order to be in one place, the right one; return those that wait for their start."""
    resting = [order for book in state.books.values() for order in (*_queued(book.bids), *_queued(book.asks))]

    # Every open order is in exactly one place, and that is the right one.
    waiting = [order for order in open_orders if order.status is PENDING_NEW]
    for_auction = [order for book in state.books.values() for order in book.for_auction.values()]
    for_a_price = [order for book in state.books.values() for order in check_triggers(book)]
    assert sorted(map(id, open_orders)) == sorted(
        map(id, (*resting, *_pegged(state), *waiting, *for_auction, *for_a_price))
    )
    for order in for_auction:
        assert order.place is Place.AUCTION
        assert order.time_in_force in (AT_THE_OPENING, AT_THE_CLOSE) or order.order_type is MARKET
    assert all(order.place is Place.BOOK for order in resting)
    assert all(order.place in (Place.SCHEDULED, Place.LIST) for order in waiting)
    assert all(order.place is Place.TRIGGERS for order in for_a_price)
    return waiting


def _timetables(state: State) -> list[int]:
    """Return when instruments are due, each for the first of what the clock has in store for it."""
    for book in state.books.values():
        table = book.timetable
        assert table.due_ns == table.next_ns()
        assert table.due_ns == 0 or table.due_ns > state.time_ns
        assert bool(table.change_ns) == bool(table.schedule)
        assert not (table.indicate_ns or table.ends_ns) or PHASES[book.phase].is_auction
    return [book.timetable.due_ns for book in state.books.values() if book.timetable.due_ns]


def backing_asset(order: Order) -> str:
    return order.instrument.quote if order.side is BUY else order.instrument.base


def _pegged(state: State) -> list[Order]:
    """Return the pegged orders, having checked where they are, and that no two of them could trade."""
    for book in state.books.values():
        pegs = priced_pegs(book, None)
        if pegs is not None:
            assert len(pegs) > 0
            assert all(order.place is Place.PEGS and order.order_type is PEGGED for order in pegs)
            buy, sell = pegs.side(BUY).first(), pegs.side(SELL).first()
            assert book.phase is not Phase.CONTINUOUS or not buy or not sell or -buy[0] < sell[0]
    return [order for book in state.books.values() for order in book.pegs or ()]


def _queued(side: BookSide) -> list[Order]:
    """Return the orders of one side, having checked its levels."""
    orders: list[Order] = []
    assert list(side.keys) == sorted(price * side.sign for price in side.levels)
    assert (side.best is None) == (not side.levels)
    for position, level in enumerate(side):
        if position == 0:
            assert level is side.best
        assert level.key == level.price * side.sign
        queue = list(level)
        assert queue, "an empty level is dropped"
        assert [order.ahead for order in queue] == [None, *queue[:-1]]
        assert queue[-1] is level.tail
        assert level.order_count == len(queue)
        assert level.total_qty == sum(order.leaves_qty for order in queue)
        assert level.hidden_qty == sum(order.hidden_qty for order in queue)
        assert level.displayed_qty == level.total_qty - level.hidden_qty
        for order in queue:  # Who rests displays something, and who hides something is an iceberg.
            assert 0 <= order.hidden_qty < order.leaves_qty
            assert not order.hidden_qty or (order.terms is not None and order.terms.display_qty)
        assert all(order.price == level.price for order in queue)
        orders += queue
    return orders
