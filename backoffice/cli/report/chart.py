"""Charts on the terminal. A drawing has no more digits than the eye sees: here alone figures become floats."""

import math
from collections.abc import Mapping, Sequence

import typer

_HEIGHT = 18
_WIDTH_MAX = 120
_LABELS_MAX = 8
_FIGURES_MIN = 3


def bars(title: str, names: Sequence[str], figures: Sequence[str]) -> None:
    """Draw a bar for each name; figures are decimal texts."""
    if not names:
        typer.echo(f"{title}: there is nothing to draw of that time")
        return
    plot = _begin(title)
    places = list(range(len(names)))
    heights = [float(figure) for figure in figures]
    plot.bar(places, heights)
    _scale(plot, [0.0, *heights])
    _label(plot, places, names)
    _end(plot)


def lines(title: str, names: Sequence[str], series: Mapping[str, Sequence[str | None]]) -> None:
    """Draw a line for each series over the same names; where one has nothing there is a gap."""
    if all(figure is None for figures in series.values() for figure in figures):
        typer.echo(f"{title}: there is nothing to draw of that time")
        return
    plot = _begin(title)
    heights = []
    for name, figures in series.items():
        places = [place for place, figure in enumerate(figures) if figure is not None]
        heights += (drawn := [float(figure) for figure in figures if figure is not None])
        plot.plot(places, drawn, label=name)
    _scale(plot, heights)
    _label(plot, list(range(len(names))), names)
    _end(plot)


def _begin(title: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - plotext has no types
    import shutil

    import plotext

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(min(shutil.get_terminal_size().columns, _WIDTH_MAX), _HEIGHT)
    plotext.title(title)
    return plotext


def _label(plot, places: Sequence[int], names: Sequence[str]) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Name some of the places below the drawing, as many as there is room for."""
    step = max(1, -(-len(places) // _LABELS_MAX))
    plot.xticks(places[::step], names[::step])


def _scale(plot, heights: Sequence[float]) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Name round figures on the left."""
    low, high = min(heights), max(heights)
    if low == high:
        plot.yticks([low], [f"{low:,}"])
        return
    power = 10.0 ** math.floor(math.log10((high - low) / _FIGURES_MIN))
    step = next(power * times for times in (5, 2, 1) if power * times * _FIGURES_MIN <= high - low)
    decimals = max(0, -math.floor(math.log10(step)))
    figures = [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]
    plot.yticks(figures, [f"{figure:,.{decimals}f}" for figure in figures])


def _end(plot) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    import re

    for line in re.sub(r"\x1b\[[0-9;]*m", "", plot.build()).splitlines():
        typer.echo(line.rstrip())
