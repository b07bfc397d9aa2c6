"""The still picture of an export: the exported file's deviation from the network, beside its errors, and sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.export.exporter import Export
from lstm_lab.plots import style
from lstm_lab.plots.style import (
    BLACK,
    BLUE,
    GREY,
    SMALL,
    VERMILION,
    axes_in,
    canvas,
    legend,
    positions,
    time_axis,
    titles,
)
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["export_figure"]


@pictures.register(Export)
def export_figure(export: Export, *, width: float = 8.0, height: float | None = None) -> Figure:
    """Draw errors on held-out rows, the deviation of the exported file from the network, and the size of each part.

    Parameters
    ----------
    export
        The export.
    width, height
        In inches; the height grows with the files.
    """
    comparison, heading = export.comparison, "\n".join(export.verdict)
    below = 0.5 + 0.26 * len(export.sizes)
    if comparison is None:
        figure = canvas(width, 0.8 + below if height is None else height)
        panel = axes_in(figure)
        _sizes(panel, export)
        titles(panel, export.heading, heading)
        return figure
    figure = canvas(width, 3.8 + below if height is None else height)
    grid = figure.add_gridspec(2, 1, height_ratios=[3.0, below])
    panel = axes_in(figure, grid[0])
    panel.set_ylabel(style.plain(f"error in {export.about['target']}"), color=BLACK)
    times = positions(comparison.times)
    errors = comparison.keras_values - comparison.actual
    panel.vlines(times, 0, errors, color=GREY, alpha=0.5, linewidth=1.6, label="Keras is off")
    deviation = comparison.file_values - comparison.keras_values
    panel.plot(times, deviation, "o", color=VERMILION, markersize=3.5, markeredgewidth=0, label="the file is off Keras")
    time_axis(panel, comparison.times)
    titles(panel, export.heading, heading)
    _sizes(axes_in(figure, grid[1]), export)
    legend(figure)
    return figure


def _sizes(panel: Axes, export: Export) -> None:
    """Draw a bar for each part, with its bytes."""
    sizes = list(export.sizes.values())
    rows = np.arange(len(sizes))
    panel.barh(rows, sizes, height=0.62, color=[GREY, *[BLUE] * (len(sizes) - 1)])
    for row, size in enumerate(sizes):
        panel.annotate(f" {size:,}", (size, row), va="center", fontsize=SMALL, color=BLACK)
    panel.set_yticks(rows, [style.plain(style.short(name, 30)) for name in export.sizes])
    panel.set_ylim(len(sizes) - 0.5, -0.5)
    panel.set_xlim(0, 1.14 * max(sizes))
    panel.grid(visible=False)
    panel.set_xticks([])
    panel.spines["bottom"].set_visible(False)
    panel.set_xlabel("bytes of each part", fontsize=SMALL, color=GREY)
