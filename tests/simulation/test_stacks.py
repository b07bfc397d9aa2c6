"""Whatever trains can forecast, and forecasts what plain Keras would; the rest is refused before the first epoch."""

from __future__ import annotations

from dataclasses import replace
from types import FunctionType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.data.dataset import Dataset
from lstm_lab.data.encoding.encoder import Encoder
from lstm_lab.errors import ForecastError, LabError, OptionError, StackError
from lstm_lab.models.backend import keras
from lstm_lab.models.stack import checked_stack, forecaster_of
from lstm_lab.options import TrainOptions
from lstm_lab.simulation.network import Network
from lstm_lab.simulation.simulator import SimulationSettings, Simulator

if TYPE_CHECKING:
    from lstm_lab.data.windows.origins import Origins

L = keras.layers
LOOKBACK, HORIZON = 6, 3
EXACT = SimulationSettings("window", "step", None, 7)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    index = pd.date_range("2024-01-01", periods=60, freq="h", name="time")
    return pd.DataFrame({"y": 9 + np.sin(np.arange(60) / 3) + rng.normal(0, 0.1, 60), "x": rng.normal(size=60)}, index)


@pytest.fixture(scope="module")
def encoder(frame) -> Encoder:
    return Encoder.fit(frame, "y", "none", ("x",), slice(0, 50), np.zeros(60, dtype=np.int64))


@pytest.fixture(scope="module")
def origins(frame, encoder) -> Origins:
    return Dataset.of(frame, encoder, LOOKBACK).origins(np.array([50, 54]), HORIZON, ("x",))


def build(stack):
    options = TrainOptions(lookback=LOOKBACK, seed=3)
    return forecaster_of(checked_stack(stack), None, options, 2).model


def keras_loop(model, encoder, origins, *, slide=True):
    """Roll out with plain Keras calls on whole windows, (origins, horizon)."""
    values = origins.tails.copy()
    window = origins.windows.copy()
    for step in range(HORIZON):
        z = np.asarray(model(window, training=False), dtype=np.float64)[:, 0]
        values = np.concatenate([values, encoder.decode(z, values)[:, None]], axis=1)
        row = encoder.encode_step(values, origins.known[:, step])
        window = np.concatenate([window[:, 1:] if slide else window, row[:, None]], axis=1)
    return values[:, -HORIZON:]


def functional(output, time=LOOKBACK, columns=2):
    def make():
        inputs = keras.Input((time, columns))
        return keras.Model(inputs, output(inputs))

    return make


def attention(x):
    h = L.LSTM(4, return_sequences=True)(x)
    return L.Dense(1)(L.GlobalAveragePooling1D()(L.Attention()([h, h])))


def heads(x, dropout=0.0):
    h = L.LSTM(4, return_sequences=True)(x)
    return L.Dense(1)(L.Flatten()(L.Add()([h, L.MultiHeadAttention(2, 2, dropout=dropout)(h, h)])))


def branches(x, dropout=0.0):
    return L.Dense(1)(L.Concatenate()([L.Dropout(dropout)(L.LSTM(4)(x)), L.GRU(3)(x), x[:, -1]]))


def handed_on(x):
    h, *states = L.LSTM(4, return_sequences=True, return_state=True)(x)
    return L.Dense(1)(L.LSTM(4)(h, initial_state=states))


def shared(x):
    dense = L.Dense(2, activation="tanh")
    return L.Dense(1)(L.LSTM(3)(dense(dense(x))))


@keras.saving.register_keras_serializable(package="tests")
class Newest(keras.Layer):
    """Takes the newest step."""

    def call(self, x):
        return x[:, -1]


@keras.saving.register_keras_serializable(package="tests")
class Careless(keras.Layer):
    """Drops in itself."""

    def __init__(self, rate=0.3, **options):
        super().__init__(**options)
        self.drop = L.Dropout(rate)

    def call(self, x, training=None):
        return self.drop(x, training=training)


