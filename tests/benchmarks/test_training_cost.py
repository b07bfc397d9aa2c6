"""What training through the lab costs beside Keras alone.

Run with ``pytest -m benchmark -s tests/benchmarks/test_training_cost.py``; the figures are printed.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

from lstm_lab.data.windows.windows import windows_of
from lstm_lab.events import TrainingListener
from lstm_lab.models.backend import keras
from lstm_lab.models.build import build_forecaster, reference_stack
from lstm_lab.options import TrainOptions
from lstm_lab.training.fit import fit

pytestmark = pytest.mark.benchmark
COLUMNS, LOOKBACK, BATCH = 8, 60, 64


class Marks(TrainingListener):
    """Notes the processor's seconds at the end of every epoch."""

    def __init__(self):
        self.seconds = [time.process_time()]

    def on_epoch(self, epoch):  # noqa: ARG002 - the listener's signature
        self.seconds.append(time.process_time())


class KerasMarks(Marks, keras.callbacks.Callback):
    """The same for Keras alone."""

    def __init__(self):
        keras.callbacks.Callback.__init__(self)
        Marks.__init__(self)

    def on_epoch_end(self, epoch, logs=None):  # noqa: ARG002 - Keras's signature
        self.seconds.append(time.process_time())


@pytest.mark.parametrize(("units", "steps"), [((128, 128, 128), 8), ((16,), 100)])
def test_fit_costs_little_more_than_keras_alone(units, steps, report):
    """Compare processor seconds, which other programs on the machine disturb less than wall time."""
    options = TrainOptions(units=units, epochs=4, batch=BATCH, lookback=LOOKBACK, patience=99, supervise="last")
    rows = steps * BATCH + LOOKBACK
    matrix = np.random.default_rng(0).normal(size=(rows + 256, COLUMNS)).astype(np.float32)
    windows = windows_of(matrix, np.zeros(len(matrix), int), LOOKBACK)
    train, validation = np.arange(steps * BATCH), np.arange(steps * BATCH, len(windows))
    inputs, targets = windows.inputs(train), windows.targets(train)
    held = windows.inputs(validation), windows.targets(validation)
    forecaster = build_forecaster(reference_stack(options), LOOKBACK, COLUMNS)

    def ours():
        marks = Marks()
        fit(forecaster, windows, train, validation, options, listener=marks)
        return np.diff(marks.seconds)

    def plain():
        marks = KerasMarks()
        forecaster.model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=keras.losses.Huber())
        forecaster.model.fit(
            inputs, targets, batch_size=BATCH, epochs=4, validation_data=held, verbose=0, callbacks=[marks]
        )
        return np.diff(marks.seconds)

    pairs = [(plain(), ours()) for _ in range(4)][1:]
    whole = [float(mine.sum() / theirs.sum()) for theirs, mine in pairs]
    later = [float(mine[1:].sum() / theirs[1:].sum()) for theirs, mine in pairs]
    report({"units": str(units), "whole": whole, "after the first epoch": later}, "CPU of fit / of model.fit")
    assert np.median(later) < 1.15
