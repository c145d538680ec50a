"""How a report gets from the database onto the terminal: page by page for programs, as one table for people."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import typer

from backoffice.cli.tables import Cell, Form
from backoffice.times import SECOND_NS

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Looking, Office

Row: TypeAlias = Sequence[Cell]
Pages: TypeAlias = "Callable[[Office, AsyncSession], AsyncGenerator[Sequence[Row]]]"
Rows: TypeAlias = "Callable[[Office, AsyncSession], Awaitable[Iterable[Row]]]"


def show_pages(looking: "Looking", head: Sequence[str], pages: Pages, *, last: int | None = None) -> None:
    """Print a report that may be long. Whoever looks must be allowed to see the venue's records.

    `last`: as `show_table` takes it.
    """
    from itertools import chain, islice

    from backoffice.cli.loop import each
    from backoffice.cli.tables import show_table

    form = looking.form
    rows = each(_opened(looking, pages))
    # An error comes before anything is printed.
    first = list(islice(rows, 1))
    show_table(head, chain(first, rows), form, last=last)


def show_rows(looking: "Looking", head: Sequence[str], rows: Rows) -> None:
    """Print a report that is not long. Whoever looks must be allowed to see the venue's records."""

    async def pages(desk: "Office", session: "AsyncSession") -> AsyncGenerator[Sequence[Row]]:
        yield list(await rows(desk, session))

    show_pages(looking, head, pages)


def show_note(looking: "Looking", text: str) -> None:
    """Print a line below a table, for people."""
    if looking.form is Form.PEOPLE:
        typer.echo(text)


async def _opened(looking: "Looking", pages: Pages) -> AsyncGenerator[Sequence[Row]]:
    from contextlib import aclosing

    from backoffice.staff.permissions import Permission

    async with looking.office() as desk, desk.database.reading() as session:
        desk.actor.require(Permission.SEE_RECORDS)
        async with aclosing(pages(desk, session)) as given:
            async for page in given:
                await desk.disclosure.put_on_record(desk.database, desk.now_ns)
                yield page


def age(since_ns: int, now_ns: int, form: Form) -> str | int:
    """Return how long ago something was: people get it in words, programs in seconds."""
    return age_text(since_ns, now_ns) if form is Form.PEOPLE else _age_s(since_ns, now_ns)


def age_text(since_ns: int, now_ns: int) -> str:
    """Return how long ago something was, as people say it: 3 d, 5 h, 12 min."""
    seconds = _age_s(since_ns, now_ns)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _age_s(since_ns: int, now_ns: int) -> int:
    return max(0, now_ns - since_ns) // SECOND_NS


def percent_text(part: int, whole: int) -> str | None:
    """Return a share in percent to two digits, None of nothing."""
    from engine.decimals import divide_rounded, format_decimal

    return f"{format_decimal(divide_rounded(10_000 * part, whole), 2)}%" if whole > 0 and part >= 0 else None


def ratio_text(part: int, whole: int) -> str | None:
    """Return a ratio to two digits, None if there is nothing to divide by. For figures that are shown, never money."""
    from engine.decimals import divide_rounded, format_decimal

    if whole <= 0:
        return None
    scaled = divide_rounded(abs(part) * 100, whole)
    return format_decimal(scaled if part >= 0 else -scaled, 2)
