"""Compiled networks, kept between trainings: a second training of the same stack and shapes compiles nothing.

Keras compiles a training step for every network, which takes seconds, and TensorFlow never gives back all the memory of
a compiled loop, some 10 MB for the smallest network. So a stack of Keras's own layers is trained in a copy that is kept
for the next training: its variables (weights, seeds of dropout) are set to those of the network that is to be trained,
the optimiser to its beginning, and afterwards the variables are copied back. The numbers are those of a fresh network.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.models.architecture import architecture_key
from lstm_lab.models.backend import keras, on_one_device, tf
from lstm_lab.models.kept_networks import KeptNetworks
from lstm_lab.models.masking import MaskedNetwork, masked_output
from lstm_lab.models.window_lstm import for_training
from lstm_lab.training.fused_adam import FusedAdam
from lstm_lab.training.optimizer import optimizer_of
from lstm_lab.training.padded_batches import gathered_windows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lstm_lab.models.forecaster import Forecaster
    from lstm_lab.options import TrainOptions

__all__ = ["CACHE_SIZE", "Trainer", "acquire", "loss_function"]

CACHE_SIZE = 2
"""Compiled networks that are kept, the most recently used ones; the smallest takes some 10 MB."""

_cache: KeptNetworks[Trainer] = KeptNetworks()


@dataclass(eq=False)
class Trainer:
    """A compiled network, its loss, and the functions that compute its validation loss."""

    forecaster: Forecaster
    network: Any
    """keras.Model with one output a window, or one at every step over the same variables."""
    evaluated: Any
    """keras.Model with one output a window, over the same variables: its loss is the validation loss."""
    variables: list[Any]
    """Those of the forecaster's networks, of which one may have seeds that the other has not."""
    loss: Any
    initial_optimizer: list[np.ndarray]
    """The optimiser's variables before its first step."""
    key: str | None = None
    """What its compiled step depends on; None if it is never kept."""
    masked: bool = False
    """Whether the network takes (windows, lengths), and leaves out padding."""
    _loss_functions: dict[Any, Callable[..., Any]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        forecaster: Forecaster,
        options: TrainOptions,
        *,
        masked: bool = False,
        copied: bool = False,
        loss: Any = None,
    ) -> Trainer:
        """Compile a network for training with resolved options; a given loss takes the place of theirs.

        Of a copy that nothing else holds, `copied`, the LSTM layers are computed as `WindowLSTM` does, and Adam as
        `FusedAdam` does. Layers of the user's stay in the one graph that they were called in.
        """
        every = options.supervise != "last"
        network: Any = forecaster.every if every else forecaster.model
        evaluated: Any = forecaster.model
        variables = {id(variable): variable for variable in (*network.variables, *evaluated.variables)}
        if copied:
            network = for_training(network)
            evaluated = for_training(forecaster.model) if every else network
        if masked:
            network = MaskedNetwork(network)
        loss = loss_function(options) if loss is None else loss
        optimizer = optimizer_of(options, FusedAdam if copied else keras.optimizers.Adam)
        network.compile(optimizer=on_one_device(optimizer), loss=loss, weighted_metrics=[_absolute_error()])
        network.optimizer.build(network.trainable_variables)
        initial = [variable.numpy() for variable in network.optimizer.variables]
        return cls(forecaster, network, evaluated, list(variables.values()), loss, initial, masked=masked)

    def load(self, forecaster: Forecaster, learning_rate: float) -> None:
        """Copy in the variables of the network to be trained, and reset the optimiser."""
        if forecaster is self.forecaster:
            return
        _copy(forecaster.model, self.forecaster.model)
        optimizer = self.network.optimizer
        for variable, value in zip(optimizer.variables, self.initial_optimizer, strict=True):
            variable.assign(value)
        optimizer.learning_rate = learning_rate

    def release(self, forecaster: Forecaster, options: TrainOptions, *, again: bool) -> None:
        """Copy the trained variables back to the forecaster, and return the compiled network to the cache.

        Parameters
        ----------
        forecaster, options
            As for `acquire`. The forecaster's model is compiled too, so that Keras can train it further.
        again
            Whether to cache it: not after an interrupt, which may have left it in the middle of a step.
        """
        if forecaster is not self.forecaster:
            _copy(self.forecaster.model, forecaster.model)
        if forecaster.model is not self.network:
            forecaster.model.compile(optimizer=optimizer_of(options), loss=loss_function(options))
            # Keras saves the optimiser too, and loads no file with one that was never built.
            forecaster.model.optimizer.build(forecaster.model.trainable_variables)
        if self.key is None or not again:
            return
        _cache.put(self.key, self, CACHE_SIZE)

    def state(self) -> dict[str, list[np.ndarray]]:
        """Copy out all that the next gradient step follows from, beside its batch: weights, seeds, optimiser, loss."""
        groups = self._state_variables()
        return {group: [variable.numpy() for variable in variables] for group, variables in groups.items()}

    def set_state(self, arrays: Mapping[str, Sequence[np.ndarray]]) -> None:
        """Set what `state` gave, in this process or another."""
        groups = self._state_variables()
        for group in ("variables", "optimizer"):  # Keras builds metrics in the first step
            for variable, array in zip(groups[group], arrays[group], strict=True):
                variable.assign(array)

    def add_metrics(self, arrays: Mapping[str, Sequence[np.ndarray]]) -> dict[str, float]:
        """Add the sums that metrics had in `state` to those of a first step since; return the metrics."""
        for variable, array in zip(self.network.metrics_variables, arrays["metrics"], strict=True):
            variable.assign_add(array)
        return {name: float(value) for name, value in self.network.get_metrics_result().items()}

    def _state_variables(self) -> dict[str, list[Any]]:
        """List the variables by group."""
        return {
            "variables": self.variables,
            "optimizer": list(self.network.optimizer.variables),
            "metrics": list(self.network.metrics_variables),
        }

    def summed_losses(self, size: int) -> Callable[..., Any]:
        """Compile the sums of loss and absolute error at the last step: (matrix, target_rows, weights) -> (2,)."""
        if size not in self._loss_functions:
            rows = np.arange(-self.forecaster.lookback, 0)

            def summed(matrix: Any, target_rows: Any, weights: Any) -> Any:
                forecast = self.evaluated(tf.gather(matrix, target_rows[:, None] + rows), training=False)
                return self._sums(tf.gather(matrix[:, :1], target_rows), forecast, weights)

            # Concrete at once: TensorFlow counts calls that trace, and would warn in a backtest of many short fits.
            function = tf.function(summed, autograph=False)
            self._loss_functions[size] = function.get_concrete_function(*self._arguments(size))
        return self._loss_functions[size]

    def summed_padded_losses(self, size: int, padding: float) -> Callable[..., Any]:
        """Compile the same sums over padded windows: (matrix, target_rows, weights, lengths) -> (2,)."""
        key = size, padding
        if key not in self._loss_functions:
            model = self.evaluated
            open_in_time = self.masked and model.input_shape[1] is None

            def summed(matrix: Any, target_rows: Any, weights: Any, lengths: Any) -> Any:
                steps = tf.reduce_max(lengths) if open_in_time else self.forecaster.lookback
                windows, _, mask = gathered_windows(matrix, target_rows, lengths, steps, padding)
                forecast = masked_output(model, windows, mask) if self.masked else model(windows, training=False)
                return self._sums(tf.gather(matrix[:, :1], target_rows), forecast, weights)

            function = tf.function(summed, autograph=False)
            lengths = tf.TensorSpec((size,), tf.int64)
            self._loss_functions[key] = function.get_concrete_function(*self._arguments(size), lengths)
        return self._loss_functions[key]

    def _arguments(self, size: int) -> tuple[Any, Any, Any]:
        """Describe matrix, target rows and weights."""
        matrix = tf.TensorSpec((None, self.forecaster.columns), tf.float32)
        return matrix, tf.TensorSpec((size,), tf.int64), tf.TensorSpec((size,), tf.float32)

    def _sums(self, target: Any, forecast: Any, weights: Any) -> Any:
        """Sum loss and absolute error over some windows, (2,)."""
        loss = tf.cast(self.loss(target, forecast, sample_weight=weights), tf.float32) * weights.shape[0]
        error = tf.reduce_sum(tf.abs(target - tf.cast(forecast, tf.float32))[:, 0] * weights)
        return tf.stack([loss, error])


