"""What the exchange remembers of money that came, went or moved: so that each reference is booked once and no more.

A command on funds may come again, as who sent it may have died before it heard the answer. So what a reference was
booked as is kept, of the latest `REFERENCES_KEPT` bookings and of as many closed withdrawals: in the state, and so in
its snapshots. Withdrawals that are held are all kept.
"""

from collections import deque
from typing import Final

import msgspec
from msgspec.structs import replace

from engine.values import Amount, WithdrawalStage

REFERENCES_KEPT: Final = 250_000
"""So many of the latest bookings, and of the latest closed withdrawals, are told from new ones."""


class Booking(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a reference was booked as. An empty account stands for what is outside the venue."""

    from_account: str
    to_account: str
    asset: str
    amount: Amount
    is_fee: bool = False
    """It went to the venue itself."""


UNKNOWN_BOOKING: Final = Booking("", "", "", 0)
"""That of a reference in a snapshot of a version that kept the reference alone."""


class Withdrawal(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A withdrawal: what was held for it, and once it is settled, how much of that has left the venue."""

    account: str
    asset: str
    amount: Amount
    stage: WithdrawalStage = WithdrawalStage.HELD
    settled: Amount = 0


class References:
    """What references and the ids of withdrawals stand for. Bounded, but for what is held."""

    __slots__ = ("booked", "booked_order", "closed_order", "withdrawals")

    def __init__(self) -> None:
        self.booked: dict[str, Booking] = {}
        """What the latest references were booked as: of deposits, of those taken back, of transfers, of fees."""
        self.booked_order: deque[str] = deque()
        """Their keys, oldest first."""
        self.withdrawals: dict[str, Withdrawal] = {}
        """Those that are held, and the latest closed ones, by their ids."""
        self.closed_order: deque[str] = deque()
        """The ids of the latter, in the order in which they were closed."""

    def book(self, reference: str, booking: Booking) -> None:
        """Remember a booking, and forget the oldest if there are too many."""
        self.booked[reference] = booking
        self.booked_order.append(reference)
        if len(self.booked_order) > REFERENCES_KEPT:
            del self.booked[self.booked_order.popleft()]

    def close(self, withdrawal_id: str, stage: WithdrawalStage, settled: Amount = 0) -> None:
        """Remember what became of a withdrawal, and forget the one closed first if there are too many."""
        self.withdrawals[withdrawal_id] = replace(self.withdrawals[withdrawal_id], stage=stage, settled=settled)
        self.closed_order.append(withdrawal_id)
        if len(self.closed_order) > REFERENCES_KEPT:
            del self.withdrawals[self.closed_order.popleft()]
