"""The optimiser of a training: Adam, with a limit on the gradient and a schedule of the learning rate if asked for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lstm_lab.models.backend import keras

if TYPE_CHECKING:
    from lstm_lab.options import TrainOptions

__all__ = ["cycle", "optimizer_of", "schedule_of"]

WARM = 0.3
"""Share of the steps in which the rate of a cycle rises."""
START = 1 / 25
"""Share of the highest rate that a cycle begins with."""


def optimizer_of(options: TrainOptions, kind: type[Any] = keras.optimizers.Adam) -> Any:
    """Build the optimiser of resolved options, Keras' Adam or a kind of it.

    Its name is always the same: TensorFlow keeps, for good, some 40 kB for every new name of a variable.
    """
    return kind(options.learning_rate, global_clipnorm=options.clip or None, name="adam")


def schedule_of(options: TrainOptions, batches: int, step: int = 0) -> list[keras.callbacks.Callback]:
    """Build the callbacks that set the learning rate: none where it is constant.

    Parameters
    ----------
    options
        Resolved.
    batches
        Gradient steps of an epoch.
    step
        Gradient steps that are done.
    """
    if options.schedule == "constant" or options.learning_rate is None:
        return []
    return [_Cycle(options.learning_rate, options.epochs * batches, step)]


def cycle(step: int, steps: int) -> float:
    """Compute the share of the highest rate at a step: up along a cosine for 30 % of the steps, then down to zero."""
    peak = WARM * steps
    if step < peak:
        return START + (1 - START) * (1 - math.cos(math.pi * step / peak)) / 2
    return (1 + math.cos(math.pi * (step - peak) / (steps - peak))) / 2


class _Cycle(keras.callbacks.Callback):  # type: ignore[misc] # Keras has no types
    """Sets the learning rate before each gradient step."""

    def __init__(self, highest: float, steps: int, step: int) -> None:
        super().__init__()
        self._highest = highest
        self._steps = steps
        self._step = step

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras's signature
        self.model.optimizer.learning_rate = self._highest * cycle(self._step, self._steps)
        self._step += 1
