"""PAD truth: what a network makes of a sequence depends on its real steps alone.

The reference is the same network run on each sequence by itself, without any padding.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from lstm_lab.errors import StackError
from lstm_lab.models.backend import keras, tf
from lstm_lab.models.masking import MaskedNetwork, masked_output, refuse_unmasked
from lstm_lab.models.transformer import transformer_stack
from lstm_lab.options import TrainOptions

STEPS, COLUMNS = 6, 2
LENGTHS = np.array([3, 2, 5, 6, 4])
MASK = np.arange(STEPS) < LENGTHS[:, None]
CLOSE = {"rtol": 1e-5, "atol": 1e-6}
"""float32 rounds at 6e-8; a batch and a lone sequence add their products in another order."""
L = keras.layers


def chain(*layers):
    return keras.Sequential([keras.Input((None, COLUMNS)), *layers, L.Dense(1)])


def attention_block():
    window = keras.Input((None, COLUMNS))
    x = L.Dense(8)(window)
    x = L.LayerNormalization()(L.Add()([x, L.MultiHeadAttention(2, 4)(x, x)]))
    x = L.Add()([x, L.Dense(8, activation="relu")(x)])
    return keras.Model(window, L.Dense(1)(L.GlobalAveragePooling1D()(x)))


def attention_over_states(kind):
    window = keras.Input((None, COLUMNS))
    states = L.LSTM(4, return_sequences=True)(window)
    return keras.Model(window, L.Dense(1)(L.GlobalMaxPooling1D()(kind()([states, states]))))


def branches():
    window = keras.Input((None, COLUMNS))
    mean = L.GlobalAveragePooling1D()(L.GRU(3, return_sequences=True)(window))
    both = L.Concatenate()([L.Conv1D(3, 2, padding="causal")(window), window])
    return keras.Model(window, L.Dense(1)(L.Concatenate()([mean, L.LSTM(3)(both)])))


NETWORKS = {
    "LSTM": lambda: chain(L.LSTM(4, return_sequences=True), L.Dropout(0.2), L.LSTM(4)),
    "GRU": lambda: chain(L.GRU(4, return_sequences=True), L.GRU(4, reset_after=False)),
    "SimpleRNN": lambda: chain(L.SimpleRNN(4)),
    "stacked cells": lambda: chain(L.RNN([keras.layers.LSTMCell(3), keras.layers.GRUCell(4)])),
    "backwards": lambda: chain(L.LSTM(4, go_backwards=True)),
    "Bidirectional": lambda: chain(L.Bidirectional(L.LSTM(4, return_sequences=True)), L.Bidirectional(L.GRU(3))),
    "mean over time": lambda: chain(L.LSTM(4, return_sequences=True), L.GlobalAveragePooling1D()),
    "largest over time": lambda: chain(L.LSTM(4, return_sequences=True), L.GlobalMaxPooling1D()),
    "largest of negatives": lambda: chain(
        L.Dense(4, bias_initializer=keras.initializers.Constant(-9.0)), L.GlobalMaxPooling1D()
    ),
    "causal convolution": lambda: chain(L.Conv1D(4, 3, padding="causal"), L.TimeDistributed(L.Dense(3)), L.GRU(4)),
    "BatchNormalization": lambda: chain(L.BatchNormalization(), L.LSTM(4)),
    "attention of several heads": attention_block,
    "Attention": lambda: attention_over_states(L.Attention),
    "AdditiveAttention": lambda: attention_over_states(L.AdditiveAttention),
    "branches": branches,
    "nested": lambda: keras.Sequential([keras.Input((None, COLUMNS)), chain(L.LSTM(3))]),
    "transformer": lambda: keras.Sequential(
        [keras.Input((None, COLUMNS)), *transformer_stack(TrainOptions(units=(4,), dense=(), dropout=0.1))]
    ),
}


@pytest.fixture(scope="module")
def windows():
    return np.random.default_rng(4).normal(size=(len(LENGTHS), STEPS, COLUMNS)).astype(np.float32)


@pytest.fixture(params=list(NETWORKS))
def network(request):
    keras.utils.set_random_seed(3)
    model = NETWORKS[request.param]()
    for weight in model.trainable_weights:  # biases that start at 0 would hide a PAD step that is read
        weight.assign_add(0.1 * np.random.default_rng(1).normal(size=weight.shape))
    return model


def padded_with(windows, value):
    return np.where(MASK[..., None], windows, np.float32(value))


def one_by_one(model, windows):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "You are using a softmax over axis -1")
        alone = [model(windows[row : row + 1, :length], training=False)[0] for row, length in enumerate(LENGTHS)]
    return np.stack(alone)


def step(model, windows, mask=MASK):
    """Compute loss, forecast and gradients of a training step."""
    with tf.GradientTape() as tape:
        forecast = masked_output(model, tf.constant(windows), tf.constant(mask))
        loss = tf.reduce_mean((forecast - 0.3) ** 2)
    return [loss.numpy(), forecast.numpy(), *(part.numpy() for part in tape.gradient(loss, model.trainable_weights))]


def test_padded_sequences_give_what_each_gives_alone(network, windows):
    with_states = masked_output(network, tf.constant(padded_with(windows, 0)), tf.constant(MASK), gathered=False)
    gathered = masked_output(network, tf.constant(padded_with(windows, 0)), tf.constant(MASK))
    alone = one_by_one(network, windows)
    np.testing.assert_allclose(gathered, alone, **CLOSE)
    np.testing.assert_allclose(with_states, alone, **CLOSE)


def test_no_value_of_padding_moves_a_bit_of_loss_forecast_and_gradient(network, windows):
    zeros, millions, holes = (step(network, padded_with(windows, value)) for value in (0, 1e6, np.nan))
    assert all(np.array_equal(a, b) and np.array_equal(a, c) for a, b, c in zip(zeros, millions, holes, strict=True))


def test_more_padding_changes_neither_loss_nor_gradient(network, windows):
    longer = np.pad(padded_with(windows, 0), ((0, 0), (0, 5), (0, 0)), constant_values=1e6)
    short, long = step(network, windows), step(network, longer, np.pad(MASK, ((0, 0), (0, 5))))
    for before, after in zip(short, long, strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-6)


def test_batch_normalisation_learns_from_real_steps_alone(windows):
    layer = L.BatchNormalization(momentum=0.0)
    model = chain(layer, L.LSTM(2))
    masked_output(model, tf.constant(padded_with(windows, 1e6)), tf.constant(MASK), training=True)
    np.testing.assert_allclose(layer.moving_mean, windows[MASK].mean(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, windows[MASK].var(axis=0), rtol=1e-5)


def test_a_masked_network_trains_as_the_network_that_it_holds(windows):
    model = NETWORKS["LSTM"]()
    network = MaskedNetwork(model)
    network.compile(optimizer=keras.optimizers.SGD(0.5), loss="mse")
    before = [weight.numpy() for weight in model.trainable_weights]
    expected = step(model, windows)[2:]
    model.get_layer(index=1).rate = 0.0  # no dropout: the step is the gradient's
    target = np.full((len(LENGTHS), 1), 0.3, np.float32)
    network.fit((padded_with(windows, 7.0), LENGTHS), target, batch_size=len(LENGTHS), verbose=0)
    for start, gradient, weight in zip(before, expected, model.trainable_weights, strict=True):
        np.testing.assert_allclose(weight, start - 0.5 * gradient, rtol=1e-5, atol=1e-6)
    assert [weight.path for weight in network.trainable_weights] == [weight.path for weight in model.trainable_weights]


class Last(keras.layers.Layer):
    """A layer of a user's own that knows nothing of masks."""

    def call(self, x):
        return x[:, -1]


