"""What rows, lookback, paths, horizon and ids cost, as counts that no other program on the machine changes.

Seconds and resident memory are measured by ``tests/benchmarks/test_growth.py``; a cost that grows with the square of a
size shows here too: in the calls of Python, in the operations that TensorFlow is asked for, or in the bytes of arrays.
"""

import cProfile
import pstats
import threading
import tracemalloc

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.events import TrainingListener

NETWORK = {"target": "y", "transform": "none", "features": [], "units": [3], "dense": [], "epochs": 1, "lookback": 6}


def table(rows, ids=1):
    values = np.sin(np.arange(rows) / 5) + 0.1 * np.random.default_rng(0).normal(size=(ids, rows))
    if ids == 1:
        return pd.DataFrame({"y": values[0]})
    index = np.tile(pd.date_range("2024-01-01", periods=rows), ids)
    return pd.DataFrame({"id": np.repeat(np.arange(ids), rows), "t": index, "y": values.ravel()})


def count(work):
    """Count the Python calls, and the operations that TensorFlow is asked for, of a call."""
    profile = cProfile.Profile()
    result = profile.runcall(work)
    stats = pstats.Stats(profile)
    asked = sum(row[0] for (_, _, name), row in stats.stats.items() if "TFE_Py" in name)
    return result, np.array([stats.total_calls, asked])


def growth(costs):
    """Divide what the second doubling of a size adds by what the first added: 2 for a line, 4 for a square."""
    small, middle, large = costs
    return (large - middle) / np.maximum(middle - small, 0.01 * small)


def twice(work):
    """Count the second of two calls: the first may compile, import and fill caches."""
    work()
    return count(work)


@pytest.fixture(scope="module")
def run():
    return lab.train(table(300), **NETWORK)


def test_training_takes_a_line_of_calls_in_the_rows():
    """An epoch is 24 gradient steps however few the rows are, so the smallest size has more."""
    options = NETWORK | {"batch": 8}
    trained = [twice(lambda rows=rows: lab.train(table(rows), **options))[1] for rows in (1_000, 2_000, 4_000)]
    assert (growth(trained) < 2.3).all(), trained


@pytest.mark.parametrize(("name", "sizes"), [("horizon", (8, 16, 32)), ("paths", (200, 400, 800))])
def test_a_forecast_takes_at_most_a_line_of_calls_in_its_paths_and_steps(run, name, sizes):
    drawn = [twice(lambda size=size: run.forecast(**{"horizon": 4, "paths": 50} | {name: size}))[1] for size in sizes]
    assert (growth(drawn) < 2.3).all(), drawn


def test_training_takes_a_line_of_calls_in_the_number_of_series():
    options = NETWORK | {"id": "id", "time": "t", "batch": 4}
    trained = [twice(lambda ids=ids: lab.train(table(30, ids), **options))[1] for ids in (20, 40, 80)]
    assert (growth(trained) < 2.3).all(), trained


class StopsAtOnce(TrainingListener):
    def __init__(self, stop):
        self.stop = stop

    def on_batch(self, batch):  # noqa: ARG002 - the listener's signature
        self.stop.set()


def peak_of_training(rows, lookback):
    """Measure the bytes of a training's arrays at their peak, the table's own not among them."""
    frame, stop = table(rows), threading.Event()
    tracemalloc.start()
    try:
        lab.train(frame, stop=stop, listener=StopsAtOnce(stop), **NETWORK | {"lookback": lookback})
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_of_training_grows_with_the_rows_and_not_with_rows_times_lookback():
    small, large, long = peak_of_training(10_000, 6), peak_of_training(40_000, 6), peak_of_training(40_000, 48)
    assert large < 4.4 * small, (small, large)
    assert long < 1.3 * large, (large, long)  # a copy of each window would be 8 MB
