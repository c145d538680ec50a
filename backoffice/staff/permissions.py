"""Roles of staff, and what each may do. `spec/staff.md` is made of this table.

A permission reads on after "may not": what the person who lacks it is told. Whoever has several roles may do what any
of them may. That a decision needs a second person is another rule (`approvals`), which no role is above.
"""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What somebody is here for."""

    ONBOARDING = "onboarding"
    COMPLIANCE = "compliance"
    TREASURY = "treasury"
    RISK = "risk"
    OPERATIONS = "operations"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """One thing that not everybody may do."""

    SEE_RECORDS = "see the venue's records"
    SEE_PERSONAL_DATA = "see personal data"
    SEE_AUDIT_TRAIL = "see the audit trail"

    EDIT_CLIENTS = "enter and change clients"
    APPROVE_CLIENTS = "approve clients"
    SCREEN_CLIENTS = "decide on screening hits"
    SCORE_CLIENTS = "override risk scores"
    SUSPEND_CLIENTS = "suspend clients"
    FOLLOW_UP = "write notes, tasks and tickets of clients"

    EDIT_ACCESS = "set up accounts and sessions"
    APPROVE_ACCESS = "approve accounts and sessions"
    EDIT_FEES = "propose fees"
    APPROVE_FEES = "approve fees"
    EDIT_LIMITS = "propose limits"
    APPROVE_LIMITS = "approve limits"

    POST_ENTRIES = "propose entries in the books"
    APPROVE_ENTRIES = "approve entries in the books"

    ENTER_DEPOSITS = "enter deposits"
    RELEASE_DEPOSITS = "release deposits"
    REQUEST_WITHDRAWALS = "request withdrawals"
    APPROVE_WITHDRAWALS = "approve withdrawals"
    EDIT_WHITELIST = "propose addresses for withdrawals"
    APPROVE_WHITELIST = "approve addresses for withdrawals"
    RESOLVE_PAYMENTS = "resolve uncertain payments"
    RESOLVE_BREAKS = "resolve breaks"

    SEE_CASES = "see alerts and cases"
    WORK_CASES = "work on alerts and cases"
    COMMAND_VENUE = "command the venue"

    EDIT_STAFF = "set up staff"
    APPROVE_STAFF = "approve changes of staff"
    ROTATE_KEY = "rotate the key of personal data"


_P: Final = Permission

PERMISSIONS: Final[dict[Role, frozenset[Permission]]] = {
    Role.ONBOARDING: frozenset({_P.SEE_RECORDS, _P.FOLLOW_UP, _P.SEE_PERSONAL_DATA, _P.EDIT_CLIENTS, _P.EDIT_ACCESS}),
    Role.COMPLIANCE: frozenset(
        {
            _P.SEE_RECORDS,
            _P.FOLLOW_UP,
            _P.SEE_PERSONAL_DATA,
            _P.SEE_AUDIT_TRAIL,
            _P.APPROVE_CLIENTS,
            _P.SCREEN_CLIENTS,
            _P.SCORE_CLIENTS,
            _P.SUSPEND_CLIENTS,
            _P.APPROVE_ACCESS,
            _P.RELEASE_DEPOSITS,
            _P.APPROVE_WHITELIST,
            _P.SEE_CASES,
            _P.WORK_CASES,
            _P.APPROVE_STAFF,
        }
    ),
    Role.TREASURY: frozenset(
        {
            _P.SEE_RECORDS,
            _P.FOLLOW_UP,
            _P.POST_ENTRIES,
            _P.APPROVE_ENTRIES,
            _P.ENTER_DEPOSITS,
            _P.REQUEST_WITHDRAWALS,
            _P.APPROVE_WITHDRAWALS,
            _P.EDIT_WHITELIST,
            _P.APPROVE_WHITELIST,
            _P.RESOLVE_PAYMENTS,
            _P.RESOLVE_BREAKS,
            _P.APPROVE_FEES,
        }
    ),
    Role.RISK: frozenset(
        {
            _P.SEE_RECORDS,
            _P.FOLLOW_UP,
            _P.EDIT_LIMITS,
            _P.APPROVE_LIMITS,
            _P.SCORE_CLIENTS,
            _P.SUSPEND_CLIENTS,
            _P.SEE_CASES,
            _P.WORK_CASES,
        }
    ),
    Role.OPERATIONS: frozenset(
        {
            _P.SEE_RECORDS,
            _P.FOLLOW_UP,
            _P.SUSPEND_CLIENTS,
            _P.EDIT_ACCESS,
            _P.APPROVE_ACCESS,
            _P.EDIT_FEES,
            _P.ENTER_DEPOSITS,
            _P.REQUEST_WITHDRAWALS,
            _P.EDIT_WHITELIST,
            _P.RESOLVE_BREAKS,
            _P.COMMAND_VENUE,
        }
    ),
    Role.AUDITOR: frozenset({_P.SEE_RECORDS, _P.SEE_AUDIT_TRAIL, _P.SEE_CASES}),
    Role.ADMINISTRATOR: frozenset(
        {_P.SEE_RECORDS, _P.FOLLOW_UP, _P.SEE_AUDIT_TRAIL, _P.EDIT_STAFF, _P.APPROVE_STAFF, _P.ROTATE_KEY}
    ),
}


def roles_with(permission: Permission) -> list[Role]:
    """Return the roles that may do something, in the order of `Role`."""
    return [role for role in Role if permission in PERMISSIONS[role]]
