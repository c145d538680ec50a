"""A difference between two that should agree, and the kinds that there are."""

from enum import StrEnum
from typing import Final

import msgspec

from engine.values import Amount


class Kind(StrEnum):
    """What does not agree."""

    DUPLICATE = "duplicate"
    AMOUNT_MISMATCH = "amount-mismatch"
    MISSING_HERE = "missing-here"
    MISSING_THERE = "missing-there"
    RETURNED = "returned"
    RECALLED = "recalled"
    UNCERTAIN = "uncertain"
    QUARANTINED = "quarantined"
    UNMATCHED = "unmatched"
    NOT_IN_BOOKS = "not-in-books"
    RAIL_BALANCE = "rail-balance"
    ENGINE = "engine"
    OVERDRAWN = "overdrawn"
    SHORTFALL = "shortfall"


MEANINGS: Final = {
    Kind.DUPLICATE: "the rail has paid a withdrawal more than once",
    Kind.AMOUNT_MISMATCH: "the rail has booked another amount, or another asset",
    Kind.MISSING_HERE: "the rail has booked what nobody here knows, or what counts as not paid here",
    Kind.MISSING_THERE: "the rail's record does not have what counts as paid, or as come in, here",
    Kind.RETURNED: "a deposit that is to be sent back, by hand",
    Kind.RECALLED: "a deposit that the rail has taken back after it was credited, or a withdrawal after it was settled",
    Kind.UNCERTAIN: "a withdrawal of which nobody knows whether the rail has it",
    Kind.QUARANTINED: "a deposit that waits for two people",
    Kind.UNMATCHED: "a deposit of which nobody knows whose it is, or an amount in suspense that no payment has there",
    Kind.NOT_IN_BOOKS: "a payment has ended, and the books have not the amount, or another",
    Kind.RAIL_BALANCE: "a rail has more of an asset than the books have as kept there, or less",
    Kind.ENGINE: "a client has another balance in the engine than in the books",
    Kind.OVERDRAWN: "an account of the house has less than nothing",
    Kind.SHORTFALL: "what is kept for clients does not cover what they have and what is in suspense",
}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A difference: how it stands here, and there."""

    kind: Kind
    subject: str
    asset: str
    here: str
    here_amount: Amount | None = None
    there: str
    there_amount: Amount | None = None
    rail: str = ""
    """Without which it cannot be told; some have commas between them."""
