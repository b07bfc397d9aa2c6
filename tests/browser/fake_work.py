"""Work that takes its time and computes nothing: what a kernel does in the end-to-end tests."""

from __future__ import annotations

import threading
import time

import numpy as np
import pandas as pd
from IPython.display import display

from lstm_lab.events import Batch, Chunk, Epoch, SamplingEnd, SamplingPlan, TrainingEnd, TrainingPlan
from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.widgets.fan import sampling_view
from lstm_lab.widgets.training import training_view

RNG = np.random.default_rng(0)


def train(epochs=200, batches=10, pause=0.02, title="fake run"):
    """Pretend to train, and end as the real training does: at the flag or the interrupt, with what there is."""
    stop = threading.Event()
    view, listener = training_view(stop)
    display(view, display_id=True)
    began = time.monotonic()
    listener.on_start(TrainingPlan(title, epochs, batches, 10, 640, 64, 1000, 0.6))
    done, reason = 0, "finished"
    try:
        for epoch in range(1, epochs + 1):
            for batch in range(1, batches + 1):
                time.sleep(pause)
                listener.on_batch(Batch(epoch, batch, 1 / (epoch + batch / batches)))
                if stop.is_set():
                    reason = "stopped"
                    break
            if stop.is_set():
                break
            listener.on_epoch(Epoch(epoch, 1 / (epoch + 1), 1.2 / (epoch + 1), 1e-3, batches * pause, epoch, 10))
            done = epoch
    except KeyboardInterrupt:
        reason = "interrupted"
    seconds = time.monotonic() - began
    listener.on_end(TrainingEnd(reason, done, done, seconds, f"{reason} after {done} epochs; best weights kept"))
    print(f"reason={reason} epochs={done}", flush=True)  # noqa: T201 - read by the test
    return view


def sample(chunks=40, size=20, horizon=30, pause=0.1, target="close"):
    """Pretend to draw paths."""
    stop = threading.Event()
    view, listener = sampling_view(stop)
    handle = display(view, display_id=True)
    times = pd.date_range("2024-01-01", periods=120 + horizon, freq="D")
    history = pd.Series(50 + RNG.normal(size=120).cumsum(), times[:120])
    total, done, reason = chunks * size, 0, "finished"
    listener.on_start(SamplingPlan(target, history, times[120:], total, "predictive", 90.0))
    drawn = []
    try:
        for _ in range(chunks):
            time.sleep(pause)
            done += size
            drawn.append(history.iloc[-1] + RNG.normal(size=(size, horizon)).cumsum(axis=1))
            listener.on_chunk(Chunk(drawn[-1], done, total))
            if stop.is_set():
                reason = "stopped"
                break
    except KeyboardInterrupt:
        reason = "interrupted"
    listener.on_end(SamplingEnd(reason, done, 1.0, f"{reason} after {done} paths"))
    view.finish(Forecast(np.concatenate(drawn), times[120:], history, target, "predictive"))
    handle.update(view)
    print(f"reason={reason} paths={done}", flush=True)  # noqa: T201 - read by the test
    return view


def comms():
    """Count the comms that are open in this kernel."""
    from comm import get_comm_manager

    return len(get_comm_manager().comms)
