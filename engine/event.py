"""What every event is, whatever it tells of. Most are in `engine.events`, with the type of them all."""

import msgspec


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What every event is: an immutable, tagged array in the journal."""
