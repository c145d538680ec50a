"""Any bytes, in any pieces: framing never raises, holds little, and does not depend on where the stream is cut.

The script's messages follow each other in one stream. Its first byte decides where that is cut.
"""

import random
import re
from typing import Final

from fixgw.codec import DATA_TAGS, Framer, Message, readable
from fixgw.version import Version
from tests.fuzz.script import framed, read, version_of

MESSAGE_BYTES_MAX: Final = 512
"""Small, so that what is too long comes often."""
PIECE_BYTES_MAX: Final = 64
SIGHTINGS: Final = 16
"""How often a shape must be seen before it is learned."""
SECRET_TAGS: Final = frozenset(("554", "925"))
_SHOWN: Final = re.compile(r"(?:\A|(?<=\|))([0-9]+)=([^|]*)")


def check_codec(data: bytes) -> None:
    """Frame a stream in one piece, in many, and with shapes learned; hold the results against each other."""
    version = version_of(data[1:])
    stream = b"".join(_bytes_of(data[1:], version))
    whole = Framer(MESSAGE_BYTES_MAX)
    messages = whole.receive(stream)
    _check_held(whole, 0)

    pieces = Framer(MESSAGE_BYTES_MAX)
    same: list[Message] = []
    for piece in _cut(stream, random.Random(data[:1])):
        same += pieces.receive(piece)
        _check_held(pieces, len(piece))
    assert [_seen(message) for message in same] == [_seen(message) for message in messages], "it depends on the pieces"

    at = 0
    learned = Framer(MESSAGE_BYTES_MAX)
    for message in messages:
        at = stream.index(message.raw, at) + len(message.raw)
        _check_message(message, version)
        if not message.irregular and version.find_flaw(message) is None:
            for _ in range(SIGHTINGS):
                learned.learn(message)
    quick = learned.receive(stream)
    assert [_read(message) for message in quick] == [_read(message) for message in messages], "a shape is misread"


def _bytes_of(script: bytes, version: Version) -> list[bytes]:
    return [framed(line.text, version) if line.is_framed else line.text.encode("latin-1") for line in read(script)]


def _cut(stream: bytes, pick: random.Random) -> list[bytes]:
    pieces = []
    while stream:
        size = pick.randint(1, PIECE_BYTES_MAX)
        pieces.append(stream[:size])
        stream = stream[size:]
    return pieces


def _check_held(framer: Framer, arrived: int) -> None:
    assert len(framer._rest) <= MESSAGE_BYTES_MAX + arrived, "more than one message is held"


def _check_message(message: Message, version: Version) -> None:
    pairs = message.pairs()
    fields: dict[str, str] = {}
    for tag, value in pairs:
        fields.setdefault(tag, value)
    assert fields == message.fields
    assert message.irregular or len(fields) == len(pairs)
    version.find_flaw(message)
    text = readable(message.raw)
    assert text.isascii()
    assert text.isprintable()
    if DATA_TAGS.keys().isdisjoint(fields):
        assert all(value == "***" for tag, value in _SHOWN.findall(text) if tag in SECRET_TAGS), "a secret shows"


def _seen(message: Message) -> tuple[str, str, dict[str, str], bytes, bool]:
    return (message.begin_string, message.msg_type, message.fields, message.raw, message.irregular)


def _read(message: Message) -> tuple[str, str, list[tuple[str, str]], bytes]:
    return (message.begin_string, message.msg_type, list(message.fields.items()), message.raw)
