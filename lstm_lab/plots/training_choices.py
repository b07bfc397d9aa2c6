"""Still pictures of two training choices: the weights of the training windows, and the losses of the residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.diagnostics.training_choices import LOSS_LABELS, ResidualLosses, Weighting
from lstm_lab.plots import style
from lstm_lab.plots.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, axes, canvas, titles
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["losses_figure", "weights_figure"]


@pictures.register(Weighting)
def weights_figure(result: Weighting, *, width: float = 8.0, height: float = 3.2) -> Figure:
    """Draw the weight of each training window by its time, under each scheme.

    Parameters
    ----------
    result
        The weighting schemes over the training windows.
    width, height
        In inches.
    """
    figure = canvas(width, height)
    panel = axes(figure, ylabel="weight (mean 1)")
    times = style.positions(result.index)
    for scheme, colour, dash in zip(result.schemes(), (GREY, ORANGE, BLUE), (":", "--", "-"), strict=True):
        thick = 2.6 if scheme == result.scheme else 1.3
        panel.plot(times, result.weights(scheme), dash, color=colour, linewidth=thick, label=scheme)
    panel.set_ylim(bottom=0)
    style.time_axis(panel, result.index)
    titles(
        panel,
        "Weights of the training windows",
        f"{'nothing is trained yet' if result.planned else 'trained with'}: {result.scheme}",
    )
    style.legend(figure)
    return figure


@pictures.register(ResidualLosses)
def losses_figure(result: ResidualLosses, *, width: float = 8.0, height: float = 3.6) -> Figure:
    """Draw each loss over the histogram of the residuals.

    Parameters
    ----------
    result
        The residuals.
    width, height
        In inches.
    """
    figure = canvas(width, height)
    panel = axes(figure, ylabel="loss")
    counts, edges = result.histogram()
    centres = (edges[:-1] + edges[1:]) / 2
    linear = np.abs(centres) > result.delta
    heights = counts / max(int(counts.max()), 1) * result.top * 0.86
    for part, colour, label in ((~linear, SKY, "residuals, Huber square"), (linear, PURPLE, "residuals, Huber linear")):
        panel.bar(centres[part], heights[part], width=edges[1] - edges[0], color=colour, alpha=0.45, label=label)
    x, curves = result.curves()
    for (name, losses), colour, dash in zip(curves.items(), (VERMILION, GREEN, BLUE), ("--", ":", "-"), strict=True):
        thick = 2.6 if name == result.loss else 1.3
        panel.plot(x, losses, dash, color=colour, linewidth=thick, label=LOSS_LABELS[name])
    panel.set_ylim(0, result.top)
    panel.set_xlim(-result.reach, result.reach)
    panel.set_xlabel("residual, in standard deviations of the transformed target", fontsize=style.SMALL, color=GREY)
    subtitle = f"delta {result.delta:g}: {result.linear_share:.1%} of {len(result.residuals):,} residuals beyond it"
    titles(panel, "Losses over the residuals", subtitle)
    style.legend(figure)
    return figure
