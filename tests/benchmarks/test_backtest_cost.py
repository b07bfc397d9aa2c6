"""What it saves to simulate many origins in one batch: a backtest beside one forecast call per origin.

Run with ``pytest -m benchmark -s tests/benchmarks/test_backtest_cost.py``; the figures are printed. Two loops stand for
"one forecast per origin". The first is what one would write by hand: `Run.on` the rows up to the origin, and its
`forecast`, which calibrates on the newest rows, as the backtest's renewed calibration does; both share one compiled
network, compiled by then (the first backtest, which compiles, is told apart). The second is no forecast call but the
last part of one, as lean as a loop can be: one calibration for all origins.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.forecasting.predictor import Predictor
from lstm_lab.options import ForecastOptions

pytestmark = pytest.mark.benchmark
HORIZON, ORIGINS, PATHS = 30, 60, 200


def series(rows=2400):
    rng = np.random.default_rng(0)
    index = pd.date_range("2015-01-01", periods=rows, freq="D")
    return pd.DataFrame({"price": 100 + rng.normal(0, 1, rows).cumsum()}, index=index)


def seconds_of(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@pytest.mark.parametrize("units", [(16,), (32, 32), (128, 128, 128)])
def test_a_backtest_is_much_faster_than_a_forecast_per_origin(units, report):
    frame = series()
    run = lab.train(frame.iloc[:1900], transform="diff", features=(), units=units, dense=(), epochs=1, lookback=60)

    def together():
        lab.backtest(run, frame, horizon=HORIZON, origins=ORIGINS, paths=PATHS, baselines=())

    first = seconds_of(together)
    batched = min(seconds_of(together) for _ in range(2))
    rows = [1950, 2000, 2050]

    def by_hand():
        for row in rows:
            run.on(frame.iloc[:row]).forecast(HORIZON, paths=PATHS)

    settings = Predictor(run.fitted, run.dataset, ForecastOptions(horizon=HORIZON)).settings

    def at_best():
        for row in rows:
            origin = run.dataset.of(frame.iloc[:row], run.encoder, run.options.lookback).newest(HORIZON)
            for number in range(4):
                run.simulator.chunk(origin, HORIZON, settings, number)

    by_hand()
    at_best()
    hand, best = (seconds_of(loop) / len(rows) * ORIGINS for loop in (by_hand, at_best))
    work = f"{ORIGINS} origins x {HORIZON} steps x {PATHS} paths, calibration included"
    figures = {"batched s": batched, "first s": first, "by hand s": hand, "at best s": best}
    report(
        {"units": str(units), **figures, "by hand / batched": hand / batched, "at best / batched": best / batched}, work
    )
    assert hand / batched > 20
    assert best > batched
