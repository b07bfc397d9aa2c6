"""The still picture of bands beside each other: one forecast with what happened, and what each held at every level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lstm_lab.evaluation.band_comparison import BandComparison
from lstm_lab.formatting import moment
from lstm_lab.plots import style
from lstm_lab.plots.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["bands_figure"]

_LOOKS: Final = ((VERMILION, "s"), (GREEN, "^"), (BLUE, "o"), (PURPLE, "D"), (ORANGE, "v"), (GREY, "P"))
"""Colour and mark of each band; further ones begin again."""


@pictures.register(BandComparison)
def bands_figure(comparison: BandComparison, *, at: int = -1, width: float = 9.0, height: float = 4.0) -> Figure:
    """Draw the bands from one origin over each other, and the reliability of all.

    Parameters
    ----------
    comparison
        The backtests.
    at
        Number of the origin; the newest by default.
    width, height
        In inches.
    """
    figure = style.canvas(width, height)
    grid = figure.add_gridspec(1, 2, width_ratios=[1.6, 1])
    left = style.axes(figure, ylabel=style.short(comparison.target))
    left.set_subplotspec(grid[0])
    right = style.axes(figure)
    right.set_subplotspec(grid[1])
    _one_forecast(left, comparison, at)
    _levels(right, comparison)
    style.legend(figure)
    return figure


def _looks(comparison: BandComparison) -> list[tuple[str, str, str]]:
    """Return name, colour and mark of each band."""
    return [(name, *_LOOKS[number % len(_LOOKS)]) for number, name in enumerate(comparison.tests)]


def _one_forecast(panel: Axes, comparison: BandComparison, at: int) -> None:
    evaluated = comparison.evaluated
    row = int(evaluated.rows[at])
    shown = evaluated.series.iloc[max(0, row - evaluated.horizon) : row + evaluated.horizon]
    times = style.positions(shown.index)
    ahead = times[-evaluated.horizon :]
    for name, colour, mark in _looks(comparison):
        forecast = comparison.forecasts[name][at]
        lower, upper = forecast.quantile(forecast.levels)
        panel.fill_between(ahead, lower, upper, color=colour, alpha=0.12, linewidth=0)
        every = max(1, evaluated.horizon // 6)
        panel.plot(ahead, lower, color=colour, linewidth=1.2, marker=mark, markersize=4, markevery=every)
        panel.plot(ahead, upper, color=colour, linewidth=1.2, marker=mark, markersize=4, markevery=every)
    panel.plot(times, shown.to_numpy(np.float64), color=BLACK, linewidth=1.5, label="what happened")
    style.time_axis(panel, shown.index)
    since = f"bands from {moment(evaluated.origins[at])}"
    style.titles(panel, f"{style.short(comparison.target)}: {len(comparison.tests)} bands", since)


def _levels(panel: Axes, comparison: BandComparison) -> None:
    """Draw measured against nominal coverage."""
    panel.plot([0, 100], [0, 1], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    held = comparison.reliability()
    for name, colour, mark in _looks(comparison):
        label = style.plain(style.short(name, 24))
        panel.plot(held.index, held[name], color=colour, linewidth=1.4, marker=mark, markersize=4, label=label)
    style.titles(panel, "", "measured coverage at every level;\non the dashed line: as promised")
    panel.set_xlabel("nominal coverage", fontsize=style.SMALL, color=GREY)
    panel.set_xlim(0, 100)
    panel.set_ylim(0, 1)
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:.0f} %")
    panel.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
