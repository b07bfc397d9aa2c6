"""The view of a spread: what is sent, and what an output keeps of it within its room."""

import json

import numpy as np
import pytest

from lstm_lab.widgets.base import MIME
from lstm_lab.widgets.saved import ROOM
from tests.forecasting.drawn_spread import drawn_spread
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


def test_each_combination_has_its_paths_and_quantiles(opened):
    result = drawn_spread()
    arrays = opened(result).wire.arrays()
    for number, forecast in enumerate(result.forecasts.values()):
        assert np.array_equal(arrays["each_paths"][:, number], forecast.paths.astype(np.float32))
        assert arrays["each_quantiles"][number, 2] == pytest.approx(forecast.quantile(0.5), abs=1e-6)


def test_an_output_keeps_every_combination_and_gives_up_paths(opened):
    result = drawn_spread(paths=200, horizon=60)
    data, metadata = opened(result)._repr_mimebundle_()
    assert len(json.dumps([data, metadata])) <= ROOM
    values, arrays = kept(data[MIME])
    assert len(values["sources"]) == 8
    assert arrays["each_quantiles"].shape == (8, 5, 60)
    assert 5 <= len(arrays["each_paths"]) < 200
