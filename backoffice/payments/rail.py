"""What payments ask of a rail: a bank, a chain, or the sandbox.

A rail tells what has come in, as often as it is asked, from a cursor on; and hands over what is to go out in two steps.
`prepare` makes the whole of it, signed, and sends nothing: a pain.001 file, a raw transaction. That is stored. `send`
hands over those very bytes. When it fails, either it is certain that nothing was taken (`RailRefused`), or it is not
(`RailSilent`); in the second case nobody sends again: `outcome` is asked until the rail knows.

What may happen on the way is told by the same few calls. A deposit that a reorganisation throws out, or that its sender
spends twice, is told again as `is_gone`, and once more if it comes back. A payout that comes back after it was paid is
a movement of its own, with `returns`. One that waits too long, or that a reorganisation has thrown out, is renewed:
`renew` makes it anew, with a larger fee, or has the very same bytes handed over once more. A bank's file of many
payouts is the rail's own affair: `send` leaves each with it, for good; it puts them together, and answers for each.
"""

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from backoffice.errors import BackOfficeError

TEXT_CHARS_MAX: Final = 200
"""How much is kept of what a rail calls something,"""
NAME_CHARS_MAX: Final = 64
"""and of what it says is a name of ours."""


class RailRefused(BackOfficeError):
    """The rail has not taken the payment, and will not: that much is certain."""


class RailSilent(BackOfficeError):
    """Nobody knows whether the rail has taken the payment, or the rail does not answer."""


class Movement(msgspec.Struct, frozen=True):
    """Money that has come in, as the rail sees it now. The same one is told again whenever it has changed."""

    reference: str
    """What the rail calls it for ever: a transaction and its output, a booking of the bank. Never a block, or a page of
    a statement, which may change."""
    address: str
    """Where it came in: it tells whose it is."""
    asset: str
    amount: int
    """In the asset's smallest unit."""
    confirmations: int
    """How deep it lies under what came after it. A bank's booking has as many as anybody asks for: `BOOKED`."""
    is_gone: bool = False
    """It was there and is no more: reorganised away, reversed."""
    sender: str = ""
    """Who sent it, as far as the rail says: a name, an account."""
    returns: str = ""
    """The payout of ours that comes back with it, by its reference."""


BOOKED = 1_000_000
"""Confirmations of what cannot be undone by waiting: a bank's booking."""


class Incoming(msgspec.Struct, frozen=True):
    """What has come in since a cursor, and the cursor from which to go on."""

    movements: tuple[Movement, ...]
    cursor: str


class Payout(msgspec.Struct, frozen=True):
    """What is to go out."""

    reference: str
    """Ours, unique for ever: "W-7". It goes along wherever the rail has room for it."""
    number: int
    """Unique on the rail, reserved for this payout alone: a nonce, a message's number. What is called off, or refused,
    after it was given its number leaves a gap; a rail that goes on only without gaps spends that number on nothing."""
    address: str
    asset: str
    amount: int
    name: str = ""
    """Whose address it is, where the rail wants to know."""


class OutcomeState(StrEnum):
    """How a payout stands with the rail."""

    UNKNOWN = "unknown"
    """The rail has not heard of it, or does not say. That proves nothing: it may come to know it yet."""
    PENDING = "pending"
    SETTLED = "settled"
    FAILED = "failed"
    """It will never be paid."""


class Outcome(msgspec.Struct, frozen=True):
    """What a rail knows of a payout."""

    state: OutcomeState
    confirmations: int = 0
    text: str = ""
    """The rail's own word for it: a reason code, a transaction id."""
    fee: int = 0
    """What the rail has taken for itself, in the asset's smallest unit, from the venue's own funds."""


class Booking(msgspec.Struct, frozen=True):
    """A line of the rail's own record: money that it has moved on the venue's account. Told again when it has changed.

    It is for reconciliation alone: a bank's statement, a chain's transactions, read apart from what payments are told.
    """

    reference: str
    """The rail's own for this one movement, for ever: of what came in the same as the `Movement`'s. A bank's reference
    of the booking and the place in its batch, a transaction and its output; never what the payer wrote (EndToEndId),
    which may be missing or come twice, and never a page of a statement."""
    asset: str
    amount: int
    """Above zero for what came in, below for what went out, without the rail's own fee."""
    ours: str = ""
    """The payout that it carries out, by its reference, as far as the rail says."""
    is_gone: bool = False
    """It was there and is no more: reorganised away, reversed."""


class Statement(msgspec.Struct, frozen=True):
    """What a rail has booked since a cursor, and the cursor from which to go on."""

    bookings: tuple[Booking, ...]
    cursor: str
    balances: dict[str, int] | None
    """What is on the venue's account with the rail after all that it has booked, by asset, in smallest units; None if
    there is more to tell, from the cursor on. It is the rail's own figure, not a sum of what it has told."""


def kept(text: str, chars_max: int = TEXT_CHARS_MAX) -> str:
    """Return a rail's text as it is kept: what is too long ends in its hash, and is still told apart from others."""
    clean = text.replace("\0", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL takes all others.
    if len(clean) <= chars_max:
        return clean
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    return f"{clean[: chars_max - len(digest) - 1]}#{digest}"


class Rail(Protocol):
    """A way for money to come in and go out. Every call may raise `RailSilent`."""

    name: str
    record_lag_ns: int
    """How long after something has moved the rail's record may not have it yet: until a bank's statement is there."""

    async def address_for(self, account: str, asset: str, number: int) -> str:
        """Return where an account's deposits of an asset are to be sent.

        `number` is unique on the rail: the index of a derived key, the end of a virtual account. The same number
        gives the same address, however often it is asked for.
        """

    async def incoming(self, cursor: str) -> Incoming:
        """Return what has come in, or has changed, since a cursor; "" for all of it.

        The cursor is stored together with what was made of the movements. After a crash the rail is asked with the
        old one and tells the same again; it may tell any movement more than once.
        """

    async def prepare(self, payout: Payout) -> bytes:
        """Return what is to be sent, whole, and send nothing. Raise `RailRefused` if it cannot be paid."""

    async def send(self, payout: Payout, prepared: bytes) -> None:
        """Hand over what was prepared. Raise `RailRefused` only when it is certain that it was not taken."""

    async def outcome(self, payout: Payout, sent: Sequence[bytes]) -> Outcome:
        """Return how it stands. `sent`: all that was stored to be handed over, the oldest first; any may be the one.

        It is asked for some time after a payout was settled, too: one that is pending or has failed then is taken back.
        """

    async def renew(self, payout: Payout, sent: Sequence[bytes]) -> bytes | None:
        """Return what is to be handed over in addition to what was, for a payout that the rail has: mostly nothing.

        It must be such that of all these at most one is ever paid, whatever becomes of the others: it spends the same
        inputs, has the same nonce. Or it is one of `sent` once more. It is stored before it is handed over by `send`.
        """

    async def statement(self, cursor: str) -> Statement:
        """Return what the rail has booked, or has changed its mind on, since a cursor; "" for all of it.

        It may tell any booking more than once. An answer has as many as fit into memory, the next ones follow; the last
        has the balances of that very moment.
        """
