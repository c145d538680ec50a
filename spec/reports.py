"""Writes `reports.md`: what each report answers, and what its columns are, from the commands themselves."""

import inspect
import textwrap
from collections.abc import Sequence
from typing import Final

import typer

from backoffice.cli import books
from backoffice.cli.report import app as report_app
from backoffice.cli.report import figures, holdings, market_quality, people, positions, rails, statement, trading

COLUMNS: Final[dict[str, Sequence[str]]] = {
    "trades": trading.TRADES,
    "orders": trading.ORDERS,
    "order": trading.LIFE,
    "executions": trading.EXECUTIONS,
    "instruments": positions.INSTRUMENTS,
    "balances": holdings.CHANGES,
    "positions": ("account", *positions.POSITIONS),
    "exposure": ("firm", *positions.EXPOSURE),
    "volume": ("client", *figures.VOLUME),
    "fees": ("firm", *figures.FEES),
    "minimums": figures.MINIMUMS,
    "market-quality": market_quality.MARKET_QUALITY,
    "sessions": figures.SESSIONS,
    "rejects": ("session", *figures.REJECTS),
    "pipeline": people.PIPELINE,
    "expiring": people.EXPIRING,
    "hits": people.HITS,
    "payments": people.PAYMENTS,
    "rails": rails.RAILS,
    "statement": statement.STATEMENT,
    "books trial-balance": books.TRIAL_BALANCE,
    "books account": books.ACCOUNT,
}
"""As programs get them."""
_OF_ALL: Final = {
    "account": "a client's account at the venue",
    "admitted": "when it was admitted",
    "against": "who was on the other side of the trade",
    "age": "since then, in seconds for programs",
    "amount": "of the asset; in the books above zero a credit, below zero a debit",
    "ask quantity": "what was offered at the best price",
    "asked": "when the rails were last asked",
    "asset": "what the amounts of this line are of",
    "available": "free to be used",
    "average price": "of what is filled, to two digits more than prices have",
    "balance": "what there was after it",
    "base": "what is bought and sold",
    "basis points": "hundredths of a percent",
    "before": "what there was at `--since`; without it this column is left out",
    "bid quantity": "what was wanted at the best price",
    "bought": "quantity",
    "break": "that is open of the difference, as in B-1",
    "bought at": "the average price of it",
    "change": "from then to the moment of the report; without `--since` this column is left out",
    "changed": "when something happened to it last",
    "ClOrdID": "what the client calls it, ClOrdID(11)",
    "client": "whose it is, as in C-1",
    "code": "of the [refusal](rejects.md), 0 for a command of the house",
    "corrections": "what it was before each correction or bust, by whom, by which record, why",
    "credit": "what is on the account, if it is a credit",
    "days": "left, below zero if it is over",
    "debit": "what is on the account, if it is a debit",
    "deposits": "what rails have booked of deposits on their way, beyond what the books have of them",
    "difference": "what rails have beyond omnibus and what is on its way; below zero, what they are short of",
    "entered": "when",
    "entered by": "who of the staff entered the client",
    "entry": "the ledger's entry; a batch of the journal's records, or a transfer of the house",
    "expires": "on which day",
    "fee": "paid for this side, in the quote asset; below zero a rebate",
    "fee therein": "what of the amount is a fee",
    "fees": "paid less rebates, in the quote asset",
    "file": "the document's name; masked from those who may not see personal data",
    "filled": "so much of the quantity",
    "firm": "whose account it is",
    "found": "when",
    "held": "set aside for withdrawals",
    "hit": "what it is called, as in H-1",
    "in force": "TimeInForce(59), in words",
    "jurisdiction": "ISO 3166",
    "kind": "deposit or withdrawal",
    "largest order": "the largest quantity of an order",
    "last price": "of the last trade that is not busted",
    "left": "so much of the quantity is open",
    "list": "which of the sanctions and PEP lists",
    "listed": "who it is on that list",
    "made": "notional of trades on resting orders, in the quote asset",
    "maker": "the account of the resting order",
    "maker basis points": "a maker's fee where no schedule says otherwise",
    "maker fee": "in the quote asset; below zero a rebate",
    "maker order": "its OrderID",
    "messages": "orders, replaces and cancels",
    "messages to a trade": "the ratio",
    "minimum": "what the schedule demands",
    "minutes": "of continuous trading in which the books were seen",
    "missing": "to the minimum",
    "month": "of UTC",
    "most for": "the reason for most of them",
    "name": "of the client",
    "net": "fees less rebates",
    "notional": "price × quantity, in the quote asset",
    "number": "of the document or licence",
    "oldest": "since when the one that has waited longest is in the state",
    "omnibus": "what the books have as kept on rails",
    "on rails": "what they say that they have",
    "order": "OrderID(37)",
    "orders": "that were entered",
    "others": "the same of what the house moves, and what rails have booked and no payment knows of yet",
    "paid": "fees of the month",
    "position": "bought less sold",
    "price": "in the quote asset for one of the base asset",
    "price increment": "the least step of prices",
    "quantity": "of the base asset",
    "quantity increment": "the least step of quantities",
    "quote": "what is paid in",
    "rails": "those that have the asset; the books do not tell apart on which of them it is",
    "rating": "of the client's risk",
    "realised": "from what was both bought and sold, at the average prices of both",
    "reason": "what the code means",
    "rebates": "given for trades",
    "record": "of the journal: `fondaco journal dump --from N --count 1` shows it",
    "rejects": "how many",
    "reserved": "set aside for open orders",
    "result": "profit or loss: realised and unrealised, less fees",
    "role": "of the session",
    "said": "what the client's file says; masked from those who may not see personal data",
    "schedule": "of fees",
    "score": "how alike, of 100",
    "session": "the FIX session",
    "share": "of the whole",
    "side": "buys or sells; of a trade, the taker",
    "since": "when that was last so",
    "sold": "quantity",
    "sold at": "the average price of it",
    "spread": "what the best prices are apart, on average",
    "state": "where it stands",
    "status": "OrdStatus(39), in words",
    "subject": "who of the client's people",
    "suspense": "what of omnibus is nobody's yet",
    "symbol": "the instrument",
    "taken": "notional of trades on incoming orders, in the quote asset",
    "taker": "the account of the incoming order",
    "taker basis points": "a taker's fee where no schedule says otherwise",
    "taker fee": "in the quote asset",
    "taker order": "its OrderID",
    "terms": "what else the order asks for, as JSON",
    "time": "of the record",
    "total": "available, reserved and held",
    "trade": "TradeID(1003), with a T before it",
    "trade price": "as the trade stood by then",
    "trade quantity": "as the trade stood by then",
    "trades": "each counts for both its sides",
    "two-sided": "in so many of the minutes there were prices on both sides",
    "type": "OrdType(40), in words",
    "unrealised": "from what is left, by the last price",
    "value": "of the position, or of the total, by the last prices; rounded down",
    "valued in": "the asset of the value",
    "version": "of FIX",
    "wallets": "what the books have in hot, warm and cold wallets, which is on no rail",
    "withdrawals": "the same of withdrawals: below zero where they have left",
    "accounts": "that the session may trade for",
    "count": "how many payments",
    "what": "happened",
    "why": "it was cancelled",
}
"""What a column is, wherever it stands."""
_OF_ONE: Final = {
    ("expiring", "what"): "expires",
    ("expiring", "name"): "of the client",
    ("fees", "notional"): "price × quantity, in the quote asset",
    ("market-quality", "trades"): "each once",
    ("minimums", "days"): "of the month that count",
    ("minimums", "version"): "of the schedule",
    ("pipeline", "since"): "when it has been there",
    ("pipeline", "type"): "of the legal entity",
    ("rejects", "session"): "the FIX session; without `--session` and `--each-session` this column is left out",
    ("statement", "amount"): "of the asset; below zero it went",
    (
        "statement",
        "what",
    ): "the movement was: trades, corrections, deposits, withdrawals; or the opening or closing balance",
    ("volume", "notional"): "made and taken",
    ("volume", "orders"): "that were entered",
    ("books account", "account"): "which of the [kinds](books.md)",
    ("books trial-balance", "account"): "which of the [kinds](books.md)",
    ("books trial-balance", "side"): "assets, liabilities, income or expenses",
}
"""What it is in one report."""
_HEADING: Final = (
    "# Reports",
    "",
    "What staff can ask, and what the answers say. Each is a command, `fondaco report NAME`, that prints a table;",
    "with `--json` and `--csv` for programs, in which the blanks in the names of columns are `_`. `fondaco report",
    "NAME --help` has all that it takes. Written by `spec/tables.py` from the commands themselves.",
    "",
    "## What they rest on",
    "",
    "* **Where from.** All that is about trading follows from the journal: its projector has it in the database,",
    "  with the record that each row is from, and `fondaco books rebuild` proves that it is the same as what is",
    "  derived anew.",
    "* **Amounts** come from the [ledger](books.md), and are those of the asset, exact to its last digit. Prices",
    "  and quantities are the instrument's. For programs they are texts, without commas. What is rounded is only",
    "  looked at: average prices, shares, ratios, values.",
    "* **Times** are UTC: to the millisecond for people, whole for programs (ISO 8601, nanoseconds).",
    "* **As of.** `--as-of` takes a record, or a time, which is the last record at or before it. A report is then",
    "  what it was after that record, whatever has been corrected since. A record that is not in the database yet",
    "  is an error; a time is not. An order's type, time in force and terms are those that it has now. What is not",
    "  in the journal (clients, their papers and hits, payments, what was agreed on fees) is as the audit trail and",
    "  the approvals have it up to that time, or up to that of the record; days and ages are counted to then.",
    "* **Since.** `--since` takes the same, and tells what has changed from then to the moment of the report.",
    "* **From and until** are times: from the first, before the second. Orders are taken by when they were",
    "  entered, trades by when they were made. What is counted by the hour (volume, fees, market quality) takes",
    "  full hours, and a correction counts in the hour in which it was made; as of a record the last hour counts",
    "  up to that record; of market quality not at all.",
    "* **Who may.** Whoever may see the venue's records (`see records`, [roles](staff.md)); personal data is",
    "  masked from those who may not see it, and the audit trail has who was shown it.",
    "",
    "Elsewhere are the audit trail (`fondaco audit list`), what looks like abuse (`fondaco surveillance alerts`), each",
    "deposit and withdrawal (`fondaco deposit list`, `fondaco withdrawal list`), and all at a glance (`fondaco top`).",
    "",
    "## How they tie",
    "",
    "* `balances` at a record are what `books trial-balance` has of clients, by kind, and what `books verify`",
    "  compares with the engine.",
    "* `statement` opens with the balances before its period and closes with those at its end; its movements are",
    "  the postings of `books account`. Where a step does not go on from the one before there is no statement.",
    "* `fees` of all time, by asset, are what `trades` has as fees, and with charges what the ledger has as fees",
    "  less rebates.",
    "* `positions` are what `trades` comes to: over all accounts of an instrument they are zero, and so are gains",
    "  before fees. `exposure` is `balances` put together.",
    "* `rails` has as difference what a break `rail-balance` tells: on the rails are omnibus, what is on its way, and",
    "  the difference. Omnibus and wallets are those of `books trial-balance` now.",
    "* `volume` over all accounts is twice what was traded: each trade has two sides.",
)


