"""What fuzzing has found: the inputs that once broke a promise, each with its target; they must never do so again."""

from typing import Final

FOUND: Final[tuple[tuple[str, bytes], ...]] = ()
