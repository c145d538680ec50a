"""Layering and spoofing: orders on one side that are not meant to trade move the price for one on the other side.

What it looks like: an account trades on one side, and within seconds withdraws much larger orders that it had placed on
the other side shortly before; and again. An order that a replace moves away is withdrawn as one that is cancelled, and
so is what a replace takes from its quantity. What is withdrawn on the side where it trades speaks against it: a market
maker who moves a quote does so on both sides. One big cancel is nothing.

Sources: Regulation (EU) 596/2014 (MAR), article 12(2)(c), and Delegated Regulation (EU) 2016/522, annex II, section 1
(layering and spoofing; orders with no intention of executing them); Commodity Exchange Act, section 4c(a)(5)(C)
(spoofing), with the CFTC's guidance of 28 May 2013; FINRA rule 5210, supplementary material .03 (disruptive quoting
and trading).
"""

from collections.abc import Iterable
from typing import Any, Final

from backoffice.surveillance.parameters import EVIDENCE_MAX, Parameters
from backoffice.surveillance.rows import Finding, Step, Window

DETECTOR: Final = "layering"


class _Episode:
    """What an account does within seconds of a trade."""

    __slots__ = (
        "first_ns",
        "last_sequence",
        "orders",
        "other_qty",
        "own_qty",
        "trades",
        "withdrawals",
        "withdrawals_count",
    )

    def __init__(self, first_ns: int) -> None:
        self.first_ns = first_ns
        self.last_sequence = 0
        self.orders: dict[int, int] = {}
        """Quantities of the orders that trade."""
        self.trades: list[int] = []
        self.own_qty = 0
        """What was withdrawn on their side,"""
        self.other_qty = 0
        """and on the other."""
        self.withdrawals: list[dict[str, int | str]] = []
        self.withdrawals_count = 0


class Layering:
    """Goes through the steps of one account in one instrument after the other; it holds those of some seconds."""

    def __init__(self, parameters: Parameters, window: Window) -> None:
        self._parameters = parameters
        self._window = window
        self._of = ("", "")
        self._open: dict[int, _Episode] = {}
        """By the side that trades."""
        self._count = 0
        self._largest_qty = 0
        self._evidence: list[dict[str, Any]] = []
        self._found: list[Finding] = []

    def add(self, step: Step) -> None:
        """Add the next step, in the order of `Step`."""
        if self._of != (step.account, step.symbol):
            self._end_account()
            self._of = step.account, step.symbol
        within_ns = self._parameters.layering_withdraw_within_ns
        for side, episode in list(self._open.items()):
            if step.time_ns - episode.first_ns > within_ns:
                self._end_episode(side)
        if step.trade_id:
            self._traded(step)
        else:
            self._withdrawn(step)

    def findings(self) -> list[Finding]:
        """Return what there is to find in all that was added."""
        self._end_account()
        return self._found

    def _traded(self, step: Step) -> None:
        if not self._window.from_ns <= step.time_ns < self._window.until_ns:
            return  # It is another window's.
        episode = self._open.setdefault(step.side, _Episode(step.time_ns))
        episode.last_sequence = step.sequence
        episode.orders[step.order_id] = step.qty
        if len(episode.trades) < EVIDENCE_MAX:
            episode.trades.append(step.trade_id)

    def _withdrawn(self, step: Step) -> None:
        for side, episode in self._open.items():
            if side == step.side:
                episode.own_qty += step.qty
            elif (
                step.placed_sequence < episode.last_sequence
                and step.time_ns - step.placed_ns <= self._parameters.layering_lifetime_max_ns
            ):
                episode.other_qty += step.qty
                episode.withdrawals_count += 1
                if len(episode.withdrawals) < EVIDENCE_MAX:
                    episode.withdrawals.append(
                        {
                            "order": step.order_id,
                            "record": step.sequence,
                            "time_ns": step.time_ns,
                            "placed_ns": step.placed_ns,
                            "qty": step.qty,
                            "by": "replace" if step.is_replaced else "cancel",
                        }
                    )

    def _end_episode(self, side: int) -> None:
        episode = self._open.pop(side)
        traded_qty = sum(episode.orders.values())
        if episode.other_qty < self._parameters.layering_size_ratio * (traded_qty + episode.own_qty):
            return
        self._count += 1
        self._largest_qty = max(self._largest_qty, episode.other_qty)
        if len(self._evidence) < EVIDENCE_MAX:
            self._evidence.append(
                {
                    "first_ns": episode.first_ns,
                    "side": side,
                    "trades": episode.trades,
                    "orders": list(_first(episode.orders, EVIDENCE_MAX)),
                    "orders_qty": traded_qty,
                    "withdrawn": episode.withdrawals_count,
                    "withdrawn_qty": episode.other_qty,
                    "withdrawals": episode.withdrawals,
                }
            )

    def _end_account(self) -> None:
        for side in list(self._open):
            self._end_episode(side)
        parameters = self._parameters
        if self._count >= parameters.layering_episodes_min:
            account, symbol = self._of
            evidence = {
                "figures": {"episodes": self._count, "withdrawn_qty_max": self._largest_qty},
                "thresholds": parameters.of("layering_"),
                "episodes": self._evidence,
            }
            summary = f"{account} withdrew much larger orders just after it traded against them in {symbol}, "
            summary += f"{self._count} times"
            self._found.append(Finding(DETECTOR, account, symbol, self._window, summary, evidence))
        self._count = self._largest_qty = 0
        self._evidence = []


def _first(orders: Iterable[int], count: int) -> Iterable[int]:
    return (order for _, order in zip(range(count), orders, strict=False))
