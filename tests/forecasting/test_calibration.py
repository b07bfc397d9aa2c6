"""Calibration is put to the test it promises to pass: fresh data, counted hits, fixed seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lstm_lab.errors import CalibrationError
from lstm_lab.forecasting import metrics
from lstm_lab.forecasting.adaptive import AdaptiveMissRate
from lstm_lab.forecasting.calibration import Calibration
from lstm_lab.forecasting.calibration_scores import centre_and_spread, checked_summary, needed_origins


def fit_calibration(paths, actual, **options):
    """Calibrate on paths."""
    return Calibration.of(*checked_summary(paths, actual), **options)


def exchangeable(rng, origins, *, paths=40, horizon=4, narrow=0.3, shift=0.5):
    """Paths that are too narrow and off centre around actual values whose scale differs between origins."""
    scale = np.exp(rng.normal(size=(origins, 1)))
    actual = scale * (shift + rng.standard_t(4, size=(origins, horizon)))
    drawn = narrow * scale[:, None] * rng.normal(size=(origins, paths, horizon))
    return drawn, actual


@pytest.mark.parametrize("n", [19, 60, 200])
@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("smooth", [0, 1])
def test_coverage_is_nominal_on_exchangeable_data(n, symmetric, smooth):
    rng = np.random.default_rng(n)
    rounds, fresh, shares = 60, 30, []
    for _ in range(rounds):
        paths, actual = exchangeable(rng, n + fresh)
        calibration = fit_calibration(paths[:n], actual[:n], symmetric=symmetric, smooth=smooth)
        low, high = calibration.quantile(paths[n:], [0.05, 0.95])
        shares.append(float(metrics.coverage(low, high, actual[n:])))
    exact = calibration.level_of(0.95) - calibration.level_of(0.05)
    assert 0.9 - 1e-9 <= exact <= 0.9 + 2 / (n + 1)
    error = np.std(shares) / math.sqrt(rounds)
    slack = 0.015 if smooth else 0.0  # averaging ranks over steps errs on the wide side
    assert exact - 3.5 * error <= np.mean(shares) <= exact + 3.5 * error + slack


def test_each_tail_is_right_when_signed_scores_are_ranked():
    rng, above, below = np.random.default_rng(7), [], []
    for _ in range(60):
        paths, actual = exchangeable(rng, 89, shift=2.0)
        signed = fit_calibration(paths[:59], actual[:59], symmetric=False, smooth=0)
        low, high = signed.quantile(paths[59:], [0.05, 0.95])
        below.append(np.mean(actual[59:] < low))
        above.append(np.mean(actual[59:] > high))
    assert np.mean(below) == pytest.approx(0.05, abs=0.01)
    assert np.mean(above) == pytest.approx(0.05, abs=0.01)


def test_ranks_are_those_of_the_definition():
    scores = np.random.default_rng(0).permutation(np.arange(1.0, 61))[:, None]
    signed = Calibration(scores, np.ones(1), symmetric=False)
    assert signed.score_quantile(0.95) == math.ceil(61 * 0.95)
    assert signed.score_quantile(0.5) == 31
    assert signed.score_quantile(0.05) == 61 - math.ceil(61 * 0.95)
    folded = Calibration(scores, np.ones(1), symmetric=True)
    assert folded.score_quantile(0.95) == math.ceil(61 * 0.9)
    assert folded.score_quantile(0.05) == -math.ceil(61 * 0.9)
    assert folded.score_quantile(0.5) == 0


def test_a_whole_rank_is_not_rounded_up():
    for n, q in ((19, 0.95), (39, 0.975), (99, 0.99)):
        signed = Calibration(np.arange(1.0, n + 1)[:, None], np.ones(1), symmetric=False)
        assert signed.score_quantile(q) == n
        assert signed.score_quantile(1 - q) == 1
        assert needed_origins(q, symmetric=False) == n


@pytest.mark.parametrize(("symmetric", "needed"), [(False, 19), (True, 9)])
def test_too_few_origins_are_refused(symmetric, needed):
    paths, actual = exchangeable(np.random.default_rng(0), needed)
    fit_calibration(paths, actual, symmetric=symmetric).quantile(paths[0], [0.05, 0.95])
    few = fit_calibration(paths[1:], actual[1:], symmetric=symmetric)
    with pytest.raises(CalibrationError, match=f"needs {needed} calibration origins, got {needed - 1}"):
        few.quantile(paths[0], 0.95)
    with pytest.raises(CalibrationError, match=f"needs {needed}"):
        few.adjust(paths[0])


@pytest.mark.parametrize("symmetric", [False, True])
def test_the_widest_interval_is_the_last_that_is_not_refused(symmetric):
    paths, actual = exchangeable(np.random.default_rng(0), 60)
    calibration = fit_calibration(paths, actual, symmetric=symmetric)
    calibration.quantile(paths[0], 0.5 + calibration.widest / 200)
    with pytest.raises(CalibrationError, match=r"needs 6[1-9]"):
        calibration.quantile(paths[0], 0.5 + (calibration.widest + 0.1) / 200)


@pytest.mark.parametrize("q", [0, 1, -1, float("nan")])
def test_a_level_that_no_sample_has_is_refused(q):
    paths, actual = exchangeable(np.random.default_rng(0), 30)
    with pytest.raises(CalibrationError, match="strictly between 0 and 1"):
        fit_calibration(paths, actual).quantile(paths[0], q)


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("count", [10, 50, 200, 201])
def test_adjusted_paths_have_the_calibrated_quantiles_and_their_old_ranks(symmetric, count):
    rng = np.random.default_rng(4)
    paths, actual = exchangeable(rng, 60, horizon=8)
    calibration = fit_calibration(paths, actual, symmetric=symmetric)
    raw = 100 + rng.normal(size=(count, 8)).cumsum(axis=1)
    adjusted = calibration.adjust(raw)
    np.testing.assert_allclose(
        np.quantile(adjusted, [0.05, 0.5, 0.95], axis=0), calibration.quantile(raw, [0.05, 0.5, 0.95]), rtol=1e-12
    )
    order = np.argsort(raw, axis=0)
    assert (np.diff(np.take_along_axis(adjusted, order, axis=0), axis=0) >= -1e-9).all()


def test_paths_that_are_too_narrow_are_widened_as_much_as_needed():
    rng = np.random.default_rng(5)
    paths, actual = exchangeable(rng, 400, paths=200, narrow=0.1, shift=0)
    raw = 0.1 * rng.normal(size=(200, 4))
    adjusted = fit_calibration(paths, actual).adjust(raw)
    ratio = np.ptp(np.quantile(adjusted, [0.05, 0.95], axis=0), axis=0) / np.ptp(
        np.quantile(raw, [0.05, 0.95], axis=0), axis=0
    )
    true = 2.132 / 1.645 / 0.1  # the 95 % point of a t with 4 degrees of freedom, the normal's, the narrowing
    np.testing.assert_allclose(ratio, true, rtol=0.2)


def test_the_joint_structure_survives():
    rng = np.random.default_rng(6)
    paths, actual = exchangeable(rng, 60, horizon=8)
    raw = rng.normal(size=(400, 8)).cumsum(axis=1)
    adjusted = fit_calibration(paths, actual).adjust(raw)

    def spearman(x):
        return np.corrcoef(np.argsort(np.argsort(x, axis=0), axis=0).T)

    np.testing.assert_allclose(spearman(adjusted), spearman(raw), atol=0.01)


def test_beyond_the_outermost_score_a_path_keeps_its_own_distance():
    scores = np.linspace(-2, 2, 19)[:, None]
    calibration = Calibration(scores, np.zeros(1), symmetric=False)
    raw = np.linspace(-3, 3, 1001)[:, None]
    adjusted = calibration.adjust(raw, levels=())
    assert np.unique(adjusted).size == 1001
    _, spread = centre_and_spread(raw)
    beyond = raw[-1] - np.quantile(raw, 0.95)
    assert adjusted[-1] == pytest.approx(2 * spread + beyond)


def test_symmetric_calibration_leaves_the_median_alone():
    rng = np.random.default_rng(8)
    paths, actual = exchangeable(rng, 60, shift=3.0)
    raw = rng.normal(size=(101, 4))
    np.testing.assert_allclose(np.median(fit_calibration(paths, actual).adjust(raw), axis=0), np.median(raw, axis=0))
    signed = fit_calibration(paths, actual, symmetric=False).adjust(raw)
    assert (np.median(signed, axis=0) > np.median(raw, axis=0)).all()


def test_paths_without_spread_are_calibrated_in_the_targets_unit():
    actual = np.random.default_rng(0).normal(size=(60, 3))
    calibration = fit_calibration(np.zeros((60, 5, 3)), actual, smooth=0)
    np.testing.assert_array_equal(calibration.floor, 1)
    high = calibration.quantile(np.full((5, 3), 7.0), 0.95)
    np.testing.assert_allclose(high, 7 + np.sort(np.abs(actual), axis=0)[54])
    assert np.isfinite(calibration.adjust(np.zeros((5, 3)))).all()


def test_one_flat_origin_does_not_blow_the_band_up():
    paths, actual = exchangeable(np.random.default_rng(1), 60)
    usual = fit_calibration(paths, actual).score_quantile(0.95)
    paths[10] = 0.0
    assert (fit_calibration(paths, actual).score_quantile(0.95) < 1.5 * usual).all()


def test_smoothing_averages_equal_ranks_and_leaves_the_first_step_alone():
    scores = np.arange(30.0).reshape(2, 15) ** 2
    knots, values = Calibration(scores, np.ones(15), smooth=3, symmetric=False).knots
    assert knots.tolist() == pytest.approx([1 / 3, 2 / 3])
    np.testing.assert_allclose(values[:, 0], scores[:, 0])
    np.testing.assert_allclose(values[:, 14], scores[:, 14])
    np.testing.assert_allclose(values[0, 7], scores[0, 4:11].mean())
    np.testing.assert_allclose(values[1, 1], scores[1, 0:3].mean())


def walks(rng, origins, stride, horizon=20, narrow=0.3):
    """Rolling origins over one random walk, forecast by too narrow paths around the last value."""
    walk = rng.normal(size=origins * stride + horizon + 1).cumsum()
    start = stride * np.arange(origins)
    actual = np.stack([walk[s + 1 : s + 1 + horizon] for s in start])
    paths = walk[start][:, None, None] + narrow * rng.normal(size=(origins, 60, horizon)).cumsum(axis=2)
    return paths, actual


@pytest.mark.parametrize(("stride", "tolerance"), [(20, 0.02), (5, 0.035)])
def test_rolling_origins_of_a_random_walk_are_covered(stride, tolerance):
    rng, shares, stated, honest = np.random.default_rng(9), [], [], []
    overlap = math.ceil(20 / stride) - 1
    for _ in range(40):
        paths, actual = walks(rng, 90, stride)
        calibration = fit_calibration(paths[:60], actual[:60], overlap=overlap)
        low, high = calibration.quantile(paths[60 + overlap :], [0.05, 0.95])
        shares.append(float(metrics.coverage(low, high, actual[60 + overlap :])))
        measured = calibration.coverage(90.0)
        stated.append(measured.share)
        honest.append(measured.low <= 0.9 <= measured.high)
    assert np.mean(shares) == pytest.approx(0.9, abs=tolerance)
    assert np.mean(stated) == pytest.approx(np.mean(shares), abs=tolerance)
    assert np.mean(honest) > 0.85


def test_measured_coverage_sees_a_change_of_regime():
    rng = np.random.default_rng(10)
    paths, actual = exchangeable(rng, 60, horizon=8, shift=0)
    steady = fit_calibration(paths, actual).coverage(90.0)
    actual[48:] *= 6
    changed = fit_calibration(paths, actual)
    assert steady.share > 0.85
    # Ranks hold their share of single origins left out by construction; blocks of time are judged from outside.
    singly = [np.delete(np.abs(changed.scores), i, axis=0) for i in range(48, 60)]
    singly = [np.abs(changed.scores[48 + i]) <= np.sort(rest, axis=0)[53] for i, rest in enumerate(singly)]
    assert changed.inside_band(90.0)[48:].mean() < np.mean(singly) - 0.2


def test_measured_coverage_tells_steps_from_whole_paths():
    rng = np.random.default_rng(11)
    paths, actual = exchangeable(rng, 60, horizon=8, shift=0)
    calibration = fit_calibration(paths, actual)
    measured = calibration.coverage(90.0)
    assert calibration.inside_band(90.0).mean(axis=0).shape == (8,)
    assert (measured.n, measured.origins, measured.nominal) == (480, 60, 90.0)
    assert measured.joint < measured.share - 0.2
    assert measured.low <= 0.9 <= measured.high


def test_coverage_is_not_claimed_where_it_cannot_be_measured():
    paths, actual = exchangeable(np.random.default_rng(0), 9)
    assert fit_calibration(paths, actual).coverage(90.0) is None
    paths, actual = exchangeable(np.random.default_rng(0), 30)
    assert fit_calibration(paths, actual, overlap=29).coverage(90.0) is None


def test_it_serves_shorter_horizons():
    paths, actual = exchangeable(np.random.default_rng(12), 60, horizon=8)
    calibration = fit_calibration(paths, actual, overlap=2)
    np.testing.assert_allclose(calibration.adjust(paths[0][:, :5]), calibration.adjust(paths[0])[:, :5])
    with pytest.raises(CalibrationError, match="up to 8 steps ahead, got 9"):
        calibration.adjust(np.zeros((20, 9)))


def test_nonsense_is_refused():
    paths, actual = exchangeable(np.random.default_rng(13), 30)
    with pytest.raises(CalibrationError, match="none"):
        fit_calibration(paths[:0], actual[:0])
    with pytest.raises(CalibrationError, match="diverged"):
        fit_calibration(paths, np.full_like(actual, np.nan))
    with pytest.raises(CalibrationError, match=r"got \(30, 40, 4\) and \(30, 3\)"):
        fit_calibration(paths, actual[:, :3])
    paths[0, 0, 0] = np.inf
    with pytest.raises(CalibrationError, match="diverged"):
        fit_calibration(paths, actual)


def test_adaptive_inference_finds_its_rate_again_after_a_shift():
    rng = np.random.default_rng(14)
    state, missed = AdaptiveMissRate(target=0.1, alpha=0.1, gamma=0.02), []
    scores = np.sort(np.abs(rng.normal(size=999)))
    for t in range(4000):
        edge = scores[min(998, math.ceil(1000 * state.level) - 1)] if state.level > 0 else 0.0
        score = abs(rng.normal()) * (1 if t < 1000 else 1.6)  # the world grows wilder at t = 1000
        miss = state.level < 1 and score > edge
        missed.append(miss)
        state = state.after(missed=miss)
    bound = (max(0.1, 0.9) + 0.02) / (0.02 * 4000)
    assert abs(np.mean(missed) - 0.1) <= bound
    assert np.mean(missed[2000:]) == pytest.approx(0.1, abs=0.02)
    assert state.level > 0.95


def test_adaptive_level_stays_between_nothing_and_everything():
    assert AdaptiveMissRate(0.1, -0.3).level == 1
    assert AdaptiveMissRate(0.1, 1.3).level == 0


def test_a_stretched_calibration_asks_each_step_for_its_own_coverage():
    rng = np.random.default_rng(15)
    paths, actual = exchangeable(rng, 99, horizon=3)
    calibration = fit_calibration(paths, actual, smooth=0)
    asked = calibration.stretched(90, [0.9, 0.5, 1.0])
    edges = asked.quantile(paths[0], (0.05, 0.95))
    own = [calibration.quantile(paths[0], levels) for levels in ((0.05, 0.95), (0.25, 0.75), (0.005, 0.995))]
    np.testing.assert_allclose(edges, np.stack([each[:, step] for step, each in enumerate(own)], axis=1))
