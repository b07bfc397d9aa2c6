"""Which layers take cuDNN on a GPU. There is none here: Keras is told of one, and asked what it would run."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from lstm_lab.models.backend import keras, tf
from lstm_lab.models.build import build_forecaster, reference_stack
from lstm_lab.options import TrainOptions
from lstm_lab.simulation.network import Network

L = keras.layers
rnn = importlib.import_module("keras.src.backend.tensorflow.rnn")  # its package has a function of this name
LOOKBACK, COLUMNS = 5, 2


@pytest.fixture
def asked(monkeypatch):
    """Pretend a GPU, and list the units of each layer for which Keras asks for cuDNN; then it goes on without."""
    units = []

    def refuse(kind):
        def operation(_, state_h, *__, **___):
            units.append((kind, state_h.shape[-1]))
            raise NotImplementedError

        return operation

    monkeypatch.setattr(rnn, "_is_gpu_available", lambda: True)
    monkeypatch.setattr(rnn, "_cudnn_lstm", refuse("lstm"))
    monkeypatch.setattr(rnn, "_cudnn_gru", refuse("gru"))
    return units


def windows():
    return np.random.default_rng(0).normal(size=(3, LOOKBACK, COLUMNS)).astype(np.float32)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_every_layer_of_the_default_stack_takes_cudnn_in_training(asked, cell):
    forecaster = build_forecaster(
        reference_stack(TrainOptions(cell=cell, units=[3, 4], dropout=0.2)), LOOKBACK, COLUMNS
    )
    asked.clear()
    for network in (forecaster.model, forecaster.every):
        network(windows(), training=True)
    assert asked == [(cell, 3), (cell, 4)] * 2


@pytest.mark.parametrize("kind", [L.LSTM, L.GRU])
def test_a_carried_state_takes_cudnn_over_padded_windows(asked, kind):
    model = keras.Sequential([keras.Input((None, COLUMNS)), kind(3, return_sequences=True), kind(4), L.Dense(1)])
    network = Network(model)
    asked.clear()
    lengths = np.array([5, 3, 4])
    network.encode(windows(), np.zeros((1, 2), np.int32), 1, shared=True, fresh=False, lengths=lengths)
    assert [size for _, size in asked] == [3, 4]


@pytest.mark.parametrize("kind", [L.LSTM, L.GRU])
def test_a_carrying_layer_gives_the_output_and_the_states_of_the_plain_loop(kind):
    layer = kind(4, return_sequences=True)
    model = keras.Sequential([keras.Input((LOOKBACK, COLUMNS)), layer, kind(3), L.Dense(1)])
    carrier = Network(model)._carriers[0]
    assert type(carrier) is kind
    plain = L.RNN(layer.cell, return_sequences=True, return_state=True)
    mask = tf.sequence_mask([5, 3, 4], LOOKBACK)
    for mine, theirs in zip(carrier(windows(), mask=mask), plain(windows(), mask=mask), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [{"activation": "relu"}, {"recurrent_activation": "hard_sigmoid"}, {"use_bias": False}, {"recurrent_dropout": 0.1}],
)
def test_settings_that_lose_cudnn_are_those_of_the_docs(asked, settings):
    for kind in (L.LSTM, L.GRU):
        kind(3, **settings)(windows(), training=True)
    L.GRU(3, reset_after=False)(windows(), training=True)
    assert asked == []
    L.LSTM(3, dropout=0.1)(windows(), training=True)
    assert asked == [("lstm", 3)]
