"""Events of FIX sessions: what staff make of them, when they come and go, and where their sequences stand."""

from engine.event import Event
from engine.profile import CopyScope, Throttle
from engine.values import CancelOnDisconnect


class SessionProvisioned(Event, tag=5, frozen=True, array_like=True, gc=False):
    """A session exists, or has changed."""

    session: str
    by: str = ""
    why: str = ""
    copies: CopyScope | None = None
    """Of what it gets copies from now on, if it is for drop copy,"""
    copied_before: CopyScope | None = None
    """and of what it got copies until now, if it was."""


class CredentialsSet(Event, tag=70, frozen=True, array_like=True, gc=False):
    """A session has other credentials."""

    session: str
    by: str = ""
    why: str = ""


class SessionSuspended(Event, tag=71, frozen=True, array_like=True, gc=False):
    """A session is suspended, or was already."""

    session: str
    by: str
    why: str
    was_suspended: bool


class SessionResumed(Event, tag=72, frozen=True, array_like=True, gc=False):
    """A session is not suspended any more, or was not in the first place."""

    session: str
    by: str
    why: str
    was_suspended: bool


class SessionRemoved(Event, tag=73, frozen=True, array_like=True, gc=False):
    """A session is there no more."""

    session: str
    by: str
    why: str


class SequenceSet(Event, tag=74, frozen=True, array_like=True, gc=False):
    """Staff have set a session's sequences; 0 where one was left as it is."""

    session: str
    next_in: int
    next_out: int
    by: str
    why: str


class LogoutOrdered(Event, tag=75, frozen=True, array_like=True, gc=False):
    """Staff want a session logged out."""

    session: str
    by: str
    why: str


class SequenceReset(Event, tag=6, frozen=True, array_like=True, gc=False):
    """Both sequences of a session stand at 1."""

    session: str
    by: str = ""
    why: str = ""


class SessionUp(Event, tag=38, frozen=True, array_like=True, gc=False):
    """A session has logged on; what was to be cancelled since it was gone is kept."""

    session: str
    on_disconnect: CancelOnDisconnect


class SessionDown(Event, tag=39, frozen=True, array_like=True, gc=False):
    """A session is gone. At `cancel_ns`, which may be now, its orders are cancelled as it and they asked for."""

    session: str
    on_disconnect: CancelOnDisconnect
    cancel_ns: int


class UserReported(Event, tag=90, frozen=True, array_like=True, gc=False):
    """How a session stands, as asked. Not `is_known`: there is no such user, for this session."""

    session: str
    request_id: str
    user: str
    is_known: bool
    throttle: Throttle = Throttle()
    orders_left: int = 0
    queries_left: int = 0


class SessionRecovered(Event, tag=91, frozen=True, array_like=True, gc=False):
    """A session has been told of `orders` open orders, after `missed` messages. `after` not 0: there are more of them.

    `after` is the last that it was told of.
    """

    session: str
    missed: int
    orders: int
    after: int = 0
