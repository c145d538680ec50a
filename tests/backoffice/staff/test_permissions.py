"""Roles, permissions, and what is said to who lacks one."""

import pytest

from backoffice.errors import Refused
from backoffice.staff.actor import BACK_OFFICE, Actor
from backoffice.staff.permissions import PERMISSIONS, Permission, Role, roles_with


def test_every_role_is_in_the_table_and_every_permission_is_given_to_somebody() -> None:
    assert list(PERMISSIONS) == list(Role)
    assert all(roles_with(permission) for permission in Permission)


def test_who_may_not_is_told_which_role_would_do() -> None:
    ann = Actor("ann", frozenset({Role.ONBOARDING, Role.AUDITOR}))
    ann.require(Permission.EDIT_CLIENTS)
    with pytest.raises(Refused, match=r"^ann may not approve withdrawals: needs treasury$"):
        ann.require(Permission.APPROVE_WITHDRAWALS)
    with pytest.raises(Refused, match=r"needs onboarding or compliance$"):
        Actor("bob").require(Permission.SEE_PERSONAL_DATA)


def test_the_roles_that_look_on_change_nothing() -> None:
    assert PERMISSIONS[Role.AUDITOR] == {
        *(Permission.SEE_RECORDS, Permission.SEE_AUDIT_TRAIL, Permission.SEE_CASES),
    }


def test_no_role_that_proposes_clients_approves_them() -> None:
    for role in Role:
        assert not {Permission.EDIT_CLIENTS, Permission.APPROVE_CLIENTS} <= PERMISSIONS[role]


def test_the_back_office_itself_has_no_permission() -> None:
    assert not any(BACK_OFFICE.may(permission) for permission in Permission)
