"""The optional terms of an order, between FIX fields and `engine.terms`.

ExecInst(18): `6` (participate don't initiate) is post-only: refused if it would trade. `6` with the order's own side,
`9` (stay on bid side) for a buy or `0` (stay on offer side) for a sell, slides to the best price at which it rests.
"""

from typing import Final

from engine.terms import Terms
from engine.values import PostOnly, Side
from fixgw.refusal import unsupported_value
from fixgw.support import TERM_TAGS

_POST_ONLY: Final = "6"
_STAY_ON_SIDE: Final = ("", "9", "0")
"""By side."""


def read_terms(fields: dict[str, str], side: Side) -> Terms | None:
    """Return the optional terms that an order has, None if it has none of them. Raise `Refusal`."""
    if _TAGS.isdisjoint(fields):
        return None
    return Terms(post_only=_post_only(fields, side))


def terms_text(terms: Terms, side: int) -> str:
    """Return the fields that repeat an order's terms in a report."""
    text = ""
    if terms.post_only:
        stays = f" {_STAY_ON_SIDE[side]}" if terms.post_only is PostOnly.SLIDE else ""
        text = f"18={_POST_ONLY}{stays}\x01"
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
