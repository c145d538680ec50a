"""What the house may move between its own accounts, and what that means in the world: a table, and one rule beside it.

The account that an amount goes from is credited, the one that it goes to is debited. What is not in the table is
refused: what clients have changes in the engine alone, and fees and rebates are what the engine has charged and paid.
They stay income and expenses for ever; what was earned is taken out as money, from where it is kept to the house's own.

The rule is that what is kept for clients covers what they have, and what is in suspense: no move may make less of it
than that, nor let an account have less than nothing.
"""

from collections import Counter
from typing import Final

import msgspec

from backoffice.errors import Refused
from backoffice.ledger.chart import CLIENT_KINDS, CUSTODY, SIDES, Kind, Side
from engine.values import Amount

_MONEY: Final = (*CUSTODY, Kind.OWN)

MOVES: Final[dict[tuple[Kind, Kind], str]] = {
    **{(one, other): "kept for clients elsewhere" for one in CUSTODY for other in CUSTODY if one is not other},
    **{(kept, Kind.OWN): "what the house has earned is taken out" for kept in CUSTODY},
    **{(Kind.OWN, kept): "the house adds money of its own" for kept in CUSTODY},
    **{(Kind.INTEREST, money): "interest was received" for money in _MONEY},
    **{(money, Kind.INTEREST): "interest was paid" for money in _MONEY},
    **{(money, Kind.COSTS): "a bank or a network has taken its fee" for money in _MONEY},
    **{(Kind.COSTS, money): "such a fee was given back" for money in _MONEY},
    (Kind.SUSPENSE, Kind.OMNIBUS): "money came in, and it is not known yet whose it is",
    (Kind.OMNIBUS, Kind.SUSPENSE): "it is known whose it is: credited by the engine, or sent back",
}
"""From and to, and what it means."""


def meaning_of(source: Kind, target: Kind) -> str:
    """Return what a move means. Raise `Refused` if it is none."""
    if source in CLIENT_KINDS or target in CLIENT_KINDS:
        raise Refused(f"{source} to {target}: what clients have changes in the engine alone, not in the books")
    for kind in (source, target):
        if kind in (Kind.FEES, Kind.REBATES):
            raise Refused(
                f"{kind} stay as the engine has booked them; "
                f"to take out what was earned, move it from {Kind.OMNIBUS} to {Kind.OWN}"
            )
    meaning = MOVES.get((source, target))
    if meaning is None:
        *others, last = sorted(to for of, to in MOVES if of is source)
        raise Refused(f"{source} to {target}: that moves nothing; from {source} to {', '.join(others)} or {last}")
    return meaning


class Standing(msgspec.Struct):
    """What there is of an asset, and what of it is promised to transfers that nobody has decided on yet."""

    house: dict[Kind, Amount]
    """Balances of the house's accounts, above zero for a credit."""
    clients: Amount
    """What clients have."""
    promised: Counter[Kind] = msgspec.field(default_factory=Counter)
    """By account."""
    leaving: Amount = 0
    """What is to leave what is kept for clients."""

    def promise(self, source: Kind, target: Kind, amount: Amount) -> None:
        """Count a move that is to come. What it will add somewhere does not count before it is there."""
        self.promised[source] += amount
        if target is Kind.SUSPENSE:
            self.promised[target] += amount
        if _leaves(source, target):
            self.leaving += amount

    def has(self, kind: Kind) -> Amount:
        """Return what an account has to give."""
        amount = self.house[kind]
        return max(0, (-amount if SIDES[kind] is Side.ASSETS else amount) - self.promised[kind])

    def spare(self) -> Amount:
        """Return how much more is kept than what clients have and what is in suspense."""
        kept = -sum(self.house[kind] for kind in CUSTODY)
        return max(0, kept - self.clients - self.house[Kind.SUSPENSE] - self.leaving)


def lacking(source: Kind, target: Kind, amount: Amount, standing: Standing) -> tuple[str, Amount] | None:
    """Return what has too little for a move and what it has, None if nothing is against it."""
    if SIDES[source] is Side.ASSETS and amount > standing.has(source):
        return f"{source} has", standing.has(source)
    if target is Kind.SUSPENSE and amount > standing.has(target):
        return f"{target} has", standing.has(target)
    if _leaves(source, target) and amount > standing.spare():
        return "beyond what clients have, what is kept for them has", standing.spare()
    return None


def _leaves(source: Kind, target: Kind) -> bool:
    return source in CUSTODY and target not in (*CUSTODY, Kind.SUSPENSE)
