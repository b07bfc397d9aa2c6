"""Whether seasons recur, and whether a series may reach zero, on series that were made so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.data.encoding.seasonality import Candidate, measure, peaks, recurs

DAY, WEEK = 24, 168


def made(weekend: float, rows: int = 4000) -> np.ndarray:
    """A daily cycle with noise, scaled on the last two days of each week."""
    hours = np.arange(rows)
    cycle = 20 + 10 * np.sin(2 * np.pi * hours / DAY)
    return cycle * np.where(hours % WEEK < 5 * DAY, 1.0, weekend) + np.random.default_rng(0).normal(size=rows)


def test_a_week_recurs_where_there_is_one():
    assert recurs(made(weekend=0.6), DAY, WEEK) > 0.5
    assert abs(recurs(made(weekend=1.0), DAY, WEEK)) < 0.05


def test_recurrence_is_the_autocorrelation_that_pandas_gives():
    y = made(weekend=0.8)
    expected = pd.Series(y).diff(DAY).autocorr(WEEK)
    # Its two stretches have their own means and sizes there, and those of the whole here.
    assert recurs(y, DAY, WEEK) == pytest.approx(expected, abs=0.06)


def test_weather_knows_no_week():
    for column in ("temperature", "humidity"):
        assert abs(recurs(lab.example("temperature")[column].to_numpy(), DAY, WEEK)) < 0.1


@pytest.mark.parametrize("y", [np.ones(400), np.arange(400.0), np.arange(100.0)])
def test_nothing_recurs_without_a_change_or_without_two_weeks(y):
    assert recurs(y, DAY, WEEK) == 0


def test_peaks_are_found_without_times():
    assert peaks(made(weekend=1.0))[0] == DAY
    assert peaks(np.random.default_rng(0).normal(size=400).cumsum()) == ()


@pytest.mark.parametrize(("least", "feasible"), [(0.11, True), (0.09, False)])
def test_a_logarithm_is_refused_where_the_series_fell_to_less_than_a_tenth(least, feasible):
    y = np.ones(400)
    y[200:] = least
    found = {one.label: one for one in measure(y, (), np.arange(200, 370), 30)}
    assert found["log"].feasible is feasible
    assert found["log_return"].feasible is feasible
    assert isinstance(found["none"], Candidate)


def test_a_slow_fall_is_no_collapse():
    y = np.exp(-np.linspace(0, 6, 400))
    assert all(one.feasible for one in measure(y, (), np.arange(200, 370), 30))
