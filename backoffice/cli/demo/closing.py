"""What the demo prints at its end: blotter, turnover, balances, rejects, throughput and latency."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from backoffice.cli.demo.audit import Audit, Turnover
from backoffice.cli.demo.broker import Broker
from backoffice.cli.demo.figures import exact, grouped, per_second, rounded, trimmed
from backoffice.cli.demo.kinds import KINDS
from backoffice.cli.demo.latency import histogram, milliseconds, percentile
from engine.decimals import format_decimal
from engine.values import Side
from fixgw.timestamps import format_utc

_BAR_COLUMNS: Final = 32
_ACCOUNT_COLUMNS: Final = 14
_FATES: Final = ("triggered", "filled", "partly", "cancelled", "expired", "refused")
_PERCENTILES: Final = (("p50", 500), ("p90", 900), ("p99", 990), ("p99.9", 999), ("max", 1000))


@dataclass(frozen=True, slots=True)
class Measured:
    """What the run took."""

    elapsed_ns: int
    """From the first order sent to the last answer, before the brokers took their orders out."""
    sent: int
    reports: int


def show(console: Console, audit: Audit, brokers: Sequence[Broker], measured: Measured) -> None:
    """Print everything."""
    trades = sum(turnover.trades for turnover in audit.turnovers.values())
    heading(console, f"Trade blotter: the last {len(audit.blotter)} of {trades:,} trades")
    console.print(_blotter(audit))
    heading(console, "Turnover by instrument")
    console.print(_turnover(audit))
    heading(console, "Balances: start → end, by account and asset")
    for number, table in enumerate(_balances(audit, console.width)):
        if number:
            console.print()
        console.print(table)
    heading(console, "What the brokers sent, and what they were told")
    console.print(_outcomes(brokers))
    heading(console, "Orders of other kinds, and how they ended")
    console.print(_kinds(brokers))
    heading(console, "Throughput and latency, as the brokers measured them over FIX")
    _show_speed(console, brokers, measured)


def heading(console: Console, text: str) -> None:
    """Print what follows."""
    console.print()
    console.print(Text(text, style="bold"))


def table_of(*columns: str) -> Table:
    """Return a table whose column names say how they are aligned: a leading ">" is to the right."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        is_right = column.startswith(">")
        table.add_column(column.removeprefix(">"), justify="right" if is_right else "left", no_wrap=True)
    return table


def _blotter(audit: Audit) -> Table:
    table = table_of("time (UTC)", ">trade", "symbol", "taker", "", ">quantity", ">price", "maker")
    for time_ns, trade in audit.blotter:
        turnover = audit.turnovers[trade.symbol]
        bought = trade.taker_side is Side.BUY
        table.add_row(
            format_utc(time_ns)[9:21],
            str(trade.trade_id),
            trade.symbol,
            trade.taker_session,
            Text("buys" if bought else "sells", style="green" if bought else "red"),
            _qty(turnover, trade.qty),
            _price(turnover, trade.price),
            trade.maker_session,
        )
    return table


def _turnover(audit: Audit) -> Table:
    table = table_of("symbol", ">trades", ">volume", ">notional", ">high", ">low", ">last")
    for symbol, turnover in audit.turnovers.items():
        prices = (turnover.high, turnover.low, turnover.last)
        table.add_row(
            symbol,
            f"{turnover.trades:,}",
            _qty(turnover, turnover.volume),
            rounded(turnover.notional, audit.state.assets[turnover.instrument.quote]),
            *(_price(turnover, price) if turnover.trades else "–" for price in prices),
        )
    return table


def _balances(audit: Audit, width: int) -> Iterator[Table]:
    """Yield as few tables as the width allows, each with the accounts down and some assets across."""
    columns = {asset: _asset_column(audit, asset) for asset in audit.state.assets}
    for assets in packed(columns, width - _ACCOUNT_COLUMNS):
        table = table_of("account", *(f">{asset}" for asset in assets))
        shown = [columns[asset] for asset in assets]
        for row, account in enumerate(audit.state.accounts):
            table.add_row(account, *(column[row] for column in shown))
        row = len(audit.state.accounts)
        table.add_row()
        table.add_row("fees", *(column[row] for column in shown))
        table.add_row(Text("sum", style="bold"), *(Text(column[row + 1], style="bold") for column in shown))
        table.add_row("net deposits", *(Text(column[row + 2], style="green") for column in shown))
        yield table


def _asset_column(audit: Audit, asset: str) -> list[str]:
    """Return the cells of an asset: each account's balance, start and end; fees; their sum; net deposits, compared."""
    state, decimals = audit.state, audit.state.assets[asset]
    cells = []
    held = 0
    for account in state.accounts:
        start, end = audit.deposits.get((account, asset), 0), audit.balance(account, asset)
        held += end
        cells.append(f"{trimmed(start, decimals)} → {exact(end, decimals)}")
    fees, deposits = state.fees[asset], state.credited[asset] - state.withdrawn[asset]
    mark = "✓" if held + fees == deposits else "✗"
    return [*cells, exact(fees, decimals), exact(held + fees, decimals), f"{mark} {exact(deposits, decimals)}"]


