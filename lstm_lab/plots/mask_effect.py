"""The still picture of a study of the mask: the error with and without it, seed by seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.evaluation.mask_effect import MaskEffect
from lstm_lab.plots import style
from lstm_lab.plots.style import BLUE, GREY, VERMILION, axes, canvas, titles
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["mask_effect_figure"]


@pictures.register(MaskEffect)
def mask_effect_figure(result: MaskEffect, *, width: float = 8.0, height: float = 3.2) -> Figure:
    """Draw the error of padded and of whole windows, a bar for each variant and a point for each seed.

    Parameters
    ----------
    result
        The study.
    width, height
        In inches.
    """
    figure = canvas(width, height)
    panel = axes(figure, ylabel="mean absolute error")
    columns = [name for name in ("padded", "whole") if result.scores[name].notna().any()]
    for shift, colour, variant in zip((-0.2, 0.2), (BLUE, VERMILION), result.summary.index, strict=True):
        places = np.arange(len(columns)) + shift
        panel.bar(places, result.summary.loc[variant, columns], width=0.36, color=colour, label=str(variant))
        own = result.scores.xs(variant, level="variant")[columns]
        panel.plot(np.tile(places, len(own)), own.to_numpy().ravel(), "o", color=GREY, markersize=4)
    panel.set_xticks(np.arange(len(columns)), [f"{name} windows" for name in columns])
    panel.set_ylim(bottom=0)
    titles(panel, "Effect of the mask", f"{result.padded:,} of {result.windows:,} training windows are padded")
    style.legend(figure)
    return figure
