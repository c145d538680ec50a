"""Frames: how a record lies in a segment file and travels over the feed.

    length u32 | crc u32 | sequence u64 | durable u64 | payload (length bytes)      little-endian

The payload is a record, `[sequence, time_ns, command, events]` as MessagePack. `crc` covers everything after itself.
`durable` is the last sequence that was known to be on disk when this frame was written: if a damaged frame is
followed by a frame whose `durable` reaches it, something that was safe has been damaged; otherwise it is a torn tail.
"""

import struct
import zlib
from typing import Final

import msgspec

from engine.commands import AnyCommand
from engine.events import AnyEvent

HEADER: Final = struct.Struct("<IIQQ")
HEADER_SIZE: Final = HEADER.size
_COVERED: Final = struct.Struct("<QQ")
_COVERED_AT: Final = HEADER_SIZE - _COVERED.size
"""Where in a frame begins what the CRC covers: both sequences and the payload."""
_SEQUENCE_UPPER_AT: Final = 10
"""Where in a header the upper six bytes of the sequence lie."""
_ZEROS_BYTES: Final = 64 * 1024
"""How much of a run of zeros is skipped at once."""
PAYLOAD_BYTES_MAX: Final = 1024 * 1024 * 1024
"""No record is longer; a length beyond this is damage. The end of a day may expire millions of orders at once."""


class Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the journal holds of one command: when it was applied and what came of it."""

    sequence: int
    time_ns: int
    command: AnyCommand
    events: tuple[AnyEvent, ...]


class RawRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A record whose events are left encoded, for replay to compare with."""

    sequence: int
    time_ns: int
    command: AnyCommand
    events: msgspec.Raw


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One whole frame found at `offset` of the bytes that were scanned."""

    offset: int
    sequence: int
    durable: int
    payload: bytes

    @property
    def end(self) -> int:
        """Return the offset just behind the frame."""
        return self.offset + HEADER_SIZE + len(self.payload)


encode_value: Final = msgspec.msgpack.Encoder().encode
decode_record: Final = msgspec.msgpack.Decoder(Record).decode
decode_raw_record: Final = msgspec.msgpack.Decoder(RawRecord).decode


def encode_frame(sequence: int, durable: int, payload: bytes) -> bytes:
    """Return the frame of a payload."""
    assert 0 < len(payload) <= PAYLOAD_BYTES_MAX, "a frame that could not be read back"
    crc = zlib.crc32(payload, zlib.crc32(_COVERED.pack(sequence, durable)))
    return HEADER.pack(len(payload), crc, sequence, durable) + payload


def frame_at(data: bytes, at: int, base: int = 0) -> Frame | None:
    """Return the whole, undamaged frame at `data[at:]`, or None. `base` is the file offset of `data`."""
    start = at + HEADER_SIZE
    if start > len(data):
        return None
    length, crc, sequence, durable = HEADER.unpack_from(data, at)
    end = start + length
    if not 0 < length <= PAYLOAD_BYTES_MAX or end > len(data):
        return None
    if zlib.crc32(data[at + _COVERED_AT : end]) != crc:
        return None
    return Frame(base + at, sequence, durable, data[start:end])


def find_frame_after(data: bytes, sequence: int) -> Frame | None:
    """Return a whole frame somewhere in `data`, behind damage, of a record after `sequence`; the last one there is.

    Frames are found by their sequence number: its upper six bytes are those of `sequence` or the next value of them,
    and a match that is not a frame fails the CRC.
    """
    for upper in ((sequence >> 16) + 1, sequence >> 16):
        pattern = struct.pack("<Q", upper << 16)[2:]
        at = data.rfind(pattern)
        while at >= _SEQUENCE_UPPER_AT:
            start = at - _SEQUENCE_UPPER_AT
            frame = frame_at(data, start)
            if frame is not None and frame.sequence > sequence:
                return frame
            if not any(data[start:at]):  # A power cut may leave megabytes of zeros, each of which looks like a match.
                at = _before_zeros(data, start)
            at = data.rfind(pattern, 0, at + len(pattern) - 1)
    return None


def _before_zeros(data: bytes, at: int) -> int:
    """Return where the run of zeros around `data[at]` begins, or somewhere in it if it is very long."""
    low = max(0, at - _ZEROS_BYTES)
    return low + len(data[low:at].rstrip(b"\0"))
