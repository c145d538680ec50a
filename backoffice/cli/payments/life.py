"""The steps that a payment has taken, as the audit trail tells them."""

import json
from typing import TYPE_CHECKING

from backoffice.cli.shown import time_text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

STEPS_MAX = 1_000


async def life_of(session: "AsyncSession", subject: str) -> list[str]:
    """Return a line for each step, the oldest first."""
    from backoffice.staff.audit import Wanted, entries

    lines = []
    for entry in await entries(session, Wanted(subject=subject), STEPS_MAX):
        after = json.loads(entry.after) if entry.after else {}
        state = f" → {after['state']}" if "state" in after else ""
        lines.append(f"{time_text(entry.time_ns)}  {entry.actor}: {entry.verb}{state} ({entry.why})")
    return lines
