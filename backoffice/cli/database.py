"""`fondaco database`: brings the back office's database up to date, and says which version it has."""

import typer

from backoffice.cli.tables import JsonOption
from backoffice.cli.venue.request import ConfigOption, DataOption

app = typer.Typer(help="The back office's database: make it, bring it up to date.", no_args_is_help=True)


@app.command()
def upgrade(config: ConfigOption, data: DataOption = None) -> None:
    """Bring the database to the version that this Fondaco wants, all of it or nothing. Makes one that is not there.

    Stop the back office before, and keep a copy.
    """
    from pathlib import Path

    from backoffice.cli.directory import made
    from backoffice.cli.loop import run
    from backoffice.cli.office import database_of
    from backoffice.database.migrating import newest, version_of
    from backoffice.database.migrating import upgrade as bring_up
    from config.reading import load

    settings = load(config)
    directory = made(data or Path(settings.data))

    async def bring_up_to_date() -> str | None:
        async with database_of(settings, directory, may_be_new=True) as database:
            before = await version_of(database)
            await bring_up(database)
            return before

    before = run(bring_up_to_date())
    if before == newest():
        typer.echo(f"The database is of version {newest()} already.")
    else:
        typer.echo(f"The database is of version {newest()} now; it was {before or 'empty'}.")


@app.command()
def show(config: ConfigOption, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show where the database is, its version, and the one that this Fondaco wants."""
    from pathlib import Path

    from backoffice.cli.loop import run
    from backoffice.cli.office import database_of
    from backoffice.cli.tables import Cell, form_of, show_fields
    from backoffice.database.database import shown
    from backoffice.database.migrating import newest, version_of
    from config.reading import load

    settings = load(config)

    async def fields() -> dict[str, Cell]:
        async with database_of(settings, data or Path(settings.data)) as database:
            version = await version_of(database)
            return {
                "database": shown(database.address),
                "version": version,
                "wanted": newest(),
                "is current": version == newest(),
            }

    show_fields(run(fields()), form_of(as_json=as_json))
