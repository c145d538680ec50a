"""What the demo shows while it runs: a live view on a terminal, a line now and then elsewhere."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import msgspec
from rich.console import Console

from backoffice.cli.demo.latency import milliseconds
from backoffice.cli.demo.snapshot import Photographer, Snapshot

_DRAW_EVERY_S: Final = 0.2
_LINE_EVERY_S: Final = 2.0


@asynccontextmanager
async def progress(console: Console, photographer: Photographer, seconds: int, title: str) -> AsyncIterator[None]:
    """Show how things stand while the block runs."""
    if not console.is_terminal or console.is_dumb_terminal:
        task = asyncio.create_task(_print_lines(console, photographer, seconds))
        try:
            yield
        finally:
            task.cancel()
        return
    painter = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "backoffice.cli.demo.painter", str(seconds), title),
        stdin=asyncio.subprocess.PIPE,
        # Ctrl-C is for the demo; the painter ends with its input.
        start_new_session=True,
    )
    assert painter.stdin is not None, "it is a pipe"
    task = asyncio.create_task(_send_snapshots(painter.stdin, photographer))
    try:
        yield
    finally:
        task.cancel()
        painter.stdin.close()
        await painter.wait()


async def _print_lines(console: Console, photographer: Photographer, seconds: int) -> None:
    while True:
        await asyncio.sleep(_LINE_EVERY_S)
        console.print(_line(photographer.take(), seconds), highlight=False, soft_wrap=True)


async def _send_snapshots(painter: asyncio.StreamWriter, photographer: Photographer) -> None:
    with suppress(ConnectionError):  # A painter that is gone is not missed.
        while True:
            await asyncio.sleep(_DRAW_EVERY_S)
            if not painter.transport.get_write_buffer_size():
                painter.write(msgspec.json.encode(photographer.take()) + b"\n")
                await painter.drain()


def _line(snapshot: Snapshot, seconds: int) -> str:
    return (
        f"{snapshot.elapsed_ms // 1000:4} s of {seconds}  {snapshot.orders_per_s:>6,} orders/s  "
        f"{snapshot.trades:>7,} trades  p50 {milliseconds(snapshot.p50_ns)}  p99 {milliseconds(snapshot.p99_ns)}"
    )
