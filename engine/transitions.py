"""From one phase of trading to another: by staff, by the clock, or because a price would have gone too far."""

from engine.book import Book
from engine.commands import SetPhase
from engine.events import AnyEvent, CommandRejected, PhaseChanged
from engine.phases import PHASES, Trading
from engine.state import State
from engine.uncross import indication, uncross
from engine.values import Phase


def set_phase(state: State, command: SetPhase) -> list[AnyEvent]:
    """Bring an instrument into a phase of trading, as staff asks."""
    book = state.books.get(command.symbol)
    if book is None:
        return [CommandRejected(f"phase: unknown instrument {command.symbol}")]
    if command.phase is book.phase:
        return [CommandRejected(f"{command.symbol}: is in phase {command.phase.name} already")]
    events: list[AnyEvent] = []
    change(state, book, command.phase, events, by=command.by, why=command.why)
    return events


def change(state: State, book: Book, phase: Phase, events: list[AnyEvent], *, by: str = "", why: str = "") -> None:
    """Let another phase begin. Where that lets orders trade again, or ends an auction for the day, the book uncrosses.

    An auction that is halted is not held: its orders wait. One that another call follows goes on in it.
    """
    before, trading = PHASES[book.phase], PHASES[phase].trading
    if trading is Trading.AT_ONCE or trading is Trading.REST:
        if before.trading is Trading.GATHER or indication(book) is not None:
            uncross(state, book, events)
    elif before.is_auction and phase is Phase.CLOSED:
        uncross(state, book, events)
    events.append(PhaseChanged(book.instrument.symbol, phase, book.phase, 0, by, why))
    book.phase = phase
    if book.watchers:
        state.restless[book.instrument.symbol] = book
