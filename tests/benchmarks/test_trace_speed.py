"""How long it takes to trace a large network over a year of six-hourly steps."""

from __future__ import annotations

import time

import numpy as np
import pytest

from lstm_lab.nn.backend import keras
from lstm_lab.nn.traces import trace
from lstm_lab.widgets.gates import GateExplorer

pytestmark = pytest.mark.benchmark


def test_tracing_costs_little_beside_running(record_property):
    layers = [keras.layers.LSTM(128, return_sequences=last < 2) for last in range(3)]
    model = keras.Sequential([keras.Input((1460, 5)), *layers, keras.layers.Dense(1)])
    x = np.random.default_rng(0).normal(size=(1460, 5)).astype("float32")

    def timed(work):
        start = time.perf_counter()
        result = work()
        return time.perf_counter() - start, result

    first, _ = timed(lambda: trace(model, x))
    again, found = min((timed(lambda: trace(model, x)) for _ in range(3)), key=lambda pair: pair[0])
    shown, explorer = timed(lambda: GateExplorer(found))
    sent = sum(array["data"].nbytes for array in explorer.wire.snapshot()["arrays"])
    run = min(timed(lambda: model.predict_on_batch(x[None]))[0] for _ in range(3))
    for name, value in {
        "first_s": first,
        "again_s": again,
        "explorer_s": shown,
        "sent_bytes": sent,
        "run_s": run,
    }.items():
        record_property(name, round(value, 3))
    print(f"first {first:.2f} s, again {again:.2f} s, explorer {shown:.2f} s, {sent:,} bytes, model alone {run:.2f} s")  # noqa: T201 - the measurement
    assert again < 8 * run
    assert sent < 1_500_000
