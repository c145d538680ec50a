"""`fondaco report statement`: a client's statement of account, on the terminal, for programs, and as PDF."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.office import Looking
from backoffice.cli.option_groups import grouped
from backoffice.cli.report.printing import Row
from backoffice.cli.tables import Moment

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.reports.market import Market
    from backoffice.reports.period import Period
    from backoffice.reports.scope import Scope
    from backoffice.reports.statement import Statement

STATEMENT = ("account", "asset", "record", "time", "what", "fee therein", "amount", "balance")


def _period(text: str) -> "Period":
    from backoffice.reports.period import period_of

    try:
        return period_of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


PeriodOption = Annotated[
    object,
    typer.Option(
        "--period", parser=_period, metavar="PERIOD", help="A month, a day or a year: 2026-11.", show_default=False
    ),
]
ClientOption = Annotated[
    str, typer.Option("--client", metavar="CLIENT", help="Of this client, as in C-1.", show_default=False)
]
FirmOption = Annotated[str, typer.Option("--firm", metavar="FIRM", help="Of this firm.", show_default=False)]
AccountOption = Annotated[
    str, typer.Option("--account", metavar="ACCOUNT", help="Of this account.", show_default=False)
]
PdfOption = Annotated[
    Path | None, typer.Option("--pdf", metavar="FILE", help="Write it as PDF to this file.", show_default=False)
]


@grouped
def statement(
    *,
    period: PeriodOption,
    client: ClientOption = "",
    firm: FirmOption = "",
    account: AccountOption = "",
    pdf: PdfOption = None,
    looking: Looking,
) -> None:
    """Show what a client had of each asset, every movement of it with its record, and what it had in the end.

    One of --client, --firm and --account is needed. It ties, or there is none: opening balance and movements come to
    the closing balance, as the ledger has it.
    """
    from backoffice.cli.files import write_whole
    from backoffice.cli.tables import Form, show_table
    from backoffice.reports.scope import Scope
    from backoffice.reports.statement_pdf import Named, pdf_of

    if not (client or firm or account):
        raise typer.BadParameter("whose statement? Give --client, --firm or --account")
    whose = Scope(client=client, firm=firm, account=account)
    found, market, issuer, holder = looking.ask(lambda session, desk: _stated(session, desk, whose, period))
    if pdf is not None:
        named = Named(issuer, holder, ", ".join(filter(None, (client, firm, account))))
        content = pdf_of(found, market, named)
        write_whole(pdf, content)
        if looking.form is Form.PEOPLE:
            typer.echo(f"{pdf}: {len(content):,} bytes; {_span(found)}")
            return
    show_table(STATEMENT, _rows(found, market), looking.form, note=f"It ties; {_span(found)}.")


async def _stated(
    session: "AsyncSession", desk: "Office", scope: "Scope", period: object
) -> "tuple[Statement, Market, str, str]":
    """Return a statement, by whom it is issued, and for whom."""
    from backoffice.reports.market import market_of
    from backoffice.reports.period import Period
    from backoffice.reports.scope import accounts_in, holder_of
    from backoffice.reports.statement import statement as stated

    assert isinstance(period, Period), "the option's parser gives nothing else"
    accounts = await accounts_in(session, scope) or []
    found, holder = await stated(session, accounts, period), await holder_of(session, accounts)
    return found, await market_of(session), desk.settings.fix.comp_id, holder


def _rows(statement: "Statement", market: "Market") -> Iterator[Row]:
    for each in statement.sections:
        front, asset = (each.account, each.asset), each.asset
        opening, closing = (market.amount(asset, amount) for amount in (each.opening, each.closing))
        yield *front, statement.first, None, "opening balance", None, None, opening
        for movement in each.movements:
            meaning = movement.meaning
            fee = market.amount(asset, meaning.fee) if meaning.fee else None
            amount, balance = market.amount(asset, movement.amount), market.amount(asset, movement.balance)
            yield *front, movement.sequence, Moment(meaning.time_ns), meaning.text, fee, amount, balance
        yield *front, statement.last, None, "closing balance", None, None, closing


def _span(statement: "Statement") -> str:
    is_empty = statement.last == statement.first
    records = "no record" if is_empty else f"records {statement.first + 1:,} to {statement.last:,}"
    return records if statement.is_over else f"{records}, and the period is not over"
