"""The demo's audit: what the venue's journal holds, and whether the brokers' own books say the same.

The journal is replayed from its first record, and every event compared with the recorded one, as `fondaco journal
verify` does.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from backoffice.cli.demo.broker import Broker
from engine.events import (
    AnyEvent,
    CancelRejected,
    Credited,
    ListReported,
    MassCanceled,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrderReplaced,
    OrderTriggered,
    Refused,
    Trade,
)
from engine.frames import Record
from engine.instrument import Instrument
from engine.journal import JournalReader
from engine.recovery import JOURNAL, recover
from engine.snapshot import state_hash
from engine.state import State
from engine.values import EXPIRIES, Amount, OrderStatus, Price, Qty

BLOTTER_LENGTH: Final = 12


@dataclass(slots=True)
class Turnover:
    """What was traded in one instrument."""

    instrument: Instrument
    trades: int = 0
    volume: Qty = 0
    notional: Amount = 0
    high: Price = 0
    low: Price = 0
    last: Price = 0

    def add(self, trade: Trade) -> None:
        """Take in a trade."""
        self.high = max(self.high, trade.price)
        self.low = min(self.low, trade.price) if self.trades else trade.price
        self.last = trade.price
        self.trades += 1
        self.volume += trade.qty
        self.notional += trade.notional


@dataclass(slots=True)
class Audit:
    """What the journal tells."""

    state: State
    records: int
    state_hash: str
    turnovers: dict[str, Turnover]
    blotter: deque[tuple[int, Trade]] = field(default_factory=lambda: deque(maxlen=BLOTTER_LENGTH))
    """The last trades with their times in nanoseconds."""
    deposits: dict[tuple[str, str], Amount] = field(default_factory=dict)
    """By account and asset."""
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    """By session, as the brokers count them."""
    bytes: int = 0

    def balance(self, account: str, asset: str) -> Amount:
        """Return what an account holds, of which some may back open orders or be held for withdrawals."""
        return self.state.accounts[account].holdings[asset].total

    def add(self, record: Record) -> None:
        """Take in a record's events."""
        for event in record.events:
            if isinstance(event, Trade):
                self.turnovers[event.symbol].add(event)
                self.blotter.append((record.time_ns, event))
            elif isinstance(event, Credited):
                key = (event.account, event.asset)
                self.deposits[key] = self.deposits.get(key, 0) + event.amount
            for session, outcome in _outcomes(event):
                self.outcomes.setdefault(session, Counter())[outcome] += 1


def read(data: Path, progress: Callable[[int], None]) -> Audit:
    """Replay the journal of a venue that has stopped; `progress` is told the sequence reached. Raise `EngineError`."""
    recovered = recover(data, use_snapshot=False, progress=progress)
    state = recovered.exchange.state
    audit = Audit(
        state=state,
        records=recovered.sequence,
        state_hash=state_hash(state, recovered.sequence),
        turnovers={symbol: Turnover(book.instrument) for symbol, book in state.books.items()},
    )
    reader = JournalReader(data / JOURNAL)
    for record in reader.records():
        audit.add(record)
    audit.bytes = sum(segment.path.stat().st_size for segment in reader.segments())
    return audit


def differences(audit: Audit, brokers: Iterable[Broker]) -> list[str]:
    """Return what does not add up: per asset, and between each broker's books and the journal. Empty if all does."""
    state = audit.state
    found = []
    for asset, credited in state.credited.items():
        deposits = credited - state.withdrawn[asset]
        held, fees = sum(audit.balance(account, asset) for account in state.accounts), state.fees[asset]
        if held + fees != deposits:
            found.append(
                f"{asset}: accounts hold {held}, fees are {fees}, but {deposits} was deposited (smallest units)"
            )
    for broker in brokers:
        found += [f"{broker.comp_id}: {difference}" for difference in _differences_of(audit, broker)]
    return found


def _differences_of(audit: Audit, broker: Broker) -> Iterator[str]:
    for asset, own in broker.balances.items():
        booked = audit.balance(broker.account, asset)
        if own != booked:
            yield f"its reports give {own} {asset}, the journal {booked} (smallest units)"
    journaled = audit.outcomes.get(broker.comp_id, Counter())
    for outcome in sorted(broker.outcomes.keys() | journaled.keys()):
        told, recorded = broker.outcomes[outcome], journaled[outcome]
        if told != recorded:
            yield f"{outcome!r} was reported {told} times, and is in the journal {recorded} times"
    believed, resting = len(broker.orders), len(audit.state.accounts[broker.account].orders)
    if believed or resting:
        yield f"it believes {believed} orders to be open at the end, the journal has {resting}, and none should be"


_OUTCOMES: Final[dict[type, str]] = {
    OrderRejected: "rejected",
    OrderTriggered: "triggered",
    CancelRejected: "cancel or replace refused",
    MassCanceled: "mass cancel",
}
_REFUSALS: Final = {"8": "rejected", "9": "cancel or replace refused", "N": "list refused"}
"""By the message that tells of it."""


def _outcomes(event: AnyEvent) -> list[tuple[str, str]]:
    """Return which sessions are told of an event, and of what."""
    match event:
        case Trade():
            return [(event.maker_session, "filled"), (event.taker_session, "filled")]
        case OrderAccepted():
            return [(event.session, "waiting" if event.status is OrderStatus.PENDING_NEW else "accepted")]
        case OrderReplaced():
            return [(event.requester, "replaced")]
        case OrderCanceled():
            return [(event.requester, "expired" if event.reason in EXPIRIES else "cancelled")]
        case ListReported():
            return [(event.session, "list refused" if event.reason else "list status")]
        case OrderRejected() | OrderTriggered() | CancelRejected() | MassCanceled():
            return [(event.session, _OUTCOMES[type(event)])]
        case Refused() if event.form in _REFUSALS:
            return [(event.session, _REFUSALS[event.form])]
        case _:
            return []
