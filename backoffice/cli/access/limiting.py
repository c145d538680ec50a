"""`fondaco access limits` and `allowed`: limits of firms, desks, traders and accounts, inherited downwards."""

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.numbers import NUMBER_MAX
from backoffice.cli.office import Acting, Looking
from backoffice.cli.option_groups import grouped
from backoffice.cli.payments.amounts import amount_of, decimals_of
from backoffice.cli.tables import Cell

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.staff.tables import Approval


class Place(Enum):
    """Where limits are set."""

    FIRM = "firm"
    DESK = "desk"
    TRADER = "trader"
    ACCOUNT = "account"


_EACH = "ASSET=AMOUNT"
_DOLLARS = "DOLLARS"
_DOLLARS_MAX = 1_000_000_000_000


@grouped
def limits(
    whose: Annotated[Place, typer.Argument(help="Of what.", show_default=False)],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which one.", show_default=False)],
    *,
    open_orders: Annotated[
        int, typer.Option("--open-orders", min=0, max=NUMBER_MAX, help="How many may be open; 0 for no limit.")
    ] = 0,
    quantity: Annotated[
        list[str] | None, typer.Option("--order-quantity", metavar=_EACH, help="The largest of an order. Repeatable.")
    ] = None,
    notional: Annotated[
        list[str] | None, typer.Option("--order-notional", metavar=_EACH, help="The largest price times quantity.")
    ] = None,
    withdrawn_day: Annotated[
        int, typer.Option("--withdrawn-day", metavar=_DOLLARS, min=0, max=_DOLLARS_MAX, help="Out in 24 hours; 0: any.")
    ] = 0,
    withdrawn_month: Annotated[
        int,
        typer.Option("--withdrawn-month", metavar=_DOLLARS, min=0, max=_DOLLARS_MAX, help="Out in 30 days; 0: any."),
    ] = 0,
    beyond_rating: Annotated[
        bool, typer.Option("--beyond-rating", help="More than the client's rating allows, until it is rated worse.")
    ] = False,
    acting: Acting,
) -> None:
    """Propose limits, which replace those that are set there; somebody else approves them.

    What holds are the tightest on the way from the client's rating and the firm down to the account; `fondaco access
    allowed` shows them. Looser ones than the rating allows are refused, but for a firm with --beyond-rating.
    """
    from backoffice.access import limiting
    from backoffice.access.limits import Withdrawn
    from backoffice.cli.approval import propose
    from backoffice.cli.failure import CommandFailed
    from engine.rules import Limits

    if beyond_rating and whose is not Place.FIRM:
        raise CommandFailed("--beyond-rating is for firms: a rating is a client's as a whole")
    withdrawn = Withdrawn(withdrawn_day, withdrawn_month)

    def step(session: "AsyncSession", office: "Office") -> "Awaitable[Approval]":
        decimals = decimals_of(office.settings)
        asked = Limits(open_orders, _amounts(quantity, decimals), _amounts(notional, decimals))
        if beyond_rating:
            return limiting.propose_beyond_rating(
                session, office.actor, name, asked, withdrawn, why=acting.why, now_ns=office.now_ns
            )
        return limiting.propose(
            session, office.actor, whose.value, name, asked, withdrawn, why=acting.why, now_ns=office.now_ns
        )

    propose(acting, step)


@grouped
def allowed(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An account, or a firm.", show_default=False)],
    looking: Looking,
) -> None:
    """Show all limits that hold for an account, or for a firm as a whole, and where each comes from."""
    from backoffice.access.allowed import allowed_to
    from backoffice.cli.tables import show_table

    async def rows(session: "AsyncSession", office: "Office") -> list[tuple[Cell, ...]]:
        found = await allowed_to(session, name, office.now_ns)
        return [(each.what, each.limit, each.left, each.source) for each in found]

    show_table(("what", "limit", "left", "from"), looking.ask(rows), looking.form)


def _amounts(given: list[str] | None, decimals: dict[str, int]) -> dict[str, int]:
    from backoffice.cli.failure import CommandFailed

    amounts = {}
    for text in given or ():
        asset, sign, amount = text.partition("=")
        if not sign:
            raise CommandFailed(f"{text}: write {_EACH}, as USD=1000000")
        amounts[asset] = amount_of(amount, asset, decimals)
    return amounts
