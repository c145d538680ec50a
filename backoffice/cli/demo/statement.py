"""The statement of one account in the demo: what came in and went out, by deposits, trades, fees and withdrawals.

It is made of payments and trades alone, and must come to what the ledger says of the account.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.ledger.balances import holdings
from backoffice.payments.states import DepositState, WithdrawalState
from backoffice.payments.tables import Deposit, Withdrawal
from backoffice.projector.tables import TradeRow, VenueInstrument
from engine.values import Amount, Side


class Line(NamedTuple):
    """One asset of an account; amounts in its smallest unit."""

    asset: str
    deposits: Amount
    bought: Amount
    """What trades brought in,"""
    sold: Amount
    """and what they took out."""
    fees: Amount
    withdrawals: Amount
    closing: Amount
    """By the ledger."""
    held: Amount
    """The part of that which is set aside for withdrawals."""

    @property
    def flaw(self) -> str:
        """What does not add up, empty if all does."""
        reckoned = self.deposits + self.bought - self.sold - self.fees - self.withdrawals
        if reckoned == self.closing:
            return ""
        return f"its payments and trades come to {reckoned} {self.asset}, the ledger says {self.closing}"


async def statement(session: AsyncSession, account: str) -> list[Line]:
    """Return a line for each asset that the account has had."""
    deposits: dict[str, Amount] = {}
    bought: dict[str, Amount] = {}
    sold: dict[str, Amount] = {}
    fees: dict[str, Amount] = {}
    withdrawals: dict[str, Amount] = {}
    credited = select(Deposit).where(Deposit.account == account, Deposit.state == str(DepositState.CREDITED))
    for deposit in await session.scalars(credited):
        _add(deposits, deposit.asset, deposit.amount)
    paid = select(Withdrawal).where(Withdrawal.account == account, Withdrawal.state == str(WithdrawalState.SETTLED))
    for withdrawal in await session.scalars(paid):
        _add(withdrawals, withdrawal.asset, withdrawal.amount)
    instruments = {each.symbol: each for each in await session.scalars(select(VenueInstrument))}
    traded = select(TradeRow).where(or_(TradeRow.maker_account == account, TradeRow.taker_account == account))
    for trade in await session.scalars(traded):
        instrument = instruments[trade.symbol]
        for is_buy, fee in _sides(trade, account):
            base, quote = (instrument.base, trade.qty * instrument.base_per_lot), (instrument.quote, trade.notional)
            _add(bought, *(base if is_buy else quote))
            _add(sold, *(quote if is_buy else base))
            _add(fees, instrument.quote, fee)
    return [
        Line(
            asset=each.asset,
            deposits=deposits.get(each.asset, 0),
            bought=bought.get(each.asset, 0),
            sold=sold.get(each.asset, 0),
            fees=fees.get(each.asset, 0),
            withdrawals=withdrawals.get(each.asset, 0),
            closing=each.total,
            held=each.held,
        )
        for each in await holdings(session, account=account)
    ]


def _sides(trade: TradeRow, account: str) -> Iterable[tuple[bool, Amount]]:
    """Yield which sides of a trade are the account's: whether it bought, and its fee."""
    taker_bought = trade.taker_side == Side.BUY
    if trade.taker_account == account:
        yield taker_bought, trade.taker_fee
    if trade.maker_account == account:
        yield not taker_bought, trade.maker_fee


def _add(amounts: dict[str, Amount], asset: str, amount: Amount) -> None:
    amounts[asset] = amounts.get(asset, 0) + amount
