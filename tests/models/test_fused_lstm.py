"""The fused LSTM against Keras' own layer and cell."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_lab.models.backend import keras
from lstm_lab.models.fused_lstm import fused_sequence, fused_step, is_fusible, joined_kernels

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
    output, states = fused_step(layer, joined_kernels(layer), x, [hidden, memory])
    np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(states[1], carried[1], rtol=1e-5, atol=1e-6)
    assert abs(np.asarray(states[1])).max() > 1  # no clipping of the memory


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
