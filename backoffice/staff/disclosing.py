"""Shows staff what is personal, and puts it on record: who was shown what, of whom.

Whatever shows personal data asks a `Disclosure` whether it may, which notes that down. When all is gathered, and before
any of it is shown, the notes become one entry of the audit trail, committed by itself: nothing is seen without a trace,
and what cannot be put on record is not shown. The entry names files and kinds of data, and has nothing personal.
"""

from typing import Final

from backoffice.database import Database
from backoffice.errors import DatabaseFault
from backoffice.staff import audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission

SEE: Final = "see"
"""The verb of the entries."""
SUBJECTS_MAX: Final = 100
"""How many an entry names; of more it has the count."""


class Disclosure:
    """What one command shows somebody that is personal."""

    __slots__ = ("_actor", "_subjects", "_what")

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        # Dictionaries keep what they have in order, once each.
        self._what: dict[str, None] = {}
        self._subjects: dict[str, None] = {}

    def permits(self, what: str, *subjects: str, needs: Permission = Permission.SEE_PERSONAL_DATA) -> bool:
        """Tell whether something personal of these may be shown; if so, note that it will be."""
        if not self._actor.may(needs):
            return False
        self.note(what, *subjects)
        return True

    def note(self, what: str, *subjects: str) -> None:
        """Note that something personal will be shown, to somebody who may see it. Of nobody it is nothing.

        `what`: a kind of data. `subjects` as those of the trail: "client/C-1".
        """
        if subjects:
            self._what[what] = None
            self._subjects |= dict.fromkeys(subjects)

    @property
    def is_recorded(self) -> bool:
        """Tell whether nothing is noted that is not in the trail."""
        return not self._subjects

    async def put_on_record(self, database: Database, now_ns: int) -> None:
        """Add what was noted to the trail, in a transaction of its own. Nothing may be shown before.

        Raise `DatabaseFault` if that cannot be: then nothing may be shown at all.
        """
        if self.is_recorded:
            return
        first, *others = self._subjects
        after: dict[str, object] = {"shown": ", ".join(self._what)}
        if others:
            after |= {"of": [first, *others][:SUBJECTS_MAX], "count": len(self._subjects)}
            first = f"{first.partition('/')[0]}/several"
        try:
            async with database.writing() as session:
                await audit.record(
                    *(session, self._actor, SEE, first), before=None, after=after, why="asked to see it", now_ns=now_ns
                )
        except DatabaseFault as error:
            raise DatabaseFault(f"not shown, as it cannot be put into the audit trail: {error}") from error
        self._what.clear()
        self._subjects.clear()
