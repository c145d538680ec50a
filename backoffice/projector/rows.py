"""What follows from records: the rows of a batch. A function of the records alone, without a database.

A row that is only ever added is a tuple in the order of its table's columns. An order that changes many times in one
batch is written once, as it is at the end of it; what became of it meanwhile is in its executions. What happens
seldom (an asset, an account, a session that comes or goes) is kept in the order in which it happened. A `+` makes a
plain integer of an enumeration's value, which is all that the drivers take at once: `int` takes ten times as long.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Final, TypeAlias

import msgspec

from backoffice.ledger.posting import Books
from backoffice.projector.batch import DEFINITION, Batch, Row, Seldom
from backoffice.projector.counters import Counters
from engine import commands, events, session_events
from engine.balance_changes import Pair
from engine.commands import AnyCommand
from engine.events import AnyEvent
from engine.instrument import Instrument
from engine.terms import NO_TERMS, Terms
from engine.values import (
    BUY,
    CANCELED,
    EXPIRED,
    EXPIRIES,
    FILLED,
    NEW,
    PARTIALLY_FILLED,
    PENDING_NEW,
    CancelReason,
    OrderStatus,
)


class FeedRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A record whose command is left encoded: the events say nearly all of it."""

    sequence: int
    time_ns: int
    command: msgspec.Raw
    events: tuple[AnyEvent, ...]


decode_record: Final = msgspec.msgpack.Decoder(FeedRecord).decode
_decode_command: Final = msgspec.msgpack.Decoder(AnyCommand).decode
_OrderEvent: TypeAlias = (
    events.OrderAccepted | events.OrderTriggered | events.OrderReplaced | events.OrderDecremented | events.OrderCanceled
)
_OF_THE_BOOKS_ALONE: Final = (
    events.Transferred,
    events.WithdrawalHeld,
    events.WithdrawalReleased,
)
"""What changes balances, and nothing else."""
_NEW: Final = "0"
_TRADE: Final = "F"
_CANCELED: Final = "4"
_EXPIRED: Final = "C"
_REPLACED: Final = "5"
_TRIGGERED: Final = "L"
_RESTATED: Final = "D"
_CORRECTED: Final = "G"
_BUSTED: Final = "H"


class Known:
    """What must be known of all records so far, to say what follows from the next."""

    __slots__ = ("assets", "books", "counters", "waiting")

    def __init__(self) -> None:
        self.assets: dict[str, int] = {}
        """Decimals by asset."""
        self.waiting: set[int] = set()
        """Orders that wait for their start, when they will be accepted once more."""
        self.counters = Counters()
        self.books = Books()


