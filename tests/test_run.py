"""`train`, `Run` and `Predictor`: the main road, its promises about leakage and seeds, and how it ends early."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.data.dataset import Dataset
from lstm_lab.diagnostics.training_choices import residual_losses
from lstm_lab.errors import CalibrationError, DataError, ForecastError, LabError, OptionError
from lstm_lab.events import SamplingListener
from lstm_lab.forecasting.predictor import Predictor, evenly_spaced
from lstm_lab.models.backend import keras
from lstm_lab.simulation.simulator import CHUNK

OWN = {"lookback": 8, "epochs": 2, "batch": 32, "transform": "diff"}
"""Options beside a stack of the test's own."""
TINY = {"units": [4], "dense": "none", **OWN}


def daily(rows: int = 300, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    days = np.arange(rows)
    wave = 10 + 2 * np.sin(days / 7) + np.cumsum(rng.normal(0, 0.2, rows))
    index = pd.date_range("2023-01-01", periods=rows, freq="D", name="day")
    return pd.DataFrame({"sales": wave, "rain": rng.normal(0, 1, rows)}, index=index)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return daily()


@pytest.fixture(scope="module")
def run(frame) -> lab.Run:
    return lab.train(frame, target="sales", features=["rain", "dayofweek"], **TINY)


def weights(run: lab.Run) -> np.ndarray:
    return np.concatenate([w.ravel() for w in run.model.get_weights()])


def test_a_run_holds_what_the_contract_names(run, frame):
    assert run.model.input_shape[1:] in {(8, 4), (None, 4)}
    assert run.encoder.columns == ("diff(sales)", "rain", "dayofweek_sin", "dayofweek_cos")
    assert list(run.history.columns) == ["loss", "val_loss", "mae", "val_mae", "learning_rate", "seconds", "best"]
    assert len(run.history) == 2
    assert run.metrics["val_loss"] == pytest.approx(run.history["val_loss"].min())
    assert run.metrics["parameters"] == run.model.count_params()
    pd.testing.assert_frame_equal(run.frame, frame)
    text = repr(run)
    for part in ("sales", "LSTM 4", "300 rows", "train 240, validation 30, calibration 30", "kept epoch"):
        assert part in text


def test_a_run_scaled_to_a_range_forecasts_says_so_and_draws_no_losses(frame, tmp_path):
    ranged = lab.train(frame, target="sales", features=[], scaler="minmax", **TINY)
    assert "scaler           minmax, to the range of the training rows" in repr(ranged)
    train = ranged.dataset.encoder.standardise(np.diff(frame["sales"])[:239])
    assert (train.min(), train.max()) == (0, 1)
    band = ranged.forecast(5, paths=50).frame
    assert np.isfinite(band.to_numpy(np.float64)).all()
    again = lab.load_run(ranged.save(tmp_path / "ranged.lstm"))
    pd.testing.assert_frame_equal(again.forecast(5, paths=50).frame, band)
    with pytest.raises(lab.LabError, match="got a run of scaler='minmax'; train with scaler='standard'"):
        residual_losses(ranged.fitted, "huber", 1.0)


def test_many_series_keep_their_own_scaling(frame):
    two = pd.concat([frame.assign(store="a"), frame.assign(store="b")])
    with pytest.raises(lab.LabError, match="got scaler='minmax'; leave scaler= out"):
        lab.train(two, id="store", target="sales", scaler="minmax", **TINY)


def test_a_forecast_is_calibrated_where_the_data_allow_it(run):
    fc = run.forecast(5, paths=120)
    assert fc.paths.shape == (120, 5)
    assert fc.kind == "calibrated"
    assert fc.coverage is not None
    assert fc.coverage.origins == len(run.dataset.possible(270, 300, 5)) == 26
    assert fc.index[0] == pd.Timestamp("2023-10-28")
    assert fc.history.index[-1] == run.frame.index[-1]
    assert "90 % band; measured coverage" in fc.band_name()


def test_calibration_is_kept_for_the_next_forecast(run):
    first = run.forecast(4, paths=50)
    kept = dict(run.past_forecasts)
    again = run.forecast(4, paths=50)
    assert run.past_forecasts == kept
    np.testing.assert_array_equal(first.paths, again.paths)


def test_the_classic_preset_is_the_recipe_of_the_tutorials(run):
    fc = run.forecast(3, preset="classic")
    assert fc.kind == "dropout spread"
    assert fc.coverage is None
    assert len(fc.paths) == 50
    assert "90 %" not in repr(fc)
    assert fc.details["roll-out"] == "window, dropout masks per step"
    assert len(run.forecast(3, preset="classic", paths=7).paths) == 7


def test_more_paths_only_add_to_few(run):
    options = {"calibrate": False, "seed": 4}
    few, many = (run.forecast(4, paths=paths, **options).paths for paths in (30, 130))
    np.testing.assert_array_equal(few, many[:30])


def test_same_seed_same_run_and_paths(frame, run):
    again = lab.train(frame, target="sales", features=["rain", "dayofweek"], **TINY)
    np.testing.assert_array_equal(weights(run), weights(again))
    np.testing.assert_array_equal(run.forecast(4, paths=60).paths, again.forecast(4, paths=60).paths)
    other = lab.train(frame, target="sales", features=["rain", "dayofweek"], seed=1, **TINY)
    assert not np.array_equal(weights(run), weights(other))
    assert not np.array_equal(run.forecast(4, paths=60).paths, run.forecast(4, paths=60, seed=1).paths)


def test_calibration_rows_reach_no_weight_no_scaler_no_stopping(frame, run):
    changed = frame.copy()
    changed.iloc[270:] = changed.iloc[270:] * 3 + 100
    other = lab.train(changed, target="sales", features=["rain", "dayofweek"], **TINY)
    np.testing.assert_array_equal(weights(run), weights(other))
    np.testing.assert_array_equal(run.encoder.scale, other.encoder.scale)
    pd.testing.assert_series_equal(run.history["val_loss"], other.history["val_loss"])


def test_rows_after_the_training_cut_change_no_weight(frame):
    """With validation they may choose the epoch, but never move a weight: every epoch's training loss is the same."""
    changed = frame.copy()
    changed.iloc[240:] = changed.iloc[240:] * 3 + 100
    options = {**TINY, "transform": "auto", "epochs": 3}
    ours, theirs = (lab.train(data, target="sales", **options) for data in (frame, changed))
    pd.testing.assert_series_equal(ours.history["loss"], theirs.history["loss"])
    assert ours.reason == theirs.reason
    assert not ours.history["val_loss"].equals(theirs.history["val_loss"])
    unvalidated = {**options, "validation": 0.0, "calibration": 0.2}
    ours, theirs = (lab.train(data, target="sales", **unvalidated) for data in (frame, changed))
    np.testing.assert_array_equal(weights(ours), weights(theirs))


def test_an_origin_knows_nothing_of_its_future(frame, run):
    rows = np.array([200, 250])
    before = run.dataset.origins(rows, 6)
    changed = frame.copy()
    changed.iloc[250:] = -1000.0
    after = Dataset.of(changed, run.encoder, 8).origins(rows, 6)
    for name in ("windows", "tails", "known", "rows"):
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))


