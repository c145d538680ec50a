"""A statement of account as PDF: each account and asset with its opening balance, movements and closing balance.

The same statement gives the same bytes.
"""

from datetime import UTC, datetime
from typing import Final

from reportlab.pdfbase.pdfmetrics import stringWidth

from backoffice.reports.market import Market
from backoffice.reports.pdf_page import LEFT, LINE, RIGHT, Page
from backoffice.reports.statement import Section, Statement

_COLUMNS: Final = ((LEFT, "record"), (96, "time (UTC)"), (200, "what"))
_FIGURES: Final = ((420, "fee therein"), (487, "amount"), (RIGHT, "balance"))
_WHAT_MAX: Final = 160
"""So wide may be what a movement was; the figures are to its right."""


def pdf_of(statement: Statement, market: Market, title: str) -> bytes:
    """Return the file."""
    page = Page(f"{title}: statement of account, {statement.period.text}")
    page.line("Helvetica-Bold", 14).drawString(LEFT, page.y, "Statement of account")
    page.y -= LINE
    span = f"records {statement.first + 1:,} to {statement.last:,}" if statement.last > statement.first else "no record"
    for text in (
        title,
        f"Period {statement.period.text} (UTC): {span} of the journal",
        *(() if statement.is_over else ("The period is not over: more may come.",)),
    ):
        page.line("Helvetica", 10).drawString(LEFT, page.y, text)
    for section in statement.sections:
        _draw(page, section, statement, market)
    if not statement.sections:
        page.line("Helvetica", 10).drawString(LEFT, page.y, "Nothing was there, and nothing moved.")
    return page.done()


def _draw(page: Page, section: Section, statement: Statement, market: Market) -> None:
    page.y -= LINE
    heading = page.line("Helvetica-Bold", 11, 6 * LINE)
    heading.drawString(LEFT, page.y, f"{section.account}  {section.asset}")
    page.y -= 2
    names = page.line("Helvetica-Oblique", 8)
    for x, name in _COLUMNS:
        names.drawString(x, page.y, name)
    for x, name in _FIGURES:
        names.drawRightString(x, page.y, name)
    names.line(LEFT, page.y - 3, RIGHT, page.y - 3)
    page.y -= 2
    _balance(page, f"opening balance, after record {statement.first:,}", market.amount(section.asset, section.opening))
    for movement in section.movements:
        meaning = movement.meaning
        row = page.line("Helvetica", 8)
        row.drawString(LEFT, page.y, f"{movement.sequence:,}")
        row.drawString(_COLUMNS[1][0], page.y, _time(meaning.time_ns))
        row.drawString(_COLUMNS[2][0], page.y, _fitting(meaning.text))
        for (x, _), amount in zip(_FIGURES, (meaning.fee or None, movement.amount, movement.balance), strict=True):
            if amount is not None:
                row.drawRightString(x, page.y, market.amount(section.asset, amount))
    _balance(page, f"closing balance, after record {statement.last:,}", market.amount(section.asset, section.closing))


def _balance(page: Page, name: str, amount: str) -> None:
    row = page.line("Helvetica-Bold", 8)
    row.drawString(_COLUMNS[2][0], page.y, name)
    row.drawRightString(RIGHT, page.y, amount)


def _time(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).isoformat(" ")[:19]


def _fitting(text: str) -> str:
    """Return a text, cut off if it would run into the figures."""
    if stringWidth(text, "Helvetica", 8) <= _WHAT_MAX:
        return text
    while text and stringWidth(f"{text} ...", "Helvetica", 8) > _WHAT_MAX:
        text = text[:-1]
    return f"{text} ..."
