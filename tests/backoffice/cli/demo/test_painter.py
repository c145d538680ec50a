import io

import msgspec
import pytest
from rich.console import Console

from backoffice.cli.demo.painter import view
from backoffice.cli.demo.snapshot import Photographer, Snapshot
from engine.values import Side
from tests.backoffice.cli.demo.stage import make_brokers, tell


def make_snapshot() -> Snapshot:
    """Return what is to be seen after one trade and with one order in a book."""
    market, tape, brokers = make_brokers(count=2)
    photographer = Photographer(brokers, tape, market)
    for broker, side, price in zip(brokers, (Side.BUY, Side.SELL), (6_725_000, 6_726_000), strict=True):
        order = broker.enter("BTC/USD", side, 500_000, price)
        tell(broker, "8", {"11": order.cl_ord_id, "150": "0"})
    fill = {"32": "0.100000", "31": "67250.00", "151": "0.400000", "14": "0.100000", "60": "20260101-12:34:56.789012"}
    for _ in range(20):
        tell(brokers[0], "8", {"11": "BROKER1-1", "150": "F", "55": "BTC/USD", **fill, "1057": "Y"})
    return photographer.take()


def drawn(columns: int, rows: int) -> list[str]:
    console = Console(file=io.StringIO(), width=columns, height=rows, force_terminal=False)
    console.print(view(make_snapshot(), 10, "2 brokers on 127.0.0.1:20000, seed 1", columns, rows))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_snapshot_tells_books_and_tape() -> None:
    snapshot = make_snapshot()
    book = snapshot.books[0]
    assert (book.symbol, book.bid_qty, book.bid) == ("BTC/USD", "0.400000", "67,250.00")
    assert (book.ask, book.ask_qty, book.last, book.trades) == ("67,260.00", "0.500000", "67,250.00", 20)
    assert snapshot.books[1].bid == ""
    assert (snapshot.tape[0].time, snapshot.tape[0].taker, snapshot.tape[0].is_buy) == ("12:34:56.789", "BROKER1", True)
    assert (snapshot.trades, snapshot.open_orders, snapshot.rejects) == (20, 2, 0)


def test_snapshot_travels_as_json() -> None:
    snapshot = make_snapshot()
    line = msgspec.json.encode(snapshot)
    assert b"\n" not in line
    assert msgspec.json.decode(line, type=Snapshot) == snapshot


@pytest.mark.parametrize(("columns", "rows"), ((80, 24), (80, 50), (100, 30), (149, 24), (150, 24), (200, 60)))
def test_view_fits_the_terminal(columns: int, rows: int) -> None:
    lines = drawn(columns, rows)
    assert len(lines) < rows
    assert max(map(len, lines)) <= columns
    text = "\n".join(lines)
    for part in ("67,250.00", "67,260.00", "12:34:56.789", "buys", "orders/s", "rejects", "seed 1"):
        assert part in text
    assert "…" not in text


def test_view_leaves_the_tape_out_where_there_is_no_room() -> None:
    lines = drawn(80, 18)
    assert len(lines) < 18
    assert "buys" not in "\n".join(lines)
