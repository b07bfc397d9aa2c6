"""The still picture of an export: what the file adds to the network's own errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstm_lab.export.exporter import Export
from lstm_lab.plots import plot
from lstm_lab.plots.style import GREY, VERMILION, axes, canvas, legend, positions, time_axis, titles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["export_figure"]


@plot.register(Export)
def export_figure(export: Export, *, width: float = 8.0, height: float = 3.8) -> Figure:
    """Draw by how much the network missed held-out rows, and by how much the file is off the network.

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
    made = axes(figure, ylabel=f"error in {export.about['target']}")
    times = positions(told.times)
    made.vlines(times, 0, told.keras_values - told.actual, color=GREY, alpha=0.5, linewidth=1.6, label="Keras is off")
    off = told.file_values - told.keras_values
    made.plot(times, off, "o", color=VERMILION, markersize=3.5, markeredgewidth=0, label="the file is off Keras")
    time_axis(made, told.times)
    legend(figure)
    read = f"{len(told.keras)} windows before {told.rows} rows, one row ahead, read row by row"
    most = f"at most {told.error.max():.2g} standard deviations off"
    titles(made, title, f"{read}\nquantize={export.about['quantize']}, {export.size:,} bytes; {most}")
    return figure
