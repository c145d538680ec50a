"""`fondaco venue block`, `block-withdrawals`, `limits` and their likes: what firms, accounts and sessions may do."""

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.numbers import NUMBER_MAX
from backoffice.cli.option_groups import grouped
from backoffice.cli.venue.request import Asked, AskedToStop, command, venue_shown

if TYPE_CHECKING:
    from engine.events import AnyEvent


class Whom(Enum):
    """Whom a block is for."""

    FIRM = "firm"
    ACCOUNT = "account"
    SESSION = "session"


class Owner(Enum):
    """Who has funds: whom limits, fees and blocks of withdrawals are for."""

    FIRM = "firm"
    ACCOUNT = "account"


NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Which one.", show_default=False)]
WhomArgument = Annotated[Whom, typer.Argument(help="Whom.", show_default=False)]
OwnerArgument = Annotated[Owner, typer.Argument(help="Whose.", show_default=False)]


@grouped
def block(whom: WhomArgument, name: NameArgument, asked: AskedToStop) -> None:
    """Cancel all open orders of a firm, an account or a session, and take no more until it is unblocked."""
    from engine.commands import Block
    from engine.values import Scope

    command(asked, Block(Scope[whom.name], name, asked.who, asked.why), _told)


@grouped
def unblock(whom: WhomArgument, name: NameArgument, asked: Asked) -> None:
    """Take orders of a firm, an account or a session again.

    A client's suspension is lifted by two people: `fondaco client resume`.
    """
    from engine.commands import Unblock
    from engine.values import Scope

    command(asked, Unblock(Scope[whom.name], name, asked.who, asked.why), _told)


@grouped
def block_withdrawals(whose: OwnerArgument, name: NameArgument, asked: AskedToStop) -> None:
    """Hold no more funds for withdrawals of a firm or an account, nor transfer any from it; what is held may go."""
    from engine.commands import BlockWithdrawals
    from engine.values import Scope

    command(asked, BlockWithdrawals(Scope[whose.name], name, asked.who, asked.why), _told)


@grouped
def unblock_withdrawals(whose: OwnerArgument, name: NameArgument, asked: Asked) -> None:
    """Let a firm or an account withdraw again.

    A client's suspension is lifted by two people: `fondaco client resume`.
    """
    from engine.commands import UnblockWithdrawals
    from engine.values import Scope

    command(asked, UnblockWithdrawals(Scope[whose.name], name, asked.who, asked.why), _told)


@grouped
def limits(
    whose: OwnerArgument,
    name: NameArgument,
    *,
    asked: Asked,
    open_orders_max: Annotated[
        int,
        typer.Option(
            "--open-orders",
            metavar="N",
            min=0,
            max=NUMBER_MAX,
            help="Open orders at a time.",
            show_default="no limit",
        ),
    ] = 0,
    order_max: Annotated[
        list[str] | None,
        typer.Option(
            "--order",
            metavar="ASSET=AMOUNT",
            help="Largest quantity of an order in a base asset; may be repeated.",
            show_default="no limit",
        ),
    ] = None,
    notional_max: Annotated[
        list[str] | None,
        typer.Option(
            "--notional",
            metavar="ASSET=AMOUNT",
            help="Largest price times quantity of an order in a quote asset; may be repeated.",
            show_default="no limit",
        ),
    ] = None,
) -> None:
    """Give a firm or an account its limits, all of them: what is not given is not limited any more.

    Those of clients are set by two people: `fondaco access limits`.
    """
    from engine.commands import SetLimits
    from engine.rules import Limits
    from engine.values import Scope

    assets = venue_shown(asked).assets
    limits = Limits(open_orders_max, _amounts(assets, order_max or []), _amounts(assets, notional_max or []))
    command(asked, SetLimits(Scope[whose.name], name, limits, asked.who, asked.why), _told)


def _amounts(assets: dict[str, int], texts: list[str]) -> dict[str, int]:
    """Return amounts given as `USD=1000.50` in smallest units, by asset."""
    from backoffice.cli.failure import CommandFailed
    from engine.decimals import parse_decimal
    from engine.errors import DecimalError

    amounts = {}
    for text in texts:
        asset, sign, amount = text.partition("=")
        if not sign:
            raise CommandFailed(f"{text}: write ASSET=AMOUNT, as USD=1000.50")
        if asset not in assets:
            raise CommandFailed(f"{text}: unknown asset {asset}; the venue has {', '.join(assets)}")
        try:
            amounts[asset] = parse_decimal(amount, assets[asset])
        except DecimalError as error:
            raise CommandFailed(f"{text}: {error}") from error
    return amounts


def _told(events: "Sequence[AnyEvent]") -> list[str]:
    from engine.events import Blocked, LimitsSet, Unblocked, WithdrawalsBlocked, WithdrawalsUnblocked

    lines = []
    for event in events:
        if isinstance(event, Blocked):
            canceled = f"{event.canceled:,} open order{' was' if event.canceled == 1 else 's were'} cancelled"
            already = "was blocked already" if event.was_blocked else "is blocked"
            lines.append(f"{event.scope.name.lower()} {event.name} {already}; {canceled}")
        elif isinstance(event, Unblocked):
            now = "may trade again" if event.was_blocked else "was not blocked"
            lines.append(f"{event.scope.name.lower()} {event.name} {now}")
        elif isinstance(event, WithdrawalsBlocked):
            now = "was blocked for withdrawals already" if event.was_blocked else "is blocked for withdrawals"
            lines.append(f"{event.scope.name.lower()} {event.name} {now}")
        elif isinstance(event, WithdrawalsUnblocked):
            now = "may withdraw again" if event.was_blocked else "was not blocked for withdrawals"
            lines.append(f"{event.scope.name.lower()} {event.name} {now}")
        elif isinstance(event, LimitsSet):
            lines.append(f"{event.scope.name.lower()} {event.name} has these limits now")
    return lines
