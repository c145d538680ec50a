"""The index price of an instrument, as the house takes it from its source. Orders may be triggered by it."""

from engine.commands import SetIndexPrice
from engine.events import AnyEvent, CommandRejected, IndexPriceSet
from engine.state import State
from engine.values import PRICE_MAX


def set_index_price(state: State, command: SetIndexPrice) -> list[AnyEvent]:
    """Take notice of an index price, unless a later one is known."""
    symbol, price, book = command.symbol, command.price, state.books.get(command.symbol)
    if book is None:
        return [CommandRejected(f"index price: unknown instrument {symbol}")]
    if not 0 < price <= PRICE_MAX:
        return [CommandRejected(f"{symbol}: an index price of {price} ticks is out of range")]
    if command.source_time_ns < book.index_time_ns:
        return [CommandRejected(f"{symbol}: a later index price is known")]
    book.index_price, book.index_time_ns = price, command.source_time_ns
    if book.watchers:
        book.triggers.on_index(price)
        state.restless[symbol] = book
    return [IndexPriceSet(symbol, price, command.source, command.source_time_ns, book.next_rpt_seq(state.time_ns))]
