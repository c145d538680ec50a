"""What the journal says: what each session must have heard, and whether the books add up.

Written from the events alone, without the gateway's reports, delivery or indexes.
"""

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from engine.commands import CancelOrder, NewOrder, QueryOrder, Refuse, ReplaceOrder
from engine.events import (
    AnyEvent,
    CancelRejected,
    MassCanceled,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrderReplaced,
    OrderStatusReported,
    Refused,
    Trade,
)
from engine.frames import Record
from engine.journal import JournalReader
from engine.recovery import JOURNAL, recover
from engine.state import State
from engine.values import CancelReason, OrderStatus
from fixgw.codec import Message
from tests.e2e.broker import Broker

Said = dict[str, str | Decimal]
"""Fields of a message that must have been heard; numbers as numbers."""

_NUMBERS: Final = frozenset(("14", "151", "31", "32", "38", "44", "6", "137"))
_REQUESTS: Final = (NewOrder, CancelOrder, ReplaceOrder, QueryOrder, Refuse)


class Truth:
    """A journal, read to its end and replayed."""

    def __init__(self, data: Path) -> None:
        self.state: State = recover(data, use_snapshot=False).exchange.state
        """The state that replay gives, every event checked on the way."""
        self.records: list[Record] = list(JournalReader(data / JOURNAL).records())
        self.said: dict[str, list[Said]] = {session: [] for session in self.state.sessions}
        """What each session must have heard, in order."""
        for record in self.records:
            for number, event in enumerate(record.events):
                self._note(event, f"{record.sequence}-", number * 2)

    def check_books(self) -> None:
        """Funds are conserved: what was credited is with the accounts, was paid in fees or withdrawn."""
        state = self.state
        for asset, credited in state.credited.items():
            holdings = [account.holdings[asset] for account in state.accounts.values()]
            assert all(min(holding.available, holding.reserved, holding.held) >= 0 for holding in holdings)
            total = sum(holding.total for holding in holdings)
            assert credited - state.withdrawn[asset] == total + state.fees[asset]
        for account in state.accounts.values():
            for order in account.orders.values():
                assert order.cum_qty + order.leaves_qty == order.qty
        sequences = [record.sequence for record in self.records]
        assert sequences == list(range(1, len(sequences) + 1))

    def check_heard(self, broker: Broker, *, first_time: bool = True) -> None:
        """The broker has heard what the journal says, in its order; with `first_time` nothing twice."""
        heard = [_comparable(message) for message in broker.heard]
        if not first_time:
            repeated = [message.fields.get("97") == "Y" for message in broker.heard]
            heard = _without_repeats(heard, repeated)
        expected = self.said[broker.comp_id]
        for mine, theirs in zip(expected, heard, strict=False):
            assert mine.items() <= theirs.items(), f"{broker.comp_id} should have heard {mine}, and heard {theirs}"
        assert len(heard) == len(expected), f"{broker.comp_id} heard {len(heard)} of {len(expected)} messages"

    def check_requests(self, broker: Broker) -> None:
        """What the broker sent is in the journal, once."""
        ids = Counter(
            name
            for record in self.records
            if isinstance(record.command, _REQUESTS) and record.command.session == broker.comp_id
            for name in (_name(record.command),)
        )
        assert ids == Counter(dict.fromkeys(broker.sent, 1))
        numbers = [
            record.command.msg_seq_num
            for record in self.records
            if isinstance(record.command, _REQUESTS) and record.command.session == broker.comp_id
        ]
        assert numbers == sorted(set(numbers)), "each message once, in the order of their numbers"

    def check_orders(self, broker: Broker) -> None:
        """The last that the broker has heard of each order is how it stands."""
        last: dict[str, Said] = {}
        for message in broker.heard:
            if message.msg_type == "8" and message.fields["37"] != "NONE" and message.fields["150"] != "I":
                last[message.fields["37"]] = _comparable(message)
        account = self.state.accounts[f"{broker.comp_id}-A"]
        orders = {**account.orders, **{i: o for i, o in self.state.finished.items() if o.account == account.account}}
        for order_id, order in orders.items():
            heard = last.pop(str(order_id))
            assert heard["39"] == ("C" if order.status is OrderStatus.EXPIRED else str(int(order.status)))
            assert heard["11"] == order.cl_ord_id or order.status is OrderStatus.CANCELED
            assert heard["14"] == self._qty(order.instrument.symbol, order.cum_qty)
            assert heard["151"] == self._qty(order.instrument.symbol, order.leaves_qty)
        assert not [fields for fields in last.values() if fields["39"] in ("0", "1")], "open for the broker alone"
        assert set(broker.open.values()) == {str(order_id) for order_id in account.orders}

    # From events to what must have been heard

    def _note(self, event: AnyEvent, sequence: str, part: int) -> None:
        said = self.said
        match event:
            case Trade():
                said[event.maker_session].append(self._fill(event, "maker"))
                said[event.taker_session].append(self._fill(event, "taker"))
            case OrderCanceled() | OrderReplaced():
                fields = self._changed(event)
                said[event.requester].append({**fields, "17": f"{sequence}{part}"})
                if event.session != event.requester:
                    said[event.session].append({**fields, "17": f"{sequence}{part + 1}"})
            case (
                OrderAccepted()
                | OrderRejected()
                | CancelRejected()
                | MassCanceled()
                | OrderStatusReported()
                | Refused()
            ):
                said[event.session].append(self._answer(event, f"{sequence}{part}"))
            case _:
                pass

    def _fill(self, event: Trade, side: str) -> Said:
        of = {name: getattr(event, f"{side}_{name}") for name in ("order_id", "cl_ord_id", "account", "fee")}
        leaves, cum, notional = (getattr(event, f"{side}_{name}") for name in ("leaves_qty", "cum_qty", "cum_notional"))
        instrument = self.state.books[event.symbol].instrument
        fields: Said = {
            "35": "8",
            "17": f"T{event.trade_id}-{side == 'taker':d}",
            "150": "F",
            "39": "1" if leaves else "2",
            "37": str(of["order_id"]),
            "11": of["cl_ord_id"],
            "1": of["account"],
            "55": event.symbol,
            "31": self._price(event.symbol, event.price),
            "32": self._qty(event.symbol, event.qty),
            "151": self._qty(event.symbol, leaves),
            "14": self._qty(event.symbol, cum),
            "1003": str(event.trade_id),
        }
        if of["fee"]:
            fields["137"] = Decimal(of["fee"]).scaleb(-self.state.assets[instrument.quote])
        if notional % (cum * instrument.notional_per_tick_lot) == 0:
            fields["6"] = self._price(event.symbol, notional // cum // instrument.notional_per_tick_lot)
        return fields

    def _changed(self, event: OrderCanceled | OrderReplaced) -> Said:
        fields: Said = {
            "35": "8",
            "37": str(event.order_id),
            "11": event.cl_ord_id,
            "1": event.account,
            "55": event.symbol,
            "54": str(int(event.side)),
            "38": self._qty(event.symbol, event.qty),
            "14": self._qty(event.symbol, event.cum_qty),
        }
        if event.orig_cl_ord_id:
            fields["41"] = event.orig_cl_ord_id
        if isinstance(event, OrderReplaced):
            leaves = self._qty(event.symbol, event.leaves_qty)
            return fields | {"150": "5", "44": self._price(event.symbol, event.price), "151": leaves}
        status = "C" if event.reason is CancelReason.END_OF_DAY else "4"
        return fields | {"150": status, "39": status, "151": Decimal(0)}

    def _answer(self, event: Any, exec_id: str) -> Said:
        match event:
            case OrderAccepted():
                return {
                    "35": "8",
                    "17": exec_id,
                    "150": "0",
                    "39": "0",
                    "37": str(event.order_id),
                    "11": event.cl_ord_id,
                    "1": event.account,
                    "55": event.symbol,
                    "54": str(int(event.side)),
                    "38": self._qty(event.symbol, event.qty),
                    "151": self._qty(event.symbol, event.qty),
                    "14": Decimal(0),
                }
            case OrderRejected():
                return {"35": "8", "17": exec_id, "150": "8", "39": "8", "37": "NONE", "11": event.cl_ord_id}
            case CancelRejected():
                kind = "2" if event.is_replace else "1"
                return {"35": "9", "434": kind, "11": event.cl_ord_id, "41": event.orig_cl_ord_id}
            case MassCanceled():
                return {"35": "r", "37": exec_id, "11": event.cl_ord_id}
            case OrderStatusReported():
                return {"35": "8", "17": exec_id, "150": "I", "37": str(event.order_id or "NONE")}
            case _:
                return {"35": event.form}

    def _price(self, symbol: str, ticks: int) -> Decimal:
        instrument = self.state.books[symbol].instrument
        return Decimal(ticks * instrument.price_increment).scaleb(-instrument.price_decimals)

    def _qty(self, symbol: str, lots: int) -> Decimal:
        instrument = self.state.books[symbol].instrument
        return Decimal(lots * instrument.qty_increment).scaleb(-instrument.qty_decimals)


def _comparable(message: Message) -> Said:
    return {tag: Decimal(value) if tag in _NUMBERS else value for tag, value in message.fields.items()}


def _without_repeats(heard: list[Said], repeated: list[bool]) -> list[Said]:
    """Return the messages without those that are marked as perhaps sent before, and were."""
    known: set[tuple[str | Decimal, ...]] = set()
    kept = []
    for fields, may_be_repeated in zip(heard, repeated, strict=True):
        key = tuple(fields.get(tag, "") for tag in ("35", "17", "37", "11", "41", "45"))
        if key not in known or not may_be_repeated:
            kept.append(fields)
        known.add(key)
    return kept


def _name(command: Any) -> str:
    return str(command.request_id if isinstance(command, QueryOrder) else command.cl_ord_id)
