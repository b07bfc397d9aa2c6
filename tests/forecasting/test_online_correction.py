"""Corrections that follow a series: what they take in, what they forget, and how they are steered."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_lab.data.windows.cuts import CALIBRATION_MEMORY
from lstm_lab.forecasting.adaptive import AdaptiveMissRate
from lstm_lab.forecasting.ensemble import weigh
from lstm_lab.forecasting.online_correction import GAMMA, OnlineCorrection
from lstm_lab.forecasting.past_forecasts import PastForecasts

HORIZON, PATHS = 3, 40
NONE = np.empty((0, HORIZON))


def history(rng, rows, scale=1.0):
    """Paths of a standard normal, and what happened, `scale` times as wide."""
    return rng.normal(size=(rows, PATHS, HORIZON)), scale * rng.normal(size=rows + HORIZON)


def ahead(series, rows):
    return series[np.asarray(rows)[:, None] + np.arange(HORIZON)]


def start(rng, *, origins=30, stride=1, interval=90, **options):
    """Begin with origins whose horizon ends at row -1."""
    paths, series = history(rng, origins * stride)
    rows = np.arange(0, origins * stride, stride)
    known = PastForecasts.of(rows - rows[-1] - HORIZON, paths[rows], ahead(series, rows))
    return known, OnlineCorrection(known, interval, **options)


def follow(follows, paths, series, naive=None):
    """Forecast at every row; give each origin's correction."""
    found = {}
    for row, value in enumerate(series[: len(paths)]):
        found[row] = follows.correct(row, paths[row], NONE if naive is None else naive[:, row])
        follows.observe(row, value)
    return found


def edges(corrections, paths):
    return {row: one.quantile(paths[row], NONE, (0.05, 0.95)) for row, one in corrections.items()}


def test_each_band_learns_from_the_forecasts_that_are_over_and_from_no_others():
    rng = np.random.default_rng(0)
    first, follows = start(rng)
    paths, series = history(rng, 60, scale=2.0)
    for row, one in follow(follows, paths, series).items():
        over = np.arange(max(0, row - HORIZON + 1))
        known = np.concatenate([first.rows, over])
        young = int(np.sum(known + HORIZON + CALIBRATION_MEMORY * (first.rows[-1] - first.rows[0]) >= row))
        every = first.joined(PastForecasts.of(over, paths[over], ahead(series, over))) if len(over) else first
        expected = every.newest(max(young, 20)).correction(90).calibration
        np.testing.assert_array_equal(one.calibration.scores, expected.scores)
        assert one.calibration.origins == min(len(known), max(young, 20))


def test_a_later_value_changes_no_earlier_band():
    rng = np.random.default_rng(1)
    paths, series = history(rng, 40)
    other = series.copy()
    other[20:] += 100
    made = [follow(start(np.random.default_rng(2), adapt=True)[1], paths, values) for values in (series, other)]
    before, after = (edges(one, paths) for one in made)
    assert all(np.array_equal(before[row], after[row]) for row in range(21))
    assert not np.array_equal(before[30], after[30])


def test_without_renewal_and_steering_the_band_stays_as_it_was():
    rng = np.random.default_rng(3)
    _, follows = start(rng, renew=False)
    paths, series = history(rng, 20, scale=9.0)
    first, *others = follow(follows, paths, series).values()
    assert all(one is first for one in others)


def test_only_forecasts_a_stride_apart_join():
    rng = np.random.default_rng(4)
    first, follows = start(rng, stride=5)
    spaced = OnlineCorrection(first, 90, stride=5)
    paths, series = history(rng, 40)
    newest = follow(spaced, paths, series)[39].calibration
    joined = np.arange(2, 37, 5)  # the last calibrating row is -3, and at row 39 those up to 36 are over
    every = first.joined(PastForecasts.of(joined, paths[joined], ahead(series, joined)))
    expected = every.newest(newest.origins).correction(90).calibration
    np.testing.assert_array_equal(newest.scores, expected.scores)
    assert follow(follows, paths, series)[39].calibration.origins > newest.origins


