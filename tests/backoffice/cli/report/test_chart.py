"""Charts: what people read off them."""

import re

import pytest

from backoffice.cli.report.chart import bars, lines


@pytest.mark.parametrize(
    ("figures", "scale"),
    (
        (("3829780.4", "12.5"), ["3,000,000", "2,000,000", "1,000,000", "0"]),
        (("0.000031",), ["0.00003", "0.00002", "0.00001", "0.00000"]),
        (("0",), ["0.0"]),
    ),
)
def test_bars_stand_on_zero_beside_round_figures(
    figures: tuple[str, ...], scale: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    bars("volume", [f"C-{number}" for number in range(len(figures))], figures)
    assert _scale(capsys.readouterr().out) == scale


@pytest.mark.parametrize(
    ("figures", "scale"),
    (
        (("-0.5", None, "3"), ["3", "2", "1", "0"]),
        (("799650000", "799999000"), ["799,900,000", "799,800,000", "799,700,000"]),
        (("799650000", "799650000"), ["799,650,000.0"]),
    ),
)
def test_lines_go_past_round_figures(
    figures: tuple[str | None, ...], scale: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lines("balance", [str(number) for number in range(len(figures))], {"USD": figures})
    assert _scale(capsys.readouterr().out) == scale


def _scale(drawn: str) -> list[str]:
    """Return what stands on the left, from above."""
    return re.findall(r"^ *(\S+)┤", drawn, re.MULTILINE)
