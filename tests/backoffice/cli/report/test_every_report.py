"""`fondaco report`: every report for people, as JSON and as CSV; who may see what; errors in one line."""

import asyncio
import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from backoffice.database import Database
from backoffice.database.database import address_of
from backoffice.reports.market_quality import sample
from engine.overview import InstrumentShown, VenueShown
from engine.values import Phase
from tests.backoffice.cli.desk import Desk
from tests.backoffice.projector.journaled import Journaled, project

TAPE = Journaled(seed=5, length=1_500)
REPORTS = (
    ("trades",),
    ("trades", "--firm", "FIRM", "--symbol", "BTC/USD", "--all"),
    ("orders", "--open"),
    ("order", "1"),
    ("executions", "--account", "A", "--as-of", "900"),
    ("balances",),
    ("balances", "--since", "300"),
    ("positions",),
    ("positions", "--by", "firm", "--since", "300", "--as-of", "900"),
    ("exposure", "--in", "USD"),
    ("instruments",),
    ("volume",),
    ("volume", "--by", "month"),
    ("fees", "--by", "account"),
    ("fees", "--by", "hour", "--as-of", "900"),
    ("volume", "--as-of", "900"),
    ("sessions",),
    ("sessions", "--as-of", "500"),
    ("rejects", "--each-session"),
    ("rejects", "--as-of", "500"),
)
WRONG_USAGE = 2
EMPTY = ("pipeline", "expiring", "hits", "payments", "rails", "breaks")


class Counter(Desk):
    """A desk with a venue's records behind it."""

    def project(self, url: str) -> None:
        async def run() -> None:
            async with Database(address_of(url, self.data)) as database:
                await project(database, TAPE, [1_000])

        asyncio.run(run())

    def rows(self, *arguments: object) -> list[dict[str, Any]]:
        found = json.loads(self.done("report", *arguments, "--json"))
        assert isinstance(found, list)
        return found


