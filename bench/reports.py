"""Reports over a million trades: how long each takes, and how much memory all of them.

The rows are put into a SQLite database as they are, without a journal behind them: thirty days of trades of fifty
accounts in six instruments, with their orders, executions, counts by the hour and postings. A process of its own then
asks for the reports: `python -m bench.reports DIRECTORY`. Its memory is its peak; `all trades`, which goes through
every one of them as an export does, must not need more of it than the others.
"""

import asyncio
import json
import resource
import sqlite3
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database import Base, Database
from backoffice.database.database import address_of
from backoffice.database.migrating import upgrade
from backoffice.ledger.balances import holdings
from backoffice.ledger.tables import LedgerAccount, LedgerPosting
from backoffice.projector.tables import (
    Activity,
    Execution,
    Moment,
    OrderRow,
    RejectCount,
    SessionStep,
    TradeRow,
    VenueAccount,
    VenueAsset,
    VenueInstrument,
)
from backoffice.reports import blotter, orders, positions, sessions, volumes
from backoffice.reports.by import By, Whom
from backoffice.reports.exposure import exposures
from backoffice.reports.market import market_of
from backoffice.reports.market_quality import qualities
from backoffice.reports.period import period_of
from backoffice.reports.scope import Scope
from backoffice.reports.statement import statement
from backoffice.reports.tables import MarketSample
from backoffice.times import HOUR_NS, MINUTE_NS
from bench.client import BenchError
from bench.venues import ROOT, environment, scratch_directory

REPORT_S_MAX: Final = 2.0
EXPORT: Final = "all trades"
"""What goes through everything takes as long as that takes."""
_URL: Final = "sqlite:///backoffice.sqlite"
_BEGIN_NS: Final = 1_795_824_000_000_000_000
_DAYS: Final = 30
_DAY: Final = "2026-12-13"
"""One of them."""
_SYMBOLS: Final = ("BTC/USD", "ETH/USD", "LTC/USD", "SOL/USD", "XRP/USD", "ADA/USD")
_ACCOUNTS: Final = tuple(f"BROKER{number}-A" for number in range(50))
_RARE: Final = "ADA/USD"
"""Hardly ever traded: what looks for it from the end on has a long way to go."""


@dataclass(frozen=True, slots=True)
class Reported:
    """What the reports took."""

    trades: int
    seconds: dict[str, float]
    peak_mib: float


def measure_reports(trades: int) -> Reported:
    """Return how long each report takes over so many trades. Raise `BenchError`."""
    with scratch_directory() as directory:
        asyncio.run(_make(directory))
        with closing(sqlite3.connect(directory / "backoffice.sqlite")) as database:
            _fill(database, trades)
        command = [sys.executable, "-m", "bench.reports", str(directory)]
        done = subprocess.run(
            command, cwd=ROOT, env=environment(ROOT), capture_output=True, text=True, check=False, timeout=600
        )
    if done.returncode:
        raise BenchError(f"a report failed: {done.stderr.strip().splitlines()[-1]}")
    found = json.loads(done.stdout)
    return Reported(trades, found["seconds"], found["peak_mib"])


async def _make(directory: Path) -> None:
    async with Database(address_of(_URL, directory)) as database:
        await upgrade(database)


