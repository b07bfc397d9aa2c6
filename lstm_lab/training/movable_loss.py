"""A loss whose kind and delta are variables, so that a network is compiled once for all of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.models.backend import keras, tf
from lstm_lab.training.objective import resolved
from lstm_lab.training.trainer import Trainer

if TYPE_CHECKING:
    from lstm_lab.models.forecaster import Forecaster
    from lstm_lab.options import TrainOptions

__all__ = ["MovableLoss", "movable_trainer"]


class MovableLoss(keras.losses.Loss):  # type: ignore[misc] # Keras has no types
    """MSE, MAE or Huber's loss: a parabola up to an error of delta, a straight line beyond it.

    With the error e it is a·e² where abs(e) is at most delta, and b·abs(e) + c elsewhere: of the MSE delta is infinite,
    of the MAE it is negative.
    """

    def __init__(self) -> None:
        super().__init__(name="movable_loss")
        self._terms = tf.Variable(np.zeros(4, np.float32), trainable=False, name="movable_loss")

    def set(self, loss: str, delta: float) -> None:
        """Choose the loss, and Huber's delta."""
        terms = {
            "mse": (math.inf, 1.0, 0.0, 0.0),
            "mae": (-1.0, 0.0, 1.0, 0.0),
            "huber": (delta, 0.5, delta, -0.5 * delta**2),
        }
        self._terms.assign(np.asarray(terms[loss], np.float32))

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Compute the loss of each target."""
        delta, curve, slope, offset = tf.unstack(self._terms)
        size = tf.abs(tf.cast(y_true, y_pred.dtype) - y_pred)
        return tf.reduce_mean(tf.where(size <= delta, curve * size**2, slope * size + offset), axis=-1)


def movable_trainer(forecaster: Forecaster, options: TrainOptions, *, masked: bool) -> Trainer:
    """Compile a copy of a forecaster with a loss that moves."""
    chosen = resolved(options, forecaster.every_refused)
    return Trainer.of(forecaster.clone(), chosen, masked=masked, copied=True, loss=MovableLoss())
