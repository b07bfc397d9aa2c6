"""The estimate of a training's time follows its sizes; its scale is that of measured trainings."""

import pytest

from lstm_lab.models.backend import keras
from lstm_lab.training import duration


def network(*units, columns=8):
    layers = [keras.layers.LSTM(size, return_sequences=size is not units[-1]) for size in units]
    return keras.Sequential([keras.Input((None, columns)), *layers, keras.layers.Dense(1)])


def seconds(*units, steps=1000, batch=64, lookback=60):
    return duration.training_seconds(network(*units), steps=steps, batch=batch, lookback=lookback)


def test_it_is_proportional_to_the_steps_and_grows_with_every_size():
    assert seconds(32, 31, steps=2000) == pytest.approx(2 * seconds(32, 31))
    assert seconds(32, 31) < seconds(32, 31, lookback=120) < seconds(32, 31, lookback=240)
    assert seconds(32) < seconds(32, 31) < seconds(128, 127)
    assert seconds(128, 127, batch=16) < seconds(128, 127)


def test_it_is_right_in_order_of_magnitude_on_the_machine_where_its_constants_were_measured():
    """Three layers of 128: 540 windows of 60 rows a second in batches of 64; two of 32: 16.6 ms a step at batch 16."""
    large = 64 / (seconds(128, 127, 126) / 1000)
    assert 540 / 3 < large < 540 * 3
    assert 0.0166 / 2 < seconds(32, 31, batch=16) / 1000 < 0.0166 * 2


def test_both_directions_and_nested_models_count():
    inner = keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(2, return_sequences=True)])
    layers = [inner, keras.layers.Bidirectional(keras.layers.GRU(2)), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((None, 2)), *layers])
    tiny = duration.training_seconds(model, steps=1000, batch=1, lookback=60)
    assert tiny == pytest.approx(3 * 60 * 0.13, rel=0.05)
