"""Scores against references that share no code with them: double sums, closed forms, statsmodels."""

from __future__ import annotations

import json
import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_lab.errors import ForecastError
from lstm_lab.forecasting import coverage, metrics
from lstm_lab.forecasting.coverage import Coverage

RNG = np.random.default_rng(0)
ACTUAL, POINT = RNG.normal(size=(2, 6, 5))
PATHS = RNG.normal(size=(6, 40, 5))
NORMAL = NormalDist()


def test_point_errors_are_the_plain_formulas():
    errors = [abs(a - f) for a, f in zip(ACTUAL.ravel(), POINT.ravel(), strict=True)]
    assert metrics.mae(ACTUAL, POINT) == pytest.approx(sum(errors) / 30)
    assert metrics.rmse(ACTUAL, POINT) == pytest.approx(math.sqrt(sum(e * e for e in errors) / 30))
    assert metrics.mae(ACTUAL, POINT, axis=0).shape == (5,)
    assert metrics.rmse(ACTUAL, POINT, axis=-1)[2] == pytest.approx(np.sqrt(np.mean((ACTUAL[2] - POINT[2]) ** 2)))


def test_mase_of_the_naive_forecast_in_sample_is_one():
    history = RNG.normal(size=300).cumsum()
    for season in (1, 7):
        assert metrics.mase(history[season:], history[:-season], history, season) == pytest.approx(1)


def test_mase_scales_each_origin_by_its_own_history():
    history = np.array([[0.0, 1, 0, 1], [0, 10, 0, 10]])
    got = metrics.mase(np.full((2, 3), 5.0), np.zeros((2, 3)), history, axis=-1)
    np.testing.assert_allclose(got, [5, 0.5])


def test_mase_without_a_scale_is_nan():
    for history in ([1.0], [2.0, 2.0, 2.0], [np.nan, 1.0]):
        assert np.isnan(metrics.mase([1.0], [2.0], history))
    with pytest.raises(ForecastError, match="got 0"):
        metrics.mase([1.0], [2.0], [1.0, 2.0], season=0)


def test_pinball_by_loop():
    levels = [0.05, 0.5, 0.95]
    quantiles = np.quantile(PATHS, levels, axis=1).transpose(1, 0, 2)
    total = 0.0
    for o in range(6):
        for k, level in enumerate(levels):
            for h in range(5):
                short = ACTUAL[o, h] - quantiles[o, k, h]
                total += level * short if short >= 0 else (level - 1) * short
    assert metrics.pinball(ACTUAL, quantiles, levels) == pytest.approx(total / (6 * 3 * 5))
    half = metrics.pinball(ACTUAL, quantiles[:, 1:2], [0.5])
    assert half == pytest.approx(metrics.mae(ACTUAL, quantiles[:, 1]) / 2)


@pytest.mark.parametrize("fair", [False, True])
def test_crps_by_double_sum(fair):
    total = 0.0
    for o in range(6):
        for h in range(5):
            x, y = PATHS[o, :, h], ACTUAL[o, h]
            pairs = 40 * 39 if fair else 40 * 40
            total += np.mean(np.abs(x - y)) - np.abs(x[:, None] - x[None, :]).sum() / (2 * pairs)
    assert metrics.crps(PATHS, ACTUAL, fair=fair) == pytest.approx(total / 30, rel=1e-12)


def test_crps_of_many_normal_paths_is_the_closed_form():
    # Gneiting & Raftery (2007), eq. 5: sigma (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi))
    sigma, mean = 2.0, 1.0
    actual = np.array([-3.0, 0.0, 1.0, 6.0])
    paths = mean + sigma * np.array([NORMAL.inv_cdf((k + 0.5) / 20_000) for k in range(20_000)])
    expected = [
        sigma * (z * (2 * NORMAL.cdf(z) - 1) + 2 * NORMAL.pdf(z) - 1 / math.sqrt(math.pi))
        for z in (actual - mean) / sigma
    ]
    got = metrics.crps(np.repeat(paths[:, None], 4, axis=1), actual, axis=())
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_fair_crps_does_not_reward_more_paths():
    rng = np.random.default_rng(1)
    actual = rng.normal(size=4000)
    few, many = (rng.normal(size=(paths, 4000)) for paths in (5, 100))
    expected = 1 / math.sqrt(math.pi)  # E CRPS of the true normal
    for paths in (few, many):
        assert metrics.crps(paths, actual, fair=True) == pytest.approx(expected, abs=0.02)
    assert metrics.crps(few, actual) > expected + 0.05


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.floats(-1e6, 1e6), st.floats(-1e9, 1e9))
def test_crps_is_never_negative_and_moves_with_the_target(paths, actual, shift):
    score = metrics.crps(np.array(paths)[:, None], [actual])
    scale = 1 + max(map(abs, [*paths, actual, shift]))
    assert score >= -1e-9 * scale
    moved = metrics.crps(np.array(paths)[:, None] + shift, [actual + shift])
    assert abs(moved - score) <= 1e-9 * scale
    if len(paths) == 1:
        assert score == abs(paths[0] - actual)


