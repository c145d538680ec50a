"""The life of a case, as a table: from where, by what, to where. What is not in it cannot happen."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from backoffice.errors import Refused


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

    ASSIGN = "assign"
    CLOSE = "close"
    PROPOSE = "propose to close"
    APPROVE = "approve"
    TURN_DOWN = "turn down"


class Disposition(StrEnum):
    """What has come of a case."""

    NO_ACTION = "no-action"
    """Nothing is wrong: only two people can say so."""
    WARNED = "warned"
    RESTRICTED = "restricted"
    """The account was blocked, limited or left."""
    REPORTED = "reported"
    """To the authority: in the EU a STOR, by Delegated Regulation (EU) 2016/957."""


_S: Final = CaseState
_V: Final = CaseVerb

CASES: Final[Mapping[CaseState, Mapping[CaseVerb, CaseState]]] = {
    _S.OPEN: {_V.ASSIGN: _S.ASSIGNED},
    _S.ASSIGNED: {_V.ASSIGN: _S.ASSIGNED, _V.CLOSE: _S.CLOSED, _V.PROPOSE: _S.CLOSING},
    _S.CLOSING: {_V.APPROVE: _S.CLOSED, _V.TURN_DOWN: _S.ASSIGNED},
    _S.CLOSED: {},
}


def after(state: CaseState, verb: CaseVerb, name: str) -> CaseState:
    """Return the state that a case is in afterwards. Raise `Refused` if that cannot happen in its state."""
    possible = CASES[state]
    if verb not in possible:
        what = ", ".join(possible) or "nothing: it is at its end"
        raise Refused(f"{name} is {state}; {verb} is not possible then (possible: {what})")
    return possible[verb]
