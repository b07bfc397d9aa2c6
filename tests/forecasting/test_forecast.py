"""A forecast is judged against plain NumPy, against what happened, and by what it dares to call itself."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pandas as pd
import pytest

import lstm_lab
from lstm_lab.errors import ForecastError
from lstm_lab.forecasting.coverage import Coverage
from lstm_lab.forecasting.forecast import Forecast

TIMES = pd.date_range("2020-01-06", periods=5, freq="D", name="day")


def make(paths=None, index=TIMES, **options):
    if paths is None:
        paths = 100 + np.random.default_rng(0).normal(size=(200, len(index))).cumsum(axis=1)
    before = pd.date_range(end="2020-01-05", periods=40, freq="D")
    history = pd.Series(100 + np.random.default_rng(1).normal(size=40).cumsum(), before, name="price")
    settings = {"target": "price", "kind": "predictive", **options}
    return Forecast(paths, index, history, **settings)


def test_it_is_public_and_lazy():
    assert lstm_lab.Forecast is Forecast


def test_quantiles_are_those_of_the_paths():
    fc = make()
    np.testing.assert_array_equal(fc.quantile(0.05), np.quantile(fc.paths, 0.05, axis=0))
    assert fc.quantile(0.5).shape == (5,)
    assert fc.quantile([0.1, 0.5, 0.9]).shape == (3, 5)
    frame = fc.frame
    assert frame.index.equals(TIMES)
    np.testing.assert_array_equal(frame["lower"], frame["q05"])
    np.testing.assert_allclose(frame["std"], fc.paths.std(axis=0, ddof=1))
    narrow = make(interval=50).frame
    np.testing.assert_array_equal(narrow["lower"], narrow["q25"])
    np.testing.assert_array_equal(narrow["upper"], narrow["q75"])


@pytest.mark.parametrize("q", [-0.1, 1.1, float("nan"), [0.5, 2]])
def test_a_level_outside_0_to_1_is_refused(q):
    with pytest.raises(ForecastError, match="between 0 and 1"):
        make().quantile(q)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"paths": np.zeros((0, 5))}, "at least one of each"),
        ({"paths": np.zeros(5)}, "at least one of each"),
        ({"paths": np.zeros((3, 4))}, "4 values for 5 times"),
        ({"paths": np.array([[0, 0, np.nan, 0, 0]])}, "nan in path 0 at step 3"),
        ({"paths": np.array([[0, 0, 0, 0, np.inf]])}, "inf in path 0 at step 5"),
        ({"kind": "predictiv"}, "did you mean 'predictive'"),
        ({"interval": 150}, "below 100, got 150"),
        ({"interval": 0}, "below 100, got 0"),
    ],
)
def test_a_bad_forecast_is_refused_in_one_line(change, message):
    with pytest.raises(ForecastError, match=message) as refused:
        make(**change)
    assert "\n" not in str(refused.value)


def test_nothing_can_be_changed_afterwards():
    mine = np.zeros((3, 5))
    fc = make(mine)
    with pytest.raises(FrozenInstanceError):
        fc.kind = "calibrated"
    with pytest.raises(ValueError, match="read-only"):
        fc.paths[0, 0] = 1
    mine[0, 0] = 1
    assert fc.paths[0, 0] == 0


def test_probability_above():
    fc = make(np.arange(20.0).reshape(4, 5))
    np.testing.assert_array_equal(fc.probability_above(9), [0.5, 0.5, 0.5, 0.5, 0.5])
    np.testing.assert_array_equal(fc.probability_above([100, -1, 2, 3, 4]), [0, 1, 0.75, 0.75, 0.75])
    for bad in (float("nan"), [1, 2]):
        with pytest.raises(ForecastError, match="one for each of the 5 steps"):
            fc.probability_above(bad)


@pytest.mark.parametrize("q", [0.05, 0.5, 0.95])
def test_the_monte_carlo_error_is_the_spread_of_repeated_draws(q):
    rng = np.random.default_rng(2)
    edges, errors = [], []
    for _ in range(400):
        fc = make(rng.normal(size=(400, 5)))
        edges.append(fc.quantile(q))
        errors.append(fc.standard_error(q))
    true, stated = np.std(edges, axis=0), np.mean(errors, axis=0)
    np.testing.assert_allclose(stated, true, rtol=0.15)  # a spread from 400 draws is itself known to 3.5 %
    assert np.isnan(make(np.zeros((1, 5))).standard_error(q)).all()


def test_the_monte_carlo_error_is_finite_at_the_rim():
    assert (make(np.random.default_rng(0).normal(size=(5, 5))).standard_error(0.01) > 0).all()
    with pytest.raises(ForecastError, match="strictly between"):
        make().standard_error(0)


def test_score_by_hand():
    paths = np.array([[0.0, 0], [1, 2], [2, 4]])
    fc = Forecast(paths, pd.RangeIndex(2), pd.Series([0.0, 2.0, 0.0]), "y", "predictive", interval=50)
    got = fc.score([1.0, 3.5])
    assert got["mae"] == 0.75
    assert got["rmse"] == pytest.approx(np.sqrt(1.5**2 / 2))
    assert got["mase"] == 0.75 / 2
    assert (got["coverage"], got["inside"], got["steps"]) == (0.5, 1, 2)
    assert got["width"] == 1.5
    assert got["crps"] == pytest.approx((2 / 9 + (3.5 + 1.5 + 0.5) / 3 - 8 / 9) / 2)


def test_score_aligns_by_time():
    fc = make()
    actual = pd.Series(np.arange(10.0), pd.date_range("2020-01-03", periods=10, freq="D"))
    whole = fc.score(actual)
    pd.testing.assert_series_equal(whole, fc.score(np.arange(3.0, 8.0)))
    pd.testing.assert_series_equal(whole, fc.score(actual.to_frame("price")))
    part = fc.score(actual.iloc[5:])
    assert part["steps"] == 3
    pd.testing.assert_series_equal(fc.score(actual.iloc[:5]), fc.score([3.0, 4.0]))


@pytest.mark.parametrize(
    ("actual", "message"),
    [
        (pd.Series([1.0], pd.to_datetime(["2021-01-01"])), "2020-01-06 to 2020-01-10, got 2021-01-01"),
        (pd.Series([1.0, 2.0]), "to_numpy"),
        (pd.Series([], dtype=float), "empty series"),
        (pd.Series([1.0, 2.0], TIMES[[0, 0]]), "2020-01-06 twice"),
        (pd.DataFrame({"prise": [1.0]}), "did you mean 'prise'"),
        (np.zeros(6), "1 to 5 values"),
        (np.zeros(0), "1 to 5 values"),
        (np.zeros((5, 1)), "1 to 5 values"),
        ([np.nan], r"^actual holds finite values, .*, got nan at 2020-01-06; pass what was measured$"),
        ([1.0, np.inf], r"got inf at 2020-01-07; correct that value, or make it NaN$"),
        ("later.csv", r"^actual holds numbers, got a str; pass a Series, a DataFrame or a list of what happened$"),
        (pd.Series(["high"], TIMES[:1]), "^actual holds numbers, got 'high'; "),
        ([1, 10**400], "^actual holds numbers, got a whole number of 401 digits; "),
        (
            pd.Series([1.0], TIMES[:1].tz_localize("UTC")),
            r"without a zone, got actual in UTC; use actual\.tz_localize\(",
        ),
    ],
)
def test_a_score_without_common_ground_is_refused(actual, message):
    with pytest.raises(ForecastError, match=message):
        make().score(actual)


def test_mase_is_nan_without_history_to_scale_with():
    fc = Forecast(np.zeros((2, 1)), pd.RangeIndex(1), pd.Series([1.0]), "y", "predictive")
    assert np.isnan(fc.score([1.0])["mase"])


def test_more_paths_make_another_forecast():
    fc = make()
    more = fc.extend(np.zeros((50, 5)))
    assert (len(fc.paths), len(more.paths)) == (200, 250)
    assert more.band_name() == fc.band_name()
    with pytest.raises(ForecastError, match="5 steps each, got 4"):
        fc.extend(np.zeros((50, 4)))


MEASURED = Coverage.measure(np.repeat([1.0, 1, 1, 1, 0], 12)[:, None], 90.0)


@pytest.mark.parametrize("kind", ["dropout spread", "predictive", "calibrated"])
def test_a_percentage_appears_only_with_the_coverage_measured_for_it(kind):
    bare = make(kind=kind)
    assert bare.band_name().startswith(kind)
    assert "%" not in repr(bare)
    assert "%" not in bare._repr_html_()
    name = make(kind=kind, coverage=MEASURED).band_name()
    assert f"measured coverage {MEASURED}" in name
    assert "over 60 origins" in name
    assert ("90 %" in name) == (kind != "dropout spread")  # a spread was never built to hold 90 %


def test_band_names_in_full():
    assert make(kind="dropout spread").band_name() == "dropout spread, 5th–95th percentile; coverage not measured"
    assert make(interval=95).band_name() == "predictive, 2.5th–97.5th percentile; coverage not measured"
    measured = Coverage(90.0, 0.912, 0.86, 0.953, 1642, 1800, 60, 140.0, 0.55)
    name = make(kind="calibrated", coverage=measured).band_name()
    assert name == "calibrated 90 % band; measured coverage 91 % (86–95 %) over 60 origins"


def test_the_summary_says_what_matters_and_escapes_names():
    fc = make(target="<b>price</b>", coverage=MEASURED, details={"masks": "path"})
    text = repr(fc)
    for part in ("2020-01-06 to 2020-01-10, 5 steps", "2020-01-05", "200", "Monte Carlo", "whole path", "masks"):
        assert part in text
    assert "<b>" not in fc._repr_html_()


def test_few_paths_show_no_band_in_text_or_html():
    few, enough = make(np.full((1, 5), 100.0)), make()
    assert not few.has_band
    assert enough.has_band
    for text in (repr(few), few.summary_table().html()):
        assert "edge" not in text
    assert "lower edge" in repr(enough)


def test_sums_over_periods_are_those_of_each_path():
    days = pd.date_range("2024-01-29", periods=10, name="day")
    fc = make(index=days, kind="calibrated")
    whole, months = fc.sum(), fc.sum("MS")
    np.testing.assert_allclose(whole.paths[:, 0], fc.paths.sum(axis=1))
    np.testing.assert_allclose(
        months.paths, np.stack([fc.paths[:, :3].sum(axis=1), fc.paths[:, 3:].sum(axis=1)], axis=1)
    )
    assert months.index.tolist() == [pd.Timestamp("2024-01-29"), pd.Timestamp("2024-02-01")]
    assert (months.kind, months.coverage) == ("predictive", None)
    assert months.details["sum"] == "over periods of MS; the first and the last may be parts"
    assert "coverage not measured" in repr(whole)
    whole.plot()
    with pytest.raises(ForecastError, match="freq is a length of time as pandas writes it, got 7; for example"):
        fc.sum(7)
    with pytest.raises(ForecastError, match="freq is a length of time"):
        fc.sum("fortnight")
    with pytest.raises(ForecastError, match="periods need times, got rows that are counted"):
        replace(fc, index=pd.RangeIndex(10)).sum("W")


def test_periods_are_taken_by_their_start():
    fc, values = make(), np.arange(5.0) + 100
    periods = pd.Series(values, TIMES.to_period("D"))
    np.testing.assert_array_equal(fc.align(periods), values)


def test_times_of_another_zone_are_the_same_times():
    fc = make(index=TIMES.tz_localize("UTC"))
    elsewhere = pd.Series(np.arange(5.0), TIMES.tz_localize("UTC").tz_convert("Asia/Tokyo"))
    np.testing.assert_array_equal(fc.align(elsewhere), np.arange(5.0))
    with pytest.raises(
        ForecastError, match=r"are in UTC, got actual without a zone; use actual\.tz_localize\('UTC'\)$"
    ):
        fc.align(elsewhere.tz_localize(None))


@pytest.mark.parametrize(
    ("level", "received"),
    [("x", "'x'"), (10**400, "a whole number of 401 digits"), (float("nan"), "nan"), (None, "None")],
)
def test_a_level_that_is_no_number_is_refused_with_an_example(level, received):
    with pytest.raises(ForecastError, match=rf"got {received}; for example fc\.probability_above\([-0-9.]+\)$"):
        make().probability_above(level)
    for method in (make().quantile, make().standard_error):
        with pytest.raises(ForecastError, match=r"for example 0\.05$"):
            method(level)
