"""Whether anything is known of the client behind an account that speaks against a payment of it, now."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.access.allowances import allowances_of
from backoffice.crm import transfers
from backoffice.crm.following_up import put_task
from backoffice.crm.screening.checking import hits_of, true_matches_of
from backoffice.crm.tables.file import Client
from backoffice.crm.workflow import State, Suspension, may_withdraw
from backoffice.payments.clients import Flow, Transfer
from backoffice.payments.velocity import Allowance
from backoffice.projector.tables import VenueAccount
from backoffice.staff.actor import BACK_OFFICE
from backoffice.staff.permissions import Role
from backoffice.staff.sealing import Sealer
from backoffice.times import day_of

_TAKES_DEPOSITS = frozenset({State.ACTIVE, State.SUSPENDED})


class ClientsBehindAccounts:
    """Answers the payments' questions about clients."""

    def __init__(self, sealer: Sealer) -> None:
        """`sealer` opens what goes along with transfers."""
        self._sealer = sealer

    async def knows(self, session: AsyncSession, account: str) -> bool:
        """Tell whether the projection has come to the record that opened an account."""
        return await session.get(VenueAccount, account) is not None

    async def allowances(self, session: AsyncSession, account: str) -> Sequence[Allowance]:
        """Return what a client's rating, and limits down to the account, let it withdraw."""
        client = await client_behind(session, account)
        return await allowances_of(session, client.firm, account) if client is not None and client.firm else ()

    async def objection(self, session: AsyncSession, account: str, flow: Flow, _asset: str, _amount: int) -> str:
        """Return why a payment of an account must not go on now, empty if nothing is against it."""
        client = await client_behind(session, account)
        if client is None:
            return f"account {account} is no client's"
        state = State(client.state)
        suspension = None if client.suspension is None else Suspension(client.suspension)
        if flow is Flow.IN and (state not in _TAKES_DEPOSITS or suspension is Suspension.ALL):
            return f"{client.id} is {client.state}, and takes no deposits"
        if flow is Flow.OUT and not may_withdraw(state, suspension):
            return f"{client.id} is {client.state}, and may not withdraw"
        open_hits = await hits_of(session, client)
        true_matches = await true_matches_of(session, client)
        if true_matches:
            return f"{client.id} is on a sanctions list: {true_matches[0].id}"
        return f"{client.id} has screening hits to be decided: {open_hits[0].id}" if open_hits else ""

    async def have_done(self, session: AsyncSession, account: str, what: str, now_ns: int) -> None:
        """Make it a task of treasury's for the client, due tomorrow, if the account is a client's."""
        client = await client_behind(session, account)
        if client is not None:
            due = day_of(now_ns) + dt.timedelta(days=1)
            await put_task(
                session, BACK_OFFICE, client, what, due, Role.TREASURY.value, why="a rail took it back", now_ns=now_ns
            )

    async def travel_rule(self, session: AsyncSession, transfer: Transfer, now_ns: int) -> str:
        """Return what the Travel Rule asks for and is missing of a transfer; else its data are kept."""
        client = await client_behind(session, transfer.account)
        return "" if client is None else await transfers.objection(session, self._sealer, client, transfer, now_ns)


async def client_behind(session: AsyncSession, account: str) -> Client | None:
    """Return the client whose account it is, None if it is nobody's that we know."""
    query = select(Client).join(VenueAccount, VenueAccount.firm == Client.firm).where(VenueAccount.account == account)
    return await session.scalar(query)
