"""A chain of recurrent and dense layers run freely in NumPy, with dropout off: a few windows cost some milliseconds.

Compiling costs nothing here, so that it can be done after every epoch of a training; `lstm_lab.simulation` draws
thousands of paths, which this is not made for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.interpret.held import Stepper
from lstm_lab.interpret.replay import kind_of
from lstm_lab.interpret.rounding import Activation, Rounding
from lstm_lab.models.backend import keras
from lstm_lab.models.forecaster import is_chain

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
        assert kind is not None  # noqa: S101 - `FreeRun.refused` has looked
        return cls(layer, Stepper(layer.cell, np.ones((1, 1), bool), {}), kind)

    def step(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Read one row of each sequence, (sequences, features) -> (sequences, units)."""
        if self.states and len(x) > len(self.states[0]):  # what was read by one is read on by several paths
            self.states = tuple(np.repeat(state, len(x) // len(state), axis=0) for state in self.states)
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


@dataclass(eq=False)
class _Dropout:
    """A dropout layer whose masks differ by path, and stay for a path's whole course; the first tells paths apart."""

    rate: float
    paths: int
    random: np.random.Generator
    first: bool
    mask: NDArray[np.float64] | None = None

    def sequence(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        x = np.repeat(x, self.paths, axis=0) if self.first else x
        self.mask = (self.random.random((len(x), x.shape[-1])) >= self.rate) / (1 - self.rate)
        return x * (self.mask[:, None] if x.ndim == 3 else self.mask)

    def step(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        assert self.mask is not None  # noqa: S101 - a sequence comes first
        return x * self.mask


class FreeRun:
    """One pass of a network over some windows and, step by step, beyond them.

    With several paths dropout is on, and the same masks are drawn each time; without, it is off.

    Parameters
    ----------
    model
        A chain that is not `refused`; its weights are read once, here.
    paths
        Of each window: `encode` reads a window once for all, `step` takes and gives rows of every path, those of a
        window side by side.
    """

    def __init__(self, model: Any, paths: int = 1) -> None:
        random = np.random.default_rng(0)
        self._parts: list[_Dense | _Recurrent | _Dropout] = []
        told_apart = False
        for layer in model.layers:
            if isinstance(layer, keras.layers.Dense):
                self._parts.append(_Dense.of(layer))
            elif not isinstance(layer, _IDLE):
                self._parts.append(_Recurrent.of(layer))
            elif paths > 1 and _drops(layer):
                self._parts.append(_Dropout(layer.rate, paths, random, first=not told_apart))
                told_apart = True

    @staticmethod
    def draws(model: Any) -> bool:
        """Whether its paths differ: it has dropout between its layers, and none within a recurrent one."""
        within = any(getattr(layer, "dropout", 0) or getattr(layer, "recurrent_dropout", 0) for layer in model.layers)
        others = any(isinstance(layer, _IDLE[2:]) for layer in model.layers)
        return any(_drops(layer) for layer in model.layers) and not within and not others

    @staticmethod
    def refused(model: Any) -> str:
        """Say why a network is not followed here, which names a layer; empty where it is."""
        strange = next((layer for layer in model.layers if not _is_followed(layer)), None)
        if strange is not None:
            return f"{strange.name!r} is a {type(strange).__name__}"
        if not any(isinstance(layer, keras.layers.RNN) for layer in model.layers):
            return "no layer is recurrent"
        return "" if is_chain(model) else "its layers are no simple chain"

    @property
    def first(self) -> _Recurrent:
        """The first recurrent layer."""
        return next(part for part in self._parts if isinstance(part, _Recurrent))

    def encode(self, windows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Read windows, (sequences, time, features), and return the standardised forecasts, (sequences * paths,)."""
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


def _drops(layer: Any) -> bool:
    return type(layer) is keras.layers.Dropout and 0 < layer.rate < 1


def _is_followed(layer: Any) -> bool:
    if isinstance(layer, keras.layers.RNN):
        return kind_of(layer.cell) is not None and not layer.go_backwards and not layer.stateful
    return type(layer) is keras.layers.Dense or isinstance(layer, _IDLE)
