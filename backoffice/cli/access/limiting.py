"""`fondaco access limits`: limits of a firm, a desk, a trader or an account, inherited downwards."""

from enum import Enum
from typing import Annotated

import typer

from backoffice.cli.office import Acting
from backoffice.cli.option_groups import grouped
from backoffice.cli.payments.amounts import amount_of, decimals_of


class Place(Enum):
    """Where limits are set."""

    FIRM = "firm"
    DESK = "desk"
    TRADER = "trader"
    ACCOUNT = "account"


_EACH = "ASSET=AMOUNT"


@grouped
def limits(
    whose: Annotated[Place, typer.Argument(help="Of what.", show_default=False)],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which one.", show_default=False)],
    *,
    open_orders: Annotated[int, typer.Option("--open-orders", min=0, help="How many may be open; 0 for no limit.")] = 0,
    quantity: Annotated[
        list[str] | None, typer.Option("--order-quantity", metavar=_EACH, help="The largest of an order. Repeatable.")
    ] = None,
    notional: Annotated[
        list[str] | None, typer.Option("--order-notional", metavar=_EACH, help="The largest price times quantity.")
    ] = None,
    acting: Acting,
) -> None:
    """Propose limits, which replace those that are set there; somebody else approves them.

    What holds for an order are the tightest on the way from the firm down to its account.
    """
    import backoffice.kinds  # noqa: F401 - who owns the kinds of approvals
    from backoffice.access import limiting
    from backoffice.cli.approval import tell
    from backoffice.cli.loop import run
    from backoffice.staff.tables import Approval
    from engine.rules import Limits

    async def propose() -> Approval:
        async with acting.office() as office, office.database.writing() as session:
            decimals = decimals_of(office.settings)
            asked = Limits(open_orders, _amounts(quantity, decimals), _amounts(notional, decimals))
            return await limiting.propose(
                *(session, office.actor, whose.value, name, asked), why=acting.why, now_ns=office.now_ns
            )

    tell(run(propose()), as_json=acting.as_json)


def _amounts(given: list[str] | None, decimals: dict[str, int]) -> dict[str, int]:
    from backoffice.cli.failure import CommandFailed

    amounts = {}
    for text in given or ():
        asset, sign, amount = text.partition("=")
        if not sign:
            raise CommandFailed(f"{text}: write {_EACH}, as USD=1000000")
        amounts[asset] = amount_of(amount, asset, decimals)
    return amounts
