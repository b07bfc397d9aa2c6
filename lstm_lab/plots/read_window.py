"""The still picture of a window: the target before a forecast, and below it the tensor that the network is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.formatting import number, span
from lstm_lab.interpret.read_window import ReadWindow
from lstm_lab.plots import style
from lstm_lab.plots.style import BLACK, GREY, SMALL, VERMILION, axes_in, canvas, short, titles
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["read_window_figure"]

_WRITTEN = 12
"""Steps up to which the numbers are written into the tensor's squares."""
_LIMIT = 3.0
"""Standard deviations at which the colours end."""


@pictures.register(ReadWindow)
def read_window_figure(window: ReadWindow, *, width: float = 9.0, height: float | None = None) -> Figure:
    """Draw a window above its tensor, step under step.

    Parameters
    ----------
    window
        The window.
    width, height
        In inches.
    """
    rows = len(window.inputs)
    figure = canvas(width, 3.6 + 0.34 * rows if height is None else height)
    grid = figure.add_gridspec(2, 1, height_ratios=[2.4, 0.6 + 0.34 * rows])
    series = axes_in(figure, grid[0])
    tensor = figure.add_subplot(grid[1], sharex=series)
    steps = np.arange(len(window.index))
    series.plot(steps, window.history.to_numpy(), "o-", color=BLACK, linewidth=1.3, markersize=3, label="read")
    if len(window.following):
        value = float(window.following.iloc[0])
        series.plot(len(steps), value, "o", color=VERMILION, markersize=7, label=f"to be forecast: {number(value)}")
    series.legend(frameon=False, fontsize=SMALL, loc="best")
    series.set_ylabel(style.plain(short(str(window.history.name), 24)), fontsize=SMALL, color=BLACK)
    series.tick_params(labelbottom=False)
    shape = ", ".join(str(size) for size in window.tensor.shape)
    titles(series, f"A window: {span(window.index)}", f"below: its tensor ({shape}) = (window, steps, inputs)")
    _tensor(figure, tensor, window)
    return figure


def _tensor(figure: Figure, panel: Axes, window: ReadWindow) -> None:
    """Draw a square for each number, a row for each input."""
    values = window.tensor[0].T
    image = panel.imshow(values, aspect="auto", cmap="RdBu_r", vmin=-_LIMIT, vmax=_LIMIT, interpolation="nearest")
    panel.set_yticks(np.arange(len(window.inputs)), [style.plain(short(name, 22)) for name in window.inputs])
    steps = len(window.index)
    if steps <= _WRITTEN:
        for row, column in np.ndindex(values.shape):
            panel.text(column, row, f"{values[row, column]:.2f}", ha="center", va="center", fontsize=SMALL)
    panel.set_xlim(-0.5, steps + 0.5)
    panel.set_xlabel("step of the window, the newest on the right", fontsize=SMALL, color=GREY)
    panel.tick_params(labelsize=SMALL, length=0, labelcolor=GREY)
    panel.spines[:].set_visible(False)
    bar = figure.colorbar(image, cax=panel.inset_axes((1.01, 0, 0.012, 1)), ticks=[-_LIMIT, 0, _LIMIT])
    bar.ax.set_yticklabels(["−3 sd", "0", "3 sd"], fontsize=SMALL, color=GREY)
    bar.ax.spines[:].set_visible(False)
