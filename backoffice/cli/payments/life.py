"""The steps that a payment has taken, as the audit trail tells them."""

import json
from typing import TYPE_CHECKING, Final

import typer

from backoffice.cli.shown import time_text
from backoffice.cli.tables import Cell, Form, show_fields

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

STEPS_MAX: Final = 1_000


def show_life(fields: "dict[str, Cell]", steps: list[str], form: Form) -> None:
    """Print what there is to a payment, and below it a line for each step that it has taken."""
    if form is Form.JSON:
        show_fields({**fields, "steps": steps}, form)
        return
    show_fields(fields, form)
    typer.echo()
    for step in steps:
        typer.echo(step)


async def life_of(session: "AsyncSession", subject: str) -> list[str]:
    """Return a line for each step, the oldest first."""
    from backoffice.staff.audit import Wanted, entries

    lines = []
    for entry in await entries(session, Wanted(subject=subject), STEPS_MAX):
        after = json.loads(entry.after) if entry.after else {}
        state = f" → {after['state']}" if "state" in after else ""
        lines.append(f"{time_text(entry.time_ns)}  {entry.actor}: {entry.verb}{state} ({entry.why})")
    return lines
