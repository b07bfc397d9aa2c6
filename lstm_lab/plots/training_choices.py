"""Still pictures of two training choices: the weights of the training windows, and the losses of the residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.diagnostics.training_choices import LOSSES, ResidualLosses, Weighting, loss_of
from lstm_lab.plots import style
from lstm_lab.plots.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, axes, canvas, titles
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["losses_figure", "weights_figure"]

_NAMES = {"mse": "MSE", "mae": "MAE", "huber": "Huber"}


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
    titles(panel, "Weights of the training windows", f"trained with: {result.scheme}")
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
    low, high = np.quantile(result.residuals, [0.002, 0.998])
    reach = float(np.clip(max(-low, high, 3.0), 3.0, 12.0)) * 1.05
    counts, edges = np.histogram(result.residuals, bins=61, range=(-reach, reach))
    centres = (edges[:-1] + edges[1:]) / 2
    top = max(1.15 * reach, 3.0)
    linear = np.abs(centres) > result.delta
    heights = counts / max(int(counts.max()), 1) * top * 0.86
    for part, colour, label in ((~linear, SKY, "residuals, Huber square"), (linear, PURPLE, "residuals, Huber linear")):
        panel.bar(centres[part], heights[part], width=edges[1] - edges[0], color=colour, alpha=0.45, label=label)
    x = np.linspace(-reach, reach, 241)
    for name, colour, dash in zip(LOSSES, (VERMILION, GREEN, BLUE), ("--", ":", "-"), strict=True):
        panel.plot(x, loss_of(name, x, result.delta), dash, color=colour, linewidth=2, label=_NAMES[name])
    panel.set_ylim(0, top)
    panel.set_xlim(-reach, reach)
    panel.set_xlabel("residual, in standard deviations of the transformed target", fontsize=style.SMALL, color=GREY)
    subtitle = f"delta {result.delta:g}: {result.linear_share:.1%} of {len(result.residuals):,} residuals beyond it"
    titles(panel, "Losses over the residuals", subtitle)
    style.legend(figure)
    return figure
