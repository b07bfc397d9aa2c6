"""The view of a lesson: each of its views is what a saved output keeps of one, and all of them fit into one output."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.widgets import lesson as module
from lstm_lab.widgets.base import MIME
from lstm_lab.widgets.lesson import LessonView
from lstm_lab.widgets.saved import ROOM
from tests.widgets.test_panel_fan import kept


@pytest.fixture(scope="module")
def lesson():
    days = pd.date_range("2021-01-01", periods=120, freq="D", name="date")
    frame = pd.DataFrame({"level": np.sin(np.arange(120) / 3)}, index=days)
    run = lab.train(frame, transform="none", lookback=8, units=[3], dense=[], epochs=1, seed=0)
    return run.lesson("# A\n{cell unit=2}\n{gates}\n{reveal horizon=3 paths=50}\n? Why?\n! So.")


def test_an_output_keeps_every_view_within_its_room(lesson):
    view = LessonView(lesson, theme="dark")
    data, metadata = view._repr_mimebundle_()
    assert len(json.dumps([data, metadata])) <= ROOM
    values, _ = kept(data[MIME])
    cell, gates, fan = values["views"]
    assert [cell["view"], gates["view"], cell["theme"]] == ["cell", "gates", "dark"]
    inner, arrays = kept(cell)
    assert inner["unit"] == 2
    assert "0:unit:2" in arrays
    np.testing.assert_allclose(fan["actual"], lesson.results[2].actual, rtol=1e-6)
    assert len(fan["times"]) == len(fan["history"]) + 3
    assert values["slides"][0]["blocks"][-1]["answer"] == [{"kind": "text", "runs": [["So.", ""]]}]
    view.close()


def test_a_view_without_room_is_left_out(lesson, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 3_000)
    view = LessonView(lesson)
    assert view.wire.get("views")[:2] == [None, None]
    assert view.wire.get("views")[2]["view"] == "fan"
    view.close()
