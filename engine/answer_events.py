"""Events that answer questions: of phases, balances, trades and instruments, and what is replayed."""

from engine.event import Event
from engine.rules import Rules
from engine.values import (
    Amount,
    Phase,
    Price,
    Qty,
    Side,
)


class PhaseReported(Event, tag=49, frozen=True, array_like=True, gc=False):
    """The phase of an instrument, as asked. `reason` other than 0: it cannot be told, and why."""

    session: str
    request_id: str
    symbol: str
    is_security_status: bool
    phase: Phase
    last_price: Price
    reason: int = 0
    text: str = ""


class BalancesAnswered(Event, tag=80, frozen=True, array_like=True, gc=False):
    """A question for balances is answered by so many reports, which follow; or refused, for a `reason`."""

    session: str
    request_id: str
    account: str
    is_collateral: bool
    reports: int
    reason: int = 0
    text: str = ""


class BalanceReported(Event, tag=81, frozen=True, array_like=True, gc=False):
    """What an account has of an asset: one of `reports` answers to a question. Amounts have so many `decimals`."""

    session: str
    request_id: str
    account: str
    is_collateral: bool
    asset: str
    decimals: int
    available: Amount
    reserved: Amount
    reports: int
    is_last: bool
    held: Amount = 0
    """What is held for withdrawals."""


class TradesAnswered(Event, tag=82, frozen=True, array_like=True, gc=False):
    """A question for trades is answered by so many reports, which follow; or refused, for a `reason`.

    `next_trade_id` is where to go on if there may be more, else 0.
    """

    session: str
    request_id: str
    is_all: bool
    reports: int
    next_trade_id: int = 0
    reason: int = 0
    text: str = ""


class TradeReported(Event, tag=83, frozen=True, array_like=True, gc=False):
    """One side of a trade as it stands now, one of `reports` answers; a busted one with what it was."""

    session: str
    request_id: str
    trade_id: int
    is_taker: bool
    symbol: str
    account: str
    order_id: int
    cl_ord_id: str
    side: Side
    price: Price
    qty: Qty
    fee: Amount
    time_ns: int
    phase: Phase
    is_amended: bool
    is_busted: bool
    reports: int
    is_last: bool


class InstrumentReported(Event, tag=95, frozen=True, array_like=True, gc=False):
    """An instrument, as asked: the `place`th of `total`. `reason` other than 0: there is none, and why.

    `lowest_price` and `highest_price` are those of its price bands at the moment, 0 for no bound, and
    `reference_price` what the static one lies around.
    """

    session: str
    request_id: str
    symbol: str
    is_definition: bool
    place: int
    total: int
    phase: Phase
    rules: Rules
    lowest_price: Price
    highest_price: Price
    reference_price: Price
    reason: int = 0
    text: str = ""


class ReplayAnswered(Event, tag=85, frozen=True, array_like=True, gc=False):
    """A request for reports once more is answered; the fields are those of the `QueryReplay` command."""

    session: str
    request_id: str
    appl_id: str
    begin: int
    end: int
    response: int
    text: str


class ReplayEnded(Event, tag=86, frozen=True, array_like=True, gc=False):
    """All reports from record `begin` on, and before `next_sequence`, have been sent once more.

    `is_complete` is false if more was asked for.
    """

    session: str
    request_id: str
    begin: int
    next_sequence: int
    is_complete: bool
