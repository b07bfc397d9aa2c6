"""What stands below a live view once its work is done."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lstm_lab.events import Chunk, SamplingEnd, SamplingPlan
from lstm_lab.forecasting.forecast import Forecast
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
    view._hear(view, {"kind": "more", "count": 200}, [])
    assert len(table.bundles) == 2
    assert table.bundles[-1]["text/plain"] == replace(FORECAST, paths=PATHS).summary_table().text()
    view.close()
