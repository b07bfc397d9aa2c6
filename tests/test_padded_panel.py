"""Ids with fewer rows than the lookback: trained on and forecast from padded windows, with and without a mask."""

import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.events import SamplingListener
from lstm_lab.interpret.inspection import trace_at, trace_windows
from lstm_lab.models.backend import keras
from lstm_lab.simulation.simulator import SimulationSettings
from tests.data.panels import made_panel

IDS = {"id": "store", "target": "units", "time": "day"}
SMALL = {"units": [5, 4], "dense": [], "epochs": 1, "lookback": 20, "seed": 3, "transform": "none"}


@pytest.fixture(scope="module")
def table():
    whole = made_panel(4)
    counts = {"s02": 12, "s03": 4}
    parts = [part.iloc[: counts.get(name, len(part))] for name, part in whole.groupby("store")]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def run(table):
    return lab.train(table, **IDS, **SMALL)  # short="pad" is the default


def alternating(series=30):
    """Make series of 12 to 18 rows that go up and down by turns."""
    rng = np.random.default_rng(0)
    parts = []
    for number in range(series):
        count = int(rng.integers(12, 19))
        units = 10.0 + 3.0 * (-1.0) ** np.arange(count) + 0.05 * rng.normal(size=count)
        parts.append(pd.DataFrame({"store": f"s{number:02d}", "day": np.arange(count), "units": units}))
    return pd.concat(parts, ignore_index=True)


def test_only_an_id_with_too_few_rows_to_pad_is_left_out(run, table):
    assert run.dataset.ids == ("s00", "s01", "s02")
    assert run.dataset.left_out == ("s03",)
    assert run.dataset.shortest.tolist() == [20, 20, 2]
    windows, split = run.dataset.windows, run.dataset.split
    series = run.dataset.series[windows.target_rows]
    assert set(windows.lengths[series < 2]) == {20}
    assert windows.lengths[series == 2].tolist() == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert [int((series[part] == 2).sum()) for part in (split.train, split.validation, split.calibration)] == [8, 1, 1]
    joined = run.on(table)
    assert joined.dataset.ids == ("s00", "s01", "s02", "s03")
    assert joined.dataset.left_out == ()
    skipped = lab.train(table, **IDS, **SMALL, short="skip")
    assert skipped.dataset.left_out == ("s02", "s03")
    assert skipped.dataset.windows.lengths is None


def test_a_run_says_how_much_of_what_it_computed_is_padding(run):
    told = dict(run.summary_table().rows)["padding"]
    assert told.startswith("8 of ")
    assert "masked" in told
    assert "if all were padded to the longest" in told


def test_residuals_of_padded_windows_are_those_of_their_rows_alone(run):
    windows = run.dataset.windows
    short = np.flatnonzero(windows.lengths < 20)
    errors = run.fitted.errors.over(short)
    for error, window, length, target in zip(
        errors, windows.inputs(short), windows.lengths[short], windows.targets(short), strict=True
    ):
        alone = float(run.model(window[None, :length], training=False)[0, 0])
        assert error == pytest.approx(target - alone, abs=1e-5)


def paths(run, origins, rollout):
    return run.simulator.chunk(origins, 5, SimulationSettings(rollout, "path", None, 0))


def test_a_short_series_is_forecast_from_its_own_rows(run):
    times = pd.date_range("2024-01-01", periods=5)
    origins = run.dataset.newest_origins(np.array([2]), times)
    assert origins.lengths.tolist() == [12]
    whole = replace(origins, windows=origins.windows[:, :12], lengths=None)
    carried = paths(run, whole, "state")
    np.testing.assert_allclose(paths(run, origins, "state"), carried, rtol=1e-4)
    # Its window grows by every simulated row, so that it holds what a carried state has seen.
    np.testing.assert_allclose(paths(run, origins, "window"), carried, rtol=1e-4)


@pytest.mark.parametrize("rollout", ["window", "state"])
def test_no_value_of_padding_moves_a_bit_of_a_path(run, rollout):
    dataset = run.dataset
    rows = np.append(dataset.calibration_origins(1)[:3], dataset.borders[3] - 1)
    origins = dataset.origins(rows, 1)
    origins = replace(origins, known=np.repeat(origins.known, 5, axis=1))
    assert origins.lengths.tolist() == [20, 20, 20, 11]
    windows = origins.windows.copy()
    windows[np.arange(20) >= origins.lengths[:, None]] = 1e6
    np.testing.assert_array_equal(paths(run, origins, rollout), paths(run, replace(origins, windows=windows), rollout))


def test_a_whole_series_beside_a_padded_one_is_forecast_as_without_it(run):
    times = pd.date_range("2024-01-01", periods=5)
    both = run.dataset.newest_origins(np.array([0, 2]), times.append(times))
    alone = run.dataset.newest_origins(np.array([0]), times)
    assert both.lengths.tolist() == [20, 12]
    assert alone.lengths is None
    np.testing.assert_allclose(paths(run, both, "window")[0], paths(run, alone, "window")[0], rtol=1e-4)


