"""A process of the venue that another one keeps running: it is started again when it dies, later each time.

It stops when its standard input ends: so it is gone with who started it, however that came to its end.
"""

import asyncio
import sys
import time
from typing import Final

import structlog

RESTART_S_MIN: Final = 0.5
RESTART_S_MAX: Final = 30.0
STEADY_S: Final = 60.0
"""Who has run for so long is started again without much ado."""
STOP_S: Final = 5.0
"""How long a process may take to stop."""

_log = structlog.get_logger("serve")


async def keep_running(name: str, command: tuple[str, ...]) -> None:
    """Run a command of `fondaco` as a process of its own until cancelled, then stop it."""
    restart_s = RESTART_S_MIN
    while True:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "backoffice.cli", *command, stdin=asyncio.subprocess.PIPE
        )
        started = time.monotonic()
        _log.info("process started", process=name, pid=process.pid)
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            await _stop(name, process)
            raise
        if time.monotonic() - started > STEADY_S:
            restart_s = RESTART_S_MIN
        _log.error("process died", process=name, status=status, restart_in_s=restart_s)
        await asyncio.sleep(restart_s)
        restart_s = min(2 * restart_s, RESTART_S_MAX)


async def _stop(name: str, process: asyncio.subprocess.Process) -> None:
    """Ask the process to stop, and end it if it does not."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        _log.error("process does not stop", process=name)
        process.kill()
        await process.wait()
