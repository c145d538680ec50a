"""Where the sequences of a market-data session stand, in a file of its own: they go on over reconnects and restarts.

Outgoing numbers are reserved in large blocks, so that the file is seldom written, and no number is used twice even
after a power cut: the client sees a gap, asks, and is told that nothing of it is worth having any more. What is
expected from the client may stand a little back after a crash; the client is asked for it again.
"""

from pathlib import Path
from typing import Final

import msgspec

from engine.journal import make_directory
from engine.whole_files import write_whole
from fixgw.errors import OutboundError

RESERVED_BLOCK: Final = 100_000
"""How many outgoing numbers are reserved at a time."""


class Numbers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds."""

    next_in: int = 1
    reserved_out: int = 0
    """Outgoing numbers up to this one may have been used."""
    resets: int = 0
    """How often the sequences had begun again at 1, as far as this has it,"""
    times_set: int = 0
    """and how often staff had set them since then."""


class NumbersFile:
    """The file of one session."""

    __slots__ = ("path",)

    def __init__(self, directory: Path, comp_id: str) -> None:
        make_directory(directory)
        self.path = directory / f"{comp_id}.numbers"

    def read(self) -> Numbers:
        """Return what the file holds, the beginning if there is none. Raise `OutboundError` if it is damaged."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Numbers)
        except FileNotFoundError:
            return Numbers()
        except msgspec.MsgspecError as error:
            raise OutboundError(
                f"{self.path}: damaged: {error}; take it away, and have the client log on with ResetSeqNumFlag(141)=Y"
            ) from error

    def write(self, numbers: Numbers) -> None:
        """Put the file on disk; at once or not at all."""
        write_whole(self.path, msgspec.json.encode(numbers))

    def remove(self) -> None:
        """Take the file away, as its session is there no more."""
        self.path.unlink(missing_ok=True)
