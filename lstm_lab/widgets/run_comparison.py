"""`RunsView`: the losses and fans of several runs, laid over each other, and what their settings differ in."""

from __future__ import annotations

import math
from functools import reduce
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from lstm_lab.evaluation.run_comparison import RunComparison
from lstm_lab.results import views
from lstm_lab.widgets.axes import axis
from lstm_lab.widgets.base import LabWidget
from lstm_lab.widgets.fan import recent_rows

if TYPE_CHECKING:
    import pandas as pd

    from lstm_lab.run import Run

__all__ = ["RunsView"]


@views.register(RunComparison)
class RunsView(LabWidget):
    """The live view of runs beside each other.

    Parameters
    ----------
    result
        The runs and their forecasts.
    """

    _view = traitlets.Unicode("runs").tag(sync=True)
    density = 1.5
    small_picture = MappingProxyType({})

    def __init__(self, result: RunComparison, **traits: Any) -> None:
        self._comparison = result
        super().__init__(result, **{"label": f"Runs of {result.target}", "height": 280, **traits})

    def fill(self) -> None:
        """Put losses by epoch, forecasts by time, and the settings on the wire."""
        result = self._comparison
        forecasts = list(result.forecasts.values())
        newest = max(forecasts, key=lambda forecast: forecast.index[0])
        recent = newest.history.iloc[-recent_rows(newest.horizon) :]
        times = reduce(lambda one, other: one.union(other), [forecast.index for forecast in forecasts], recent.index)
        places = axis(times)
        self.wire.put("times", places.positions)
        self.wire.put("history", recent.reindex(times).to_numpy(dtype=np.float32))
        bands = np.full((len(forecasts), 3, len(times)), np.nan, dtype=np.float32)
        for number, forecast in enumerate(forecasts):
            levels = (forecast.levels[0], 0.5, forecast.levels[1])
            bands[number][:, times.get_indexer(forecast.index)] = forecast.quantile(levels)
        self.wire.put("bands", bands)
        epochs = max(len(run.history) for run in result.runs.values())
        losses = np.stack([_losses(run.history, epochs) for run in result.runs.values()])
        self.wire.put("losses", losses)
        differences, summary = result.differences, result.summary_table()
        self.wire.set(
            target=result.target,
            interval=newest.interval,
            is_time=places.is_time,
            step=places.step,
            names=list(result.runs),
            naive=[_finite(run) for run in result.runs.values()],
            words=result.words,
            table=[list(line) for line in summary.table],
            differences=[
                [str(key), *map(str, row)] for key, row in zip(differences.index, differences.to_numpy(), strict=True)
            ],
        )


def _losses(history: pd.DataFrame, epochs: int) -> np.ndarray:
    """Return training and validation loss by epoch, (2, epochs), NaN after the last."""
    losses = np.full((2, epochs), np.nan, dtype=np.float32)
    losses[:, : len(history)] = history[["loss", "val_loss"]].to_numpy(dtype=np.float32).T
    return losses


def _finite(run: Run) -> float | None:
    """Return the validation loss of the naive forecast; None where there is none."""
    loss = run.metrics["naive_val_loss"]
    return float(loss) if math.isfinite(loss) else None
