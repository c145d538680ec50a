"""A statement of account as PDF: a line for each account and asset, then each with all its movements.

The same statement gives the same bytes.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from backoffice.reports.market import Market
from backoffice.reports.pdf_page import LEFT, LINE, RIGHT, Page
from backoffice.reports.statement import Section, Statement
from backoffice.times import SECOND_NS

_LINE_OF_TEXT: Final = 9
"""The second line of what a movement was, and so on."""
_GAP: Final = 10
"""Between columns."""
_FONT: Final = "Helvetica"
_BOLD: Final = "Helvetica-Bold"
_SMALL: Final = 7.5
_TIME_AT: Final = 88
_WHAT_AT: Final = 172
_WHAT_MIN: Final = 100
"""However wide the figures are, what a movement was has so much room."""
_MOVED: Final = ("fee therein", "amount", "balance")
_SUMMARY: Final = ("opening", "in", "out", "of which fees", "closing")


class Named(msgspec.Struct, frozen=True):
    """What stands at the head of a statement."""

    issuer: str
    holder: str
    """Whose statement it is."""
    title: str
    """The same in short, for the foot of each page."""


def pdf_of(statement: Statement, market: Market, named: Named) -> bytes:
    """Return the file."""
    page = Page(f"{named.issuer}: statement of account of {named.title}, {statement.period.text}")
    page.line(_BOLD, 14).drawString(LEFT, page.y, "Statement of account")
    page.y -= LINE
    span = f"records {statement.first + 1:,} to {statement.last:,}" if statement.last > statement.first else "no record"
    for text in (
        named.holder,
        f"Issued by {named.issuer}",
        f"Period {statement.period.text} (UTC): {span} of the journal",
        *(() if statement.is_over else ("The period is not over: more may come.",)),
    ):
        page.line(_FONT, 10).drawString(LEFT, page.y, text)
    if statement.sections:
        _summarise(page, statement, market)
    else:
        page.line(_FONT, 10).drawString(LEFT, page.y, "Nothing was there, and nothing moved.")
    for section in statement.sections:
        _draw(page, section, statement, market)
    return page.done()


def _summarise(page: Page, statement: Statement, market: Market) -> None:
    """Draw a line for each account and asset."""
    rows = []
    for section in statement.sections:
        amounts = [movement.amount for movement in section.movements]
        fees = sum(movement.meaning.fee for movement in section.movements)
        came_in, went_out = (sum(filter(sign, amounts)) for sign in (_is_in, _is_out))
        amounts = [section.opening, came_in, went_out, fees, section.closing]
        rows.append((section, [market.amount(section.asset, amount).with_commas for amount in amounts]))
    places = _places([_SUMMARY, *(figures for _, figures in rows)])

    def heading() -> None:
        _head(page, ((LEFT, "account"),), places, _SUMMARY)

    page.y -= LINE
    heading()
    page.heading = heading
    for section, figures in rows:
        row = page.line(_FONT, _SMALL)
        row.drawString(LEFT, page.y, f"{section.account} {section.asset}")
        _draw_figures(page, row, places, figures)
    page.heading = None


def _is_in(amount: int) -> bool:
    return amount > 0


def _is_out(amount: int) -> bool:
    return amount < 0


def _draw(page: Page, section: Section, statement: Statement, market: Market) -> None:
    def shown(amount: int) -> str:
        return market.amount(section.asset, amount).with_commas

    name = f"{section.account}  {section.asset}"
    opening, closing = (shown(each) for each in (section.opening, section.closing))
    rows = [
        [shown(each.meaning.fee) if each.meaning.fee else "", shown(each.amount), shown(each.balance)]
        for each in section.movements
    ]
    places = _places([_MOVED, *rows, ("", opening, closing)])
    room = max(_WHAT_MIN, places[0] - _widest([_MOVED[0], *(row[0] for row in rows)]) - _GAP - _WHAT_AT)

    def heading(mark: str = " (continued)") -> None:
        page.line(_BOLD, 11, 6 * LINE).drawString(LEFT, page.y, f"{name}{mark}")
        page.y -= 2
        _head(page, ((LEFT, "record"), (_TIME_AT, "time (UTC)"), (_WHAT_AT, "what")), places, _MOVED)

    page.y -= LINE
    heading("")
    page.heading = heading
    _balance(page, f"opening balance, after record {statement.first:,}", opening)
    for movement, figures in zip(section.movements, rows, strict=True):
        first, *more = _lines(movement.meaning.text, room)
        row = page.line(_FONT, _SMALL, LINE + _LINE_OF_TEXT * len(more))
        row.drawString(LEFT, page.y, f"{movement.sequence:,}")
        row.drawString(_TIME_AT, page.y, _time(movement.meaning.time_ns))
        row.drawString(_WHAT_AT, page.y, first)
        _draw_figures(page, row, places, figures)
        for text in more:
            page.y -= _LINE_OF_TEXT
            row.drawString(_WHAT_AT, page.y, text)
    _balance(page, f"closing balance, after record {statement.last:,}", closing)
    page.heading = None


def _head(page: Page, columns: Iterable[tuple[int, str]], places: Sequence[float], figures: Sequence[str]) -> None:
    names = page.line("Helvetica-Oblique", _SMALL)
    for x, name in columns:
        names.drawString(x, page.y, name)
    _draw_figures(page, names, places, figures)
    names.line(LEFT, page.y - 3, RIGHT, page.y - 3)
    page.y -= 2


def _balance(page: Page, name: str, amount: str) -> None:
    row = page.line(_BOLD, _SMALL)
    row.drawString(_WHAT_AT, page.y, name)
    row.drawRightString(RIGHT, page.y, amount)


def _draw_figures(page: Page, row: Canvas, places: Sequence[float], figures: Sequence[str]) -> None:
    for x, figure in zip(places, figures, strict=True):
        row.drawRightString(x, page.y, figure)


def _places(rows: Sequence[Sequence[str]]) -> list[float]:
    """Return where columns of figures end, so that the last one is at the margin and each is as wide as it needs."""
    places: list[float] = []
    right: float = RIGHT
    for column in reversed(list(zip(*rows, strict=True))):
        places.append(right)
        right -= _widest(column) + _GAP
    return places[::-1]


def _widest(texts: Iterable[str]) -> float:
    # In bold, as balances are.
    widths: list[float] = [stringWidth(text, _BOLD, _SMALL) for text in texts]
    return max(widths)


def _lines(text: str, width: float) -> list[str]:
    """Return a text in lines that fit, broken at blanks where there are any."""
    lines: list[str] = []
    for line in simpleSplit(text, _FONT, _SMALL, width) or [""]:
        rest = line
        while stringWidth(rest, _FONT, _SMALL) > width:
            length = next(n for n in range(len(rest), 0, -1) if n == 1 or stringWidth(rest[:n], _FONT, _SMALL) <= width)
            lines.append(rest[:length])
            rest = rest[length:]
        lines.append(rest)
    return lines


def _time(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // SECOND_NS, UTC).isoformat(" ")[:19]
