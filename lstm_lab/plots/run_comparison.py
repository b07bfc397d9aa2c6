"""The still picture of runs beside each other: validation losses by epoch, and their fans."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.ticker import MaxNLocator

from lstm_lab.evaluation.run_comparison import RunComparison
from lstm_lab.plots import style
from lstm_lab.plots.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["run_comparison_figure"]

_COLOURS: Final = (BLUE, ORANGE, GREEN, PURPLE, VERMILION)
_DASHES: Final = ("-", (0, (5, 2)), (0, (1, 1.5)))


@pictures.register(RunComparison)
def run_comparison_figure(result: RunComparison, *, width: float = 9.0, height: float = 4.2) -> Figure:
    """Draw the validation losses to the left, and the forecasts with their bands to the right.

    Parameters
    ----------
    result
        The runs.
    width, height
        In inches.
    """
    figure = style.canvas(width, height)
    grid = figure.add_gridspec(1, 5)
    losses, fans = style.axes(figure, ylabel="validation loss"), style.axes(figure, ylabel=style.short(result.target))
    losses.set_subplotspec(grid[0, :2])
    fans.set_subplotspec(grid[0, 2:])
    newest = max(result.forecasts.values(), key=lambda forecast: forecast.index[0])
    recent = newest.history.iloc[-max(2 * newest.horizon, 30) :]
    fans.plot(style.positions(recent.index), recent.to_numpy(np.float64), color=BLACK, linewidth=1.2, label="observed")
    for number, (name, run) in enumerate(result.runs.items()):
        colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number % len(_DASHES)]
        history = run.history["val_loss" if run.history["val_loss"].notna().any() else "loss"]
        epochs = np.arange(1, len(history) + 1)
        losses.plot(epochs, history.to_numpy(np.float64), color=colour, linestyle=dash, marker="o", markersize=3)
        forecast = result.forecasts[name]
        lower, median, upper = forecast.quantile([forecast.levels[0], 0.5, forecast.levels[1]])
        ahead = style.positions(forecast.index)
        fans.fill_between(ahead, lower, upper, color=colour, alpha=0.18, linewidth=0)
        label = style.plain(style.short(name, 24))
        fans.plot(ahead, median, color=colour, linestyle=dash, linewidth=1.8, label=label)
    losses.set_xlabel("epoch", fontsize=style.SMALL, color=GREY)
    losses.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    style.time_axis(fans, recent.index.append(newest.index))
    words = wrap(result.words, 62)
    told = [*words[:3], f"{words[3]} …"] if len(words) > 4 else words
    style.titles(losses, f"Runs of {style.short(result.target)}", "\n" * (len(told) - 1) + " ")
    style.titles(fans, "", "\n".join(told))
    style.legend(figure)
    return figure
