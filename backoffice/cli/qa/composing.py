"""Puts a message together: what a script gives, in the frame that a FIX message has, unless the script wants another.

BeginString, BodyLength, MsgType, CompIDs, MsgSeqNum and SendingTime come first, CheckSum last; a field that a script
gives takes the place of the one that would be put in. What is `right` of a signature, its length, BodyLength and
CheckSum is found in this order, once all else is there.
"""

import base64
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from backoffice.cli.qa.statements import Field, Without
from backoffice.cli.qa.values import Value, literal, parse_value, wire_bytes
from backoffice.cli.qa.wire import encoded, joined, right_length, right_sum

_HEADER: Final = ("8", "9", "35", "49", "56", "34", "52")
_FRAME: Final = frozenset(("8", "9", "10", "35"))
_NOW: Final = parse_value("now")
_RIGHT: Final = parse_value("right")

Pairs = list[tuple[str, str]]
"""Tags and values in the order of the wire."""
Sign = Callable[[Mapping[str, str]], bytes]
"""Returns the signature of a Logon with these fields."""


def composed(
    items: Iterable[Field | Without], own: Mapping[str, str], text: Callable[[Value], str], sign: Sign
) -> Pairs:
    """Return all fields of a message. `own`: the header's values by tag; `text` gives the text of a value."""
    given: dict[str, Field] = {}
    body: list[Field] = []
    left_out: set[str] = set()
    for item in items:
        if isinstance(item, Without):
            left_out.add(item.tag)
        elif item.tag in {*_HEADER, "10"} and item.tag not in given:
            given[item.tag] = item
        else:
            body.append(item)
    header = [given.get(tag) or Field(tag, _put_in(tag, own)) for tag in _HEADER]
    fields = [*header, *body, given.get("10") or Field("10", _RIGHT)]
    return filled_in([field for field in fields if field.tag not in left_out], text, sign)


def filled_in(fields: list[Field], text: Callable[[Value], str], sign: Sign) -> Pairs:
    """Return tags and values, those that depend on others found last."""

    def signed_text(pairs: Pairs, offset: int) -> str:
        signature = bytearray(sign(dict(reversed(pairs))))
        signature[-1] = (signature[-1] + offset) % 256
        return base64.b64encode(signature).decode("ascii")

    pairs = [(field.tag, "" if field.value.off_right is not None else text(field.value)) for field in fields]
    for tag, right in (("96", signed_text), ("95", _signed_length), ("9", _length_text), ("10", _sum_text)):
        for number, field in enumerate(fields):
            if field.tag == tag and field.value.off_right is not None:
                pairs[number] = (tag, right(pairs, field.value.off_right))
    return pairs


def on_the_wire(pairs: Pairs, items: Iterable[Field | Without]) -> bytes:
    """Return a message's bytes, from the codec unless a script has given what no codec would do."""
    return joined(pairs) if any(item.tag in _FRAME for item in items) else encoded(pairs)


def _put_in(tag: str, own: Mapping[str, str]) -> Value:
    if tag in own:
        return literal(own[tag])
    return _NOW if tag == "52" else _RIGHT


def _signed_length(pairs: Pairs, offset: int) -> str:
    return str(len(wire_bytes(dict(reversed(pairs)).get("96", ""))) + offset)


def _length_text(pairs: Pairs, offset: int) -> str:
    return str(right_length(pairs) + offset)


def _sum_text(pairs: Pairs, offset: int) -> str:
    return f"{(right_sum(pairs) + offset) % 256:03d}"
