"""Circular trades: a few accounts pass the same quantity round, and nobody's position has changed at the end.

The trades of an instrument are cut into stretches, twice, the second time half a stretch later: whatever takes half as
long lies whole in one of them. In a stretch each account whose position has hardly changed points to the account that
bought nearly all it sold, if that one bought nearly all from it. Pointers that lead round are a circle. A stretch
belongs to the window in which it ends, so each is judged once.

Sources: Regulation (EU) 596/2014 (MAR), annex I, A(c) (no change in beneficial ownership), and Delegated Regulation
(EU) 2016/522, annex II, section 1 (wash trades between parties that act in concert, improper matched orders);
Commodity Exchange Act, section 4c(a) (wash sales, CFTC).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from backoffice.surveillance.parameters import EVIDENCE_MAX, Parameters
from backoffice.surveillance.rows import Finding, TradeSeen, Window
from engine.values import BUY

DETECTOR: Final = "circular trades"
_BPS: Final = 10_000


class CircularTrades:
    """Goes through the trades of a window and of a stretch before it; it holds those of the stretches that go on."""

    def __init__(self, parameters: Parameters, window: Window, firm_of: Mapping[str, str]) -> None:
        """`firm_of`: the firm of each account. What stays within one is a wash trade, and not looked at here."""
        assert 2 * parameters.circular_share_min_bps > _BPS, "an account can point to one other only"
        self._parameters = parameters
        self._window = window
        self._firm_of = firm_of
        self._stretches: dict[tuple[str, int], tuple[int, list[TradeSeen]]] = {}
        self._circles: dict[tuple[str, str], tuple[set[tuple[str, ...]], dict[int, TradeSeen]]] = {}
        """By instrument and first account by name: the circles, and the trades in them."""

    def add(self, trade: TradeSeen) -> None:
        """Add the next trade, in the order of time."""
        if trade.maker_account == trade.taker_account:
            return
        length_ns = self._parameters.circular_within_ns
        for cut_ns in (0, length_ns // 2):
            end_ns = ((trade.time_ns + cut_ns) // length_ns + 1) * length_ns - cut_ns
            stretch = self._stretches.get((trade.symbol, cut_ns))
            if stretch is None or stretch[0] != end_ns:
                if stretch is not None:
                    self._end_stretch(*stretch)
                stretch = self._stretches[trade.symbol, cut_ns] = (end_ns, [])
            stretch[1].append(trade)

    def findings(self) -> list[Finding]:
        """Return what there is to find in all that was added."""
        for stretch in self._stretches.values():
            self._end_stretch(*stretch)
        self._stretches = {}
        return [
            self._finding(symbol, first, sorted(rounds), sorted(trades.values()))
            for (symbol, first), (rounds, trades) in sorted(self._circles.items())
        ]

    def _end_stretch(self, end_ns: int, trades: list[TradeSeen]) -> None:
        if not self._window.from_ns < end_ns <= self._window.until_ns:
            return
        for circle in circles(trades, self._parameters):
            if len({self._firm_of.get(account, account) for account in circle}) == 1:
                continue
            steps = set(pairwise((*circle, circle[0])))
            going_round = {trade.trade_id: trade for trade in trades if _seller_and_buyer(trade) in steps}
            if len(going_round) >= self._parameters.circular_trades_min:
                rounds, trades_found = self._circles.setdefault((trades[0].symbol, circle[0]), (set(), {}))
                rounds.add(circle)
                trades_found.update(going_round)

    def _finding(self, symbol: str, first: str, rounds: Sequence[tuple[str, ...]], trades: list[TradeSeen]) -> Finding:
        """Return one finding for all circles of which an account is the first: alerts are told apart by it."""
        parameters = self._parameters
        accounts = sorted({account for circle in rounds for account in circle})
        evidence = {
            "figures": {
                "accounts": len(accounts),
                "trades": len(trades),
                "qty": sum(trade.qty for trade in trades),
                "price_low": min(trade.price for trade in trades),
                "price_high": max(trade.price for trade in trades),
            },
            "thresholds": parameters.of("circular_"),
            "circles": [list(circle) for circle in rounds],
            "trades": [_evidence(trade) for trade in trades[:EVIDENCE_MAX]],
        }
        summary = f"{', '.join(accounts)} passed the same quantity round in {symbol}, in {len(trades)} trades"
        return Finding(DETECTOR, first, symbol, self._window, summary, evidence)


def circles(trades: list[TradeSeen], parameters: Parameters) -> list[tuple[str, ...]]:
    """Return the circles in a stretch, each from its first account by name on, in the order in which it goes round.

    No account is in two: each points to one other at most, and is pointed to by one.
    """
    sold: Counter[tuple[str, str]] = Counter()
    sales: Counter[str] = Counter()
    purchases: Counter[str] = Counter()
    for trade in trades:
        seller, buyer = _seller_and_buyer(trade)
        sold[seller, buyer] += trade.qty
        sales[seller] += trade.qty
        purchases[buyer] += trade.qty
    unchanged = {
        account
        for account, sale in sales.items()
        if abs(sale - purchases[account]) * _BPS <= parameters.circular_change_max_bps * (sale + purchases[account])
    }
    after = {
        seller: buyer
        for (seller, buyer), qty in sold.items()
        if seller in unchanged
        and buyer in unchanged
        and qty * _BPS >= parameters.circular_share_min_bps * max(sales[seller], purchases[buyer])
    }
    found = []
    for first in sorted(after):
        circle = [first]
        while (following := after.get(circle[-1])) is not None and following > first:
            circle.append(following)
            if len(circle) > parameters.circular_accounts_max:
                break
        if following == first and len(circle) <= parameters.circular_accounts_max:
            found.append(tuple(circle))
    return found


def _seller_and_buyer(trade: TradeSeen) -> tuple[str, str]:
    if trade.taker_side == BUY:
        return trade.maker_account, trade.taker_account
    return trade.taker_account, trade.maker_account


def _evidence(trade: TradeSeen) -> dict[str, int | str]:
    seller, buyer = _seller_and_buyer(trade)
    return {
        "trade": trade.trade_id,
        "record": trade.sequence,
        "time_ns": trade.time_ns,
        "price": trade.price,
        "qty": trade.qty,
        "seller": seller,
        "buyer": buyer,
        "maker_order": trade.maker_order_id,
        "taker_order": trade.taker_order_id,
    }
