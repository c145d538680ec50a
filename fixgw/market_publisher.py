"""From events to updates: keeps every instrument as the public sees it, and the views of it that somebody has.

`observe` takes in the events of one record, `publish` tells of all that came since: once for a batch of records. A view
with an interval is told when the interval is over; who joins such a view makes it tell at once, so that its snapshot
and the updates after it fit together.
"""

from collections.abc import Callable, Iterable, Iterator

from engine.events import AnyEvent, InstrumentAdded, PublicEvent, TradingDayEnded
from engine.state import State
from fixgw.instruments import InstrumentText
from fixgw.market_view import Asked, Receiver, Subscription, View
from fixgw.public_market import PublicMarket
from fixgw.timestamps import format_utc

Timer = Callable[[float, Callable[[View], None], View], object]
"""Calls back after so many seconds: `loop.call_later`."""


class MarketPublisher:
    """All instruments, and all views of them."""

    __slots__ = ("_changed", "_receivers", "_state", "_time", "_time_ns", "_timer", "_views", "instruments", "markets")

    def __init__(self, state: State, timer: Timer) -> None:
        """Begin with the venue as it stands; what comes of each record from then on is to be observed."""
        self._state = state
        self.instruments: dict[str, InstrumentText] = {}
        self._timer = timer
        self.markets: dict[str, PublicMarket] = {}
        self._views: dict[str, dict[Asked, View]] = {}
        """By instrument."""
        self._changed: dict[PublicMarket, None] = {}
        """Instruments of which there is something to publish."""
        self._receivers: dict[Receiver, None] = {}
        """Who has something to be flushed."""
        self._time_ns = 0
        self._time = ""
        for symbol in state.books:
            self._add(symbol)

    def observe(self, time_ns: int, events: Iterable[AnyEvent]) -> None:
        """Take in what came of a command at that time."""
        if time_ns != self._time_ns:
            self._time_ns, self._time = time_ns, format_utc(time_ns)
        numbered: list[PublicEvent] = []
        for event in events:
            if isinstance(event, PublicEvent):
                if event.rpt_seq:
                    numbered.append(event)
            elif isinstance(event, InstrumentAdded):
                self._add(event.symbol)
            elif isinstance(event, TradingDayEnded):
                for market in self.markets.values():
                    market.day_ended()
                    self._changed[market] = None
        if len(numbered) > 1:
            numbered.sort(key=_number)
        for public in numbered:
            market = self.markets[public.symbol]
            market.apply(public, self._time)
            self._changed[market] = None

    def publish(self) -> None:
        """Tell of all that was observed since the last time."""
        for market in self._changed:
            for view in self._views[market.symbol].values():
                view.take()
                if not view.asked.interval_ms:
                    self._tell(view)
                elif not view.is_due:
                    view.is_due = True
                    self._timer(view.asked.interval_ms / 1000, self._interval_over, view)
            market.published()
        self._changed.clear()
        self._flush()

    def subscribe(self, asked: Asked, receiver: Receiver, request_id: str) -> Subscription:
        """Return a subscription, which is told from now on; the snapshot is for the caller to send."""
        views = self._views[asked.symbol]
        view = views.get(asked)
        if view is None:
            view = views[asked] = View(self.markets[asked.symbol], asked)
            self._refresh_wanted(asked.symbol)
        elif view.is_due:
            self._tell(view)
            self._flush()
        subscription = Subscription(view, receiver, request_id)
        view.subscriptions[subscription] = None
        return subscription

    def subscribe_once(self, asked: Asked, receiver: Receiver, request_id: str) -> Subscription:
        """Return a subscription that is over with its snapshot."""
        view = self._views[asked.symbol].get(asked) or View(self.markets[asked.symbol], asked)
        subscription = Subscription(view, receiver, request_id)
        subscription.is_once = True
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Tell a subscription no more."""
        subscription.is_over = True
        if subscription.is_once:
            return
        view = subscription.view
        del view.subscriptions[subscription]
        if not view.subscriptions:
            del self._views[view.asked.symbol][view.asked]
            self._refresh_wanted(view.asked.symbol)

    def views(self) -> Iterator[View]:
        """Yield all views that there are."""
        for views in self._views.values():
            yield from views.values()

    def _add(self, symbol: str) -> None:
        book = self._state.books[symbol]
        text = self.instruments[symbol] = InstrumentText(book.instrument, self._state.assets[book.instrument.quote])
        self.markets[symbol] = PublicMarket(book, text)
        self._views[symbol] = {}

    def _interval_over(self, view: View) -> None:
        view.is_due = False
        if view.subscriptions:
            self._tell(view)
            self._flush()

    def _tell(self, view: View) -> None:
        parts = view.update()
        if parts:
            for subscription in view.subscriptions:
                subscription.receiver.send(subscription, parts)
                self._receivers[subscription.receiver] = None

    def _flush(self) -> None:
        for receiver in self._receivers:
            receiver.flush()
        self._receivers.clear()

    def _refresh_wanted(self, symbol: str) -> None:
        market = self.markets[symbol]
        market.wanted = 0
        for view in self._views[symbol].values():
            market.wanted |= view.wanted


def _number(event: PublicEvent) -> int:
    return event.rpt_seq