def reports() -> str:
    """Return `reports.md`."""
    lines = list(_HEADING)
    for prefix, app, title in (("", report_app, "## The reports"), ("books ", books.app, "## The books")):
        lines += ["", title]
        for command in app.registered_commands:
            name = f"{prefix}{command.name or getattr(command.callback, '__name__', '')}"
            if not prefix or name in COLUMNS:
                lines += _section(name, command)
    return "\n".join(lines) + "\n"


def _section(name: str, command: typer.models.CommandInfo) -> list[str]:
    assert command.callback is not None, "a command is a function"
    text = inspect.getdoc(command.callback) or ""
    said = [" ".join(part.split()) for part in text.split("\n\n")]
    lines = ["", f"### {name}", "", *_wrapped(" ".join(said))]
    options = inspect.signature(command.callback).parameters
    taken = [option for field, option in _OPTIONS.items() if field in options]
    if taken:
        lines += ["", f"Takes {', '.join(taken)}."]
    if name in COLUMNS:
        lines += ["", "| column | |", "|---|---|"]
        lines += [f"| {column} | {_meaning(name, column)} |" for column in COLUMNS[name]]
    return lines


_OPTIONS: Final = {
    "as_of": "`--as-of`",
    "since": "`--since`",
    "from_ns": "`--from`, `--until`",
    "client": "`--client`, `--firm`, `--account`",
    "symbol": "`--symbol`",
    "asset": "`--asset`",
    "by": "`--by`",
    "chart": "`--chart`",
    "pdf": "`--pdf`",
}
_WIDTH: Final = 118


def _meaning(name: str, column: str) -> str:
    return _OF_ONE.get((name, column)) or _OF_ALL[column]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
