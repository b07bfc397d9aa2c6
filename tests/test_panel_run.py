"""One network over many series: what `lab.train` makes of a panel."""

import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.data.windows.cuts import cut_rows
from lstm_lab.diagnostics.training_choices import residual_losses
from lstm_lab.errors import DataError, OptionError
from lstm_lab.forecasting.correction_record import corrections_from_file, corrections_to_file
from lstm_lab.forecasting.coverage import Coverage
from lstm_lab.forecasting.panel_forecast import TotalCalibration
from tests.data.panels import made_panel

SMALL = {"units": [5], "dense": [], "epochs": 2, "lookback": 14, "seed": 3}
IDS = {"id": "store", "target": "units", "time": "day"}


@pytest.fixture(scope="module")
def table():
    return made_panel()


@pytest.fixture(scope="module")
def run(table):
    return lab.train(
        table[(table.store != "s05") | (table.day < "2023-01-30")],
        **IDS,
        static=["region", "size"],
        features=["auto", "promo"],
        short="skip",
        **SMALL,
    )


def test_one_id_is_trained_like_a_lone_series_to_the_last_bit(table):
    one = table[table.store == "s02"]
    features = {"features": ["auto", "promo"], "supervise": "every", **SMALL}
    with_id = lab.train(one, **IDS, **features)
    lone = lab.train(one.drop(columns="store"), target="units", time="day", **features)
    for weights, expected in zip(with_id.model.get_weights(), lone.model.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, expected)
    np.testing.assert_array_equal(with_id.history["val_loss"], lone.history["val_loss"])
    assert with_id.metrics["naive_val_loss"] == lone.metrics["naive_val_loss"]
    np.testing.assert_array_equal(with_id.fitted.errors.calibration, lone.fitted.errors.calibration)


def test_a_run_says_how_many_series_it_has_and_which_ids_are_left_out(run):
    told = dict(run.summary_table().rows)
    assert told["series"].startswith("5 of ")
    assert told["left out"] == "1 with too few rows to train on: 's05'"
    assert told["data"].startswith(f"{len(run.frame):,} rows, 2023-01-08 to 2023-05-27")
    assert "gap" not in told["data"]
    assert run.frame.index.names == ["store", "day"]


def test_the_naive_loss_is_that_of_each_series_own_unit(run):
    dataset = run.dataset
    windows, validation = dataset.windows, dataset.split.validation
    series = dataset.series[windows.target_rows[validation]]
    no_change = -dataset.encoder.series.mean[series, 0] / dataset.encoder.series.scale[series, 0]
    errors = np.abs(windows.targets(validation) - no_change.astype(np.float32))
    huber = np.where(errors <= 1, errors**2 / 2, errors - 0.5).mean()
    assert run.metrics["naive_val_loss"] == pytest.approx(huber, rel=1e-5)


def test_residuals_are_in_units_of_their_series(run):
    errors = run.fitted.errors
    series = run.dataset.series[run.dataset.windows.target_rows[run.dataset.split.calibration]]
    np.testing.assert_allclose(run.residuals().values * errors.sizes[series], errors.calibration)  # noqa: PD011 - no frame
    largest = [np.sqrt(np.mean(errors.calibration[series == number] ** 2)) for number in range(5)]
    assert np.argmax(errors.sizes) == np.argmax(largest)
    with pytest.raises(lab.LabError, match=r"noise='scaled' follows .* one series, got 5 series; use noise='residual'"):
        run.residuals(scaled=True)


@pytest.fixture(scope="module")
def again(run, tmp_path_factory):
    return lab.load_run(run.save(tmp_path_factory.mktemp("saved") / "panel.lstm"))


def test_what_is_loaded_is_the_same_run(run, again):
    assert again.dataset.ids == run.dataset.ids
    assert again.dataset.left_out == ("s05",)
    assert again.dataset.cuts == run.dataset.cuts
    pd.testing.assert_frame_equal(again.frame, run.frame, check_names=True)
    np.testing.assert_array_equal(again.dataset.matrix, run.dataset.matrix)
    assert repr(again) == repr(run)


def test_a_loaded_run_forecasts_the_same_paths_and_knows_its_regions(run, again, table):
    np.testing.assert_array_equal(again.forecast(5).paths, run.forecast(5).paths)
    new = table[table.store == "s00"].assign(store="new")
    np.testing.assert_array_equal(again.forecast(5, data=new).paths, run.forecast(5, data=new).paths)
    other = run.forecast(5, data=new.assign(region="west")).paths
    assert not np.array_equal(other, run.forecast(5, data=new).paths)


def test_corrections_are_saved_with_a_run_and_not_simulated_again(run, tmp_path, monkeypatch):
    options = {"paths": 60, "interval": 70}
    drawn = run.forecast(3, **options)
    again = lab.load_run(run.save(tmp_path / "corrected.lstm"))

    def refuse(*_, **__):
        raise AssertionError("simulated again")

    monkeypatch.setattr("lstm_lab.forecasting.panel_predictor.simulate_past", refuse)
    loaded = again.forecast(3, **options)
    np.testing.assert_array_equal(loaded.paths, drawn.paths)
    assert repr(loaded) == repr(drawn)
    assert loaded.kind == "calibrated"
    pd.testing.assert_series_equal(loaded.coverage_by_id, drawn.coverage_by_id)
    assert (loaded.coverage, loaded.off) == (drawn.coverage, drawn.off)
    with pytest.raises(AssertionError, match="simulated again"):
        again.forecast(2, **options)


