"""An invoice as PDF: for whom, for which month, and how the amount comes about; not how it stands by now.

The same invoice gives the same bytes, as long as its client has the same name.
"""

from backoffice.crm.tables.file import Client
from backoffice.invoices.tables import Invoice
from backoffice.reports.market import Market
from backoffice.reports.pdf_page import LEFT, LINE, RIGHT, Page
from backoffice.times import day_of


def pdf_of(invoice: Invoice, client: Client | None, market: Market) -> bytes:
    """Return the file. `client`: whose firm it is, if anybody's."""
    page = Page(f"Invoice {invoice.name}, {invoice.firm}")
    page.line("Helvetica-Bold", 14).drawString(LEFT, page.y, f"Invoice {invoice.name}")
    page.y -= LINE
    made_on = day_of(invoice.made_ns).isoformat()
    whose = (client.name, f"client {client.id}, firm {invoice.firm}") if client is not None else (invoice.firm,)
    for text in (*whose, f"Made on {made_on}", f"Monthly minimum of fee schedule {invoice.schedule}, {invoice.month}"):
        page.line("Helvetica", 10).drawString(LEFT, page.y, text)
    page.y -= LINE
    days = f"for {invoice.days_counted} of {invoice.days_in_month} days"
    for what, amount in (
        (f"minimum of a month (version {invoice.schedule_version})", invoice.monthly),
        (f"minimum {days}", invoice.minimum),
        ("fees paid, less rebates", invoice.paid),
    ):
        row = page.line("Helvetica", 10)
        row.drawString(LEFT, page.y, what)
        row.drawRightString(RIGHT, page.y, _text(invoice, amount, market))
    row = page.line("Helvetica-Bold", 10)
    row.line(LEFT, page.y + LINE - 3, RIGHT, page.y + LINE - 3)
    row.drawString(LEFT, page.y, "amount")
    row.drawRightString(RIGHT, page.y, _text(invoice, invoice.amount, market))
    return page.done()


def _text(invoice: Invoice, amount: int, market: Market) -> str:
    return f"{market.amount(invoice.asset, amount)} {invoice.asset}"
