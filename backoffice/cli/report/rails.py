"""`fondaco report rails`: what rails say that they have, beside what the books have there."""

from typing import TYPE_CHECKING

from backoffice.cli.office import Looking
from backoffice.cli.option_groups import grouped
from backoffice.cli.report.printing import Row, show_rows
from backoffice.cli.tables import Moment

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office

RAILS = (
    *("asset", "rails", "asked", "on rails", "omnibus", "suspense", "deposits", "withdrawals", "others"),
    *("difference", "break", "wallets"),
)


@grouped
def rails(*, looking: Looking) -> None:
    """Show what rails say that they have of each asset, what the books have, what is on its way, and what differs.

    It is as of when the rails were last asked, which they are every five minutes, and by `fondaco books reconcile`.
    What they said before that is not kept.
    """

    async def rows(desk: "Office", session: "AsyncSession") -> list[Row]:
        from backoffice.cli.payments.amounts import shown
        from backoffice.ledger.balances import decimals_of
        from backoffice.payments.opening import rails_of
        from backoffice.reconciliation.breaks import open_at
        from backoffice.reconciliation.found import Kind
        from backoffice.reconciliation.rail_balances import standings

        lags_ns = {name: rail.record_lag_ns for name, rail in rails_of(desk.settings, desk.data).items()}
        decimals = await decimals_of(session)
        breaks = {row.subject: row.name for row in await open_at(session, desk.now_ns, Kind.RAIL_BALANCE)}
        return [
            (
                each.asset,
                ", ".join(each.rails),
                Moment(each.asked_ns),
                *(
                    shown(amount, each.asset, decimals)
                    for amount in (
                        *(each.on_rails, each.omnibus, each.suspense),
                        *(each.deposits, each.withdrawals, each.others, each.difference),
                    )
                ),
                breaks.get(each.subject),
                shown(each.wallets, each.asset, decimals),
            )
            for each in await standings(session, lags_ns)
        ]

    show_rows(looking, RAILS, rows)
