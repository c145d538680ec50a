"""The optional terms of an order, between FIX fields and `engine.terms`.

ExecInst(18): `6` (participate don't initiate) is post-only: refused if it would trade. `6` with the order's own side,
`9` (stay on bid side) for a buy or `0` (stay on offer side) for a sell, slides to the best price at which it rests.
TimeInForce(59)=6 (good till date) goes with ExpireTime(126), or with ExpireDate(432) for the end of that trading day.
"""

from typing import Final

from engine.due import NEVER
from engine.terms import Terms
from engine.values import PostOnly, Side
from fixgw.errors import InvalidTimestamp
from fixgw.refusal import Refusal, unsupported_value
from fixgw.reject import GatewayReject
from fixgw.support import TERM_TAGS
from fixgw.timestamps import format_utc, parse_utc
from fixgw.validation import find_value_flaw

_POST_ONLY: Final = "6"
_STAY_ON_SIDE: Final = ("", "9", "0")
"""By side."""


def read_terms(fields: dict[str, str], side: Side) -> Terms | None:
    """Return the optional terms that an order has, None if it has none of them. Raise `Refusal`."""
    if _TAGS.isdisjoint(fields):
        return None
    return Terms(post_only=_post_only(fields, side), expire_ns=_time_ns(fields, "126"), expire_day=_day(fields, "432"))


def terms_text(terms: Terms, side: int) -> str:
    """Return the fields that repeat an order's terms in a report."""
    text = ""
    if terms.post_only:
        stays = f" {_STAY_ON_SIDE[side]}" if terms.post_only is PostOnly.SLIDE else ""
        text += f"18={_POST_ONLY}{stays}\x01"
    if terms.expire_ns:
        text += f"126={format_utc(terms.expire_ns)}\x01"
    if terms.expire_day:
        text += f"432={terms.expire_day}\x01"
    return text


_TAGS: Final = frozenset(TERM_TAGS)


def _post_only(fields: dict[str, str], side: Side) -> PostOnly:
    if "18" not in fields:
        return PostOnly.NO
    instructions = sorted(fields["18"].split(" "))
    if instructions == [_POST_ONLY]:
        return PostOnly.REJECT
    if instructions == sorted((_POST_ONLY, _STAY_ON_SIDE[side])):
        return PostOnly.SLIDE
    raise unsupported_value(fields, "18")


def _time_ns(fields: dict[str, str], tag: str) -> int:
    """Return a UTCTimestamp in nanoseconds since the epoch, 0 if it is not there."""
    text = fields.get(tag)
    if text is None:
        return 0
    try:
        time_ns = parse_utc(text)
    except InvalidTimestamp:
        raise unsupported_value(fields, tag) from None
    if not 0 < time_ns < NEVER:
        raise Refusal(GatewayReject.NUMBER_OUT_OF_RANGE, tag)
    return time_ns


def _day(fields: dict[str, str], tag: str) -> int:
    """Return a LocalMktDate as the number YYYYMMDD, 0 if it is not there."""
    text = fields.get(tag)
    if text is None:
        return 0
    if find_value_flaw(tag, text):
        raise unsupported_value(fields, tag)
    return int(text)
