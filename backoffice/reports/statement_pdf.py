"""A statement of account as PDF: each account and asset with its opening balance, movements and closing balance.

The same statement gives the same bytes. Source of the drawing: ReportLab's user guide, chapter 2.
"""

from datetime import UTC, datetime
from io import BytesIO
from typing import Final

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from backoffice.reports.market import Market
from backoffice.reports.statement import Section, Statement

_WIDTH: Final = 595
"""A4 in points,"""
_TOP: Final = 790
_BOTTOM: Final = 60
_LEFT: Final = 42
_RIGHT: Final = _WIDTH - 42
_LINE: Final = 12
_COLUMNS: Final = ((_LEFT, "record"), (96, "time (UTC)"), (200, "what"))
_FIGURES: Final = ((420, "fee therein"), (487, "amount"), (_RIGHT, "balance"))
_WHAT_MAX: Final = 160
"""So wide may be what a movement was; the figures are to its right."""


def pdf_of(statement: Statement, market: Market, title: str) -> bytes:
    """Return the file."""
    file = BytesIO()
    canvas = Canvas(file, pagesize=(_WIDTH, 842), invariant=1)
    canvas.setTitle(f"{title}: statement of account, {statement.period.text}")
    page = _Page(canvas, f"{title}: statement of account, {statement.period.text}")
    page.line("Helvetica-Bold", 14).drawString(_LEFT, page.y, "Statement of account")
    page.y -= _LINE
    span = f"records {statement.first + 1:,} to {statement.last:,}" if statement.last > statement.first else "no record"
    for text in (
        title,
        f"Period {statement.period.text} (UTC): {span} of the journal",
        *(() if statement.is_over else ("The period is not over: more may come.",)),
    ):
        page.line("Helvetica", 10).drawString(_LEFT, page.y, text)
    for section in statement.sections:
        _draw(page, section, statement, market)
    if not statement.sections:
        page.line("Helvetica", 10).drawString(_LEFT, page.y, "Nothing was there, and nothing moved.")
    page.end()
    canvas.save()
    return file.getvalue()


class _Page:
    """Where on which page the next line goes."""

    __slots__ = ("_canvas", "_footer", "y")

    def __init__(self, canvas: Canvas, footer: str) -> None:
        self._canvas = canvas
        self._footer = footer
        self.y = _TOP

    def line(self, font: str, size: int, room: int = _LINE) -> Canvas:
        """Go one line down, to the next page if there is not so much room, and return what draws it."""
        if self.y - room < _BOTTOM:
            self.end()
        self.y -= _LINE
        self._canvas.setFont(font, size)
        return self._canvas

    def end(self) -> None:
        """End the page."""
        self._canvas.setFont("Helvetica", 7)
        self._canvas.drawString(_LEFT, _BOTTOM - 24, self._footer)
        self._canvas.drawRightString(_RIGHT, _BOTTOM - 24, f"page {self._canvas.getPageNumber()}")
        self._canvas.showPage()
        self.y = _TOP


def _draw(page: _Page, section: Section, statement: Statement, market: Market) -> None:
    page.y -= _LINE
    heading = page.line("Helvetica-Bold", 11, 6 * _LINE)
    heading.drawString(_LEFT, page.y, f"{section.account}  {section.asset}")
    page.y -= 2
    names = page.line("Helvetica-Oblique", 8)
    for x, name in _COLUMNS:
        names.drawString(x, page.y, name)
    for x, name in _FIGURES:
        names.drawRightString(x, page.y, name)
    names.line(_LEFT, page.y - 3, _RIGHT, page.y - 3)
    page.y -= 2
    _balance(page, f"opening balance, after record {statement.first:,}", market.amount(section.asset, section.opening))
    for movement in section.movements:
        meaning = movement.meaning
        row = page.line("Helvetica", 8)
        row.drawString(_LEFT, page.y, f"{movement.sequence:,}")
        row.drawString(_COLUMNS[1][0], page.y, _time(meaning.time_ns))
        row.drawString(_COLUMNS[2][0], page.y, _fitting(meaning.text))
        for (x, _), amount in zip(_FIGURES, (meaning.fee or None, movement.amount, movement.balance), strict=True):
            if amount is not None:
                row.drawRightString(x, page.y, market.amount(section.asset, amount))
    _balance(page, f"closing balance, after record {statement.last:,}", market.amount(section.asset, section.closing))


def _balance(page: _Page, name: str, amount: str) -> None:
    row = page.line("Helvetica-Bold", 8)
    row.drawString(_COLUMNS[2][0], page.y, name)
    row.drawRightString(_RIGHT, page.y, amount)


def _time(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).isoformat(" ")[:19]


def _fitting(text: str) -> str:
    """Return a text, cut off if it would run into the figures."""
    if stringWidth(text, "Helvetica", 8) <= _WHAT_MAX:
        return text
    while text and stringWidth(f"{text} ...", "Helvetica", 8) > _WHAT_MAX:
        text = text[:-1]
    return f"{text} ..."
