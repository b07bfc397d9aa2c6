"""A forecaster as one step: a row and the states in, the forecast and the new states out.

A small device has no room for a window and no loop over it. It keeps the states of the recurrent layers instead, and
runs the network once a row. The step calls the model's own layers and cells, so nothing is copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import ExportError
from lstm_lab.interpret.replay import kind_of
from lstm_lab.models.backend import keras, tf
from lstm_lab.models.keras_private import takes_training
from lstm_lab.models.tracing import CompiledFunction
from lstm_lab.simulation.dropout_masks import DROPPING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["State", "Step"]

_ABSENT = (*DROPPING, keras.layers.ActivityRegularization, keras.layers.Identity)
"""Layers that do nothing but while training."""
_PLAIN = (
    keras.layers.Dense,
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.ELU,
    keras.layers.Rescaling,
)
_BY_AXIS = (keras.layers.LayerNormalization, keras.layers.BatchNormalization, keras.layers.UnitNormalization)
_WITH_TIME = (keras.layers.BatchNormalization, keras.layers.UnitNormalization, keras.layers.PReLU)
"""Layers that know their axes by number, so before the last recurrent layer they are given an axis of time."""
_LETTERS = {"lstm": ("h", "c"), "gru": ("h",), "rnn": ("h",)}
TOLERANCE = 1e-3
"""By how much, relative to the largest forecast, a step may end up beside the network it is made of."""


@dataclass(frozen=True, slots=True)
class State:
    """One array that is carried from row to row."""

    name: str
    """``lstm_1_h``: the layer, and the letter that textbooks give the state."""
    size: int

    @property
    def successor(self) -> str:
        """What the step calls the new state."""
        return f"{self.name}_next"


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a forecaster; made by `Step.of`."""

    layers: tuple[Any, ...]
    columns: int
    states: tuple[State, ...]

    @classmethod
    def of(cls, model: Any) -> Step:
        """Convert a built chain of Keras layers, (batch, time, columns) -> (batch, 1).

        Raises
        ------
        ExportError
            A layer needs more of the window than its newest row: which, and why.
        """
        layers = [layer for layer in model.layers if not isinstance(layer, (keras.layers.InputLayer, *_ABSENT))]
        last = max((position for position, layer in enumerate(layers) if _recurs(layer)), default=None)
        if last is None:
            raise ExportError(
                f"an export carries states from row to row, but {_named(layers[0])} and the others have none;"
                " train with LSTM, GRU or SimpleRNN layers"
            )
        for position, layer in enumerate(layers):
            reason = _refusal(layer, position, last)
            if reason is not None:
                raise ExportError(
                    f"an export takes one row at a time, but {_named(layer)} {reason}; train with LSTM, GRU or"
                    " SimpleRNN layers, and Dense, dropout or normalisation between them"
                )
        states = [state for layer in layers if _recurs(layer) for state in _states(layer)]
        return cls(tuple(layers), int(model.input_shape[-1]), tuple(states))

    @cached_property
    def function(self) -> Any:
        """The step for any number of rows: (rows, columns) and each state, (rows, size), to forecasts and states."""
        return CompiledFunction(self._step)

    def concrete(self) -> Any:
        """Trace the step for one row, inputs and outputs in the order: row, states; forecast, new states."""
        row = tf.TensorSpec((1, self.columns), tf.float32, name="row")
        states = [tf.TensorSpec((1, state.size), tf.float32, name=state.name) for state in self.states]
        return tf.function(self._step).get_concrete_function(row, *states)

    def walk(self, windows: NDArray[np.float32]) -> Iterator[tuple[list[NDArray[np.float32]], NDArray[np.float32]]]:
        """Go through windows row by row, from states of zero.

        Parameters
        ----------
        windows
            (windows, lookback, columns).

        Yields
        ------
        tuple
            What a step was given, row and states, and its forecast, (windows, 1).
        """
        states = [np.zeros((len(windows), state.size), np.float32) for state in self.states]
        for time in range(windows.shape[1]):
            inputs = [windows[:, time], *states]
            output, *states = (tensor.numpy() for tensor in self.function(*inputs))
            yield inputs, output

    def verify(self, windows: NDArray[np.float32], expected: NDArray[np.float64]) -> None:
        """Compare the step with the network.

        Parameters
        ----------
        windows
            (windows, lookback, columns).
        expected
            (windows,) what the network makes of them.

        Raises
        ------
        ExportError
            It ends up elsewhere: the layers are no simple chain, or rounding grows from row to row.
        """
        output = np.zeros((len(windows), 1), np.float32)
        for _, newest in self.walk(windows):
            output = newest
        off = float(np.abs(output[:, 0] - expected).max(initial=0.0))
        if not off <= TOLERANCE * max(1.0, float(np.abs(expected).max(initial=0.0))):
            raise ExportError(
                f"an export must give what the network gives, but row by row it is off by {off:.2g} standard"
                " deviations; build the network as a chain of layers, each fed by the one before alone"
            )

    def _step(self, row: Any, *states: Any) -> list[Any]:
        remaining = list(states)
        x, carried, to_come = row, [], sum(_recurs(layer) for layer in self.layers)
        for layer in self.layers:
            if _recurs(layer):
                own = [remaining.pop(0) for _ in tf.nest.flatten(layer.cell.state_size)]
                x, new = _called(layer.cell, x, tf.nest.pack_sequence_as(layer.cell.state_size, own))
                carried += tf.nest.flatten(new)
                to_come -= 1
            elif to_come and isinstance(layer, _WITH_TIME):
                x = tf.squeeze(_called(layer, tf.expand_dims(x, 1)), 1)
            else:
                x = _called(layer, x)
        # An operation for every output, for one that is an input too, or stands twice, could not be told apart.
        return [tf.identity(tensor) for tensor in (x, *carried)]


