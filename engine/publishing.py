"""Publishing: every change of what the public sees of an instrument takes a number, FIX's RptSeq(83), without gaps.

The public sees the displayed book, the tape, the phase and the prices that are published. A change of these is told by
one event, whose `rpt_seq` is the next number of its instrument; an event that changes nothing of them has 0. Whoever
applies the events of an instrument in the order of their numbers has its displayed book (`tests/engine/public_book.py`
does so). What an order displays is known only when it has traded what it can: the event that tells of it comes first in
the record, but takes its number when it rests, after its trades; the first part of an iceberg is told likewise, the
later ones by the trades that use up the parts before.
"""

from msgspec.structs import replace

from engine.book import Book
from engine.events import AnyEvent
from engine.order import Order
from engine.state import State
from engine.values import ON_BOOK


def publish(
    state: State, book: Book, order: Order, events: list[AnyEvent], told_at: int, *, was_displayed: bool = False
) -> None:
    """Number the event that tells of an order, where that order is displayed now that it has acted, or was before."""
    is_displayed = order.place is ON_BOOK
    if is_displayed or was_displayed:
        displayed_qty = order.leaves_qty - order.hidden_qty if is_displayed else 0
        rpt_seq = book.next_rpt_seq(state.time_ns)
        events[told_at] = replace(events[told_at], rpt_seq=rpt_seq, displayed_qty=displayed_qty)