def _fill(database: sqlite3.Connection, trades: int) -> None:
    database.execute("PRAGMA synchronous = OFF")
    last_ns = _BEGIN_NS + _DAYS * 24 * HOUR_NS
    _add(database, VenueAsset, ((name, 8, 1) for name in ("USD", *(symbol[:3] for symbol in _SYMBOLS))))
    fixed = (1, 2, 1, 4, 0, 2, 1_000_000, 10_000, 10_000, 1)
    _add(database, VenueInstrument, ((symbol, symbol[:3], "USD", *fixed) for symbol in _SYMBOLS))
    _add(
        database,
        VenueAccount,
        ((account, f"FIRM{number // 2}", _BEGIN_NS, 1) for number, account in enumerate(_ACCOUNTS)),
    )
    _add(database, TradeRow, _trades(trades))
    _add(database, OrderRow, _orders(trades))
    _add(database, Execution, _executions(trades))
    _add(database, Activity, _activity())
    states = ((account[:-2], number, account) for account in _ACCOUNTS for number in range(1, trades, trades // 100))
    _add(
        database,
        SessionStep,
        ((name, number, 1, "FIX.4.4", account, number % 2, 0, 0, _BEGIN_NS) for name, number, account in states),
    )
    _add(
        database,
        RejectCount,
        (
            (hour, account[:-2], reason, 3)
            for hour in range(_BEGIN_NS // HOUR_NS, last_ns // HOUR_NS)
            for account in _ACCOUNTS
            for reason in (1007, 1010)
        ),
    )
    _add(database, Moment, ((_time_ns(number, trades), number) for number in range(1, trades + 1)))
    minutes = range(_BEGIN_NS // MINUTE_NS, last_ns // MINUTE_NS)
    best = (1, 0, 6_720_000, 10, 6_721_000, 20)
    _add(database, MarketSample, ((symbol, minute, *best) for symbol in _SYMBOLS for minute in minutes))
    kinds = ("available", "reserved", "held")
    ledger = [(kind, account) for account in _ACCOUNTS for kind in kinds]
    _add(
        database,
        LedgerAccount,
        ((number, kind, "USD", account, 1) for number, (kind, account) in enumerate(ledger, 1)),
    )
    _add(
        database,
        LedgerPosting,
        _postings(trades, {account: number for number, (kind, account) in enumerate(ledger, 1) if kind == kinds[0]}),
    )
    database.execute("INSERT INTO position VALUES ('projector', ?, ?, ?)", ("1" * 64, trades, last_ns))
    database.commit()


def _add(database: sqlite3.Connection, table: type[Base], rows: Iterable[tuple[Any, ...]]) -> None:
    places = ", ".join("?" * len(table.__table__.columns))
    database.executemany(f"INSERT INTO {table.__tablename__} VALUES ({places})", rows)  # noqa: S608 - our own names


def _time_ns(number: int, trades: int) -> int:
    return _BEGIN_NS + number * (_DAYS * 24 * HOUR_NS // (trades + 1))


def _trades(trades: int) -> Iterator[tuple[Any, ...]]:
    chance = Random(1)
    for number in range(1, trades + 1):
        symbol = _RARE if number % 100_000 == 1 else _SYMBOLS[number % (len(_SYMBOLS) - 1)]
        maker, taker = chance.choice(_ACCOUNTS), chance.choice(_ACCOUNTS)
        yield (
            *(number, number, 1, _time_ns(number, trades), symbol, 6_720_000, 10, 672_000_000_000),
            *(maker, 2 * number - 1, 0, taker, 2 * number, 1 + number % 2, 134_400_000, 0, None),
        )


def _postings(trades: int, numbers: dict[str, int]) -> Iterator[tuple[Any, ...]]:
    """Yield what each trade brings its maker; `numbers`: of the accounts of the ledger."""
    balances = dict.fromkeys(numbers, 0)
    maker_at = TradeRow.__table__.columns.keys().index(TradeRow.maker_account.key)
    for number, maker in ((trade[0], trade[maker_at]) for trade in _trades(trades)):
        balances[maker] += 5
        yield numbers[maker], number, 0, 5, balances[maker]


def _orders(trades: int) -> Iterator[tuple[Any, ...]]:
    for number in range(1, trades + 1):
        time_ns, closed = _time_ns(number, trades), number if number % 1_009 else None
        account = _ACCOUNTS[number % len(_ACCOUNTS)]
        yield (
            *(number, account[:-2], account, f"x{number}", _SYMBOLS[number % 5], 1 + number % 2, 2, 0, 10, 6_720_000),
            *(0 if closed else 10, 10 if closed else 0, 672_000_000_000 if closed else 0, 2 if closed else 0, None),
            *(number, time_ns, closed, number, time_ns),
        )


def _executions(trades: int) -> Iterator[tuple[Any, ...]]:
    for number in range(1, trades + 1):
        time_ns = _time_ns(number, trades)
        yield number, number, 0, time_ns, "0", 0, f"x{number}", 10, 6_720_000, 10, 0, 0, 0, 0
        yield number, number, 1, time_ns, "F", 2, f"x{number}", 10, 6_720_000, 0, 10, 672_000_000_000, 0, number


def _activity() -> Iterator[tuple[Any, ...]]:
    first = _BEGIN_NS // HOUR_NS
    for hour in range(first, first + _DAYS * 24):
        for account in _ACCOUNTS:
            for symbol in _SYMBOLS[:-1]:
                yield (
                    hour,
                    account,
                    symbol,
                    account[:-2],
                    9,
                    3,
                    4,
                    5,
                    6,
                    "60",
                    "50",
                    "3360000000000",
                    "4032000000000",
                    "806400000",
                    "0",
                    "4032000000000",
                    "3360000000000",
                    "150",
                )


REPORTS: Final[dict[str, Callable[[AsyncSession], Awaitable[int]]]] = {}
"""What is measured; each returns how many rows it has."""


def _report(name: str) -> Callable[[Callable[[AsyncSession], Awaitable[int]]], None]:
    def add(report: Callable[[AsyncSession], Awaitable[int]]) -> None:
        REPORTS[name] = report

    return add


async def _count(pages: AsyncGenerator[list[Any]]) -> int:
    return sum([len(page) async for page in pages])


_LAST: Final = _BEGIN_NS + _DAYS * 24 * HOUR_NS
_MIDDLE: Final = _BEGIN_NS + _DAYS * 12 * HOUR_NS
for _name, _scope, _many in (
    ("the last trades", Scope(), 100),
    ("the last trades of an account", Scope(account=_ACCOUNTS[3]), 100),
    ("10,000 trades of a firm", Scope(firm="FIRM3"), 10_000),
    ("trades of an instrument that hardly trades", Scope(symbol=_RARE), 100),
    ("trades of a firm in an hour long ago", Scope(firm="FIRM3", from_ns=_MIDDLE, until_ns=_MIDDLE + HOUR_NS), 10_000),
    ("the blotter as of a record long ago", Scope(sequence=1_000), 100),
    (EXPORT, Scope(), None),
):
    _report(_name)(lambda session, scope=_scope, many=_many: _count(blotter.trades(session, scope, many)))  # type: ignore[misc]
for _name, _scope, _open in (
    ("the last orders of an account", Scope(account=_ACCOUNTS[3]), False),
    ("open orders", Scope(), True),
    ("open orders of an account", Scope(account=_ACCOUNTS[3]), True),
    ("orders as of a record long ago", Scope(sequence=1_000), False),
    ("orders that were open at a record long ago", Scope(sequence=100_000), True),
):
    _report(_name)(
        lambda session, scope=_scope, is_open=_open: _count(orders.orders(session, scope, 100, is_open=is_open))  # type: ignore[misc]
    )
for _by in By:
    _report(f"volume and fees by {_by}")(lambda session, by=_by: _volumes(session, by))  # type: ignore[misc]


async def _volumes(session: AsyncSession, by: By) -> int:
    return len(await volumes.volumes(session, Scope(), by))


@_report("an account's statement of a day")
async def _statement(session: AsyncSession) -> int:
    (section,) = (await statement(session, (_ACCOUNTS[3],), period_of(_DAY))).sections
    return len(section.movements)


@_report("the life of an order")
async def _life(session: AsyncSession) -> int:
    return len((await orders.life_of(session, 777, None))[1])


@_report("every report on the last orders of an account")
async def _records(session: AsyncSession) -> int:
    return await _count(orders.records(session, Scope(account=_ACCOUNTS[3]), 1_000))


@_report("positions")
async def _positions(session: AsyncSession) -> int:
    return len(await positions.positions(session, Scope(), Whom.ACCOUNT, await market_of(session)))


@_report("positions as of a record long ago")
async def _positions_then(session: AsyncSession) -> int:
    return len(await positions.positions(session, Scope(sequence=1_000), Whom.ACCOUNT, await market_of(session)))


@_report("exposure")
async def _exposure(session: AsyncSession) -> int:
    return len(await exposures(session, Scope(), Whom.FIRM, await market_of(session), 1_000, "USD"))


@_report("sessions as of a record long ago")
async def _sessions(session: AsyncSession) -> int:
    return len(await sessions.health(session, None, None, 1_000))


@_report("refusals by session and reason")
async def _refusals(session: AsyncSession) -> int:
    return len(await sessions.refusals(session))


@_report("market quality")
async def _quality(session: AsyncSession) -> int:
    return len(await qualities(session, "", None, None))


@_report("balances")
async def _balances(session: AsyncSession) -> int:
    return len(await holdings(session))


@_report("balances as of a record long ago")
async def _balances_then(session: AsyncSession) -> int:
    return len(await holdings(session, 1_000))


async def _time(directory: Path) -> dict[str, float]:
    seconds = {}
    async with Database(address_of(_URL, directory)) as database:
        for name, report in REPORTS.items():
            async with database.reading() as session:
                begin = perf_counter()
                if not await report(session):
                    raise BenchError(f"{name}: is empty")
                seconds[name] = perf_counter() - begin
    return seconds


def _main(directory: Path) -> None:
    seconds = asyncio.run(_time(directory))
    print(json.dumps({"seconds": seconds, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024}))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
