"""The live view of each type of result. A new one is a function registered with ``@widget.register(Type)``, here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lstm_lab.diagnostics.training_choices import ResidualLosses, Weighting
from lstm_lab.events import Epoch, TrainingPlan
from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.interpret.memory import Memory
from lstm_lab.interpret.trace import Trace
from lstm_lab.run import Run
from lstm_lab.training.batches import TrainingBatches
from lstm_lab.training.objective import resolved
from lstm_lab.widgets import widget
from lstm_lab.widgets.fan import FanChart
from lstm_lab.widgets.gates import GateExplorer
from lstm_lab.widgets.loss import LossExplorer
from lstm_lab.widgets.memory import MemoryExplorer
from lstm_lab.widgets.training import TrainingMonitor
from lstm_lab.widgets.weights import WeightCurve

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["fan_of", "gates_of", "losses_of", "memory_of", "monitor_of", "weights_of"]


@widget.register(Run)
def monitor_of(run: Run, **traits: Any) -> TrainingMonitor:
    """Build the monitor of a finished training from its history."""
    monitor = TrainingMonitor(**traits)
    monitor.start(_plan(run))
    best, least = 1, math.inf
    columns = ("loss", "val_loss", "learning_rate", "seconds")
    rows = run.history[list(columns)].to_numpy(dtype=float).tolist()
    for epoch, (loss, val_loss, rate, seconds) in enumerate(rows, start=1):
        monitored = val_loss if math.isfinite(val_loss) else loss
        if monitored < least:
            best, least = epoch, monitored
        monitor.epoch(Epoch(epoch, loss, val_loss, rate, seconds, best, run.options.patience - (epoch - best)))
    monitor.finish(run)
    monitor.end(run.end)
    return monitor


def _plan(run: Run) -> TrainingPlan:
    batches = TrainingBatches.of(run.dataset.windows, run.dataset.split.train, resolved(run.options)).per_epoch
    return TrainingPlan(
        title=f"{run.target}: {run.stack}",
        epochs=run.options.epochs,
        batches=batches,
        patience=run.options.patience,
        windows=len(run.dataset.split.train),
        validation_windows=len(run.dataset.split.validation),
        parameters=int(run.model.count_params()),
        baseline=run.baseline,
    )


@widget.register(Forecast)
def fan_of(forecast: Forecast, *, actual: pd.Series[float] | None = None, **options: Any) -> FanChart:
    """Build the fan chart of a forecast, beside the actual values where they are given."""
    return FanChart(forecast, actual=actual, **options)


@widget.register(Weighting)
def weights_of(result: Weighting, **options: Any) -> WeightCurve:
    """Build the view of the training windows' weights."""
    return WeightCurve(result, **options)


@widget.register(ResidualLosses)
def losses_of(result: ResidualLosses, **traits: Any) -> LossExplorer:
    """Build the view of each loss over the residuals."""
    return LossExplorer(result, **traits)


@widget.register(Trace)
def gates_of(trace: Trace, **traits: Any) -> GateExplorer:
    """Build the view of a trace: gates and states of each layer."""
    return GateExplorer(trace, **traits)


@widget.register(Memory)
def memory_of(memory: Memory, **traits: Any) -> MemoryExplorer:
    """Build the view of a memory study."""
    return MemoryExplorer(memory, **traits)
