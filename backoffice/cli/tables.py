"""One way to print what a command has found: as a table for people, as JSON or as CSV for programs.

People get numbers flush right with commas, a dash where there is nothing, and columns as wide as the terminal allows,
but numbers are never broken: where there is no room for that, each row is printed by itself, a line for each column.
Where there is no terminal columns are as wide as they need to be. Programs get the bare values.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Annotated, Final, TypeVar

import typer

from backoffice.cli.shown import time_text
from backoffice.figure import Figure


class Moment(int):
    """A time, in nanoseconds since the epoch: people get it in UTC to the millisecond, programs as ISO 8601, whole."""

    __slots__ = ()


Cell = str | int | bool | Moment | None
"""Amounts, prices and quantities are a `Figure`."""

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV, for programs.")]

T = TypeVar("T")

_GAP: Final = 2
"""Between columns;"""
_WORD_MAX: Final = len("13:17:27.126")
"""words that are longer may be broken anywhere."""
_MILLISECONDS: Final = len("2026-11-28T14:30:00.123")
_NUMBER: Final = re.compile(r"[-+]?[0-9][0-9,]*(\.[0-9]+)?%?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
"""What could command a terminal."""


class Form(Enum):
    """For whom it is printed."""

    PEOPLE = "people"
    JSON = "json"
    CSV = "csv"


def form_of(*, as_json: bool, as_csv: bool = False) -> Form:
    """Return the form that was asked for. Raise `typer.BadParameter` if two were."""
    if as_json and as_csv:
        raise typer.BadParameter("either --json or --csv")
    return Form.JSON if as_json else Form.CSV if as_csv else Form.PEOPLE


def show_table(
    head: Sequence[str], rows: Iterable[Sequence[Cell]], form: Form, *, note: str = "", last: int | None = None
) -> None:
    """Print rows. `head`: what the columns are called, in words; programs get them joined by `_`.

    `note`: a line below the table, for people only. Rows for programs are printed one by one as they come.
    `last`: how many things were asked for, each with one row, or several in which the first column is the same. If
    there are as many a line says so, for programs on standard error: what is left out is not to be taken for missing.
    """
    things = _Counted(rows)
    _print_rows(head, things, form)
    if form is Form.PEOPLE and note:
        typer.echo(note)
    if things.count == last:
        typer.echo(f"The last {last:,}; --count shows more.", err=form is not Form.PEOPLE)


def _print_rows(head: Sequence[str], rows: Iterable[Sequence[Cell]], form: Form) -> None:
    match form:
        case Form.JSON:
            _print_json(head, rows)
        case Form.CSV:
            _print_csv(head, rows)
        case Form.PEOPLE:
            found = list(rows)
            _print_table(head, found)
            if not found:
                typer.echo("There is nothing to show.")


def show_fields(fields: Mapping[str, Cell | Sequence[str]], form: Form) -> None:
    """Print what there is to one thing: a line for each field and each part of a list, or one object, or one row."""
    from backoffice.cli.shown import print_json

    match form:
        case Form.JSON:
            print_json(dict(zip(_names(fields), map(_bare, fields.values()), strict=True)))
        case Form.CSV:
            _print_csv(fields, [[_joined(value) for value in fields.values()]])
        case Form.PEOPLE:
            width = max(map(len, fields), default=0)
            for name, value in fields.items():
                lines: Sequence[Cell] = (value,) if value is None or isinstance(value, str | int) else value
                for number, line in enumerate(lines or (None,)):
                    typer.echo(f"{'' if number else name:{width}}  {cell_text(line)}")


def cell_text(cell: Cell) -> str:
    """Return a cell as people see it."""
    match cell:
        case None | "":
            return "–"
        case bool():
            return "yes" if cell else "no"
        case Moment():
            return f"{time_text(cell)[:_MILLISECONDS]}".replace("T", " ")
        case int():
            return f"{cell:,}"
        case Figure():
            return cell.with_commas
        case str():
            return _CONTROL.sub(" ", cell)


class _Counted:
    """Rows, and how many things they were of so far: rows in which the first column is the same are of one."""

    __slots__ = ("_rows", "count")

    def __init__(self, rows: Iterable[Sequence[Cell]]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        before: Cell = None
        for row in self._rows:
            self.count += self.count == 0 or row[0] != before
            before = row[0]
            yield row


def named(head: Sequence[str], row: Sequence[Cell]) -> dict[str, Cell]:
    """Return a row as programs get it: the bare values by the names of their columns."""
    return dict(zip(_names(head), map(_bare, row), strict=True))


def _names(head: Iterable[str]) -> list[str]:
    return [name.replace(" ", "_") for name in head]


def _print_json(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    import msgspec

    separator = "["
    for row in rows:
        line = msgspec.json.encode(named(head, row)).decode()
        typer.echo(f"{separator}\n  {line}", nl=False)
        separator = ","
    typer.echo("[]" if separator == "[" else "\n]")


def _print_csv(head: Iterable[str], rows: Iterable[Sequence[Cell]]) -> None:
    import csv
    import sys

    writer = csv.writer(sys.stdout, lineterminator="\n")
    names = _names(head)
    writer.writerow(names)
    for row in rows:
        assert len(row) == len(names), "a cell for each column"
        writer.writerow([str(cell).lower() if isinstance(cell, bool) else _bare(cell) for cell in row])


def _print_table(head: Sequence[str], rows: list[Sequence[Cell]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    columns: list[tuple[Cell, ...]] = list(zip(*rows, strict=True)) if rows else [()] * len(head)
    texts = [[name, *map(cell_text, column)] for name, column in zip(head, columns, strict=True)]
    room = console.width - _GAP * (len(head) - 1) if console.is_terminal else None
    widths = _widths(texts, [all(map(_is_number, column)) for column in columns], room)
    if widths is None:
        _print_one_by_one(head, rows)
        return
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for name, column, width in zip(head, columns, widths, strict=True):
        flush_right = any(cell is not None for cell in column) and all(map(_is_number, column))
        table.add_column(name, justify="right" if flush_right else "left", overflow="fold", width=width)
    for row in rows:
        table.add_row(*(Text(cell_text(cell)) for cell in row))
    console.width = max(1, sum(widths) + _GAP * len(widths))
    with console.capture() as printed:
        console.print(table)
    for line in printed.get().splitlines():
        typer.echo(line.rstrip())


def _widths(texts: list[list[str]], is_number: list[bool], room: int | None) -> list[int] | None:
    """Return how wide columns are, None if there is not room enough. The first text of each is its name.

    Numbers are whole; other texts are broken between words, and long words anywhere.
    """
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in texts]
    if room is None:
        return widths
    least = []
    for column, width, whole in zip(texts, widths, is_number, strict=True):
        words = (cell_len(word) for text in (column[:1] if whole else column) for word in text.split())
        least.append(max(min(width, _WORD_MAX, max(words, default=0)), *map(cell_len, column[1:] if whole else ()), 0))
    if sum(least) > room:
        return None
    while sum(widths) > room:
        widest = max(range(len(widths)), key=lambda number: (widths[number] > least[number], widths[number]))
        widths[widest] -= 1
    return widths


def _print_one_by_one(head: Sequence[str], rows: list[Sequence[Cell]]) -> None:
    """Print a line for each cell, with the name of its column, and a blank one between rows."""
    width = max(map(len, head), default=0)
    for number, row in enumerate(rows):
        if number:
            typer.echo()
        for name, cell in zip(head, row, strict=True):
            typer.echo(f"{name:{width}}  {cell_text(cell)}")


def _is_number(cell: Cell) -> bool:
    if isinstance(cell, bool | Moment):
        return False
    return cell is None or isinstance(cell, int) or _NUMBER.fullmatch(cell) is not None


def _bare(value: T) -> T | str:
    """Return a value as programs get it."""
    if isinstance(value, Moment):
        return time_text(value)
    return str(value) if isinstance(value, Figure) else value


def _joined(value: Cell | Sequence[str]) -> Cell:
    return value if value is None or isinstance(value, str | int) else ", ".join(value)
