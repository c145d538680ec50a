"""What people-facing things are called: letters and a number, as in C-1 or DOC-17; no two kinds share letters.

The engine's values have names in capitals, which people get as words.
"""

from enum import Enum
from typing import Final

NUMBER_DIGITS_MAX: Final = 18
"""As many as fit into every database's numbers."""


def number_of(name: str, letters: str) -> int | None:
    """Return the number in a name, None if it is no such name: 7 of "W-7" or "w-7"; the number alone will do, too."""
    digits = name.upper().removeprefix(f"{letters}-")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= NUMBER_DIGITS_MAX else None


def word_of(value: Enum) -> str:
    """Return what people call one of the engine's values: order-entry for ORDER_ENTRY."""
    return value.name.lower().replace("_", "-")
