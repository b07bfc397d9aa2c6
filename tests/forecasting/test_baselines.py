"""Baselines against their definitions, simulated truth and statsmodels' own forecasts."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from lstm_lab.errors import ForecastError, MissingExtraError
from lstm_lab.forecasting import baselines
from lstm_lab.forecasting.baselines import BASELINES, baseline

RNG = np.random.default_rng(0)
WALK = 100 + RNG.normal(size=400).cumsum()
# Six walks, one for each phase: a season that keeps changing.
DRIFTING = (RNG.normal(size=(60, 6)).cumsum(axis=0) + 0.2 * RNG.normal(size=(60, 6))).ravel()
DAILY = 20 + 5 * np.sin(np.arange(480) * 2 * np.pi / 24) + RNG.normal(size=480)
FREE = [name for name, one in BASELINES.items() if one.extra is None]
STATS = [name for name in BASELINES if name not in FREE]


def test_the_cheap_ones_are_always_there():
    assert FREE == ["naive", "seasonal_naive", "drift"]
    assert STATS == ["ets", "arima"]
    with pytest.raises(ForecastError, match="did you mean 'naive'"):
        baseline("naiv")


@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_draws_alike(name):
    one = baseline(name)
    if one.extra is not None:
        pytest.importorskip("statsmodels")
    drawn = one(DAILY, 30, paths=7, season=24, seed=3)
    assert drawn.shape == (7, 30)
    assert np.isfinite(drawn).all()
    np.testing.assert_array_equal(drawn, one(DAILY, 30, paths=7, season=24, seed=3))
    assert not np.array_equal(drawn, one(DAILY, 30, paths=7, season=24, seed=4))
    assert one(DAILY, 1, paths=1, season=24).shape == (1, 1)


@pytest.mark.parametrize("name", BASELINES)
def test_no_baseline_touches_the_global_generator(name):
    if name in STATS:
        pytest.importorskip("statsmodels")
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the global generator is what must stay untouched
    baseline(name)(DAILY, 3, paths=5, season=24)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002 - likewise


@pytest.mark.parametrize("paths", [5, 200])
def test_medians_are_the_point_forecasts(paths):
    median = {name: np.median(baseline(name)(DAILY, 30, paths=paths, season=24), axis=0) for name in FREE}
    np.testing.assert_allclose(median["naive"], DAILY[-1])
    np.testing.assert_allclose(median["seasonal_naive"], np.concatenate([DAILY[-24:], DAILY[-24:-18]]))
    slope = (DAILY[-1] - DAILY[0]) / 479
    np.testing.assert_allclose(median["drift"], DAILY[-1] + slope * np.arange(1, 31))


def test_the_naive_spread_grows_as_a_random_walks_does():
    drawn = baseline("naive")(WALK, 30, paths=20_000)
    np.testing.assert_allclose(drawn.std(axis=0), np.diff(WALK).std() * np.sqrt(np.arange(1, 31)), rtol=0.03)


def test_the_seasonal_spread_grows_once_a_season():
    drawn = baseline("seasonal_naive")(DAILY, 72, paths=20_000, season=24)
    sigma = (DAILY[24:] - DAILY[:-24]).std()
    np.testing.assert_allclose(drawn.std(axis=0), sigma * np.sqrt(np.repeat([1, 2, 3], 24)), rtol=0.03)


def test_drift_adds_the_error_of_its_slope():
    drawn = baseline("drift")(WALK, 100, paths=20_000)
    ahead, sigma = np.arange(1, 101), np.diff(WALK).std(ddof=1)
    expected = sigma * np.sqrt(ahead * (1 + ahead / 399))  # Hyndman & Athanasopoulos (2021), table 5.2, with T - 1
    np.testing.assert_allclose(drawn.std(axis=0), expected, rtol=0.03)


def test_a_naive_band_covers_random_walks():
    rng, inside = np.random.default_rng(1), []
    for k in range(200):
        walk = rng.normal(size=220).cumsum()
        low, high = np.quantile(baseline("naive")(walk[:200], 20, seed=k), [0.05, 0.95], axis=0)
        inside.append(np.mean((low <= walk[200:]) & (walk[200:] <= high)))
    assert np.mean(inside) == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize(("series", "season"), [(DAILY, 1), (DRIFTING, 6)])
def test_ets_is_statsmodels_own(series, season):
    ets = pytest.importorskip("statsmodels.tsa.exponential_smoothing.ets")
    parts = {"seasonal": "add", "seasonal_periods": season} if season > 1 else {}
    model = ets.ETSModel(pd.Series(series), trend="add", damped_trend=True, initialization_method="heuristic", **parts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = model.fit(disp=False)
    drawn = baseline("ets")(series, 30, paths=20_000, season=season)
    np.testing.assert_allclose(np.median(drawn, axis=0), fitted.forecast(30), rtol=1e-6)
    exact = fitted.get_prediction(len(series), len(series) + 29).summary_frame(alpha=0.1)
    spread = (exact["pi_upper"] - exact["pi_lower"]).to_numpy() / (2 * 1.6449)
    np.testing.assert_allclose(drawn.std(axis=0), spread, rtol=0.06)
    assert season == 1 or fitted.smoothing_seasonal > 0.3  # else the season's own shocks would not be tested


def test_arima_is_statsmodels_own():
    arima = pytest.importorskip("statsmodels.tsa.arima.model")
    rng = np.random.default_rng(2)
    series = np.zeros(400)
    for t in range(1, 400):
        series[t] = 2 + 0.8 * (series[t - 1] - 2) + rng.normal()
    drawn = baseline("arima")(series, 20, paths=20_000)
    reference = arima.ARIMA(series, order=(1, 0, 0)).fit().get_forecast(20)
    np.testing.assert_allclose(np.median(drawn, axis=0), reference.predicted_mean, atol=0.15)
    np.testing.assert_allclose(drawn.std(axis=0), reference.se_mean, rtol=0.06)


def test_arima_differences_what_wanders_and_what_has_a_season():
    pytest.importorskip("statsmodels")
    walk = baseline("arima")(WALK, 30, paths=2000)
    np.testing.assert_allclose(np.median(walk, axis=0), WALK[-1], atol=1)
    assert walk[:, -1].std() > 3 * walk[:, 0].std()
    daily = np.median(baseline("arima")(DAILY, 48, season=24), axis=0)
    truth = 20 + 5 * np.sin(np.arange(480, 528) * 2 * np.pi / 24)
    assert np.abs(daily - truth).mean() < 1.5
    assert np.abs(DAILY[-1] - truth).mean() > 2.5


@pytest.mark.parametrize("name", BASELINES)
def test_a_flat_history_is_carried_on(name):
    if name in STATS:
        pytest.importorskip("statsmodels")
    np.testing.assert_allclose(baseline(name)(np.full(100, 7.0), 5, paths=3, season=7), 7)


@pytest.mark.parametrize("name", BASELINES)
def test_a_bad_history_is_refused(name):
    if name in STATS:
        pytest.importorskip("statsmodels")
    with pytest.raises(ForecastError, match="at least"):
        baseline(name)([1.0], 5, season=7)
    holed = DAILY.copy()
    holed[17] = np.nan
    with pytest.raises(ForecastError, match="row 17 is not"):
        baseline(name)(holed, 5, season=24)


def test_seasons_longer_than_the_history_are_left_out():
    pytest.importorskip("statsmodels")
    for name in STATS:
        assert np.isfinite(baseline(name)(WALK[:30], 5, season=24)).all()
    with pytest.raises(ForecastError, match="at least 25 rows"):
        baseline("seasonal_naive")(WALK[:24], 5, season=24)


def test_a_missing_library_names_its_extra(monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(baselines, "import_module", absent)
    with pytest.raises(MissingExtraError, match=r"pip install 'lstm-lab\[stats\]'"):
        baseline("arima")(WALK, 5)
    assert baseline("naive")(WALK, 5).shape == (200, 5)


def test_the_forecasting_floor_imports_no_heavy_library():
    code = (
        "import sys, lstm_lab.forecasting.baselines, lstm_lab.forecasting.forecast, lstm_lab.forecasting.calibration\n"
        "print([m for m in ('statsmodels', 'scipy', 'matplotlib', 'tensorflow', 'IPython') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
