"""From one phase of trading to another: by staff, by the clock, or because a price would have gone too far."""

from typing import Final

from engine.bands import is_within
from engine.book import Book
from engine.commands import SetPhase, SetSchedule
from engine.events import AnyEvent, CommandRejected, IndicativePrice, PhaseChanged, ScheduleSet
from engine.iceberg import mixed
from engine.phases import PHASES, Trading
from engine.schedule import flaw_of, next_change, phase_at
from engine.state import State
from engine.uncross import indication, taking_part, uncross
from engine.values import AUCTION_MS_MAX, Phase

MS_NS: Final = 1_000_000


def set_phase(state: State, command: SetPhase) -> list[AnyEvent]:
    """Bring an instrument into a phase of trading, as staff asks; an auction for so long, and then on with trading."""
    book = state.books.get(command.symbol)
    if book is None:
        return [CommandRejected(f"phase: unknown instrument {command.symbol}")]
    if command.phase is book.phase:
        return [CommandRejected(f"{command.symbol}: is in phase {command.phase.name} already")]
    if command.lasts_ms and not (PHASES[command.phase].is_auction and 0 < command.lasts_ms <= AUCTION_MS_MAX):
        return [CommandRejected(f"{command.symbol}: an auction, and it alone, lasts 1 to {AUCTION_MS_MAX} ms")]
    events: list[AnyEvent] = []
    ends_ns = state.time_ns + command.lasts_ms * MS_NS if command.lasts_ms else 0
    change(state, book, command.phase, events, by=command.by, why=command.why, ends_ns=ends_ns)
    book.timetable.is_held = command.phase is Phase.HALT or command.phase is Phase.CANCEL_ONLY
    return events


def set_schedule(state: State, command: SetSchedule) -> list[AnyEvent]:
    """Give an instrument its schedule, or none, and bring it into the phase that the schedule has for now."""
    book = state.books.get(command.symbol)
    if book is None:
        return [CommandRejected(f"schedule: unknown instrument {command.symbol}")]
    flaw = flaw_of(command.schedule)
    if flaw:
        return [CommandRejected(f"{command.symbol}: schedule: {flaw}")]
    table = book.timetable
    table.schedule = command.schedule
    table.change_ns = next_change(command.schedule, state.time_ns)[0] if command.schedule else 0
    _arm(state, book)
    events: list[AnyEvent] = [ScheduleSet(command.symbol, command.schedule, command.by, command.why)]
    phase = phase_at(command.schedule, state.time_ns) if command.schedule else Phase.CONTINUOUS
    if phase is not book.phase and not table.is_held:
        change(state, book, phase, events, by=command.by, why=_SCHEDULE)
    return events


def change(
    state: State,
    book: Book,
    phase: Phase,
    events: list[AnyEvent],
    *,
    by: str = "",
    why: str = "",
    ends_ns: int = 0,
) -> None:
    """Let another phase begin. Where that lets orders trade again, or ends an auction for the day, the book uncrosses.

    An auction that is halted is not held: its orders wait. One that another call follows goes on in it.
    """
    before, rule = PHASES[book.phase], PHASES[phase]
    if rule.trading is Trading.AT_ONCE or rule.trading is Trading.REST:
        # After a halt there may be market orders left of an auction, whether or not anything would trade.
        if before.trading is Trading.GATHER or indication(book) is not None or taking_part(book):
            uncross(state, book, events)
    elif before.is_auction and phase is Phase.CLOSED:
        uncross(state, book, events)
    table = book.timetable
    table.ends_ns, table.next_phase, table.is_extended = ends_ns, Phase.CONTINUOUS, False
    table.indicate_ns, table.indicated = 0, (0, 0, 0)
    events.append(_told(state, book, phase, by, why))
    book.phase = phase
    book.watchers += rule.is_auction - before.is_auction  # an auction watches the book for its indicative price
    if book.watchers:
        state.restless[book.instrument.symbol] = book
    _arm(state, book)


