"""What can happen to whatever has states: its table has from where, by what, to where, and this asks it.

Of clients their own table tells, in the words of the commands (`crm.workflow`).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from backoffice.errors import Refused

S = TypeVar("S", bound=StrEnum)
V = TypeVar("V", bound=StrEnum)


def after(table: Mapping[S, Mapping[V, S]], state: S, verb: V, name: str) -> S:
    """Return the state that something is in afterwards. Raise `Refused` if that cannot happen in its state."""
    possible = table[state]
    if verb not in possible:
        what = ", ".join(possible) or "nothing: it is at its end"
        raise Refused(f"{name} is {state}; {verb} is not possible then (possible: {what})")
    return possible[verb]
