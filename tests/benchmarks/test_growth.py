"""How time and memory grow with rows, lookback, units, layers, paths, horizon and ids, each doubled four times.

Run with ``pytest -m benchmark -s tests/benchmarks/test_growth.py``; it prints the tables of docs/growth.md. Every axis
has a process of its own in each of three rounds, with one thread, and is walked from the smallest size to the largest.
Times are seconds of the processor; peaks are of resident memory above what the process had before its first size, where
it had trained and forecast once. What is compiled for a size is told apart (``compile``), as the first epoch and the
first forecast beside later ones.

An exponent is that of size in cost over the last two doublings: 0 where nothing grows, 1 for a line, 2 for a square.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(not os.path.exists("/proc/self/clear_refs"), reason="peaks are read from /proc"),  # noqa: PTH110
]
ROUNDS = int(os.environ.get("GROWTH_ROUNDS", "3"))
BASE = {"rows": 4_000, "lookback": 32, "units": 16, "layers": 1, "paths": 100, "horizon": 24, "ids": 1}
"""What the other sizes are while an axis is walked; a panel has 100 rows an id."""
OTHERS = {"ids": {"ids": 20}, "horizon": {"rows": 20_000}}
"""What is another along an axis: calibration origins need the steps after them."""
AXES = {
    "rows": (20_000, 40_000, 80_000, 160_000, 320_000),
    "lookback": (32, 64, 128, 256, 512),
    "units": (16, 32, 64, 128, 256),
    "layers": (1, 2, 4, 8, 16),
    "paths": (3_200, 6_400, 12_800, 25_600, 51_200),
    "horizon": (64, 128, 256, 512, 1_024),
    "ids": (50, 100, 200, 400, 800),
}
COSTS = ("load", "compile", "epoch", "forecast", "save", "open", "load MB", "train MB", "forecast MB", "save MB")
SHOWN = {
    "rows": COSTS,
    "lookback": ("compile", "epoch", "forecast", "train MB", "forecast MB"),
    "units": ("compile", "epoch", "forecast", "train MB", "forecast MB"),
    "layers": ("compile", "epoch", "forecast", "train MB", "forecast MB"),
    "paths": ("forecast", "forecast MB"),
    "horizon": ("forecast", "forecast MB"),
    "ids": COSTS,
}
"""Costs that an axis can change."""
SQUARES = {("units", "epoch"), ("units", "forecast"), ("units", "train MB"), ("units", "forecast MB")}
"""A recurrent matrix has units times units weights: each doubling is four times the arithmetic and the weights."""


def table(sizes):
    """Draw rows of one series, or of many."""
    rng, ids = np.random.default_rng(0), sizes["ids"]
    rows = 100 if ids > 1 else sizes["rows"]
    steps = np.arange(rows)
    value = 0.1 * rng.normal(size=(ids, rows)).cumsum(axis=1) + np.sin(steps / 8)
    frame = pd.DataFrame({"t": np.tile(pd.date_range("1900", periods=rows, freq="h", unit="s"), ids)})
    frame["y"] = value.ravel()
    if ids > 1:
        frame["id"] = np.repeat(np.arange(ids), rows)
    return frame


def resident(name):
    """Read a figure of this process in megabytes: VmRSS, or the peak VmHWM."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1e3


class Walk:
    """Takes the figures of one size after the other."""

    def __init__(self, folder):
        self.path, self.figures, self.baseline = Path(folder) / "run.lstm", {}, 0.0

    def part(self, name, work, *, peak=True):
        """Note the time of a call, and its peak above the baseline."""
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the peak is counted from here
        began = time.process_time()
        result = work()
        self.figures[name] = time.process_time() - began
        if peak:
            self.figures[f"{name} MB"] = resident("VmHWM") - self.baseline
        return result

    def size(self, sizes, *, forecast_alone=None):
        """Take the figures of a size; those of training are left out where a run is given."""
        import lstm_lab as lab
        from lstm_lab.events import TrainingListener

        class Epochs(TrainingListener):
            def __init__(self):
                self.ends = [time.process_time()]

            def on_epoch(self, epoch):  # noqa: ARG002 - the listener's signature
                self.ends.append(time.process_time())

        self.figures, run = {}, forecast_alone
        if run is None:
            columns = {"target": "y", "time": "t"} | ({"id": "id"} if sizes["ids"] > 1 else {})
            frame = self.part("load", lambda: lab.load(table(sizes), **columns))
            heard = Epochs()
            network = {"units": [sizes["units"]] * sizes["layers"], "dense": [], "lookback": sizes["lookback"]}
            run = self.part(
                "train",
                lambda: lab.train(
                    frame, **columns, **network, transform="none", features=[], epochs=3, patience=9, listener=heard
                ),
            )
            epochs = np.diff(heard.ends)
            self.figures["epoch"] = float(np.median(epochs[1:]))
            self.figures["compile"] = self.figures.pop("train") - float(epochs[1:].sum()) - self.figures["epoch"]
        drawn = {"paths": sizes["paths"]}
        self.part("first", lambda: run.forecast(sizes["horizon"], **drawn), peak=False)
        self.part("forecast", lambda: run.forecast(sizes["horizon"] + 1, **drawn))
        if forecast_alone is None:
            self.part("save", lambda: run.save(self.path))
            self.part("open", lambda: lab.load_run(self.path))
        return run


def measure(axis, folder):
    """Walk an axis in this process; give the figures of each size."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    walk, results = Walk(folder), []
    small = BASE | OTHERS.get(axis, {})
    run = walk.size(small)
    walk.baseline = resident("VmRSS")
    alone = run if axis in {"paths", "horizon"} else None
    for size in AXES[axis]:
        walk.size(small | {axis: size}, forecast_alone=alone)
        results.append(walk.figures)
    return results


def spawned(axis, folder):
    """Walk an axis in a process of its own, with one thread."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"}
    call = [sys.executable, __file__, axis, str(folder)]
    done = subprocess.run(call, capture_output=True, text=True, check=False, env=os.environ | quiet)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def exponent(values):
    """Compute the power of size that a cost grows with over the last two doublings of size."""
    last, before = max(values[-1], 1e-3), max(values[-3], 1e-3)
    return float(np.log2(last / before) / 2)


@pytest.mark.parametrize("axis", AXES)
def test_every_cost_is_linear_or_better(axis, tmp_path, report):
    rounds = [spawned(axis, tmp_path) for _ in range(ROUNDS)]
    rows, exponents = [], {}
    for number, size in enumerate(AXES[axis]):
        rows.append({axis: size} | {name: [walk[number][name] for walk in rounds] for name in SHOWN[axis]})
    for name in SHOWN[axis]:
        exponents[name] = exponent([float(np.median(row[name])) for row in rows])
    rows.append({axis: "exponent"} | {name: round(each, 2) for name, each in exponents.items()})
    others = BASE | OTHERS.get(axis, {})
    report(rows, "; ".join(f"{name} {size:,}" for name, size in others.items() if name != axis))
    # Below a tenth of a second is noise, and some tens of megabytes that an allocator kept are used before new ones are
    # asked for; a line with a constant has an exponent below 1.
    for name, grown in exponents.items():
        largest = float(np.median(rows[-2][name]))
        if largest > (100 if name.endswith("MB") else 0.1):
            assert grown < (2.2 if (axis, name) in SQUARES else 1.2), name


if __name__ == "__main__":
    print(json.dumps(measure(*sys.argv[1:])))  # noqa: T201 - read by the test
