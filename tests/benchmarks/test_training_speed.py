"""Training on strided windows with a target at every step, beside one target per window: cost and forecasts.

Run with ``pytest -m benchmark -s tests/benchmarks/test_training_speed.py``, or as a program for other series::

    python tests/benchmarks/test_training_speed.py --seeds 0 1 --out speed.json --file prices.csv:close --rows 4000

Every training runs in a process of its own with one thread, and is timed in seconds of the processor, so that other
programs on the machine disturb little. Each road trains to its own end (patience) with everything else at its default,
on the older four fifths of the series, and forecasts from 60 origins in the rest, by itself (``combine=False``).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.events import TrainingListener

pytestmark = pytest.mark.benchmark
ROADS = {
    "last": {"supervise": "last"},
    "every": {"supervise": "every"},
}
BUNDLED = {"temperature": "temperature", "humidity": "temperature", "co2": "co2", "price": "oil"}
"""Column: the example that it belongs to."""
NETWORK = {"units": [32, 32], "lookback": 60}
HORIZON, ROWS = 24, 4400


class Clock(TrainingListener):
    """Notes the processor's seconds and the validation loss at the end of each epoch."""

    def on_start(self, plan):
        self.steps, self.began, self.epochs = plan.batches, time.process_time(), []

    def on_epoch(self, epoch):
        self.epochs.append((time.process_time() - self.began, epoch.val_loss))


def series_of(name, rows):
    """Give a bundled column, or a column of a file written ``prices.csv:close``."""
    if name in BUNDLED:
        return lab.example(BUNDLED[name])[[name]].iloc[-rows:]
    path, _, column = name.rpartition(":")
    frame = pd.read_csv(path)
    return pd.DataFrame({column: frame[column].to_numpy()}, index=pd.RangeIndex(len(frame))).iloc[-rows:]


def measure(series, road, seed, rows):
    """Train and judge in this process."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    frame = series_of(series, rows)
    clock = Clock()
    run = lab.train(frame.iloc[: int(0.8 * len(frame))], listener=clock, seed=seed, **NETWORK, **ROADS[road])
    cpu = time.process_time() - clock.began
    judged = lab.backtest(run, frame, horizon=HORIZON, origins=60, paths=100, combine=False, baselines=["naive"])
    scores = judged.summary[["mae", "crps", "coverage", "width"]]
    return {
        "series": series,
        "road": road,
        "seed": seed,
        "cpu": cpu,
        "steps": clock.steps * run.end.epochs,
        "epochs": clock.epochs,
        "val_loss": run.metrics["val_loss"],
        **scores.loc["network"].to_dict(),
        "naive_mae": float(scores.loc["naive", "mae"]),
    }


def in_own_process(series, road, seed, rows):
    """Measure in a fresh process with one thread."""
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--child", json.dumps([series, road, seed, rows])]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=quiet)
    return json.loads(told.stdout.splitlines()[-1])


def until(run, loss):
    """Seconds of the processor until a validation loss was first reached."""
    return next(seconds for seconds, reached in run["epochs"] if reached <= loss)


def compared(runs):
    """Put the roads side by side, a row a series: medians over the seeds, smallest and largest in brackets."""
    table = {}
    for series in dict.fromkeys(run["series"] for run in runs):
        by = {(run["road"], run["seed"]): run for run in runs if run["series"] == series}
        seeds = sorted({seed for _, seed in by})
        pairs = [(by["last", seed], by["every", seed]) for seed in seeds]
        ratios = {
            "cpu to its end: last / every": [a["cpu"] / b["cpu"] for a, b in pairs],
            "cpu to the loss both reached": [
                until(a, max(a["val_loss"], b["val_loss"])) / until(b, max(a["val_loss"], b["val_loss"]))
                for a, b in pairs
            ],
            "mae: every / last": [b["mae"] / a["mae"] for a, b in pairs],
            "crps: every / last": [b["crps"] / a["crps"] for a, b in pairs],
            "coverage last": [a["coverage"] for a, _ in pairs],
            "coverage every": [b["coverage"] for _, b in pairs],
        }
        row = {name: f"{np.median(each):.2f} ({min(each):.2f}-{max(each):.2f})" for name, each in ratios.items()}
        table[Path(series).name] = row
    return pd.DataFrame(table).T


def benchmark(series, seeds, rows, out):
    """Measure one after the other, write all figures as JSON, print the table."""
    runs = []
    for name in series:
        for seed in seeds:
            runs += [in_own_process(name, road, seed, rows) for road in ROADS]
    machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()}
    if out is not None:
        Path(out).write_text(json.dumps({"machine": machine, "network": NETWORK, "rows": rows, "runs": runs}, indent=1))
    with pd.option_context("display.width", 200, "display.max_columns", None):
        print(f"{machine}, {NETWORK}, {rows} newest rows\n{compared(runs)}")  # noqa: T201 - the figures are the point
    return runs


@pytest.mark.parametrize("column", BUNDLED)
def test_every_step_costs_less_and_forecasts_as_well(column, tmp_path):
    runs = benchmark([column], (0, 1), ROWS, tmp_path / "speed.json")
    cpu = {road: sum(run["cpu"] for run in runs if run["road"] == road) for road in ROADS}
    mae = {road: [run["mae"] for run in runs if run["road"] == road] for road in ROADS}
    assert cpu["every"] < cpu["last"]
    # No worse than one target per window beyond what two seeds differ by, and a twentieth.
    assert np.mean(mae["every"]) <= 1.05 * np.mean(mae["last"]) + np.ptp(mae["last"])


def main():
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", nargs="*", default=list(BUNDLED), help="bundled columns")
    parser.add_argument("--file", nargs="*", default=[], help="PATH:COLUMN of CSV files")
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--rows", type=int, default=ROWS, help="newest rows of each series")
    parser.add_argument("--out", default="training_speed.json")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(measure(*json.loads(given.child))))  # noqa: T201 - read by the process that started this
        return
    benchmark([*given.series, *given.file], given.seeds, given.rows, given.out)


if __name__ == "__main__":
    main()