def test_without_a_mask_a_network_learns_padding_in_the_place_of_the_series():
    table = alternating()
    options = {
        "lookback": 40,
        "units": [8],
        "dense": [],
        "dropout": 0.0,
        "epochs": 40,
        "learning_rate": 0.02,
        "seed": 1,
    }
    losses = {}
    for mask in ("on", "off"):
        run = lab.train(table, **IDS, **options, transform="none", supervise="every", short="pad", mask=mask)
        losses[mask] = run.metrics["val_loss"]
        assert run.dataset.padding == {"on": "masked", "off": "read"}[mask]
    assert losses["off"] > 10 * losses["on"]
    assert "read as if it were data (mask off)" in dict(run.summary_table().rows)["padding"]


def test_what_would_read_padding_is_refused_with_its_remedy(table):
    layers = [keras.layers.Flatten(), keras.layers.Dense(1)]
    with pytest.raises(lab.LabError, match=r"\(Flatten\).*put GlobalAveragePooling1D or a recurrent layer"):
        lab.train(table, **IDS, lookback=20, epochs=1, stack=layers, short="pad")


def test_a_mask_without_padding_is_refused(table):
    with pytest.raises(lab.LabError, match=r"short='skip' pads no window; leave mask= out, or use id= and short='pad'"):
        lab.train(table, **IDS, **SMALL, short="skip", mask="off")
    with pytest.raises(lab.LabError, match="one series has no padding; leave mask= out"):
        lab.train(table[table.store == "s00"].units, **SMALL, mask="off")


def test_ids_with_too_few_rows_to_pad_are_refused_where_none_is_left():
    table = made_panel(2, rows=(4, 5))
    with pytest.raises(lab.LabError, match=r"needs 3 training rows without a gap \(padded: 2 steps \+ 1 target\)"):
        lab.train(table, **IDS, **SMALL, short="pad")


def test_every_id_is_forecast_and_a_padded_one_from_its_own_rows(run):
    forecast = run.forecast(3, paths=50, seed=1)
    assert forecast.ids == ("s00", "s01", "s02")
    assert np.isfinite(forecast.paths).all()
    assert forecast.left_out == ()
    again = run.forecast(3, paths=50, seed=1, ids=["s02"])
    np.testing.assert_allclose(again.paths[0], forecast.paths[2], rtol=1e-4)


def test_a_new_id_with_few_rows_is_forecast_without_training(run, table):
    new = table[table.store == "s02"].assign(store="new")
    forecast = run.forecast(3, paths=50, seed=1, data=new)
    assert forecast.ids == ("new",)
    assert np.isfinite(forecast.paths).all()


def test_a_lookback_that_no_id_fills_is_warned_of_before_the_training(table):
    # A warning is an error here, so nothing is trained.
    with pytest.raises(UserWarning, match=r"lookback is 5,000 rows, .* has (\d+), .* lookback=\1 reads as much"):
        lab.train(table, **{**IDS, **SMALL, "lookback": 5000})


def test_memory_is_measured_over_whole_windows(run):
    measured = run.memory(units=2, updates=1, recall=[])
    assert np.isfinite(measured.flow.select_dtypes("number").to_numpy()).all()


def test_gates_of_a_padded_window_are_those_of_its_rows_alone(run):
    dataset = run.dataset
    newest = trace_at(run.fitted, dataset, -1)
    assert len(newest.index) == 12
    np.testing.assert_array_equal(newest.batch[0], dataset.matrix[-12:])
    assert newest.verified < 1e-6
    earlier = trace_at(run.fitted, dataset, len(dataset) - 4)
    assert len(earlier.index) == 9
    assert len(trace_windows(run.fitted, dataset, 5).index) == 20


@pytest.mark.parametrize("rollout", ["window", "state"])
def test_the_numbers_of_an_id_do_not_depend_on_the_ids_beside_it(run, rollout):
    options = {"paths": 60, "seed": 5, "rollout": rollout}
    every = run.forecast(4, **options)
    for ids in (["s00"], ["s02"], ["s01", "s00"], ["s02", "s01"], "s01,s02"):
        some = run.forecast(4, ids=ids, **options)
        assert list(some) == (ids.split(",") if isinstance(ids, str) else ids)
        for name in some:
            np.testing.assert_array_equal(some[name].paths, every[name].paths)


def test_a_stopped_forecast_keeps_the_ids_that_are_done(run, table, monkeypatch):
    monkeypatch.setattr("lstm_lab.forecasting.panel_predictor.TOGETHER", 1)
    stop = threading.Event()

    class StopAtOnce(SamplingListener):
        def on_progress(self, progress):
            if progress.label == "forecasting series":
                stop.set()

    kept = run.forecast(3, ids=["s02", "s01", "s00"], paths=60, stop=stop, listener=StopAtOnce())
    assert list(kept) == ["s01"]  # whole windows come first
    monkeypatch.undo()
    own = table[table.store == "s01"].day.max()
    assert kept["s01"].index[0] == own + pd.Timedelta(days=1)
    assert kept["s01"].paths.shape == (60, 3)