def acquire(forecaster: Forecaster, options: TrainOptions, size: int, *, masked: bool = False) -> Trainer:
    """Return a compiled network with a forecaster's variables, from the cache where there is one.

    Parameters
    ----------
    forecaster
        The network to be trained. Of a stack with layers that are not Keras's own the forecaster itself is compiled.
    options
        Resolved.
    size
        Windows of a batch.
    masked
        Whether windows come with their lengths, for some are padded.
    """
    key = _key(forecaster, options, size)
    if key is None:
        return Trainer.of(forecaster, options, masked=masked)
    key += " masked" if masked else ""
    trainer = _cache.take(key)
    if trainer is None:
        copy = forecaster.clone()
        if options.supervise != "last" and copy.every is None:  # Keras clones Masking to what is no list of layers
            return Trainer.of(forecaster, options, masked=masked)
        trainer = Trainer.of(copy, options, masked=masked, copied=True)
        trainer.key = key
    trainer.load(forecaster, float(options.learning_rate or 0.0))
    return trainer


def loss_function(options: TrainOptions) -> Any:
    """Build the loss that is minimised; Huber's delta is in standard deviations of the transformed target."""
    if options.loss == "huber":
        return keras.losses.Huber(delta=options.delta)
    return keras.losses.MeanSquaredError() if options.loss == "mse" else keras.losses.MeanAbsoluteError()


def _absolute_error() -> Any:
    """Build the metric of the history: the mean absolute error, in standard deviations, with the loss's weights."""
    return keras.metrics.MeanAbsoluteError(name="mae")


def _copy(source: keras.Model, target: keras.Model) -> None:
    for old, new in zip(source.variables, target.variables, strict=True):
        new.assign(old)


def _key(forecaster: Forecaster, options: TrainOptions, size: int) -> str | None:
    """Build the cache key of a compiled step; None where a layer or a function is not Keras's own."""
    layers = architecture_key(forecaster.model)
    if layers is None:
        return None
    compiled = (options.supervise, options.loss, options.delta, options.clip, size, forecaster.lookback)
    return f"{layers} {compiled}"
