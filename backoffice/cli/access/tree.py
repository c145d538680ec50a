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

    acting.carry_out(
        lambda session, office: hierarchy.add_desk(
            session, office.actor, firm, name, why=acting.why, now_ns=office.now_ns
        )
    )
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

    acting.carry_out(
        lambda session, office: hierarchy.add_trader(
            session, office.actor, office.sealer, desk, code, name, why=acting.why, now_ns=office.now_ns
        )
    )
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
    from backoffice.access import hierarchy
    from backoffice.cli.approval import propose

    propose(
        acting,
        lambda session, office: hierarchy.propose_account(
            *(session, office.actor, account, firm),
            desk=desk,
            trader=trader,
            why=acting.why,
            now_ns=office.now_ns,
        ),
    )