def test_the_newest_origin_is_that_of_a_longer_frame(frame, run):
    """What forecasting from the end sees is what a backtest at the same row sees."""
    shorter = Dataset.of(frame.iloc[:250], run.encoder, 8)
    newest, inside = shorter.newest(5), run.dataset.origins(np.array([250]), 5)
    for name in ("windows", "tails", "known", "rows"):
        np.testing.assert_array_equal(getattr(newest, name), getattr(inside, name))


def test_known_covariates_are_used(run):
    index = run.forecast(3, paths=1, calibrate=False).index
    rain = pd.DataFrame({"rain": [50.0, 50.0, 50.0]}, index=index)
    options = {"paths": 50, "calibrate": False, "noise": "none"}
    held, known = run.forecast(3, **options), run.forecast(3, known=rain, **options)
    # The first step has seen only the past; the next ones see the rain of the steps before them.
    np.testing.assert_array_equal(held.paths[:, 0], known.paths[:, 0])
    assert (held.paths[:, 1:] != known.paths[:, 1:]).mean() > 0.9
    with pytest.raises(DataError, match="known needs a row for every step"):
        run.forecast(4, known=rain, **options)


class Halting(SamplingListener):
    """Asks for a halt, in one way or another, when the first chunk is there."""

    def __init__(self, stop: threading.Event | None) -> None:
        self.stop = stop
        self.heard: list[str] = []

    def on_start(self, plan) -> None:
        self.heard.append(plan.kind)

    def on_chunk(self, chunk) -> None:
        self.heard.append(f"{chunk.done}/{chunk.total}")
        if self.stop is None:
            raise KeyboardInterrupt
        self.stop.set()

    def on_end(self, end) -> None:
        self.heard.append(end.reason)


