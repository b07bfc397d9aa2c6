"""What happened after a forecast: hits, scores and the naive forecast's error, counted up step by step."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from lstm_lab.errors import ForecastError
from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.widgets import saved
from lstm_lab.widgets.fan import RevealChart

DAYS = pd.date_range("2024-01-01", periods=6, name="day")


@pytest.fixture(scope="module")
def forecast():
    paths = np.random.default_rng(0).normal(size=(200, 4)).cumsum(axis=1) + 10
    return Forecast(paths, DAYS[2:], pd.Series([9.0, 9.5], DAYS[:2], name="price"), "price", "predictive")


@pytest.fixture(scope="module")
def reveal(forecast):
    """One hit, one value far above, one that is not known, one hit."""
    return forecast.reveal(pd.Series([10.0, 99.0, np.nan, 10.5], DAYS[2:]))


def test_what_is_so_far_is_the_score_of_what_is_known_so_far(forecast, reveal):
    frame = reveal.frame
    np.testing.assert_array_equal(frame["inside"], [1.0, 0.0, np.nan, 1.0])
    np.testing.assert_allclose(frame["coverage so far"], [1.0, 0.5, 0.5, 2 / 3])
    np.testing.assert_allclose(frame["naive error"], [0.5, 89.5, np.nan, 1.0])
    for steps in (1, 2, 3, 4):
        score = forecast.score(reveal.actual[:steps])
        assert frame["crps so far"].iloc[steps - 1] == pytest.approx(score["crps"])
        assert frame["coverage so far"].iloc[steps - 1] == pytest.approx(score["coverage"])


def test_series_frames_and_arrays_are_taken(forecast, reveal):
    series = pd.Series(reveal.actual, DAYS[2:], name="price")
    for actual in (series, series.to_frame(), reveal.actual, list(reveal.actual)):
        np.testing.assert_array_equal(forecast.reveal(actual).actual, reveal.actual)
    short = forecast.reveal([10.0])
    assert short.frame["inside"].notna().sum() == 1
    with pytest.raises(ForecastError, match="shares no time"):
        forecast.reveal(pd.Series([1.0], pd.DatetimeIndex(["1999-01-01"])))


def test_the_summary_counts_and_warns(reveal):
    text = repr(reveal)
    assert "price: what happened" in text
    assert "3 of 4 steps known" in text
    assert "2 of 3: 67 %, by a 90 % band" in text
    assert f"the naive forecast's error {(0.5 + 89.5 + 1.0) / 3:.2f}" in text
    assert "one forecast says little about coverage" in text


def test_the_picture_is_the_fan_with_what_happened(forecast, reveal):
    lines = {line.get_label() for line in reveal.plot().axes[0].get_lines()}
    assert {"inside", "outside"} <= lines
    assert "inside" not in {line.get_label() for line in forecast.plot().axes[0].get_lines()}


def test_the_view_holds_what_happened_and_its_scores(reveal):
    view = RevealChart(reveal)
    frame = reveal.frame
    np.testing.assert_allclose(view.wire.array("actual"), reveal.actual, rtol=1e-6)
    np.testing.assert_allclose(view.wire.array("scores"), frame[["crps so far", "naive error so far"]].T, rtol=1e-6)
    assert view.wire.get("reveal") is True
    data, metadata = view._repr_mimebundle_()
    view.close()
    assert data["text/plain"].startswith("price: what happened")
    assert {"image/png", saved.MIME} <= set(data)
    assert len(json.dumps([data, metadata])) <= saved.ROOM


def test_a_result_finds_its_view_and_its_page(reveal, tmp_path):
    view = reveal.widget()
    assert isinstance(view, RevealChart)
    view.close()
    page = reveal.to_html(tmp_path / "reveal.html").read_text(encoding="utf-8")
    assert '"reveal":true' in page.replace(" ", "")


def shifted(forecast, by, days=DAYS[2:]):
    return Forecast(forecast.paths[:, : len(days)] + by, days, forecast.history, "price", "predictive")


def test_other_forecasts_are_laid_over_it_and_counted_at_the_steps_they_share(forecast, reveal):
    later = shifted(forecast, 50.0, DAYS[3:])
    both = forecast.reveal(reveal.actual, beside={"wide off": later})
    (other,) = both.others.values()
    np.testing.assert_array_equal(other.actual, [99.0, np.nan, 10.5])
    assert other.frame["crps"].mean() == pytest.approx(later.score(other.actual)["crps"])
    assert f"beside: wide off  {other.counted()}" in repr(both)
    assert other.counted().startswith("0 of 2 inside the band, CRPS ")
    labels = [text.get_text() for text in both.plot().legends[0].get_texts()]
    assert f"wide off: {other.counted()}" in labels


def test_the_view_holds_the_others_at_its_own_times(forecast, reveal):
    later = shifted(forecast, 1.0, DAYS[3:])
    view = RevealChart(forecast.reveal(reveal.actual, beside=[later], shown=True))
    rows = view.wire.array("beside")
    assert rows.shape == (1, 5, 4)
    assert np.isnan(rows[0, :3, 0]).all()
    np.testing.assert_allclose(rows[0, 1, 1:], later.quantile(0.5), rtol=1e-6)
    assert (view.wire.get("beside"), view.wire.get("shown")) == (["forecast 2"], True)
    view.close()


@pytest.mark.parametrize("beside", ["price", 3, [1], {"a": None}])
def test_what_is_no_forecast_is_refused(forecast, reveal, beside):
    with pytest.raises(ForecastError, match=r"beside takes one to 3 forecasts, got \w+; for example beside=\[other\]"):
        forecast.reveal(reveal.actual, beside=beside)


def test_a_forecast_of_other_times_is_refused(forecast, reveal):
    other = shifted(forecast, 0.0, pd.date_range("2030-01-01", periods=4))
    with pytest.raises(ForecastError, match="shares no time"):
        forecast.reveal(reveal.actual, beside=other)
    with pytest.raises(ForecastError, match="got 4 forecasts"):
        forecast.reveal(reveal.actual, beside=[forecast] * 4)
