"""What the clock has in store for an instrument: the next change of its phase, and the next look at an auction."""

from engine.due import DueKey, Timed
from engine.schedule import Schedule
from engine.values import Phase, Price, Qty


class Timetable(Timed):
    """The times at which the clock acts upon one instrument, nanoseconds since the epoch; 0 where there is none."""

    __slots__ = (
        "change_ns",
        "ends_ns",
        "indicate_ns",
        "indicated",
        "is_extended",
        "is_held",
        "next_phase",
        "schedule",
        "symbol",
    )

    def __init__(self, symbol: str) -> None:
        self.due_ns = 0
        self.symbol = symbol
        self.schedule: Schedule = ()
        """Changes that come every week; none for an instrument that trades around the clock."""
        self.change_ns = 0
        """When the schedule has its next change."""
        self.ends_ns = 0
        """When the present phase ends by itself,"""
        self.next_phase = Phase.CONTINUOUS
        """and which one follows then."""
        self.is_extended = False
        """The present auction goes on for longer than it should have, as its price was too far away."""
        self.is_held = False
        """Staff have halted the instrument, and the schedule waits for staff."""
        self.indicate_ns = 0
        """When the indicative price is looked at next; orders have come or gone since the last time."""
        self.indicated: tuple[Price, Qty, Qty] = (0, 0, 0)
        """Price, quantity and surplus that were published last."""

    def due_key(self) -> DueKey:
        """Return its place among what is due at the same time: behind orders and sessions, by symbol."""
        return (2, 0, self.symbol)

    def next_ns(self) -> int:
        """Return the earliest of its times, 0 if there is none."""
        return min([time_ns for time_ns in (self.change_ns, self.ends_ns, self.indicate_ns) if time_ns], default=0)
