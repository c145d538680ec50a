"""MarketDataSnapshotFullRefresh (W) and MarketDataIncrementalRefresh (X), cut into messages of bounded size.

Many sessions are sent the same: only what comes before, up to MDReqID(262), differs. So the rest of a message, a
`Part`, is put together and summed up once, and each session's frame costs no more than its head.
"""

from typing import Final

from fixgw.codec import SOH, checksum
from fixgw.version import FIX44, Version

ENTRIES_MAX: Final = 200
"""No message has more entries: that is well within the 64 KiB that any engine takes."""
SNAPSHOT: Final = "W"
UPDATE: Final = "X"

_TRAILERS: Final = tuple(b"10=%03d\x01" % number for number in range(256))


class Part:
    """A message from behind MDReqID(262) to before CheckSum(10), and the sum of its bytes."""

    __slots__ = ("_others", "data", "msg_type", "sum")

    def __init__(self, msg_type: str, text: str) -> None:
        self.msg_type = msg_type
        self.data = text.encode("latin-1")
        self.sum = checksum(self.data)
        self._others: dict[str, Part] = {}

    def in_version(self, version: Version) -> "Part":
        """Return the part as a version of FIX says it."""
        if version is FIX44:
            return self
        other = self._others.get(version.name)
        if other is None:
            other = self._others[version.name] = Part(*version.render(self.msg_type, self.data.decode("latin-1")))
        return other


def parts_of(msg_type: str, head: str, entries: list[str]) -> list[Part]:
    """Return the messages that tell of `entries`, one at least; LastFragment(893) is on each."""
    if len(entries) <= ENTRIES_MAX:
        return [Part(msg_type, f"{head}893=Y{SOH}268={len(entries)}{SOH}{''.join(entries)}")]
    parts = []
    for start in range(0, len(entries), ENTRIES_MAX):
        some = entries[start : start + ENTRIES_MAX]
        is_last = "Y" if start + ENTRIES_MAX >= len(entries) else "N"
        parts.append(Part(msg_type, f"{head}893={is_last}{SOH}268={len(some)}{SOH}{''.join(some)}"))
    return parts


def frame(part: Part, head: str, begin_string: str) -> bytes:
    """Return a message on the wire; `head` has its fields between MsgType and the part, each ended by SOH."""
    begin = f"35={part.msg_type}{SOH}{head}"
    data = f"8={begin_string}{SOH}9={len(begin) + len(part.data)}{SOH}{begin}".encode("latin-1")
    return b"%b%b%b" % (data, part.data, _TRAILERS[checksum(data) + part.sum & 0xFF])
