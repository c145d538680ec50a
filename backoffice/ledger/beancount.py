"""The books as beancount's plain text, so that a program that is not ours can check them: `bean-check FILE`.

Each entry is a transaction: a batch of the journal with the net of its postings, or what the house has booked. At the
end stands what every account must come to, taken from the balances that the postings hold, and not from their amounts:
so beancount's own sums prove the one by the other. In beancount debits are above zero; here credits are, so every sign
is turned. Source: beancount's language syntax, version 3.
"""

import re
from collections import defaultdict
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.ledger.balances import balances
from backoffice.ledger.chart import SIDES, Kind
from backoffice.ledger.tables import LedgerAccount
from backoffice.ledger.walking import entries_with_postings
from backoffice.projector.tables import VenueAsset
from backoffice.times import day_of
from engine.decimals import format_decimal
from engine.values import Amount

_UNFIT: Final = re.compile(r"[^A-Za-z0-9-]")


async def beancount_of(session: AsyncSession) -> AsyncGenerator[str]:
    """Yield the lines of all the books."""
    decimals = {row.asset: row.decimals for row in await session.scalars(select(VenueAsset))}
    accounts = {row.id: row for row in await session.scalars(select(LedgerAccount).order_by(LedgerAccount.id))}
    names = {number: _account(row) for number, row in accounts.items()}
    assets = {asset: _commodity(asset) for asset in decimals}
    opened, last = False, ""
    async for entry, postings in entries_with_postings(session):
        last = _day(entry.time_ns)
        if not opened:
            opened = True
            for number, row in accounts.items():
                yield f"{last} open {names[number]} {assets[row.asset]}"
        net: dict[int, Amount] = defaultdict(int)
        for _, number, _, amount, _ in postings:
            net[number] += amount
        if not any(net.values()):
            continue
        yield ""
        yield f"{last} * {_quoted(entry.key)} {_quoted(entry.why)}"
        yield f"  entry: {entry.id}"
        yield f'  records: "{entry.from_sequence}-{entry.through_sequence}"'
        for number, amount in sorted(net.items()):
            if amount:
                asset = accounts[number].asset
                yield f"  {names[number]}  {format_decimal(-amount, decimals[asset])} {assets[asset]}"
    if opened:
        yield ""
        tomorrow = (datetime.fromisoformat(last) + timedelta(days=1)).date().isoformat()
        for row, amount in await balances(session):
            worth = format_decimal(-amount, decimals[row.asset])
            yield f"{tomorrow} balance {names[row.id]}  {worth} {assets[row.asset]}"


def _account(row: LedgerAccount) -> str:
    side = SIDES[Kind(row.kind)].capitalize()
    kind = "".join(word.capitalize() for word in row.kind.split("-"))
    whose = _component(row.account) if row.account else "House"
    return f"{side}:{whose}:{_component(row.asset)}:{kind}"


def _component(name: str) -> str:
    """Return a name as a part of an account's, told apart from all others: what does not fit is written as its code."""
    fit = _UNFIT.sub(lambda found: f"-{ord(found[0]):x}-", name)
    return fit if fit[0].isupper() or fit[0].isdigit() else f"X{fit}"


def _commodity(asset: str) -> str:
    fit = _UNFIT.sub("-", asset).upper()
    return fit if len(fit) > 1 and fit[0].isalpha() else f"A-{fit}-X"


def _day(time_ns: int) -> str:
    return day_of(time_ns).isoformat()


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'
