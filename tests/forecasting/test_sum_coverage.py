"""Coverage of sums over steps: right for paths whose steps go together, low for paths whose steps do not."""

import numpy as np
import pytest

from lstm_lab.forecasting.calibration_scores import centre_and_spread
from lstm_lab.forecasting.panel_past import PanelOrigins, PanelPast
from lstm_lab.forecasting.sum_coverage import _folds, sum_coverages

SERIES, SLOTS, HORIZON, PATHS = 40, 12, 8, 200


def past_of(paths, actual, stride=HORIZON):
    """Lay out paths, (series, slots, paths, horizon), as earlier forecasts with their outcomes."""
    rows = np.where(np.isnan(actual[..., 0]), -1, 1).astype(np.int64)
    known = rows >= 0
    centre, spread = np.full((2, *actual.shape), np.nan)
    centre[known], spread[known] = centre_and_spread(paths[known])
    past = PanelPast.of(PanelOrigins(rows, stride), centre, spread, actual, np.empty((0, *actual.shape)))
    return past, paths[known].astype(np.float32)


def walks(rng, *shape):
    return rng.normal(size=(*shape, HORIZON)).cumsum(axis=-1)


@pytest.mark.parametrize("stride", [HORIZON, 1])
def test_sums_of_paths_that_move_as_the_series_does_hold_what_they_should(stride):
    rng = np.random.default_rng(0)
    past, paths = past_of(walks(rng, SERIES, SLOTS, PATHS), 2.0 * walks(rng, SERIES, SLOTS), stride)
    measured = sum_coverages(past, paths, 90.0)
    assert len(measured) == HORIZON
    assert [coverage.nominal for coverage in measured] == [90.0] * HORIZON
    assert all(0.86 < coverage.share < 0.94 for coverage in measured)
    assert [coverage.n for coverage in measured] == [SERIES * SLOTS * (HORIZON // n) for n in range(1, HORIZON + 1)]


def test_sums_of_paths_whose_steps_are_independent_hold_too_little_of_a_walk():
    rng = np.random.default_rng(0)
    steps = np.sqrt(np.arange(1, HORIZON + 1)) * rng.normal(size=(SERIES, SLOTS, PATHS, HORIZON))
    past, paths = past_of(steps, walks(rng, SERIES, SLOTS))
    measured = sum_coverages(past, paths, 90.0)
    assert 0.86 < measured[0].share < 0.94
    assert measured[-1].share < 0.7


def test_origins_that_a_series_lacks_are_left_out_and_too_few_are_not_judged():
    rng = np.random.default_rng(0)
    actual = walks(rng, SERIES, SLOTS)
    actual[3] = np.nan
    past, paths = past_of(walks(rng, SERIES, SLOTS, PATHS), actual)
    assert sum_coverages(past, paths, 90.0)[0].origins == SERIES - 1
    past, paths = past_of(walks(rng, 2, 3, PATHS), walks(rng, 2, 3))
    assert sum_coverages(past, paths, 90.0) == ()


@pytest.mark.parametrize("stride", [HORIZON, 3, 1])
def test_outcomes_that_share_a_step_with_a_judged_origin_calibrate_nothing_of_it(stride):
    rng = np.random.default_rng(0)
    past, _ = past_of(walks(rng, SERIES, SLOTS, PATHS), walks(rng, SERIES, SLOTS), stride)
    folds = _folds(past, 90.0)
    assert sum(fold.judged.astype(int) for fold in folds).tolist() == np.ones((SERIES, SLOTS), int).tolist()
    for fold in folds:
        for judged, rest in zip(fold.judged, fold.rest, strict=True):
            apart = np.abs(np.flatnonzero(judged)[:, None] - np.flatnonzero(rest)) * stride
            assert (apart >= HORIZON).all()
