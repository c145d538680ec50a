"""A market in which prices can be made to move at will."""

from engine.commands import SetIndexPrice
from engine.events import AnyEvent, OrderTriggered
from tests.engine.builders import SYMBOL, Venue, all_of


def market() -> Venue:
    """The last trade was at 1000; bids of 10 each from 990 down to 900, offers of 10 each from 1010 up to 1100."""
    venue = Venue(accounts=("A", "B", "C", "MAKER"))
    trade_at(venue, 1000)
    for distance in range(10, 101, 10):
        venue.buy(10, 1000 - distance, "MAKER")
        venue.sell(10, 1000 + distance, "MAKER")
    return venue


def trade_at(venue: Venue, price: int) -> list[AnyEvent]:
    """Let one lot trade between the best bid and the best offer; return what follows from it."""
    venue.sell(1, price, "MAKER")
    return venue.buy(1, price, "MAKER")[2:]


def index_at(venue: Venue, price: int, source_time_ns: int = 1) -> list[AnyEvent]:
    return venue.apply(SetIndexPrice(SYMBOL, price, "a source", source_time_ns))


def triggered(events: list[AnyEvent]) -> list[str]:
    return [event.cl_ord_id for event in all_of(OrderTriggered, events)]
