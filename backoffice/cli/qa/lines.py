"""The lines of a script: files read, comments left out, lines that end in | joined with the next."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from backoffice.cli.qa.names import without_secrets
from backoffice.cli.qa.statements import Place

SUFFIX: Final = ".fix"
BYTES_MAX: Final = 1 << 20


class ScriptError(Exception):
    """A script cannot be read; the message says where, what, and what would be right."""


class Line(NamedTuple):
    """A line, and what of it is still to be read."""

    place: Place
    text: str

    def error(self, what: str, instead: str = "") -> ScriptError:
        """Return the error that this line has: what is wrong, and what would be right."""
        text = f"{self.place}: {what}" + (f" ({instead})" if instead else "")
        return ScriptError(without_secrets(text))

    def split(self) -> tuple[str, str]:
        """Return the first word, and the rest."""
        word, _, rest = self.text.partition(" ")
        return word, rest.strip()

    def after(self, text: str) -> "Line":
        """Return the line with this left to be read."""
        return Line(self.place, text)


def lines_of(path: Path) -> Iterator[Line]:
    """Return the lines of a file. Raise `ScriptError`."""
    first, pieces = 0, list[str]()
    for number, row in enumerate(_content(path).splitlines(), 1):
        piece = row.strip()
        if piece.startswith("#") or not (piece or pieces):
            continue
        if not pieces:
            first = number
        pieces.append(piece)
        if piece.endswith("|") and not piece.endswith("\\|"):
            continue
        yield _whole(path, first, pieces)
        pieces = []
    if pieces:
        yield _whole(path, first, pieces)


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + 1)
        if len(content) > BYTES_MAX:
            raise ScriptError(f"{path}: has more than {BYTES_MAX:,} bytes; no script needs that many")
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ScriptError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    except OSError as error:
        raise ScriptError(f"{path}: {error.strerror}") from error


def _whole(path: Path, first: int, pieces: list[str]) -> Line:
    text = "".join(pieces)
    return Line(Place(path, first, without_secrets(text)), text)
