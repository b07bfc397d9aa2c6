"""The view of what happened to many series: each as it is picked, and the counts over all."""

import numpy as np
import pytest

from lstm_lab.widgets import panel_fan
from lstm_lab.widgets.panel_reveal import PanelRevealChart
from lstm_lab.widgets.saved import MIME
from tests.forecasting.panel_forecasts import drawn_panel
from tests.forecasting.test_panel_reveal import outcomes
from tests.widgets.test_panel_fan import kept, names


@pytest.fixture
def view():
    fcs = drawn_panel(4, horizon=5)
    chart = fcs.reveal(outcomes(fcs), shown=True).widget()
    yield chart
    chart.close()


def test_it_opens_with_what_is_known_and_a_pick_sends_what_happened_to_it(view):
    assert isinstance(view, PanelRevealChart)
    assert (view.wire.get("reveal"), view.wire.get("shown")) == (True, True)
    seen = view.result
    assert view.wire.get("chosen") == "s00", "of one series nothing is known, and so of the sum"
    np.testing.assert_array_equal(view.wire.array("counts"), seen.by_step.to_numpy().T)
    view.on_message("choose", {"name": "total of 4 series"})
    assert np.isnan(view.wire.array("actual")).all()
    view.on_message("choose", {"name": "s01"})
    np.testing.assert_allclose(view.wire.array("actual"), seen.actual[1], rtol=1e-6)
    frame = seen["s01"].frame[["crps so far", "naive error so far"]]
    np.testing.assert_allclose(view.wire.array("scores"), frame.T, rtol=1e-6)
    assert view.result is seen


def test_each_series_that_is_sent_has_what_happened_to_it(view, monkeypatch):
    sent = names(view.wire.array("each_names"))
    assert sent == ["total of 4 series", "s00", "s01", "s02", "s03"]
    np.testing.assert_allclose(view.wire.array("each_actual")[1:], view.result.actual, rtol=1e-6)
    np.testing.assert_allclose(view.wire.array("each_scores")[1:, 0], view.result.so_far("crps"), rtol=1e-6)
    monkeypatch.setattr(panel_fan, "SENT_BYTES", 3_000)
    few = drawn_panel(30, horizon=5)
    chart = few.reveal(outcomes(few)).widget()
    assert len(chart.wire.array("each_actual")) == len(names(chart.wire.array("each_names"))) < 30
    chart.close()


def test_an_output_keeps_it_with_its_picture(view):
    data, _ = view._repr_mimebundle_()
    assert data["text/plain"].startswith("units: what happened to 4 series")
    assert data["image/png"]
    values, arrays = kept(data[MIME])
    assert values["reveal"] is True
    assert len(arrays["each_actual"]) == len(arrays["each_scores"]) == 5
