"""How long it takes to trace a large network over a year of six-hourly steps."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import numpy as np
import pytest

from lstm_lab.interpret.trace import trace
from lstm_lab.models.backend import keras
from lstm_lab.widgets.gates import GateExplorer

pytestmark = pytest.mark.benchmark

STEPS, FEATURES = 1460, 5
TRIALS = 3
COLD = "import json, runpy, sys; print(json.dumps(runpy.run_path(sys.argv[1])['in_this_process']()))"


def network():
    layers = [keras.layers.LSTM(128, return_sequences=last < 2) for last in range(3)]
    return keras.Sequential([keras.Input((STEPS, FEATURES)), *layers, keras.layers.Dense(1)])


def sequence():
    return np.random.default_rng(0).normal(size=(STEPS, FEATURES)).astype("float32")


def timed(work):
    """Seconds by the clock and of the processor, and what the work gave."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - wall, time.process_time() - cpu, result


def in_this_process():
    """Trace the first model of a process, a second model, and that one again: (wall, processor) each."""
    models = [network(), network()]
    found = {
        "first": timed(lambda: trace(models[0], sequence()))[:2],
        "second model": timed(lambda: trace(models[1], sequence()))[:2],
    }
    return {**found, "again": min(timed(lambda: trace(models[1], sequence()))[:2] for _ in range(TRIALS))}


def test_a_trace_from_cold_costs_little_more_than_one_from_warm(report):
    """The quickest of a few processes, for whatever else runs on the machine only adds."""
    command = [sys.executable, "-c", COLD, __file__]
    runs = [json.loads(subprocess.check_output(command, stderr=subprocess.DEVNULL)) for _ in range(TRIALS)]
    quickest = {name: [min(run[name][clock] for run in runs) for clock in (0, 1)] for name in runs[0]}
    report([{"trace": name, "wall s": wall, "CPU s": cpu} for name, (wall, cpu) in quickest.items()])
    assert quickest["first"][1] < 5 * quickest["again"][1]
    assert quickest["second model"][1] < 4 * quickest["again"][1]


def test_tracing_and_asking_cost_little_beside_running(report):
    model, x = network(), sequence()
    trace(model, x)
    again, _, found = min((timed(lambda: trace(model, x)) for _ in range(TRIALS)), key=lambda taken: taken[0])
    shown, _, explorer = timed(lambda: GateExplorer(found))
    sent = sum(array["data"].nbytes for array in explorer.wire.snapshot()["arrays"])
    gradient, _, _ = timed(lambda: found.connectivity)
    units, _, _ = timed(lambda: found.unit_influence)
    run = min(timed(lambda: model.predict_on_batch(x[None]))[0] for _ in range(TRIALS))
    values = {"again": again, "explorer": shown, "gradient": gradient, "units": units, "model alone": run}
    report(values | {"bytes": sent}, "seconds")
    assert again < 8 * run
    assert units < gradient / 10
    assert sent < 1_500_000
