"""What training on and forecasting 100, 1,000 and 10,000 series cost in seconds of CPU and in memory.

Run with ``pytest -m benchmark -s tests/benchmarks/test_many_series_growth.py``. Every size has a process of its own,
so that the peak of its memory is its own; compilation is included.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]
SIZES = (100, 1_000, 10_000)
ROWS = 100


def measure(count):
    """Train on so many series of 100 rows and forecast all of them; give CPU seconds and the peak of memory in MB."""
    import lstm_lab as lab

    rng = np.random.default_rng(0)
    steps = rng.normal(size=(count, ROWS)).cumsum(axis=1)
    table = pd.DataFrame(
        {
            "store": np.repeat(np.arange(count), ROWS),
            "day": np.tile(pd.date_range("2024-01-01", periods=ROWS), count),
            "units": (100 + steps + 5 * np.sin(np.arange(ROWS) * 2 * np.pi / 7)).ravel(),
        }
    )
    started = time.process_time()
    network = {"lookback": 20, "units": [16], "dense": [], "epochs": 2}
    run = lab.train(table, id="store", target="units", time="day", **network)
    trained = time.process_time()
    after_training = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    forecasts = run.forecast(7, paths=100)
    if len(forecasts) != count:
        raise RuntimeError(f"{len(forecasts)} of {count} series were forecast")
    return {
        "training_seconds": trained - started,
        "forecast_seconds": time.process_time() - trained,
        "training_megabytes": after_training,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }


def test_training_and_forecasting_grow_linearly_and_fit_into_four_gigabytes(report):
    results = {}
    for count in SIZES:
        call = [sys.executable, __file__, str(count)]
        done = subprocess.run(call, capture_output=True, text=True, check=True, env=os.environ)
        results[count] = json.loads(done.stdout.splitlines()[-1])
    report([{"series": count} | figures for count, figures in results.items()], f"{ROWS} rows a series")
    small, large = results[SIZES[1]], results[SIZES[2]]
    for name in ("training_seconds", "forecast_seconds"):
        assert large[name] < 20 * small[name]  # ten times as many series; a square would be a hundred
    assert large["megabytes"] < 4000


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))  # noqa: T201 - read by the test
