"""Words as the command line is given them, of which there are only some."""

from enum import StrEnum
from typing import TypeVar

from backoffice.cli.failure import CommandFailed

E = TypeVar("E", bound=StrEnum)


def choice(what: str, word: str, among: type[E]) -> E:
    """Return what a word stands for. Raise `CommandFailed`, with the words that there are, if it is none of them."""
    try:
        return among(word)
    except ValueError:
        raise CommandFailed(f"{what} {word!r}: is none of {', '.join(among)}") from None
