"""Backtests: each forecast is the one that would have been made, nothing leaks, and every place gives the same bits."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.data.dataset import Dataset
from lstm_lab.data.encoding.auto import season_of
from lstm_lab.errors import CalibrationError, DataError, ForecastError, OptionError
from lstm_lab.evaluation.scoring import difference
from lstm_lab.events import ProgressListener
from lstm_lab.forecasting import metrics
from lstm_lab.forecasting.baselines import BASELINES, naive_points
from lstm_lab.forecasting.calibration_scores import centre_and_spread
from lstm_lab.forecasting.ensemble import mixed
from lstm_lab.forecasting.online_correction import GAMMA
from lstm_lab.forecasting.predictor import Predictor
from lstm_lab.formatting import percent
from lstm_lab.options import ForecastOptions
from lstm_lab.simulation.simulator import CHUNK

HORIZON, ORIGINS = 3, 14
TRAIN = {
    "transform": "diff",
    "features": ["wind"],
    "units": [4],
    "dense": [],
    "dropout": 0.3,
    "lookback": 8,
    "epochs": 1,
    "calibration": 0.25,
}


def table(rows=400):
    rng = np.random.default_rng(5)
    index = pd.date_range("2021-03-01", periods=rows, freq="D", name="day")
    wind = np.sin(np.arange(rows) / 9) + rng.normal(0, 0.1, rows)
    level = 50 + rng.normal(0, 1, rows).cumsum() + wind
    return pd.DataFrame({"price": level, "wind": wind}, index=index)


@pytest.fixture(scope="module")
def run():
    return lab.train(table().iloc[:300], target="price", **TRAIN)


@pytest.fixture(scope="module")
def longer(run):
    return lab.backtest(run, table(), horizon=HORIZON, origins=ORIGINS, paths=CHUNK)


def same(one, other):
    assert list(one.forecasts) == list(other.forecasts)
    for name, forecasts in one.forecasts.items():
        assert np.array_equal(forecasts.paths, other.forecasts[name].paths), name


def calibrations(forecasts):
    return [one.calibration for one in forecasts.corrections]


def test_results_equal_one_forecast_per_origin(run, longer):
    options = ForecastOptions(horizon=HORIZON, paths=CHUNK)
    settings = Predictor(run.fitted, run.dataset, options).settings
    ours = longer.forecasts["network"]
    for number, row in enumerate(longer.evaluated.rows):
        until = Dataset.of(table().iloc[:row], run.encoder, run.options.lookback)
        alone = run.simulator.chunk(until.newest(HORIZON), HORIZON, settings)[0]
        np.testing.assert_allclose(ours.raw[number], alone, rtol=1e-6)


def test_calibration_is_the_runs_own(run, longer):
    forecast = run.forecast(HORIZON, paths=CHUNK)
    assert forecast.coverage == longer.forecasts["network"][0].coverage
    own = next(iter(run.past_forecasts.values()))
    first = longer.forecasts["network"].corrections[0]
    np.testing.assert_allclose(first.weights, own.correction(90).weights, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(first.calibration.scores, own.correction(90).calibration.scores, rtol=1e-5, atol=1e-6)
    raw = calibrations(longer.forecasts["network alone"])[0].scores
    np.testing.assert_allclose(raw, own.without_naive().correction(90).calibration.scores, rtol=1e-5, atol=1e-6)


def test_without_renewal_the_band_stays_the_runs_own(run, longer):
    kept = lab.backtest(run, table(), horizon=HORIZON, origins=ORIGINS, paths=CHUNK, renew=False, baselines=("naive",))
    for name in ("network", "naive"):
        first = longer.forecasts[name].corrections[0]
        for one in kept.forecasts[name].corrections:
            assert np.array_equal(one.calibration.scores, first.calibration.scores)
            assert np.array_equal(one.weights, first.weights)
        assert not np.array_equal(calibrations(longer.forecasts[name])[-1].scores, first.calibration.scores)
    assert "kept as it was" in repr(kept)


def test_a_covariate_known_ahead_is_known_at_every_origin_and_while_calibrating(run, longer):
    told = lab.backtest(
        run, table(), horizon=HORIZON, origins=ORIGINS, paths=CHUNK, known=["wind"], baselines=("naive",)
    )
    settings = Predictor(run.fitted, run.dataset, ForecastOptions(horizon=HORIZON, paths=CHUNK)).settings
    row = int(told.evaluated.rows[5])
    until = Dataset.of(table().iloc[:row], run.encoder, run.options.lookback)
    alone = run.simulator.chunk(until.newest(HORIZON, table().iloc[row : row + HORIZON]), HORIZON, settings)[0]
    np.testing.assert_allclose(told.forecasts["network"].raw[5], alone, rtol=1e-6)
    assert not np.allclose(told.forecasts["network"].raw[5], longer.forecasts["network"].raw[5], rtol=1e-6)
    held, known = (calibrations(one.forecasts["network alone"])[0].scores for one in (longer, told))
    assert not np.allclose(held, known)
    assert np.array_equal(told.forecasts["naive"].paths, longer.forecasts["naive"].paths)
    assert "known ahead" in repr(told)


def test_only_a_covariate_of_the_run_can_be_known_ahead(run):
    with pytest.raises(OptionError, match=r"known names input columns of the run, got 'winde'; did you mean 'wind'\?"):
        lab.backtest(run, table(), horizon=HORIZON, known=["winde"])


def test_steered_bands_take_in_each_miss_as_it_becomes_known(run, longer):
    steered = lab.backtest(
        run, table(), horizon=HORIZON, origins=ORIGINS, paths=CHUNK, adapt=True, baselines=("naive",)
    )
    for name in ("network alone", "naive"):
        ours, plain = steered.forecasts[name], longer.forecasts[name]
        assert np.array_equal(ours.raw, plain.raw)
        misses = np.zeros(HORIZON)
        for number, one in enumerate(calibrations(ours)):
            # Origins are further apart than the horizon, so every step of the earlier ones is known.
            level = np.clip(0.9 - GAMMA * (0.1 * number - misses), 0, one.widest / 100)
            expected = calibrations(plain)[number].stretched(90, level)
            np.testing.assert_allclose(one.stretch, expected.stretch)
            low, high = one.quantile(ours.raw[number], (0.05, 0.95))
            actual = ours.evaluated.actual[number]
            misses += (actual < low) | (actual > high)
    assert "steered towards its target" in repr(steered)


def test_origins_are_spread_over_the_later_rows_with_the_newest(longer):
    frame = table()
    assert len(longer.origins) == ORIGINS
    assert longer.origins[0] >= frame.index[299]
    assert longer.origins[-1] == frame.index[-1 - HORIZON]
    assert set(np.diff(longer.evaluated.rows)) == {100 // ORIGINS}


def test_summary_against_plain_numpy(longer):
    frame = table()["price"]
    for name, row in longer.summary.iterrows():
        paths = longer.forecasts[name].paths
        actual = np.stack([frame.to_numpy()[start : start + HORIZON] for start in longer.evaluated.rows])
        low, median, high = np.quantile(paths, [0.05, 0.5, 0.95], axis=1)
        assert row.mae == pytest.approx(np.abs(median - actual).mean())
        assert row.rmse == pytest.approx(np.sqrt(((median - actual) ** 2).mean()))
        before = frame.to_numpy()[: longer.evaluated.rows[0]]
        assert row.mase == pytest.approx(row.mae / np.abs(np.diff(before)).mean())
        assert row.crps == pytest.approx(np.mean([metrics.crps(paths[k], actual[k]) for k in range(ORIGINS)]))
        held = (low <= actual) & (actual <= high)
        assert row.coverage == pytest.approx(held.mean())
        assert row.joint_coverage == pytest.approx(held.all(axis=1).mean())
        assert row.coverage_low <= row.coverage <= row.coverage_high
        assert row.width == pytest.approx((high - low).mean())
        assert row.band == "calibrated"


def test_baselines_are_those_of_their_history(longer):
    frame = table()["price"].to_numpy()
    medians = longer.forecasts["naive"].band[1]
    np.testing.assert_allclose(medians, np.repeat(frame[longer.evaluated.rows - 1][:, None], HORIZON, axis=1))
    row = int(longer.evaluated.rows[3])
    drawn = BASELINES["drift"].draw(
        frame[:row], HORIZON, paths=CHUNK, rng=np.random.default_rng([0, row]), season=longer_season()
    )
    np.testing.assert_array_equal(longer.forecasts["drift"].raw[3], drawn)


def longer_season():
    return season_of(table()["price"].iloc[:195])


@pytest.mark.parametrize(
    ("refit", "own", "noise"),
    [(False, False, "auto"), (False, True, "auto"), (7, False, "scaled"), (False, False, "scaled")],
)
def test_nothing_after_an_origin_reaches_its_forecast(refit, own, noise):
    """Every value from the middle origin on is moved, and the column beside it too: earlier forecasts stay."""
    frame = table()

    def judged(changed):
        trained = lab.train(changed.iloc[:300] if not own else changed, target="price", **TRAIN)
        return lab.backtest(
            trained, None if own else changed, horizon=HORIZON, origins=ORIGINS, paths=CHUNK, refit=refit, noise=noise
        )

    before = judged(frame)
    moved = frame.copy()
    middle = int(before.evaluated.rows[7])
    moved.iloc[middle:] = moved.iloc[middle:] * 3 + 100
    after = judged(moved)
    assert after.evaluated.rows.tolist() == before.evaluated.rows.tolist()
    for name, forecasts in before.forecasts.items():
        unmoved = forecasts.paths[:8] == after.forecasts[name].paths[:8]
        assert unmoved.all(), name
        assert not (forecasts.paths[-1] == after.forecasts[name].paths[-1]).any(), name


@pytest.mark.parametrize("refit", [False, 14])
def test_scaled_noise_follows_the_storms_that_an_origin_knows_of(run, refit):
    """The rows of one origin are made stormy: noise grows at the later origins, as their residuals say it should."""
    frame = table()
    calm = lab.backtest(
        run, frame, horizon=HORIZON, origins=ORIGINS, paths=CHUNK, noise="scaled", refit=refit, baselines=()
    )
    middle = int(calm.evaluated.rows[7])
    wild = frame.copy()
    wild.iloc[middle : middle + 6, 0] += [9, -9, 9, -9, 9, -9]
    stormy = lab.backtest(
        run, wild, horizon=HORIZON, origins=ORIGINS, paths=CHUNK, noise="scaled", refit=refit, baselines=()
    )
    before, after = (one.forecasts["network"].raw[..., 0].std(axis=1) for one in (calm, stormy))
    np.testing.assert_array_equal(after[:8], before[:8])
    assert after[8] > 2 * before[8]


def test_within_the_run_the_judged_rows_calibrate_nothing(run):
    result = lab.backtest(run, horizon=HORIZON, origins=ORIGINS, paths=CHUNK)
    cuts = run.dataset.cuts[0]
    middle = (cuts.calibration + cuts.rows) // 2
    assert result.evaluated.rows[0] >= middle
    assert "earlier half" in result.details["origins lie in"]
    calibration = calibrations(result.forecasts["network"])[0]
    assert calibration.origins == middle - cuts.calibration - HORIZON + 1


def test_a_band_learns_from_the_origins_whose_steps_are_known(longer):
    forecasts, rows = longer.forecasts["network alone"], longer.evaluated.rows
    first, *_, last = calibrations(forecasts)
    known = np.flatnonzero(rows + HORIZON <= rows[-1])
    centre, spread = centre_and_spread(forecasts.raw[known])
    expected = (longer.evaluated.actual[known] - centre) / np.maximum(spread, last.floor)
    assert len(known) > 0
    np.testing.assert_allclose(last.scores[-len(known) :], expected)
    # What is left of the first calibration is its newest part.
    left = last.origins - len(known)
    np.testing.assert_array_equal(last.scores[:left], first.scores[first.origins - left :])


def test_refit_is_a_training_on_the_rows_before(run):
    frame = table()
    result = lab.backtest(run, frame, horizon=HORIZON, origins=4, paths=CHUNK, refit=2, baselines=())
    first = int(result.evaluated.rows[2])
    again = lab.train(frame.iloc[:first], target="price", **TRAIN)
    np.testing.assert_allclose(
        result.forecasts["network"].paths[2], again.forecast(HORIZON, paths=CHUNK).paths, rtol=1e-5
    )
    # Two trainings, each calibrated on rows of its own, and renewed by the first of its two origins for the second.
    assert [calibration.origins for calibration in calibrations(result.forecasts["network"])] == [60, 61, 60, 61]


def test_a_process_pool_gives_the_same_bits(run, longer):
    stop = threading.Event()
    same(lab.backtest(run, table(), horizon=HORIZON, origins=ORIGINS, paths=CHUNK, workers=2, stop=stop), longer)


def test_two_dask_workers_give_the_same_bits_though_one_is_killed(run, longer):
    distributed = pytest.importorskip("distributed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Dask says of a worker that was killed
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as cluster:
            pids = [worker.pid for worker in cluster.workers.values()]

            class Killer(ProgressListener):
                def on_progress(self, progress):
                    if progress.done == 3:
                        os.kill(pids[0], signal.SIGKILL)

            result = lab.backtest(
                run,
                table(),
                horizon=HORIZON,
                origins=ORIGINS,
                paths=CHUNK,
                cluster=cluster.scheduler_address,
                listener=Killer(),
            )
    same(result, longer)


def test_stop_judges_what_was_drawn(run, longer):
    stop = threading.Event()

    class StopLater(ProgressListener):
        def on_progress(self, progress):
            if progress.done == progress.total - 2:
                stop.set()

    result = lab.backtest(run, table(), horizon=HORIZON, origins=ORIGINS, paths=CHUNK, stop=stop, listener=StopLater())
    assert len(result.origins) == 12
    assert result.details["stopped"] == "after 12 of 14 origins"
    assert np.array_equal(result.forecasts["naive"].paths, longer.forecasts["naive"].paths[:12])
    stop.set()
    with pytest.raises(ForecastError, match="stopped before any origin"):
        lab.backtest(run, table(), horizon=HORIZON, stop=stop)


def test_the_later_rows_alone_are_enough(run, longer):
    result = lab.backtest(run, table().iloc[300:], horizon=HORIZON, origins=ORIGINS, paths=CHUNK)
    same(result, longer)


def test_forecasts_are_forecasts(longer):
    one = longer.forecasts["network"][-1]
    assert one.kind == "calibrated"
    assert one.index[0] == longer.origins[-1] + pd.Timedelta(days=1)
    assert one.history.index[-1] == longer.origins[-1]
    np.testing.assert_array_equal(
        longer.forecasts["network"].at(longer.origins[2]).paths, longer.forecasts["network"][2].paths
    )
    assert len(longer.forecasts["naive"][:3]) == 3
    with pytest.raises(ForecastError, match="no forecast started at 1999"):
        longer.forecasts["network"].at("1999-01-01")
    steps = longer.by_step()
    assert steps.loc["network", "coverage"].mean() == pytest.approx(longer.summary.loc["network", "coverage"])


def test_the_text_names_band_and_measured_coverage(run, longer):
    head, *lines = longer.summary_table().table
    held = longer.summary.loc["network"]
    said = f"{percent(held.coverage)} ({100 * held.coverage_low:.0f}–{100 * held.coverage_high:.0f})"
    row = dict(zip(head, next(line for line in lines if line[0] == "network"), strict=True))
    assert row["held"] == said
    assert dict(longer.summary_table().rows)["band"] == "calibrated 90 %"
    assert "verdict" in repr(longer)
    bare = lab.backtest(run, table(), horizon=HORIZON, origins=4, paths=CHUNK, calibrate=False, noise="none")
    assert "network dropout spread, naive predictive" in dict(bare.summary_table().rows)["band"]
    assert set(bare.summary["band"]) == {"dropout spread", "predictive"}
    said = dict(bare.summary_table().rows)
    assert "90 %" not in "".join(value for label, value in said.items() if label != "beware")


def test_a_band_that_held_far_too_little_is_warned_of_and_no_other(run, longer):
    bare = lab.backtest(run, table(), horizon=HORIZON, origins=ORIGINS, paths=CHUNK, calibrate=False, noise="none")
    assert bare.summary.loc["network", "coverage_high"] < 0.85
    said = "do not rely on this band: it is not calibrated, and of a nominal 90 % it held "
    assert dict(bare.summary_table().rows)["beware"].startswith(said)
    assert longer.summary.loc["network", "coverage_high"] >= 0.85
    assert longer.caution is None
    assert "beware" not in repr(longer)
    rng = np.random.default_rng(3)
    wild = table()
    wild.loc[wild.index[300:], "price"] = wild["price"].iloc[299] + rng.normal(0, 6, 100).cumsum()
    changed = lab.backtest(run, wild, horizon=HORIZON, origins=ORIGINS, paths=CHUNK, renew=False)
    said = "do not rely on this band: these rows are unlike those that it was calibrated on"
    assert changed.caution.startswith(said)


def test_mistakes_are_one_line(run):
    for error, message, options in (
        (OptionError, "did you mean paths=200", {"pathes": 3}),
        (ForecastError, "did you mean 'naive'", {"baselines": ["naiv"]}),
        (DataError, "but these end at", {"frame": table().iloc[:250]}),
        (ForecastError, "known steps after it", {"horizon": 90}),
        (CalibrationError, "to calibrate on", {"horizon": 30, "calibrate": True}),
        (OptionError, "origins", {"origins": 0}),
    ):
        with pytest.raises(error, match=message) as refused:
            lab.backtest(run, **options)
        assert "\n" not in str(refused.value)


def test_difference_against_a_simulation():
    """The standard error is that of the mean over origins: it is found again in repeated draws."""
    rng = np.random.default_rng(1)
    gaps = [difference(rng.normal(0.2, 1, (50, 4)), np.zeros((50, 4)), 0) for _ in range(400)]
    means = np.array([gap.mean for gap in gaps])
    assert np.mean([gap.error for gap in gaps]) == pytest.approx(means.std(), rel=0.1)
    repeated = np.repeat(rng.normal(0, 1, (30, 4)), 5, axis=0)
    assert difference(repeated, repeated * 0, 4).error > 1.5 * difference(repeated, repeated * 0, 0).error


def test_the_network_is_judged_with_the_naive_forecasts_it_leans_on_and_by_itself(run, longer):
    together, by_itself = (longer.forecasts[name] for name in ("network", "network alone"))
    assert np.array_equal(together.raw, by_itself.raw)
    assert by_itself.leaning is None
    season = longer_season()
    points = naive_points(table()["price"].to_numpy(), longer.evaluated.rows, HORIZON, season)
    np.testing.assert_array_equal(together.naive, points)
    for number, one in enumerate(together.corrections):
        centre = np.median(together.raw[number], axis=0)
        np.testing.assert_allclose(together.band[1][number], mixed(centre, points[:, number], one.weights))
    assert longer.details["median"].startswith("network mixes network alone ")
    assert together[3].details.get("median") == together.corrections[3].describe()
    text = repr(longer)
    assert "by itself" in text
    assert longer.alone.startswith("network alone's error is")
    single = lab.backtest(
        run, table(), horizon=HORIZON, origins=ORIGINS, paths=CHUNK, combine=False, baselines=("naive",)
    )
    assert list(single.forecasts) == ["network", "naive"]
    assert np.array_equal(single.forecasts["network"].paths, by_itself.paths)
    assert single.alone is None
    assert "by itself" not in repr(single)


def test_a_run_with_a_baselines_name_is_not_taken_for_it(run, longer):
    named = lab.backtest(replace(run, name="naive"), table(), horizon=HORIZON, origins=ORIGINS, paths=CHUNK)
    assert named.network == "network"
    same(named, longer)


def test_too_few_origins_to_calibrate_are_enough_to_lean_on():
    frame = table().iloc[:150]  # 26 origins calibrate, and a band of 99 % would need 99
    run = lab.train(frame.iloc[:110], target="price", **TRAIN)
    result = lab.backtest(run, frame, horizon=HORIZON, origins=20, paths=CHUNK, interval=99)
    assert "not calibrated" in result.details
    ours = result.forecasts["network"]
    assert ours.kind == "predictive"
    assert ours.corrections[0].known == 20
    assert ours.corrections[0].weights.sum() > 0
    assert result.forecasts["naive"].corrections[-1].weights.shape == (0,)
