"""The live view of a run: the monitor of its training, filled from its history."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from lstm_lab.events import Epoch, TrainingPlan
from lstm_lab.results import views
from lstm_lab.run import Run
from lstm_lab.training.batches import TrainingBatches
from lstm_lab.training.objective import resolved
from lstm_lab.widgets.training import TrainingMonitor

__all__ = ["monitor_of"]


@views.register(Run)
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
    dataset = run.dataset
    windows, train, validation = dataset.windows, dataset.split.train, len(dataset.split.validation)
    if dataset.older is not None:  # the training windows are not here, but so many there were
        train, cuts = np.arange(dataset.older.windows), dataset.older.cuts
        windows, validation = replace(windows, target_rows=train), cuts.calibration - cuts.expired - cuts.validation
    batches = TrainingBatches.of(windows, train, resolved(run.options)).per_epoch
    return TrainingPlan(
        title=f"{run.target}: {run.stack}",
        epochs=run.options.epochs,
        batches=batches,
        patience=run.options.patience,
        windows=len(train),
        validation_windows=validation,
        parameters=int(run.model.count_params()),
        baseline=run.baseline,
    )
