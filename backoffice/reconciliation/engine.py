"""Compares what clients have in the books with what they have in the engine, replayed to the same record."""

from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.ledger.balances import balances
from backoffice.ledger.chart import CLIENT_KINDS, name_of
from backoffice.ledger.chart import Kind as AccountKind
from backoffice.reconciliation.found import Found, Kind
from engine.state import State


async def against_engine(session: AsyncSession, state: State, sequence: int) -> list[Found]:
    """Return every balance of a client that is another in the engine, whose state is that after record `sequence`."""
    in_books = {
        (row.account, row.asset, AccountKind(row.kind)): amount
        for row, amount in await balances(session, sequence)
        if row.account
    }
    in_engine = {
        (name, asset, kind): amount
        for name, account in state.accounts.items()
        for asset, holding in account.holdings.items()
        for kind, amount in zip(CLIENT_KINDS, (holding.available, holding.reserved, holding.held), strict=True)
    }
    return [
        Found(
            kind=Kind.ENGINE,
            subject=name_of(kind, asset, account),
            asset=asset,
            here="in the books",
            here_amount=in_books.get((account, asset, kind), 0),
            there="in the engine",
            there_amount=in_engine.get((account, asset, kind), 0),
        )
        for account, asset, kind in sorted(in_books.keys() | in_engine.keys())
        if in_books.get((account, asset, kind), 0) != in_engine.get((account, asset, kind), 0)
    ]