@pytest.mark.parametrize(("stop", "reason"), [(threading.Event(), "stopped"), (None, "interrupted")])
def test_a_halt_keeps_the_paths_that_are_done(run, stop, reason):
    listener = Halting(stop)
    fc = run.forecast(3, paths=500, listener=listener, stop=stop, calibrate=False)
    assert len(fc.paths) == CHUNK
    assert listener.heard == ["predictive", "50/500", reason]


def test_each_chunk_is_corrected_once_for_a_listener_and_all_of_them_once_at_the_end(run, monkeypatch):
    corrected, sizes, told = Predictor.corrected, [], []

    def recorded(self, paths, correction, naive):
        sizes.append(len(paths))
        return corrected(self, paths, correction, naive)

    listener = SamplingListener()
    monkeypatch.setattr(listener, "on_chunk", lambda chunk: told.append((len(chunk.paths), chunk.done)))
    monkeypatch.setattr(Predictor, "corrected", recorded)
    fc = run.forecast(5, paths=180, listener=listener)
    assert fc.kind == "calibrated"
    assert sizes == [CHUNK] * 4 + [180]
    assert told == [(50, 50), (50, 100), (50, 150), (30, 180)]


def test_a_stop_while_calibrating_still_gives_a_forecast(run):
    stop = threading.Event()
    stop.set()
    fc = run.forecast(6, paths=500, stop=stop)
    assert (len(fc.paths), fc.kind) == (CHUNK, "predictive")
    assert fc.details["not calibrated"] == "stopped while calibrating"


def test_an_interrupt_while_calibrating_says_so_too(run):
    class Impatient(Halting):
        def on_progress(self, _) -> None:
            raise KeyboardInterrupt

    fc = run.forecast(5, paths=500, seed=99, listener=Impatient(threading.Event()))  # nothing is kept of this seed
    assert (len(fc.paths), fc.kind) == (CHUNK, "predictive")
    assert fc.details["not calibrated"] == "interrupted while calibrating"


def test_without_calibration_rows_the_band_says_what_it_is(frame):
    bare = lab.train(frame, target="sales", calibration=0.0, **TINY)
    fc = bare.forecast(3, paths=20)
    assert fc.kind == "dropout spread"
    assert "needs 9 calibration origins, got 0" in fc.details["not calibrated"]
    with pytest.raises(CalibrationError, match="train with a larger calibration="):
        bare.forecast(3, calibrate=True)
    with pytest.raises(ForecastError, match="the run kept no calibration rows"):
        bare.forecast(3, noise="residual")


STACK = """
width = 3
LSTM(width)
Dropout(0.5)
Dense(1)
"""


def test_a_stack_may_be_text_layers_or_a_model(frame):
    names: dict[str, object] = {}
    text = lab.train(frame, target="sales", stack=STACK, namespace=names, **OWN)
    assert names["width"] == 3
    layers = [keras.layers.LSTM(3), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
    listed = lab.train(frame, target="sales", stack=layers, **OWN)
    np.testing.assert_array_equal(weights(text), weights(listed))
    model = keras.Sequential([keras.Input((None, 1)), keras.layers.GRU(3), keras.layers.Dense(1)])
    before = model.get_weights()
    whole = lab.train(frame, target="sales", stack=model, **OWN)
    assert all(np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True))
    assert not np.array_equal(weights(whole), np.concatenate([weight.ravel() for weight in before]))
    assert whole.forecast(2, paths=10).paths.shape == (10, 2)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("supervise", ["last", "every"])
def test_every_cell_trains_and_forecasts(frame, cell, supervise):
    run = lab.train(frame, target="sales", cell=cell, supervise=supervise, **{**TINY, "epochs": 1})
    assert np.isfinite(run.metrics["val_loss"])
    assert run.forecast(3, paths=10).paths.shape == (10, 3)