@keras.saving.register_keras_serializable(package="tests")
class Gambler(keras.Layer):
    """Draws numbers of its own."""

    def __init__(self, **options):
        super().__init__(**options)
        self.generator = keras.random.SeedGenerator(1)

    def call(self, x):
        return x + keras.random.normal((1,), seed=self.generator)


STATE, WINDOW = "state", "window"
STACKS = {
    "plain": ("LSTM(4)\nDense(1)", STATE),
    "batch normalisation first": ("BatchNormalization()\nLSTM(4)\nDense(1)", STATE),
    "batch normalisation between": ("LSTM(4)\nBatchNormalization()\nLSTM(3)\nDense(1)", STATE),
    "batch normalisation after": ("LSTM(4)\nBatchNormalization()\nDense(1)", STATE),
    "layer normalisation": ("LSTM(4)\nLayerNormalization()\nGRU(3)\nLayerNormalization()\nDense(1)", STATE),
    "layer normalisation over time": ("LayerNormalization(axis=1)\nLSTM(4)\nDense(1)", WINDOW),
    "unit normalisation": ("UnitNormalization()\nLSTM(4)\nUnitNormalization()\nDense(1)", STATE),
    "group normalisation": ("LSTM(4)\nGroupNormalization(2)\nLSTM(4)\nDense(1)", WINDOW),
    "masking": ("Masking()\nLSTM(4)\nLSTM(3)\nDense(1)", WINDOW),
    "bidirectional": ("Bidirectional(LSTM(4))\nBidirectional(GRU(3))\nDense(1)", WINDOW),
    "backwards": ("LSTM(4, go_backwards=True)\nDense(1)", WINDOW),
    "average pooling": ("LSTM(4)\nGlobalAveragePooling1D()\nDense(1)", WINDOW),
    "max pooling": ("LSTM(4)\nMaxPooling1D(2)\nLSTM(4)\nDense(1)", WINDOW),
    "convolution": ("Conv1D(4, 3, padding='causal')\nLSTM(4)\nDense(1)", WINDOW),
    "convolution alone": ("Conv1D(4, 3)\nFlatten()\nDense(1)", WINDOW),
    "time distributed": ("TimeDistributed(Dense(3))\nLSTM(4)\nDense(1)", STATE),
    "activation": ("Activation('tanh')\nLSTM(4)\nDense(1)", STATE),
    "encoder and decoder": ("LSTM(4)\nRepeatVector(5)\nLSTM(3)\nDense(1)", WINDOW),
    "stacked cells": ("RNN([LSTMCell(4), GRUCell(3)])\nDense(1)", STATE),
    "softmax": ("LSTM(4)\nSoftmax()\nSimpleRNN(3)\nSoftmax()\nDense(1)", STATE),
    "flatten": ("LSTM(4)\nFlatten()\nDense(1)", WINDOW),
    "own layer": ([L.LSTM(4, return_sequences=True), Newest(), L.Dense(1)], WINDOW),
    "own layer behind": ([L.LSTM(4), Careless(0.0), L.Dense(1)], STATE),
    "attention": (functional(attention), WINDOW),
    "heads": (functional(heads), WINDOW),
    "branches": (functional(branches), WINDOW),
    "states handed on": (functional(handed_on), WINDOW),
    "shared layer": (functional(shared, None), STATE),
    "operations": (functional(lambda x: L.Dense(1)(L.LSTM(4)(keras.ops.tanh(x) * 2 + 1))), WINDOW),
    "masked model": (functional(lambda x: L.Dense(1)(L.LSTM(4)(L.Masking()(x)))), WINDOW),
    "model in a model": (functional(lambda x: L.Dense(1)(keras.Sequential([L.LSTM(4)])(x))), WINDOW),
    "chain of a model": (functional(lambda x: L.Dense(1)(L.LSTM(4)(x)), None), STATE),
}


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_forecasts_what_plain_keras_does(name, encoder, origins):
    stack, rollout = STACKS[name]
    model = build(stack() if callable(stack) else stack)
    rng = np.random.default_rng(1)
    for layer in model._flatten_layers():  # moving statistics other than 0 and 1, as after a training
        if isinstance(layer, L.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()])
    if name.startswith("mask"):
        windows = origins.windows.copy()
        windows[:, 2] = 0.0
        origins = replace(origins, windows=windows)
    simulator = Simulator(model, encoder)
    assert simulator.allowed("auto", "state") == rollout
    paths = simulator.chunk(origins, HORIZON, EXACT)
    assert (paths == paths[:, :1]).all()
    np.testing.assert_allclose(paths[:, 0], keras_loop(model, encoder, origins), rtol=1e-5)
    if rollout == STATE:
        carried = simulator.chunk(origins, HORIZON, SimulationSettings("state", "step", None, 7))
        np.testing.assert_allclose(carried[:, 0], keras_loop(model, encoder, origins, slide=False), rtol=1e-5)
    else:
        with pytest.raises(ForecastError, match="use rollout='window'"):
            simulator.allowed("state", "state")


