"""Newer rows for a run: the same network, a later origin, bands of the newest calibration rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.data.dataset import Dataset
from lstm_lab.errors import DataError
from lstm_lab.forecasting.predictor import Predictor
from lstm_lab.options import ForecastOptions
from lstm_lab.simulation.simulator import CHUNK

HORIZON = 3
TRAIN = {"transform": "diff", "features": ["wind"], "units": [4], "dense": [], "lookback": 8, "epochs": 1}


def table(rows=500):
    rng = np.random.default_rng(5)
    index = pd.date_range("2021-03-01", periods=rows, freq="D", name="day")
    wind = np.sin(np.arange(rows) / 9) + rng.normal(0, 0.1, rows)
    return pd.DataFrame({"price": 50 + rng.normal(0, 1, rows).cumsum() + wind, "wind": wind}, index=index)


@pytest.fixture(scope="module")
def run():
    return lab.train(table().iloc[:300], target="price", **TRAIN)


def test_the_network_stays_and_the_forecast_starts_later(run):
    later = run.on(table())
    assert later.model is run.model
    assert later.simulator is run.simulator
    forecast = later.forecast(HORIZON, paths=CHUNK)
    assert forecast.index[0] == table().index[-1] + pd.Timedelta(days=1)
    assert forecast.kind == "calibrated"
    assert run.forecast(HORIZON, paths=CHUNK).index[0] == table().index[300]
    observed = Dataset.of(table(), run.encoder, 8)
    alone = run.simulator.chunk(observed.newest(HORIZON), HORIZON, _settings(later))[0]
    raw = later.forecast(HORIZON, paths=CHUNK, calibrate=False).paths
    np.testing.assert_allclose(raw, alone)


def _settings(run):
    return Predictor(run.fitted, run.dataset, ForecastOptions(horizon=HORIZON)).settings


def test_bands_learn_from_the_newest_rows_and_forget_old_ones(run):
    later = run.on(table())
    cuts = later.dataset.cuts[0]
    assert (run.dataset.cuts[0].validation, run.dataset.cuts[0].calibration, run.dataset.cuts[0].rows) == (
        240,
        270,
        300,
    )
    assert (cuts.validation, cuts.calibration, cuts.rows, cuts.expired) == (240, 455, 500, 185)
    assert later.dataset.windows.target_rows[later.dataset.split.calibration].tolist() == list(range(455, 500))
    np.testing.assert_array_equal(later.dataset.split.train, run.dataset.split.train)
    np.testing.assert_array_equal(later.dataset.split.validation, run.dataset.split.validation)
    np.testing.assert_array_equal(later.residuals().rows, np.arange(455, 500))
    assert "train 240, validation 30, calibration 45, older than the band remembers 185" in repr(later)
    assert later.past_forecasts is not run.past_forecasts


def test_a_few_newer_rows_forget_none(run):
    cuts = run.on(table().iloc[:310]).dataset.cuts[0]
    assert (cuts.calibration, cuts.rows, cuts.expired) == (270, 310, 0)


@pytest.mark.parametrize("first", [300, 290, 0])
def test_the_later_rows_alone_are_enough_and_may_overlap(run, first):
    whole, part = run.on(table()), run.on(table().iloc[first:])
    pd.testing.assert_frame_equal(whole.frame, part.frame, check_freq=False)
    np.testing.assert_array_equal(whole.forecast(HORIZON, paths=CHUNK).paths, part.forecast(HORIZON, paths=CHUNK).paths)


def test_more_history_in_front_moves_no_cut_in_time():
    run = lab.train(table().iloc[100:300], target="price", **TRAIN)
    whole = run.on(table()).dataset.cuts[0]
    part = run.on(table().iloc[100:]).dataset.cuts[0]
    assert whole.validation == part.validation + 100
    assert whole.rows - whole.calibration == part.rows - part.calibration


def test_a_run_without_calibration_rows_gets_some():
    run = lab.train(table().iloc[:300], target="price", **{**TRAIN, "calibration": 0})
    assert run.forecast(HORIZON, paths=CHUNK).kind == "dropout spread"
    later = run.on(table())
    assert (later.dataset.cuts[0].calibration, later.dataset.cuts[0].rows) == (300, 500)
    assert later.forecast(HORIZON, paths=CHUNK).kind == "calibrated"


def test_rows_that_are_not_newer_are_refused(run):
    with pytest.raises(
        DataError, match=r"newer rows come after the run's last, 2021-12-25, but these end at 2021-12-2"
    ):
        run.on(table().iloc[:296])


@pytest.mark.parametrize("between", [310, 400])
def test_twice_is_the_same_as_once(run, between):
    twice, once = run.on(table().iloc[:between]).on(table()), run.on(table())
    assert twice.dataset.cuts[0] == once.dataset.cuts[0]
    for part in ("train", "validation", "calibration"):
        np.testing.assert_array_equal(getattr(twice.dataset.split, part), getattr(once.dataset.split, part))
    pd.testing.assert_frame_equal(twice.frame, once.frame)


def test_what_follows_from_training_rows_is_shared_unless_they_were_revised(run):
    run.forecast(HORIZON, paths=CHUNK)
    same, revised = table().iloc[:300], table().iloc[:300].copy()
    revised["wind"] += 0.1
    newer = table().iloc[300:]
    later, other = (run.on(pd.concat([earlier, newer])) for earlier in (same, revised))
    assert vars(later.fitted.errors)["earlier"] is run.fitted.errors.earlier
    assert "earlier" not in vars(other.fitted.errors)
    fresh = run.on(pd.concat([same, newer]))
    del vars(fresh.fitted.errors)["earlier"]
    np.testing.assert_array_equal(fresh.fitted.errors.earlier, later.fitted.errors.earlier)
    assert fresh.season == later.season
    assert not np.array_equal(other.fitted.errors.earlier, later.fitted.errors.earlier)


def rows_of(table, form, folder):
    table = table.reset_index()
    if form == "path":
        table.to_csv(folder / "rows.csv", index=False)
        return folder / "rows.csv"
    return pytest.importorskip("polars").DataFrame(table) if form == "polars" else table.to_dict("list")


@pytest.mark.parametrize("form", ["path", "polars", "dict"])
def test_newer_rows_and_futures_come_in_as_data_do(run, tmp_path, form):
    later = run.on(rows_of(table().iloc[:310], form, tmp_path))
    pd.testing.assert_frame_equal(later.frame, run.on(table().iloc[:310]).frame, check_freq=False)
    plain = run.forecast(HORIZON, paths=CHUNK, calibrate=False, combine=False, known=table().iloc[300:303][["wind"]])
    for known in (rows_of(table()[["wind"]], form, tmp_path), rows_of(table().iloc[300:310][["wind"]], form, tmp_path)):
        same = run.forecast(HORIZON, paths=CHUNK, calibrate=False, combine=False, known=known)
        np.testing.assert_array_equal(same.paths, plain.paths)
    held = run.forecast(HORIZON, paths=CHUNK, calibrate=False, combine=False)
    assert not np.array_equal(held.paths, plain.paths)


def test_futures_and_newer_rows_that_do_not_match_are_one_line(run):
    with pytest.raises(DataError, match=r"known has a column 'wimd' that the run does not know; did you mean 'wind'\?"):
        run.forecast(HORIZON, known={"wimd": [1, 2, 3]})
    with pytest.raises(DataError, match=r"got none for 2021-12-26 \(3 such steps"):
        run.forecast(HORIZON, known=run.frame)
    with pytest.raises(DataError, match=r"the run's times have no zone and newer rows are in UTC; take it off"):
        run.on(table().tz_localize("UTC"))
    with pytest.raises(DataError, match="newer rows have none; give them such times"):
        run.on(table().reset_index(drop=True))


def test_a_run_remembers_how_its_dates_were_read_in_a_file_too(tmp_path):
    dated = table(76).reset_index().assign(day=lambda rows: rows["day"].dt.strftime("%d/%m/%Y"))
    run = lab.train(dated.iloc[:66], target="price", **TRAIN | {"features": ["wind"], "lookback": 4})
    assert run.frame.index[-1] == pd.Timestamp("2021-05-05")
    assert run.frame.attrs["lstm_lab"]["dates"]["dayfirst"] is True
    run.save(tmp_path / "run.lstm")
    for one in (run, lab.load_run(tmp_path / "run.lstm")):
        later = one.on(dated.iloc[66:70])  # 06/05/2021 to 09/05/2021, which June to September fit too
        assert later.frame.index[-1] == pd.Timestamp("2021-05-09")
        assert later.on(dated.iloc[70:72]).frame.index[-1] == pd.Timestamp("2021-05-11")
        assert (np.diff(later.frame.index) == np.timedelta64(1, "D")).all()


def test_a_run_says_how_dates_were_read_and_which_were_not():
    months = pd.DataFrame({"when": pd.date_range("2010-01-01", periods=90, freq="MS").strftime("%d/%m/%Y")})
    months["price"] = np.sin(np.arange(90) / 3)
    small = {"units": [4], "dense": [], "lookback": 4, "epochs": 1, "transform": "none"}
    told = repr(lab.train(months, target="price", **small))
    assert "'when' read day first (%d/%m/%Y), because its steps are even; month first fits too" in told
    with pytest.warns(UserWarning, match="'when' and 'end' look like dates"):
        run = lab.train(months.assign(end=months["when"]), target="price", **small)
    assert "rows are only counted, though 'when' and 'end' look like dates; name the column with time='when'" in repr(
        run
    )
