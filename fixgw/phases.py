"""How a phase of trading looks in FIX. An instrument is a trading session of its own, named by its symbol."""

from typing import Final

from engine.values import Phase

SESSION_SUB_ID: Final = {
    Phase.CONTINUOUS: "3",
    Phase.CLOSED: "7",
    Phase.PRE_OPEN: "1",
    Phase.OPENING_AUCTION: "2",
    Phase.VOLATILITY_AUCTION: "6",
    Phase.CLOSING_AUCTION: "4",
    Phase.HALT: "7",
    Phase.POST_ONLY: "3",
    Phase.CANCEL_ONLY: "7",
}
"""TradingSessionSubID(625), with the values that later versions of FIX give it: 1 pre-trading, 2 opening auction,
3 (continuous) trading, 4 closing auction, 6 intraday auction, 7 quiescent."""