def takes_the_last():
    window = keras.Input((None, COLUMNS))
    return keras.Model(window, L.Dense(1)(L.LSTM(3, return_sequences=True)(window)[:, -1]))


REFUSED = {
    "Flatten": (
        lambda: keras.Sequential([keras.Input((STEPS, COLUMNS)), L.Flatten(), L.Dense(1)]),
        "Flatten.*put GlobalAveragePooling1D or a recurrent layer in its place",
    ),
    "Masking": (lambda: chain(L.Masking(), L.LSTM(3)), "Masking.*leave it out"),
    "convolution": (lambda: chain(L.Conv1D(3, 2), L.LSTM(3)), "Conv1D.*mixes padding.*padding='causal'"),
    "pooling": (lambda: chain(L.MaxPooling1D(2), L.LSTM(3)), "MaxPooling1D.*GlobalMaxPooling1D"),
    "own layer": (lambda: chain(L.LSTM(3, return_sequences=True), Last()), "Last.*supports masking"),
    "operation": (takes_the_last, "GetItem.*is no layer"),
    "reverse": (
        lambda: chain(L.LSTM(3, go_backwards=True, return_sequences=True), L.LSTM(2)),
        "LSTM.*reverse, where padding comes first",
    ),
    "zeros": (lambda: chain(L.LSTM(3, zero_output_for_mask=True)), "zero_output_for_mask"),
    "normalisation": (lambda: chain(L.GroupNormalization(1), L.LSTM(3)), "GroupNormalization.*LayerNormalization"),
    "penalty": (lambda: chain(L.Dense(3, activity_regularizer="l2"), L.LSTM(3)), "penalty on its activity"),
}


@pytest.mark.parametrize("kind", list(REFUSED))
def test_a_layer_that_would_read_padding_is_refused_by_name(kind):
    make, message = REFUSED[kind]
    with pytest.raises(StackError, match=message) as refusal:
        refuse_unmasked(make(), STEPS, COLUMNS)
    assert "\n" not in str(refusal.value)


def test_every_other_network_is_accepted(network):
    refuse_unmasked(network, STEPS, COLUMNS)
