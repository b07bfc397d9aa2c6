"""What training through the lab costs beside Keras alone, and what supervising every step buys.

Run with ``pytest -m benchmark -s tests/benchmarks/test_training_cost.py``; the figures are printed.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

from lstm_lab.data.windows import windows_of
from lstm_lab.events import TrainingListener
from lstm_lab.nn.backend import keras
from lstm_lab.nn.stacks import build_forecaster, reference_stack
from lstm_lab.nn.training import fit
from lstm_lab.options import TrainOptions

pytestmark = pytest.mark.benchmark
COLUMNS, LOOKBACK, BATCH = 8, 60, 64


def seconds_of(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@pytest.mark.parametrize("units", [(128, 128, 128), (16,)])
def test_fit_costs_little_more_than_keras_alone(units):
    options = TrainOptions(units=units, epochs=2, batch=BATCH, lookback=LOOKBACK, patience=99)
    steps = 16 if len(units) > 1 else 120
    rows = steps * BATCH + LOOKBACK
    matrix = np.random.default_rng(0).normal(size=(rows + 256, COLUMNS)).astype(np.float32)
    windows = windows_of(matrix, np.zeros(len(matrix), int), LOOKBACK)
    train, validation = np.arange(steps * BATCH), np.arange(steps * BATCH, len(windows))
    inputs, targets = windows.inputs(train), windows.targets(train)
    held = windows.inputs(validation), windows.targets(validation)
    forecaster = build_forecaster(reference_stack(options), LOOKBACK, COLUMNS)

    def ours():
        fit(forecaster, windows, train, validation, options, listener=TrainingListener())

    def plain():
        forecaster.model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=keras.losses.Huber())
        forecaster.model.fit(inputs, targets, batch_size=BATCH, epochs=2, validation_data=held, verbose=0)

    ours()
    plain()
    pairs = [(seconds_of(plain), seconds_of(ours)) for _ in range(7)]
    ratios = sorted(mine / theirs for theirs, mine in pairs)
    print(f"\nunits {units}: fit / model.fit {[f'{ratio:.3f}' for ratio in ratios]}, median {ratios[3]:.3f}")  # noqa: T201 - the figure is the point
    print(f"  seconds: model.fit {np.median(pairs, axis=0)[0]:.2f}, fit {np.median(pairs, axis=0)[1]:.2f}")  # noqa: T201 - likewise
    assert ratios[3] < 1.15
