"""What one series costs with an id, against the same series without one: CPU of training and of forecasts.

Run with ``pytest -m benchmark -s tests/benchmarks/test_one_series_by_id.py``. Both are measured by turns in one
process, the first round is left out (it compiles), and the median of the ratios counts.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]
ROUNDS = 7
NETWORK = {
    "target": "units",
    "time": "day",
    "lookback": 20,
    "units": [16],
    "dense": [],
    "epochs": 4,
    "supervise": "every",
}


def seconds(work):
    """Time a call in seconds of CPU, and return what it gave."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def test_one_series_costs_as_much_with_an_id_and_gives_the_same_bits(report):
    rng = np.random.default_rng(0)
    days = pd.date_range("2015-01-01", periods=800)
    units = 100 + 10 * np.sin(np.arange(800) * 2 * np.pi / 7) + rng.normal(size=800).cumsum()
    alone = pd.DataFrame({"day": days, "units": units})
    by_id = alone.assign(store="A")
    ratios = []
    for turn in range(ROUNDS + 1):
        order = ("alone", "by id") if turn % 2 else ("by id", "alone")
        took, runs, paths = {}, {}, {}
        for name in order:
            source, options = (alone, NETWORK) if name == "alone" else (by_id, {**NETWORK, "id": "store"})
            training, runs[name] = seconds(lambda source=source, options=options: lab.train(source, **options))
            drawing, forecast = seconds(lambda run=runs[name]: run.forecast(30, paths=200))
            took[name] = np.array([training, drawing])
            paths[name] = (forecast if name == "alone" else forecast["A"]).paths
        np.testing.assert_array_equal(paths["alone"], paths["by id"])
        for own, other in zip(runs["alone"].model.get_weights(), runs["by id"].model.get_weights(), strict=True):
            np.testing.assert_array_equal(own, other)
        if turn > 0:
            ratios.append(took["by id"] / took["alone"])
    training, drawing = np.transpose(ratios).tolist()
    report({"training": training, "forecast": drawing}, "CPU with an id / without one")
    # The work is counted to three percent in tests/forecasting/test_panel_forecast.py; seconds of a case as small as
    # this differ by more from one round to the next.
    assert np.median(training) < 1.15
    assert np.median(drawing) < 1.15
