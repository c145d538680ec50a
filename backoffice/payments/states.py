"""The life cycles of deposits and withdrawals, as tables: from where, by what, to where.

What is not in the table cannot happen. A state in which the venue has to do something next is *active*: the runner
takes it from there, also after a crash; the others wait for people, or are the end.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class DepositState(StrEnum):
    """Where a deposit stands."""

    CONFIRMING = "confirming"
    """Seen, and not yet deep enough to be relied upon."""
    UNASSIGNED = "unassigned"
    """Nobody knows whose it is: staff find out."""
    COMPLIANCE = "compliance"
    """To be checked against the rules."""
    QUARANTINED = "quarantined"
    """The rules say that two people must look at it."""
    CREDITING = "crediting"
    """To be credited: a command to the engine, which may have been sent."""
    CREDITED = "credited"
    RETURNED = "returned"
    """Not credited, and to be sent back by hand."""
    SENT_BACK = "sent-back"
    """It has left the rail again."""
    VANISHED = "vanished"
    """Gone again before it was credited."""
    RECALLED = "recalled"
    """Gone again after it was credited: the venue is short of it, staff must act."""
    DEBITING = "debiting"
    """To be taken from the account again: a command to the engine, which may have been given."""
    DEBITED = "debited"


class DepositVerb(StrEnum):
    """What happens to a deposit."""

    CONFIRM = "confirm"
    ASSIGN = "assign"
    DOUBT = "doubt"
    """Nobody's address."""
    PASS = "pass"  # noqa: S105 - no password
    HOLD = "hold"
    RELEASE = "release"
    SEND_BACK = "send back"
    GO_BACK = "go back"
    """The rail has booked that it left."""
    CREDIT = "credit"
    VANISH = "vanish"
    REAPPEAR = "reappear"
    TAKE_BACK = "take back"
    DEBIT = "debit"
    LEAVE = "leave"
    """The account does not have it any more."""


class WithdrawalState(StrEnum):
    """Where a withdrawal stands."""

    HOLDING = "holding"
    """Asked for; the engine is to hold the funds, and may do so already."""
    REFUSED = "refused"
    """The engine does not hold the funds: there are too few, or the account is blocked."""
    HELD = "held"
    """The funds are held; the rules are to be asked."""
    STOPPED = "stopped"
    """The rules do not let it go on now; it waits until they do, or staff cancel it."""
    APPROVING = "approving"
    """It waits for people, as many as its amount asks for."""
    APPROVED = "approved"
    PREPARED = "prepared"
    """What will be sent is stored."""
    SENDING = "sending"
    """It is being sent, or was when we were killed."""
    SENT = "sent"
    """The rail has it."""
    UNCERTAIN = "uncertain"
    """Nobody knows whether the rail has it. It is never sent again by itself."""
    SETTLING = "settling"
    """Paid; the engine is to take the funds out, and may have done so."""
    SETTLED = "settled"
    RECALLED = "recalled"
    """Taken back by the rail after it was settled: nobody has the funds but the venue, staff must act."""
    GIVING_BACK = "giving-back"
    """To be given back to the account after that: a command to the engine, which may have been given."""
    GIVEN_BACK = "given-back"
    FAILING = "failing"
    """It will not be paid; the engine is to give the funds back, and may have done so."""
    FAILED = "failed"
    CANCELLING = "cancelling"
    """Called off before it was sent; the engine is to give the funds back."""
    CANCELLED = "cancelled"


class WithdrawalVerb(StrEnum):
    """What happens to a withdrawal."""

    HOLD = "hold"
    REFUSE = "refuse"
    STOP = "stop"
    SUBMIT = "submit"
    APPROVE = "approve"
    CANCEL = "cancel"
    PREPARE = "prepare"
    BEGIN = "begin"
    """Begin to send."""
    SEND = "send"
    LOSE = "lose"
    """Lose sight of it."""
    FAIL = "fail"
    PAY = "pay"
    SETTLE = "settle"
    RELEASE = "release"
    VANISH = "vanish"
    REAPPEAR = "reappear"
    GIVE_BACK = "give back"
    CREDIT = "credit"


