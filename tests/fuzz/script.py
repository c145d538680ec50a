"""What a fuzzer's bytes mean: a script of what a broker says, a line for each thing, so that a failure can be read.

    FIX.4.2                         the version that is spoken, in the first line alone; FIX.4.4 if it has none
    D|11=A|55=BTC/USD|54=1|…        a message: MsgType and body, `|` for SOH; header, BodyLength and CheckSum are made
    !35=D|49=BROKER1|…              all between BodyLength and CheckSum as it is written here
    =8=FIX.4.4|9=5|35=…             bytes as they are

Before it may stand, in any order and number, what is out of the ordinary:

    +    the number is one higher          *    PossDupFlag, and when it was sent first
    -    the number is one lower           ?    PossResend
    .    a second passes before it         ~    a minute passes before it
    >    it comes from the next broker       &    the venue ends the session before it

Every sequence of bytes is a script. Lines end with a newline, so that a fuzzer that splices scripts makes new sessions.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from engine.profile import FIX_VERSIONS
from fixgw.codec import SOH
from fixgw.session import SECOND_NS
from fixgw.version import FIX44, Version, version_named

LINES_MAX: Final = 200
_MARKS: Final = b"+-*?.~>&"


class Line(NamedTuple):
    """One line of a script."""

    marks: bytes
    is_framed: bool
    """Whether BodyLength and CheckSum are put around `text`."""
    is_whole: bool
    """Whether the header is part of `text`."""
    text: str
    """Latin-1, each byte a character."""

    @property
    def offset(self) -> int:
        """How far from the number expected this message's is."""
        return self.marks.count(b"+") - self.marks.count(b"-")

    @property
    def pause_ns(self) -> int:
        """How much time passes before."""
        return (self.marks.count(b".") + 60 * self.marks.count(b"~")) * SECOND_NS

    @property
    def broker(self) -> int:
        """How many brokers further on it comes from."""
        return self.marks.count(b">")

    def message(self, comp_id: str, number: int, time: str) -> str:
        """Return the fields from MsgType on, each ended by SOH."""
        if self.is_whole:
            return self.text
        msg_type, _, body = self.text.partition(SOH)
        header = f"35={msg_type}\x0149={comp_id}\x0156=FONDACO\x0134={number + self.offset}\x0152={time}\x01"
        if b"*" in self.marks:
            header += f"43=Y\x01122={time}\x01"
        if b"?" in self.marks:
            header += "97=Y\x01"
        return header + body


def version_of(data: bytes, turn: int = 0) -> Version:
    """Return the version that a script is in, or the one that comes so many after it."""
    name = data.partition(b"\n")[0].decode("latin-1")
    place = FIX_VERSIONS.index(name if name in FIX_VERSIONS else FIX44.name)
    return version_named(FIX_VERSIONS[(place + turn) % len(FIX_VERSIONS)])


def read(data: bytes) -> Iterator[Line]:
    """Yield the lines of a script, but for one that names its version."""
    lines = data.split(b"\n")[:LINES_MAX]
    for line in lines[lines[0].decode("latin-1") in FIX_VERSIONS :]:
        rest = line.lstrip(_MARKS)
        marks = line[: len(line) - len(rest)]
        sign = rest[:1]
        is_framed, is_whole = sign != b"=", sign in (b"!", b"=")
        text = rest[is_whole:].decode("latin-1").replace("|", SOH)
        if is_framed and not text.endswith(SOH):
            text += SOH
        yield Line(marks, is_framed, is_whole, text)


def framed(text: str, version: Version) -> bytes:
    """Return the bytes of a message whose content is `text`, right or wrong."""
    content = text.encode("latin-1")
    data = b"8=%b\x019=%d\x01%b" % (version.begin_string.encode("ascii"), len(content), content)
    return data + b"10=%03d\x01" % (sum(data) % 256)