def test_a_path_or_a_series_is_a_source_too(frame, tmp_path):
    file = tmp_path / "sales.csv.gz"
    frame.to_csv(file)
    from_file = lab.train(file, target="sales", time="day", **TINY)
    from_frame = lab.train(frame, target="sales", **TINY)
    from_series = lab.train(frame["sales"], **TINY)
    np.testing.assert_allclose(weights(from_file), weights(from_frame), rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(weights(from_series), weights(from_frame))


def test_only_used_columns_must_be_complete(frame):
    holed = frame.copy()
    holed.loc[holed.index[5], "rain"] = np.nan
    lab.train(holed, target="sales", **{**TINY, "epochs": 1})
    with pytest.raises(DataError, match="'rain' must have a finite value in every row, got nan at 2023-01-06"):
        lab.train(holed, target="sales", features=["rain"], **TINY)


def broken(frame: pd.DataFrame, row: int, value: float) -> pd.DataFrame:
    changed = frame.copy()
    changed.iloc[row, 0] = value
    return changed


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (lambda f: f, {"target": "sails"}, "did you mean 'sales'"),
        (lambda f: f, {}, "target must be named"),
        (lambda f: f.assign(sales="much"), {"target": "sales"}, "must hold numbers, got 'much'"),
        (lambda f: broken(f, 9, np.nan), {"target": "sales"}, "got nan at 2023-01-10"),
        (lambda f: broken(f, 9, np.inf), {"target": "sales"}, "got inf at 2023-01-10"),
        (lambda f: broken(f, 9, -1), {"target": "sales", "transform": "log_return"}, "positive values, got -1"),
        (lambda f: f.iloc[:9], {"target": "sales"}, "lookback"),
        (lambda f: pd.concat([f, f.iloc[3:4]]), {"target": "sales"}, "times must be unique, got 2023-01-04"),
        (lambda f: f, {"target": "sales", "features": ["bolinger(20, 2)"]}, "did you mean 'bollinger"),
        (lambda f: f, {"target": "sales", "epochs": 0}, "epochs should be greater than or equal to 1, got 0"),
        (lambda f: f, {"target": "sales", "epoch": 5}, "did you mean epochs=100?"),
        (lambda f: f, {"target": "sales", "stack": "LSTM(3)\nDense(2)"}, "units= describes the stack that is built"),
        (lambda _: "no-such-file.csv", {"target": "sales"}, "no-such-file.csv"),
    ],
)
def test_bad_input_gets_one_line(frame, source, options, message):
    with pytest.raises(LabError) as caught:
        lab.train(source(frame), **{**TINY, **options})
    text = str(caught.value)
    assert message in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"paths": 0}, "paths should be greater than or equal to 1, got 0; for example paths=200"),
        ({"interval": 150}, "interval should be less than 100, got 150; for example interval=90"),
        ({"rollout": "windows"}, "rollout should be 'auto', 'window' or 'state', got 'windows'"),
    ],
)
def test_bad_forecast_options_get_one_line(run, options, message):
    with pytest.raises(OptionError, match=message):
        run.forecast(3, **options)


def test_a_gap_near_the_end_is_refused_with_the_remedy(frame):
    broken_off = frame.drop(frame.index[240:296])
    run = lab.train(broken_off, target="sales", **{**TINY, "calibration": 0.1, "validation": 0.1})
    with pytest.raises(DataError, match=r"needs 9 rows since the last gap .* got 4"):
        run.forecast(3)


def test_chosen_origins_are_evenly_spaced_and_newest():
    rows, overlap = evenly_spaced(np.arange(100, 300), 60, 30)
    assert len(rows) == 60
    assert rows[-1] == 299
    assert set(np.diff(rows)) == {3}
    assert overlap == 9
    few, none = evenly_spaced(np.arange(5), 60, 1)
    assert list(few) == [0, 1, 2, 3, 4]
    assert none == 0


@pytest.mark.parametrize(("transform", "level"), [("none", lambda y: y), ("log", np.log)])
def test_the_naive_forecast_of_a_level_is_its_last_value(transform, level):
    """It was the value 0, or for a logarithm 1, which any network beats."""
    y = 20 + np.random.default_rng(0).normal(size=200).cumsum() * 0.1
    frame = pd.DataFrame({"y": y}, index=pd.date_range("2022-01-01", periods=200))
    options = {"units": [3], "dense": [], "epochs": 1, "lookback": 5, "features": [], "loss": "mse"}
    run = lab.train(frame, target="y", transform=transform, **options)
    part = slice(run.dataset.cuts[0].validation, run.dataset.cuts[0].calibration)
    changes = np.diff(level(y), prepend=np.nan)[part] / np.std(level(y)[: part.start])
    assert run.baseline == pytest.approx(np.mean(changes**2), rel=1e-3)


@pytest.mark.parametrize("transform", ["none", "diff"])
def test_a_constant_series_has_a_naive_loss_of_zero_and_says_so(transform):
    frame = pd.DataFrame({"y": np.full(120, 5.0)}, index=pd.date_range("2022-01-01", periods=120))
    run = lab.train(frame, target="y", transform=transform, units=[2], dense=[], epochs=1, lookback=5, features=[])
    assert run.baseline == 0.0
    assert "%" not in str(run).partition("validation loss")[2]
    assert run.forecast(3, paths=50).frame["median"].tolist() == [5.0, 5.0, 5.0]
