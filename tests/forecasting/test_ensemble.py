"""Medians that lean on the naive forecasts: weights against a plain replay, and what they must and must not do."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lstm_lab as lab
from lstm_lab.forecasting.baselines import BASELINES, naive_points
from lstm_lab.forecasting.correction import Correction, describe_weights
from lstm_lab.forecasting.ensemble import NEWEST, PARTS, RATE, TRUST, mixed, weigh
from lstm_lab.forecasting.past_forecasts import PastForecasts

HORIZON = 4


def past(rng, origins, errors=(1.0, 1.0, 1.0)):
    """A network and naive forecasts, whose errors have these sizes."""
    actual = rng.normal(size=(origins, HORIZON))
    network, *naive = (actual + size * rng.normal(size=actual.shape) for size in errors)
    return network, np.stack(naive), actual


def replayed(network, naive, actual):
    """The exponentially weighted average forecaster, word by word."""
    network, naive, actual = network[-NEWEST:], naive[:, -NEWEST:], actual[-NEWEST:]
    steps = [part / PARTS for part in range(PARTS + 1)]
    mixtures = [one for one in itertools.product(steps, repeat=len(naive)) if sum(one) <= 1]
    scale = np.mean([abs(network[k] - actual[k]).mean() for k in range(len(actual))])
    shares = []
    for one in mixtures:
        loss = 0.0
        for origin in range(len(actual)):
            point = (1 - sum(one)) * network[origin]
            for weight, forecast in zip(one, naive, strict=True):
                point = point + weight * forecast[origin]
            loss += abs(point - actual[origin]).mean() / scale
        before = TRUST if not any(one) else (1 - TRUST) / (len(mixtures) - 1)
        shares.append(before * np.exp(-RATE * loss))
    return np.array(shares) @ np.array(mixtures) / sum(shares)


@pytest.mark.parametrize("origins", [1, 5, 40])
@pytest.mark.parametrize("naive", [1, 2])
def test_weights_are_those_of_the_exponentially_weighted_forecaster(origins, naive):
    network, others, actual = past(np.random.default_rng(origins), origins, (1.0, 0.9, 1.2)[: naive + 1])
    np.testing.assert_allclose(weigh(network, others, actual), replayed(network, others, actual))


def test_the_best_gets_nearly_all_and_the_network_is_trusted_in_doubt():
    rng = np.random.default_rng(0)
    for best, errors in ((None, (0.2, 2.0, 2.0)), (0, (2.0, 0.2, 2.0)), (1, (2.0, 2.0, 0.2))):
        weights = weigh(*past(rng, NEWEST, errors))
        rest = 1 - weights.sum()
        assert (rest if best is None else weights[best]) > 0.9
    network, naive, actual = past(rng, 0)
    assert weigh(network, naive, actual).tolist() == [0.0, 0.0]
    network, _, actual = past(rng, NEWEST)
    assert weigh(network, np.stack([network, network]), actual).sum() < TRUST  # no difference: nothing is learnt


def test_only_the_newest_origins_count():
    rng = np.random.default_rng(1)
    network, naive, actual = past(rng, 3 * NEWEST)
    other = network.copy()
    other[:-NEWEST] += 100
    np.testing.assert_array_equal(weigh(other, naive, actual), weigh(network, naive, actual))
    other[-NEWEST] += 100
    assert not np.allclose(weigh(other, naive, actual), weigh(network, naive, actual))


def test_a_network_without_error_and_one_without_naive_forecasts_stay_alone():
    rng = np.random.default_rng(2)
    _, naive, actual = past(rng, 5)
    assert weigh(actual, naive, actual).tolist() == [0.0, 0.0]
    assert weigh(actual + 1, naive[:0], actual).shape == (0,)


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.integers(0, 2**31))
def test_weights_have_no_unit_and_stay_within_one(shift, scale, seed):
    network, naive, actual = past(np.random.default_rng(seed), 12)
    weights = weigh(network, naive, actual)
    assert (weights >= 0).all()
    assert weights.sum() <= 1 + 1e-12
    moved = weigh(*(shift + scale * one for one in (network, naive, actual)))
    np.testing.assert_allclose(moved, weights, rtol=1e-6, atol=1e-9)


def test_in_hindsight_the_mixture_is_nearly_as_good_as_the_best_whatever_changes():
    """Three regimes, in each of which another one is good: followed, the loss is near that of the best in each."""
    rng = np.random.default_rng(3)
    regimes = [past(rng, 60, errors) for errors in ((0.3, 1.5, 1.5), (1.5, 0.3, 1.5), (1.5, 1.5, 0.3))]
    network, naive, actual = (np.concatenate([one[k] for one in regimes], axis=1 if k == 1 else 0) for k in range(3))
    given = np.stack(
        [
            mixed(network[row], naive[:, row], weigh(network[:row], naive[:, :row], actual[:row]))
            for row in range(len(actual))
        ]
    )
    error = np.abs(given - actual).mean()
    each = [np.abs(one - actual).mean() for one in (network, *naive)]
    best = np.mean([min(np.abs(one - act).mean() for one in (net, *riv)) for net, riv, act in regimes])
    assert error < 0.5 * min(each)
    assert error < 1.6 * best


def test_naive_points_are_what_the_baselines_forecast():
    rng = np.random.default_rng(4)
    target = rng.normal(size=60).cumsum()
    rows = np.array([20, 33, 60])
    for season, horizon in ((7, 4), (7, 20), (4, 4)):
        points = naive_points(target, rows, horizon, season)
        for number, row in enumerate(rows):
            for place, name in enumerate(("naive", "seasonal_naive")):
                drawn = BASELINES[name](target[:row], horizon, season=season)
                np.testing.assert_allclose(points[place, number], np.median(drawn, axis=0))
    assert naive_points(target, rows, 4, 1).shape == (1, 3, 4)


def test_a_correction_moves_the_median_and_nothing_else():
    rng = np.random.default_rng(5)
    paths, naive = rng.normal(size=(51, HORIZON)), 5 + rng.normal(size=(2, HORIZON))
    correction = Correction(np.array([0.25, 0.5]), None, known=20)
    moved = correction.shifted(paths, naive)
    expected = 0.25 * np.median(paths, axis=0) + 0.25 * naive[0] + 0.5 * naive[1]
    np.testing.assert_allclose(np.median(moved, axis=0), expected)
    np.testing.assert_allclose(moved - moved[0], paths - paths[0])
    np.testing.assert_allclose(correction.quantile(paths, naive, (0.1, 0.9)), np.quantile(moved, [0.1, 0.9], axis=0))
    said = "network 25 %, naive 25 %, seasonal naive 50 %"
    assert correction.describe() == f"{said}, weighed by their errors at 20 known origins"
    assert describe_weights(np.zeros(2)) is None
    assert describe_weights(np.array([0.75, 0.25])) == "network 0 %, naive 75 %, seasonal naive 25 %"
    assert Correction(np.zeros(2), None).shifted(paths, naive) is paths


def test_past_forecasts_give_each_origin_the_weights_of_its_day_and_survives_json():
    rng = np.random.default_rng(6)
    rows = np.arange(0, 120, 3)
    paths, actual = rng.normal(size=(len(rows), 30, HORIZON)), 2 + rng.normal(size=(len(rows), HORIZON))
    naive = 2 + rng.normal(size=(2, len(rows), HORIZON))
    known = PastForecasts.of(rows, paths, actual).with_naive(naive)
    centre = np.median(paths, axis=1)
    for origin in (0, 1, 2, 20, 39):
        over = rows[:origin] + HORIZON <= rows[origin]
        weights = weigh(centre[:origin][over], naive[:, :origin][:, over], actual[:origin][over])
        np.testing.assert_allclose(known.median[origin], mixed(centre[origin], naive[:, origin], weights))
    back = PastForecasts.from_dict(json.loads(json.dumps(known.to_dict())), actual).with_naive(naive)
    for name in ("rows", "centre", "spread", "median"):
        np.testing.assert_array_equal(getattr(back, name), getattr(known, name))
    np.testing.assert_allclose(known.without_naive().median, centre)
    assert known.without_naive().correction(90).weights.shape == (0,)
    assert known.correction(90).calibration.overlap == 1
    assert known.newest(5).correction(90).calibration is None


def test_a_run_that_knows_less_than_yesterday_leans_on_yesterday():
    """A network of four units, trained for one epoch, against a series that repeats itself every week."""
    rng = np.random.default_rng(7)
    week = np.array([5.0, 9.0, 2.0, 7.0, 1.0, 8.0, 3.0])
    sales = pd.Series(
        50 + np.tile(week, 60) + rng.normal(0, 0.05, 420),
        index=pd.date_range("2023-01-01", periods=420, freq="D"),
        name="sales",
    )
    run = lab.train(sales, units=[4], dense=[], lookback=8, epochs=1, transform="none", features=[])
    together, by_itself = (run.forecast(7, paths=64, combine=combine) for combine in ("auto", False))
    assert "seasonal naive" in together.details["median"]
    assert "median" not in by_itself.details
    truth = 50 + np.tile(week, 2)[420 % 7 : 420 % 7 + 7]
    errors = [np.abs(one.quantile(0.5) - truth).mean() for one in (together, by_itself)]
    assert errors[0] < 0.5 * errors[1]
    assert "median" not in run.forecast(7, paths=64, calibrate=False).details
    assert "median" in run.forecast(7, paths=64, calibrate=False, combine=True).details
