"""Who acts: a member of staff with their roles, or the back office itself where it acts without being asked."""

from typing import Final

import msgspec

from backoffice.errors import Refused
from backoffice.staff.permissions import PERMISSIONS, Permission, Role, roles_with


class Actor(msgspec.Struct, frozen=True):
    """Somebody known, as of now."""

    user: str
    roles: frozenset[Role] = frozenset()

    def may(self, permission: Permission) -> bool:
        """Tell whether one of the roles allows something."""
        return any(permission in PERMISSIONS[role] for role in self.roles)

    def require(self, permission: Permission) -> None:
        """Raise `Refused`, with the roles that would do, unless it is allowed."""
        if not self.may(permission):
            *others, last = roles_with(permission)
            would_do = f"{', '.join(others)} or {last}" if others else last
            raise Refused(f"{self.user} may not {permission}: needs {would_do}")


BACK_OFFICE: Final = Actor("backoffice")
"""The process, where it acts by itself: it has no role, and no user may have its name."""
