"""The still picture of a spread: the bands of each combination of sources side by side, on one scale."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.forecasting.spread import Spread
from lstm_lab.plots import style
from lstm_lab.plots.fan import draw_band, edges_in_words
from lstm_lab.plots.style import BLACK, BLUE, GREY
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["spread_figure"]

_ACROSS = 4
"""Panels in a row, at most."""
_LETTERS = 22
"""Letters in a line above a panel, so that it stays as wide as its neighbours."""


@pictures.register(Spread)
def spread_figure(spread: Spread, *, width: float = 9.0, height: float | None = None) -> Figure:
    """Draw the fan of each combination of sources, with the coverage measured for its band.

    Parameters
    ----------
    spread
        The forecasts.
    width, height
        In inches; 2.3 a row of panels, and some for the heading, by default.
    """
    count = len(spread.forecasts)
    across = min(count, _ACROSS)
    down = -(-count // across)
    figure = style.canvas(width, 2.3 * down + 0.6 if height is None else height)
    grid = figure.add_gridspec(down, across)
    full = spread.full
    recent = full.history.iloc[-max(full.horizon, 20) :]
    times = style.positions(recent.index.append(full.index))
    past, ahead = times[: len(recent)], times[len(recent) :]
    edges = [forecast.quantile([*forecast.levels, 0.5]) for forecast in spread.forecasts.values()]
    seen = np.concatenate([recent.dropna().to_numpy(np.float64), np.ravel(edges)])
    room = 0.05 * (float(np.ptp(seen)) or 1.0)
    low, high = full.levels
    for number, (sources, (lower, upper, median)) in enumerate(zip(spread.forecasts, edges, strict=True)):
        panel = style.axes(figure, ylabel=style.short(full.target, 16) if number % across == 0 else "")
        panel.set_subplotspec(grid[number // across, number % across])
        panel.plot(past, recent.to_numpy(np.float64), color=BLACK, linewidth=1.1, label="observed")
        draw_band(panel, ahead, (lower, upper), 0.25, edges_in_words(low, high))
        alone = "_" if full.horizon == 1 else ""  # one value has no line
        panel.plot(ahead, median, color=BLUE, linewidth=1.6, marker=alone, markersize=10, label="median")
        if number > 0:  # one panel names what all show
            for drawn in (*panel.lines, *panel.collections):
                drawn.set_label("_nolegend_")
        panel.set_ylim(seen.min() - room, seen.max() + room)
        style.time_axis(panel, recent.index.append(full.index), few=2, many=4)
        if number % across:  # all have one scale
            panel.tick_params(labelleft=False)
        measured = spread.coverages[sources]
        held = "coverage not measured" if measured is None else f"held {measured}".split(" over")[0]
        words = [*wrap(str(sources), _LETTERS), held]
        panel.set_title("\n".join(words), loc="left", fontsize=style.SMALL, color=GREY)
    heading = f"{style.short(full.target)}: where the spread comes from"
    figure.suptitle(style.plain(heading), x=0.01, ha="left", fontsize=style.LARGE, fontweight="bold", color=BLACK)
    style.legend(figure)
    return figure
