"""Memory over many cycles of training and forecasting in a process, headless and through the magics of a notebook.

The long form, ``pytest -m harness -s tests/benchmarks/test_flat_memory.py``, prints the figures of docs/robustness.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import pytest

HEADLESS = textwrap.dedent("""
    import gc, sys
    import numpy as np, pandas as pd
    import keras
    import lstm_lab as lab

    def resident():
        gc.collect()
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096 / 1e6

    class Scaled(keras.layers.Layer):
        def call(self, x):
            return 2 * x

    own, cycles, levels = sys.argv[1] == "own", int(sys.argv[2]), [int(text) for text in sys.argv[3:]]
    frame = pd.DataFrame({"y": np.sin(np.arange(300) / 6) + 0.1 * np.random.default_rng(0).normal(size=300)})
    for cycle in range(1, cycles + 1):
        layers = [keras.layers.LSTM(4), Scaled(), keras.layers.Dropout(0.2), keras.layers.Dense(1)]
        stack = {"stack": layers} if own else {"units": [4], "dense": [3], "dropout": 0.2}
        run = lab.train(frame, transform="none", lookback=8, epochs=1, seed=cycle, **stack)
        run.forecast(5, paths=20)
        if cycle in levels:
            print(cycle, resident(), flush=True)
""")


def levels_of(stack, cycles, levels, folder):
    """Train and forecast in a process of its own; return its resident megabytes after given numbers of cycles."""
    command = [sys.executable, "-c", HEADLESS, stack, str(cycles), *map(str, levels)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=7000, check=False)
    assert done.returncode == 0, done.stderr
    return [float(line.split()[1]) for line in done.stdout.splitlines()]


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="resident memory is read from /proc")  # noqa: PTH110
@pytest.mark.parametrize(
    ("stack", "cycles", "early", "allowed"),
    [
        ("plain", 25, 10, 1.03),
        pytest.param("plain", 500, 50, 1.10, marks=[pytest.mark.harness, pytest.mark.timeout(7200)]),
        # A layer class of one's own is compiled in each training anew: plain Keras keeps 14 MB of each.
        pytest.param("own", 30, 10, 1.02, marks=[pytest.mark.harness, pytest.mark.timeout(3600)]),
    ],
)
def test_the_level_after_all_cycles_is_that_of_the_first(tmp_path, stack, cycles, early, allowed):
    marks = [early, *range(100, cycles, 100), cycles]
    levels = levels_of(stack, cycles, marks, tmp_path)
    print(json.dumps(dict(zip(marks, levels, strict=True))))  # noqa: T201 - the figures of docs/robustness.md
    assert levels[-1] < allowed * levels[0]
