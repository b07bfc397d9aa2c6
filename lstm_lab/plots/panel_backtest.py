"""Still picture of a backtest of many series: the error of each, the worst on top, and how often its band held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.ticker import PercentFormatter

from lstm_lab.evaluation.panel_backtest import PanelBacktest
from lstm_lab.plots import style
from lstm_lab.plots.style import BLUE, GREY, ORANGE, VERMILION
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["panel_backtest_figure"]

SHOWN: Final = 30
"""Ids drawn, at most, the worst ones."""


@pictures.register(PanelBacktest)
def panel_backtest_figure(result: PanelBacktest, *, width: float = 9.0, height: float | None = None) -> Figure:
    """Draw the scaled error and the coverage of every id, the worst on top; a band off by more than chance is red.

    Parameters
    ----------
    result
        The backtest.
    width, height
        In inches; the height grows with the ids.
    """
    table = result.by_id.head(SHOWN)
    figure = style.canvas(width, height or 1.8 + 0.22 * len(table))
    grid = figure.add_gridspec(1, 2, width_ratios=(3, 2), wspace=0.05)
    left, right = (style.axes_in(figure, grid[0, column]) for column in range(2))
    rows = np.arange(len(table))[::-1]
    best = result.baseline
    if best is not None:
        left.plot(table[best], rows, "s", color=ORANGE, markersize=4, linestyle="", label=best)
    left.plot(table[result.network], rows, "o", color=BLUE, markersize=5, linestyle="", label=result.network)
    left.set_yticks(rows, [style.short(style.plain(name), 24) for name in table.index])
    left.set_xlabel("error, in mean seasonal changes of the series (MASE)")
    left.legend(frameon=False, fontsize=8, loc="lower right")
    colours = np.where(table["off"], VERMILION, BLUE)
    right.hlines(rows, table["coverage_low"], table["coverage_high"], color=colours, linewidth=1)
    right.scatter(table["coverage"], rows, color=colours, s=18, zorder=3)
    right.axvline(result.interval / 100, color=GREY, linewidth=1, linestyle="--")
    right.set_yticks([])
    right.set_xlabel("share of the steps in the band")
    right.xaxis.set_major_formatter(PercentFormatter(1.0))
    style.titles(left, f"Backtest of {style.plain(result.target)}", result.verdict)
    return figure
