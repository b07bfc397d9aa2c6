"""The view of an activation found again, and the gate explorer that a page asks for one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lstm_lab.interpret.trace import trace
from lstm_lab.models.backend import keras
from lstm_lab.widgets import recurrences
from lstm_lab.widgets.base import MIME
from lstm_lab.widgets.gates import GateExplorer
from lstm_lab.widgets.recurrences import RecurrencesView
from lstm_lab.widgets.saved import ROOM
from tests.widgets.test_panel_fan import kept

if TYPE_CHECKING:
    from lstm_lab.interpret.recurrences import Recurrences


@pytest.fixture(scope="module")
def traced():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((60, 1)), keras.layers.GRU(3), keras.layers.Dense(1)])
    return trace(model, np.sin(np.arange(60) * 2 * np.pi / 12)[:, None], feature_names=["wave"])


@pytest.fixture
def view(traced):
    made = RecurrencesView(traced.find(steps=range(30, 36), matches=3))
    yield made
    made.close()


def test_a_thumbnail_is_the_series_before_there_and_after(view):
    found, result = view.wire.get("found"), view.result
    rows = view.wire.array("found")
    assert rows.shape == (4, 18)
    np.testing.assert_allclose(rows[0], result.series.to_numpy()[24:42], rtol=1e-6)
    assert found["when"][0] == "30 to 35"
    assert found["distances"][1:] == pytest.approx(result.matches["distance"].tolist())
    assert found["at"] == [None] * 4
    assert found["words"] == result.sentence


def test_beyond_the_ends_of_the_series_there_is_nothing(traced):
    made = RecurrencesView(traced.find(steps=range(6), matches=1))
    first = made.wire.array("found")[0]
    assert np.isnan(first[:6]).all()
    assert np.isfinite(first[6:]).all()
    made.close()


def test_a_long_curve_keeps_its_nearest_places(traced, monkeypatch):
    monkeypatch.setattr(recurrences, "PLACES", 10)
    result = traced.find(steps=range(30, 36))
    made = RecurrencesView(result)
    assert len(made.wire.array("distances")) == 10
    assert 0.0 in made.wire.array("distances")
    made.close()


def test_an_output_keeps_all_of_it(view):
    data, metadata = view._repr_mimebundle_()
    assert len(json.dumps([data, metadata])) <= ROOM
    values, arrays = kept(data[MIME])
    assert values["found"] == view.wire.get("found")
    assert arrays["found"].shape == (4, 18)


def test_the_gate_explorer_finds_what_a_page_has_brushed(traced):
    explorer = GateExplorer(traced)
    asked = {"key": "k", "layer": 0, "signal": "update", "steps": [30, 35], "units": [0, 2]}
    explorer._receive(None, {"kind": "find", **asked}, None)
    expected = traced.find(steps=range(30, 36), units=[0, 2], signal="update")
    found = explorer.wire.get("found")
    assert (found["key"], found["distances"][1]) == ("k", expected.matches["distance"][0])
    assert explorer.error == ""
    explorer._receive(None, {"kind": "find", **asked, "steps": [30, 99]}, None)
    assert "steps must be whole numbers from 0 to 59" in explorer.error
    explorer.close()


def test_the_still_picture_has_a_thumbnail_for_each(view):
    result: Recurrences = view.result
    figure = result.plot()
    assert len(figure.axes) == 1 + 1 + len(result.rows)
    assert result.heading in figure.axes[0].get_title("left")