DROPPING = {
    "alpha": "LSTM(4)\nAlphaDropout(0.3)\nDense(1)",
    "bidirectional": "Bidirectional(LSTM(4, dropout=0.3, recurrent_dropout=0.2))\nDense(1)",
    "backwards": "LSTM(4, go_backwards=True, dropout=0.4)\nDense(1)",
    "stacked cells": "RNN([LSTMCell(4, dropout=0.3), GRUCell(3, recurrent_dropout=0.3)])\nDense(1)",
    "masked": "Masking()\nDropout(0.3)\nLSTM(4)\nDense(1)",
    "noise shape": "LSTM(4)\nDropout(0.4, noise_shape=(None, 1, 4))\nLSTM(3)\nDense(1)",
    "heads": functional(lambda x: heads(x, 0.3)),
    "branches": functional(lambda x: branches(x, 0.4)),
    "own layer": [L.LSTM(4), Careless(), L.Dense(1)],
    "model in a model": functional(lambda x: L.Dense(1)(keras.Sequential([L.LSTM(4), L.Dropout(0.4)])(x))),
}


@pytest.mark.parametrize("name", DROPPING)
def test_dropout_of_any_kind_has_the_moments_of_keras(name, origins):
    """Mean within 4 standard errors of what Keras itself draws, deviation within 12 %."""
    stack = DROPPING[name]
    model = build(stack() if callable(stack) else stack)
    network = Network(model)
    assert network.stochastic
    window, seed = origins.windows[:1], np.array([[3, 4]], np.int32)
    ours = np.asarray(network.encode(window, seed, 1500, shared=True, fresh=True).output)
    theirs = np.asarray(model(np.repeat(window, 1500, axis=0), training=True))[:, 0]
    assert abs(ours.mean() - theirs.mean()) < 4 * np.sqrt((ours.var() + theirs.var()) / 1500)
    # Keras draws one mask of a cell for the whole batch's rows as we do for the paths: spreads are alike.
    assert ours.std() == pytest.approx(theirs.std(), rel=0.12)
    again = np.asarray(network.encode(window, seed, 1500, shared=True, fresh=True).output)
    np.testing.assert_array_equal(ours, again)


@pytest.mark.parametrize("name", ["heads", "own layer", "stacked cells"])
def test_kept_masks_are_one_network(name, origins):
    stack = DROPPING[name]
    network = Network(build(stack() if callable(stack) else stack))
    first = network.encode(origins.windows[:1], np.array([[3, 4]], np.int32), 20, shared=True, fresh=False)
    rows = np.repeat(origins.windows[:1], 20, axis=0)
    again = network.encode(rows, np.array([[8, 9]], np.int32), 20, shared=False, fresh=False, masks=first.masks)
    np.testing.assert_allclose(first.output, again.output, rtol=1e-6, atol=1e-7)  # one row is summed by another kernel


