"""Layering and spoofing: orders on one side that are not meant to trade move the price for one on the other side.

What it looks like: an account trades on one side, and within seconds withdraws much larger orders that it had placed on
the other side shortly before; and again, be it within the same seconds. Once so much is withdrawn its next trade begins
another episode, which only orders count for that were not there for an earlier one. An order that a replace moves away
is withdrawn as one that is cancelled, and so is what a replace takes from its quantity.

What is withdrawn on the side where it trades speaks against it, unless that was placed later, for trades on the other
side; so do orders that trade just before or after and stood beside the one that did. A market maker who moves a quote
does so on both sides, and where the market takes its quotes on one side it withdraws those on the other alone. One big
cancel is nothing.

Sources: Regulation (EU) 596/2014 (MAR), article 12(2)(c), and Delegated Regulation (EU) 2016/522, annex II, section 1
(layering and spoofing; orders with no intention of executing them); Commodity Exchange Act, section 4c(a)(5)(C)
(spoofing), with the CFTC's guidance of 28 May 2013; FINRA rule 5210, supplementary material .03 (disruptive quoting
and trading).
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Any, Final

from backoffice.surveillance.parameters import EVIDENCE_MAX, Parameters
from backoffice.surveillance.rows import Finding, Step, Window

DETECTOR: Final = "layering"
EPISODES_MAX: Final = 50
"""How many on one side are told apart within the seconds of one; what more there is belongs to the last of them."""


class _Episode:
    """What an account does within seconds of a trade, with those that follow until much has been withdrawn."""

    __slots__ = (
        "first_ns",
        "last_sequence",
        "orders",
        "orders_qty",
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
        """Quantities of the orders that trade, and of those beside them that trade within these seconds."""
        self.orders_qty = 0
        self.trades: list[int] = []
        self.own_qty = 0
        """What was withdrawn, or had just traded, on their side,"""
        self.other_qty = 0
        """and on the other."""
        self.withdrawals: list[dict[str, int | str]] = []
        self.withdrawals_count = 0

    def add_order(self, step: Step) -> None:
        self.orders_qty += step.qty - self.orders.get(step.order_id, 0)
        self.orders[step.order_id] = step.qty

    def is_layering(self, size_ratio: int) -> bool:
        return self.other_qty >= size_ratio * (self.orders_qty + self.own_qty)


class Layering:
    """Goes through the steps of one account in one instrument after the other; it holds those of some seconds."""

    def __init__(self, parameters: Parameters, window: Window) -> None:
        self._parameters = parameters
        self._window = window
        self._of = ("", "")
        self._open: defaultdict[int, deque[_Episode]] = defaultdict(deque)
        """By the side that trades, the oldest first."""
        self._newest: dict[int, _Episode] = {}
        """By the side that trades, ended or not."""
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
        for side, episodes in self._open.items():
            while episodes and step.time_ns - episodes[0].first_ns > within_ns:
                self._end_episode(side, episodes.popleft())
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
        episodes = self._open[step.side]
        for episode in episodes:
            if step.placed_sequence < episode.last_sequence:
                episode.add_order(step)
        is_another = not episodes or episodes[-1].is_layering(self._parameters.layering_size_ratio)
        if is_another and len(episodes) < EPISODES_MAX:
            episodes.append(self._begin_episode(step))
        newest = episodes[-1]
        newest.last_sequence = step.sequence
        newest.add_order(step)
        if len(newest.trades) < EVIDENCE_MAX:
            newest.trades.append(step.trade_id)

    def _withdrawn(self, step: Step) -> None:
        against = self._traded_against(step)
        for episode in self._open[step.side]:
            if against is None or step.placed_sequence < episode.last_sequence:
                episode.own_qty += step.qty
        if against is None:
            return
        against.other_qty += step.qty
        against.withdrawals_count += 1
        if len(against.withdrawals) < EVIDENCE_MAX:
            against.withdrawals.append(
                {
                    "order": step.order_id,
                    "record": step.sequence,
                    "time_ns": step.time_ns,
                    "placed_ns": step.placed_ns,
                    "qty": step.qty,
                    "by": "replace" if step.is_replaced else "cancel",
                }
            )

    def _traded_against(self, step: Step) -> _Episode | None:
        """Return the first episode of the other side that what is withdrawn was there for, if it was for any."""
        if step.time_ns - step.placed_ns > self._parameters.layering_lifetime_max_ns:
            return None
        others = (episode for side, episodes in self._open.items() if side != step.side for episode in episodes)
        return next((episode for episode in others if step.placed_sequence < episode.last_sequence), None)

    def _begin_episode(self, step: Step) -> _Episode:
        episode, before = _Episode(step.time_ns), self._newest.get(step.side)
        if before is not None and step.placed_sequence < before.last_sequence:
            episode.own_qty = before.orders_qty - before.orders.get(step.order_id, 0)
        self._newest[step.side] = episode
        return episode

    def _end_episode(self, side: int, episode: _Episode) -> None:
        if not episode.is_layering(self._parameters.layering_size_ratio):
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
                    "orders_qty": episode.orders_qty,
                    "withdrawn": episode.withdrawals_count,
                    "withdrawn_qty": episode.other_qty,
                    "withdrawals": episode.withdrawals,
                }
            )

    def _end_account(self) -> None:
        for side, episodes in self._open.items():
            while episodes:
                self._end_episode(side, episodes.popleft())
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
        self._newest = {}
        self._evidence = []


def _first(orders: Iterable[int], count: int) -> Iterable[int]:
    return (order for _, order in zip(range(count), orders, strict=False))
