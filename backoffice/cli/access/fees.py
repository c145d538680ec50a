"""`fondaco fees`: schedules of fees, who trades by which, and what the venue charges now."""

from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.office import Acting, Looking
from backoffice.cli.option_groups import grouped
from backoffice.cli.payments.amounts import amount_of, check_asset, decimals_of
from backoffice.cli.tables import Cell, Moment

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.access.fees import FeeTier
    from backoffice.cli.office import Office
    from backoffice.outbox import Outgoing
    from backoffice.staff.tables import Approval

ScheduleArgument = Annotated[str, typer.Argument(metavar="SCHEDULE", help="Its name.", show_default=False)]
EffectiveOption = Annotated[
    str | None,
    typer.Option("--from", metavar="TIME", help="From when on it holds (ISO 8601, UTC).", show_default="now"),
]


@grouped
def schedule(
    schedule: ScheduleArgument,
    *,
    asset: Annotated[str, typer.Option("--asset", metavar="ASSET", help="In which volume is counted.")],
    tier: Annotated[
        list[str],
        typer.Option("--tier", metavar="VOLUME:MAKER:TAKER", help="Fees in basis points from a volume on. Repeatable."),
    ],
    minimum: Annotated[
        str | None, typer.Option("--minimum", metavar="AMOUNT", help="At least so much a month.")
    ] = None,
    effective: EffectiveOption = None,
    acting: Acting,
) -> None:
    """Propose a fee schedule, or the next version of one; somebody else approves it.

    The volume is that of the last 30 days. A maker's fee below zero is a rebate: --tier 0:2:5 --tier 1000000:-1:4
    """
    from backoffice.access import charging
    from backoffice.access.fees import Fees
    from backoffice.cli.approval import propose
    from backoffice.cli.moments import time_of

    async def step(session: "AsyncSession", office: "Office") -> "Approval":
        decimals = decimals_of(office.settings)
        check_asset(asset, decimals)
        tiers = tuple(_tier(text, asset, decimals) for text in tier)
        least = amount_of(minimum, asset, decimals) if minimum else 0
        since_ns = time_of(effective) if effective else office.now_ns
        return await charging.propose_schedule(
            *(session, office.actor, schedule, Fees(asset, tiers, least), since_ns),
            why=acting.why,
            now_ns=office.now_ns,
        )

    propose(acting, step)


@grouped
def assign(
    schedule: ScheduleArgument,
    *,
    firm: Annotated[str, typer.Option("--firm", metavar="FIRM", help="Who trades by it.", show_default=False)],
    symbol: Annotated[str, typer.Option("--symbol", metavar="SYMBOL", help="For one instrument.")] = "",
    effective: EffectiveOption = None,
    acting: Acting,
) -> None:
    """Propose that a firm trades by a schedule; somebody else approves it."""
    from backoffice.access import charging
    from backoffice.cli.approval import propose
    from backoffice.cli.moments import time_of

    async def step(session: "AsyncSession", office: "Office") -> "Approval":
        since_ns = time_of(effective) if effective else office.now_ns
        return await charging.propose_assignment(
            session, office.actor, firm, schedule, symbol, since_ns, why=acting.why, now_ns=office.now_ns
        )

    propose(acting, step)


@grouped
def list_fees(looking: Looking) -> None:
    """List what firms pay now, by which schedule, and why."""
    from backoffice.access.charging import in_force
    from backoffice.cli.tables import show_table
    from backoffice.cli.venue.figures import rate_text

    async def rows(session: "AsyncSession", _office: "Office") -> list[tuple[Cell, ...]]:
        return [
            (
                *(each.firm, each.symbol or "all", each.schedule, each.version),
                *(rate_text(each.maker_ppm), rate_text(each.taker_ppm)),
                *(Moment(each.since_ns), _state(command), each.why),
            )
            for each, command in await in_force(session)
        ]

    head = ("firm", "instrument", "schedule", "version", "maker bps", "taker bps", "since", "state", "why")
    show_table(head, looking.ask(rows), looking.form)


def _state(command: "Outgoing | None") -> str:
    if command is not None and command.given_ns is None:
        return "the venue is to be told"
    return f"refused: {command.refusal}" if command is not None and command.refusal else "in force"


def _tier(text: str, asset: str, decimals: dict[str, int]) -> "FeeTier":
    from backoffice.access.fees import FeeTier
    from backoffice.cli.failure import CommandFailed
    from backoffice.cli.venue.figures import rate_of
    from engine.errors import DecimalError

    parts = text.split(":")
    try:
        volume, maker, taker = parts[0], *(rate_of(part) for part in parts[1:])
    except (ValueError, DecimalError) as error:
        raise CommandFailed(f"{text}: write VOLUME:MAKER:TAKER, as 1000000:-1:4") from error
    return FeeTier(0 if volume.strip("0.") == "" else amount_of(volume, asset, decimals), maker, taker)
