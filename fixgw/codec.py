"""Bytes ⇄ FIX fields: frames a TCP stream into messages, decodes them, and frames what is sent.

`Framer` finds the messages: BeginString first, BodyLength second and true, MsgType third, CheckSum last and
right. What fails this is garbled (FIX 4.4 Vol. 2): it is dropped, counted and never answered, and the
search goes on at the next "8=FIX". A message whose BodyLength holds but whose CheckSum or third field is
wrong is dropped whole: nothing inside it is taken for a message. Messages of other FIX versions are
delivered; to refuse them is the session's part.

Decoding takes a straight road, at the speed of C, where each piece is a tag, one "=" and a value, and no
tag comes twice. All other messages (repeating groups, data fields, values with "=", bad fields) take the
slow road and are marked `irregular`: most are right, and `validation.find_flaw` says which. Text is
Latin-1, so that a character is a byte.

Promises. `receive` never raises, takes time linear in what arrives, and holds no more than one message of
the greatest length beside what just arrived. A whole message is delivered with its last byte, whatever came
before it, unless something before claims it: a head (`8=FIX…`, `9=n`) whose n bytes end beyond the
message's start. Then nothing is decided before those bytes are there. If a CheckSum stands at their end,
the claim holds, and the message is part of what it lies in; if not, the message is delivered then.
"""

import re
from functools import lru_cache
from typing import Final
from zlib import adler32

from fixgw.errors import UnencodableText

SOH: Final = "\x01"
MESSAGE_BYTES_MAX: Final = 65_536

# Tag of a length → tag of the data that must follow it at once, and that may contain SOH.
DATA_TAGS: Final = {
    "90": "91",
    "93": "89",
    "95": "96",
    "212": "213",
    "348": "349",
    "350": "351",
    "352": "353",
    "354": "355",
    "356": "357",
    "358": "359",
    "360": "361",
    "362": "363",
    "364": "365",
    "445": "446",
    "618": "619",
    "621": "622",
    "1184": "1185",
    "1401": "1402",
    "1403": "1404",
    "1468": "1469",
    "1525": "1527",
    "1578": "1579",
}
_LENGTH_TAGS: Final = frozenset(DATA_TAGS)

_BEGIN: Final = b"8=FIX"
_FIX44: Final = "FIX.4.4"
_HEAD: Final = re.compile(rb"8=(FIX[^\x01=]{0,12})\x019=([0-9]{1,9})\x01")
_HEAD_SO_FAR: Final = re.compile(rb"8=FIX[^\x01=]{0,12}(?:\x01(?:9(?:=[0-9]{0,9})?)?)?")
_TRAILERS: Final = tuple(b"10=%03d\x01" % number for number in range(256))
_TRAILER_BYTES: Final = len("10=000|")
_CHECKSUMS: Final = {b"\x01" + trailer: number for number, trailer in enumerate(_TRAILERS)}

_NOT_SEPARATORS: Final = bytes(byte for byte in range(256) if byte not in b"=\x01")


class Message:
    """A whole message as it came, decoded.

    `fields` holds tag → value of the fields between BodyLength and CheckSum, MsgType first, in the order in
    which they came; of a tag that comes more than once, the first. `raw` is the message on the wire.

    If not `irregular`, each piece of the message was a tag and a value, neither with "=", the value not
    empty; no tag came twice, and none was the length of a data field. Whether tags are numbers is not
    looked at. If `known`, the message has a shape that was learned: its tags, in their order, have been found
    right and complete before; a value may have "=" then.
    """

    __slots__ = ("begin_string", "fields", "irregular", "known", "msg_type", "raw")

    def __init__(
        self, begin_string: str, msg_type: str, fields: dict[str, str], raw: bytes, *, known: bool = False
    ) -> None:
        self.begin_string = begin_string
        self.msg_type = msg_type
        self.fields = fields
        self.raw = raw
        self.irregular = False
        self.known = known

    def pairs(self) -> list[tuple[str, str]]:
        """Return the fields between BodyLength and CheckSum as (tag, value), in order, repeated ones too.

        A piece without "=" (an SOH within a value makes such) has the tag "".
        """
        body_start = self.raw.index(b"\x01", self.raw.index(b"\x01") + 1) + 1
        return _split(self.raw[body_start:-_TRAILER_BYTES].decode("latin-1"))

    def __repr__(self) -> str:
        return f"<Message {readable(self.raw)}>"


