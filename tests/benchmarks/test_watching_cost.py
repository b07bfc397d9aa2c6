"""What it costs to watch a training: recording and drawing beside the epochs themselves, as a ratio.

Run with ``pytest -m benchmark -s tests/benchmarks/test_watching_cost.py``; the figures are printed. The time within the
recorder, a live view's messages included, is set against the whole training that it happens in, so that a busy machine
slows both.
"""

from __future__ import annotations

import time

import pytest

import lstm_lab as lab
from lstm_lab.interpret.learning_recorder import LearningRecorder
from lstm_lab.widgets.training import training_view

pytestmark = pytest.mark.benchmark


@pytest.mark.parametrize(("units", "epochs"), [([128, 128, 128], 8), ([16], 60)])
def test_watching_takes_under_three_percent(units, epochs, monkeypatch, report):
    spent = []
    call = LearningRecorder.__call__

    def timed(self, *args):
        began = time.perf_counter()
        call(self, *args)
        spent.append(time.perf_counter() - began)

    monkeypatch.setattr(LearningRecorder, "__call__", timed)
    monitor, listener = training_view()
    began = time.perf_counter()
    run = lab.train(lab.example("oil"), units=units, epochs=epochs, patience=epochs, watch=True, listener=listener)
    whole = time.perf_counter() - began
    monitor.close()
    kept, share = len(run.learning.epochs), sum(spent) / whole
    report({"units": str(units), "watching s": sum(spent), "training s": whole, "share": share, "epochs": kept})
    assert share < 0.03
