"""The last entry of the audit trail, noted down outside the database: so it is found out if the end is cut off.

The back office notes it in `audit.head` in the data directory and in its log, as NUMBER:HASH, and only as long as the
trail still holds what was noted before. Whoever can write the database alone cannot hide what they took away. Whoever
can write that file as well could: let the log go to another machine.
"""

import re
from pathlib import Path
from typing import Final

from sqlalchemy import select

from backoffice.database import Database
from backoffice.staff.tables import AuditEntry
from engine.whole_files import write_beside_others

HEAD_FILE: Final = "audit.head"
_NOTED: Final = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})\n?")
RESTORED: Final = "if the database was restored from a copy, remove that file"


def noted_in(text: str) -> tuple[int, str] | None:
    """Return the number and hash of an entry as they were noted down, None if the text is no such note."""
    found = _NOTED.fullmatch(text)
    return None if found is None else (int(found[1]), found[2])


async def note(database: Database, path: Path) -> tuple[str, str]:
    """Note down the last entry if it follows what was noted before.

    Return what is noted now if that is another one, else an empty text; and what is wrong with the trail, or the file.
    """
    query = select(AuditEntry.number, AuditEntry.hash)
    try:
        before = _read(path)
        noted = noted_in(before)
        if before and noted is None:
            return "", f"{path}: not NUMBER:HASH of an entry of the audit trail; remove it once you know why"
        async with database.reading() as session:
            last = (await session.execute(query.order_by(AuditEntry.number.desc()).limit(1))).one_or_none()
            held = noted and await session.scalar(select(AuditEntry.hash).where(AuditEntry.number == noted[0]))
        if noted is not None and held != noted[1]:
            return "", f"entry {noted[0]} is not in the audit trail as {path} has it; {RESTORED}"
        if last is None or noted == (last.number, last.hash):
            return "", ""
        write_beside_others(path, f"{last.number}:{last.hash}\n".encode("ascii"), replaces=True)
    except (OSError, UnicodeDecodeError) as error:
        return "", f"{path}: the end of the audit trail cannot be noted down: {error}"
    return f"{last.number}:{last.hash}", ""


def _read(path: Path) -> str:
    return path.read_text(encoding="ascii") if path.exists() else ""
