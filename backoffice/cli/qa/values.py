r"""Values as a script writes them: text that is sent, or a pattern that what is received must match.

    {name} {name+1}     a variable's value; with an offset if it is a number
    now now-130s        the time, UTC to the millisecond; `:s`, `:us` or `:ns` behind it for other precisions
    today today+1d      the date, UTC
    right right+1       of BodyLength, CheckSum, RawDataLength and RawData (the signature of a Logon): the right one, or
                        one that is wrong by so much
    * *{name}           in a pattern: any text, and the name that it has from then on
    /expression/        in a pattern: a regular expression; its named groups are captured
    \| \* \{ \\ \x01    the character itself, or a byte by its number

Text is what UTF-8 makes of the bytes on the wire; a byte that is no UTF-8 stays itself (`surrogateescape`).
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

DURATION_S_MAX: Final = 600.0
"""Nothing in a script takes longer."""

_UNITS_S: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)(ms|s|m)")
_CLOCK: Final = re.compile(r"(now|today)(?:([+-]\d{1,9})(ms|s|m|h|d))?(?::(s|ms|us|ns))?")
_DIGITS: Final = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_RIGHT: Final = re.compile(r"right([+-]\d{1,6})?")
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?"
_ITEM: Final = re.compile(
    rf"\\x(?P<byte>[0-9A-Fa-f]{{2}})|\\(?P<escaped>[|*{{}}\\/!.])|(?P<flaw>\\)"
    rf"|(?P<star>\*)(?:\{{(?P<captured>{_NAME})\}})?"
    rf"|\{{(?P<name>{_NAME})(?P<offset>[+-]\d{{1,9}})?\}}|(?P<brace>[{{}}])|(?P<text>[^\\*{{}}]+)"
)
_NAME_IN_EXPRESSION: Final = re.compile(rf"\{{({_NAME})\}}")


class BadValue(Exception):
    """A value cannot be read; the message says why and what would be right."""


class Literal(msgspec.Struct, frozen=True):
    """Text that stands for itself."""

    text: str


class Name(msgspec.Struct, frozen=True):
    """A variable, and what is added to it."""

    name: str
    offset: int | None = None


class Star(msgspec.Struct, frozen=True):
    """Any text; what it was is called `name` from then on, unless that is empty."""

    name: str


class Clock(msgspec.Struct, frozen=True):
    """The time (`digits` of a second's fraction) or, with -1 digits, the date, so far from now."""

    offset: timedelta
    digits: int


class Right(msgspec.Struct, frozen=True):
    """The BodyLength, CheckSum, RawDataLength or RawData that is right, and what is added to it."""

    offset: int


class Expression(msgspec.Struct, frozen=True):
    """A regular expression; `{name}` in it stands for a variable's text."""

    source: str


Part = Literal | Name | Star | Clock | Right | Expression


class Value(msgspec.Struct, frozen=True):
    """A value: as it is written, and what it is made of."""

    written: str
    parts: tuple[Part, ...]

    @property
    def is_plain(self) -> bool:
        """Tell whether it stands for itself alone."""
        return all(isinstance(part, Literal) for part in self.parts)

    @property
    def off_right(self) -> int | None:
        """How far it is from what is right, if it says that."""
        return next((part.offset for part in self.parts if isinstance(part, Right)), None)

    @property
    def is_time(self) -> bool:
        """Tell whether it is the time or the date."""
        return any(isinstance(part, Clock) for part in self.parts)

    def names(self) -> tuple[str, ...]:
        """Return the variables that it needs."""
        found = [part.name for part in self.parts if isinstance(part, Name)]
        for part in self.parts:
            if isinstance(part, Expression):
                found += _NAME_IN_EXPRESSION.findall(part.source)
        return tuple(found)

    def captures(self) -> tuple[str, ...]:
        """Return the variables that it gives a value to."""
        found = [part.name for part in self.parts if isinstance(part, Star) and part.name]
        for part in self.parts:
            if isinstance(part, Expression):
                found += re.compile(_NAME_IN_EXPRESSION.sub("(?:)", part.source)).groupindex
        return tuple(found)


class Scope(NamedTuple):
    """What a value means in its place: the text of each variable, and the time."""

    lookup: Callable[[str], str]
    now: datetime


def literal(text: str) -> Value:
    """Return the value that stands for exactly this text."""
    return Value(text, (Literal(text),))


def parse_value(text: str, *, is_pattern: bool = False) -> Value:
    """Return the value that a script writes so. Raise `BadValue`."""
    if (clock := _CLOCK.fullmatch(text)) is not None:
        return Value(text, (_clock(clock),))
    if not is_pattern and (right := _RIGHT.fullmatch(text)) is not None:
        return Value(text, (Right(int(right[1] or 0)),))
    if is_pattern and len(text) > 1 and text[0] == text[-1] == "/":
        return Value(text, (_expression(text[1:-1]),))
    return Value(text, _parts(text, is_pattern=is_pattern))


def duration_s(text: str) -> float:
    """Return the seconds of a duration such as `2s`, `500ms`, `1m`. Raise `BadValue`."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise BadValue(f"{text!r} is no duration; write it as 2s, 500ms or 1m")
    seconds = float(match[1]) * _UNITS_S[match[2]]
    if seconds > DURATION_S_MAX:
        raise BadValue(f"{text} is too long; the longest is {DURATION_S_MAX:g}s")
    return seconds


def expand(value: Value, scope: Scope) -> str:
    """Return the text to send. Raise `BadValue`."""
    return "".join(_expanded(part, scope) for part in value.parts)


def match(value: Value, text: str, scope: Scope) -> dict[str, str] | None:
    """Return what is captured if a text matches a pattern, and None if it does not."""
    found = re.compile(_pattern_of(value, scope), re.DOTALL).fullmatch(text)
    if found is None:
        return None
    captured = iter(found.groups())
    return {name: next(captured) or "" for name in value.captures()}


def described(value: Value, scope: Scope) -> str:
    """Return a pattern with its variables filled in, to show what was expected."""
    shown = []
    for part in value.parts:
        if isinstance(part, Star):
            shown.append(f"*{{{part.name}}}" if part.name else "*")
        elif isinstance(part, Expression):
            shown.append(f"/{_NAME_IN_EXPRESSION.sub(lambda name: scope.lookup(name[1]), part.source)}/")
        else:
            shown.append(_expanded(part, scope))
    return "".join(shown)


def wire_text(raw: bytes) -> str:
    """Return bytes as text."""
    return raw.decode("utf-8", "surrogateescape")


def wire_bytes(text: str) -> bytes:
    """Return text as bytes."""
    return text.encode("utf-8", "surrogateescape")


def _parts(text: str, *, is_pattern: bool) -> tuple[Part, ...]:
    parts: list[Part] = []
    for item in _ITEM.finditer(text):
        if item["flaw"]:
            raise BadValue(rf"a \ in {text!r} stands before nothing that needs it; write \\ for the character itself")
        if item["brace"]:
            raise BadValue(f"a {item['brace']} in {text!r} belongs to no name; write {{name}}, or \\{item['brace']}")
        if item["name"]:
            parts.append(Name(item["name"], int(item["offset"]) if item["offset"] else None))
        elif item["star"] and is_pattern:
            parts.append(Star(item["captured"] or ""))
        elif item["star"] and item["captured"]:
            parts += (Literal("*"), Name(item["captured"]))
        else:
            parts.append(Literal(_character(item)))
    return tuple(parts)


def _character(item: re.Match[str]) -> str:
    if item["byte"]:
        return wire_text(bytes([int(item["byte"], 16)]))
    return str(item["escaped"] or item["text"] or "*")


def _clock(match: re.Match[str]) -> Clock:
    kind, count, unit, precision = match.groups()
    offset = timedelta(seconds=int(count) * _UNITS_S[unit]) if count else timedelta()
    if kind == "today" and precision:
        raise BadValue(f"{match[0]!r}: a date has no precision; write today, or today+1d")
    return Clock(offset, -1 if kind == "today" else _DIGITS[precision or "ms"])


def _expression(source: str) -> Expression:
    try:
        compiled = re.compile(_NAME_IN_EXPRESSION.sub("(?:)", source))
    except re.error as error:
        raise BadValue(f"/{source}/ is no regular expression: {error}") from error
    if compiled.groups != len(compiled.groupindex):
        raise BadValue(f"/{source}/ has a group without a name; write (?P<name>…) to capture, or (?:…)")
    return Expression(source)


def _expanded(part: Part, scope: Scope) -> str:
    match part:
        case Literal(text):
            return text
        case Name(name, None):
            return scope.lookup(name)
        case Name(name, offset):
            text = scope.lookup(name)
            if re.fullmatch(r"-?\d{1,18}", text) is None or offset is None:
                raise BadValue(f"{{{name}{offset:+}}}: {name} is {text!r}, and no number")
            return str(int(text) + offset)
        case Clock(offset, digits):
            return _time_text(scope.now + offset, digits)
        case _:
            raise AssertionError("what is right and what is any text is not for this function")


def _time_text(time: datetime, digits: int) -> str:
    if digits < 0:
        return f"{time:%Y%m%d}"
    fraction = f"{time.microsecond:06d}000"[:digits]
    return f"{time:%Y%m%d-%H:%M:%S}" + (f".{fraction}" if fraction else "")


def _pattern_of(value: Value, scope: Scope) -> str:
    pattern = []
    for part in value.parts:
        if isinstance(part, Star):
            pattern.append("(.*)" if part.name else ".*")
        elif isinstance(part, Expression):
            pattern.append(_NAME_IN_EXPRESSION.sub(lambda name: f"(?:{re.escape(scope.lookup(name[1]))})", part.source))
        else:
            pattern.append(re.escape(_expanded(part, scope)))
    return "".join(pattern)
