"""`fondaco access desk`, `trader`, `account`: the tree below a firm."""

from typing import Annotated

import typer

from backoffice.cli.office import Acting
from backoffice.cli.option_groups import grouped

FirmOption = Annotated[str, typer.Option("--firm", metavar="FIRM", help="Whose.", show_default=False)]


@grouped
def desk(
    name: Annotated[str, typer.Argument(metavar="DESK", help="Its name, as in ALPHA/rates.", show_default=False)],
    firm: FirmOption,
    acting: Acting,
) -> None:
    """Add a desk to a firm."""
    from backoffice.access import hierarchy
    from backoffice.cli.loop import run

    async def add() -> None:
        async with acting.office() as office, office.database.writing() as session:
            await hierarchy.add_desk(session, office.actor, firm, name, why=acting.why, now_ns=office.now_ns)

    run(add())
    typer.echo(f"desk {name} is one of {firm}")


@grouped
def trader(
    code: Annotated[str, typer.Argument(metavar="CODE", help="What the firm calls them.", show_default=False)],
    desk: Annotated[str, typer.Option("--desk", metavar="DESK", help="Where they trade.", show_default=False)],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Who it is; kept sealed.", show_default=False)],
    acting: Acting,
) -> None:
    """Add a trader to a desk."""
    from backoffice.access import hierarchy
    from backoffice.cli.loop import run

    async def add() -> None:
        async with acting.office() as office, office.database.writing() as session:
            await hierarchy.add_trader(
                *(session, office.actor, office.sealer, desk, code, name), why=acting.why, now_ns=office.now_ns
            )

    run(add())
    typer.echo(f"trader {code} trades at {desk}")


@grouped
def account(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its name.", show_default=False)],
    *,
    firm: FirmOption,
    desk: Annotated[str | None, typer.Option("--desk", metavar="DESK", help="For one desk.")] = None,
    trader: Annotated[str | None, typer.Option("--trader", metavar="CODE", help="For one trader.")] = None,
    acting: Acting,
) -> None:
    """Propose to open a trading account; somebody else approves it."""
    import backoffice.kinds  # noqa: F401 - who owns the kinds of approvals
    from backoffice.access import hierarchy
    from backoffice.cli.approval import tell
    from backoffice.cli.loop import run
    from backoffice.staff.tables import Approval

    async def propose() -> Approval:
        async with acting.office() as office, office.database.writing() as session:
            return await hierarchy.propose_account(
                *(session, office.actor, account, firm),
                desk=desk,
                trader=trader,
                why=acting.why,
                now_ns=office.now_ns,
            )

    tell(run(propose()), as_json=acting.as_json)
