"""The LSTM of training against Keras' own: output, gradients, and what is left to Keras."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_lab.models.backend import keras, tf
from lstm_lab.models.window_lstm import WindowLSTM, for_training

L = keras.layers


def twins(*, sequences: bool):
    """Build Keras' layer and its twin over one cell whose gates saturate."""
    layer = L.LSTM(5, return_sequences=sequences)
    layer.build((None, 9, 3))
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(0, 1.2, weight.shape) for weight in layer.get_weights()])
    twin = WindowLSTM.from_config(layer.get_config())
    twin.cell = layer.cell
    return layer, twin


def gradients(layer, x, weights):
    """Differentiate a weighted sum of a layer's output by its input and its variables."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        output = layer(x)
        total = tf.reduce_sum(output * weights[: output.shape[1]] if len(output.shape) == 3 else output * weights[0])
    return output, tape.gradient(total, [x, *layer.cell.trainable_variables])


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("sequences", [True, False])
def test_output_and_gradients_are_those_of_keras(sequences, compiled):
    taken = tf.function(gradients, autograph=False) if compiled else gradients
    layer, twin = twins(sequences=sequences)
    rng = np.random.default_rng(2)
    x = tf.constant(rng.normal(size=(4, 9, 3)).astype(np.float32))
    weights = tf.constant(rng.normal(size=(9, 5)).astype(np.float32))
    (expected, by_keras), (output, ours) = (taken(each, x, weights) for each in (layer, twin))
    np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-6)
    for theirs, mine in zip(by_keras, ours, strict=True):
        assert np.abs(theirs).max() > 0.1
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4 * float(np.abs(theirs).max()))


def test_a_mask_and_an_initial_state_are_left_to_keras():
    layer, twin = twins(sequences=False)
    rng = np.random.default_rng(3)
    x = rng.normal(size=(2, 9, 3)).astype(np.float32)
    mask = np.arange(9) < np.array([[4], [9]])
    state = [rng.normal(size=(2, 5)).astype(np.float32) for _ in range(2)]
    assert not np.allclose(layer(x, mask=mask), layer(x))
    np.testing.assert_allclose(twin(x, mask=mask), layer(x, mask=mask), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(twin(x, initial_state=state), layer(x, initial_state=state), rtol=1e-5, atol=1e-6)


def test_a_model_for_training_has_the_same_variables_and_other_layers_as_they_are():
    inputs = keras.Input((6, 2))
    x = L.LSTM(3, return_sequences=True)(inputs)
    x = L.Dropout(0.2)(x)
    x = L.LSTM(3, return_sequences=True, activation="relu")(x)
    model = keras.Model(inputs, L.Dense(1)(L.GRU(3)(x)))
    trained = for_training(model)
    assert [type(layer) is WindowLSTM for layer in trained.layers] == [False, True, False, False, False, False]
    assert all(a is b for a, b in zip(model.layers[2:], trained.layers[2:], strict=True))
    assert [id(weight) for weight in trained.weights] == [id(weight) for weight in model.weights]
    window = np.random.default_rng(4).normal(size=(2, 6, 2)).astype(np.float32)
    np.testing.assert_allclose(trained(window), model(window), rtol=1e-5, atol=1e-6)


def test_a_model_without_such_a_layer_and_states_that_are_kept_stay_as_they_are():
    model = keras.Sequential([keras.Input((6, 2)), L.GRU(3), L.Dense(1)])
    assert for_training(model) is model
    kept = keras.Sequential([keras.Input((6, 2), batch_size=2), L.LSTM(3, stateful=True), L.Dense(1)])
    assert for_training(kept) is kept


def test_a_gradient_through_a_compiled_call_is_refused_rather_than_wrong():
    _, twin = twins(sequences=False)
    x = tf.ones((2, 9, 3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        with pytest.raises(LookupError, match="for a tape alone"):
            tf.function(twin, autograph=False)(x)
