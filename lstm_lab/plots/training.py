"""The still picture of a training: losses by epoch, the best epoch, and the loss of the naive forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator, NullFormatter, StrMethodFormatter

from lstm_lab.errors import DataError, did_you_mean
from lstm_lab.formatting import number
from lstm_lab.plots import style
from lstm_lab.plots.style import BLUE, GREY, ORANGE, VERMILION, axes, canvas, titles

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["training_figure"]


def training_figure(
    history: pd.DataFrame,
    *,
    best_epoch: int | None = None,
    baseline: float | None = None,
    title: str = "Training",
    subtitle: str = "",
    width: float = 8.0,
    height: float = 3.6,
) -> Figure:
    """Draw the losses of a training by epoch.

    Parameters
    ----------
    history
        A row an epoch, with a column ``loss`` and, where something was held out, ``val_loss``.
    best_epoch
        Epoch, counted from 1, whose weights were kept; by default the one with the least validation loss.
    baseline
        Loss of the naive forecast; None where unknown.
    title, subtitle
        Text above the picture; it may hold untrusted names.
    width, height
        In inches.

    Raises
    ------
    DataError
        A history without a loss, or without an epoch.
    """
    if "loss" not in history.columns or history.empty:
        known = did_you_mean("loss", map(str, history.columns))
        raise DataError(f"a training history has a column 'loss' and at least one epoch, got {history.shape}; {known}")
    figure = canvas(width, height)
    panel = axes(figure, ylabel="loss")
    epochs = np.arange(1, len(history) + 1)
    _line(panel, epochs, history["loss"].to_numpy(np.float64), BLUE, "training")
    judged = "val_loss" if "val_loss" in history.columns and history["val_loss"].notna().any() else "loss"
    losses = history[judged].to_numpy(np.float64)
    if judged == "val_loss":
        _line(panel, epochs, losses, ORANGE, "validation")
    best = int(np.nanargmin(losses)) + 1 if best_epoch is None else best_epoch
    panel.axvline(best, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    best_label = f"best epoch {best}: {number(float(losses[best - 1]))}"
    panel.plot(
        best, losses[best - 1], "o", color=VERMILION, markersize=7, markeredgecolor="white", label=best_label, zorder=5
    )
    if baseline is not None:
        panel.axhline(baseline, color=GREY, linewidth=1.2, linestyle=":", label=f"naive forecast: {number(baseline)}")
    _scale(panel, history, baseline)
    panel.xaxis.set_major_locator(MaxNLocator(10, integer=True, min_n_ticks=1))
    panel.set_xlim(0.5, len(history) + 0.5)
    panel.set_xlabel("epoch", fontsize=style.SMALL, color=GREY)
    titles(panel, title, subtitle)
    style.legend(figure)
    return figure


def _line(panel: Axes, epochs: np.ndarray, losses: np.ndarray, colour: str, label: str) -> None:
    marker = "o" if len(epochs) <= 30 else ""
    panel.plot(epochs, losses, color=colour, linewidth=1.6, marker=marker, markersize=3, label=label)


def _scale(panel: Axes, history: pd.DataFrame, baseline: float | None) -> None:
    """Make the axis logarithmic where the losses span more than a factor of ten."""
    shown = history[[name for name in ("loss", "val_loss") if name in history.columns]].to_numpy(np.float64)
    values = np.append(shown[np.isfinite(shown)], [] if baseline is None else [baseline])
    if values.min() > 0 and values.max() > 10 * values.min():
        panel.set_yscale("log")
        panel.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        panel.yaxis.set_minor_formatter(NullFormatter())
