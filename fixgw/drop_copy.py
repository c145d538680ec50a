"""Drop copy: which sessions get copies of others' execution reports, as their profiles say: of accounts, or of firms.

A copy is the report that the order's own session gets, under a number of the drop-copy session's own: as soon as it
happens, over disconnects and restarts, and as often as it is asked for again. OnBehalfOfCompID(115) in its header says
whose session it was for, CopyMsgIndicator(797)=Y that it is a copy.

What is refused is copied too, by whomever: an order, a cancel or a replace that the engine or the gateway refuses with
an ExecutionReport or an OrderCancelReject; unless it named an account that is not its session's, for nobody gets into
others' copies by a claim.

What is copied is told by the scope that held when it happened. At a start, when the journal is read again, scopes are
first taken back to where they stood, and then changed by the events that changed them.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeGuard

from engine.account import Account
from engine.events import (
    AccountOpened,
    AnyEvent,
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderDecremented,
    OrderRejected,
    OrderReplaced,
    OrderTriggered,
    Refused,
    Trade,
    TradeAmended,
)
from engine.profile import CopyScope, SessionRole
from engine.reject import RejectReason
from engine.session_events import SessionProvisioned, SessionRemoved
from engine.state import Session, State
from fixgw.permissions import client_of

_DROP_COPY: Final = SessionRole.DROP_COPY
_NOT_ITS_ACCOUNT: Final = RejectReason.UNKNOWN_ACCOUNT
_COPIED_FORMS: Final = ("8", "9")
"""MsgTypes of the gateway's refusals that are copied; Rejects (3) and BusinessMessageRejects (j) tell of no order."""


class Copies:
    """Who gets copies of what, at the point up to which events have been seen."""

    __slots__ = ("_accounts", "_all", "_fills", "_scopes", "is_needed")

    def __init__(self, accounts: Mapping[str, Account]) -> None:
        """`accounts`: those of the venue, with their firms."""
        self._accounts = accounts
        self._scopes: dict[str, CopyScope] = {}
        self._all: dict[str, tuple[str, ...]] = {}
        """The sessions that get copies of all reports, by account,"""
        self._fills: dict[str, tuple[str, ...]] = {}
        """and those that get copies of fills, these too."""
        self.is_needed = False
        """There is somebody to get copies."""

    @classmethod
    def now(cls, state: State) -> "Copies":
        """Return who gets copies at present."""
        copies = cls(state.accounts)
        for session in state.sessions.values():
            if session.profile.role is _DROP_COPY:
                copies._scopes[session.session] = session.profile.copies
        copies._note()
        return copies

    def take_back(self, events: Iterable[AnyEvent]) -> None:
        """Let scopes be as they were before these events, which nobody looks at if there is no scope."""
        if not self._scopes:
            return
        taken_back: set[str] = set()
        for event in events:
            if isinstance(event, SessionProvisioned) and event.session not in taken_back:
                taken_back.add(event.session)
                self._set(event.session, event.copied_before)
        self._note()

    def observe(self, event: AnyEvent) -> None:
        """Take notice of an event that changes who gets copies."""
        if isinstance(event, SessionProvisioned):
            self._set(event.session, event.copies)
        elif isinstance(event, SessionRemoved):
            self._set(event.session, None)
        elif not isinstance(event, AccountOpened):
            return
        self._note()

    def recipients(self, event: AnyEvent) -> tuple[tuple[str, int], ...]:
        """Return who gets a copy: session, and the low bit of the part of the report that is copied."""
        if isinstance(event, Trade | TradeAmended):
            makers = [(session, 0) for session in self._fills.get(event.maker_account, ())]
            takers = [(session, 1) for session in self._fills.get(event.taker_account, ())]
            return (*makers, *takers)
        if isinstance(event, OrderCanceled | OrderReplaced):
            low_bit = int(event.requester != event.session)
            return tuple([(session, low_bit) for session in self._all.get(event.account, ())])
        if isinstance(event, OrderAccepted | OrderDecremented | OrderTriggered) or _is_copied_refusal(event):
            return tuple([(session, 0) for session in self._all.get(event.account, ())])
        return ()

    def _set(self, session: str, scope: CopyScope | None) -> None:
        if scope is None:
            self._scopes.pop(session, None)
        else:
            self._scopes[session] = scope

    def _note(self) -> None:
        """Find the sessions by account."""
        self._all, self._fills = {}, {}
        for session, scope in self._scopes.items():
            for account in self._accounts.values():
                if account.account in scope.accounts or account.firm in scope.firms:
                    self._fills[account.account] = (*self._fills.get(account.account, ()), session)
                    if not scope.fills_only:
                        self._all[account.account] = (*self._all.get(account.account, ()), session)
        self.is_needed = bool(self._fills)


def is_addressed(known: Session) -> bool:
    """Tell whether reports to a session say more of whom they are for than its CompID does."""
    profile = known.profile
    return profile.role is _DROP_COPY or bool(profile.on_behalf_of)


def addressed(known: Session, event: AnyEvent, part: int, msg_type: str, body: str) -> str:
    """Return a report's body with what it says of whom it is for, where there is something to say.

    That goes into the header, which the body follows, but for CopyMsgIndicator(797).
    """
    if known.profile.role is _DROP_COPY:
        origin = _origin(event, part)
        if origin and origin != known.session:
            return f"115={origin}\x01{body}" + ("797=Y\x01" if msg_type == "8" else "")
        return body
    client = client_of(known, body)
    return f"128={client}\x01{body}" if client else body


def _is_copied_refusal(event: AnyEvent) -> TypeGuard[OrderRejected | CancelRejected | Refused]:
    """Tell whether an event is a refusal that is copied to those who watch its account."""
    if isinstance(event, Refused):
        return event.is_own_account and event.form in _COPIED_FORMS
    return isinstance(event, OrderRejected | CancelRejected) and event.reason != _NOT_ITS_ACCOUNT


def _origin(event: AnyEvent, part: int) -> str:
    """Return the session that a copied report was for, empty if it is no copy."""
    if isinstance(event, Trade | TradeAmended):
        return event.taker_session if part & 1 else event.maker_session
    if isinstance(
        event,
        OrderAccepted
        | OrderRejected
        | OrderCanceled
        | OrderReplaced
        | OrderDecremented
        | OrderTriggered
        | CancelRejected
        | Refused,
    ):
        return event.session
    return ""
