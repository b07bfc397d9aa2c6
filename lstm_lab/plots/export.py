"""The still picture of an export: the file's forecasts against those of the network it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.export import Export
from lstm_lab.plots import plot
from lstm_lab.plots.style import BLUE, GREY, SMALL, axes, canvas, plain, titles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["export_figure"]


@plot.register(Export)
def export_figure(export: Export, *, width: float = 6.0, height: float = 5.0) -> Figure:
    """Draw what the file forecasts over what the network forecasts, a point a held-out window.

    Parameters
    ----------
    export
        The export.
    width, height
        In inches.
    """
    told = export.comparison
    title = f"{export.path.name} against Keras"
    if told is None:
        figure = canvas(width, 1.6)
        made = axes(figure)
        made.set_axis_off()
        titles(made, title, "not measured: there is no interpreter here")
        return figure
    figure = canvas(width, height)
    made = axes(figure, ylabel=f"{export.about['target']}, forecast by the file")
    made.set_xlabel(plain(f"{export.about['target']}, forecast by the network"), fontsize=SMALL, color=GREY)
    both = np.concatenate([told.keras_values, told.file_values])
    ends = [float(both.min()), float(both.max())]
    made.plot(ends, ends, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
    made.plot(told.keras_values, told.file_values, "o", color=BLUE, markersize=4, alpha=0.6, markeredgewidth=0)
    read = f"{len(told.keras)} windows before {told.rows} rows, read row by row; on the line both agree"
    off = f"off by {told.error.mean():.2g} standard deviations on average, {told.error.max():.2g} at most"
    titles(made, title, f"{read}\nquantize={export.about['quantize']}, {export.size:,} bytes; {off}")
    return figure
