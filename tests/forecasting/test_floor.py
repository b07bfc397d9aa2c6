"""A floor holds for every path, changes nothing without one, and is named where a band needs it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import ForecastError, OptionError
from lstm_lab.events import SamplingListener
from lstm_lab.forecasting.correction import Correction
from lstm_lab.forecasting.floor import at_least, floor_details
from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.forecasting.online_correction import OnlineCorrection
from lstm_lab.forecasting.past_forecasts import PastForecasts
from lstm_lab.simulation.simulator import CHUNK

HORIZON = 4


def rain(rows=400, shift=0.0):
    """Values near zero that never go below it."""
    rng = np.random.default_rng(3)
    index = pd.date_range("2022-01-01", periods=rows, freq="D")
    return pd.Series(np.maximum(rng.normal(1.0, 2.0, rows), 0.0) + shift, index=index, name="rain")


@pytest.fixture(scope="module")
def run():
    return lab.train(
        rain().iloc[:360], units=[4], dense=[], lookback=8, epochs=1, transform="diff", features=[], calibration=0.3
    )


@pytest.fixture(scope="module")
def free(run):
    return run.forecast(HORIZON, paths=2 * CHUNK)


def test_no_path_goes_below_the_floor_and_those_above_are_the_same(run, free):
    floored = run.forecast(HORIZON, paths=2 * CHUNK, floor=0)
    assert free.paths.min() < 0
    assert free.kind == floored.kind == "calibrated"
    np.testing.assert_array_equal(floored.paths, np.maximum(free.paths, 0))
    assert floored.quantile([0.0, 0.05, 0.5, 0.95]).min() >= 0
    assert floored.frame.drop(columns="std").to_numpy().min() >= 0
    assert floored.coverage == free.coverage
    assert floored.details["floor"].startswith("0: no path goes below it")
    assert "floor" in dict(floored.summary_table().rows)


def test_without_a_floor_that_matters_every_bit_is_the_same(run, free):
    lowest = float(free.paths.min())
    np.testing.assert_array_equal(run.forecast(HORIZON, paths=2 * CHUNK, floor=lowest - 1).paths, free.paths)
    values = np.array([-1.0, 2.0])
    assert at_least(values, None) is values


def test_the_paths_that_are_shown_while_they_are_drawn_keep_the_floor(run):
    class Heard(SamplingListener):
        lowest = ()

        def on_chunk(self, chunk):
            self.lowest = (*self.lowest, chunk.paths.min())

    heard = Heard()
    run.forecast(HORIZON, paths=2 * CHUNK, floor=0, listener=heard)
    assert heard.lowest == (0.0, 0.0)


def test_a_listener_makes_each_chunk_be_corrected_once_more_and_never_all_paths_so_far(run, monkeypatch):
    corrected = []
    adjust = Correction.adjust

    def counted(self, paths, *arguments, **options):
        corrected.append(len(paths))
        return adjust(self, paths, *arguments, **options)

    monkeypatch.setattr(Correction, "adjust", counted)
    run.forecast(HORIZON, paths=4 * CHUNK)
    assert corrected == [4 * CHUNK]
    corrected.clear()
    run.forecast(HORIZON, paths=4 * CHUNK, listener=SamplingListener())
    assert corrected == [CHUNK] * 4 + [4 * CHUNK]


def test_streams_and_backtests_keep_the_floor_too(run):
    stream = run.stream(HORIZON, paths=CHUNK, floor=0, adapt=False, renew=False)
    pushed = [stream.push(value, time) for time, value in rain().iloc[360:].items()]
    judged = lab.backtest(
        run, rain(), horizon=HORIZON, origins=1000, paths=CHUNK, renew=False, floor=0, baselines=["naive"]
    )
    assert all(forecasts.paths.min() >= 0 for forecasts in judged.forecasts.values())
    assert judged.forecasts["naive"].band.min() >= 0
    assert judged.details["floor"].startswith("0: no path")
    for number, forecast in enumerate(pushed[:-HORIZON]):
        expected = judged.forecasts["network"].at(rain().index[360 + number])
        assert "floor" in expected.details
        np.testing.assert_allclose(forecast.paths, expected.paths, rtol=1e-5, atol=1e-5)
    free = lab.backtest(run, rain(), horizon=HORIZON, origins=1000, paths=CHUNK, renew=False, baselines=["naive"])
    for name in ("network", "naive"):
        assert (judged.forecasts[name].covered >= free.forecasts[name].covered).all()
        assert (judged.forecasts[name].crps <= free.forecasts[name].crps + 1e-12).all()


def test_a_value_at_the_floor_lies_in_a_band_that_was_below_it():
    empty = PastForecasts.empty(2)
    inside = []
    for floor in (None, 0.0):
        following = OnlineCorrection(empty, 90, floor=floor)
        following.correct(0, np.full((50, 2), -1.0), np.empty((0, 2)))
        following.observe(0, 0.0)
        following.observe(1, 1.0)
        inside.append(following.inside_band.tolist())
    assert inside == [[[False, False]], [[True, False]]]


def test_a_floor_above_known_values_is_refused_in_one_line(run):
    with pytest.raises(
        ForecastError, match=r"no known value is below the floor, got floor=0\.5 and 0 in `rain`"
    ) as raised:
        run.forecast(HORIZON, floor=0.5)
    assert "\n" not in str(raised.value)
    assert str(raised.value).endswith("floor=0")
    with pytest.raises(ForecastError, match="no known value is below the floor"):
        lab.compare(rain(), kinds=["rnn"], floor=0.5, horizon=HORIZON)
    with pytest.raises(OptionError, match="floor should be a finite number"):
        run.forecast(HORIZON, floor=float("nan"))


def test_a_band_below_zero_says_so_and_its_remedy_ends_it(run, free):
    note = free.details["below zero"]
    assert float(note.split()[5]) == pytest.approx(free.frame["lower"].min(), rel=1e-3)
    assert note.endswith("though no known value is below 0; forecast with floor=0")
    assert "below zero" not in run.forecast(HORIZON, paths=CHUNK, floor=0).details
    assert "below zero" not in run.forecast(HORIZON, paths=20).details  # no band is shown
    judged = lab.backtest(run, rain(), horizon=HORIZON, origins=5, paths=CHUNK, baselines=())
    assert "below zero" in judged.forecasts["network"][0].details


@pytest.mark.parametrize(
    ("lowest", "transform", "end"),
    [
        (0.0, "diff", "; forecast with floor=0"),
        (0.1, "diff", "or train with transform='log_return'"),
        (0.1, "none", "or train with transform='log'"),
        (0.1, "seasonal_diff(7)", "or train with transform='seasonal_log_return(7)'"),
        (0.1, "seasonal_log_return(7)", "; forecast with floor=0"),
        (-0.1, "diff", None),
    ],
)
def test_the_remedy_fits_the_values_and_the_transform(lowest, transform, end):
    paths = np.linspace(-1, 1, 100)[:, None]
    forecast = Forecast(paths, pd.RangeIndex(2, 3), pd.Series([1.0, 2.0]), "y", "predictive")
    note = floor_details(forecast, None, lowest, transform).get("below zero")
    assert note is None if end is None else note.endswith(end)
