"""`fondaco staff keys`, `rotate-key`, `retire-key`: the keys of personal data, a new one, and the end of old ones."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from backoffice.cli.office import Acting, Looking
from backoffice.cli.option_groups import grouped
from backoffice.cli.tables import Cell

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.staff.rotating import Rotated


@grouped
def keys(looking: Looking) -> None:
    """List the keys of personal data, the oldest first, and how much is sealed with each; never the keys themselves."""
    from backoffice.cli.tables import show_table
    from backoffice.staff.rotating import texts_by_key

    async def rows(session: "AsyncSession", desk: "Office") -> Sequence[Sequence[Cell]]:
        counts, there = await texts_by_key(session), desk.sealer.keys
        does = {key: "is missing" for key in sorted(counts) if key not in there}
        does.update((key, "seals" if key == there[-1] else "opens") for key in there)
        return [(key, what, counts[key]) for key, what in does.items()]

    show_table(("key", "what it does", "texts"), looking.ask(rows), looking.form)


@grouped
def rotate_key(acting: Acting) -> None:
    """Make a new key of personal data, and seal everything with it anew, while the back office goes on.

    If it is stopped half way, run it again: it goes on where it was. The old key stays in the file until `retire-key`
    takes it out. Keep a new copy of the file.
    """
    from backoffice.cli.loop import run
    from backoffice.cli.progress import bar
    from backoffice.cli.shown import print_json
    from backoffice.staff.rotating import rotate, texts_by_key
    from backoffice.staff.sealing import KEY_FILE

    async def rotated() -> "tuple[Rotated, Path]":
        async with acting.office() as desk:
            path = desk.data / KEY_FILE
            async with desk.database.reading() as session:
                total = (await texts_by_key(session)).total()
            with bar("sealing anew", "texts", total) as progress:
                done = await rotate(
                    *(desk.database, desk.actor, path), why=acting.why, now_ns=desk.now_ns, progress=progress
                )
            return done, path

    done, path = run(rotated())
    if acting.as_json:
        print_json({"key": done.key, "texts": done.texts, "went_on": done.went_on})
        return
    went_on = ", where an earlier rotation was stopped" if done.went_on else ""
    typer.echo(f"{done.texts:,} texts are sealed anew{went_on}; key {done.key} seals now.")
    typer.echo(f"Keep a copy of {path} apart from the database; `fondaco staff retire-key` takes out the old key.")


@grouped
def retire_key(acting: Acting) -> None:
    """Take the old keys of personal data out of the file, once no text in the database needs them.

    Copies of the database from before do need them: keep the copies of the key file that go with those, or let both go.
    """
    from backoffice.cli.loop import run
    from backoffice.cli.shown import print_json
    from backoffice.staff.rotating import retire
    from backoffice.staff.sealing import KEY_FILE

    async def retired() -> "tuple[list[str], Path]":
        async with acting.office() as desk:
            path = desk.data / KEY_FILE
            return await retire(desk.database, desk.actor, path, why=acting.why, now_ns=desk.now_ns), path

    old, path = run(retired())
    if acting.as_json:
        print_json({"retired": old})
        return
    keys = f"key {old[0]} is" if len(old) == 1 else f"keys {', '.join(old)} are"
    typer.echo(f"{path}: {keys} out of it; no text in the database needs more than the one that is left.")
    typer.echo("Copies of the database from before do: keep a copy of the file as it was for as long as those.")
