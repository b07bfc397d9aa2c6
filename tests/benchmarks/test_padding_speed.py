"""Batches of like lengths beside batches padded to the longest: seconds and error, lengths from 10 to 500.

Run with ``pytest -m benchmark -s tests/benchmarks/test_padding_speed.py``, or as a program for other sizes::

    python tests/benchmarks/test_padding_speed.py --series 400 --epochs 8 --seeds 0 1 2

Every training runs in a process of its own with one thread, and is timed in seconds of the processor from the rows to
the trained network, compilation included.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

pytestmark = pytest.mark.benchmark
LONGEST = 500


def series_of(count, seed=0):
    """Draw series that follow one rule: an autoregression of two steps, of lengths from 10 to 500."""
    rng = np.random.default_rng(seed)
    parts = []
    for length in rng.integers(10, LONGEST + 1, count):
        shocks, y = 0.5 * rng.normal(size=length), np.zeros(length)
        for step in range(2, length):
            y[step] = 1.3 * y[step - 1] - 0.6 * y[step - 2] + shocks[step]
        parts.append(y.astype(np.float32)[:, None])
    return parts


def measure(way, supervise, seed, count, epochs):
    """Train once in this process; give seconds of the processor and the validation loss."""
    from lstm_lab.data.windows.cuts import cut_rows
    from lstm_lab.data.windows.split import divide
    from lstm_lab.data.windows.windows import windows_of
    from lstm_lab.models.backend import keras
    from lstm_lab.models.build import build_forecaster, reference_stack
    from lstm_lab.options import TrainOptions
    from lstm_lab.training.fit import fit

    parts = series_of(count)
    lengths = np.array([len(part) for part in parts])
    borders = np.concatenate([[0], np.cumsum(lengths)])
    began = time.process_time()
    segments = np.repeat(np.arange(count), lengths)
    windows = windows_of(np.concatenate(parts), segments, LONGEST, borders=borders, shortest=np.full(count, 2), cuts=())
    split = divide(windows, borders, [cut_rows(length) for length in lengths])
    options = TrainOptions(
        units=(32, 32),
        dense=(),
        dropout=0,
        lookback=LONGEST,
        supervise=supervise,
        epochs=epochs,
        seed=seed,
        stride=LONGEST if supervise == "every" else None,
    )
    train = split.train
    if supervise == "last":  # the newest training window of each series: one target a sequence
        train = train[np.append(np.diff(windows.target_rows[train]) != 1, True)]
    forecaster = build_forecaster(reference_stack(options), LONGEST, 1, seed=seed)
    if way == "to longest":  # a network that takes no other length
        window = keras.Input((LONGEST, 1))
        x = window
        for layer in forecaster.layers:
            x = layer(x)
        forecaster = build_forecaster([keras.Model(window, x)], LONGEST, 1, seed=seed)
    done = fit(forecaster, windows, train, split.validation[::7], options)
    return {
        "seconds": time.process_time() - began,
        "loss": float(done.history["val_loss"].min()),
        "batches": done.plan.batches,
    }


def spawned(way, supervise, seed, count, epochs):
    """Measure in a process of its own, with one thread."""
    threads = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    command = [sys.executable, __file__, "--one", way, supervise, str(seed), str(count), str(epochs)]
    done = subprocess.run(command, env=os.environ | threads, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def compared(supervise, seeds, count, epochs):
    """Measure both ways with every seed, and print them."""
    table = {}
    for way in ("to longest", "like lengths"):
        table[way] = [spawned(way, supervise, seed, count, epochs) for seed in seeds]
        seconds = [f"{run['seconds']:.1f}" for run in table[way]]
        losses = [f"{run['loss']:.4f}" for run in table[way]]
        print(f"{supervise:6s} {way:13s} {', '.join(seconds)} s of CPU; validation loss {', '.join(losses)}")  # noqa: T201
    return table


@pytest.mark.parametrize(("supervise", "epochs"), [("every", 6), ("last", 25)])
def test_batches_of_like_lengths_take_two_thirds_of_the_time_for_the_same_error(supervise, epochs, report):
    table = compared(supervise, seeds=(0, 1, 2), count=300, epochs=epochs)
    parts = {way: ([run["seconds"] for run in runs], [run["loss"] for run in runs]) for way, runs in table.items()}
    report([{"batches": way, "CPU s": took, "validation loss": loss} for way, (took, loss) in parts.items()], supervise)
    seconds = {way: np.median([run["seconds"] for run in runs]) for way, runs in table.items()}
    assert seconds["to longest"] / seconds["like lengths"] >= 1.5
    if supervise == "every":  # with one target a window, five gradient steps an epoch end no training in 25 epochs
        losses = {way: np.array([run["loss"] for run in runs]) for way, runs in table.items()}
        spread = max(np.ptp(loss) for loss in losses.values())
        assert abs(losses["to longest"].mean() - losses["like lengths"].mean()) <= spread


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        way, supervise, *numbers = sys.argv[2:]
        print(json.dumps(measure(way, supervise, *map(int, numbers))))  # noqa: T201
    else:
        parser = argparse.ArgumentParser()
        parser.add_argument("--series", type=int, default=300)
        parser.add_argument("--epochs", type=int, default=6)
        parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
        given = parser.parse_args()
        for kind in ("every", "last"):
            compared(kind, given.seeds, given.series, given.epochs)
