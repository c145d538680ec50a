"""Order-to-trade ratio: an account, a firm over all its accounts, or a FIX session sends floods and hardly trades.

Counted as Delegated Regulation (EU) 2017/566 (RTS 9), articles 2 and 3 and annex, has it by number, for each member and
instrument: an order counts one when it is entered, two when it is changed, one when it is cancelled; the ratio is
orders by trades, less one. No trade counts as one. By volume, each counts with its lots: an order and a cancel with
their quantity, a change twice with what is open after it; and so does what is traded. What all came the same way is
told once: by its account, else by its firm, else by its session. Hours that were counted before there were counts by
session (`spec/books.md`) are judged by account and firm, and by number alone.
Sources besides: Directive 2014/65/EU (MiFID II), article 48(6); Regulation (EU) 596/2014 (MAR), article
12(2)(c)(i), on quote stuffing; FINRA rule 5210, supplementary material .03.
"""

from collections.abc import Mapping
from typing import Final

from backoffice.surveillance.parameters import Parameters
from backoffice.surveillance.rows import Finding, HourSeen, Window

DETECTOR: Final = "order-to-trade ratio"
OF_A_FIRM: Final = f"{DETECTOR} of a firm"
OF_A_SESSION: Final = f"{DETECTOR} of a session"


class OrderToTrade:
    """Adds up what was done in an hour; it holds what each account, firm and session did in each instrument."""

    def __init__(self, parameters: Parameters, window: Window, firm_of: Mapping[str, str]) -> None:
        """`firm_of`: the firm of each account."""
        self._parameters = parameters
        self._window = window
        self._firm_of = firm_of
        self._sent: dict[tuple[str, str, str], _Sent] = {}
        """By detector, whose it is, and instrument."""

    def add(self, seen: HourSeen) -> None:
        """Add what the next account did by a session."""
        for detector, subject in (
            (DETECTOR, seen.account),
            (OF_A_FIRM, self._firm_of.get(seen.account, seen.account)),
            (OF_A_SESSION, seen.session),
        ):
            if not subject:
                continue  # By none, or it was counted when nobody knew by which.
            self._sent.setdefault((detector, subject, seen.symbol), _Sent()).add(seen)

    def findings(self) -> list[Finding]:
        """Return what there is to find in all that was added."""
        found = []
        told = set()
        for (detector, subject, symbol), sent in sorted(self._sent.items()):
            what = (symbol, frozenset(sent.ways))
            if what not in told and sent.is_too_much(self._parameters):
                told.add(what)
                found.append(self._finding(detector, subject, symbol, sent))
        return found

    def _finding(self, detector: str, subject: str, symbol: str, sent: "_Sent") -> Finding:
        parameters = self._parameters
        evidence = {
            "figures": {
                "ratio": sent.ratio,
                "volume_ratio": sent.volume_ratio,
                "orders": sent.orders,
                "replaces": sent.replaces,
                "cancels": sent.cancels,
                "trades": sent.trades,
                "ordered_qty": sent.ordered_qty,
                "traded_qty": sent.traded_qty,
            },
            "thresholds": parameters.of("order_to_trade_"),
        }
        if sent.ratio > parameters.order_to_trade_max:
            summary = f"{subject} sent {sent.count:,} orders for {sent.trades:,} trades in {symbol}"
        else:
            summary = (
                f"{subject} sent orders for {sent.ordered_qty:,} lots, and traded {sent.traded_qty:,}, in {symbol}"
            )
        return Finding(detector, subject, symbol, self._window, summary, evidence)


class _Sent:
    """What came in an instrument in an hour, by one or several ways: accounts and the sessions that they used."""

    __slots__ = ("cancels", "ordered_qty", "orders", "replaces", "traded_qty", "trades", "ways")

    def __init__(self) -> None:
        self.orders = self.replaces = self.cancels = self.trades = 0
        self.ordered_qty = self.traded_qty = 0
        self.ways: set[tuple[str, str]] = set()

    def add(self, seen: HourSeen) -> None:
        self.orders += seen.orders
        self.replaces += seen.replaces
        self.cancels += seen.cancels
        self.trades += seen.trades
        self.ordered_qty += seen.ordered_qty
        self.traded_qty += seen.traded_qty
        self.ways.add((seen.account, seen.session))

    @property
    def count(self) -> int:
        return self.orders + 2 * self.replaces + self.cancels

    @property
    def ratio(self) -> int:
        return self.count // max(self.trades, 1) - 1

    @property
    def volume_ratio(self) -> int:
        return self.ordered_qty // max(self.traded_qty, 1) - 1

    def is_too_much(self, parameters: Parameters) -> bool:
        return self.count >= parameters.order_to_trade_orders_min and (
            self.ratio > parameters.order_to_trade_max or self.volume_ratio > parameters.order_to_trade_volume_max
        )