def interrupt(state: State, book: Book, lasts_ms: int, events: list[AnyEvent]) -> None:
    """Begin a volatility auction, as the next trade would be outside the price band."""
    ends_ns = state.time_ns + lasts_ms * MS_NS
    change(state, book, Phase.VOLATILITY_AUCTION, events, why=_BAND, ends_ns=ends_ns)


def expect_indication(state: State, book: Book) -> None:
    """Note that orders have come or gone; the indicative price is looked at when the time for that has come."""
    table = book.timetable
    if PHASES[book.phase].is_auction and not table.indicate_ns:
        table.indicate_ns = state.time_ns + max(book.rules.indicative_every_ms, 1) * MS_NS
        _arm(state, book)


def act_on_time(state: State, book: Book, events: list[AnyEvent]) -> None:
    """Do what the clock has in store for an instrument, one thing at a time."""
    table = book.timetable
    now_ns = table.due_ns
    if table.ends_ns == now_ns:
        table.ends_ns = 0
        _leave_for(state, book, table.next_phase, now_ns, events)
    elif table.change_ns == now_ns:
        phase = phase_at(table.schedule, now_ns)
        table.change_ns = next_change(table.schedule, now_ns)[0]
        if phase is not book.phase and not table.is_held:
            later_ns = _random_ns(book, now_ns)
            if later_ns:
                table.ends_ns, table.next_phase = now_ns + later_ns, phase
            else:
                _leave_for(state, book, phase, now_ns, events)
    else:
        _indicate(state, book, events)
    _arm(state, book)


def _leave_for(state: State, book: Book, phase: Phase, now_ns: int, events: list[AnyEvent]) -> None:
    """Let the next phase begin; but an auction goes on, once, while its price would be outside the band."""
    table, bands = book.timetable, book.rules.bands
    if PHASES[book.phase].is_auction and bands is not None and not table.is_extended:
        found = indication(book)
        if found is not None and not is_within(book, found.price):
            table.ends_ns, table.next_phase = now_ns + bands.auction_ms * MS_NS, phase
            table.is_extended = True
            events.append(_told(state, book, book.phase, "", _EXTENDED))
            return
    change(state, book, phase, events, why=_SCHEDULE if table.schedule else _OVER)


def _indicate(state: State, book: Book, events: list[AnyEvent]) -> None:
    table = book.timetable
    table.indicate_ns = 0
    found = indication(book)
    now = (0, 0, 0) if found is None else (found.price, found.qty, found.surplus)
    if now != table.indicated:
        table.indicated = now
        rpt_seq = book.next_rpt_seq(state.time_ns)
        told_to = tuple(book.security_status_to)
        events.append(IndicativePrice(book.instrument.symbol, book.phase, *now, told_to, rpt_seq))


def _random_ns(book: Book, now_ns: int) -> int:
    """Return by how much the end of an auction is put off at random, so that nobody can time an order to it."""
    most_ms = book.rules.auction_random_end_ms
    if not most_ms or not PHASES[book.phase].is_auction:
        return 0
    return mixed(book.rules.auction_seed ^ now_ns) % (most_ms + 1) * MS_NS


def _told(state: State, book: Book, phase: Phase, by: str, why: str) -> PhaseChanged:
    return PhaseChanged(
        book.instrument.symbol,
        phase,
        book.phase,
        book.timetable.ends_ns,
        by,
        why,
        book.last_price,
        tuple(book.security_status_to),
        tuple(book.session_status_to),
        book.next_rpt_seq(state.time_ns),
    )


def _arm(state: State, book: Book) -> None:
    """Let the clock know what comes next."""
    table = book.timetable
    next_ns = table.next_ns()
    if next_ns != table.due_ns:
        state.due.remove(table)
        if next_ns:
            state.due.add(table, next_ns)


_SCHEDULE: Final = "schedule"
_OVER: Final = "the auction is over"
_BAND: Final = "the next trade would be outside the price band"
_EXTENDED: Final = "the auction's price would be outside the price band"
