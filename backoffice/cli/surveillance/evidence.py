"""The evidence of an alert as people read it: prices and quantities by their instrument's decimals, moments of UTC.

It is kept in ticks, lots and nanoseconds, as detectors count; as JSON programs get that.
"""

from typing import TYPE_CHECKING, Any, Final

from backoffice.cli.tables import Moment, cell_text

if TYPE_CHECKING:
    from backoffice.reports.market import Market

THRESHOLDS: Final = "thresholds"
"""They are called what they are called in the settings."""
_QUANTITIES: Final = frozenset({"qty", "volume", "median", "deviation"})


class Evidence:
    """Says what was seen in an instrument."""

    __slots__ = ("_market", "_symbol")

    def __init__(self, market: "Market", symbol: str) -> None:
        self._market = market
        self._symbol = symbol

    def lines(self, part: str, what: "dict[str, Any] | list[dict[str, Any] | list[str]]") -> list[str]:
        """Return a line for each figure, or for each thing that was seen; a list of accounts is who passed it on."""
        if part == THRESHOLDS and isinstance(what, dict):
            return [f"{name} {value:,}" for name, value in what.items()]
        if isinstance(what, dict):
            return [self._fact(name, value) for name, value in what.items()]
        return [
            " → ".join(each) if isinstance(each, list) else "; ".join(self._fact(*fact) for fact in each.items())
            for each in what
        ]

    def _fact(self, name: str, value: object) -> str:
        return f"{name.removesuffix('_ns').replace('_', ' ')} {self._said(name, value)}"

    def _said(self, name: str, value: object) -> str:
        match value:
            case int() if name.endswith("_ns"):
                return cell_text(Moment(value))
            case int() if name == "side":
                from engine.values import Side

                return "buys" if value == Side.BUY else "sells"
            case int() if name.startswith("price"):
                return cell_text(self._market.price(self._symbol, value))
            case int() if name in _QUANTITIES or "_qty" in name:
                return cell_text(self._market.qty(self._symbol, value))
            case int():
                return f"{value:,}"
            case list() if all(isinstance(each, int) for each in value):
                return " ".join(map(str, value))
            case list():
                return " / ".join(", ".join(self._fact(of, one) for of, one in each.items()) for each in value)
            case _:
                return str(value)
