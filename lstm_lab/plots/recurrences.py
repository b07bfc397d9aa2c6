"""The still picture of an activation found again: the distance along the series, and each match with what followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.interpret.recurrences import Recurrences
from lstm_lab.plots import style
from lstm_lab.plots.style import BLACK, BLUE, GREY, LIGHT, ORANGE, SMALL
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["recurrences_figure"]

_ACROSS = 3


@pictures.register(Recurrences)
def recurrences_figure(result: Recurrences, *, width: float = 9.0, height: float | None = None) -> Figure:
    """Draw the distance of every place, and thumbnails of what was looked for and of the nearest matches.

    Parameters
    ----------
    result
        The matches.
    width, height
        In inches.
    """
    shown = (result.row, *result.rows[:8])
    lines = -(-len(shown) // _ACROSS)
    figure = style.canvas(width, 2.2 + 1.35 * lines if height is None else height)
    grid = figure.add_gridspec(1 + lines, _ACROSS, height_ratios=[1.5, *[1.0] * lines])
    top = style.axes_in(figure, grid[0, :])
    _distances(top, result)
    style.titles(top, result.heading, f"{result.what}\n{result.sentence}")
    for at, row in enumerate(shown):
        _thumbnail(style.axes_in(figure, grid[1 + at // _ACROSS, at % _ACROSS]), result, row)
    return figure


def _distances(panel: Axes, result: Recurrences) -> None:
    """Draw the distance of every place by its time, and mark what was looked for and the matches."""
    places = style.positions(result.series.index)
    starts = result.distances.index.to_numpy()
    values = np.where(np.isfinite(result.distances), result.distances, np.nan)
    panel.plot(places[starts], values, color=GREY, linewidth=0.8)
    rows = np.asarray(result.rows, dtype=int)
    panel.plot(places[rows], result.distances.loc[rows], "o", color=BLUE, markersize=5)
    panel.axvline(places[result.row], color=ORANGE, linewidth=1.5)
    if np.isfinite(result.chance):
        panel.axhline(result.chance, color=LIGHT, linewidth=1.2, linestyle="--", zorder=0)
    panel.set_ylim(bottom=0)
    panel.set_ylabel("distance", fontsize=SMALL, color=GREY)
    style.time_axis(panel, result.series.index)


def _thumbnail(panel: Axes, result: Recurrences, row: int) -> None:
    """Draw the series around a match: before, there and after."""
    own = row == result.row
    values = result.series.to_numpy(dtype=np.float64)
    first, last = max(row - result.count, 0), min(row + 2 * result.count, len(values))
    steps = np.arange(first, last)
    colour = ORANGE if own else BLUE
    panel.axvspan(row - 0.5, row + result.count - 0.5, color=colour, alpha=0.15, linewidth=0)
    panel.plot(steps, values[first:last], color=BLACK, linewidth=1.1)
    panel.set(xlim=(row - result.count - 0.5, row + 2 * result.count - 0.5), xticks=[])
    words = "looked for" if own else f"distance {result.distances.loc[row]:.2f}"
    panel.set_title(f"{result.when(row)}\n{words}", loc="left", fontsize=SMALL - 1, color=colour if own else BLACK)
