"""What a movement on a client's account was about: trades, their corrections, fees that were charged, payments.

Else it is told as a credit or a debit.
"""

from collections import defaultdict
from typing import Final

import msgspec
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.payments.tables import Deposit, Withdrawal
from backoffice.projector.tables import FeeCharge, PaymentBooked, TradeAmendment, TradeRow
from backoffice.reports import blotter
from backoffice.reports.market import Market, market_of
from backoffice.reports.scope import Scope, time_of
from engine.values import Amount, Side

_TOLD_MAX: Final = 3
"""Of one record's trades so many are told one by one."""


class Meaning(msgspec.Struct, frozen=True):
    """What a movement was, and when."""

    time_ns: int
    text: str
    fee: Amount
    """What of the movement is a fee, in its asset; below zero for a rebate, or for a fee that was given back."""


class Told(msgspec.Struct):
    """What is known of a record."""

    time_ns: int
    texts: list[str] = msgspec.field(default_factory=list)
    fees: dict[str, Amount] = msgspec.field(default_factory=dict)
    """By asset."""


class Meanings:
    """What the movements of an account were about."""

    __slots__ = ("_booked_ns", "_payments", "_told")

    def __init__(self, told: dict[int, Told], payments: dict[int, str], booked_ns: dict[int, int]) -> None:
        self._told = told
        self._payments = payments
        self._booked_ns = booked_ns
        """When records were that moved money in or out of the venue."""

    async def of(self, session: AsyncSession, sequence: int, asset: str, amount: Amount) -> Meaning:
        """Return what a record's movement in an asset was."""
        told = self._told.get(sequence)
        if told is None:
            text = self._payments.get(sequence) or ("credit" if amount > 0 else "debit")
            return Meaning(self._booked_ns.get(sequence) or await time_of(session, sequence), text, 0)
        text = "; ".join(told.texts[:_TOLD_MAX])
        more = len(told.texts) - _TOLD_MAX
        return Meaning(told.time_ns, f"{text}; {more} more" if more > 0 else text, told.fees.get(asset, 0))


async def meanings(session: AsyncSession, account: str, first: int, last: int) -> Meanings:
    """Return what an account's movements were about, of those after one record and through another."""
    market = await market_of(session)
    told: dict[int, Told] = {}
    start = await blotter.TRADES.first(session, TradeRow.sequence, first + 1)
    async for page in blotter.trades(session, Scope(account=account, sequence=last), None, from_trade=start):
        for each in page:
            _tell_trade(told, each, account, market)
    amended = (
        select(TradeAmendment, TradeRow)
        .join(TradeRow, TradeRow.trade_id == TradeAmendment.trade_id)
        .where(
            TradeAmendment.sequence > first,
            TradeAmendment.sequence <= last,
            or_(TradeRow.maker_account == account, TradeRow.taker_account == account),
        )
    )
    for amendment, trade in await session.execute(amended.order_by(TradeAmendment.sequence, TradeAmendment.number)):
        _tell_amendment(told, amendment, trade, account, market)
    charges = select(FeeCharge).where(FeeCharge.account == account)
    for charge in await session.scalars(charges.where(FeeCharge.sequence > first, FeeCharge.sequence <= last)):
        told[charge.sequence] = Told(charge.time_ns, [f"fee: {charge.why}"], {charge.asset: charge.amount})
    booked = select(PaymentBooked.sequence, PaymentBooked.time_ns).where(PaymentBooked.account == account)
    booked = booked.where(PaymentBooked.sequence > first, PaymentBooked.sequence <= last)
    booked_ns = {row.sequence: row.time_ns for row in await session.execute(booked)}
    return Meanings(told, await _payments(session, account, first, last), booked_ns)


def _tell_trade(told: dict[int, Told], blotted: blotter.Blotted, account: str, market: Market) -> None:
    trade, symbol = blotted.trade, blotted.trade.symbol
    # The record made the trade as it was before any correction.
    price, qty, maker_fee, taker_fee = blotted.price, blotted.qty, blotted.maker_fee, blotted.taker_fee
    if blotted.amendments:
        original = blotted.amendments[0]
        price, qty = original.previous_price, original.previous_qty
        maker_fee, taker_fee = original.previous_maker_fee, original.previous_taker_fee
    into = told.setdefault(trade.sequence, Told(trade.time_ns))
    done = f"{market.qty(symbol, qty)} {symbol} at {market.price(symbol, price)}"
    for is_taker, whose, fee in ((False, trade.maker_account, maker_fee), (True, trade.taker_account, taker_fee)):
        if whose == account:
            buys = (trade.taker_side == Side.BUY) == is_taker
            into.texts.append(f"T{trade.trade_id}: {'bought' if buys else 'sold'} {done}")
            _add_fee(into, market.instruments[symbol].quote, fee)


def _tell_amendment(
    told: dict[int, Told], amendment: TradeAmendment, trade: TradeRow, account: str, market: Market
) -> None:
    into = told.setdefault(amendment.sequence, Told(amendment.time_ns))
    into.texts.append(f"T{trade.trade_id} {'corrected' if amendment.qty else 'busted'}: {amendment.why}")
    for whose, before, after in (
        (trade.maker_account, amendment.previous_maker_fee, amendment.maker_fee),
        (trade.taker_account, amendment.previous_taker_fee, amendment.taker_fee),
    ):
        if whose == account:
            _add_fee(into, market.instruments[trade.symbol].quote, after - before)


def _add_fee(into: Told, asset: str, fee: Amount) -> None:
    into.fees[asset] = into.fees.get(asset, 0) + fee


async def _payments(session: AsyncSession, account: str, first: int, last: int) -> dict[int, str]:
    found: dict[int, list[str]] = defaultdict(list)
    for name, table, sequence in (
        ("deposit", Deposit, Deposit.credited_sequence),
        ("withdrawal", Withdrawal, Withdrawal.ended_sequence),
    ):
        wanted = select(sequence, table.id).where(table.account == account, sequence > first, sequence <= last)
        for record, number in await session.execute(wanted):
            if record is not None:
                found[record].append(f"{name} {number}")
    return {record: ", ".join(texts) for record, texts in found.items()}
