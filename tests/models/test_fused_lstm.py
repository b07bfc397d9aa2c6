"""The fused LSTM against Keras' own layer and cell."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from lstm_lab.models.backend import keras, tf
from lstm_lab.models.fused_lstm import (
    block_lstm,
    fused_output,
    fused_sequence,
    fused_step,
    is_fusible,
    joined,
    joined_weights,
    padded_states,
)

L = keras.layers


def trained(units: int = 5) -> keras.layers.LSTM:
    """Build a layer whose weights are none of them zero, and large enough for the gates to saturate."""
    layer = L.LSTM(units, return_sequences=True, return_state=True)
    layer.build((None, None, 3))
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(0, 1.5, weight.shape) for weight in layer.get_weights()])
    return layer


@pytest.mark.parametrize("sequences", [True, False])
@pytest.mark.parametrize("rows", [1, 7])
def test_a_window_is_that_of_the_keras_layer(rows, sequences):
    layer = trained()
    x = np.random.default_rng(2).normal(size=(rows, 6, 3)).astype(np.float32)
    whole, hidden, memory = layer(x)
    layer.return_sequences = sequences
    output, states = fused_sequence(layer, x)
    np.testing.assert_allclose(output, whole if sequences else whole[:, -1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(states[0], hidden, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(states[1], memory, rtol=1e-5, atol=1e-6)


def test_a_step_is_that_of_the_keras_cell():
    layer = trained()
    rng = np.random.default_rng(3)
    x, hidden, memory = (rng.normal(size=(4, size)).astype(np.float32) for size in (3, 5, 5))
    expected, carried = layer.cell(x, [hidden, memory])
    output, states = fused_step(layer, joined_weights(layer.cell), x, [hidden, memory])
    np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(states[1], carried[1], rtol=1e-5, atol=1e-6)
    assert abs(np.asarray(states[1])).max() > 1  # no clipping of the memory
    padded = padded_states([hidden, memory])
    same, carried = fused_step(layer, joined_weights(layer.cell), x, padded)
    np.testing.assert_array_equal(same, output)
    for wide, state in zip(carried, states, strict=True):
        assert wide.shape == (4, 6)
        np.testing.assert_array_equal(wide[:, :5], state)
        np.testing.assert_array_equal(wide[:, 5], 0)


@pytest.mark.parametrize("rows", [1, 4, 31])
@pytest.mark.parametrize("features", [1, 2, 3, 7])
def test_zeros_for_an_even_number_of_features_change_no_bit(rows, features):
    units = 8
    rng = np.random.default_rng(rows)
    shapes = [
        (5, rows, features),
        (rows, units),
        (rows, units),
        (features, 4 * units),
        (units, 4 * units),
        (4 * units,),
    ]
    x, hidden, memory, kernel, recurrent, bias = (tf.constant(rng.normal(size=shape), tf.float32) for shape in shapes)
    zeros = tf.zeros(units)
    expected = tf.raw_ops.BlockLSTMV2(
        seq_len_max=5, x=x, h_prev=hidden, cs_prev=memory, w=tf.concat([kernel, recurrent], axis=0),
        wci=zeros, wcf=zeros, wco=zeros, b=bias, cell_clip=0.0, use_peephole=False,
    )  # fmt: skip
    passed = block_lstm(x, [hidden, memory], *joined(kernel, recurrent, bias))
    for name in passed._fields:
        np.testing.assert_array_equal(getattr(passed, name), getattr(expected, name), err_msg=name)


QUIET = """
import keras, numpy as np, tensorflow as tf
tf.zeros(3)
print("loaded", file=__import__("sys").stderr, flush=True)  # what TensorFlow says of itself while it loads is no matter
from lstm_lab.models.fused_lstm import fused_sequence, fused_step, joined_weights
for units, features in ((4, 1), (3, 2), (3, 1)):
    layer = keras.layers.LSTM(units)
    layer.build((None, None, features))
    x = tf.ones((1, 6, features))
    _, states = fused_sequence(layer, x)
    fused_step(layer, joined_weights(layer.cell), x[:, 0], states)
"""


def test_odd_numbers_of_rows_and_features_and_units_write_nothing_after_keras_was_imported_first():
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", QUIET], env=environment, capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stderr.partition("loaded\n")[2] == ""


def test_only_the_lstm_of_keras_as_it_is_by_default_is_fused():
    class Own(L.LSTM):
        """A layer of the user's."""

    assert is_fusible(L.LSTM(4))
    others = [
        L.GRU(4),
        L.Dense(4),
        L.RNN(L.LSTMCell(4)),
        Own(4),
        L.LSTM(4, activation="relu"),
        L.LSTM(4, recurrent_activation="hard_sigmoid"),
        L.LSTM(4, use_bias=False),
        L.LSTM(4, dropout=0.1),
        L.LSTM(4, recurrent_dropout=0.1),
        L.LSTM(4, go_backwards=True),
        L.LSTM(4, dtype="float64"),
        L.LSTM(4, dtype="mixed_float16"),
    ]
    assert [layer for layer in others if is_fusible(layer)] == []


def masked_stack(layers):
    return keras.Sequential([keras.Input((7, 2)), keras.layers.Masking(), *layers])


@pytest.mark.parametrize("masking", [False, True])
def test_a_network_s_output_is_that_of_keras_with_dropout_off(masking):
    layers = [L.LSTM(5, return_sequences=True), L.Dropout(0.5), L.GRU(4, return_sequences=True), L.LSTM(3), L.Dense(1)]
    model = masked_stack(layers) if masking else keras.Sequential([keras.Input((7, 2)), *layers])
    windows = np.random.default_rng(0).normal(size=(6, 7, 2)).astype(np.float32)
    windows[:3, 4:] = 0.0  # what Masking takes for padding
    output = fused_output(model, windows)
    np.testing.assert_allclose(output, model(windows, training=False), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(fused_output(model, windows), output)


def test_states_that_are_given_or_given_back_are_left_to_keras():
    inputs = keras.Input((7, 2))
    x, *states = keras.layers.LSTM(4, return_sequences=True, return_state=True)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.LSTM(4)(x, initial_state=states)))
    windows = np.random.default_rng(0).normal(size=(6, 7, 2)).astype(np.float32)
    np.testing.assert_allclose(fused_output(model, windows), model(windows), rtol=1e-5, atol=1e-6)
