"""An invoice as PDF: one page, and how its amount comes about."""

import base64
import re
import zlib

from backoffice.invoices.tables import Invoice
from backoffice.reports.invoice_pdf import pdf_of
from backoffice.reports.market import Market

INVOICE = Invoice(
    id=7,
    firm="MUSTER",
    month="2026-11",
    schedule="basic",
    schedule_version=2,
    asset="USD",
    monthly=100_000,
    days_counted=14,
    days_in_month=30,
    minimum=46_666,
    paid=-200,
    amount=46_666,
    made_by="backoffice",
    made_ns=1_796_083_200_000_000_000,
)
MARKET = Market({"USD": 2}, {})


def test_the_same_invoice_is_the_same_page() -> None:
    file = pdf_of(INVOICE, None, MARKET)
    assert file == pdf_of(INVOICE, None, MARKET)
    assert len(re.findall(rb"/Type /Page\b", file)) == 1


def test_an_invoice_says_how_its_amount_comes_about() -> None:
    (page,) = re.findall(rb"stream\r?\n(.*?)endstream", pdf_of(INVOICE, None, MARKET), re.DOTALL)
    drawn = zlib.decompress(base64.a85decode(b"<~" + page.strip(), adobe=True))
    lines = [line.decode() for line in re.findall(rb"\((.*?)\) Tj", drawn)]
    assert lines[:3] == ["Invoice INV-7", "MUSTER", "Made on 2026-12-01"]
    assert lines[6:12] == [
        *("minimum for 14 of 30 days", "466.66 USD"),
        *("fees paid, less rebates", "-2.00 USD"),
        *("amount", "466.66 USD"),
    ]
