"""Balances as a follower has them: from events alone."""

from collections import defaultdict
from collections.abc import Iterable

from engine.balance_changes import Bucket, Pair, balance_changes, pair_of
from engine.events import AnyEvent, InstrumentAdded
from engine.state import State


class FollowedBalances:
    """All balances, derived from events."""

    def __init__(self) -> None:
        self.instruments: dict[str, Pair] = {}
        self.balances: defaultdict[tuple[str, str, Bucket], int] = defaultdict(int)

    def follow(self, events: Iterable[AnyEvent]) -> None:
        """Take in what came of a command."""
        for event in events:
            if isinstance(event, InstrumentAdded):
                self.instruments[event.symbol] = pair_of(event)
            sums: defaultdict[str, int] = defaultdict(int)
            for change in balance_changes(event, self.instruments):
                assert change.amount
                assert bool(change.account) == (change.bucket not in (Bucket.FEES, Bucket.OUTSIDE))
                self.balances[change.account, change.asset, change.bucket] += change.amount
                sums[change.asset] += change.amount
            assert not any(sums.values()), f"{event} makes money or loses it"

    def check(self, state: State) -> None:
        """Hold the balances to the exchange's own."""
        expected: dict[tuple[str, str, Bucket], int] = {}
        for name, account in state.accounts.items():
            for asset, holding in account.holdings.items():
                expected[name, asset, Bucket.AVAILABLE] = holding.available
                expected[name, asset, Bucket.RESERVED] = holding.reserved
                expected[name, asset, Bucket.HELD] = holding.held
        for asset, fees in state.fees.items():
            expected["", asset, Bucket.FEES] = fees
            expected["", asset, Bucket.OUTSIDE] = state.withdrawn[asset] - state.credited[asset]
        assert _not_zero(self.balances) == _not_zero(expected)


def _not_zero(balances: dict[tuple[str, str, Bucket], int]) -> dict[tuple[str, str, Bucket], int]:
    return {key: amount for key, amount in balances.items() if amount}
