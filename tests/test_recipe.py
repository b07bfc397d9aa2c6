"""What ``auto`` settles on, and that it looks at nothing but the training rows it is given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.data.recipe import settle
from lstm_lab.data.transforms import choose_transform


def training(name: str, column: str) -> pd.Series:
    series = lab.example(name)[column]
    return series.iloc[: int(0.8 * len(series))]


@pytest.mark.parametrize(
    ("name", "column", "transform", "features"),
    [
        ("temperature", "temperature", "diff", ("momentum(23)", "hour")),
        ("co2", "co2", "log_return", ("momentum(51)", "dayofyear")),
        ("oil", "price", "log_return", ()),
    ],
)
def test_auto_on_the_examples(name, column, transform, features):
    recipe = settle("auto", ("auto",), training(name, column))
    assert (recipe.transform, recipe.features) == (transform, features)
    assert recipe.reason.startswith(transform)
    assert "\n" not in recipe.reason


def test_own_features_leave_the_season_to_the_transform():
    recipe = settle("auto", ("hour",), training("temperature", "temperature"))
    assert (recipe.transform, recipe.features) == ("seasonal_diff(24)", ("hour",))
    both = settle("auto", ("humidity", "hour", "auto"), training("temperature", "temperature"))
    assert (both.transform, both.features) == ("diff", ("humidity", "hour", "momentum(23)"))


def test_a_named_transform_is_taken_as_it_is():
    recipe = settle("seasonal_diff(24)", ("auto",), training("temperature", "temperature"))
    assert (recipe.transform, recipe.features, recipe.reason) == (
        "seasonal_diff(24)",
        (),
        "seasonal_diff(24): as asked",
    )


def wave(season: int, rows: int = 600) -> np.ndarray:
    rng = np.random.default_rng(0)
    return 50 + 10 * np.sin(2 * np.pi * np.arange(rows) / season) + rng.normal(0, 0.5, rows)


@pytest.mark.parametrize(
    ("season", "frequency", "calendar"),
    [(7, "D", ("dayofweek",)), (12, "MS", ("month",)), (24, "h", ("hour",)), (96, "15min", ("hour",))],
)
def test_the_calendar_that_goes_with_a_season(season, frequency, calendar):
    index = pd.date_range("2000-01-01", periods=600, freq=frequency)
    recipe = settle("auto", ("auto",), pd.Series(wave(season), index))
    assert recipe.features == (f"momentum({season - 1})", *calendar)


def test_a_season_without_times_has_no_calendar():
    series = pd.Series(wave(20))
    assert choose_transform(series.to_numpy(), series.index).season == 20
    assert settle("auto", ("auto",), series).features == ("momentum(19)",)


def test_the_companions_make_the_seasonal_naive_forecast_a_line():
    """What momentum(s - 1) says of the next change is the seasonal naive forecast, with the sign turned."""
    y = wave(24)
    now = np.arange(100, 500)
    seasonal_naive_change = y[now + 1 - 24] - y[now]
    momentum = y[now] - y[now - 23]
    np.testing.assert_allclose(-momentum, seasonal_naive_change)
