"""Reliability of the bands of a backtest: what was drawn from them lies on the diagonal, too narrow ones below it."""

import numpy as np
import pytest

from lstm_lab.evaluation.reliability import LEVELS, reliability
from tests.evaluation.drawn_backtest import drawn_backtest


@pytest.fixture(scope="module")
def measured():
    return drawn_backtest(300, paths=400).reliability()


def test_what_is_drawn_from_the_forecasts_lies_on_the_diagonal(measured):
    own = measured.loc["network"]
    assert list(own.index) == list(LEVELS)
    assert np.abs(own["coverage"] - own.index / 100).max() < 0.04
    assert ((own["coverage_low"] < own["coverage"]) & (own["coverage"] < own["coverage_high"])).all()


def test_bands_of_half_the_spread_hold_what_a_normal_distribution_says(measured):
    # Half of the 5th and 95th percentile of a normal distribution: 2 Phi(1.645 / 2) - 1.
    assert measured.loc[("naive", 90.0), "coverage"] == pytest.approx(0.589, abs=0.04)


def test_the_bands_own_level_is_among_them_and_agrees_with_the_summary():
    backtest = drawn_backtest(20)
    share = reliability(backtest.forecasts["network"]).loc[90.0, "coverage"]
    assert share == backtest.summary.loc["network", "coverage"]