class Shape:
    """A sequence of tags, and how to read the values of a message that has it at one stroke.

    A client's messages have a handful of shapes. To match one costs a fraction of finding and splitting the fields.
    """

    __slots__ = ("begin_string", "length_at", "match", "msg_type", "tags")

    def __init__(self, begin_string: str, msg_type: str, tags: tuple[str, ...]) -> None:
        """`tags` begin with "35"."""
        self.begin_string = begin_string
        self.length_at = len(f"8={begin_string}|9=")
        """How far from the message's start the number of BodyLength is."""
        self.msg_type = msg_type
        self.tags = tags
        head = f"8={re.escape(begin_string)}\x019=[0-9]{{1,9}}\x0135=({re.escape(msg_type)})\x01"
        fields = "".join(f"{re.escape(tag)}=([^\x01]++)\x01" for tag in tags[1:])
        self.match = re.compile(f"{head}{fields}10=[0-9]{{3}}\x01").match


_shape: Final = lru_cache(maxsize=1024)(Shape)
_SHAPES_MAX: Final = 8
"""How many shapes a connection remembers."""
_SIGHTINGS: Final = 16
"""How often a shape must be seen before it is learned: learning costs as much as some hundred messages."""
_SIGHTED_MAX: Final = 256


class Framer:
    """Finds the messages in what arrives on one TCP connection.

    `garbled_count` is the number of messages and of runs of stray bytes dropped so far, `garbled_reason`
    why the last of them was.
    """

    __slots__ = (
        "_in_garbage",
        "_message_bytes_max",
        "_rest",
        "_shapes",
        "_sighted",
        "_wanted_bytes",
        "garbled_count",
        "garbled_reason",
    )

    def __init__(self, message_bytes_max: int = MESSAGE_BYTES_MAX) -> None:
        self.garbled_count = 0
        self.garbled_reason = ""
        self._message_bytes_max = message_bytes_max
        self._rest = bytearray()
        """What came of the next message."""
        self._wanted_bytes = 0
        """There is nothing to decide before the rest has this length."""
        self._in_garbage = False
        """What was dropped last has not ended yet."""
        self._shapes: list[Shape] = []
        """The shapes learned, latest used first."""
        self._sighted: dict[tuple[str, ...], int] = {}

    def receive(self, data: bytes) -> list[Message]:
        """Return the messages that `data`, the next bytes of the stream, completes."""
        if self._rest:
            self._rest += data
            if len(self._rest) < self._wanted_bytes:
                return []
            data = bytes(self._rest)
            self._rest = bytearray()
        messages: list[Message] = []
        start = 0
        text = data.decode("latin-1") if self._shapes else ""
        while start < len(data):
            if text and (message := self._read_known(data, text, start)) is not None:
                messages.append(message)
                start += len(message.raw)
                self._in_garbage = False
                continue
            head = _HEAD.match(data, start)
            if head is None:
                resume = self._seek_head(data, start)
            else:
                body_start = head.end()
                body_end = body_start + int(head[2])
                end = body_end + _TRAILER_BYTES
                claimed_sum = _CHECKSUMS.get(data[body_end - 1 : end])
                if claimed_sum is None or end - start > self._message_bytes_max:
                    resume = self._seek_end(data, start, end)
                else:
                    resume = end
                    self._in_garbage = False
                    if claimed_sum != checksum(data[start:body_end]):
                        self._count_garbled("CheckSum is wrong")
                    elif not data.startswith(b"35=", body_start):
                        self._count_garbled("MsgType is not third")
                    else:
                        messages.append(_decode(head[1].decode("latin-1"), data[start:end], body_start - start))
            if resume == start:
                self._rest += data[start:]
                break
            start = resume
        return messages

    def learn(self, message: Message) -> None:
        """Take note that all tags of a regular message were found right; if that comes often, read its like faster."""
        tags = (message.msg_type, *message.fields)
        sightings = self._sighted.get(tags, 0) + 1
        if len(self._sighted) >= _SIGHTED_MAX:
            self._sighted.clear()
        self._sighted[tags] = sightings
        if sightings == _SIGHTINGS and not message.irregular:
            self._shapes.insert(0, _shape(message.begin_string, message.msg_type, tags[1:]))
            del self._shapes[_SHAPES_MAX:]
            self._sighted.clear()

    def _read_known(self, data: bytes, text: str, start: int) -> Message | None:
        """Return the message at `start` if it is whole, right, and of a shape that was learned."""
        for place, shape in enumerate(self._shapes):
            match = shape.match(text, start)
            if match is None:
                continue
            end = match.end()
            body_start = match.start(1) - len("35=")
            body_end = end - _TRAILER_BYTES
            if (
                int(text[start + shape.length_at : body_start - 1]) != body_end - body_start
                or data[body_end:end] != _TRAILERS[checksum(data[start:body_end])]
                or end - start > self._message_bytes_max
            ):
                return None
            if place:
                self._shapes.insert(0, self._shapes.pop(place))
            fields = dict(zip(shape.tags, match.groups(), strict=True))
            return Message(shape.begin_string, shape.msg_type, fields, data[start:end], known=True)
        return None

    def _seek_head(self, data: bytes, start: int) -> int:
        """Return where to go on when no head is at `start`: there, if one may still come."""
        begin = _next_begin(data, start)
        if begin > start:
            if not self._in_garbage:
                self._count_garbled("BeginString is not first")
            self._in_garbage = True
            return begin
        if len(data) - start < len(_BEGIN) or _HEAD_SO_FAR.fullmatch(data, start):
            self._wanted_bytes = len(data) - start + 1
            return start
        return self._drop(data, start, "BodyLength is not second, or not a number")

    def _seek_end(self, data: bytes, start: int, end: int) -> int:
        """Return where to go on when the head at `start` claims an `end` at which no CheckSum is."""
        if end - start > self._message_bytes_max:
            return self._drop(data, start, "BodyLength is greater than allowed")
        if end <= len(data):
            return self._drop(data, start, "no CheckSum where BodyLength ends")
        self._wanted_bytes = end - start
        return start

    def _drop(self, data: bytes, start: int, reason: str) -> int:
        """Give up the message that begins at `start`; return where the next one may begin."""
        self._count_garbled(reason)
        self._in_garbage = True
        return _next_begin(data, start + 1)

    def _count_garbled(self, reason: str) -> None:
        self.garbled_count += 1
        self.garbled_reason = reason


