"""What `fondaco top` shows of a look at the venue: how things stand, how fast they go, the books, the sessions."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from backoffice.cli.shown import counted, time_text
from backoffice.cli.venue.figures import price_text, qty_text
from backoffice.naming import word_of
from backoffice.times import SECOND_NS
from engine.decimals import format_decimal
from engine.overview import InstrumentShown, SessionShown

if TYPE_CHECKING:
    from backoffice.cli.top.watching import Look

_OTHER_ROWS: Final = 11
"""Rows that are not the books' and the sessions'."""
_ROWS_MIN: Final = 3
_TO_THE_SECOND: Final = len("2026-11-28T14:30:00")
_BOOKS: Final = ("instrument", "phase", "bid qty", "bid", "ask", "ask qty", "last", "orders")
_SESSIONS: Final = ("session", "role", "state", "next in", "next out", "from")


def view(before: "Look | None", seen: "Look", rows: int | None) -> RenderableType:
    """Return the view of a look, with rates since the one before; for a terminal of so many rows, None for any."""
    room = None if rows is None else max(_ROWS_MIN * 2, rows - _OTHER_ROWS)
    parts: list[RenderableType] = [_standing(before, seen, whole=rows is None), Text()]
    if seen.venue is not None:
        books = seen.venue.instruments
        kept = len(books) if room is None else max(_ROWS_MIN, min(len(books), room // 2))
        room = None if room is None else room - kept
        parts += [_table(_BOOKS, map(_book, books[:kept]), _more(books, kept)), Text()]
    if seen.sessions is not None:
        # Those that are there come first.
        sessions = sorted(seen.sessions.sessions, key=lambda each: (not each.is_connected, each.session))
        kept = len(sessions) if room is None else max(_ROWS_MIN, min(len(sessions), room))
        parts.append(_table(_SESSIONS, map(_session, sessions[:kept]), _more(sessions, kept)))
    return Group(*parts)


def _standing(before: "Look | None", seen: "Look", *, whole: bool) -> RenderableType:
    """Return a line for each thing to know. `whole`: however many lines it takes; else what has no room is cut off."""
    table = Table.grid(padding=(0, 3, 0, 0))
    for what, said in (
        ("time", _second(seen.time_ns)),
        ("venue", _venue(seen)),
        ("back office", _office(seen)),
        ("followers", _followers(seen)),
        ("per second", _flow(before, seen)),
        ("waiting", _waiting(seen)),
    ):
        table.add_row(what, Text(said, no_wrap=not whole, overflow="ellipsis"))
    return table


def _venue(seen: "Look") -> str:
    if seen.venue is None or seen.sessions is None:
        return f"away: {seen.venue_away}"
    connected = sum(each.is_connected for each in seen.sessions.sessions)
    blocked = len(seen.venue.blocks) + len(seen.venue.withdrawals_blocks)
    said = f"record {seen.venue.sequence:,}, {connected:,} of {len(seen.sessions.sessions):,} sessions are there"
    return f"{said}, {blocked:,} blocks" if blocked else said


def _office(seen: "Look") -> str:
    if seen.now is None:
        return f"away: {seen.office_away}"
    said = f"record {seen.now.sequence:,}"
    if seen.now.time_ns:
        said += f" of {_second(seen.now.time_ns)}"
    # The venue was asked first: what came in between is no lag.
    return said if seen.venue is None else f"{said}, {max(0, seen.venue.sequence - seen.now.sequence):,} behind"


def _followers(seen: "Look") -> str:
    """Return how far behind each of them is, in records."""
    if seen.followers is None:
        return "–"
    committed = seen.followers.sequence
    found = []
    for each in seen.followers.followers:
        name = f"{each.name} of {each.peer}" if each.peer else each.name
        found.append(f"{name}: {max(0, committed - each.sequence):,} behind")
    return ", ".join(found) or "none"


def _flow(before: "Look | None", seen: "Look") -> str:
    if before is None:
        return "–"
    time_ns = max(1, seen.time_ns - before.time_ns)
    found = []
    if seen.venue is not None and before.venue is not None:
        found.append(f"{_rate(seen.venue.sequence - before.venue.sequence, time_ns)} records")
    if seen.now is not None and before.now is not None:
        found.append(f"{_rate(seen.now.orders - before.now.orders, time_ns)} orders")
        found.append(f"{_rate(seen.now.trades - before.now.trades, time_ns)} trades")
        found.append(f"{_rate(seen.now.sequence - before.now.sequence, time_ns)} records taken in")
    return ", ".join(found) or "–"


def _rate(count: int, time_ns: int) -> str:
    return format_decimal(max(0, count) * 10 * SECOND_NS // time_ns, 1)


def _waiting(seen: "Look") -> str:
    if seen.now is None:
        return "–"
    now = seen.now
    counts = {"approval": now.approvals, "break": now.breaks, "alert": now.alerts, "screening hit": now.hits}
    found = [counted(count, what) for what, count in counts.items() if count]
    found += _payments("deposit", now.deposits) + _payments("withdrawal", now.withdrawals)
    return ", ".join(found) or "nothing"


def _payments(what: str, by_state: Mapping[str, int]) -> list[str]:
    if not by_state:
        return []
    states = ", ".join(f"{count:,} {state}" for state, count in by_state.items())
    return [f"{counted(sum(by_state.values()), what)} ({states})"]


def _book(shown: InstrumentShown) -> tuple[str, ...]:
    return (
        shown.symbol,
        shown.phase.name.lower().replace("_", " "),
        qty_text(shown, shown.bid_qty) if shown.bid_qty else "–",
        price_text(shown, shown.bid_price) if shown.bid_price else "–",
        price_text(shown, shown.ask_price) if shown.ask_price else "–",
        qty_text(shown, shown.ask_qty) if shown.ask_qty else "–",
        price_text(shown, shown.last_price) if shown.last_price else "–",
        f"{shown.resting_orders:,}",
    )


def _session(shown: SessionShown) -> tuple[str, ...]:
    state = "logged on" if shown.is_connected else "away"
    marks = (", suspended" if shown.is_suspended else "") + (", blocked" if shown.is_blocked else "")
    role = word_of(shown.profile.role)
    return (shown.session, role, state + marks, f"{shown.next_in:,}", f"{shown.next_out:,}", shown.peer or "–")


def _more(things: "tuple[InstrumentShown, ...] | list[SessionShown]", kept: int) -> str:
    left_out = len(things) - kept
    return f"… and {left_out:,} more" if left_out > 0 else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], more: str) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, name in enumerate(head):
        is_figure = number > 1 and name not in {"state", "from"}
        table.add_column(name, justify="right" if is_figure else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))
    return Group(table, Text(more)) if more else table


def _second(time_ns: int) -> str:
    return time_text(time_ns)[:_TO_THE_SECOND].replace("T", " ")
