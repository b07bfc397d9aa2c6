"""Pooled calibration on made scores: its quantiles, what stretches a series, and the coverage of sums."""

import numpy as np
import pytest

from lstm_lab.forecasting.calibration import Calibration
from lstm_lab.forecasting.panel_calibration import PRIOR, PanelCalibration, inside_bands, off_by_more_than_chance
from lstm_lab.forecasting.panel_correction import PanelCorrection, calibrate_total
from lstm_lab.forecasting.panel_past import PanelOrigins, PanelPast, weigh_series

SERIES, SLOTS, HORIZON = 40, 12, 4


def made_past(errors, spread=1.0, naive=None, stride=HORIZON):
    """Make earlier forecasts of 0 whose outcomes are the errors, (series, slots, horizon)."""
    origins = PanelOrigins(np.where(np.isnan(errors[..., 0]), -1, 1).astype(np.int64), stride)
    centre = np.where(np.isnan(errors), np.nan, 0.0)
    naive = np.empty((0, *errors.shape)) if naive is None else naive
    return PanelPast.of(origins, centre, np.where(np.isnan(errors), np.nan, spread), errors, naive)


@pytest.fixture
def errors():
    return np.random.default_rng(0).normal(size=(SERIES, SLOTS, HORIZON))


def test_paths_get_the_quantiles_of_the_pooled_scores_and_keep_their_ranks(errors):
    calibration = PanelCalibration.of(made_past(3.0 * errors))
    paths = np.random.default_rng(1).normal(10, 1, (SERIES, 200, HORIZON))
    adjusted = calibration.adjust(paths, (0.05, 0.5, 0.95))
    np.testing.assert_array_equal(np.argsort(adjusted, axis=1), np.argsort(paths, axis=1))
    low, high = np.quantile(adjusted, [0.05, 0.95], axis=1)
    assert (high - low).mean() == pytest.approx(2 * 1.645 * 3.0, rel=0.1)
    np.testing.assert_allclose(np.median(adjusted, axis=1), np.median(paths, axis=1))


def test_one_series_without_stretch_is_adjusted_as_a_lone_calibration_does(errors):
    own = errors[0]
    calibration = PanelCalibration.of(made_past(own[None]))
    lone = Calibration.of(np.zeros_like(own), np.ones_like(own), own)
    paths = np.random.default_rng(2).normal(5, 2, (1, 200, HORIZON))
    levels = (0.1, 0.5, 0.9)
    np.testing.assert_allclose(calibration.adjust(paths, levels)[0], lone.adjust(paths[0], levels))


def test_a_series_of_larger_scores_is_stretched_as_far_as_its_origins_say(errors):
    wild = errors.copy()
    wild[7] *= 5.0
    sizes = np.abs(wild).mean(axis=(1, 2))
    expected = (sizes[7] / np.median(sizes)) ** (SLOTS / (SLOTS + PRIOR))
    calibration = PanelCalibration.of(made_past(wild))
    assert calibration.stretch[7] == pytest.approx(expected)
    assert np.delete(calibration.stretch, 7).max() < 1.6
    overlapping = PanelCalibration.of(made_past(wild, stride=1))
    assert 1 < overlapping.stretch[7] < calibration.stretch[7]


def test_a_series_without_an_origin_has_the_usual_band(errors):
    errors[5] = np.nan
    calibration = PanelCalibration.of(made_past(errors))
    assert calibration.stretch[5] == 1
    taken = calibration.taken(np.array([3, -1]))
    assert taken.stretch.tolist() == [calibration.stretch[3], 1]
    assert taken.pooled.knots is calibration.pooled.knots  # the scores of all series are not ranked for each block


def test_a_series_that_stands_still_has_a_band_that_does_not_vanish(errors):
    errors[5] = 0.0
    calibration = PanelCalibration.of(made_past(errors))
    assert 0.001 < calibration.stretch[5] < 0.2


@pytest.mark.parametrize("stride", [HORIZON, 1])
def test_measured_coverage_is_nominal_where_series_differ(errors, stride):
    unlike = errors * np.random.default_rng(3).lognormal(0, 0.5, (SERIES, 1, 1))
    correction = PanelCorrection.of(made_past(unlike, stride=stride), 80.0, calibrate=True)
    assert 0.75 < correction.coverage.share < 0.85
    assert correction.coverage.origins == SERIES
    assert str(correction.coverage).endswith("over 40 series")


def test_no_band_has_seen_the_origins_that_it_is_judged_by(errors):
    moved = errors.copy()
    moved[:, -2:] *= 100.0  # the newest block: its own scores may not widen its band
    inside = inside_bands(made_past(moved), 90.0)
    assert np.nanmean(inside[:, -2:]) < 0.15


def test_weights_of_a_naive_forecast_follow_its_errors_and_the_panels():
    rng = np.random.default_rng(0)
    actual = rng.normal(size=(SERIES, SLOTS, HORIZON))
    centre, good = actual + rng.normal(size=actual.shape), actual + 0.1 * rng.normal(size=actual.shape)
    naive = np.stack([good, rng.normal(size=actual.shape) * 3])
    weights, shared = weigh_series(centre, naive, actual)
    assert (weights[:, 0] > 0.8).all()
    assert (weights[:, 1] < 0.1).all()
    assert shared[0] > 0.5
    centre[3] = actual[3] + 0.01 * rng.normal(size=actual[3].shape)
    assert weigh_series(centre, naive, actual)[0][3, 0] < 0.2
    none, _ = weigh_series(centre, naive[:0], actual)
    assert none.shape == (SERIES, 0)


def test_sums_are_widened_by_what_earlier_sums_showed():
    rng = np.random.default_rng(0)
    paths = rng.normal(size=(30, 400, HORIZON))
    together = calibrate_total(paths, 3.0 * rng.normal(size=(30, HORIZON)), 90.0, overlap=0)
    assert together.stretch == pytest.approx(3.0, rel=0.15)
    assert 0.82 < together.coverage.share < 0.97
    assert together.coverage.origins == 30
    apart = calibrate_total(paths, rng.normal(size=(30, HORIZON)), 90.0, overlap=0)
    assert apart.stretch == pytest.approx(1.0, rel=0.15)
    few = calibrate_total(paths[:3], rng.normal(size=(3, HORIZON)), 90.0, overlap=5)
    assert few.coverage is None


def test_only_series_off_by_more_than_chance_are_found():
    rng = np.random.default_rng(0)
    shares = np.array([0.9] * 18 + [0.5, 1.0])
    inside = (rng.random((20, 40, 3)) < shares[:, None, None]).astype(np.float64)
    inside[3] = np.nan  # without an origin
    inside[4, 1:] = np.nan  # with one, that was missed throughout
    inside[4, 0] = 0.0
    found = off_by_more_than_chance(inside, 90.0, 0)
    assert np.flatnonzero(found).tolist() == [18]
    assert not off_by_more_than_chance(inside[:, :, :], 50.0, 0)[18]
    correction = PanelCorrection(np.zeros((20, 0)), np.zeros(0), None, inside, off=found)
    assert correction.taken(np.array([18, 0, -1])).off.tolist() == [True, False, False]
