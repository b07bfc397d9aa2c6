"""Estimate of how long a training takes, before it starts: right in order of magnitude, from sizes alone."""

from __future__ import annotations

from typing import Any

from lstm_lab.models.backend import keras

__all__ = ["training_seconds"]

_STEP_SECONDS = 1.3e-4
"""A step of one recurrent layer, forth and back, whatever its size: 16.6 ms for 2 layers over 60 steps, on one core."""
_OPERATIONS_PER_SECOND = 6e10
"""Floating-point operations of large layers: three of 128 units, 540 windows of 60 rows a second, on one core. A
measured rate of matrix products says less: on a busy machine it was off by a factor of 50."""
_PASSES = 3.0
"""A gradient costs about two forward passes more than the forecast alone."""


def training_seconds(model: Any, *, steps: int, batch: int, lookback: int) -> float:
    """Estimate the seconds of some gradient steps on a recent processor, compilation left out.

    Parameters
    ----------
    model
        The Keras network.
    steps
        Gradient steps in all.
    batch
        Windows in each.
    lookback
        Time steps in a window.

    Returns
    -------
    float
        The larger network costs its products, the smaller one the time that TensorFlow takes for every time step.
    """
    recurrent = sum(_layers(layer) for layer in model.layers)
    products = 2.0 * _PASSES * model.count_params() * lookback * batch
    return float(steps * (recurrent * lookback * _STEP_SECONDS + products / _OPERATIONS_PER_SECOND))


def _layers(layer: Any) -> int:
    """Count the recurrent layers in a layer: two in a Bidirectional, those of a nested model."""
    if isinstance(layer, keras.layers.Bidirectional):
        return 2
    if isinstance(layer, keras.layers.RNN):
        return 1
    return sum(_layers(inner) for inner in getattr(layer, "layers", ()))