@pytest.fixture
def counter(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Counter:
    counter = Counter(tmp_path, database_url, monkeypatch)
    counter.data.mkdir()
    counter.done("staff", "init", "ann=annabel", "ben=benjamin")
    counter.project(database_url)
    counter.sit_down("annabel")
    return counter


def test_every_report_comes_in_three_forms(counter: Counter) -> None:
    for report in REPORTS:
        rows = counter.rows(*report)
        assert rows, report
        head, *lines = csv.reader(counter.done("report", *report, "--csv").splitlines())
        assert (list(rows[0]), len(rows)) == (head, len(lines))
        assert len(counter.done("report", *report).splitlines()) > len(rows)
    for name in EMPTY:
        assert counter.rows(name) == []
    assert counter.rows("payments", "--as-of", "500") == []
    assert "record 999999: " in counter.refused("report", "payments", "--as-of", "999999")


def test_a_blotter_tells_how_trades_were_corrected(counter: Counter) -> None:
    rows = counter.rows("trades", "--all")
    corrected = [row for row in rows if row["corrections"]]
    assert len(rows) == len(TAPE.state.trades)
    assert len(corrected) == len(TAPE.state.amendments)
    assert "was " in corrected[0]["corrections"]
    assert counter.rows("trades", "--count", "3") == rows[-3:]
    then = counter.rows("trades", "--all", "--as-of", rows[10]["record"])
    assert [row["trade"] for row in then] == [row["trade"] for row in rows if row["record"] <= rows[10]["record"]]


def test_balances_are_the_engines(counter: Counter) -> None:
    found = {row["account"]: row["total"] for row in counter.rows("balances", "--asset", "USD")}
    assert found == {
        name: f"{amount // 10**6}.{amount % 10**6:06}"
        for name, account in TAPE.state.accounts.items()
        for holding in (account.holdings["USD"],)
        if (amount := holding.available + holding.reserved + holding.held)
    }


def test_balances_tell_what_has_changed(counter: Counter) -> None:
    then, now = (
        {(row["account"], row["asset"]): Decimal(row["total"]) for row in counter.rows("balances", "--empty", *moment)}
        for moment in (("--as-of", "300"), ())
    )
    changed = counter.rows("balances", "--since", "300")
    assert {(row["account"], row["asset"]): Decimal(row["change"]) for row in changed} == {
        key: total - then.get(key, 0) for key, total in now.items() if total != then.get(key, 0)
    }
    finished = counter.run("report", "balances", "--from", "2026-11-28")
    assert (finished.returncode, "are for --chart" in finished.stderr) == (WRONG_USAGE, True)


def test_shares_of_a_market_are_whole(counter: Counter) -> None:
    shares = [row["share"] for row in counter.rows("volume", "--by", "account", "--symbol", "BTC/USD")]
    hundredths = sum(int(share.rstrip("%").replace(".", "")) for share in shares)
    assert abs(hundredths - 10_000) <= len(shares)
    assert counter.rows("volume", "--by", "account", "--account", "A", "--symbol", "BTC/USD")[0]["share"] == shares[0]


def test_volume_is_drawn(counter: Counter) -> None:
    drawn = counter.done("report", "volume", "--by", "account", "--symbol", "BTC/USD", "--chart")
    assert "BTC/USD: notional in USD, by account" in drawn
    assert "█" in drawn
    assert "\x1b" not in drawn


@pytest.mark.parametrize(
    ("arguments", "line"),
    (
        (("trades", "--account", "X"), "X: no account of this venue"),
        (("trades", "--symbol", "X/Y", "--csv"), "X/Y: no instrument of this venue"),
        (("order", "999999"), "order 999999: there is none of that number"),
        (("balances", "--as-of", "999999"), "record 999999: the database has records up to"),
        (("balances", "--asset", "XYZ"), "XYZ: no asset of this venue"),
        (("rejects", "--session", "NOBODY"), "NOBODY: no session of this venue"),
        (("exposure", "--in", "XYZ"), "XYZ: no asset of this venue"),
        (("balances", "--since", "300", "--as-of", "299"), "--since is record 300, after record 299"),
        (("volume", "--from", "2026-11-28T10:30:00Z"), "counted by the hour: give times at full hours"),
    ),
)
def test_what_cannot_be_is_told_in_one_line(counter: Counter, arguments: tuple[str, ...], line: str) -> None:
    assert line in counter.refused("report", *arguments)


def test_a_time_that_cannot_be_is_wrong_usage(counter: Counter) -> None:
    finished = counter.run("report", "trades", "--from", "2026-11-29", "--until", "2026-11-28")
    assert finished.returncode == WRONG_USAGE
    assert "--from must be before --until" in finished.stderr


def test_a_market_without_a_spread_is_told_and_not_drawn(counter: Counter, database_url: str) -> None:
    one_sided = InstrumentShown("BTC/USD", 1, 2, 1, 3, Phase.CONTINUOUS, 0, 0, 990, 5, 0, 0, 2)

    async def run() -> None:
        async with Database(address_of(database_url, counter.data)) as database:
            await sample(database, VenueShown(1, 1, (one_sided,)), 0)

    asyncio.run(run())
    drawn = counter.done("report", "market-quality", "--symbol", "BTC/USD", "--chart")
    assert "there is nothing to draw" in drawn


def test_who_is_nobody_sees_nothing(counter: Counter) -> None:
    assert "nobody of the staff" in counter.refused("report", "trades", by="nobody")


def test_balances_are_drawn_over_time(counter: Counter) -> None:
    drawn = counter.done("report", "balances", "--firm", "FIRM", "--asset", "USD", "--chart")
    assert "FIRM: USD" in drawn
    assert "name one by --asset" in counter.refused("report", "balances", "--chart")
    assert "XYZ: no asset of this venue" in counter.refused("report", "balances", "--asset", "XYZ", "--chart")


def test_minimums_are_of_a_month(counter: Counter) -> None:
    assert counter.rows("minimums", "--month", "2026-11") == []
    assert counter.rows("minimums", "--as-of", "500") == []


def test_the_quality_of_a_market_is_told_and_drawn(counter: Counter, database_url: str) -> None:
    assert counter.rows("market-quality") == []
    assert "nothing was seen" in counter.done("report", "market-quality", "--symbol", "BTC/USD", "--chart")
    best = InstrumentShown("BTC/USD", 1, 2, 1, 3, Phase.CONTINUOUS, 0, 0, 990, 5, 1_000, 8, 2)

    async def run() -> None:
        async with Database(address_of(database_url, counter.data)) as database:
            await sample(database, VenueShown(1, 1, (best,)), 0)

    asyncio.run(run())
    (row,) = counter.rows("market-quality")
    assert (row["two-sided"], row["spread"], row["basis_points"]) == ("100.00%", "0.10", "100.50")
    assert (row["bid_quantity"], row["ask_quantity"]) == ("0.005", "0.008")
    assert counter.rows("market-quality", "--as-of", "0") == []
    assert "spread in basis points" in counter.done("report", "market-quality", "--symbol", "BTC/USD", "--chart")
    assert "name one by --symbol" in counter.refused("report", "market-quality", "--chart")
