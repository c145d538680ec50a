"""Wash trades: an account trades with itself, or two accounts of one firm or one owner do, and nothing changes hands.

Firms are of one owner if one person or entity has enough of each client (`wash_trades_owner_percent`), by share or by
votes, through however many entities; an entity may be one of the clients. People are matched over clients' files by
name, date of birth and a country in common, entities by LEI, whether their own owners are known or not; exactly:
whoever lacks one of these in a file is not matched. An alert has the owner by the number of the party or of the client
(P-1, C-1); a person's name is shown to who may see personal data.

Trades are judged by what clients' files said of owners when they were made, and by what they say when trading is looked
at, since much is told late: an alert says for each holding in how many of the trades it counts by which of the two.
What was told after an hour had been looked at is found by looking again. Who is who is judged by what is known now.

Sources: Regulation (EU) 596/2014 (MAR), article 12(1)(a), and Delegated Regulation (EU) 2016/522, annex II, section 1
(no change in beneficial interest); Commodity Exchange Act, section 4c(a) (wash sales, CFTC); FINRA rule 5210,
supplementary material .02 (self-trades). The venue prevents self-trades of who asks for it; this finds those that
nobody asked to prevent.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from backoffice.crm.ownership import percent
from backoffice.crm.shared_owners import SharedOwners, Stake
from backoffice.surveillance.parameters import EVIDENCE_MAX, Parameters
from backoffice.surveillance.rows import Finding, TradeSeen, Window

DETECTOR: Final = "wash trades"
WITHIN_A_FIRM: Final = f"{DETECTOR} within a firm"
OF_ONE_OWNER: Final = f"{DETECTOR} of one owner"
_THEN: Final = "then"
_NOW: Final = "now"
_BY: Final = {_THEN: "as they were then", _NOW: "as they are now"}
"""By when something was known of owners: when a trade was made, or when trading is looked at."""


class _Trades:
    """Trades of one kind in one instrument; it holds the first of them."""

    __slots__ = ("count", "evidence", "firms", "qty", "stakes")

    def __init__(self) -> None:
        self.count = self.qty = 0
        self.evidence: list[dict[str, int | str]] = []
        self.firms: set[frozenset[str]] = set()
        """The two firms of each,"""
        self.stakes: dict[tuple[str, Stake], Counter[str]] = {}
        """and what one owner has of a firm, with the number of trades for which that was known then, and is now."""

    def add(self, trade: TradeSeen) -> None:
        self.count += 1
        self.qty += trade.qty
        if self.count <= EVIDENCE_MAX:
            self.evidence.append(
                {
                    "trade": trade.trade_id,
                    "record": trade.sequence,
                    "time_ns": trade.time_ns,
                    "price": trade.price,
                    "qty": trade.qty,
                    "maker": trade.maker_account,
                    "maker_order": trade.maker_order_id,
                    "taker": trade.taker_account,
                    "taker_order": trade.taker_order_id,
                }
            )


class WashTrades:
    """Adds up the trades of a window; it holds a bounded number of them for each account, firm or owner."""

    def __init__(
        self, parameters: Parameters, window: Window, firm_of: Mapping[str, str], owners: SharedOwners
    ) -> None:
        """`firm_of`: the firm of each account. `owners`: who owns several firms, and when that was known."""
        self._parameters = parameters
        self._window = window
        self._firm_of = firm_of
        self._owners = owners
        self._accounts: dict[tuple[str, str], _Trades] = {}
        """By account and instrument,"""
        self._firms: dict[tuple[str, str], _Trades] = {}
        """by firm and instrument,"""
        self._of_owners: dict[tuple[str, str], _Trades] = {}
        """by owner and instrument."""

    def add(self, trade: TradeSeen) -> None:
        """Add the next trade."""
        maker, taker, symbol = trade.maker_account, trade.taker_account, trade.symbol
        if maker == taker:
            self._accounts.setdefault((maker, symbol), _Trades()).add(trade)
            return
        firm, other = self._firm_of.get(maker, maker), self._firm_of.get(taker, taker)
        if firm == other:
            self._firms.setdefault((firm, symbol), _Trades()).add(trade)
            return
        known = {
            _THEN: self._owners.of_both(firm, other, trade.time_ns),
            _NOW: self._owners.of_both(firm, other),
        }
        for owner in {owner for stakes in known.values() for owner in stakes}:
            trades = self._of_owners.setdefault((owner, symbol), _Trades())
            trades.add(trade)
            trades.firms.add(frozenset((firm, other)))
            for when, stakes in known.items():
                for key in zip((firm, other), stakes.get(owner, ()), strict=False):
                    trades.stakes.setdefault(key, Counter())[when] += 1

    def findings(self) -> list[Finding]:
        """Return what there is to find in all that was added."""
        return [
            *self._found(DETECTOR, self._accounts, "wash_trades_min", "with itself"),
            *self._found(WITHIN_A_FIRM, self._firms, "wash_trades_firm_min", "between accounts of its own"),
            *self._found_of_owners(),
        ]

    def _found(
        self, detector: str, found: Mapping[tuple[str, str], _Trades], threshold: str, how: str
    ) -> Iterable[Finding]:
        for (subject, symbol), trades in sorted(found.items()):
            if trades.count >= getattr(self._parameters, threshold):
                summary = f"{subject} traded {trades.count} times {how} in {symbol}"
                yield self._finding(detector, subject, symbol, trades, threshold, summary)

    def _found_of_owners(self) -> Iterable[Finding]:
        """Yield a finding for each owner; those who own the same firms together are told of once."""
        together: dict[tuple[str, frozenset[frozenset[str]], int], list[str]] = {}
        for (owner, symbol), trades in sorted(self._of_owners.items()):
            if trades.count >= self._parameters.wash_trades_owner_min:
                together.setdefault((symbol, frozenset(trades.firms), trades.count), []).append(owner)
        for (symbol, pairs, _), owners in together.items():
            trades, firms = self._of_owners[owners[0], symbol], sorted(frozenset().union(*pairs))
            stakes = [each for owner in owners for each in self._stakes(owner, symbol)]
            by = [as_they for when, as_they in _BY.items() if any(each[f"trades_{when}"] for each in stakes)]
            percent_min = self._parameters.wash_trades_owner_percent
            summary = f"{', '.join(firms)} traded {trades.count} times with each other in {symbol}; "
            summary += f"{percent_min} % or more of each belongs to {' and to '.join(owners)}, by clients' files "
            summary += " and ".join(by)
            yield self._finding(OF_ONE_OWNER, owners[0], symbol, trades, "wash_trades_owner_", summary, owners=stakes)

    def _stakes(self, owner: str, symbol: str) -> Iterable[dict[str, int | str]]:
        found = sorted(self._of_owners[owner, symbol].stakes.items(), key=lambda each: each[0][0])
        for (firm, stake), known in found:
            yield {
                "owner": owner,
                "firm": firm,
                "client": stake.client,
                "party": stake.party,
                "share": percent(stake.share),
                "votes": percent(stake.votes),
                **{f"trades_{when}": known[when] for when in _BY},
            }

    def _finding(
        self,
        detector: str,
        subject: str,
        symbol: str,
        trades: _Trades,
        threshold: str,
        summary: str,
        **more: list[dict[str, int | str]],
    ) -> Finding:
        evidence = {
            "figures": {"trades": trades.count, "qty": trades.qty},
            "thresholds": self._parameters.of(threshold),
            **more,
            "trades": trades.evidence,
        }
        return Finding(detector, subject, symbol, self._window, summary, evidence)