_D = DepositState
DEPOSITS: Final[Mapping[DepositState, Mapping[DepositVerb, DepositState]]] = {
    _D.CONFIRMING: {
        DepositVerb.CONFIRM: _D.COMPLIANCE,
        DepositVerb.DOUBT: _D.UNASSIGNED,
        DepositVerb.VANISH: _D.VANISHED,
    },
    _D.UNASSIGNED: {
        DepositVerb.ASSIGN: _D.COMPLIANCE,
        DepositVerb.SEND_BACK: _D.RETURNED,
        DepositVerb.VANISH: _D.VANISHED,
    },
    _D.COMPLIANCE: {
        DepositVerb.PASS: _D.CREDITING,
        DepositVerb.HOLD: _D.QUARANTINED,
        DepositVerb.VANISH: _D.VANISHED,
    },
    _D.QUARANTINED: {
        DepositVerb.RELEASE: _D.CREDITING,
        DepositVerb.ASSIGN: _D.COMPLIANCE,
        DepositVerb.SEND_BACK: _D.RETURNED,
        DepositVerb.VANISH: _D.VANISHED,
    },
    # Whatever the rail says meanwhile, it is credited first: the command may have been sent.
    _D.CREDITING: {DepositVerb.CREDIT: _D.CREDITED, DepositVerb.HOLD: _D.QUARANTINED},
    _D.CREDITED: {DepositVerb.VANISH: _D.RECALLED},
    _D.RECALLED: {DepositVerb.TAKE_BACK: _D.DEBITING, DepositVerb.REAPPEAR: _D.CREDITED},
    _D.DEBITING: {DepositVerb.DEBIT: _D.DEBITED, DepositVerb.LEAVE: _D.RECALLED},
    _D.RETURNED: {DepositVerb.GO_BACK: _D.SENT_BACK},
    _D.SENT_BACK: {},
    _D.VANISHED: {DepositVerb.REAPPEAR: _D.CONFIRMING},
    _D.DEBITED: {DepositVerb.REAPPEAR: _D.CONFIRMING},
}

_W = WithdrawalState
WITHDRAWALS: Final[Mapping[WithdrawalState, Mapping[WithdrawalVerb, WithdrawalState]]] = {
    _W.HOLDING: {WithdrawalVerb.HOLD: _W.HELD, WithdrawalVerb.REFUSE: _W.REFUSED},
    _W.REFUSED: {},
    _W.HELD: {
        WithdrawalVerb.SUBMIT: _W.APPROVING,
        WithdrawalVerb.STOP: _W.STOPPED,
        WithdrawalVerb.CANCEL: _W.CANCELLING,
    },
    _W.STOPPED: {WithdrawalVerb.SUBMIT: _W.APPROVING, WithdrawalVerb.CANCEL: _W.CANCELLING},
    _W.APPROVING: {
        WithdrawalVerb.APPROVE: _W.APPROVED,
        WithdrawalVerb.STOP: _W.STOPPED,
        WithdrawalVerb.CANCEL: _W.CANCELLING,
    },
    _W.APPROVED: {
        WithdrawalVerb.PREPARE: _W.PREPARED,
        WithdrawalVerb.STOP: _W.STOPPED,
        WithdrawalVerb.FAIL: _W.FAILING,
        WithdrawalVerb.CANCEL: _W.CANCELLING,
    },
    _W.PREPARED: {
        WithdrawalVerb.BEGIN: _W.SENDING,
        WithdrawalVerb.STOP: _W.STOPPED,
        WithdrawalVerb.CANCEL: _W.CANCELLING,
    },
    _W.SENDING: {
        WithdrawalVerb.SEND: _W.SENT,
        WithdrawalVerb.LOSE: _W.UNCERTAIN,
        WithdrawalVerb.FAIL: _W.FAILING,
    },
    _W.SENT: {WithdrawalVerb.PAY: _W.SETTLING, WithdrawalVerb.FAIL: _W.FAILING},
    # The rail may come to know it; else two people decide, who have asked the rail by other means.
    _W.UNCERTAIN: {
        WithdrawalVerb.SEND: _W.SENT,
        WithdrawalVerb.PAY: _W.SETTLING,
        WithdrawalVerb.FAIL: _W.FAILING,
    },
    _W.SETTLING: {WithdrawalVerb.SETTLE: _W.SETTLED},
    # It is watched for some time. What is taken back is never paid again by itself, nor given back.
    _W.SETTLED: {WithdrawalVerb.VANISH: _W.RECALLED},
    _W.RECALLED: {WithdrawalVerb.REAPPEAR: _W.SETTLED, WithdrawalVerb.GIVE_BACK: _W.GIVING_BACK},
    # Whatever the rail says meanwhile, it is credited first: the command may have been sent.
    _W.GIVING_BACK: {WithdrawalVerb.CREDIT: _W.GIVEN_BACK, WithdrawalVerb.REFUSE: _W.RECALLED},
    _W.GIVEN_BACK: {},
    _W.FAILING: {WithdrawalVerb.RELEASE: _W.FAILED},
    _W.FAILED: {},
    _W.CANCELLING: {WithdrawalVerb.RELEASE: _W.CANCELLED},
    _W.CANCELLED: {},
}

ACTIVE_DEPOSITS: Final = frozenset((_D.CONFIRMING, _D.COMPLIANCE, _D.CREDITING, _D.DEBITING))
ACTIVE_WITHDRAWALS: Final = frozenset(
    (
        *(_W.HOLDING, _W.HELD, _W.STOPPED, _W.APPROVING, _W.APPROVED, _W.PREPARED, _W.SENDING, _W.SENT, _W.UNCERTAIN),
        *(_W.SETTLING, _W.FAILING, _W.CANCELLING, _W.GIVING_BACK),
    )
)
"""STOPPED too: the rules are asked again, as time goes by."""
