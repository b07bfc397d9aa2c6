"""Bands that follow a series: what they take in, what they forget, and how they are steered."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_lab.forecasting.adaptive import Adaptive
from lstm_lab.forecasting.calibration import fit_calibration
from lstm_lab.forecasting.following import GAMMA, REACH, Following

HORIZON, PATHS = 3, 40


def history(rng, rows, scale=1.0):
    """Paths of a standard normal, and what happened, `scale` times as wide."""
    return rng.normal(size=(rows, PATHS, HORIZON)), scale * rng.normal(size=rows + HORIZON)


def start(rng, *, origins=30, stride=1, **options):
    paths, series = history(rng, origins * stride)
    rows = np.arange(0, origins * stride, stride)
    actual = series[rows[:, None] + np.arange(HORIZON)]
    calibration = fit_calibration(paths[rows], actual, smooth=0)
    return calibration, rows - rows[-1] - HORIZON, Following(calibration, rows - rows[-1] - HORIZON, 90, **options)


def follow(bands, paths, series, every=1):
    """Forecast at every so many rows; give each origin's calibration."""
    found = {}
    for row, value in enumerate(series[: len(paths)]):
        if row % every == 0:
            found[row] = bands.band(row, paths[row])
        bands.observe(row, value)
    return found


def edges(calibrations, paths):
    return {row: one.quantile(paths[row], (0.05, 0.95)) for row, one in calibrations.items()}


def test_each_band_learns_from_the_forecasts_that_are_over_and_from_no_others():
    rng = np.random.default_rng(0)
    first, rows, bands = start(rng)
    paths, series = history(rng, 60, scale=2.0)
    found = follow(bands, paths, series)
    for row, one in found.items():
        over = np.arange(max(0, row - HORIZON + 1))
        known = np.concatenate([rows, over])
        young = int(np.sum(known + HORIZON + REACH * (rows[-1] - rows[0]) >= row))
        actual = series[over[:, None] + np.arange(HORIZON)].reshape(-1, HORIZON)
        expected = first.renewed(paths[over], actual, keep=max(young, 20)) if len(over) else first
        np.testing.assert_array_equal(one.scores, expected.scores[-one.origins :])
        assert one.origins == min(len(known), max(young, 20))


def test_a_later_value_changes_no_earlier_band():
    rng = np.random.default_rng(1)
    paths, series = history(rng, 40)
    other = series.copy()
    other[20:] += 100
    made = [follow(start(np.random.default_rng(2), adapt=True)[2], paths, values) for values in (series, other)]
    before, after = (edges(one, paths) for one in made)
    assert all(np.array_equal(before[row], after[row]) for row in range(21))
    assert not np.array_equal(before[30], after[30])


def test_without_renewal_and_steering_the_band_stays_as_it_was():
    rng = np.random.default_rng(3)
    first, _, bands = start(rng, renew=False)
    paths, series = history(rng, 20, scale=9.0)
    assert all(one is first for one in follow(bands, paths, series).values())


def test_only_forecasts_a_stride_apart_join():
    rng = np.random.default_rng(4)
    first, _, _ = start(rng, stride=5)
    every = Following(first, np.arange(0, 150, 5) - 148, 90, stride=5)
    paths, series = history(rng, 40)
    newest = follow(every, paths, series)[39]
    joined = np.arange(2, 37, 5)  # the last calibrating row is -3, and at row 39 those up to 36 are over
    expected = first.renewed(paths[joined], series[joined[:, None] + np.arange(HORIZON)], keep=newest.origins)
    np.testing.assert_array_equal(newest.scores, expected.scores)


def test_steering_finds_the_nominal_rate_again_after_a_change_of_regime():
    rng = np.random.default_rng(5)
    count = 1500
    paths, series = history(rng, count, scale=1.5)  # wilder than the calibration rows, but not than their wildest
    held = {}
    for adapt in (False, True):
        begun = start(np.random.default_rng(6), origins=99, renew=False, adapt=adapt)[2]
        bands = edges(follow(begun, paths, series), paths)
        inside = [
            [low[step] <= series[row + step] <= high[step] for step in range(HORIZON)]
            for row, (low, high) in bands.items()
        ]
        held[adapt] = np.mean(inside[count // 3 :])
    assert held[False] < 0.8
    assert held[True] == pytest.approx(0.9, abs=0.03)


def test_each_step_is_steered_by_its_own_misses():
    rng = np.random.default_rng(7)
    _, _, bands = start(rng, renew=False, adapt=True)
    paths, _ = history(rng, 4)
    first = bands.band(0, paths[0])
    bands.observe(0, 1e9)  # a miss one step ahead
    second = bands.band(1, paths[1])
    assert second.stretch is not None
    state = Adaptive(0.1, 0.1, GAMMA).after(missed=True)
    np.testing.assert_allclose(second.stretch, first.asked(90, [state.level, 0.9, 0.9]).stretch)
    assert second.stretch[0] > second.stretch[1] == pytest.approx(1.0)


@pytest.mark.parametrize("interval", [50, 97])
def test_what_is_forgotten_never_leaves_too_few_origins_for_the_interval(interval):
    rng = np.random.default_rng(8)
    first, rows, _ = start(rng, origins=60)
    bands = Following(first, rows, interval)
    paths, _ = history(rng, 1)
    late = bands.band(10_000, paths[0])  # so late that all is old
    assert late.origins == max(20, {50: 1, 97: 33}[interval])
    tail = (100 - interval) / 200
    assert np.isfinite(late.quantile(paths[0], (tail, 1 - tail))).all()
