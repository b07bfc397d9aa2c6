"""How long a row takes an exported file, against Keras reading the window it belongs to: ratios within one run."""

from __future__ import annotations

import time

import numpy as np
import pytest

from lstm_lab.export.converter import convert
from lstm_lab.export.interpreter import Device, runner
from lstm_lab.export.step import Step
from lstm_lab.models.backend import keras
from lstm_lab.models.build import build_forecaster, reference_stack
from lstm_lab.options import TrainOptions

LOOKBACK, COLUMNS = 60, 5
TRIALS, ROWS = 7, 200


def seconds(work, times):
    """Time a call, the best of some trials."""
    best = float("inf")
    for _ in range(TRIALS):
        started = time.perf_counter()
        for _ in range(times):
            work()
        best = min(best, (time.perf_counter() - started) / times)
    return best


@pytest.mark.benchmark
@pytest.mark.parametrize("units", [(32, 32), (128, 128, 128)])
def test_a_row_of_a_file_against_a_window_of_keras(units, report):
    model = build_forecaster(reference_stack(TrainOptions(units=units)), LOOKBACK, COLUMNS).model
    windows = np.random.default_rng(0).normal(size=(20, LOOKBACK, COLUMNS)).astype(np.float32)
    step = Step.of(model)
    keras_window = seconds(lambda: model.predict_on_batch(windows[:1]), 5)
    inputs, _ = next(step.walk(windows[:1]))
    keras_step = seconds(lambda: step.function(*inputs), 50)
    rows = []
    for quantize in ("none", "float16", "dynamic", "int8", "int16x8"):
        device = Device(runner(convert(step, quantize, windows)), step.states)
        device.restart()
        row = seconds(lambda device=device: device.read(windows[0, :1]), ROWS)
        ratios = {"Keras' step / row": keras_step / row, "Keras' window / row": keras_window / row}
        rows.append({"quantize": quantize, "row µs": row * 1e6, **ratios})
    report(rows, f"units {units}, windows of {LOOKBACK} rows")
    keras.backend.clear_session()
