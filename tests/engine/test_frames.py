import random
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commands import AnyCommand, NewOrder
from engine.events import AnyEvent
from engine.frames import (
    HEADER_SIZE,
    PAYLOAD_BYTES_MAX,
    decode_raw_record,
    decode_record,
    encode_frame,
    encode_value,
    find_frame_after,
    frame_at,
)
from tests.engine.workload import tape

numbers = st.integers(0, 2**64 - 1)


@given(sequence=numbers, durable=numbers, payload=st.binary(min_size=1, max_size=300), before=st.binary(max_size=50))
def test_frame_is_read_back_wherever_it_lies(sequence: int, durable: int, payload: bytes, before: bytes) -> None:
    data = before + encode_frame(sequence, durable, payload) + b"behind"
    frame = frame_at(data, len(before), base=1000)
    assert frame is not None
    assert (frame.sequence, frame.durable, frame.payload) == (sequence, durable, payload)
    assert frame.offset == 1000 + len(before)
    assert frame.end == 1000 + len(data) - len(b"behind")


@given(payload=st.binary(min_size=1, max_size=60), bit=st.integers(0))
def test_no_flipped_bit_goes_unnoticed(payload: bytes, bit: int) -> None:
    data = bytearray(encode_frame(7, 5, payload))
    bit %= len(data) * 8
    data[bit // 8] ^= 1 << bit % 8
    assert frame_at(bytes(data), 0) is None


def test_frame_that_ends_too_early_is_none() -> None:
    data = encode_frame(7, 5, b"payload")
    assert all(frame_at(data[:size], 0) is None for size in range(len(data)))


def test_length_that_cannot_be_is_damage() -> None:
    for length in (0, PAYLOAD_BYTES_MAX + 1, 2**32 - 1):
        assert frame_at(struct.pack("<IIQQ", length, 0, 1, 0) + b"x" * 100, 0) is None


@given(
    sequence=st.sampled_from((1, 2, 255, 65_534, 65_535, 65_536, 2**32 - 1, 2**40)),
    garbage=st.binary(max_size=200),
    behind=st.binary(max_size=200),
    count=st.integers(1, 4),
)
def test_last_frame_behind_damage_is_found(sequence: int, garbage: bytes, behind: bytes, count: int) -> None:
    frames = [encode_frame(sequence + 1 + number, sequence, b"payload") for number in range(count)]
    found = find_frame_after(garbage + b"".join(frames) + behind, sequence)
    assert found is not None
    assert (found.sequence, found.durable) == (sequence + count, sequence)


def test_no_frame_is_found_in_noise_or_of_earlier_records() -> None:
    noise = random.Random(1).randbytes(100_000)
    assert find_frame_after(noise, 5) is None
    assert find_frame_after(b"\0" * 1_000_000, 5) is None
    assert find_frame_after(encode_frame(5, 4, b"payload"), 5) is None


@pytest.mark.timeout(20)
def test_megabytes_of_zeros_are_searched_without_delay() -> None:
    """A file system may grow a file before its data is there."""
    frame = encode_frame(9, 7, b"payload\0\0\0")
    found = find_frame_after(b"torn" + frame + b"\0" * (48 * 1024 * 1024), 8)
    assert found is not None
    assert found.sequence == 9


def test_every_command_and_event_is_read_back_as_it_was() -> None:
    for kind in (*AnyCommand.__args__, *AnyEvent.__args__):
        fields = msgspec.structs.fields(kind)
        value = kind(*(_example(field.type) for field in fields))
        record = encode_value((1, 2, value if kind in AnyCommand.__args__ else _COMMAND, [value]))
        if kind in AnyCommand.__args__:
            assert decode_raw_record(record).command == value
        else:
            assert decode_record(record).events == (value,)


def test_tags_of_commands_and_events_never_change() -> None:
    """The journal is read by them for ever; a new one is added at the end."""
    assert [kind.__struct_config__.tag for kind in AnyCommand.__args__[:17]] == list(range(1, 18))
    assert [kind.__struct_config__.tag for kind in AnyEvent.__args__[:17]] == list(range(1, 18))
    assert encode_value(_COMMAND).startswith(b"\x9d\x09")


def test_record_of_an_unknown_command_is_not_read() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_record(encode_value((1, 2, (999, "?"), ())))


_COMMAND = next(command for command in tape(seed=1, length=100) if isinstance(command, NewOrder))


def _example(kind: object) -> object:
    if isinstance(kind, type) and issubclass(kind, bool):
        return True
    if isinstance(kind, type) and issubclass(kind, int):
        return 2**62 if kind is int else next(iter(kind))  # type: ignore[call-overload]
    if kind is str:
        return "текст"
    if type(None) in getattr(kind, "__args__", ()):
        return _example(kind.__args__[0])  # type: ignore[attr-defined]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind(*(_example(field.type) for field in msgspec.structs.fields(kind)))
    if kind == dict[str, int]:
        return {"текст": 2**62}
    assert getattr(kind, "__origin__", None) is tuple
    (member, _) = kind.__args__  # type: ignore[attr-defined]
    return (_example(member),) * 2


def test_header_is_as_documented() -> None:
    frame = encode_frame(3, 2, b"xyz")
    assert len(frame) == HEADER_SIZE + 3
    assert struct.unpack_from("<I", frame) == (3,)
    assert struct.unpack_from("<QQ", frame, 8) == (3, 2)