def checksum(data: bytes) -> int:
    """Return the sum of all bytes modulo 256, as CheckSum(10) has it.

    The low half of an Adler-32 is 1 + the sum of the bytes modulo 65,521. The data is taken in pieces too
    short to reach that modulus.
    """
    step = 512 if data.isascii() else 256
    if len(data) <= step:
        return (adler32(data) - 1) & 0xFF
    total = 0
    for start in range(0, len(data), step):
        total += adler32(data[start : start + step]) - 1
    return total & 0xFF


def encode(body: str, begin_string: str = _FIX44) -> bytes:
    """Return the message on the wire whose fields from MsgType on are `body`, each ended by SOH.

    Raises UnencodableText if a character is not in Latin-1.
    """
    assert body.startswith("35="), "MsgType is third"
    assert body.endswith(SOH), "each field ends with SOH"
    try:
        data = f"8={begin_string}\x019={len(body)}\x01{body}".encode("latin-1")
    except UnicodeEncodeError as error:
        raise UnencodableText("not in Latin-1", error.object[error.start : error.end]) from None
    return data + _TRAILERS[checksum(data)]


def _next_begin(data: bytes, start: int) -> int:
    """Return where from `start` on the next "8=FIX" begins, be it cut off by the end; if nowhere, the end."""
    begin = data.find(_BEGIN, start)
    if begin >= 0:
        return begin
    for length in range(len(_BEGIN) - 1, 0, -1):
        if data.endswith(_BEGIN[:length], start):
            return len(data) - length
    return len(data)


