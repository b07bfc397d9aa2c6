"""What stands below a live view once its work is done."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lstm_lab.events import Chunk, Progress, SamplingEnd, SamplingPlan, WorkPlan
from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.interpret.memory import Memory
from lstm_lab.notebook.live import LiveProgress

TIMES = pd.date_range("2024-01-01", periods=46, freq="D")
HISTORY = pd.Series(np.linspace(10.0, 20.0, 40), TIMES[:40])
PATHS = 20 + np.random.default_rng(0).normal(size=(300, 6)).cumsum(axis=1)
FORECAST = Forecast(PATHS[:100], TIMES[40:], HISTORY, "close", "predictive")


class Handle:
    def __init__(self, bundle):
        self.bundles = [bundle]

    def update(self, bundle, **_):
        self.bundles.append(bundle)


@pytest.fixture
def displayed(monkeypatch):
    handles = []

    def display(bundle, **_):
        handles.append(Handle(bundle))
        return handles[-1]

    monkeypatch.setattr("IPython.display.display", display)
    return handles


def test_more_paths_renew_the_table_below_the_view(displayed):
    progress = LiveProgress()
    progress.on_start(SamplingPlan("close", HISTORY, TIMES[40:], 100, "predictive", 90.0))
    progress.on_chunk(Chunk(PATHS[:100], 100, 100))
    progress.on_end(SamplingEnd("finished", 100, 1.0, "done"))
    progress.finish(FORECAST)
    progress.offer(lambda paths, _: replace(FORECAST, paths=PATHS[:paths]))
    view, table = displayed[0].bundles[-1], displayed[-1]
    assert "100" in table.bundles[-1]["text/plain"]
    view._receive(view, {"kind": "more", "count": 200}, [])
    assert len(table.bundles) == 2
    assert table.bundles[-1]["text/plain"] == replace(FORECAST, paths=PATHS).summary_table().text()
    view.close()


def memory(recalled):
    """Measure nothing: a memory of one network, before training and perhaps after."""
    flow = pd.DataFrame({"network": "rnn", "state": "initial", "distance": range(3), "norm": [1.0, 0.5, 0.1]})
    flow["relative"] = flow["norm"]
    recall = pd.DataFrame({"network": ["rnn"] * len(recalled), "steps": range(1, len(recalled) + 1)})
    recall["explained"], recall["success"] = recalled, False
    return Memory(flow=flow, recall=recall, units=2, updates=5, data="windows of 3 steps")


def test_memories_appear_as_they_are_measured(displayed):
    with LiveProgress() as progress:
        progress.on_work(WorkPlan("measuring", 4))
        assert displayed[0].bundles[-1]["text/plain"] == "measuring 0/4"
        progress.on_partial(memory([]), "")
        view = displayed[0].bundles[-1]
        assert view.text() == "Measuring memories"
        assert (view.wire.get("live"), view.wire.get("recall")) == (True, {})
        progress.pause = 0.0
        progress.on_progress(Progress("recall over 1 steps: rnn", 1, 4, 0.3))
        assert (view.wire.get("share"), view.wire.get("progress")) == (0.3, "recall over 1 steps: rnn 1/4")
        progress.on_partial(memory([0.5]), "rnn: 50% recalled over 1 steps")
        assert view.wire.get("recall")["explained"] == [[0.5]]
        view._receive(view, {"kind": "stop"}, [])
        assert progress.stop.is_set()
        whole = memory([0.5, 0.25])
        progress.finish(whole)
    assert [view.wire.get(name) for name in ("live", "measuring", "progress")] == [False, False, ""]
    assert view.wire.get("recall")["explained"] == [[0.5, 0.25]]
    assert view.text() == repr(whole)
    assert displayed[0].bundles[-1] is view
    assert len(displayed) == 1
    view.close()


def test_an_interrupted_measuring_leaves_no_view_behind(displayed):
    with pytest.raises(KeyboardInterrupt), LiveProgress() as progress:  # noqa: PT012 - the work is the block
        progress.on_partial(memory([]), "")
        view = displayed[-1].bundles[-1]
        raise KeyboardInterrupt
    assert view.comm is None
    assert displayed[-1].bundles[-1]["text/plain"] == ""
