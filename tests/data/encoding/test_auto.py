"""What ``auto`` settles on, and that it looks at nothing but the training rows it is given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.data.encoding import auto
from lstm_lab.data.encoding.auto import choose_inputs
from lstm_lab.data.encoding.transforms import choose_transform


def training(name: str, column: str) -> pd.Series:
    series = lab.example(name)[column]
    return series.iloc[: int(0.8 * len(series))]


@pytest.mark.parametrize(
    ("name", "column", "transform", "features"),
    [
        ("temperature", "temperature", "diff", ("momentum(23)", "seasonal(24, 7)", "hour")),
        ("co2", "co2", "log_return", ("momentum(51)", "seasonal(52, 3)", "dayofyear")),
        ("oil", "price", "log_return", ()),
    ],
)
def test_auto_on_the_examples(name, column, transform, features):
    choice = choose_inputs("auto", ("auto",), training(name, column))
    assert (choice.transform, choice.features) == (transform, features)
    assert choice.reason.startswith(transform)
    assert "\n" not in choice.reason


def test_own_features_leave_the_season_to_the_transform():
    choice = choose_inputs("auto", ("hour",), training("temperature", "temperature"))
    assert (choice.transform, choice.features) == ("seasonal_diff(24)", ("hour",))
    both = choose_inputs("auto", ("humidity", "hour", "auto"), training("temperature", "temperature"))
    assert (both.transform, both.features) == ("diff", ("humidity", "hour", "momentum(23)", "seasonal(24, 7)"))


def test_a_named_transform_is_taken_as_it_is():
    choice = choose_inputs("seasonal_diff(24)", ("auto",), training("temperature", "temperature"))
    assert (choice.transform, choice.features, choice.reason) == (
        "seasonal_diff(24)",
        (),
        "seasonal_diff(24): as asked",
    )


def wave(season: int, rows: int = 600) -> np.ndarray:
    rng = np.random.default_rng(0)
    return 50 + 10 * np.sin(2 * np.pi * np.arange(rows) / season) + rng.normal(0, 0.5, rows)


@pytest.mark.parametrize(
    ("season", "frequency", "average", "calendar"),
    [
        (7, "D", "seasonal(7, 7)", "dayofweek"),
        (12, "MS", "seasonal(12, 5)", "month"),
        (24, "h", "seasonal(24, 2)", "hour"),
        (96, "15min", None, "hour"),
    ],
)
def test_the_companions_of_a_clear_season(season, frequency, average, calendar):
    """A season's noise is small beside the step from row to row, so the season is what the network starts from."""
    index = pd.date_range("2000-01-01", periods=600, freq=frequency)
    choice = choose_inputs("auto", ("auto",), pd.Series(wave(season), index))
    assert choice.transform == f"seasonal_diff({season})"
    assert choice.features == ("momentum(1)", *[average] * (average is not None), calendar)
    assert choice.reason.startswith(f"{choice.transform} with momentum(1), ")


def test_where_a_row_changes_little_the_season_stands_beside():
    rng = np.random.default_rng(0)
    drift = rng.normal(0, 0.5, 4000)
    for row in range(1, 4000):
        drift[row] += 0.98 * drift[row - 1]
    y = 15 + 4 * np.sin(2 * np.pi * np.arange(4000) / 24) + drift
    choice = choose_inputs("auto", ("auto",), pd.Series(y, pd.date_range("2020", periods=4000, freq="h")))
    assert choice.transform == "diff"
    assert choice.features == ("momentum(23)", "seasonal(24, 7)", "hour")


def test_a_week_is_used_where_it_recurs_and_not_where_it_is_weather():
    rng = np.random.default_rng(1)
    index = pd.date_range("2024-01-01", periods=4000, freq="h")
    day = 20 + 10 * np.sin(2 * np.pi * np.arange(4000) / 24) + rng.normal(0, 1, 4000)
    working = np.where(index.day_of_week < 5, 1.0, 0.6)
    plain, weekly = (choose_inputs("auto", ("auto",), pd.Series(y, index)) for y in (day, day * working))
    assert plain.features == ("momentum(1)", "seasonal(24, 7)", "hour")
    assert plain.reason.partition(":")[0].endswith("for seasons of 24 rows")
    assert weekly.transform == "seasonal_diff(168)"
    assert weekly.features == (
        "momentum(1)",
        "momentum(23)",
        "seasonal(24, 7)",
        "seasonal(168, 2)",
        "hour",
        "dayofweek",
    )
    assert "for seasons of 24 and 168 rows" in weekly.reason


@pytest.mark.parametrize(("rows", "joins"), [(1600, False), (1700, True)])
def test_a_longer_season_joins_where_its_warmup_costs_a_tenth_at_most(rows, joins):
    rng = np.random.default_rng(2)
    index = pd.date_range("2024-01-01", periods=rows, freq="h")
    cycle = 20 + 10 * np.sin(2 * np.pi * np.arange(rows) / 24)
    y = cycle * np.where(index.day_of_week < 5, 1.0, 0.8) + rng.normal(0, 1, rows) + rng.normal(0, 0.3, rows).cumsum()
    choice = choose_inputs("auto", ("auto",), pd.Series(y, index))
    assert "hour" in choice.features
    assert ("momentum(167)" in choice.features) is joins


def test_averages_shrink_where_gaps_would_cost_many_rows():
    """Every stretch between gaps loses its first rows to an average over seasons."""
    index = pd.date_range("2024-01-01", periods=2400, freq="h")
    whole = choose_inputs("auto", ("auto",), pd.Series(wave(24, 2400), index))
    late = index + pd.to_timedelta(np.arange(2400) // 480 * 2, unit="D")
    broken = choose_inputs("auto", ("auto",), pd.Series(wave(24, 2400), late))
    assert "seasonal(24, 7)" in whole.features
    assert "seasonal(24, 2)" in broken.features


def test_a_season_without_times_has_no_calendar():
    series = pd.Series(wave(20))
    assert choose_transform(series.to_numpy(), series.index).season == 20
    assert choose_inputs("auto", ("auto",), series).features == ("momentum(1)", "seasonal(20, 3)")


def test_the_companions_make_the_seasonal_naive_forecast_a_line():
    """What momentum(s - 1) says of the next change is the seasonal naive forecast, with the sign turned."""
    y = wave(24)
    now = np.arange(100, 500)
    seasonal_naive_change = y[now + 1 - 24] - y[now]
    momentum = y[now] - y[now - 23]
    np.testing.assert_allclose(-momentum, seasonal_naive_change)


def test_of_a_long_series_the_newest_training_rows_decide(monkeypatch):
    monkeypatch.setattr(auto, "NEWEST", 400)
    index = pd.date_range("2024-01-01", periods=1_200, freq="h")
    rng = np.random.default_rng(0)
    daily = 50 + 9 * np.sin(np.arange(1_200) * 2 * np.pi / 24) + rng.normal(size=1_200)
    older_walk = np.where(np.arange(1_200) < 700, 50 + rng.normal(size=1_200).cumsum() / 9, daily)
    whole, newest = pd.Series(older_walk, index=index), pd.Series(older_walk[-400:], index=index[-400:])
    assert auto.choose_inputs("auto", ["auto"], whole) == auto.choose_inputs("auto", ["auto"], newest)
    assert auto.season_of(whole) == auto.season_of(newest) > 1
    older_walk[3] = -1.0  # no logarithm: all rows are looked at, and none that needs one is chosen
    assert "log" not in auto.choose_inputs("auto", ["auto"], pd.Series(older_walk, index=index)).transform
