"""What was said while a script was acted out, for people to read, or to compare with another server's.

The full transcript has every message with the names of its tags and the time since the start. The normalized one leaves
out what two servers may do differently and both be right: times, lengths, and what the script takes as it comes; there
stands what the script says of it. Two servers that behave alike give the same normalized transcript to the letter.

Secrets are shown as ***, wherever they stand.
"""

import re
import textwrap
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from backoffice.cli.qa.matching import UNASKED, Row
from backoffice.cli.qa.names import MASK, SECRET_TAGS, field_name, is_time, message_name, without_secrets
from backoffice.cli.qa.values import wire_text

WIDTH: Final = 120
SERVER_IDS: Final = frozenset(("17", "19", "37", "198", "278", "527", "535", "880", "1003", "1181", "25029"))
"""Fields whose values each server makes up for itself."""
ENTRIES_MAX: Final = 200_000
SECRET_CHARS_MIN: Final = 4
"""Shorter ones are shown as *** in their own fields alone: they would be found everywhere."""

_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Comment(msgspec.Struct, frozen=True):
    """What happened that is no message."""

    session: str
    text: str
    plain: str
    """The same where the run does not matter; may be nothing."""
    is_step: bool


class Said(msgspec.Struct, frozen=True):
    """A message, or some bytes, that a script has sent; and the fields as the script has them."""

    session: str
    fields: tuple[tuple[str, str], ...]
    written: tuple[tuple[str, str], ...]
    raw: bytes


class Heard(msgspec.Struct, frozen=True):
    """A message that came, and how it compares with what was expected."""

    session: str
    fields: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    is_numbered: bool
    """Its number is the script's: no message came before it that might as well not have come."""
    is_optional: bool = False
    """It might as well not have come."""


Entry = Comment | Said | Heard


class Transcript:
    """Everything that happened in one script, in order."""

    def __init__(self, title: str, name: str) -> None:
        self.title = title
        self.name = name
        self.secrets: set[str] = set()
        self.problem = ""
        self._begun = time.monotonic()
        self.word = ""
        """The word that only this script has: {run}."""
        self._entries: list[tuple[float, Entry]] = []

    def add(self, entry: Entry) -> None:
        if len(self._entries) < ENTRIES_MAX:
            self._entries.append((time.monotonic() - self._begun, entry))

    def fail(self, problem: str) -> None:
        """Say at the end what was not as expected."""
        self.problem = problem

    def masked(self, text: str) -> str:
        """Return a text without secrets, and with what cannot be printed as its number."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            if len(secret) >= SECRET_CHARS_MIN:
                text = text.replace(secret, MASK)
        return "\n".join(_UNPRINTABLE.sub(_as_number, line) for line in text.split("\n"))

    def full(self) -> str:
        """Return all of it."""
        lines = [f"=== {self.title} ({self.name})"]
        for at_s, entry in self._entries:
            lines += self._wrapped(f"{at_s:9.3f}  ", self._in_full(entry))
        if self.problem:
            lines += ["", f"✗ {self.problem}"]
        return "\n".join(lines) + "\n"

    def normalized(self) -> str:
        """Return what two servers that behave alike have in common."""
        lines = [f"=== {self.title}"]
        for _, entry in self._entries:
            text = self._in_common(entry).replace(self.word, "{run}") if self.word else self._in_common(entry)
            lines += self._wrapped("", text) if text else []
        if self.problem:
            lines += ["✗ failed"]
        return "\n".join(lines) + "\n"

    def _wrapped(self, begin: str, text: str) -> list[str]:
        indent = " " * (len(begin) + 4)
        return textwrap.wrap(
            self.masked(text),
            WIDTH,
            initial_indent=begin,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        ) or [begin]

    def _in_full(self, entry: Entry) -> str:
        match entry:
            case Comment(session, text, _, is_step):
                return f"— {text}" if is_step else f"{session} {text}".strip()
            case Said(session, fields, _, raw):
                return f"{session} > {_spelled(fields) if fields else _bytes_text(raw)}"
            case Heard(session, fields):
                return f"{session} < {_spelled(fields)}"

    def _in_common(self, entry: Entry) -> str:
        match entry:
            case Comment(session, _, plain, is_step):
                return f"— {plain}" if is_step else f"{session} {plain}" if plain else ""
            case Said(session, _, written):
                return f"{session} > {_spelled(written)}"
            case Heard(_, _, _, _, is_optional=True):
                return ""
            case Heard(session, fields, rows, is_numbered):
                return f"{session} < {_spelled(_common_fields(fields, rows, is_numbered=is_numbered))}"


def _common_fields(
    fields: tuple[tuple[str, str], ...], rows: tuple[Row, ...], *, is_numbered: bool
) -> list[tuple[str, str]]:
    """Return a message's fields in the script's order, then others by their tags.

    What the script takes as it comes stands there as the script has it.
    """
    stated = [row for row in rows if row.written is not None]
    shown = [(row.tag, _common_value(row)) for row in stated if row.received is not None or row.is_optional]
    if not any(row.tag == "34" for row in stated):
        shown[1:1] = [(tag, value if is_numbered else "*") for tag, value in fields if tag == "34"][:1]
    others = [row for row in rows if row.written is None] or [
        Row(tag, None, value, None, differs=True) for tag, value in fields if not rows and tag not in UNASKED
    ]
    return shown + [(row.tag, _common_value(row)) for row in sorted(others, key=lambda row: row.tag.zfill(9))]


def _common_value(row: Row) -> str:
    if row.written is None:
        return "*" if row.tag in SERVER_IDS else _plain(row)
    if row.is_optional:
        return f"{row.written}, or nothing"
    return row.written if row.is_open else _plain(row)


def _plain(row: Row) -> str:
    return "{time}" if is_time(row.tag) else row.received or ""


def _spelled(fields: Sequence[tuple[str, str]]) -> str:
    """Return a message with names in place of numbers."""
    msg_type = next((value for tag, value in fields if tag == "35"), None)
    shown = [
        f"{field_name(tag)}={MASK if tag in SECRET_TAGS else value}" if tag else without_secrets(value)
        for tag, value in fields
        if tag != "35" or msg_type is None
    ]
    name = "" if msg_type is None else message_name(msg_type)
    return f"{name}  {' | '.join(shown)}".strip()


def _bytes_text(raw: bytes) -> str:
    return "bytes " + without_secrets(wire_text(raw).replace("\x01", "|"))


def _as_number(character: re.Match[str]) -> str:
    number = ord(character[0])
    return f"\\x{number - 0xDC00 if 0xDC80 <= number <= 0xDCFF else number:02x}"