@pytest.mark.parametrize(
    ("stack", "said"),
    [
        (L.LSTM(3), "stack= takes a list of layers, got one LSTM; write stack=[LSTM(...), Dense(1)]"),
        (L.LSTM, "stack= takes layers, got the class LSTM; write stack=[LSTM(...)]"),
        (3, "stack= takes layers in order, got int '3'; write stack=[LSTM(32), Dense(1)]"),
        ([L.LSTM(4), L.Dense(3)], "the stack must end in one number a window"),
        ("LSTM(4)\nLambda(lambda x: x)\nDense(1)", "a run with a Lambda could not be loaded again"),
        ([Gambler(), L.LSTM(4), L.Dense(1)], "Gambler 'gambler_1' draws its own"),
        ("TimeDistributed(Dropout(0.2))\nLSTM(4)\nDense(1)", "draws its own; set its rate to 0 and put a Dropout"),
        (
            functional(lambda x: L.Dense(1)(L.LSTM(4)(L.Lambda(lambda y: 2 * y)(x))), columns=1),
            "a run with a Lambda could not be loaded again",
        ),
        (functional(lambda x: L.Dense(1)(L.Flatten()(L.Attention(dropout=0.2)([x, x]))), columns=1), "draws its own"),
    ],
)
def test_what_cannot_forecast_is_refused_before_the_first_epoch(frame, stack, said):
    stack = stack() if isinstance(stack, FunctionType) else stack
    with pytest.raises(LabError) as refused:
        lab.train(frame, target="y", lookback=LOOKBACK, epochs=1, stack=stack)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"stack": [L.LSTM(4), L.Dense(1)], "units": [8]}, "units= describes the stack that is built where none is"),
        ({"stack": "LSTM(4)\nDense(1)", "dropout": 0.2}, "leave dropout= out, or change the layers"),
        ({"loss": "mse", "delta": 2.0}, "delta= is Huber's, and loss 'mse' has none"),
    ],
)
def test_options_that_nothing_would_use_are_refused(frame, options, said):
    with pytest.raises(OptionError) as refused:
        lab.train(frame, target="y", lookback=LOOKBACK, epochs=1, **options)
    assert said in str(refused.value)


def test_a_forget_bias_beside_trained_layers_is_refused(frame):
    with pytest.raises(OptionError, match="the stack has layers with weights, which are kept"):
        lab.train(frame, target="y", lookback=LOOKBACK, stack=functional(attention)(), forget_bias=2.0)


def test_a_model_of_the_users_is_copied_trained_forecasts_is_traced_streamed_and_saved(frame, tmp_path):
    model = functional(lambda x: branches(x, 0.2))()
    before = model.get_weights()
    first, second = (
        lab.train(frame, target="y", features=["x"], transform="none", lookback=LOOKBACK, epochs=1, stack=model)
        for _ in range(2)
    )
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first.model.get_weights(), before, strict=True))
    # Dropout of a copy is seeded too: same seed, same weights.
    kept = first.model.get_weights()
    lab.train(frame, target="y", features=["x"], transform="none", lookback=LOOKBACK, epochs=1, stack=first.model)
    assert all(np.array_equal(a, b) for a, b in zip(second.model.get_weights(), kept, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(first.model.get_weights(), kept, strict=True))
    assert [layer.kind for layer in first.gates().layers] == ["lstm", "gru"]
    forecast = first.forecast(2, paths=50, calibrate=False)
    np.testing.assert_array_equal(forecast.paths, second.forecast(2, paths=50, calibrate=False).paths)
    assert first.stream(2, calibrate=False).push({"y": 9.0, "x": 0.0}).paths.shape[1] == 2
    loaded = lab.load_run(first.save(tmp_path / "branches.lstm"))
    np.testing.assert_array_equal(loaded.forecast(2, paths=50, calibrate=False).paths, forecast.paths)


def test_an_unbuilt_sequential_is_its_layers():
    assert build(keras.Sequential([L.LSTM(4), L.Dense(1)])).output_shape == (None, 1)


def test_a_run_is_no_stack():
    with pytest.raises(StackError, match=r"write stack=run\.model"):
        checked_stack(type("Run", (), {"model": keras.Sequential()})())