def _called(layer: Any, *inputs: Any) -> Any:
    """Call a layer or cell as in inference."""
    if isinstance(layer, keras.layers.TimeDistributed):
        return _called(layer.layer, *inputs)
    if isinstance(layer, keras.layers.LayerNormalization):
        return _normalised(layer, *inputs)
    return layer(*inputs, training=False) if takes_training(layer) else layer(*inputs)


def _normalised(layer: Any, x: Any) -> Any:
    """Normalise a row, (rows, units), as Keras does; its own operators have no kernels for 16-bit integers."""
    centred = x - tf.reduce_mean(x, axis=-1, keepdims=True)
    variance = tf.reduce_mean(centred * centred, axis=-1, keepdims=True)
    x = centred * tf.math.rsqrt(variance + layer.epsilon)
    x = x if layer.gamma is None else x * layer.gamma
    return x if layer.beta is None else x + layer.beta


def _recurs(layer: Any) -> bool:
    return isinstance(layer, keras.layers.RNN)


def _states(layer: Any) -> Iterator[State]:
    """Return the names of a recurrent layer's states."""
    sizes = [int(size) for size in tf.nest.flatten(layer.cell.state_size)]
    letters = _LETTERS.get(kind_of(layer.cell) or "", tuple(f"s{number}" for number in range(1, len(sizes) + 1)))
    for letter, size in zip(letters, sizes, strict=True):
        yield State(f"{layer.name}_{letter}", size)


def _named(layer: Any) -> str:
    return f"{type(layer).__name__} {layer.name!r}"


def _refusal(layer: Any, position: int, last: int) -> str | None:
    """Describe why a layer cannot go row by row; None if it can."""
    if layer.compute_dtype != "float32":
        return f"computes in {layer.compute_dtype}, and is exported from float32 alone"
    if _recurs(layer):
        return _recurrent_refusal(layer, position, last)
    if isinstance(layer, keras.layers.TimeDistributed):
        return _refusal(layer.layer, position, last)
    if isinstance(layer, keras.layers.Bidirectional):
        return "reads a window from both its ends"
    known = (*_PLAIN, *_BY_AXIS, keras.layers.PReLU)
    return (
        _shape_refusal(layer, position, last) if isinstance(layer, known) else "is not known to need the newest alone"
    )


def _shape_refusal(layer: Any, position: int, last: int) -> str | None:
    """Describe what in a layer, of a kind that can go row by row, looks along the window all the same."""
    if isinstance(layer, keras.layers.PReLU) and position < last and layer.alpha.shape[0] > 1:
        return "has weights of its own for every row of a window"
    if getattr(layer, "rms_scaling", False):  # an option of older Kerases
        return "normalises without a mean, which is not known here"
    axes = {int(axis) for axis in np.ravel(layer.axis)} if isinstance(layer, _BY_AXIS) else set()
    return None if axes <= {-1, 2 if position < last else 1} else "looks along the window"


def _recurrent_refusal(layer: Any, position: int, last: int) -> str | None:
    if layer.go_backwards:
        return "reads a window backwards"
    if layer.return_sequences and position == last:
        return "hands on what it made of every row of a window"
    if not layer.return_sequences and position < last:
        return "hands on what it made of a window's last row alone"
    return None
