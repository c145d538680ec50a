"""What the demo prints of the back office at its end."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from backoffice.cli.demo.closing import heading, packed, table_of
from backoffice.cli.demo.figures import exact, trimmed
from backoffice.cli.demo.records import Records
from backoffice.cli.demo.statement import Line
from backoffice.ledger.chart import SIDES, Kind
from backoffice.payments.states import WithdrawalState

_LINES: Final = ("deposits", "bought", "sold", "fees", "withdrawals", "closing", "of it held")


def show(console: Console, records: Records) -> None:
    """Print everything."""
    heading(console, "What staff did, by the audit trail")
    console.print(_trail(records))
    heading(console, "Deposits and withdrawals, over the sandbox rail")
    console.print(_payments(records))
    for line in _troubles(records):
        console.print(line, style="yellow", highlight=False, soft_wrap=True)
    heading(console, f"Statement of {records.account}")
    for number, table in enumerate(_statements(records, console.width)):
        if number:
            console.print()
        console.print(table)
    heading(console, f"Trial balance, after record {records.sequence:,}")
    console.print(_trial_balance(records))


def _trail(records: Records) -> Table:
    table = table_of("who", ">times", "what")
    table.columns[2].no_wrap = False
    for user, counts in records.trail.items():
        by_verb: dict[str, list[str]] = {}
        for what, count in counts.items():
            verb, _, subject = what.rpartition(" ")
            by_verb.setdefault(verb, []).append(f"{count} {subject}")
        table.add_row(user, f"{counts.total():,}", "; ".join(f"{verb} {', '.join(of)}" for verb, of in by_verb.items()))
    return table


def _payments(records: Records) -> Table:
    table = table_of("", "asset", "state", ">number", ">amount")
    for what, payments in (("deposits", records.deposits), ("withdrawals", records.withdrawals)):
        numbers, amounts = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for each in payments:
            numbers[each.asset, each.state] += 1
            amounts[each.asset, each.state] += each.amount
        for (asset, state), number in numbers.items():
            style = "yellow" if state == WithdrawalState.UNCERTAIN else "green"
            amount = trimmed(amounts[asset, state], records.decimals[asset])
            table.add_row(what, asset, Text(state, style=style), f"{number:,}", amount)
    return table


def _troubles(records: Records) -> Iterator[str]:
    """Yield what became of each withdrawal that the rail did not answer for."""
    for each in records.withdrawals:
        amount = f"{trimmed(each.amount, records.decimals[each.asset])} {each.asset}"
        if each.state == WithdrawalState.UNCERTAIN:
            yield (
                f"{each.name} of {each.account}, {amount}, is uncertain: the rail has never answered for it. The funds "
                "stay held, it is never sent again by itself, and two people must find out what became of it."
            )
        elif each.name in records.once_uncertain:
            yield f"{each.name} of {each.account}, {amount}, was uncertain for a while, and is {each.state}."


def _statements(records: Records, width: int) -> Iterator[Table]:
    """Yield as few tables as the width allows, each with some assets across."""
    columns = {line.asset: _column(line, records.decimals[line.asset]) for line in records.statement}
    for assets in packed(columns, width - max(map(len, _LINES)) - 2):
        table = table_of("", *(f">{asset}" for asset in assets))
        for row, name in enumerate(_LINES):
            style = "bold" if name == "closing" else ""
            table.add_row(*(Text(text, style=style) for text in (name, *(columns[asset][row] for asset in assets))))
        yield table


def _column(line: Line, decimals: int) -> list[str]:
    amounts = (
        *(line.deposits, line.bought, -line.sold, -line.fees, -line.withdrawals),
        *(line.closing, line.held),
    )
    return [trimmed(amount, decimals) if amount else "–" for amount in amounts]


def _trial_balance(records: Records) -> Table:
    table = table_of("asset", "side", "account", ">debit", ">credit")
    for asset, decimals in records.decimals.items():
        debit = credit = 0
        for kind in Kind:
            amount = records.trial_balance.get((asset, kind), 0)
            debit, credit = debit + max(-amount, 0), credit + max(amount, 0)
            if amount:
                sides = (exact(side, decimals) if side > 0 else "" for side in (-amount, amount))
                table.add_row(asset, SIDES[kind], kind, *sides)
        totals = (Text(exact(side, decimals), style="bold") for side in (debit, credit))
        table.add_row(asset, "", "total", *totals)
    return table
