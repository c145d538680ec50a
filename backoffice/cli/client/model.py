"""`fondaco client risk-model`: the models that clients are rated by."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backoffice.cli.numbers import NUMBER_MAX
from backoffice.cli.office import Acting, Coming
from backoffice.cli.option_groups import grouped

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.crm.risk import Model

app = typer.Typer(help="The models of risk that clients are rated by; each has a version.", no_args_is_help=True)


@app.command()
@grouped
def show(
    *,
    version: Annotated[
        int | None,
        typer.Option("--version", metavar="N", min=1, max=NUMBER_MAX, help="Which one.", show_default="newest"),
    ] = None,
    coming: Coming,
) -> None:
    """Print a model as JSON, in the form that `propose` takes."""
    import msgspec

    from backoffice.crm.rated import model_of, newest_model

    async def found(session: "AsyncSession", _office: "Office") -> "Model":
        return await model_of(session, version or await newest_model(session))

    typer.echo(msgspec.json.format(msgspec.json.encode(coming.ask(found))).decode())


@app.command()
@grouped
def propose(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The model, in JSON.", show_default=False)],
    acting: Acting,
) -> None:
    """Propose a new model. Applications that are under way keep the one that they began with."""
    import msgspec

    from backoffice.cli.approval import propose as ask_for
    from backoffice.cli.failure import CommandFailed
    from backoffice.crm.rating import propose_model

    try:
        content = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{file}: no model: {error}") from error
    ask_for(
        acting,
        lambda session, office: propose_model(session, office.actor, content, why=acting.why, now_ns=office.now_ns),
    )
