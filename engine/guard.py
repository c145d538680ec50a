"""What the house holds a firm, an account or a session to: limits on its orders, and whether it is blocked."""

from engine.commands import Block, BlockWithdrawals
from engine.rules import NO_LIMITS, Limits


class Guard:
    """The limits and the block of one firm, account or session. Sessions have no limits."""

    __slots__ = ("block", "limits", "open_orders", "withdrawals_block")

    def __init__(self) -> None:
        self.limits: Limits = NO_LIMITS
        self.block: Block | None = None
        """The command that blocked it, None while it is not blocked."""
        self.withdrawals_block: BlockWithdrawals | None = None
        """The command that blocked it for withdrawals, None while it is not; sessions have no funds."""
        self.open_orders = 0
        """How many orders of a firm are open; those of an account it knows by itself."""

    @property
    def is_armed(self) -> bool:
        """Tell whether it could refuse an order."""
        return self.block is not None or self.limits is not NO_LIMITS