class Rows:
    """The rows that follow from the records of one batch."""

    def __init__(self, known: Known) -> None:
        """`known` is kept up to date."""
        self._known = known
        self._assets = known.assets
        self._counters = known.counters
        self._books = known.books
        self.records = 0
        """How many there are."""
        self._first_sequence = 0
        self._sequence = 0
        self._time_ns = 0
        self._moments: dict[int, int] = {}
        self._entered: dict[int, Row] = {}
        """Of orders that are live since this batch: what never changes of them, by number."""
        self._changed: dict[int, Row] = {}
        """What may change of an order, as it is now, and its number."""
        self._executions: list[Row] = []
        self._trades: list[Row] = []
        self._amendments: list[Row] = []
        self._rejects: list[Row] = []
        self._seldom: list[tuple[Seldom, Row]] = []

    def add(self, record: FeedRecord) -> None:
        """Add what follows from the record that comes next."""
        if not self.records:
            self._first_sequence = record.sequence
        self.records += 1
        self._sequence = self._books.sequence = record.sequence
        self._time_ns = record.time_ns
        self._moments[record.time_ns] = record.sequence
        number = 0
        derivations, book = self._DERIVE, self._books.book
        for event in record.events:
            derive = derivations.get(type(event))
            if derive is not None:
                derive(self, event, record, number)
                book(event)
            number += 1  # noqa: SIM113 - counted so, it costs less
        self._books.end_record()

    def batch(self) -> Batch:
        """Return what is to be written of these records. To be asked once."""
        entered, changed = self._entered, self._changed
        opened, postings = self._books.take()
        return Batch(
            records=self.records,
            first_sequence=self._first_sequence,
            sequence=self._sequence,
            time_ns=self._time_ns,
            moments=list(self._moments.items()),
            seldom=self._seldom,
            entered_orders=[row + changed[order_id] for order_id, row in entered.items()],
            changed_orders=[row for order_id, row in changed.items() if order_id not in entered],
            executions=self._executions,
            trades=self._trades,
            amendments=self._amendments,
            rejects=self._rejects,
            activity=self._counters.take_activity(),
            reject_counts=self._counters.take_rejects(),
            opened=opened,
            postings=postings,
            house=self._books.house_balances(),
        )

    def _asset(self, event: events.AssetAdded, record: FeedRecord, _number: int) -> None:
        command = _decode_command(record.command)
        assert isinstance(command, commands.AddAsset), "nothing else admits assets"
        self._assets[event.asset] = command.decimals
        self._books.admit(event.asset)
        self._seldom.append((Seldom.ASSET, (event.asset, command.decimals, record.sequence)))

    def _instrument(self, _event: events.InstrumentAdded, record: FeedRecord, _number: int) -> None:
        command = _decode_command(record.command)
        assert isinstance(command, commands.AddInstrument), "nothing else admits instruments"
        fields = {name: getattr(command, name) for name in DEFINITION}
        instrument = Instrument(
            base_decimals=self._assets[command.base], quote_decimals=self._assets[command.quote], **fields
        )
        self._books.instruments[command.symbol] = Pair(command.base, command.quote, instrument.base_per_lot)
        exact = (instrument.base_per_lot, instrument.notional_per_tick_lot, record.sequence)
        self._seldom.append((Seldom.INSTRUMENT, (*fields.values(), *exact)))

    def _account(self, event: events.AccountOpened, record: FeedRecord, _number: int) -> None:
        command = _decode_command(record.command)
        assert isinstance(command, commands.OpenAccount), "nothing else opens accounts"
        firm = command.firm or command.account
        self._seldom.append((Seldom.ACCOUNT, (event.account, firm, record.time_ns, record.sequence)))

    def _session(self, event: session_events.SessionProvisioned, record: FeedRecord, _number: int) -> None:
        command = _decode_command(record.command)
        assert isinstance(command, commands.ProvisionSession), "nothing else provisions sessions"
        profile = command.profile
        role, version = (1, "FIX.4.4") if profile is None else (int(profile.role), profile.version)
        row = (event.session, role, version, " ".join(command.accounts), False, False, False, 0, record.sequence)
        self._seldom.append((Seldom.SESSION, row))

    def _session_suspended(self, event: session_events.SessionSuspended, record: FeedRecord, _number: int) -> None:
        self._seldom.append((Seldom.SESSION_SUSPENDED, (True, record.sequence, event.session)))

    def _session_resumed(self, event: session_events.SessionResumed, record: FeedRecord, _number: int) -> None:
        self._seldom.append((Seldom.SESSION_SUSPENDED, (False, record.sequence, event.session)))

    def _session_removed(self, event: session_events.SessionRemoved, record: FeedRecord, _number: int) -> None:
        self._seldom.append((Seldom.SESSION_REMOVED, (True, False, record.sequence, event.session)))

    def _session_up(self, event: session_events.SessionUp, record: FeedRecord, _number: int) -> None:
        self._seldom.append((Seldom.SESSION_CONNECTED, (True, record.time_ns, record.sequence, event.session)))

    def _session_down(self, event: session_events.SessionDown, record: FeedRecord, _number: int) -> None:
        self._seldom.append((Seldom.SESSION_CONNECTED, (False, record.time_ns, record.sequence, event.session)))

    def _order(  # noqa: PLR0913, PLR0917 - the columns of an execution, by position for speed
        self,
        record: FeedRecord,
        number: int,
        exec_type: str,
        event: _OrderEvent,
        status: OrderStatus,
        leaves_qty: int,
        cum_qty: int,
        cum_notional: int,
        reason: int = 0,
    ) -> None:
        """Add an execution of an order that the event itself describes, and what the order is by now."""
        sequence, time_ns, terms = record.sequence, record.time_ns, event.terms
        order_id, cl_ord_id, qty, price = event.order_id, event.cl_ord_id, event.qty, event.price
        self._executions.append(
            (
                order_id,
                sequence,
                number,
                time_ns,
                exec_type,
                +status,
                cl_ord_id,
                qty,
                price,
                leaves_qty,
                cum_qty,
                cum_notional,
                +reason,
                0,
            )
        )
        self._changed[order_id] = (
            cl_ord_id,
            +event.order_type,
            +event.time_in_force,
            qty,
            price,
            leaves_qty,
            cum_qty,
            cum_notional,
            +status,
            None if terms is None else terms_text(terms),
            None if leaves_qty else sequence,
            sequence,
            time_ns,
            order_id,
        )

    def _accepted(self, event: events.OrderAccepted, record: FeedRecord, number: int) -> None:
        order_id, waiting = event.order_id, self._known.waiting
        if order_id in waiting:
            waiting.remove(order_id)
        else:
            self._entered[order_id] = (
                event.session,
                event.account,
                event.symbol,
                +event.side,
                record.sequence,
                record.time_ns,
            )
            counts = self._counters.of(record.time_ns, event.account, event.symbol, event.session)
            counts.orders += 1
            counts.ordered_qty += event.qty
            if event.status is PENDING_NEW:
                waiting.add(order_id)
        self._order(record, number, _NEW, event, event.status, event.qty, 0, 0)

    def _triggered(self, event: events.OrderTriggered, record: FeedRecord, number: int) -> None:
        self._order(record, number, _TRIGGERED, event, NEW, event.qty, 0, 0)

    def _replaced(self, event: events.OrderReplaced, record: FeedRecord, number: int) -> None:
        counts = self._counters.of(record.time_ns, event.account, event.symbol, event.session)
        counts.replaces += 1
        counts.ordered_qty += 2 * event.leaves_qty
        status = PARTIALLY_FILLED if event.cum_qty and event.status is NEW else event.status
        self._order(record, number, _REPLACED, event, status, event.leaves_qty, event.cum_qty, event.cum_notional)

    def _decremented(self, event: events.OrderDecremented, record: FeedRecord, number: int) -> None:
        status = PARTIALLY_FILLED if event.cum_qty else NEW
        self._order(record, number, _RESTATED, event, status, event.leaves_qty, event.cum_qty, event.cum_notional)

    def _canceled(self, event: events.OrderCanceled, record: FeedRecord, number: int) -> None:
        self._known.waiting.discard(event.order_id)
        counts = self._counters.of(record.time_ns, event.account, event.symbol, event.session)
        counts.cancels += 1
        counts.ordered_qty += event.qty - event.cum_qty
        reason = event.reason
        if reason is not CancelReason.REQUESTED and reason in EXPIRIES:
            exec_type, status = _EXPIRED, EXPIRED
        else:
            exec_type, status = _CANCELED, CANCELED
        self._order(record, number, exec_type, event, status, 0, event.cum_qty, event.cum_notional, reason)

    def _trade(self, event: events.Trade, record: FeedRecord, number: int) -> None:
        sequence, time_ns = record.sequence, record.time_ns
        trade_id, symbol, qty, notional = event.trade_id, event.symbol, event.qty, event.notional
        self._trades.append(
            (
                trade_id,
                sequence,
                number,
                time_ns,
                symbol,
                event.price,
                qty,
                notional,
                event.maker_account,
                event.maker_order_id,
                event.maker_fee,
                event.taker_account,
                event.taker_order_id,
                +event.taker_side,
                event.taker_fee,
                +event.phase,
                None,
            )
        )
        status = FILLED if not event.maker_leaves_qty else PARTIALLY_FILLED
        self._side(
            (sequence, number, time_ns),
            _TRADE,
            event.maker_order_id,
            status,
            event.maker_cl_ord_id,
            +event.maker_order_type,
            +event.maker_time_in_force,
            event.maker_order_qty,
            event.maker_order_price,
            event.maker_leaves_qty,
            event.maker_cum_qty,
            event.maker_cum_notional,
            event.maker_terms,
            trade_id,
        )
        status = FILLED if not event.taker_leaves_qty else PARTIALLY_FILLED
        self._side(
            (sequence, number, time_ns),
            _TRADE,
            event.taker_order_id,
            status,
            event.taker_cl_ord_id,
            +event.taker_order_type,
            +event.taker_time_in_force,
            event.taker_order_qty,
            event.taker_order_price,
            event.taker_leaves_qty,
            event.taker_cum_qty,
            event.taker_cum_notional,
            event.taker_terms,
            trade_id,
        )
        taker_buys, of = event.taker_side is BUY, self._counters.of
        maker = of(time_ns, event.maker_account, symbol, event.maker_session)
        maker.make(not taker_buys, qty, notional, event.maker_fee)
        taker = of(time_ns, event.taker_account, symbol, event.taker_session)
        taker.take(taker_buys, qty, notional, event.taker_fee)

    def _side(  # noqa: PLR0913, PLR0917 - the columns of an execution, by position for speed
        self,
        at: tuple[int, int, int],
        exec_type: str,
        order_id: int,
        status: OrderStatus,
        cl_ord_id: str,
        order_type: int,
        time_in_force: int,
        qty: int,
        price: int,
        leaves_qty: int,
        cum_qty: int,
        cum_notional: int,
        terms: Terms | None,
        trade_id: int,
    ) -> None:
        sequence, number, time_ns = at
        self._executions.append(
            (
                order_id,
                sequence,
                number,
                time_ns,
                exec_type,
                +status,
                cl_ord_id,
                qty,
                price,
                leaves_qty,
                cum_qty,
                cum_notional,
                0,
                trade_id,
            )
        )
        before = self._changed.get(order_id)
        closed_sequence = None if leaves_qty else sequence
        if before is not None and before[_CLOSED_AT] is not None:
            closed_sequence = before[_CLOSED_AT]
        self._changed[order_id] = (
            cl_ord_id,
            order_type,
            time_in_force,
            qty,
            price,
            leaves_qty,
            cum_qty,
            cum_notional,
            +status,
            None if terms is None else terms_text(terms),
            closed_sequence,
            sequence,
            time_ns,
            order_id,
        )

    def _amended(self, event: events.TradeAmended, record: FeedRecord, number: int) -> None:
        sequence, time_ns = record.sequence, record.time_ns
        self._amendments.append(
            (
                sequence,
                number,
                event.trade_id,
                time_ns,
                event.previous_price,
                event.previous_qty,
                event.previous_notional,
                event.maker_previous_fee,
                event.taker_previous_fee,
                event.price,
                event.qty,
                event.notional,
                event.maker_fee,
                event.taker_fee,
                event.by,
                event.why,
            )
        )
        exec_type = _CORRECTED if event.qty else _BUSTED
        self._side(
            (sequence, number, time_ns),
            exec_type,
            event.maker_order_id,
            event.maker_status,
            event.maker_cl_ord_id,
            +event.maker_order_type,
            +event.maker_time_in_force,
            event.maker_order_qty,
            event.maker_order_price,
            event.maker_leaves_qty,
            event.maker_cum_qty,
            event.maker_cum_notional,
            event.maker_terms,
            event.trade_id,
        )
        self._side(
            (sequence, number, time_ns),
            exec_type,
            event.taker_order_id,
            event.taker_status,
            event.taker_cl_ord_id,
            +event.taker_order_type,
            +event.taker_time_in_force,
            event.taker_order_qty,
            event.taker_order_price,
            event.taker_leaves_qty,
            event.taker_cum_qty,
            event.taker_cum_notional,
            event.taker_terms,
            event.trade_id,
        )
        qty, notional = event.qty - event.previous_qty, event.notional - event.previous_notional
        maker_buys, of = event.taker_side is not BUY, self._counters.of
        for made, account, session, fee, fee_before in (
            (True, event.maker_account, event.maker_session, event.maker_fee, event.maker_previous_fee),
            (False, event.taker_account, event.taker_session, event.taker_fee, event.taker_previous_fee),
        ):
            of(time_ns, account, event.symbol, session).amend(
                made=made, buys=maker_buys is made, qty=qty, notional=notional, fee=fee, fee_before=fee_before
            )

    def _reject(  # noqa: PLR0913, PLR0917 - the columns of a row
        self,
        record: FeedRecord,
        number: int,
        kind: str,
        session: str,
        reason: int,
        said: str,
        account: str = "",
        symbol: str = "",
        cl_ord_id: str = "",
    ) -> None:
        self._rejects.append(
            (record.sequence, number, record.time_ns, kind, session, account, symbol, cl_ord_id, int(reason), said)
        )
        self._counters.reject(record.time_ns, session, int(reason))

    def _order_rejected(self, event: events.OrderRejected, record: FeedRecord, number: int) -> None:
        said = (event.session, event.reason, event.text, event.account, event.symbol, event.cl_ord_id)
        self._reject(record, number, "order", *said)

    def _cancel_rejected(self, event: events.CancelRejected, record: FeedRecord, number: int) -> None:
        kind = "replace" if event.is_replace else "cancel"
        said = (event.session, event.reason, event.text, event.account, "", event.cl_ord_id)
        self._reject(record, number, kind, *said)

    def _refused(self, event: events.Refused, record: FeedRecord, number: int) -> None:
        said = (event.session, event.reason, event.text, event.account, event.symbol, event.cl_ord_id)
        self._reject(record, number, "message", *said)

    def _command_rejected(self, event: events.CommandRejected, record: FeedRecord, number: int) -> None:
        self._reject(record, number, "house", "", 0, event.text)

    def _mass_canceled(self, event: events.MassCanceled, record: FeedRecord, number: int) -> None:
        if event.reason:
            said = (event.session, event.reason, event.text, "", event.symbol, event.cl_ord_id)
            self._reject(record, number, "mass-cancel", *said)

    def _funds_refused(self, event: events.FundsRefused, record: FeedRecord, number: int) -> None:
        self._reject(record, number, "house", "", event.reason, f"{event.reference}: {event.text}")

    def _fee_charged(self, event: events.FeeCharged, record: FeedRecord, _number: int) -> None:
        at, what = (record.sequence, record.time_ns), (event.account, event.asset, event.amount)
        self._seldom.append((Seldom.FEE_CHARGED, (*at, event.reference, *what, event.why)))

    def _credited(self, event: events.Credited, record: FeedRecord, _number: int) -> None:
        self._payment(record, event.reference, event.account, event.asset, event.amount)

    def _debited(self, event: events.Debited, record: FeedRecord, _number: int) -> None:
        self._payment(record, event.reference, event.account, event.asset, -event.amount)

    def _withdrawal_settled(self, event: events.WithdrawalSettled, record: FeedRecord, _number: int) -> None:
        self._payment(record, event.withdrawal_id, event.account, event.asset, -event.amount)

    def _payment(self, record: FeedRecord, reference: str, account: str, asset: str, amount: int) -> None:
        payment = reference.partition("/")[0].partition(".")[0]
        at, what = (record.sequence, record.time_ns), (account, asset, amount)
        self._seldom.append((Seldom.PAYMENT_BOOKED, (*at, reference, payment, *what)))

    def _list_reported(self, event: events.ListReported, record: FeedRecord, number: int) -> None:
        if event.reason:
            self._reject(record, number, "list", event.session, event.reason, event.text)

    def _list_request_rejected(self, event: events.ListRequestRejected, record: FeedRecord, number: int) -> None:
        self._reject(record, number, "list", event.session, event.reason, event.text)

    def _nothing(self, _event: AnyEvent, _record: FeedRecord, _number: int) -> None: ...

    _DERIVE: ClassVar[dict[type, Callable[["Rows", Any, FeedRecord, int], None]]] = {
        events.AssetAdded: _asset,
        events.InstrumentAdded: _instrument,
        events.AccountOpened: _account,
        session_events.SessionProvisioned: _session,
        session_events.SessionSuspended: _session_suspended,
        session_events.SessionResumed: _session_resumed,
        session_events.SessionRemoved: _session_removed,
        session_events.SessionUp: _session_up,
        session_events.SessionDown: _session_down,
        events.OrderAccepted: _accepted,
        events.OrderTriggered: _triggered,
        events.OrderReplaced: _replaced,
        events.OrderDecremented: _decremented,
        events.OrderCanceled: _canceled,
        events.Trade: _trade,
        events.TradeAmended: _amended,
        events.OrderRejected: _order_rejected,
        events.CancelRejected: _cancel_rejected,
        events.Refused: _refused,
        events.CommandRejected: _command_rejected,
        events.MassCanceled: _mass_canceled,
        events.ListReported: _list_reported,
        events.ListRequestRejected: _list_request_rejected,
        events.FundsRefused: _funds_refused,
        events.FeeCharged: _fee_charged,
        events.Credited: _credited,
        events.Debited: _debited,
        events.WithdrawalSettled: _withdrawal_settled,
        **dict.fromkeys(_OF_THE_BOOKS_ALONE, _nothing),
    }
    """What adds the rows that follow from an event, by its class.

    These are functions and not the methods of a batch, which would refer to itself and outlive its use.
    """


_CLOSED_AT: Final = 10
"""Where in a row of `changed` stands the record that closed the order."""


def terms_text(terms: Terms) -> str:
    """Return what an order asks for beyond the usual, as JSON by name."""
    asked = {
        name: value for name in terms.__struct_fields__ if (value := getattr(terms, name)) != getattr(NO_TERMS, name)
    }
    return msgspec.json.encode(asked).decode()
