"""Lists of orders, from NewOrderList (E) to the engine's command.

ContingencyType(1385), a field of FIX 5.0, says how the orders depend on each other: 1 one cancels the other, 2 one
triggers the other (with three orders: the first triggers a pair, of which one cancels the other). BidType(394) is 3, no
bidding process; a list comes in one message. Each entry has the fields of a NewOrderSingle, and ListSeqNo(67) from 1.
"""

from collections.abc import Callable
from typing import Final

from engine.commands import NewOrder, NewOrderList
from engine.values import Contingency
from fixgw.codec import SOH, Message
from fixgw.groups import Fields, split_group
from fixgw.refusal import Refusal, unsupported_value
from fixgw.reject import GatewayReject, ord_rej_reason
from fixgw.support import ECHO_CHARS_MAX, ID_CHARS_MAX, LIST_COUNT_TAG, LIST_TAGS
from fixgw.version import Version

_CONTINGENCIES: Final = {"1": Contingency.ONE_CANCELS_OTHER, "2": Contingency.ONE_TRIGGERS_OTHER}
_NO_BIDDING_PROCESS: Final = "3"
_REQUIRED: Final = ("55", "40")
"""What an order needs, and FIX's table leaves open."""


def read_list(
    session: str, number: int, message: Message, version: Version, read_order: Callable[[str, int, Fields], NewOrder]
) -> NewOrderList:
    """Return the command that enters a list; `read_order` reads one of its orders. Raise `Refusal`."""
    outside, entries = split_group(message, LIST_COUNT_TAG, version.entry_tags)
    for tag in outside:
        if tag not in version.header and tag not in LIST_TAGS:
            raise Refusal(GatewayReject.UNSUPPORTED_FIELD, tag, "outside of the list's orders")
    list_id = outside["66"]
    if len(list_id) > ID_CHARS_MAX:
        raise Refusal(GatewayReject.FIELD_TOO_LONG, 66, f"at most {ID_CHARS_MAX}")
    if "1385" not in outside:
        raise Refusal(GatewayReject.FIELD_MISSING, 1385, "for a list")
    contingency = _CONTINGENCIES.get(outside["1385"])
    if contingency is None:
        raise unsupported_value(outside, "1385")
    if outside["394"] != _NO_BIDDING_PROCESS:
        raise unsupported_value(outside, "394")
    if outside["68"] != str(len(entries)) or outside.get("893", "Y") != "Y":
        raise Refusal(GatewayReject.UNSUPPORTED_VALUE, 68, "a list comes whole, in one message")
    orders = [
        _read_entry(session, number, place, outside, entry, read_order) for place, entry in enumerate(entries, start=1)
    ]
    return NewOrderList(session, number, list_id, contingency, tuple(orders), outside.get("97") == "Y")


def _read_entry(
    session: str,
    number: int,
    place: int,
    outside: Fields,
    entry: Fields,
    read_order: Callable[[str, int, Fields], NewOrder],
) -> NewOrder:
    """Read one order of a list; what is wrong with it is said to be of that order."""
    try:
        for tag in _REQUIRED:
            if tag not in entry:
                raise Refusal(GatewayReject.FIELD_MISSING, tag, "for an order")
        if entry["67"] != str(place):
            raise unsupported_value(entry, "67")
        return read_order(session, number, {**outside, **entry})
    except Refusal as refusal:
        detail = f"order {place}: {refusal.detail}" if refusal.detail else f"order {place}"
        raise Refusal(refusal.reason, refusal.tag, detail) from None


def refused_list(message: Message, reason: int, version: Version) -> str:
    """Return the fields of a ListStatus that repeat what a refused list was, from ContingencyType on.

    Of many orders the answer has no more than a list may have.
    """
    outside, entries = split_group(message, LIST_COUNT_TAG, version.entry_tags)
    shown = entries[:_SHOWN_MAX]
    contingency = f"1385={outside['1385']}{SOH}" if outside.get("1385") in _CONTINGENCIES else ""
    orders = "".join(
        f"11={entry['11'][:ECHO_CHARS_MAX]}{SOH}14=0{SOH}39=8{SOH}151=0{SOH}84=0{SOH}6=0{SOH}"
        f"103={ord_rej_reason(reason)}{SOH}"
        for entry in shown
    )
    return f"{contingency}68={len(shown)}{SOH}73={len(shown)}{SOH}{orders}"


_SHOWN_MAX: Final = 3
