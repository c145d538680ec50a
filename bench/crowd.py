"""Sessions that are logged on and do nothing: `python -m bench.crowd --port PORT --first 51 --last 1000`.

A process of its own, beside the client that trades. It says `ready` when all are logged on, sends the heartbeats that
they owe, reads what comes, and ends when its standard input is closed, or with an error if a session was ended.
"""

import asyncio
import resource
import sys
from typing import Annotated, Final

import typer
from argon2 import PasswordHasher

from bench.orders import PASSWORD, Writer

HEARTBEAT_S: Final = 30
_READ_BYTES: Final = 1 << 16
_LOGONS_AT_ONCE: Final = 50


def crowd_tables(first: int, last: int) -> str:
    """Return settings, TOML, of sessions `BROKER<first>` to `BROKER<last>`, each with an account and funds."""
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD.decode())
    return "".join(
        f'[[accounts]]\naccount = "BROKER{number}-A"\n[accounts.deposits]\nBTC = "10"\nUSD = "1000000"\n'
        f'[[sessions]]\ncomp_id = "BROKER{number}"\npassword_hash = "{hashed}"\naccounts = ["BROKER{number}-A"]\n'
        for number in range(first, last + 1)
    )


def allow_many_sockets() -> None:
    """Let this process, and those it starts, have as many sockets as the system permits."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _stay(port: int, comp_id: str, gate: asyncio.Semaphore, up: asyncio.Barrier) -> None:
    """Log on, say so, and stay."""
    writer = Writer(comp_id)
    async with gate:
        reader, stream = await asyncio.open_connection("127.0.0.1", port)
        stream.write(writer.logon(HEARTBEAT_S))
        if b"\x0135=A\x01" not in await reader.read(_READ_BYTES):
            sys.exit(f"{comp_id} could not log on")
    await up.wait()
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT_S - 1):
                while await reader.read(_READ_BYTES):
                    pass
                sys.exit(f"{comp_id} was hung up on")
        except TimeoutError:
            writer.stamp()
            stream.write(writer.heartbeat())


async def _run(port: int, first: int, last: int) -> None:
    gate, up = asyncio.Semaphore(_LOGONS_AT_ONCE), asyncio.Barrier(last - first + 2)
    sessions = [asyncio.ensure_future(_stay(port, f"BROKER{each}", gate, up)) for each in range(first, last + 1)]
    told = asyncio.ensure_future(up.wait())
    await asyncio.wait((told, *sessions), return_when=asyncio.FIRST_COMPLETED)
    for session in sessions:
        if session.done():
            session.result()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    end = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.wait((end, *sessions), return_when=asyncio.FIRST_COMPLETED)
    for session in sessions:
        if session.done():
            session.result()
        session.cancel()


def main(
    *, port: Annotated[int, typer.Option()], first: Annotated[int, typer.Option()], last: Annotated[int, typer.Option()]
) -> None:
    """Hold sessions that do nothing."""
    allow_many_sockets()
    asyncio.run(_run(port, first, last))


if __name__ == "__main__":
    typer.run(main)
