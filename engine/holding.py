"""A holding: what an account has of one asset."""

from engine.values import Amount


class Holding:
    """One asset of one account, in smallest units: `available` may be spent, `reserved` backs open orders."""

    __slots__ = ("available", "reserved")

    def __init__(self, available: Amount = 0, reserved: Amount = 0) -> None:
        self.available = available
        self.reserved = reserved
