"""Still picture of a search over options."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from lstm_lab.evaluation.option_importance import FEWEST
from lstm_lab.evaluation.tune import Search
from lstm_lab.plots import style
from lstm_lab.plots.style import BLACK, BLUE, GREY, LIGHT, ORANGE, SMALL, VERMILION
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

__all__ = ["search_figure"]


@pictures.register(Search)
def search_figure(result: Search, *, width: float = 9.0, height: float = 4.4) -> Figure:
    """Draw every trial beside the options as given, the lowest error so far, and what share goes with each option.

    Parameters
    ----------
    result
        The search.
    width, height
        In inches.
    """
    figure = style.canvas(width, height)
    grid = figure.add_gridspec(2, 2, height_ratios=[1e-3, 1], width_ratios=[3, 2])
    head = figure.add_subplot(grid[0, :])
    head.set_axis_off()
    style.titles(head, f"Search for {result.target}", fill(result.verdict, round(12 * width)))
    trials = style.axes(figure, ylabel=f"{result.metric}, beside the options as given")
    trials.set_subplotspec(grid[1, 0])
    _draw_trials(trials, result)
    shares = style.axes(figure)
    shares.set_subplotspec(grid[1, 1])
    _draw_shares(shares, result)
    style.legend(figure, columns=3)
    return figure


def _draw_trials(panel: Axes, result: Search) -> None:
    """Draw a mark for each trial, in percent of the error of the options as given in the same folds."""
    table = result.trials.iloc[1:]
    base = [result.folds.mean(result.base.losses[:count]) if count else np.nan for count in table["folds"]]
    percents: NDArray[np.float64] = 100 * table["effect"].to_numpy(np.float64) / np.array(base)
    numbers, states = table.index.to_numpy(), table["state"].to_numpy()
    whole = result.folds.mean(result.base.losses)
    lowest = np.asarray(100 * (result.best_so_far / whole - 1), dtype=np.float64)
    top = _top(percents, lowest)
    beyond = percents > top
    looks = {"complete": (BLUE, "judged in all folds"), "pruned": ("white", "given up early: in its own folds")}
    for state, (face, meaning) in looks.items():
        shown = (states == state) & ~beyond
        if shown.any():
            panel.plot(
                numbers[shown], percents[shown], "o", color=BLUE, markerfacecolor=face, markersize=5, label=meaning
            )
    if beyond.any():
        high = np.full(int(beyond.sum()), top)
        panel.plot(numbers[beyond], high, "^", color=BLUE, markersize=6, label="further up", clip_on=False)
    failed = numbers[states == "failed"]
    if len(failed):
        panel.plot(failed, np.zeros(len(failed)), "x", color=VERMILION, markersize=6, label="failed")
    panel.step(result.best_so_far.index, lowest, where="post", color=ORANGE, linewidth=1.8, label="lowest so far")
    panel.axhline(0, color=GREY, linewidth=1, label="the options as given")
    panel.set_xlabel("trial", fontsize=SMALL, color=GREY)
    panel.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.0f} %" if value else "0 %"))
    panel.set_ylim(1.15 * min(float(lowest.min()), -0.05 * top), 1.02 * top)


def _top(percents: NDArray[np.float64], lowest: NDArray[np.float64]) -> float:
    """Return the upper end of the axis: very bad trials must not hide how the good ones differ."""
    worst = float(np.nanmax([*percents, 5.0]))
    return min(worst * 1.05, max(40.0, -4 * float(lowest.min())))


def _draw_shares(panel: Axes, result: Search) -> None:
    """Draw a bar for each option: its share of the trials' differences, beside what chance gives."""
    table = result.importance
    panel.grid(visible=False, axis="y")
    panel.set_xlabel(
        fill("share of the trials' differences in rank, each option alone", 34), fontsize=SMALL, color=GREY
    )
    panel.set_xlim(0, 1)
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
    if table.empty:
        panel.set_yticks([])
        text = f"what mattered is told\nfrom {FEWEST} judged trials on"
        panel.text(0.5, 0.5, text, ha="center", va="center", fontsize=SMALL, color=GREY, transform=panel.transAxes)
        return
    rows = np.arange(len(table))
    colours = [VERMILION if clear else LIGHT for clear in table["clear"]]
    panel.barh(rows, table["share"], height=0.55, color=colours)
    chances = table["chance"].to_numpy(np.float64)
    for row, chance in zip(rows, chances, strict=True):
        panel.plot([chance] * 2, [row - 0.38, row + 0.38], color=BLACK, linewidth=1.5)
    panel.plot([], [], color=BLACK, linewidth=1.5, label="95 % of random orders stay below")
    panel.set_yticks(rows, [style.plain(style.short(str(name), 20)) for name in table.index])
    panel.set_ylim(len(table) - 0.4, -0.6)
    panel.tick_params(axis="y", length=0, labelcolor=BLACK)
