"""The still picture of a repeated measurement: a dot for each seed, and a line at the mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.evaluation.repeat import Repeated
from lstm_lab.formatting import number
from lstm_lab.plots import style
from lstm_lab.plots.style import BLACK, BLUE, SMALL, VERMILION, axes, canvas, scale_for, titles
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["repeated_figure"]


@pictures.register(Repeated)
def repeated_figure(result: Repeated, *, width: float = 8.0, height: float | None = None) -> Figure:
    """Draw the values of every variant on one scale, the first variant at the top.

    Parameters
    ----------
    result
        The measurement.
    width, height
        In inches.
    """
    variants = list(result.values.columns)
    figure = canvas(width, 1.1 + 0.42 * len(variants) if height is None else height)
    panel = axes(figure)
    for row, variant in enumerate(variants):
        values = result.values[variant].to_numpy(dtype=np.float64)
        panel.plot(values, np.full(len(values), row), "o", color=BLUE, markersize=7, alpha=0.55, markeredgewidth=0)
        mean = float(np.mean(values))
        panel.plot([mean, mean], [row - 0.32, row + 0.32], color=VERMILION, linewidth=2.4)
        panel.annotate(
            number(mean),
            (1.01, row),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=SMALL,
            color=BLACK,
            annotation_clip=False,
        )
    panel.set_yticks(np.arange(len(variants)), [style.plain(style.short(str(name), 34)) for name in variants])
    panel.set_ylim(len(variants) - 0.5, -0.5)
    panel.tick_params(axis="y", length=0, labelcolor=BLACK)
    panel.grid(visible=False, axis="y")
    panel.grid(visible=True, axis="x", color=style.LIGHT, linewidth=0.6, alpha=0.7)
    scale_for(panel, result.values.to_numpy(dtype=np.float64))
    count = len(result.values)
    titles(panel, result.quantity, f"dots: {count} seed{'s' if count > 1 else ''}; line and number: their mean")
    return figure
