"""Unusual volume: an account trades far more in an instrument than it has ever used to.

Its own hours with trades are the measure, by their median and the median absolute deviation from it, which a few
outliers do not move (Iglewicz and Hoaglin, 1993). If all hours are nearly the same, a tenth of the median stands for
the deviation. Sources: Regulation (EU) 596/2014 (MAR), article 16(1), and Delegated Regulation (EU) 2016/957, article
2, on systems that detect; FINRA rule 3110(d), on the review of trades.
"""

from typing import Final

from backoffice.surveillance.parameters import Parameters
from backoffice.surveillance.rows import Finding, HourTraded, Window

DETECTOR: Final = "unusual volume"


class UnusualVolume:
    """Goes through the hours of one account in one instrument after the other; it holds those of one."""

    def __init__(self, parameters: Parameters, window: Window, hour: int) -> None:
        """`hour`: the one that is measured; all others come before it."""
        self._parameters = parameters
        self._window = window
        self._hour = hour
        self._of = ("", "")
        self._history: list[int] = []
        self._found: list[Finding] = []

    def add(self, seen: HourTraded) -> None:
        """Add the next hour, in the order of `HourTraded`."""
        if self._of != (seen.account, seen.symbol):
            self._of = seen.account, seen.symbol
            self._history = []
        if seen.hour < self._hour:
            if seen.qty:
                self._history.append(seen.qty)
        elif seen.hour == self._hour:
            self._measure(seen)

    def findings(self) -> list[Finding]:
        """Return what there is to find in all that was added."""
        return self._found

    def _measure(self, seen: HourTraded) -> None:
        parameters = self._parameters
        if len(self._history) < parameters.volume_history_min:
            return
        median = _median(self._history)
        deviation = max(_median([abs(qty - median) for qty in self._history]), median // 10, 1)
        if seen.qty < parameters.volume_multiple * median:
            return
        if seen.qty - median < parameters.volume_deviations * deviation:
            return
        evidence = {
            "figures": {
                "qty": seen.qty,
                "median": median,
                "deviation": deviation,
                "hours": len(self._history),
                "trades": seen.trades,
            },
            "thresholds": parameters.of("volume_"),
        }
        summary = f"{seen.account} traded {seen.qty:,} lots in {seen.symbol} in an hour; {median:,} are usual"
        self._found.append(Finding(DETECTOR, seen.account, seen.symbol, self._window, summary, evidence))


def _median(quantities: list[int]) -> int:
    """Return the lower median: whole lots."""
    return sorted(quantities)[(len(quantities) - 1) // 2]
