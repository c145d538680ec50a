"""Wash trades: an account trades with itself, or two accounts of one firm with each other, and nothing changes hands.

Sources: Regulation (EU) 596/2014 (MAR), article 12(1)(a), and Delegated Regulation (EU) 2016/522, annex II, section 1;
Commodity Exchange Act, section 4c(a) (wash sales, CFTC); FINRA rule 5210, supplementary material .02
(self-trades). The venue prevents self-trades of who asks for it; this finds those that nobody asked to prevent.
"""

from collections.abc import Mapping
from typing import Final

from backoffice.surveillance.parameters import EVIDENCE_MAX, Parameters
from backoffice.surveillance.rows import Finding, TradeSeen, Window

DETECTOR: Final = "wash trades"


class _Pair:
    __slots__ = ("count", "evidence", "qty")

    def __init__(self) -> None:
        self.count = self.qty = 0
        self.evidence: list[dict[str, int | str]] = []


class WashTrades:
    """Adds up the trades of a window; it holds a bounded number of them for each account or firm."""

    def __init__(self, parameters: Parameters, window: Window, firm_of: Mapping[str, str]) -> None:
        """`firm_of`: the firm of each account."""
        self._parameters = parameters
        self._window = window
        self._firm_of = firm_of
        self._pairs: dict[tuple[bool, str, str], _Pair] = {}

    def add(self, trade: TradeSeen) -> None:
        """Add the next trade."""
        maker, taker, firm_of = trade.maker_account, trade.taker_account, self._firm_of
        is_own = maker == taker
        firm = firm_of.get(maker, maker)
        if not is_own and firm != firm_of.get(taker, taker):
            return
        pair = self._pairs.setdefault((is_own, maker if is_own else firm, trade.symbol), _Pair())
        pair.count += 1
        pair.qty += trade.qty
        if pair.count <= EVIDENCE_MAX:
            pair.evidence.append(
                {
                    "trade": trade.trade_id,
                    "record": trade.sequence,
                    "time_ns": trade.time_ns,
                    "price": trade.price,
                    "qty": trade.qty,
                    "maker": maker,
                    "maker_order": trade.maker_order_id,
                    "taker": taker,
                    "taker_order": trade.taker_order_id,
                }
            )

    def findings(self) -> list[Finding]:
        """Return what there is to find in all that was added."""
        found = []
        for (is_own, subject, symbol), pair in sorted(self._pairs.items()):
            limit = self._parameters.wash_trades_min if is_own else self._parameters.wash_trades_firm_min
            if pair.count >= limit:
                what = "with itself" if is_own else "between accounts of its own"
                name = "wash_trades_min" if is_own else "wash_trades_firm_min"
                evidence = {
                    "figures": {"trades": pair.count, "qty": pair.qty},
                    "thresholds": self._parameters.of(name),
                    "trades": pair.evidence,
                }
                detector = DETECTOR if is_own else f"{DETECTOR} within a firm"
                summary = f"{subject} traded {pair.count} times {what} in {symbol}"
                found.append(Finding(detector, subject, symbol, self._window, summary, evidence))
        return found
