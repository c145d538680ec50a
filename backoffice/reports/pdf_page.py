"""Pages of a PDF: lines one below the other, and a footer with the number of the page.

The same content gives the same bytes. Source of the drawing: ReportLab's user guide, chapter 2.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Final

from reportlab.pdfgen.canvas import Canvas

WIDTH: Final = 595
"""A4 in points,"""
HEIGHT: Final = 842
TOP: Final = 790
BOTTOM: Final = 60
LEFT: Final = 42
RIGHT: Final = WIDTH - 42
LINE: Final = 12


class Page:
    """Where on which page the next line goes."""

    __slots__ = ("_canvas", "_file", "_footer", "heading", "y")

    def __init__(self, title: str) -> None:
        """`title` is the file's, and stands below each page."""
        self._file = BytesIO()
        self._canvas = Canvas(self._file, pagesize=(WIDTH, HEIGHT), invariant=1)
        self._canvas.setTitle(title)
        self._footer = title
        self.y: float = TOP
        self.heading: Callable[[], None] | None = None
        """Draws what a page begins with that goes on with a table."""

    def line(self, font: str, size: float, room: int = LINE) -> Canvas:
        """Go one line down, to the next page if there is not so much room, and return what draws it."""
        if self.y - room < BOTTOM:
            self._end()
            if self.heading is not None:
                self.heading()
        self.y -= LINE
        self._canvas.setFont(font, size)
        return self._canvas

    def done(self) -> bytes:
        """End the last page, and return the file."""
        self._end()
        self._canvas.save()
        return self._file.getvalue()

    def _end(self) -> None:
        self._canvas.setFont("Helvetica", 7)
        self._canvas.drawString(LEFT, BOTTOM - 24, self._footer)
        self._canvas.drawRightString(RIGHT, BOTTOM - 24, f"page {self._canvas.getPageNumber()}")
        self._canvas.showPage()
        self.y = TOP
