"""How many windows a plain call of a network takes: as many as a layer's width and its memory allow."""

from types import SimpleNamespace

import numpy as np
import pytest

from lstm_lab.simulation.residuals import one_step


class Windows:
    """A window is its number, 48 times."""

    lookback = 48
    known_lengths = None

    def inputs(self, selection):
        return np.repeat(selection[:, None, None], self.lookback, axis=1).astype(np.float32)


class Model:
    """Forecasts the number of a window, and keeps the size of every call."""

    def __init__(self, width, heads):
        self.weights = [np.zeros(()), np.zeros((3, width)), np.zeros(width), np.zeros((width, 1))]
        self.layers = [SimpleNamespace(), SimpleNamespace(heads=heads)]
        self.sizes = []

    def __call__(self, inputs, training):
        assert not training
        self.sizes.append(len(inputs))
        return inputs[:, -1]


@pytest.mark.parametrize(("width", "heads", "largest"), [(16, 0, 2048), (128, 0, 488), (16, 4, 108), (5000, 0, 64)])
def test_a_wide_layer_or_an_attention_takes_fewer_windows_a_call(width, heads, largest):
    model, selection = Model(width, heads), np.arange(2500)
    assert one_step(model, Windows(), selection).tolist() == selection.tolist()
    assert max(model.sizes) == largest
    assert largest == 64 or largest * 48 * max(width, 3 * 48 * heads) <= 3_000_000
