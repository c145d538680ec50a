"""MarketDataRequest (V): which market data of which instruments, once or for as long as they are wanted.

MarketDepth(264)=0 with AggregatedBook(266)=N is the full book, order by order; with 266=Y, or without it, all price
levels; 264=1 is the top of the book, and up to `DEPTH_MAX` the best levels. MDUpdateType(265)=1 asks for updates of
what has changed, 0 for a whole snapshot each time, which the venue offers for the best levels. The venue's own
ConflationInterval(5129) asks for updates no more often than once in so many milliseconds.
"""

from collections.abc import Container
from typing import Final, NamedTuple

from engine.profile import SessionProfile
from engine.reject import RejectReason
from engine.values import Subscription
from fixgw.codec import Message
from fixgw.groups import Fields, split_group
from fixgw.market_entries import ENTRY_TYPES, ORDERS, Kinds
from fixgw.market_view import DEPTH_MAX, Asked
from fixgw.refusal import Refusal, unsupported_value
from fixgw.reject import GatewayReject
from fixgw.support import ID_CHARS_MAX

INSTRUMENTS_MAX: Final = 200
"""How many instruments a request can name."""
INTERVAL_MS_MAX: Final = 10_000
_SUBSCRIPTIONS: Final = {str(each.value): each for each in Subscription}
_TYPE_TAGS: Final = frozenset(("269",))
_INSTRUMENT_TAGS: Final = frozenset(("55",))


class Request(NamedTuple):
    """What a MarketDataRequest asks for; of one that ends a subscription, `asked` is empty."""

    request_id: str
    subscription: Subscription
    asked: tuple[Asked, ...]


def read_request(message: Message, profile: SessionProfile, known: Container[str]) -> Request:
    """Return what is asked for, `known` being all instruments. Raise `Refusal`."""
    fields = message.fields
    request_id = fields["262"]
    subscription = _SUBSCRIPTIONS.get(fields["263"])
    if subscription is None:
        raise unsupported_value(fields, "263")
    if subscription is Subscription.UNSUBSCRIBE:
        return Request(request_id, subscription, ())
    kinds = _kinds(message)
    depth = _number(fields, "264", DEPTH_MAX)
    aggregated = _flag(fields, "266")
    by_order = aggregated == "N"
    if by_order and depth:
        raise Refusal(GatewayReject.UNSUPPORTED_VALUE, 266, "N is for MarketDepth(264)=0, the full book")
    interval_ms = _number(fields, "5129", INTERVAL_MS_MAX) if "5129" in fields else 0
    if by_order and interval_ms and kinds & ORDERS:
        raise Refusal(GatewayReject.UNSUPPORTED_FIELD, 5129, "order by order, with AggregatedBook(266)=N")
    is_refresh = subscription is Subscription.SUBSCRIBE and _is_refresh(fields, depth)
    symbols = dict.fromkeys(entry["55"] for entry in _entries(message, "146", _INSTRUMENT_TAGS))
    if not symbols:
        raise Refusal(GatewayReject.FIELD_MISSING, 55)
    if len(symbols) > INSTRUMENTS_MAX:
        raise Refusal(GatewayReject.TOO_MANY_SUBSCRIPTIONS, 146, f"at most {INSTRUMENTS_MAX} in a request")
    for symbol in symbols:
        if symbol not in known:
            raise Refusal(RejectReason.UNKNOWN_INSTRUMENT, 55, symbol[:ID_CHARS_MAX])
        if not may_see(profile, symbol):
            raise Refusal(GatewayReject.INSTRUMENT_NOT_VISIBLE, 55, symbol)
    return Request(
        request_id,
        subscription,
        tuple([Asked(symbol, kinds, depth, by_order, interval_ms, is_refresh) for symbol in symbols]),
    )


def may_see(profile: SessionProfile, symbol: str) -> bool:
    """Tell whether a session that is set up so may see an instrument."""
    return not profile.instruments or symbol in profile.instruments


def _kinds(message: Message) -> Kinds:
    kinds = 0
    for entry in _entries(message, "267", _TYPE_TAGS):
        kind = ENTRY_TYPES.get(entry["269"])
        if kind is None:
            raise unsupported_value(entry, "269")
        kinds |= kind
    if not kinds:
        raise Refusal(GatewayReject.FIELD_MISSING, 269)
    return kinds


def _is_refresh(fields: Fields, depth: int) -> bool:
    """Tell whether each update is to be a whole snapshot."""
    if "265" not in fields:
        raise Refusal(GatewayReject.FIELD_MISSING, 265, "for updates")
    if fields["265"] not in ("0", "1"):
        raise unsupported_value(fields, "265")
    if fields["265"] == "0" and not depth:
        raise Refusal(GatewayReject.UNSUPPORTED_VALUE, 265, "whole snapshots are for the best levels only")
    return fields["265"] == "0"


def _entries(message: Message, count_tag: str, tags: frozenset[str]) -> list[Fields]:
    _, entries = split_group(message, count_tag, tags)
    return entries


def _flag(fields: Fields, tag: str) -> str:
    value = fields.get(tag, "Y")
    if value not in ("Y", "N"):
        raise unsupported_value(fields, tag)
    return value


def _number(fields: Fields, tag: str, most: int) -> int:
    """Return a whole number from 0 to `most`."""
    text = fields[tag]
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(most)) or int(text) > most:
        raise Refusal(GatewayReject.UNSUPPORTED_VALUE, tag, f"0 to {most}")
    return int(text)
