"""How much faster the roll-outs are than one eager Keras call per path and step: ratios within one run."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from lstm_lab.data.dataset import Dataset
from lstm_lab.data.encoder import Encoder
from lstm_lab.models.backend import keras
from lstm_lab.models.build import build_forecaster, reference_stack
from lstm_lab.options import TrainOptions
from lstm_lab.simulation.simulator import CHUNK, SimulationSettings, Simulator

HORIZON = 30
NAIVE_CALLS = 30
"""The naive loop makes CHUNK * HORIZON equal calls; this many are timed, and the rest follow in proportion."""


@pytest.mark.benchmark
@pytest.mark.parametrize(("rollout", "masks", "at_least"), [("window", "step", 300), ("state", "path", 4000)])
def test_fifty_paths_of_the_reference_stack(rollout, masks, at_least, record_property):
    rng = np.random.default_rng(0)
    index = pd.date_range("2020-01-01", periods=400, freq="D")
    frame = pd.DataFrame({"price": 50 * np.exp(np.cumsum(rng.normal(0, 0.01, 400)))}, index=index)
    features = ("bollinger(20, 2)", "volatility(20)", "momentum(10)", "rsi(14)", "dayofweek", "lag(1)")
    encoder = Encoder.fit(frame, "price", "log_return", features, slice(0, 300), np.zeros(400, np.int64))
    assert len(encoder.columns) == 8
    forecaster = build_forecaster(reference_stack(TrainOptions()), 60, 8)
    origin = Dataset.of(frame, encoder, 60).newest(HORIZON)
    simulator = Simulator(forecaster.model, encoder)
    settings = SimulationSettings(rollout, masks, None, 0)
    simulator.chunk(origin, HORIZON, settings)
    ratios = []
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(NAIVE_CALLS):
            forecaster.model(origin.windows, training=True)
        naive = (time.perf_counter() - started) * CHUNK * HORIZON / NAIVE_CALLS
        started = time.perf_counter()
        simulator.chunk(origin, HORIZON, settings)
        ratios.append(naive / (time.perf_counter() - started))
    keras.backend.clear_session()
    record_property("ratio", float(np.median(ratios)))
    span = f"{min(ratios):,.0f} to {max(ratios):,.0f}"
    print(f"{rollout}/{masks}: {np.median(ratios):,.0f} times faster than the naive loop ({span})")  # noqa: T201 - the figure
    assert np.median(ratios) > at_least / 2, (
        "far below what was measured: something in the roll-out is no longer compiled"
    )