def test_a_correction_is_the_same_after_a_file(run):
    run.forecast(3, paths=60)
    key, correction = next(iter(run.corrections.items()))
    measured = Coverage.measure(np.array([[1.0, 0.0], [1.0, 1.0]]), 90.0)
    first = {key: replace(correction, total=TotalCalibration(1.5, measured, 7))}
    described, arrays = corrections_to_file(first)
    second = corrections_from_file(json.loads(json.dumps(described)), arrays)
    assert list(second) == [key]
    before, after = first[key], second[key]
    assert asdict(after.total) == asdict(before.total)
    assert after.coverage == before.coverage
    for name in ("weights", "shared_weights", "inside", "off"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    for name in ("stretch", "floor"):
        np.testing.assert_array_equal(getattr(after.calibration, name), getattr(before.calibration, name))
    np.testing.assert_array_equal(after.calibration.pooled.scores, before.calibration.pooled.scores)


def test_resuming_trains_on_newer_rows_and_on_those_of_a_new_id(table, tmp_path):
    early = table[table.day < "2023-03-01"]
    first = lab.train(early[early.store != "s01"], **IDS, **SMALL, short="skip")
    weights = [each.copy() for each in first.model.get_weights()]
    same = first.resume(epochs=1)
    assert same.dataset.cuts == first.dataset.cuts
    tiny = table[table.store == "s05"].iloc[:3].assign(store=["one", "two", "two"])
    longer = first.resume(pd.concat([table[table.store != "s05"], tiny]), epochs=1)
    for before, now in zip(weights, first.model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, now)
    assert longer.dataset.ids == ("s00", "s01", "s02", "s03", "s04", "s05")
    assert longer.dataset.left_out == ("one", "two")
    assert dict(longer.summary_table().rows)["left out"] == "2 with too few rows to train on: 'one', 'two'"
    with pytest.raises(DataError, match=r"short='error'.* but 2 of 7 ids have none: 'one', 'two'; leave"):
        first.on(tiny).dataset.cut_anew(0.1, 0.1).trainable(refuse=True)
    for number, cuts in enumerate(longer.dataset.cuts):
        rows = int(np.diff(longer.dataset.borders)[number])
        assert (cuts.rows, cuts.calibration) == (rows, cut_rows(rows, validation=0.1, calibration=0.1).calibration)
    windows, split = longer.dataset.windows, longer.dataset.split
    trained = longer.dataset.series[windows.target_rows[split.train]]
    assert set(trained) == set(range(6))  # the new id's too
    assert longer.history.index[0] == 0
    scale = first.dataset.store.scaling.scale[first.dataset.ids.index("s02")]
    np.testing.assert_array_equal(longer.dataset.store.scaling.scale[2], scale)
    again = lab.load_run(longer.save(tmp_path / "longer.lstm"))
    np.testing.assert_array_equal(again.forecast(3, paths=50).paths, longer.forecast(3, paths=50).paths)


@pytest.mark.parametrize("ids", [[7, 11], [pd.Timestamp("2020-01-01"), pd.Timestamp("2021-01-01")]])
def test_ids_keep_their_type_in_a_file(table, tmp_path, ids):
    two = table[table.store < "s02"].assign(store=lambda t: t.store.map({"s00": ids[0], "s01": ids[1]}))
    run = lab.train(two, **IDS, **{**SMALL, "epochs": 1})
    assert lab.load_run(run.save(tmp_path / "two.lstm")).dataset.ids == tuple(ids)


def test_gates_of_an_id_are_those_of_its_own_rows(run):
    trace = run.gates(id="s02")
    assert trace.verified
    assert trace.index[-1] == run.frame.loc["s02"].index[-1]
    np.testing.assert_array_equal(trace.inputs, run.dataset.matrix[run.dataset.series == 2][-14:])
    assert trace.history.iloc[-1] == run.frame.loc["s02", "units"].iloc[-1]
    with pytest.raises(OptionError, match=r"gates takes one of the 5 ids; name it with id='s00'"):
        run.gates()


def test_the_run_of_one_id_is_a_run_of_one_series(run):
    lone = run.series("s02")
    assert not lone.dataset.is_panel
    np.testing.assert_array_equal(lone.dataset.matrix, run.dataset.matrix[run.dataset.series == 2])
    assert lone.forecast(3, calibrate=False).history.index.equals(
        run.frame.loc["s02"].index[-lone.forecast(3).history.size :]
    )
    scores = lab.backtest(lone, horizon=3, origins=3, paths=50).summary
    assert (scores["mae"] > 0).all()
    assert "naive" in scores.index
    with pytest.raises(DataError, match="no id 's2' in the run; did you mean"):
        run.series("s2")


def test_a_stream_of_an_id_goes_on_with_its_rows(run):
    stream = run.stream(horizon=2, id="s02")
    row = run.frame.loc["s02"].iloc[-1]
    forecast = stream.push({"units": float(row["units"]), "promo": 0.0})
    assert forecast.index[0] == run.frame.loc["s02"].index[-1] + pd.Timedelta(days=2)
    assert 0.2 < np.median(forecast.paths) / row["units"] < 5


def test_a_lone_run_has_no_ids(table):
    lone = lab.train(table[table.store == "s02"], target="units", time="day", **{**SMALL, "epochs": 1})
    with pytest.raises(OptionError, match=r"id= belongs to a run of many series, .* got 's02'; leave it out"):
        lone.gates(id="s02")


def test_losses_over_residuals_are_in_the_standard_deviations_of_each_series(run):
    losses = residual_losses(run.fitted, "huber", 1.0)
    np.testing.assert_array_equal(np.sort(losses.residuals), np.sort(run.fitted.errors.calibration))
    assert dict(losses.summary_table().rows)["delta"] == "1 standard deviation"
