"""What a script consists of: one class for each thing that it can say. `script.py` reads them, `runner.py` acts."""

from pathlib import Path

import msgspec

from backoffice.cli.qa.values import Value


class Place(msgspec.Struct, frozen=True):
    """Where a statement stands, and how it reads."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class Field(msgspec.Struct, frozen=True):
    """`38=0.25`. The tag is text, as it may have to be a wrong one."""

    tag: str
    value: Value
    is_optional: bool = False
    """`?58=*`: expected, if it is there at all."""


class Without(msgspec.Struct, frozen=True):
    """`!52`: to be sent without this field, or to be received without it."""

    tag: str


class Spread(msgspec.Struct, frozen=True):
    """`{logon}`: the fields that a variable holds."""

    name: str


class Others(msgspec.Struct, frozen=True):
    """`...`: whatever other fields there may be."""


Item = Field | Without | Spread | Others


class Connect(msgspec.Struct, frozen=True):
    """`A connect`."""

    place: Place
    session: str


class Disconnect(msgspec.Struct, frozen=True):
    """`A disconnect`: hang up, whatever has not been read."""

    place: Place
    session: str


class Send(msgspec.Struct, frozen=True):
    """`A > D 11=…`: a message whose header and trailer are put in, unless given."""

    place: Place
    session: str
    msg_type: Value
    items: tuple[Item, ...]


class SendExactly(msgspec.Struct, frozen=True):
    """`A >> 8=…|9=…`: these fields, in this order, and nothing else."""

    place: Place
    session: str
    items: tuple[Item, ...]


class SendBytes(msgspec.Struct, frozen=True):
    """`A bytes …`: what need not be a message at all."""

    place: Place
    session: str
    value: Value


class Expect(msgspec.Struct, frozen=True):
    """`A < 8 37=*{order}|…`: the next message is this one, and comes within so many seconds (0: the run's own)."""

    place: Place
    session: str
    msg_type: Value
    items: tuple[Item, ...]
    within_s: float
    is_ordered: bool
    ignored: frozenset[str]
    is_optional: bool = False
    """`maybe A < 5`: if another one comes, or the end, that is for the next line."""
    is_awaited: bool = False
    """`until A < 5`: what comes before it does not count."""


class ExpectEnd(msgspec.Struct, frozen=True):
    """`A disconnected`: the other side hangs up, and says nothing before that."""

    place: Place
    session: str
    within_s: float


class Quiet(msgspec.Struct, frozen=True):
    """`A quiet 2s`: nothing comes for so long, and the connection stays."""

    place: Place
    session: str
    seconds: float


class Skip(msgspec.Struct, frozen=True):
    """`A skip 0`: from here on messages of these types do not count; without any, all do again."""

    place: Place
    session: str
    msg_types: frozenset[str]


class Wait(msgspec.Struct, frozen=True):
    """`wait 2s`."""

    place: Place
    seconds: float


class Let(msgspec.Struct, frozen=True):
    """`let symbol = BTC/USD`, which a run may set otherwise."""

    place: Place
    name: str
    value: Value
    is_fixed: bool = False
    """The value is what it is when the line is reached, with times and numbers of that moment."""
    session: str = ""
    """Whose `{in}` and `{out}` those are."""


class Step(msgspec.Struct, frozen=True):
    """`step A replace that asks for more`: what the lines below are about."""

    place: Place
    title: str


Statement = (
    Connect | Disconnect | Send | SendExactly | SendBytes | Expect | ExpectEnd | Quiet | Skip | Wait | Let | Step
)


def with_limit(statement: Expect | ExpectEnd, within_s: float) -> Expect | ExpectEnd:
    """Return what is expected, within so many seconds."""
    return msgspec.structs.replace(statement, within_s=within_s)


def when_it_comes(statement: Expect) -> Expect:
    """Return what is expected, for a message before which others may come."""
    return msgspec.structs.replace(statement, is_awaited=True)


def if_it_comes(statement: Expect) -> Expect:
    """Return what is expected, for a message that may come or not."""
    return msgspec.structs.replace(statement, is_optional=True)


class Session(msgspec.Struct, frozen=True):
    """`session A drop-copy 49=…`: one side of a conversation, and what of it is not the run's."""

    name: str
    fields: tuple[Field, ...]
    role: str = ""
    """What it must be set up for, if the run names such a session by its role; empty: by its place."""


class Script(msgspec.Struct, frozen=True):
    """A script that has been read."""

    path: Path
    title: str
    versions: frozenset[str]
    """The versions that it is for; empty: all."""
    roles: frozenset[str]
    """The roles of sessions that it is for; empty: all."""
    tags: frozenset[str]
    sessions: tuple[Session, ...]
    statements: tuple[Statement, ...]
