"""The trading rules of an instrument: what the house may change while orders rest, unlike its definition."""

from typing import Final

import msgspec


class Rules(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Limits and settings of one instrument; 0 stands for none."""

    stop_protection_bps: int = 500
    """How far beyond its StopPx a stop without a limit may trade, in basis points of the StopPx."""
    display_min_bps: int = 0
    """The least share of its quantity that an iceberg must display."""


NO_RULES: Final = Rules()
"""Those of an instrument for which the house has set none."""
