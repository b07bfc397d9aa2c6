"""The layer of a network whose output is the first that is no finite number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.models.backend import tf

if TYPE_CHECKING:
    from lstm_lab.models.forecaster import Forecaster

__all__ = ["first_not_finite"]


def first_not_finite(forecaster: Forecaster, inputs: np.ndarray) -> str | None:
    """Name the first layer of a chain whose output has NaN or infinity while it trains.

    Parameters
    ----------
    forecaster
        Its layers are called one after the other.
    inputs
        (windows, lookback, columns), finite.

    Returns
    -------
    str or None
        Name and class, ``"scale (Scale)"``; None where every output is finite, or the layers are no chain.
    """
    if not forecaster.chained:
        return None
    x = tf.constant(inputs)
    for layer in forecaster.layers:
        x = layer(x, training=True) if layer._call_has_training_arg else layer(x)  # noqa: SLF001 - Keras offers no public way
        if not np.isfinite(x.numpy()).all():
            return f"{layer.name} ({type(layer).__name__})"
    return None
