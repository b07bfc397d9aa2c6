"""The still picture of an export: the exported file's deviation from the network, beside the network's errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstm_lab.export.exporter import Export
from lstm_lab.plots.style import GREY, VERMILION, axes, canvas, legend, positions, time_axis, titles
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["export_figure"]


@pictures.register(Export)
def export_figure(export: Export, *, width: float = 8.0, height: float = 3.8) -> Figure:
    """Draw the network's errors on held-out rows, and the deviation of the exported file from the network.

    Parameters
    ----------
    export
        The export.
    width, height
        In inches.
    """
    comparison = export.comparison
    title = f"{export.path.name} against Keras"
    if comparison is None:
        figure = canvas(width, 1.6)
        panel = axes(figure)
        panel.set_axis_off()
        titles(panel, title, "not measured: there is no interpreter here")
        return figure
    figure = canvas(width, height)
    panel = axes(figure, ylabel=f"error in {export.about['target']}")
    times = positions(comparison.times)
    panel.vlines(
        times,
        0,
        comparison.keras_values - comparison.actual,
        color=GREY,
        alpha=0.5,
        linewidth=1.6,
        label="Keras is off",
    )
    deviation = comparison.file_values - comparison.keras_values
    panel.plot(times, deviation, "o", color=VERMILION, markersize=3.5, markeredgewidth=0, label="the file is off Keras")
    time_axis(panel, comparison.times)
    legend(figure)
    windows_text = f"{len(comparison.keras)} windows before {comparison.rows} rows, one row ahead, read row by row"
    error_text = f"at most {comparison.error.max():.2g} {export.measure} off"
    titles(panel, title, f"{windows_text}\nquantize={export.about['quantize']}, {export.size:,} bytes; {error_text}")
    return figure