def packed(columns: dict[str, list[str]], width: int) -> list[list[str]]:
    """Return which columns share a table, of cells by name: as few tables as have room for all, about equally wide."""
    widths = {asset: max(map(len, cells)) + 2 for asset, cells in columns.items()}
    for count in range(1, len(columns) + 1):
        groups: list[list[str]] = [[] for _ in range(count)]
        for asset in sorted(columns, key=widths.__getitem__, reverse=True):
            min(groups, key=lambda group: sum(widths[other] for other in group)).append(asset)
        if all(sum(widths[asset] for asset in group) <= width for group in groups):
            break
    else:
        groups = [[asset] for asset in columns]
    order = list(columns)
    return sorted((sorted(group, key=order.index) for group in groups), key=lambda group: order.index(group[0]))


def _outcomes(brokers: Sequence[Broker]) -> Table:
    outcomes: Counter[str] = Counter()
    rejects: Counter[str] = Counter()
    for broker in brokers:
        outcomes.update(broker.outcomes)
        rejects.update(_kind(text) for text in broker.rejects.elements())
    table = table_of(">", "")
    table.show_header = False
    table.columns[1].no_wrap = False
    table.add_row(f"{sum(broker.sent for broker in brokers):,}", "orders, cancels and replaces sent")
    for name, what in (
        ("accepted", "orders accepted"),
        ("replaced", "orders replaced"),
        ("waiting", "orders accepted to wait for another one of their list"),
        ("triggered", "orders triggered"),
        ("cancelled", "orders cancelled, or what was left of them"),
        ("expired", "orders expired"),
        ("filled", "fills, one for each side of a trade"),
        ("list status", "states of lists of orders"),
        ("mass cancel", "mass cancels, each broker's last request"),
        ("rejected", "orders rejected"),
        ("list refused", "lists refused"),
        ("cancel or replace refused", "cancels and replaces refused"),
    ):
        table.add_row(f"{outcomes[name]:,}", what)
    for text, count in rejects.most_common():
        table.add_row(f"{count:,}", Text(text, style="yellow"))
    return table


def _kinds(brokers: Sequence[Broker]) -> Table:
    """Return how many orders of each kind were triggered, and how many ended in which way: each in one."""
    table = table_of("kind", "by", *(f">{fate}" for fate in _FATES))
    for kind in KINDS:
        fates = sum((broker.fates[kind.name] for broker in brokers), Counter[str]())
        table.add_row(kind.name, kind.field, *(f"{fates[fate]:,}" if fates[fate] else "–" for fate in _FATES))
    return table


def _kind(text: str) -> str:
    """Return a refusal's text without the offending value that some end with in brackets."""
    return text.partition(" (")[0] if text.endswith(")") else text


def _show_speed(console: Console, brokers: Sequence[Broker], measured: Measured) -> None:
    tenths = measured.elapsed_ns // 100_000_000
    sent_per_s, reports_per_s = (per_second(count, measured.elapsed_ns) for count in (measured.sent, measured.reports))
    pace = f"over {tenths // 10}.{tenths % 10} s of trading at the pace of {len(brokers)} brokers"
    for line in (
        f"{sent_per_s:,} orders, cancels and replaces a second, {reports_per_s:,} reports a second,",
        f"{pace} (`make bench` finds the limit)",
    ):
        console.print(line, highlight=False)
    console.print()
    orders_ns = sorted(value for broker in brokers for value in broker.order_latency_ns)
    changes_ns = sorted(value for broker in brokers for value in broker.change_latency_ns)
    table = table_of("sent → first report", ">count", *(f">{name}" for name, _ in _PERCENTILES))
    for name, values_ns in (("new order", orders_ns), ("cancel, replace", changes_ns)):
        shown = [milliseconds(percentile(values_ns, per_mille)) for _, per_mille in _PERCENTILES]
        table.add_row(name, f"{len(values_ns):,}", *shown)
    console.print(table)
    console.print()
    bars = Table.grid(padding=(0, 1))
    bars.add_column(justify="right", style="dim")
    bars.add_column(justify="right")
    bars.add_column(style="cyan")
    for bound, count, bar in histogram(orders_ns, _BAR_COLUMNS):
        bars.add_row(f"  {bound}", f"{count:,}", bar)
    console.print(bars)


def _price(turnover: Turnover, price: int) -> str:
    instrument = turnover.instrument
    return grouped(format_decimal(price * instrument.price_increment, instrument.price_decimals))


def _qty(turnover: Turnover, qty: int) -> str:
    instrument = turnover.instrument
    return grouped(format_decimal(qty * instrument.qty_increment, instrument.qty_decimals))
