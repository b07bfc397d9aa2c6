"""What moved the output: gradients against finite differences, occlusion against running the model by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_lab.interpret.attribution import rank_correlation
from lstm_lab.interpret.trace import Scale, trace
from lstm_lab.models.backend import keras

STEPS, FEATURES = 8, 3


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    stack = [keras.layers.LSTM(5, return_sequences=True), keras.layers.Dropout(0.4), keras.layers.GRU(4)]
    return keras.Sequential([keras.Input((STEPS, FEATURES)), *stack, keras.layers.Dense(1)])


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(2).normal(size=(6, STEPS, FEATURES)).astype("float32")


def outputs(model, x):
    return np.asarray(model(x, training=False), dtype=np.float64)[:, 0]


def test_gradient_is_that_of_finite_differences():
    keras.utils.set_random_seed(1)
    layers = [keras.layers.LSTM(5, return_sequences=True, dtype="float64"), keras.layers.GRU(4, dtype="float64")]
    stack = [keras.Input((STEPS, FEATURES), dtype="float64"), *layers, keras.layers.Dense(1, dtype="float64")]
    model = keras.Sequential(stack)
    x = np.random.default_rng(2).normal(size=(2, STEPS, FEATURES))
    sizes = (1.0, 2.0, 0.5)
    found = trace(model, x, scale=Scale(inputs=sizes, output=3.0)).connectivity
    for step in range(STEPS):
        for column in range(FEATURES):
            nudge = np.zeros_like(x)
            nudge[:, step, column] = 1e-5
            slope = (outputs(model, x + nudge) - outputs(model, x - nudge)) / 2e-5
            assert found.gradient[:, step, column] == pytest.approx(3.0 * sizes[column] * slope, rel=1e-5, abs=1e-9)
    norm = np.linalg.norm(found.gradient, axis=2)
    assert found.step.median == pytest.approx(np.median(norm, axis=0))
    assert found.feature.high == pytest.approx(np.quantile(np.linalg.norm(found.gradient, axis=1), 0.75, axis=0))


def test_a_units_influence_is_its_gradient_times_its_spread():
    lower, upper = keras.layers.LSTM(3, return_sequences=True), keras.layers.GRU(4)
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), lower, upper, keras.layers.Dense(1)])
    x = np.random.default_rng(2).normal(size=(6, STEPS, FEATURES)).astype("float32")
    found = trace(model, x, scale=Scale(output=3.0))
    weight = np.abs(model.get_weights()[-2][:, 0])
    assert found.unit_influence[1] == pytest.approx(3.0 * weight * found.layers[1].hidden.std(axis=(0, 1)), rel=1e-4)
    rest = keras.Sequential([keras.Input((STEPS, 3)), upper, model.layers[-1]])
    said = found.layers[0].hidden.astype("float32")
    nudge = np.zeros_like(said)
    nudge[:, 4, 1] = 1e-2
    slope = (outputs(rest, said + nudge) - outputs(rest, said - nudge)) / 2e-2
    inputs = trace(rest, said, scale=Scale(output=3.0)).connectivity
    assert inputs.gradient[:, 4, 1] == pytest.approx(3.0 * slope, abs=2e-4)
    norm = np.sqrt((inputs.gradient**2).sum(axis=1).mean(axis=0))
    assert found.unit_influence[0] == pytest.approx(norm * found.layers[0].hidden.std(axis=(0, 1)), rel=1e-4)


def test_occlusion_is_the_output_without_the_value(model, x):
    found = trace(model, x, scale=Scale(output=3.0)).occlusion
    assert (found.block, found.windows) == (1, 6)
    without = x.copy()
    without[:, 2] = x.mean(axis=1)
    assert found.step[2] == pytest.approx(3.0 * np.median(outputs(model, x) - outputs(model, without)), abs=1e-6)
    without = x.copy()
    without[:, :, 1] = x[:, :, 1].mean(axis=1, keepdims=True)
    assert found.feature[1] == pytest.approx(3.0 * np.median(outputs(model, x) - outputs(model, without)), abs=1e-6)


def test_a_nearly_linear_model_agrees_with_its_gradient():
    cell = keras.layers.SimpleRNN(4, activation="linear")
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), cell, keras.layers.Dense(1)])
    x = np.random.default_rng(0).normal(size=(STEPS, FEATURES))
    assert trace(model, x).occlusion.agreement == pytest.approx(1.0)


def test_masked_steps_move_nothing_and_are_left_out():
    inputs = keras.Input((STEPS, FEATURES))
    hidden = keras.layers.LSTM(4)(keras.layers.Masking(9.0)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1)(hidden))
    x = np.random.default_rng(0).normal(size=(2, STEPS, FEATURES))
    x[:, :2] = 9.0
    found = trace(model, x)
    assert np.isnan(found.connectivity.step.median[:2]).all()
    assert np.isfinite(found.connectivity.step.median[2:]).all()
    assert (found.occlusion.step[:2] == 0).all()
    assert np.isfinite(found.connectivity.feature.median).all()
    assert "nan" not in found.describe()


def test_long_sequences_are_occluded_in_blocks():
    model = keras.Sequential([keras.Input((None, 1)), keras.layers.SimpleRNN(2), keras.layers.Dense(1)])
    found = trace(model, np.random.default_rng(0).normal(size=(130, 1))).occlusion
    assert found.block == 3
    assert found.step.shape == (130,)
    assert np.isfinite(found.step).all()


def test_a_stateful_model_is_asked_in_its_own_batches():
    inputs = keras.Input(batch_shape=(2, STEPS, FEATURES))
    layer = keras.layers.LSTM(3, stateful=True)
    model = keras.Model(inputs, keras.layers.Dense(1)(layer(inputs)))
    x = np.random.default_rng(0).normal(size=(2, STEPS, FEATURES)).astype("float32")
    model(x)
    before = [state.value.numpy() for state in layer.states]
    found = trace(model, x).occlusion
    assert np.isfinite(found.step).all()
    assert all(np.array_equal(a, b.value.numpy()) for a, b in zip(before, layer.states, strict=True))


def test_rank_correlation_against_the_definition():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=20), rng.normal(size=20)
    ranks = [np.argsort(np.argsort(values)) for values in (a, b)]
    assert rank_correlation(a, b) == pytest.approx(np.corrcoef(*ranks)[0, 1])
    assert rank_correlation(a, -a) == pytest.approx(-1)
    assert rank_correlation(a, np.ones(20)) is None
    assert rank_correlation(np.array([1.0, 1, 2, 3]), np.array([5.0, 5, 6, 7])) == pytest.approx(1)
