"""The still picture of a run: its training and validation losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstm_lab.plots.style import axes, canvas, titles
from lstm_lab.plots.training import training_figure
from lstm_lab.results import pictures
from lstm_lab.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["run_figure"]


@pictures.register(Run)
def run_figure(run: Run, *, width: float = 8.0, height: float = 3.6) -> Figure:
    """Draw the losses of a run by epoch, beside the loss of the naive forecast that its transform implies."""
    title = f"Training for {run.target}"
    if run.history.empty:
        figure = canvas(8.0, 1.6)
        panel = axes(figure)
        panel.set_axis_off()
        titles(panel, title, run.end.message)
        return figure
    return training_figure(
        run.history,
        best_epoch=run.end.best_epoch,
        baseline=run.baseline,
        title=title,
        subtitle=run.end.message,
        width=width,
        height=height,
    )
