"""Marking the close: one firm trades so much just before the close that the closing price is its own.

The close is the closing auction's uncrossing, or the end of the trading day in an instrument that has none. Found is a
firm with a large share of the last minutes' volume on one side, if the price has moved that way by then.

Sources: Regulation (EU) 596/2014 (MAR), article 12(2)(b), and Delegated Regulation (EU) 2016/522, annex II, section 1
(marking the close); Commodity Exchange Act, section 4c(a)(5)(B) (disregard for orderly execution in the
closing period, CFTC); FINRA rule 5210.
"""

from collections.abc import Mapping
from typing import Final

from backoffice.surveillance.parameters import EVIDENCE_MAX, Parameters
from backoffice.surveillance.rows import Finding, TradeSeen, Window
from engine.values import BUY, SELL

DETECTOR: Final = "marking the close"
_BPS: Final = 10_000


class MarkingTheClose:
    """Adds up the trades of one instrument in the time before a close, and of what comes before that the last."""

    def __init__(
        self, parameters: Parameters, window: Window, symbol: str, period: Window, firm_of: Mapping[str, str]
    ) -> None:
        """`period`: the last minutes, with the close at their end."""
        self._parameters = parameters
        self._window = window
        self._symbol = symbol
        self._period = period
        self._firm_of = firm_of
        self._before = 0
        """The last price before the period; the first in it, if there is none before."""
        self._close = 0
        self._trades = 0
        self._qty = 0
        self._by: dict[tuple[str, int], int] = {}
        """What each firm bought and sold."""
        self._evidence: dict[tuple[str, int], list[dict[str, int]]] = {}

    def add(self, trade: TradeSeen) -> None:
        """Add the next trade, in the order of time."""
        if trade.time_ns < self._period.from_ns or not self._before:
            self._before = trade.price
        if trade.time_ns < self._period.from_ns:
            return
        self._close = trade.price
        self._trades += 1
        self._qty += trade.qty
        other_side = SELL if trade.taker_side == BUY else BUY
        self._side(trade, trade.taker_account, trade.taker_side, trade.taker_order_id)
        self._side(trade, trade.maker_account, other_side, trade.maker_order_id)

    def _side(self, trade: TradeSeen, account: str, side: int, order_id: int) -> None:
        key = self._firm_of.get(account, account), int(side)
        self._by[key] = self._by.get(key, 0) + trade.qty
        evidence = self._evidence.setdefault(key, [])
        if len(evidence) < EVIDENCE_MAX:
            seen = {"trade": trade.trade_id, "record": trade.sequence, "time_ns": trade.time_ns, "order": order_id}
            evidence.append({**seen, "price": trade.price, "qty": trade.qty})

    def findings(self) -> list[Finding]:
        """Return what there is to find in all that was added."""
        parameters, found = self._parameters, []
        move = self._close - self._before
        if self._trades < parameters.close_trades_min or not self._before:
            return []
        if abs(move) * _BPS < parameters.close_move_min_bps * abs(self._before):
            return []
        for (firm, side), qty in sorted(self._by.items()):
            net_qty = qty - self._by.get((firm, int(SELL if side == BUY else BUY)), 0)
            with_the_move = (move > 0) == (side == BUY)
            if with_the_move and net_qty > 0 and qty * 100 >= parameters.close_share_min_percent * self._qty:
                share = qty * 100 // self._qty
                evidence = {
                    "figures": {
                        "close_ns": self._period.until_ns,
                        "share_percent": share,
                        "qty": qty,
                        "net_qty": net_qty,
                        "volume": self._qty,
                        "trades": self._trades,
                        "price_before": self._before,
                        "price_at_close": self._close,
                    },
                    "thresholds": parameters.of("close_"),
                    "trades": self._evidence[firm, side],
                }
                did = "bought" if side == BUY else "sold"
                summary = f"{firm} {did} {share}% of the volume in {self._symbol} before a close that moved its way"
                found.append(Finding(DETECTOR, firm, self._symbol, self._window, summary, evidence))
        return found
