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


def test_one_series_costs_as_much_with_an_id_and_gives_the_same_bits():
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
            print(f"round {turn}: training, forecast {ratios[-1].round(3)}")  # noqa: T201
    training, drawing = np.median(ratios, axis=0)
    print(f"with an id: {training:.3f} times the CPU of training, {drawing:.3f} of a forecast")  # noqa: T201
    assert training < 1.03
    assert drawing < 1.03
