"""Held-out forecasts and gates by epoch: the numbers of the network itself, few epochs of many, little time."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import DataError, OptionError, RunError
from lstm_lab.events import TrainingListener
from lstm_lab.interpret.free_run import FreeRun
from lstm_lab.interpret.learning import Learning
from lstm_lab.interpret.learning_recorder import SHARE, SNAPSHOTS, LearningRecorder
from lstm_lab.models.backend import keras
from lstm_lab.simulation.simulator import SimulationSettings, Simulator

SMALL = {"units": [4], "dense": [3], "dropout": 0.0, "lookback": 8, "transform": "diff", "features": [], "epochs": 3}


def series(rows=160):
    rng = np.random.default_rng(0)
    values = 20 + 3 * np.sin(np.arange(rows) / 3) + rng.normal(0, 0.2, rows)
    return pd.DataFrame({"y": values}, index=pd.date_range("2024-01-01", periods=rows))


class Heard(TrainingListener):
    def __init__(self):
        self.learnings = []

    def on_learning(self, learning):
        self.learnings.append(learning)


@pytest.fixture(scope="module")
def watched():
    heard = Heard()
    return lab.train(series(), watch=True, listener=heard, **SMALL), heard


def test_every_epoch_is_recorded_and_told(watched):
    run, heard = watched
    assert run.learning.epochs.tolist() == [0, 1, 2, 3]
    assert [learning.epochs.tolist() for learning in heard.learnings] == [[0], [1], [2], [3]]
    assert np.array_equal(heard.learnings[2].forecasts[0], run.learning.forecasts[2])
    assert run.learning.kept == run.end.best_epoch
    assert run.learning.frame["val_loss"].iloc[1:].tolist() == run.history["val_loss"].tolist()


def test_the_kept_epochs_forecasts_are_those_of_the_run_without_noise(watched):
    run, _ = watched
    learning = run.learning
    first = len(run.dataset) - len(run.frame.loc[learning.observed.index[0] :])
    origins = run.dataset.origins(learning.starts + first, learning.horizon)
    paths = run.simulator.chunk(origins, learning.horizon, SimulationSettings("state", "path", None, 0))
    assert learning.forecasts[learning.at(learning.kept)] == pytest.approx(paths[:, 0], rel=1e-5)


def test_forecasts_are_of_validation_rows_without_overlap(watched):
    run, _ = watched
    learning, cuts = run.learning, run.dataset.cuts[0]
    validation = run.frame.index[cuts.validation : cuts.calibration]
    rows = learning.forecast(3)
    assert rows.index.isin(validation).all()
    assert rows.index.is_unique
    assert rows["observed"].tolist() == run.frame["y"].loc[rows.index].tolist()
    wanted = np.abs(rows["forecast"] - rows["observed"]).mean()
    assert learning.errors[3] == pytest.approx(wanted, rel=1e-6)


def test_gates_are_those_of_the_trace(watched):
    run, _ = watched
    learning = run.learning
    trace = run.gates(at=str(learning.window[-1]))
    for name, values in learning.gates.items():
        assert values[learning.at(learning.kept)] == pytest.approx(trace.layers[0].signals[name], abs=1e-3)


def test_watching_changes_no_number(watched):
    run, _ = watched
    unwatched = lab.train(series(), **SMALL)
    assert run.history.drop(columns="seconds").equals(unwatched.history.drop(columns="seconds"))
    with pytest.raises(RunError, match="watch=True"):
        _ = unwatched.learning


def test_a_run_that_is_trained_on_begins_with_its_own_forecasts(watched):
    run, _ = watched
    longer = run.resume(epochs=1, watch=True).learning
    assert longer.forecasts[0] == pytest.approx(run.learning.forecasts[run.learning.at(run.learning.kept)], rel=1e-5)
    assert longer.captions[0].startswith("epoch 0, as it began")


@pytest.mark.parametrize("layer", ["LSTM", "GRU", "SimpleRNN"])
def test_a_free_run_is_the_network_itself(layer):
    make = getattr(keras.layers, layer)
    model = keras.Sequential(
        [
            keras.Input((7, 2)),
            make(5, return_sequences=True),
            keras.layers.Dropout(0.5),
            make(4),
            keras.layers.Dense(3, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    x = np.random.default_rng(1).normal(size=(3, 7, 2)).astype(np.float32)
    run = FreeRun(model)
    run.encode(x[:, :6])
    assert FreeRun(model).encode(x) == pytest.approx(model(x)[:, 0].numpy(), abs=1e-5)
    assert run.step(x[:, 6]) == pytest.approx(model(x)[:, 0].numpy(), abs=1e-5)


def test_a_network_that_is_not_followed_forecasts_each_held_out_row_by_itself():
    stack = [keras.layers.Bidirectional(keras.layers.LSTM(3)), keras.layers.Dense(1)]
    run = lab.train(series(), stack=stack, watch=True, lookback=8, transform="diff", features=[], epochs=1)
    learning = run.learning
    assert (learning.horizon, dict(learning.gates)) == (1, {})
    assert re.search(r"\('bidirectional\S*' is a Bidirectional\): each held-out row", learning.about_the_band)
    assert dict(learning.summary_table().rows)["held-out forecasts"] == "12 validation rows, one step each, dropout off"
    first = len(run.dataset) - len(run.frame.loc[learning.observed.index[0] :])
    rows = learning.starts + first
    origins = run.dataset.origins(rows, 1)
    paths = run.simulator.chunk(origins, 1, SimulationSettings("window", "path", None, 0))
    assert learning.forecasts[learning.at(learning.kept)][:, 0] == pytest.approx(paths[:, 0, 0], rel=1e-5)
    assert np.array_equal(np.diff(rows), np.ones(len(rows) - 1))


def test_a_model_with_a_branch_is_no_chain():
    window = keras.Input((7, 2))
    _, *state = keras.layers.LSTM(3, return_state=True)(window)
    branched = keras.Model(window, keras.layers.Dense(1)(keras.layers.LSTM(3)(window, initial_state=state)))
    assert FreeRun.refused(branched) == "its layers are no simple chain"


@pytest.fixture(scope="module")
def panel_run():
    parts = [
        series(160 - 3 * number).assign(y=lambda frame, n=number: frame["y"] * (n + 1), id=f"s{number}")
        for number in range(6)
    ]
    with pytest.MonkeyPatch.context() as patched:  # time for paths, however busy the machine is
        patched.setattr("lstm_lab.interpret.learning_recorder.FREE_SECONDS", 600.0)
        return lab.train(pd.concat(parts), id="id", target="y", watch=True, **{**SMALL, "epochs": 1, "dropout": 0.3})


def test_of_many_series_a_few_are_forecast_once_each(panel_run):
    learning, dataset = panel_run.learning, panel_run.dataset
    assert learning.ids == ("s0", "s2", "s3", "s5")
    rows = learning.forecast(1)
    for name in learning.ids:
        own = rows[rows["id"] == name]
        cuts = dataset.cuts[dataset.ids.index(name)]
        frame = panel_run.series(name).frame
        assert len(own) == learning.horizon
        assert own.index[-1] == frame.index[cuts.calibration - 1]
        assert own["observed"].tolist() == frame["y"].loc[own.index].tolist()
    assert [learning.observed.index[end - 1] for _, _, end in learning.pieces] == [
        rows[rows["id"] == name].index[-1] for name in learning.ids
    ]


def test_the_forecasts_of_many_series_are_those_of_the_run_without_noise(panel_run):
    learning, dataset = panel_run.learning, panel_run.dataset
    index = [dataset.borders[dataset.ids.index(name)] for name in learning.ids]
    rows = np.array(
        [
            begin + panel_run.series(name).frame.index.get_loc(learning.observed.index[start])
            for name, begin, start in zip(learning.ids, index, learning.starts, strict=True)
        ]
    )
    origins = dataset.origins(rows, learning.horizon)
    unspread = keras.models.clone_model(panel_run.model, clone_function=undropped)
    unspread.set_weights(panel_run.model.get_weights())
    paths = Simulator(unspread, dataset.encoder).chunk(
        origins, learning.horizon, SimulationSettings("state", "path", None, 0)
    )
    assert learning.forecasts[learning.at(learning.kept)] == pytest.approx(paths[:, 0], rel=1e-4)


def undropped(layer):
    config = layer.get_config()
    return type(layer).from_config(config | ({"rate": 0.0} if "rate" in config else {}))


def test_paths_with_dropout_spread_around_the_forecast(panel_run):
    learning = panel_run.learning
    low, high = learning.bands[1]
    assert (low <= high).all()
    assert (high - low).mean() > 0
    assert learning.about_the_band.startswith("Shaded: the middle 80 % of 24 paths")


def test_where_there_is_no_time_for_paths_there_are_lines_alone(recorder):
    made, _ = recorder
    made._fan_seconds = 1.0
    del made._snapshot
    assert np.isnan(made._snapshot(made._model, room=0.5).band).all()
    made._fan_seconds = 0.1
    assert np.isfinite(made._snapshot(made._model, room=0.5).band).all()


@pytest.mark.parametrize("layers", ["between", "before"])
def test_masks_stay_for_a_path_and_the_mean_of_many_paths_is_the_forecast(layers):
    dropout = keras.layers.Dropout(0.4)
    recurrent = keras.layers.LSTM(5)
    middle = [recurrent, dropout] if layers == "between" else [dropout, recurrent]
    model = keras.Sequential([keras.Input((7, 2)), *middle, keras.layers.Dense(1)])
    x = np.random.default_rng(1).normal(size=(2, 7, 2)).astype(np.float32)
    run = FreeRun(model, 2000)
    drawn = run.encode(x).reshape(2, 2000)
    assert drawn.std(axis=1).min() > 0.01
    if layers == "between":  # the last layer is linear in what is dropped
        assert drawn.mean(axis=1) == pytest.approx(model(x)[:, 0].numpy(), abs=0.02)
    again = FreeRun(model, 2000)
    again.encode(x[:, :6])
    assert again.step(np.repeat(x[:, 6], 2000, axis=0)) == pytest.approx(drawn.ravel())


def test_watch_is_a_switch():
    frame = pd.DataFrame({"y": np.sin(np.arange(60.0))})
    with pytest.raises(OptionError, match=r"^watch is True or False, got 'off'; for example watch=True$"):
        lab.train(frame, lookback=4, units=[3], epochs=1, watch="off")


def test_without_validation_rows_there_is_nothing_to_watch():
    with pytest.raises(DataError, match="watch=True draws forecasts of validation rows"):
        lab.train(series(), watch=True, validation=0.0, **SMALL)


@pytest.fixture
def recorder(watched):
    clock = SimpleNamespace(now=0.0)
    model = keras.Sequential([*watched[0].model.layers[:-1], keras.layers.Dropout(0.2), watched[0].model.layers[-1]])
    made = LearningRecorder(watched[0].dataset, model, clock=lambda: clock.now)
    made._model = model
    made._snapshot = lambda model, **_: model  # what a snapshot is has its own tests
    made._learning = lambda epochs, _, kept: (epochs, kept)
    return made, clock


def test_of_many_epochs_few_are_kept_and_always_the_best(recorder):
    made, _ = recorder
    for epoch in range(1001):
        made(epoch, min(epoch, 333), f"weights {epoch}")
    epochs, kept = made.result(None, 333, "weights 333")
    assert len(epochs) <= SNAPSHOTS + 1
    assert {0, 333, 1000} <= set(epochs)
    assert kept == 333
    assert np.diff([epoch for epoch in epochs if epoch != 333]).max() <= 64


def test_recording_takes_its_share_of_the_time_and_no_more(recorder):
    made, clock = recorder

    def slow(model, room):
        assert room >= 0
        clock.now += 1.0
        return model

    made._snapshot = slow
    for epoch in range(201):
        made(epoch, 0, "weights")
        clock.now += 9.0
    epochs, _ = made.result(None, 0, "weights")
    assert made._spent <= SHARE * clock.now + 1
    assert len(epochs) > 20


def learning(losses, kept):
    history = pd.DataFrame(losses, columns=["loss", "val_loss"], index=pd.RangeIndex(1, len(losses) + 1))
    epochs = np.arange(len(losses) + 1)
    observed = pd.Series(np.arange(8.0))
    forecasts = np.zeros((len(epochs), 2, 2), np.float32)
    gates = {"forget": np.zeros((len(epochs), 3, 2), np.float16)}
    return Learning("y", epochs, kept, history, observed, np.array([3, 6]), forecasts, gates, "lstm", pd.RangeIndex(3))


def test_captions_say_what_an_epoch_shows():
    shown = learning([(1.0, 0.9), (0.5, 0.5), (0.4, 0.6), (0.3, 0.7)], kept=2)
    assert shown.captions == (
        "epoch 0, untrained: its weights are random",
        "epoch 1: validation loss 0.9, still learning",
        "epoch 2, kept: the lowest validation loss, 0.5",
        "epoch 3: validation loss 0.6: it rises from here while the training loss falls, which is overfitting",
        "epoch 4: validation loss 0.7, overfitting: it fits the training rows better and held-out rows worse",
    )
    assert shown.overfits_from == 3


def test_noise_after_the_kept_epoch_is_not_called_overfitting():
    shown = learning([(1.0, 0.9), (0.5, 0.5), (0.6, 0.505)], kept=2)
    assert shown.overfits_from is None
    assert shown.captions[3] == "epoch 3: validation loss 0.505, 0.005 above the kept epoch"


def test_an_epoch_that_was_not_kept_is_refused_with_the_nearest():
    with pytest.raises(OptionError, match="got 9; the nearest is 2"):
        learning([(1.0, 0.9), (0.5, 0.5)], kept=2).at(9)
