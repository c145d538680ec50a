"""Options that several reports share: whose, of which instrument, of which time, how many."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.moments import AsOfOption, FromOption, UntilOption
from backoffice.cli.office import Looking

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.moments import AsOf
    from backoffice.reports.scope import Scope, Seen

ClientOption = Annotated[
    str, typer.Option("--client", metavar="CLIENT", help="Of this client, as in C-1.", show_default="all")
]
FirmOption = Annotated[str, typer.Option("--firm", metavar="FIRM", help="Of this firm.", show_default="all")]
AccountOption = Annotated[
    str, typer.Option("--account", metavar="ACCOUNT", help="Of this account.", show_default="all")
]
SymbolOption = Annotated[
    str, typer.Option("--symbol", metavar="SYMBOL", help="In this instrument.", show_default="all")
]
EveryOption = Annotated[bool, typer.Option("--all", help="All of them; --count does not matter.")]
ChartOption = Annotated[bool, typer.Option("--chart", help="Draw it, for people.")]


@dataclass(frozen=True, kw_only=True)
class LookingBack(Looking):
    """The options of a report that can be had as of any moment."""

    as_of: AsOfOption = None


@dataclass(frozen=True, kw_only=True)
class Whose:
    """The options by which a report is narrowed down to some of the market."""

    client: ClientOption = ""
    firm: FirmOption = ""
    account: AccountOption = ""
    symbol: SymbolOption = ""


@dataclass(frozen=True, kw_only=True)
class When:
    """The options by which a report is narrowed down to a time."""

    from_ns: FromOption = None
    until_ns: UntilOption = None

    def __post_init__(self) -> None:
        """Raise `typer.BadParameter` if there is no such time."""
        if self.from_ns is not None and self.until_ns is not None and self.from_ns >= self.until_ns:
            raise typer.BadParameter("--from must be before --until")


def scope_of(whose: Whose, when: When | None = None, sequence: int | None = None) -> "Scope":
    """Return what a report is about."""
    from backoffice.reports.scope import Scope

    when = when or When()
    return Scope(whose.client, whose.firm, whose.account, whose.symbol, when.from_ns, when.until_ns, sequence)


async def since_record(session: "AsyncSession", since: "AsOf | None", until: int) -> int | None:
    """Return the record since which something has changed, None if that is not asked. Raise `CommandFailed`."""
    from backoffice.cli.failure import CommandFailed

    if since is None:
        return None
    before = await record_of(session, since)
    if before > until:
        raise CommandFailed(f"--since is record {before}, after record {until}, which the report is as of")
    return before


async def record_of(session: "AsyncSession", as_of: "AsOf | None") -> int:
    """Return the record that a report is as of: the last one, unless a moment is given. Raise `NotFound`."""
    from backoffice.projector.as_of import checked, sequence_at

    if as_of is None:
        return await checked(session, None)
    if as_of.time_ns is not None:
        return await sequence_at(session, as_of.time_ns)
    return await checked(session, as_of.sequence)


async def moment_of(session: "AsyncSession", as_of: "AsOf | None") -> int | None:
    """Return the time that a report is as of: a record's, if that is named; None for now. Raise `NotFound`."""
    from backoffice.projector.as_of import checked
    from backoffice.reports.scope import time_of

    if as_of is None or as_of.time_ns is not None:
        return None if as_of is None else as_of.time_ns
    return await time_of(session, await checked(session, as_of.sequence))


async def seen_by(session: "AsyncSession", as_of: "AsOf | None") -> "Seen | None":
    """Return the moment that a report is as of, by record and time; None for now. Raise `NotFound`."""
    from backoffice.reports.scope import Seen

    at_ns = await moment_of(session, as_of)
    return None if at_ns is None else Seen(await record_of(session, as_of), at_ns)
