"""A run of a long series is saved with its newest rows and a fingerprint of all: a small file, the same forecasts."""

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.data import older_rows
from lstm_lab.errors import DataError
from lstm_lab.simulation.simulator import CHUNK

ROWS = 900


def table(rows=ROWS):
    rng = np.random.default_rng(5)
    index = pd.date_range("2023-01-01", periods=1_000, freq="h")
    y, x = 60 + np.sin(np.arange(1_000) / 4) + rng.normal(size=1_000).cumsum() / 9, rng.normal(size=1_000)
    return pd.DataFrame({"y": y, "x": x}, index=index).iloc[:rows]


@pytest.fixture(scope="module")
def run():
    features = ["x", "hour", "bollinger(20, 2)"]
    return lab.train(
        table(), target="y", features=features, transform="diff", units=[4], dense=[], epochs=1, lookback=10
    )


@pytest.fixture(scope="module")
def file(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    run.save(folder / "whole.lstm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(older_rows, "KEPT", 500)
        return run.save(folder / "tail.lstm")


def paths(run, **options):
    return run.forecast(6, paths=CHUNK, **options).paths


@pytest.mark.parametrize("noise", ["residual", "scaled"])
def test_a_run_of_its_newest_rows_forecasts_what_the_whole_run_does(run, file, noise):
    loaded = lab.load_run(file)
    assert len(loaded.frame) < 200
    assert loaded.frame.equals(run.frame.iloc[-len(loaded.frame) :])
    np.testing.assert_array_equal(paths(loaded, noise=noise), paths(run, noise=noise))
    assert loaded.metrics == run.metrics
    assert loaded.season == run.season
    np.testing.assert_array_equal(loaded.gates().layers[0].forget, run.gates().layers[0].forget)


def test_a_backtest_is_that_of_the_whole_run_and_says_what_is_measured_by_the_rows_kept(run, file):
    whole, kept = (lab.backtest(each, horizon=4, origins=3, paths=CHUNK) for each in (run, lab.load_run(file)))
    own = [each.summary.loc[["network", "network alone"]].drop(columns=["seconds", "mase"]) for each in (whole, kept)]
    pd.testing.assert_frame_equal(*own)
    assert kept.details["baselines and mase"].startswith("by the newest")
    assert "baselines and mase" not in whole.details


def test_it_says_what_it_keeps_and_stays_the_same_when_it_is_saved_again(run, file, tmp_path):
    loaded = lab.load_run(file)
    assert f"of 900 rows the newest {len(loaded.frame)} rows" in repr(loaded)
    assert "train 720, validation 90, calibration 90" in repr(loaded)
    again = lab.load_run(loaded.save(tmp_path / "again.lstm"))
    assert repr(again) == repr(loaded)
    np.testing.assert_array_equal(paths(again), paths(run))


def test_past_forecasts_are_kept_by_their_rows(run, tmp_path, monkeypatch):
    monkeypatch.setattr(older_rows, "KEPT", 500)
    expected = paths(run)
    loaded = lab.load_run(run.save(tmp_path / "calibrated.lstm"))
    assert set(loaded.past_forecasts) == set(run.past_forecasts) != set()
    np.testing.assert_array_equal(paths(loaded), expected)


def test_newer_rows_join_with_or_without_the_old_ones(run, file):
    expected = paths(run.on(table(940)))
    loaded = lab.load_run(file)
    np.testing.assert_array_equal(paths(loaded.on(table(940).iloc[ROWS:])), expected)
    whole = loaded.on(table(940))
    assert len(whole.frame) == 940
    np.testing.assert_array_equal(paths(whole), expected)
    revised = table(940)
    revised.iloc[3, 0] += 1.0  # a row that the file does not have, and another fingerprint
    assert len(loaded.on(revised).frame) == len(loaded.frame) + 40
    stream, other = loaded.stream(horizon=3), run.stream(horizon=3)
    np.testing.assert_array_equal(stream.push(table(901).iloc[-1]).paths, other.push(table(901).iloc[-1]).paths)


def test_what_reads_training_rows_is_refused_until_they_are_given_again(run, file, tmp_path):
    loaded = lab.load_run(file)
    kept = f"keeps the newest {len(loaded.frame)} of 900 rows; give all of them again as newer rows, run.on"
    for work in (
        lambda: loaded.resume(epochs=1),
        lambda: loaded.resume(table(940).iloc[ROWS:], epochs=1),
        lambda: lab.backtest(loaded, horizon=4, origins=2, refit=True),
        lambda: loaded.export(tmp_path / "x.tflite", quantize="int8"),
    ):
        with pytest.raises(DataError) as refused:
            work()
        assert kept in str(refused.value)
        assert "\n" not in str(refused.value)
    whole = loaded.on(table())
    assert whole.dataset.older is None
    assert whole.dataset.cuts == run.dataset.cuts
    np.testing.assert_array_equal(paths(whole), paths(run))
    first, second = (each.resume(epochs=1) for each in (whole, run))
    for one, other in zip(first.model.get_weights(), second.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_short_run_is_saved_whole(file):
    assert len(lab.load_run(file.with_name("whole.lstm")).frame) == ROWS
    assert file.stat().st_size < file.with_name("whole.lstm").stat().st_size


def test_a_fingerprint_follows_from_times_and_values_whatever_unit_the_times_have():
    frame = table(50)
    first = older_rows.fingerprint(frame, ["y"])
    assert older_rows.fingerprint(frame.set_axis(frame.index.as_unit("s")), ["y"]) == first
    assert older_rows.fingerprint(frame.set_axis(frame.index + pd.Timedelta("1h")), ["y"]) != first
    assert older_rows.fingerprint(frame, ["y", "x"]) != first
    late = pd.date_range("2900", periods=50, freq="D", unit="s")  # beyond what nanoseconds can count
    assert len(older_rows.fingerprint(frame.set_axis(late), ["y"])) == 64
