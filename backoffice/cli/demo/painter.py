"""The live view: draws the snapshots that come in on standard input, one JSON object a line, on a terminal.

It is a process of its own, so that drawing takes no time from the brokers, who measure: `python -m
backoffice.cli.demo.painter SECONDS TITLE`. It ends, and takes the view away, at the end of its input.
"""

import sys
from collections.abc import Sequence
from typing import Final

import msgspec
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from backoffice.cli.demo.broker import TapeRow
from backoffice.cli.demo.figures import grouped
from backoffice.cli.demo.latency import milliseconds
from backoffice.cli.demo.snapshot import BookRow, Snapshot

_WIDE_COLUMNS: Final = 150
"""From this width on, books and trades stand side by side."""
_WIDE_TAPE_ROWS: Final = 6
_TAPE_ROWS_MAX: Final = 14
_OTHER_ROWS: Final = 20
"""Rows of a terminal that are not the tape's, two below the view included."""


def main() -> None:
    """Draw until there is nothing more to draw."""
    seconds, title = int(sys.argv[1]), sys.argv[2]
    console = Console()
    with Live(console=console, auto_refresh=False, transient=True) as live:
        for line in sys.stdin.buffer:
            snapshot = msgspec.json.decode(line, type=Snapshot)
            live.update(view(snapshot, seconds, title, console.width, console.height), refresh=True)


def view(snapshot: Snapshot, seconds: int, title: str, columns: int, rows: int) -> RenderableType:
    """Return the view of a snapshot, fit for a terminal of this size."""
    is_wide = columns >= _WIDE_COLUMNS
    body: list[RenderableType]
    if is_wide:
        side_by_side = Table.grid(padding=(0, 3))
        side_by_side.add_row(_books(snapshot.books), _trades(snapshot.tape[:_WIDE_TAPE_ROWS]))
        body = [side_by_side]
    else:
        body = [_books(snapshot.books)]
        tape_rows = min(rows - _OTHER_ROWS, _TAPE_ROWS_MAX)
        if tape_rows > 0:
            body += [Text(), _trades(snapshot.tape[:tape_rows])]
    panel = Panel(
        Group(_clock(snapshot, seconds), Text(), *body, Text(), _rates(snapshot)),
        title=f"[bold]Fondaco demo[/]  {title}",
        title_align="left",
        border_style="dim",
        expand=not is_wide,
    )
    # The cursor rests on a line of its own, where the terminal's echo of Ctrl-C does no harm.
    return Group(panel, Text())


def _clock(snapshot: Snapshot, seconds: int) -> RenderableType:
    total_ms = seconds * 1_000
    elapsed_ms = min(snapshot.elapsed_ms, total_ms)
    row = Table.grid(padding=(0, 2))
    row.add_row(
        ProgressBar(total=total_ms, completed=elapsed_ms, width=40),
        Text(f"{elapsed_ms // 1000}.{elapsed_ms % 1000 // 100} s of {seconds} s", style="dim"),
    )
    return row


def _books(books: Sequence[BookRow]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("symbol", style="bold", no_wrap=True)
    for name, style in (
        ("bid qty", "green"),
        ("bid", "bold green"),
        ("ask", "bold red"),
        ("ask qty", "red"),
        ("last", ""),
        ("trades", ""),
    ):
        table.add_column(name, style=style, justify="right", no_wrap=True)
    for row in books:
        table.add_row(
            row.symbol, row.bid_qty, row.bid or "–", row.ask or "–", row.ask_qty, row.last or "–", f"{row.trades:,}"
        )
    return table


def _trades(tape: Sequence[TapeRow]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("time (UTC)", style="dim", no_wrap=True)
    for name in ("taker", "", "qty", "symbol", "price"):
        table.add_column(name, justify="right" if name in ("qty", "price") else "left", no_wrap=True)
    for row in tape:
        action = Text("buys", style="green") if row.is_buy else Text("sells", style="red")
        table.add_row(row.time, row.taker, action, grouped(row.qty), row.symbol, grouped(row.price))
    return table


def _rates(snapshot: Snapshot) -> Text:
    text = Text()
    for figure, name in (
        (f"{snapshot.orders_per_s:,}", "orders/s   "),
        (f"{snapshot.reports_per_s:,}", "reports/s   "),
        (f"{snapshot.trades_per_s:,}", "trades/s   "),
        (f"{snapshot.open_orders:,}", "open orders\n"),
        (milliseconds(snapshot.p50_ns), "p50   "),
        (milliseconds(snapshot.p99_ns), "p99 from order to first report   "),
        (f"{snapshot.rejects:,}", "rejects"),
    ):
        text.append(figure, style="bold").append(f" {name}", style="dim")
    return text


if __name__ == "__main__":
    main()
