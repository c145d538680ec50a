"""The one life cycle of a client, from the first draft until the file is closed.

The table is all there is: what stands not in it cannot happen. Each step needs a permission; steps that open trading
need a second person, who has neither entered nor submitted the client, and the database holds that as well. `spec`
prints the table. A file that is over is kept as long as the law asks.
"""

import datetime as dt
from enum import StrEnum
from typing import Final

import msgspec

from backoffice.crm.documents import months_after
from backoffice.errors import Refused
from backoffice.staff.permissions import Permission


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    SCREENING = "screening"
    RISK = "risk"
    REVIEW = "review"
    INFORMATION_REQUESTED = "information-requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    OFFBOARDING = "offboarding"
    CLOSED = "closed"


OVER: Final = (State.REJECTED.value, State.CLOSED.value)
"""The states of those who came to nothing, or have left."""
KEPT_MONTHS: Final = 60
"""How long their files are kept from then on (Directive 2015/849, article 40: five years)."""


class Verb(StrEnum):
    SUBMIT = "submit"
    SCREEN = "screen"
    CLEAR = "clear"
    RATE = "rate"
    REQUEST_INFORMATION = "request-information"
    ANSWER = "answer"
    APPROVE = "approve"
    REJECT = "reject"
    REOPEN = "reopen"
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESUME = "resume"
    OFFBOARD = "offboard"
    CLOSE = "close"


class Step(msgspec.Struct, frozen=True):
    """What a verb takes."""

    permission: Permission
    needs: str
    is_second_person: bool = False
    """Whether it must be somebody else than whoever entered or submitted the client, or asked for this step."""


_S, _V, _P = State, Verb, Permission

# What may be found wanting at any point of an application. An answer leads to the review, which asks for all of it.
_TURNS: Final = {_V.REQUEST_INFORMATION: _S.INFORMATION_REQUESTED, _V.REJECT: _S.REJECTED}

TRANSITIONS: Final[dict[State, dict[Verb, State]]] = {
    _S.DRAFT: {_V.SUBMIT: _S.SUBMITTED, _V.REJECT: _S.REJECTED},
    _S.SUBMITTED: {_V.SCREEN: _S.SCREENING, **_TURNS},
    _S.SCREENING: {_V.CLEAR: _S.RISK, **_TURNS},
    _S.RISK: {_V.RATE: _S.REVIEW, **_TURNS},
    _S.REVIEW: {_V.APPROVE: _S.APPROVED, **_TURNS},
    _S.INFORMATION_REQUESTED: {_V.ANSWER: _S.REVIEW, _V.REJECT: _S.REJECTED},
    _S.APPROVED: {_V.ACTIVATE: _S.ACTIVE, _V.OFFBOARD: _S.OFFBOARDING},
    _S.REJECTED: {_V.REOPEN: _S.DRAFT},
    _S.ACTIVE: {_V.SUSPEND: _S.SUSPENDED, _V.OFFBOARD: _S.OFFBOARDING},
    _S.SUSPENDED: {_V.SUSPEND: _S.SUSPENDED, _V.RESUME: _S.ACTIVE, _V.OFFBOARD: _S.OFFBOARDING},
    _S.OFFBOARDING: {_V.SUSPEND: _S.OFFBOARDING, _V.RESUME: _S.OFFBOARDING, _V.CLOSE: _S.CLOSED},
    _S.CLOSED: {},
}

STEPS: Final[dict[Verb, Step]] = {
    _V.SUBMIT: Step(
        _P.EDIT_CLIENTS, "name, address, LEI, owners without gaps, industry and volume, every document owed"
    ),
    _V.SCREEN: Step(_P.SCREEN_CLIENTS, "at least one list; everybody in the file is screened"),
    _V.CLEAR: Step(_P.SCREEN_CLIENTS, "every hit decided, none of them a true match on a sanctions list"),
    _V.RATE: Step(_P.SCREEN_CLIENTS, "an answer to every question of the model that the application began with"),
    _V.REQUEST_INFORMATION: Step(_P.APPROVE_CLIENTS, "what is wanted, in the reason"),
    _V.ANSWER: Step(_P.EDIT_CLIENTS, "the answer, in the reason or in the file"),
    _V.APPROVE: Step(
        _P.APPROVE_CLIENTS,
        "documents verified, screening clear and up to date, a rating of what it is now, not prohibited",
        is_second_person=True,
    ),
    _V.REJECT: Step(_P.APPROVE_CLIENTS, "a reason; the file is kept for its time, then erased"),
    _V.REOPEN: Step(
        _P.EDIT_CLIENTS, "a reason; it is not erased; nobody else has its LEI; everything is looked at again"
    ),
    _V.ACTIVATE: Step(_P.APPROVE_CLIENTS, "the agreements signed; nothing else that stands in its way"),
    _V.SUSPEND: Step(_P.SUSPEND_CLIENTS, "a reason; the gateway takes no more within a second"),
    _V.RESUME: Step(
        _P.SUSPEND_CLIENTS,
        "a second person's approval; every hit decided, none of them a true match on a sanctions list",
        is_second_person=True,
    ),
    _V.OFFBOARD: Step(_P.APPROVE_CLIENTS, "a reason; the client trades no more"),
    _V.CLOSE: Step(
        _P.APPROVE_CLIENTS, "no invoices, no balances; sessions are revoked; the file is kept for its time, then erased"
    ),
}

COMMANDS: Final = {_V.CLEAR: "screen", _V.RATE: "risk"}
"""What the command line calls a step, where it is not the step's own name."""
OPEN_FILE: Final = frozenset({_S.DRAFT, _S.INFORMATION_REQUESTED, _S.ACTIVE, _S.SUSPENDED, _S.APPROVED})
"""States in which what is known of a client may be changed; in the others somebody is deciding on it, or has."""
APPLYING: Final = frozenset({_S.SUBMITTED, _S.SCREENING, _S.RISK, _S.REVIEW, _S.INFORMATION_REQUESTED})


class Suspension(StrEnum):
    """What a suspended client may not do."""

    TRADING = "trading"
    WITHDRAWALS = "withdrawals"
    ALL = "all"


def after(client: str, state: State, verb: Verb) -> State:
    """Return the state that a verb leads to. Raise `Refused`, with what is possible, if it leads nowhere."""
    allowed = TRANSITIONS[state]
    if verb not in allowed:
        possible = ", ".join(COMMANDS.get(each, each) for each in allowed) or "nothing: the file is closed"
        asked = COMMANDS.get(verb, verb)
        raise Refused(f"{client} is {state}: {asked} is not possible now; possible is {possible}")
    return allowed[verb]


def kept_until(over: dt.date) -> dt.date:
    """Return the last day on which a file is kept that is over since a day."""
    return months_after(over, KEPT_MONTHS)


def may_trade(state: State, suspension: Suspension | None) -> bool:
    """Return whether a client may enter orders."""
    return state is State.ACTIVE or (state is State.SUSPENDED and suspension is Suspension.WITHDRAWALS)


def may_withdraw(state: State, suspension: Suspension | None) -> bool:
    """Return whether a client may take money out: also one that leaves, unless it was suspended from that."""
    return state in (State.ACTIVE, State.SUSPENDED, State.OFFBOARDING) and suspension in (None, Suspension.TRADING)
