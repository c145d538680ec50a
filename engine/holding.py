"""A holding: what an account has of one asset."""

from engine.values import Amount


class Holding:
    """One asset of one account, in smallest units: `available` may be spent, `reserved` backs open orders.

    `held` is for withdrawals that are not settled yet.
    """

    __slots__ = ("available", "held", "reserved")

    def __init__(self, available: Amount = 0, reserved: Amount = 0, held: Amount = 0) -> None:
        self.available = available
        self.reserved = reserved
        self.held = held

    @property
    def total(self) -> Amount:
        """All that the account has of the asset."""
        return self.available + self.reserved + self.held
