"""What stands between the `|` of a message in a script: fields, fields left out, variables that hold fields."""

import re
from collections.abc import Iterator
from typing import Final

from backoffice.cli.qa.names import MASK, SECRET_TAGS
from backoffice.cli.qa.statements import Field, Item, Others, Spread, Without
from backoffice.cli.qa.values import BadValue, parse_value

_PIECE: Final = re.compile(r"(?:\\.|[^|\\])+", re.DOTALL)
_SPREAD: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")
_BEGUN: Final = re.compile(r"\s*\??-?[0-9]{1,18}=/.*[^/]", re.DOTALL)
_TAG: Final = re.compile(r"-?[0-9]{1,18}")


def items_of(text: str, *, is_pattern: bool, is_exact: bool = False) -> tuple[Item, ...]:
    """Return what a message consists of. Raise `BadValue`.

    `is_pattern`: it is expected, not sent. `is_exact`: it is sent as it stands, with tags that may be no numbers.
    """
    found: list[str] = _PIECE.findall(text)
    pieces = map(str.strip, _whole_expressions(found) if is_pattern else found)
    return tuple(_item(piece, is_pattern=is_pattern, is_exact=is_exact) for piece in pieces if piece)


def _whole_expressions(pieces: list[str]) -> Iterator[str]:
    """Yield the pieces, those joined that are of one regular expression with a | in it."""
    left = iter(pieces)
    for piece in left:
        if _BEGUN.fullmatch(piece) is None:
            yield piece
            continue
        parts = [piece]
        while not parts[-1].endswith("/") and (more := next(left, "")):
            parts.append(more)
        if parts[-1].endswith("/"):
            yield "|".join(parts)
        else:
            yield from parts


def _item(piece: str, *, is_pattern: bool, is_exact: bool) -> Item:
    if piece in {"...", "…"}:
        if not is_pattern:
            raise BadValue("`...` stands for other fields that may come, not for what is sent")
        return Others()
    if (spread := _SPREAD.fullmatch(piece)) is not None:
        return Spread(spread[1])
    if piece[0] == "!" and not is_exact:
        if _TAG.fullmatch(piece[1:]) is None:
            raise BadValue(f"{piece!r} leaves out no tag; write !52")
        return Without(piece[1:])
    is_optional = is_pattern and piece[0] == "?"
    tag, equals, value = piece.removeprefix("?" if is_optional else "").partition("=")
    if not is_exact and (not equals or _TAG.fullmatch(tag) is None):
        raise BadValue(f"{piece!r} is no field; write 38=0.25, with | between fields")
    if not equals:
        raise BadValue(f"{piece!r} has no =; what is no field at all goes with `bytes`")
    try:
        parsed = parse_value(value, is_pattern=is_pattern)
    except BadValue as error:
        if tag in SECRET_TAGS:
            raise BadValue(
                f"{tag}={MASK} has a \\, {{ or }} that stands for nothing; write \\\\, \\{{ or \\}}"
            ) from None
        raise BadValue(f"{tag}: {error}") from error
    if parsed.off_right is not None and tag not in {"9", "10", "95", "96"}:
        raise BadValue(f"{piece!r}: only 9 and 10, and of a signed Logon 95 and 96, can be right; write another value")
    return Field(tag, parsed, is_optional)