def _decode(begin_string: str, raw: bytes, body_start: int) -> Message:
    body = raw[body_start:-_TRAILER_BYTES]
    text = body.decode("latin-1")
    separators = body.translate(None, _NOT_SEPARATORS)
    field_count = len(separators) // 2
    if separators == b"=\x01" * field_count and "=\x01" not in text:
        pieces = iter(text.replace(SOH, "=").split("="))
        fields = dict(zip(pieces, pieces))  # noqa: B905 (the last piece, after the last SOH, has no partner)
        if len(fields) == field_count and _LENGTH_TAGS.isdisjoint(fields):
            return Message(begin_string, fields["35"], fields, raw)
    fields = {}
    for tag, value in _split(text):
        fields.setdefault(tag, value)
    message = Message(begin_string, fields["35"], fields, raw)
    message.irregular = True
    return message


def _split(text: str) -> list[tuple[str, str]]:
    """Return the fields of a body as (tag, value); a data field ends where its length says."""
    pairs: list[tuple[str, str]] = []
    data_tag, data_chars = "", 0  # what the field before announces
    start = 0
    while start < len(text):
        end = text.index(SOH, start)
        tag, equals, value = text[start:end].partition("=")
        if not equals:
            tag, value = "", tag
        elif tag == data_tag:
            value_start = start + len(tag) + 1
            if text.startswith(SOH, value_start + data_chars):
                end = value_start + data_chars
                value = text[value_start:end]
        data_tag, data_chars = "", 0
        if tag in DATA_TAGS and value.isdecimal() and len(value) <= 9:
            data_tag, data_chars = DATA_TAGS[tag], int(value)
        pairs.append((tag, value))
        start = end + 1
    return pairs


# Password, NewPassword; and with the length before it RawData (a logon's signature or secret), EncryptedPassword or
# EncryptedNewPassword.
_SECRET: Final = re.compile(rb"(?:\A|(?<=\x01))(?:0*(?:95|1401|1403)=([0-9]{1,9})\x01)?0*(?:554|925|(96|1402|1404))=")
_VISIBLE: Final = {byte: f"\\x{byte:02x}" for byte in (*range(32), 127)} | {1: "|"}


def readable(raw: bytes) -> str:
    """Return a message, or a piece of one, for logs and transcripts: SOH as "|", secrets as "***".

    The values of Password(554), NewPassword(925), RawData(96), EncryptedPassword(1402) and
    EncryptedNewPassword(1404) never show; without a length before the last three, all that follows is masked.
    Control characters and bytes beyond ASCII are escaped: the text is one line.
    """
    parts: list[bytes] = []
    start = 0
    secret = _SECRET.search(raw)
    while secret is not None:
        parts += (raw[start : secret.end()], b"***")
        start = secret.end()
        if secret[2] is not None:  # Data may contain SOH
            start += int(secret[1]) if secret[1] is not None else len(raw)
        end = raw.find(b"\x01", start)
        start = end if end >= 0 else len(raw)
        secret = _SECRET.search(raw, start)
    parts.append(raw[start:])
    return b"".join(parts).decode("ascii", "backslashreplace").translate(_VISIBLE)