def test_bands_are_calibrated_as_soon_as_enough_is_known():
    rng = np.random.default_rng(9)
    paths, series = history(rng, 40, scale=3.0)
    found = follow(OnlineCorrection(PastForecasts.empty(HORIZON), 90), paths, series)
    needed = 9
    first = needed + HORIZON - 1  # at this row so many forecasts are over
    assert all(found[row].calibration is None for row in range(first))
    assert [found[row].calibration.origins for row in range(first, 30)] == list(range(needed, needed + 30 - first))
    low, high = found[0].quantile(paths[0], NONE, (0.05, 0.95))
    np.testing.assert_array_equal([low, high], np.quantile(paths[0], [0.05, 0.95], axis=0))
    assert not any(one.calibration for one in follow(start(rng, calibrate=False)[1], paths, series).values())


def test_weights_and_medians_are_those_of_the_day():
    """The last value is a far better forecast than the paths: the median goes over to it as that becomes known."""
    rng = np.random.default_rng(10)
    paths, _ = history(rng, 60)
    series = 20 + np.cumsum(rng.normal(0, 0.1, 60 + HORIZON))
    last = np.repeat(np.concatenate([[20.0], series[:59]])[None, :, None], HORIZON, axis=2)
    follows = OnlineCorrection(PastForecasts.empty(HORIZON, naive_count=1), 90)
    found = follow(follows, paths, series, last)
    for row in (0, 5, 30, 59):
        over = np.arange(max(0, row - HORIZON + 1))
        expected = weigh(np.median(paths[over], axis=1), last[:, over], ahead(series, over))
        np.testing.assert_allclose(found[row].weights, expected)
    assert found[0].weights == [0.0]
    assert found[59].weights > 0.99
    moved = found[59].adjust(paths[59], last[:, 59], (0.05, 0.5, 0.95))
    assert np.abs(np.median(moved, axis=0) - ahead(series, [59])[0]).max() < 1
    # What is ranked is how far values lay from the medians that were given, not from those of today's weights.
    centre = np.median(paths, axis=1)
    given = np.array([centre[row] + found[row].weights * (last[0, row] - centre[row]) for row in range(58)])
    scores = found[59].calibration.scores
    spread = np.ptp(np.quantile(paths[:57], [0.1, 0.9], axis=1), axis=0) / 2.5631
    np.testing.assert_allclose(scores, ((ahead(series, range(57)) - given[:57]) / spread)[-len(scores) :])


def test_steering_finds_the_nominal_rate_again_after_a_change_of_regime():
    rng = np.random.default_rng(5)
    count = 1500
    paths, series = history(rng, count, scale=1.5)  # wilder than the calibration rows, but not than their wildest
    held = {}
    for adapt in (False, True):
        begun = start(np.random.default_rng(6), origins=99, renew=False, adapt=adapt)[1]
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
    _, follows = start(rng, renew=False, adapt=True)
    paths, _ = history(rng, 4)
    first = follows.correct(0, paths[0], NONE).calibration
    follows.observe(0, 1e9)  # a miss one step ahead
    second = follows.correct(1, paths[1], NONE).calibration
    assert second.stretch is not None
    state = AdaptiveMissRate(0.1, 0.1, GAMMA).after(missed=True)
    np.testing.assert_allclose(second.stretch, first.stretched(90, [state.level, 0.9, 0.9]).stretch)
    assert second.stretch[0] > second.stretch[1] == pytest.approx(1.0)


@pytest.mark.parametrize("interval", [50, 97])
def test_what_is_forgotten_never_leaves_too_few_origins_for_the_interval(interval):
    rng = np.random.default_rng(8)
    _, follows = start(rng, origins=60, interval=interval)
    paths, _ = history(rng, 1)
    late = follows.correct(10_000, paths[0], NONE).calibration  # so late that all is old
    assert late.origins == max(20, {50: 1, 97: 33}[interval])
    tail = (100 - interval) / 200
    assert np.isfinite(late.quantile(paths[0], (tail, 1 - tail))).all()
