"""What a live training monitor costs: in a real kernel, with a comm that somebody could read.

Run with ``pytest -m benchmark -s tests/benchmarks/test_widgets_cost.py``; the figures are printed.
"""

from __future__ import annotations

import json

import pytest

# The time spent in the listener is measured beside the ratio: it is the same quantity without the machine's noise.
CODE = """
import json, threading, time
import numpy as np, pandas as pd
import lstm_lab as lab
from IPython.display import display
from lstm_lab.events import TrainingListener
from lstm_lab.widgets.training import training_view

frame = pd.DataFrame({"y": np.sin(np.arange(1500) / 9.0)}, index=pd.date_range("2020-01-01", periods=1500, freq="h"))
options = dict(target="y", transform="none", lookback=24, units=[16], dense=[8], epochs=6, patience=99, batch=32)

class Timed(TrainingListener):
    def __init__(self, inner):
        self.inner, self.spent = inner, 0.0
    def _timed(self, name, event):
        began = time.perf_counter()
        getattr(self.inner, name)(event)
        self.spent += time.perf_counter() - began
    def on_start(self, event): self._timed("on_start", event)
    def on_batch(self, event): self._timed("on_batch", event)
    def on_epoch(self, event): self._timed("on_epoch", event)
    def on_end(self, event): self._timed("on_end", event)

def once(live):
    listener = TrainingListener()
    if live:
        view, listener = training_view(threading.Event())
        display(view)
    timed = Timed(listener)
    began = time.perf_counter()
    run = lab.train(frame, listener=timed, **options)
    # The first epoch carries the compilation.
    return float(run.history["seconds"].iloc[1:].sum()), timed.spent / (time.perf_counter() - began)

once(False)
rounds = [(once(False)[0], *once(True)) for _ in range(4)]
silent = min(one[0] for one in rounds)
live = min(one[1] for one in rounds)
print("FIGURES" + json.dumps({"ratio": live / silent, "share": max(one[2] for one in rounds)}))
"""


@pytest.mark.benchmark
def test_the_monitor_adds_at_most_three_percent(report):
    manager = pytest.importorskip("jupyter_client.manager")
    kernel, client = manager.start_new_kernel(kernel_name="python3")
    heard = []
    try:
        client.execute_interactive(CODE, timeout=500, output_hook=heard.append)
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)
    text = "".join(message["content"].get("text", "") for message in heard if message["msg_type"] == "stream")
    assert "FIGURES" in text, [message["content"] for message in heard if message["msg_type"] == "error"]
    figures = json.loads(text.split("FIGURES")[1])
    report({"time / with a null listener": figures["ratio"], "share of time in the monitor": figures["share"]})
    assert figures["share"] <= 0.03
    assert figures["ratio"] <= 1.10, "far above the 3 % that a free machine shows"
