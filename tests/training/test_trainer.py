"""Compiled networks that are kept: the same numbers as fresh ones, no second compilation, no growth."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from lstm_lab.data.windows.cuts import cut_rows
from lstm_lab.data.windows.split import divide
from lstm_lab.data.windows.windows import windows_of
from lstm_lab.models import backend, kept_networks
from lstm_lab.models.backend import keras, tf
from lstm_lab.models.build import build_forecaster, reference_stack
from lstm_lab.options import TrainOptions
from lstm_lab.training import trainer
from lstm_lab.training.fit import fit
from lstm_lab.training.objective import resolved

LOOKBACK = 6
OPTIONS = TrainOptions(units=(3,), dense=(), dropout=0.2, lookback=LOOKBACK, batch=8, epochs=2, supervise="auto")


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(trainer, "_cache", type(trainer._cache)())


def trained(rows=90, layers=None, **changes):
    options = OPTIONS.model_copy(update=changes)
    matrix = np.random.default_rng(0).normal(size=(rows, 2)).astype(np.float32)
    windows = windows_of(matrix, np.zeros(rows, int), LOOKBACK)
    split = divide(windows, np.array([0, rows]), (cut_rows(rows, validation=0.2, calibration=0.1),))
    layers = reference_stack(options) if layers is None else layers
    forecaster = build_forecaster(layers, LOOKBACK, 2, seed=options.seed)
    training = fit(forecaster, windows, split.train, split.validation, options)
    return forecaster.model, training


@pytest.fixture
def traces(monkeypatch):
    """Note every run of the training step in Python: TensorFlow does so when it compiles, and never else."""
    noted = []
    step = keras.Model.train_step
    monkeypatch.setattr(keras.Model, "train_step", lambda model, data: noted.append(1) or step(model, data))
    return noted


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a.get_weights(), b.get_weights(), strict=True))


@pytest.mark.parametrize("supervise", ["last", "every"])
def test_a_kept_network_gives_the_numbers_of_a_fresh_one_and_is_compiled_once(supervise, traces):
    fresh, first = trained(supervise=supervise, seed=1)
    ((_, kept),) = trainer._cache.items()
    compiled = len(traces)
    assert compiled > 0
    other, _ = trained(supervise=supervise, seed=2, learning_rate=0.1)
    again, second = trained(supervise=supervise, seed=1)
    assert [one is kept for one in trainer._cache.values()] == [True]
    assert len(traces) == compiled
    assert same(fresh, again)
    assert not same(fresh, other)
    assert first.history["val_loss"].tolist() == second.history["val_loss"].tolist()


def test_more_rows_of_strided_windows_compile_nothing(traces):
    trained(rows=90, epochs=1)
    compiled = len(traces)
    trained(rows=131, epochs=1)
    assert len(traces) == compiled > 0


def test_what_a_step_depends_on_has_a_network_of_its_own_and_few_are_kept():
    for change in ({}, {"loss": "mse"}, {"delta": 2.0}, {"clip": 1.0}, {"units": (4,)}, {"supervise": "last"}):
        trained(epochs=1, **change)
    assert len(trainer._cache) == trainer.CACHE_SIZE
    assert "last" in list(trainer._cache)[-1]


def test_a_training_beside_another_has_a_network_of_its_own():
    options = resolved(OPTIONS)
    first, second = (build_forecaster(reference_stack(options), LOOKBACK, 2, seed=seed) for seed in (1, 2))
    one, two = trainer.acquire(first, options, 8), trainer.acquire(second, options, 8)
    assert one is not two
    assert same(one.forecaster.model, first.model)
    assert same(two.forecaster.model, second.model)


class Own(keras.layers.Dense):
    """A layer whose name does not say what it does."""


def test_layers_of_the_user_s_are_never_kept():
    model, _ = trained(layers=[keras.layers.LSTM(3), Own(1)], epochs=1)
    assert not trainer._cache
    assert model.optimizer is not None


def test_an_interrupted_network_is_not_kept():
    options = resolved(OPTIONS)
    forecaster = build_forecaster(reference_stack(options), LOOKBACK, 2)
    trainer.acquire(forecaster, options, 8).release(forecaster, options, again=False)
    assert not trainer._cache
    trainer.acquire(forecaster, options, 8).release(forecaster, options, again=True)
    assert len(trainer._cache) == 1


def test_trainings_leave_no_graphs_behind():
    """Plain Keras leaves 30 graphs and 10 MB behind each time that a network of this size is compiled and trained."""
    from tensorflow.python.framework.func_graph import FuncGraph

    counts = []
    for seed in range(4):
        trained(epochs=1, seed=seed)
        gc.collect()
        counts.append(sum(isinstance(found, FuncGraph) for found in gc.get_objects()))
    assert counts[3] - counts[1] <= 4


def test_what_dropped_networks_leave_is_collected_after_four(monkeypatch):
    monkeypatch.setattr(backend, "_dropped", 0)

    class Graph:
        def __init__(self):
            self.itself = self

    gc.disable()
    try:
        gone = weakref.ref(Graph())
        for _ in range(3):
            backend.free_graphs()
        assert gone() is not None
        backend.free_graphs()
        assert gone() is None
    finally:
        gc.enable()


def test_a_network_that_leaves_the_cache_is_counted(monkeypatch):
    monkeypatch.setattr(trainer, "CACHE_SIZE", 1)
    counted = []
    monkeypatch.setattr(kept_networks, "free_graphs", lambda: counted.append(len(trainer._cache)))
    options = resolved(OPTIONS)
    for loss in ("mse", "mae", "huber"):
        changed = options.model_copy(update={"loss": loss})
        forecaster = build_forecaster(reference_stack(changed), LOOKBACK, 2)
        trainer.acquire(forecaster, changed, 8).release(forecaster, changed, again=True)
    assert counted == [1, 1]


@pytest.mark.parametrize("own", [False, True])
def test_graphs_of_networks_that_are_gone_are_freed(own, monkeypatch):
    """Of trainings of different stacks, one network's graphs are left; Keras alone would leave those of each."""
    from tensorflow.python.eager import context
    from tensorflow.python.framework.func_graph import FuncGraph

    monkeypatch.setattr(trainer, "CACHE_SIZE", 1)
    counts = []
    for units in (3, 4, 5):
        trained(epochs=1, layers=[keras.layers.LSTM(units), Own(1) if own else keras.layers.Dense(1)])
        gc.collect()
        graphs = sum(isinstance(found, FuncGraph) for found in gc.get_objects())
        functions = sum("wrapped" not in str(name) for name in context.context().list_function_names())
        counts.append((graphs, functions))
    assert counts[0] == counts[1] == counts[2]


def test_the_trained_model_is_compiled_for_keras_to_go_on():
    model, training = trained(epochs=1)
    assert float(model.optimizer.learning_rate) == pytest.approx(training.options.learning_rate)
    assert np.isfinite(model.evaluate(tf.zeros((4, LOOKBACK, 2)), tf.zeros((4, 1)), verbose=0))


def test_a_stack_whose_clone_is_no_list_of_layers_trains():
    _, training = trained(layers=[keras.layers.Masking(9.0), keras.layers.LSTM(3), keras.layers.Dense(1)], epochs=1)
    assert np.isfinite(training.history["loss"]).all()
