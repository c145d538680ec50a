"""Questions for instruments: what they are, what their orders are held to, and in which phase they are.

A pure function of the state, so that market data, which has a copy of it, answers as trading does.
"""

from collections.abc import Sequence

from engine.answer_events import InstrumentReported
from engine.bands import limits
from engine.book import Book
from engine.commands import QueryInstruments
from engine.events import AnyEvent
from engine.reject import RejectReason, unknown_session
from engine.rules import NO_RULES
from engine.state import State
from engine.values import PRICE_MAX, Phase


def query_instruments(state: State, command: QueryInstruments) -> list[AnyEvent]:
    """Answer a question that came in with a number of the session's."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    return [*report_instruments(state, command)]


def report_instruments(state: State, command: QueryInstruments) -> Sequence[InstrumentReported]:
    """Tell of the instruments that were asked for and that the session may see; or that there is none."""
    permitted = state.sessions[command.session].profile.instruments
    books = [
        book
        for symbol, book in state.books.items()
        if command.symbol in ("", symbol) and (not permitted or symbol in permitted)
    ]
    if books:
        return [_reported(command, book, place, len(books)) for place, book in enumerate(books, start=1)]
    reason = RejectReason.UNKNOWN_INSTRUMENT
    return [
        InstrumentReported(
            command.session,
            command.request_id,
            command.symbol,
            command.is_definition,
            0,
            0,
            Phase.CLOSED,
            NO_RULES,
            0,
            0,
            0,
            reason,
            reason.text,
        )
    ]


def _reported(command: QueryInstruments, book: Book, place: int, total: int) -> InstrumentReported:
    rules = book.rules
    lowest, highest = (0, PRICE_MAX) if rules.bands is None else limits(book, rules.bands)
    return InstrumentReported(
        command.session,
        command.request_id,
        book.instrument.symbol,
        command.is_definition,
        place,
        total,
        book.phase,
        rules,
        lowest,
        highest if highest < PRICE_MAX else 0,
        book.auction_price or rules.reference_price,
    )