def test_unobserved_values_are_left_out_of_every_score():
    actual = ACTUAL.copy()
    actual[:, 3:] = np.nan
    quantiles = np.quantile(PATHS, [0.1, 0.9], axis=1).transpose(1, 0, 2)
    low, high = quantiles[:, 0], quantiles[:, 1]
    short = np.s_[:, :3]
    assert metrics.mae(actual, POINT) == metrics.mae(ACTUAL[short], POINT[short])
    assert metrics.rmse(actual, POINT) == metrics.rmse(ACTUAL[short], POINT[short])
    assert metrics.crps(PATHS, actual) == pytest.approx(metrics.crps(PATHS[:, :, :3], ACTUAL[short]))
    assert metrics.pinball(actual, quantiles, [0.1, 0.9]) == pytest.approx(
        metrics.pinball(ACTUAL[short], quantiles[:, :, :3], [0.1, 0.9])
    )
    assert metrics.coverage(low, high, actual) == metrics.coverage(low[short], high[short], ACTUAL[short])
    assert np.isnan(metrics.mae(actual, POINT, axis=0)[3:]).all()
    assert np.isnan(metrics.joint_coverage(low, high, actual))


def test_a_forecast_of_nan_is_not_rewarded():
    point = POINT.copy()
    point[0, 0] = np.nan
    assert np.isnan(metrics.mae(ACTUAL, point))
    assert metrics.coverage([np.nan], [np.nan], [1.0]) == 0


def test_coverage_and_joint_coverage_by_hand():
    low, high = np.zeros((3, 4)), np.ones((3, 4))
    actual = np.array([[0.0, 0.5, 1, 0.2], [0.5, 0.5, 2, 0.5], [-1, 0.5, 0.5, np.nan]])
    assert metrics.coverage(low, high, actual) == pytest.approx(9 / 11)
    np.testing.assert_allclose(metrics.coverage(low, high, actual, axis=0), [2 / 3, 1, 2 / 3, 1])
    assert metrics.joint_coverage(low, high, actual) == 0.5  # the third origin is not complete
    assert metrics.width(low, high) == 1


@pytest.mark.parametrize(("hits", "n"), [(0, 5), (5, 5), (43, 100), (54, 60), (1799, 1800)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_the_binomial_interval_is_wilsons(hits, n, confidence):
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    expected = proportion.proportion_confint(hits, n, alpha=1 - confidence, method="wilson")
    np.testing.assert_allclose(coverage.binomial_interval(hits, n, confidence), expected, atol=1e-12)


def test_the_binomial_interval_of_nothing_and_of_nonsense():
    assert coverage.binomial_interval(0, 0) == (0, 1)
    with pytest.raises(ForecastError, match="got 7"):
        coverage.binomial_interval(7, 6)


def test_independent_hits_count_in_full_and_repeated_hits_once():
    rng = np.random.default_rng(2)
    coins = [coverage.effective_trials(rng.random((60, 30)) < 0.9) for _ in range(50)]
    assert np.mean(coins) > 0.7 * 1800
    same = [coverage.effective_trials(np.repeat(rng.random((60, 1)) < 0.9, 30, axis=1)) for _ in range(50)]
    assert 35 < np.median(same) < 90  # 60 truly
    long = [
        coverage.effective_trials(np.repeat(rng.random((12, 1)) < 0.8, 5, axis=0).repeat(30, axis=1), overlap=4)
        for _ in range(200)
    ]
    assert 8 < np.median(long) < 30  # 12 truly, in groups of five origins


def test_the_coverage_interval_holds_the_truth_for_correlated_paths():
    # Hits of a random walk's oracle band: 30 steps share their fate, and so do overlapping origins.
    rng, held = np.random.default_rng(3), 0
    edge = 1.6449 * np.sqrt(np.arange(1, 31))
    for _ in range(150):
        walk = rng.normal(size=60 * 10 + 31).cumsum()
        hits = np.stack([np.abs(walk[o + 1 : o + 31] - walk[o]) <= edge for o in range(0, 600, 10)])
        measured = Coverage.measure(hits, 90.0, overlap=2)
        held += measured.low <= 0.9 <= measured.high
    assert held / 150 >= 0.88  # of 95 % intended; counting all 1,800 steps as independent would give about 40 %


def test_extreme_hits_fall_back_on_separate_origins():
    everything = Coverage.measure(np.ones((60, 30)), 90.0, overlap=4)
    assert everything.effective == 12
    assert everything.high == 1
    assert everything.low < 0.8
    assert coverage.effective_trials(np.full((3, 3), np.nan)) == 0


def test_coverage_keeps_what_it_counted():
    held = np.array([[1.0, 1, 0], [1, 1, 1], [1, np.nan, np.nan]])
    measured = Coverage.measure(held, 90.0)
    assert (measured.hits, measured.n, measured.origins, measured.joint) == (6, 7, 3, 0.5)
    assert Coverage.from_dict(json.loads(json.dumps(measured.to_dict()))) == measured
    single = Coverage.measure([1.0, np.nan], 90.0)
    assert str(single).endswith("over 1 origin")
    assert math.isnan(Coverage.from_dict(json.loads(json.dumps(single.to_dict()))).joint)
    with pytest.raises(ForecastError, match="at least one"):
        Coverage.measure([[np.nan]], 90.0)
