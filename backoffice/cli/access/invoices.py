"""`fondaco fees invoice`, `fees invoices`, and `fondaco invoice`: what is missing to minimums, charged or waived."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.moments import month_of
from backoffice.cli.office import Acting, Looking, Seeing
from backoffice.cli.option_groups import grouped
from backoffice.cli.tables import Cell, Moment
from backoffice.invoices.states import UNPAID, InvoiceState

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.invoices.tables import Invoice, InvoiceStanding
    from backoffice.reports.market import Market

InvoiceArgument = Annotated[str, typer.Argument(metavar="INVOICE", help="Which one, as in INV-1.", show_default=False)]
MonthOption = Annotated[
    date, typer.Option("--month", parser=month_of, metavar="MONTH", help="As in 2026-11.", show_default=False)
]

_HEAD = ("invoice", "firm", "month", "schedule", "asset", "amount", "state", "age", "account", "why", "made")


@grouped
def invoice(month: MonthOption, acting: Acting) -> None:
    """Make the invoices of a month that is over: what is missing to the minimum of each firm's fee schedules.

    The back office does so by itself. What has been invoiced is not invoiced again.
    """
    from backoffice.cli.tables import show_table
    from backoffice.invoices import invoicing
    from backoffice.reports.market import market_of

    async def rows(session: "AsyncSession", desk: "Office") -> list[tuple[Cell, ...]]:
        made = await invoicing.invoice(session, desk.actor, month, why=acting.why, now_ns=desk.now_ns)
        market = await market_of(session)
        found = [await invoicing.find(session, each.name) for each in made]
        return [_row(*each, market, desk.now_ns) for each in found]

    show_table(_HEAD, acting.carry_out(rows), acting.form)


@grouped
def list_invoices(
    *,
    firm: Annotated[
        str | None, typer.Option("--firm", metavar="FIRM", help="Of this firm.", show_default="all")
    ] = None,
    state: Annotated[
        InvoiceState | None, typer.Option("--state", help="Those in this state.", show_default="any")
    ] = None,
    looking: Looking,
) -> None:
    """List invoices, the newest last: how they stand, and of those that are not paid how old they are."""
    from backoffice.cli.tables import show_table
    from backoffice.invoices import invoicing
    from backoffice.reports.market import market_of

    async def rows(session: "AsyncSession", desk: "Office") -> list[tuple[Cell, ...]]:
        market = await market_of(session)
        found = await invoicing.listed(session, firm=firm, state=state)
        return [_row(*each, market, desk.now_ns) for each in found]

    show_table(_HEAD, looking.ask(rows), looking.form)


@grouped
def show(
    invoice: InvoiceArgument,
    *,
    pdf: Annotated[
        Path | None, typer.Option("--pdf", metavar="FILE", help="Write it as PDF to this file.", show_default=False)
    ] = None,
    seeing: Seeing,
) -> None:
    """Show an invoice, how its amount comes about, and each step that it has taken."""
    from backoffice.cli.files import write_whole
    from backoffice.cli.payments.life import life_of, show_life
    from backoffice.cli.tables import Form
    from backoffice.invoices import invoicing
    from backoffice.reports.market import market_of

    form = seeing.form

    async def found(session: "AsyncSession", desk: "Office") -> tuple[dict[str, Cell], list[str], bytes]:
        market = await market_of(session)
        one, standing = await invoicing.find(session, invoice)
        fields = dict(zip(_HEAD, _row(one, standing, market, desk.now_ns), strict=True))
        fields |= await _more(session, one, standing, market)
        content = b"" if pdf is None else await _pdf(session, one, market)
        return fields, await life_of(session, one.subject), content

    fields, steps, content = seeing.ask(found)
    if pdf is not None:
        write_whole(pdf, content)
        if form is Form.PEOPLE:
            typer.echo(f"{pdf}: {len(content):,} bytes")
            return
    show_life(fields, steps, form)


@grouped
def charge(
    invoice: InvoiceArgument,
    *,
    account: Annotated[
        str,
        typer.Option(
            "--account", metavar="ACCOUNT", help="Of the firm.", show_default="the one with the most available"
        ),
    ] = "",
    acting: Acting,
) -> None:
    """Propose to charge an invoice to an account of its firm; somebody else approves it.

    If the account has less available then, nothing is taken: the invoice is due, until it is charged again.
    """
    from backoffice.cli.approval import propose
    from backoffice.invoices import collecting

    propose(
        acting,
        lambda session, desk: collecting.propose_charge(
            session, desk.actor, invoice, account, why=acting.why, now_ns=desk.now_ns
        ),
    )


@grouped
def waive(invoice: InvoiceArgument, acting: Acting) -> None:
    """Propose that an invoice need not be paid; somebody else approves it."""
    from backoffice.cli.approval import propose
    from backoffice.invoices import collecting

    propose(
        acting,
        lambda session, desk: collecting.propose_waiver(
            session, desk.actor, invoice, why=acting.why, now_ns=desk.now_ns
        ),
    )


def _row(invoice: "Invoice", standing: "InvoiceStanding", market: "Market", now_ns: int) -> tuple[Cell, ...]:
    from backoffice.cli.report.printing import age_text

    return (
        invoice.name,
        invoice.firm,
        invoice.month,
        invoice.schedule,
        invoice.asset,
        market.amount(invoice.asset, invoice.amount),
        standing.state,
        age_text(invoice.made_ns, now_ns) if InvoiceState(standing.state) in UNPAID else None,
        standing.account,
        standing.reason,
        Moment(invoice.made_ns),
    )


async def _more(
    session: "AsyncSession", invoice: "Invoice", standing: "InvoiceStanding", market: "Market"
) -> dict[str, Cell]:
    from sqlalchemy import select

    from backoffice.projector.tables import FeeCharge

    charged = await session.scalar(select(FeeCharge).where(FeeCharge.reference == invoice.name))
    amounts = (invoice.monthly, invoice.minimum, invoice.paid)
    monthly, minimum, paid = (market.amount(invoice.asset, amount) for amount in amounts)
    return {
        "version of the schedule": invoice.schedule_version,
        "minimum of a month": monthly,
        "days": f"{invoice.days_counted} of {invoice.days_in_month}",
        "minimum of these days": minimum,
        "fees paid, less rebates": paid,
        "made by": invoice.made_by,
        "proposed by": standing.proposed_by,
        "approved by": standing.approved_by,
        "charged by record": None if charged is None else charged.sequence,
    }


async def _pdf(session: "AsyncSession", invoice: "Invoice", market: "Market") -> bytes:
    from sqlalchemy import select

    from backoffice.crm.tables.file import Client
    from backoffice.reports.invoice_pdf import pdf_of

    client = await session.scalar(select(Client).where(Client.firm == invoice.firm))
    return pdf_of(invoice, client, market)
