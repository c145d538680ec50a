"""Pegged orders of one book: they rest in the dark, at prices that follow the best displayed ones.

A peg's wish is its reference plus its offset, or its limit where that is worse for whoever trades against it. Pegs rank
by their wish, then by age. None is priced into the other side: it trades at its wish or one tick behind the other
side's best price, whichever is worse for the taker; nor is it priced beyond the price bands. Without a reference a peg
is parked, and trades with nobody.

Prices are keys of the peg's side (`engine.book`): the smaller, the better for the taker. Of all pegs with one
reference, those at their limit rank by limit and the others by offset, wherever the market is; so when it moves, only
those that come to their limit or leave it are touched, each in logarithmic time. Nothing happens until somebody asks.
"""

from collections.abc import Iterator
from heapq import merge
from typing import Final

from sortedcontainers import SortedDict

from engine.order import Order
from engine.values import BUY, NOWHERE, PRICE_MAX, SELL, PegReference, Place, Price, Side

_NO_LIMIT: Final = -(2**56)
"""A key that no price with its offset is better than."""


class Peg:
    """A pegged order in its place. Offset and limit are keys: the smaller, the better for the taker."""

    __slots__ = ("at_limit", "limit", "offset", "order", "rank", "turn")

    def __init__(self, order: Order, offset: int, limit: int, rank: int) -> None:
        self.order = order
        self.offset = offset
        self.limit = limit
        self.rank = rank
        """Its age: the lower, the older."""
        self.turn = limit - offset
        """The reference at which its limit and its offset give the same price; below it, the limit is worse."""
        self.at_limit = False


class PegQueue:
    """The pegs of one side with one reference, those at their limit apart from those that float with it."""

    __slots__ = ("_at_limit", "_at_limit_turns", "_floating", "_floating_turns", "_is_known", "_reference")

    def __init__(self) -> None:
        self._is_known = False
        """Whether there is a price to follow;"""
        self._reference = 0
        """the key of the last one that there was."""
        self._floating: SortedDict[tuple[int, int], Peg] = SortedDict()
        """By offset and age,"""
        self._floating_turns: SortedDict[tuple[int, int], Peg] = SortedDict()
        """and by the reference at which they come to their limit."""
        self._at_limit: SortedDict[tuple[int, int], Peg] = SortedDict()
        """By limit and age,"""
        self._at_limit_turns: SortedDict[tuple[int, int], Peg] = SortedDict()
        """and by the reference at which they leave it."""

    def add(self, peg: Peg) -> None:
        peg.at_limit = self._reference < peg.turn
        if peg.at_limit:
            self._at_limit[peg.limit, peg.rank] = self._at_limit_turns[peg.turn, peg.rank] = peg
        else:
            self._floating[peg.offset, peg.rank] = self._floating_turns[peg.turn, peg.rank] = peg

    def remove(self, peg: Peg) -> None:
        if peg.at_limit:
            del self._at_limit[peg.limit, peg.rank], self._at_limit_turns[peg.turn, peg.rank]
        else:
            del self._floating[peg.offset, peg.rank], self._floating_turns[peg.turn, peg.rank]

    def follow(self, reference: int) -> None:
        """Let the reference move, and with it those that come to their limit or leave it."""
        self._is_known = True
        if reference == self._reference:
            return
        self._reference = reference
        while self._floating_turns and self._floating_turns.peekitem(-1)[0][0] > reference:
            self._move(self._floating_turns.peekitem(-1)[1])
        while self._at_limit_turns and self._at_limit_turns.peekitem(0)[0][0] <= reference:
            self._move(self._at_limit_turns.peekitem(0)[1])

    def park(self) -> None:
        """There is no reference: nobody can trade until there is one."""
        self._is_known = False

    def first(self) -> tuple[int, int, Peg] | None:
        """Return the first to trade of those that can, with its wish and age."""
        if not self._is_known:
            return None
        floats = limited = None
        if self._floating:
            (offset, rank), peg = self._floating.peekitem(0)
            floats = self._reference + offset, rank, peg
        if self._at_limit:
            (limit, rank), peg = self._at_limit.peekitem(0)
            limited = limit, rank, peg
        if floats is None or limited is None:
            return limited if floats is None else floats
        return min(floats, limited, key=_standing)

    def floating(self) -> Iterator[tuple[int, int, Peg]]:
        """Yield those that float and can trade, with their wish and age, the first to trade first."""
        if self._is_known:
            for (offset, rank), peg in self._floating.items():
                yield self._reference + offset, rank, peg

    def at_limit(self) -> Iterator[tuple[int, int, Peg]]:
        """Yield those at their limit in the same way."""
        if self._is_known:
            for (limit, rank), peg in self._at_limit.items():
                yield limit, rank, peg

    def _move(self, peg: Peg) -> None:
        self.remove(peg)
        self.add(peg)


