"""The life of a case, as a table: from where, by what, to where. What is not in it cannot happen."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    """Nobody has it yet."""
    ASSIGNED = "assigned"
    CLOSING = "closing"
    """Whoever has it sees no action to take; a second person must see that too."""
    CLOSED = "closed"


class CaseVerb(StrEnum):
    """What happens to a case."""

    ADD = "add alerts"
    REMOVE = "remove an alert"
    ASSIGN = "assign"
    CLOSE = "close"
    PROPOSE = "propose to close"
    APPROVE = "approve"
    TURN_DOWN = "turn down"
    MERGE = "merge"
    """It goes on in another case."""
    REOPEN = "reopen"


class Disposition(StrEnum):
    """What has come of a case."""

    NO_ACTION = "no-action"
    """Nothing is wrong: only two people can say so."""
    WARNED = "warned"
    RESTRICTED = "restricted"
    """The account was blocked, limited or left."""
    REPORTED = "reported"
    """To the authority: in the EU a STOR, by Delegated Regulation (EU) 2016/957."""
    MERGED = "merged"
    """Nothing by itself: it goes on in another case, which is merged into by its own verb."""


DISPOSITIONS: Final = (Disposition.NO_ACTION, Disposition.WARNED, Disposition.RESTRICTED, Disposition.REPORTED)
"""What whoever closes a case chooses from."""

_S: Final = CaseState
_V: Final = CaseVerb

CASES: Final[Mapping[CaseState, Mapping[CaseVerb, CaseState]]] = {
    _S.OPEN: {_V.ADD: _S.OPEN, _V.REMOVE: _S.OPEN, _V.ASSIGN: _S.ASSIGNED, _V.MERGE: _S.CLOSED},
    _S.ASSIGNED: {
        _V.ADD: _S.ASSIGNED,
        _V.REMOVE: _S.ASSIGNED,
        _V.ASSIGN: _S.ASSIGNED,
        _V.CLOSE: _S.CLOSED,
        _V.PROPOSE: _S.CLOSING,
        _V.MERGE: _S.CLOSED,
    },
    _S.CLOSING: {_V.APPROVE: _S.CLOSED, _V.TURN_DOWN: _S.ASSIGNED},
    _S.CLOSED: {_V.REOPEN: _S.OPEN},
}
