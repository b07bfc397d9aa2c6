"""Which chains of layers can continue from a carried state, one row at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.models.backend import keras
from lstm_lab.simulation.dropout_masks import DROPPING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["first_whole_window_layer", "has_state"]

_POINTWISE = (
    keras.layers.Dense,
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.ELU,
    keras.layers.Rescaling,
    keras.layers.Identity,
    keras.layers.ActivityRegularization,
    *DROPPING,
)
"""Layers that treat every step of a window alike, whatever their configuration."""
_BY_AXIS = (
    keras.layers.LayerNormalization,
    keras.layers.BatchNormalization,
    keras.layers.UnitNormalization,
    keras.layers.Softmax,
)
"""Layers that do so where their axis is the last."""


def has_state(layer: Any) -> bool:
    """Return whether the layer's state can be carried forward in time."""
    return isinstance(layer, keras.layers.RNN) and not layer.go_backwards


def first_whole_window_layer(layers: Sequence[Any]) -> str | None:
    """Return the name of the first layer in a chain that needs the whole window at each step; None without one.

    After the last recurrent layer there is one vector in either roll-out, so any layer may follow.
    """
    recurrent = [position for position, layer in enumerate(layers) if has_state(layer)]
    if not recurrent:
        return str(layers[0].name)
    last = recurrent[-1]
    for position, layer in enumerate(layers[: last + 1]):
        steps_on = layer.return_sequences == (position < last) if position in recurrent else _pointwise(layer)
        if not steps_on:
            return str(layer.name)
    return None


def _pointwise(layer: Any) -> bool:
    """Return whether a layer's output at a step depends on its input at that step alone, and in the same way."""
    if isinstance(layer, keras.layers.TimeDistributed):
        return _pointwise(layer.layer)
    if isinstance(layer, keras.layers.PReLU):
        return 1 in (layer.shared_axes or ())
    if isinstance(layer, _BY_AXIS):
        return list(np.ravel(layer.axis)) in ([-1], [2])
    return isinstance(layer, _POINTWISE)
