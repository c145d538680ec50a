"""What people-facing things are called: letters and a number, as in C-1 or DOC-17; no two kinds share letters."""

from typing import Final

NUMBER_DIGITS_MAX: Final = 18
"""As many as fit into every database's numbers."""


def number_of(name: str, letters: str) -> int | None:
    """Return the number in a name, None if it is no such name: 7 of "W-7" or "w-7"; the number alone will do, too."""
    digits = name.upper().removeprefix(f"{letters}-")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= NUMBER_DIGITS_MAX else None