class PegSide:
    """The pegs of one side."""

    __slots__ = ("_cap", "_first", "_is_first_known", "_queues", "_worst", "sign")

    def __init__(self, side: Side) -> None:
        self.sign = 1 if side is SELL else -1
        self._cap, self._worst = (1, PRICE_MAX) if side is SELL else (-PRICE_MAX, -1)
        """The best and the worst key at which a peg may trade."""
        self._queues = {reference: PegQueue() for reference in PegReference if reference}
        self._first: tuple[int, Order] | None = None
        self._is_first_known = True

    def add(self, peg: Peg, reference: PegReference) -> None:
        """Put a peg where it stands with its reference."""
        self._queues[reference].add(peg)
        self._is_first_known = False

    def remove(self, peg: Peg, reference: PegReference) -> None:
        """Take a peg out."""
        self._queues[reference].remove(peg)
        self._is_first_known = False

    def follow(self, own_best: Price, other_best: Price, edge: Price) -> None:
        """Let pegs be priced by the best displayed prices of their own and of the other side; 0 where there is none.

        `edge` is the best price for a taker that there may be.
        """
        own, other = own_best * self.sign, other_best * self.sign
        self._is_first_known = False
        self._cap = max(edge * self.sign, other + 1) if other_best else edge * self.sign
        primary, market, midpoint = self._queues.values()
        if own_best:
            primary.follow(own)
        else:
            primary.park()
        if other_best:
            market.follow(other)
        else:
            market.park()
        if own_best and other_best:
            midpoint.follow(-(-(own + other) // 2))  # Half a tick goes to the peg, so that it never does worse.
        else:
            midpoint.park()

    def ranked(self) -> Iterator[tuple[int, Order]]:
        """Yield the keys at which pegs can trade, and the pegs, the first to trade first."""
        queues = self._queues.values()
        for wish, _, peg in merge(*(queue.floating() for queue in queues), *(queue.at_limit() for queue in queues)):
            key = max(wish, self._cap)
            if key > self._worst:
                return
            yield key, peg.order

    def first(self) -> tuple[int, Order] | None:
        """Return the first of them: every order asks that comes to a book with pegs."""
        if not self._is_first_known:
            firsts = [first for queue in self._queues.values() if (first := queue.first()) is not None]
            self._first = None
            if firsts:
                wish, _, peg = min(firsts, key=_standing)
                key = max(wish, self._cap)
                if key <= self._worst:
                    self._first = key, peg.order
            self._is_first_known = True
        return self._first


def _standing(place: tuple[int, int, Peg]) -> tuple[int, int]:
    return place[0], place[1]


class Pegs:
    """All pegs of one book."""

    __slots__ = ("_last_rank", "_market", "_pegs", "_sides")

    def __init__(self) -> None:
        self._sides = {side: PegSide(side) for side in Side}
        self._pegs: dict[int, Peg] = {}
        """By OrderID, oldest first."""
        self._last_rank = 0
        self._market = (0, 0, 1, PRICE_MAX)
        """The best displayed prices, and the lowest and highest price that there may be, by which they are priced."""

    def __len__(self) -> int:
        return len(self._pegs)

    def __iter__(self) -> Iterator[Order]:
        """Yield the orders, oldest first."""
        for peg in self._pegs.values():
            yield peg.order

    def side(self, side: Side) -> PegSide:
        """Return the pegs of `side`."""
        return self._sides[side]

    def age(self, order: Order) -> int:
        """Return a number that is the lower, the older a peg is."""
        return self._pegs[order.order_id].rank

    def rest(self, order: Order) -> None:
        """Put a pegged order behind all others."""
        terms = order.terms
        assert terms is not None, "a peg has a reference"
        side = self._sides[order.side]
        self._last_rank += 1
        limit = order.price * side.sign if order.price else _NO_LIMIT
        peg = self._pegs[order.order_id] = Peg(order, terms.offset * side.sign, limit, self._last_rank)
        side.add(peg, terms.peg)
        order.place = Place.PEGS

    def remove(self, order: Order) -> None:
        """Take a pegged order out; its terms must be those with which it came."""
        terms = order.terms
        assert terms is not None, "a peg has a reference"
        self._sides[order.side].remove(self._pegs.pop(order.order_id), terms.peg)
        order.place = NOWHERE

    def follow(self, best_bid: Price, best_ask: Price, lowest: Price = 1, highest: Price = PRICE_MAX) -> None:
        """Let all be priced by the best displayed prices, 0 where there is none, and between two prices."""
        market = (best_bid, best_ask, lowest, highest)
        if market != self._market:
            self._market = market
            self._sides[BUY].follow(best_bid, best_ask, highest)
            self._sides[SELL].follow(best_ask, best_bid, lowest)
