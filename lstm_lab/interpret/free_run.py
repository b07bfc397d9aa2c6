"""A chain of recurrent and dense layers run freely in NumPy, with dropout off: a few windows cost some milliseconds.

Compiling costs nothing here, so that it can be done after every epoch of a training; `lstm_lab.simulation` draws
thousands of paths, which this is not made for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import TraceError
from lstm_lab.interpret.held import Stepper
from lstm_lab.interpret.replay import kind_of
from lstm_lab.interpret.rounding import Activation, Rounding
from lstm_lab.models.backend import keras

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["GATES", "FreeRun"]

GATES = {"lstm": ("forget", "input", "output"), "gru": ("update", "reset"), "rnn": ("hidden",)}
"""By kind of cell, the signals that are worth a picture."""
_IDLE = (
    keras.layers.InputLayer,
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
    keras.layers.AlphaDropout,
)
"""Layers that pass everything on where dropout is off."""


@dataclass(eq=False)
class _Recurrent:
    """A recurrent layer, its states so far, and what its gates did at every step."""

    layer: Any
    stepper: Stepper
    kind: str
    states: tuple[NDArray[np.float64], ...] = ()
    signals: list[dict[str, NDArray[np.float64]]] = field(default_factory=list)

    @classmethod
    def of(cls, layer: Any) -> _Recurrent:
        kind = kind_of(layer.cell)
        assert kind is not None  # noqa: S101 - `FreeRun.refuse` has looked
        return cls(layer, Stepper(layer.cell, np.ones((1, 1), bool), {}), kind)

    def step(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Read one row of each sequence, (sequences, features) -> (sequences, units)."""
        if not self.states:
            self.states = (np.zeros((len(x), self.layer.units)),) * (2 if self.kind == "lstm" else 1)
        signals, self.states = getattr(self.stepper, self.kind)(0, x, *self.states)
        self.signals.append({"hidden": self.states[0], **signals})
        return self.states[0]

    def sequence(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Read sequences, (sequences, time, features)."""
        outputs = [self.step(x[:, at]) for at in range(x.shape[1])]
        return np.stack(outputs, axis=1) if self.layer.return_sequences else outputs[-1]


@dataclass(eq=False)
class _Dense:
    kernel: NDArray[np.float64]
    bias: NDArray[np.float64] | float
    activation: Activation

    @classmethod
    def of(cls, layer: Any) -> _Dense:
        bias = layer.bias.numpy().astype(np.float64) if layer.use_bias else 0.0
        rounding = Rounding.in_dtype(layer.compute_dtype, 1)
        return cls(layer.kernel.numpy().astype(np.float64), bias, Activation(layer.activation, rounding))

    def step(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(self.activation.exactly(x @ self.kernel + self.bias))

    sequence = step


class FreeRun:
    """One pass of a network over some windows and, step by step, beyond them.

    Parameters
    ----------
    model
        A chain that `refuse` has let pass; its weights are read once, here.
    """

    def __init__(self, model: Any) -> None:
        self._parts = [
            _Dense.of(layer) if isinstance(layer, keras.layers.Dense) else _Recurrent.of(layer)
            for layer in model.layers
            if not isinstance(layer, _IDLE)
        ]

    @staticmethod
    def refuse(model: Any, call: str) -> None:
        """Refuse a network with a layer that is not followed here.

        Raises
        ------
        TraceError
            One line that names the layer.
        """
        strange = next((layer for layer in model.layers if not _is_followed(layer)), None)
        if strange is not None or not any(isinstance(layer, keras.layers.RNN) for layer in model.layers):
            what = "none is recurrent" if strange is None else f"{strange.name!r} is a {type(strange).__name__}"
            raise TraceError(
                f"{call} follows a chain of LSTM, GRU, SimpleRNN, Dense and dropout layers, and of these layers {what};"
                f" leave {call} out"
            )

    @property
    def first(self) -> _Recurrent:
        """The first recurrent layer."""
        return next(part for part in self._parts if isinstance(part, _Recurrent))

    def encode(self, windows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Read windows, (sequences, time, features), and return the standardised forecasts, (sequences,)."""
        x = windows.astype(np.float64)
        for part in self._parts:
            x = part.sequence(x)
        return np.asarray(x[:, 0])

    def step(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Read one more row of each sequence, (sequences, features), and return the next forecasts, (sequences,)."""
        x = rows.astype(np.float64)
        for part in self._parts:
            x = part.step(x)
        return np.asarray(x[:, 0])


def _is_followed(layer: Any) -> bool:
    if isinstance(layer, keras.layers.RNN):
        return kind_of(layer.cell) is not None and not layer.go_backwards and not layer.stateful
    return type(layer) is keras.layers.Dense or isinstance(layer, _IDLE)
