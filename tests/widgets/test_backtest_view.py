"""The view of a backtest: what is sent, and what an output keeps of it within its room."""

import json

import numpy as np
import pytest

from lstm_lab.widgets import backtest as view_of_backtest
from lstm_lab.widgets.base import MIME
from lstm_lab.widgets.saved import ROOM
from tests.evaluation.drawn_backtest import drawn_backtest
from tests.widgets.test_panel_fan import kept


@pytest.fixture
def opened():
    views = []

    def open_it(result):
        views.append(result.widget())
        return views[-1]

    yield open_it
    for view in views:
        view.close()


def test_every_forecast_stands_on_the_rows_that_follow_its_origin(opened):
    result = drawn_backtest(8)
    view = opened(result)
    arrays = view.wire.arrays()
    quantiles = arrays["each_quantiles"]
    assert quantiles.shape == (2, 8, 5, 6)
    for number in range(8):
        forecast = result.forecasts["naive"][number]
        assert quantiles[1, number, 2] == pytest.approx(forecast.quantile(0.5), rel=1e-6)
        row = int(arrays["rows"][number])
        times = arrays["series_times"][row : row + 6].astype("datetime64[s]")
        assert list(times) == list(forecast.index.to_numpy().astype("datetime64[s]"))
        assert arrays["series"][row : row + 6] == pytest.approx(result.evaluated.actual[number], rel=1e-6)


def test_scores_by_step_and_level_are_those_of_the_tables(opened):
    result = drawn_backtest(8)
    view = opened(result)
    arrays = view.wire.arrays()
    assert view.wire.get("models") == ["network", "naive"]
    assert arrays["step_coverage"][1] == pytest.approx(result.by_step().loc["naive", "coverage"].to_numpy())
    assert arrays["level_coverage"][0] == pytest.approx(result.reliability().loc["network", "coverage"].to_numpy())
    assert view.wire.get("verdict") == result.verdict
    assert "predictive band held" in view.wire.get("bands")[0]


def test_an_output_keeps_the_newest_origins_where_there_is_no_room_for_all(opened):
    result = drawn_backtest(400, horizon=48, paths=50, stride=48)
    view = opened(result)
    data, metadata = view._repr_mimebundle_()
    assert len(json.dumps([data, metadata])) <= ROOM
    values, arrays = kept(data[MIME])
    held = len(arrays["rows"])
    assert 20 < held < values["origins"] == 400
    assert np.array_equal(arrays["each_quantiles"], view.wire.arrays()["each_quantiles"][:, -held:])
    last = int(arrays["rows"][-1])
    assert arrays["series"][last:] == pytest.approx(result.evaluated.actual[-1], rel=1e-6)


def test_of_very_many_forecasts_the_newest_are_sent(opened, monkeypatch):
    monkeypatch.setattr(view_of_backtest, "SENT_BYTES", 4 * 5 * 6 * 2 * 3)
    assert len(opened(drawn_backtest(8)).wire.arrays()["rows"]) == 3
