r"""The recurrent cells of Keras in NumPy float64, and how far the layer's own rounding may take it from them.

Every step starts from the state that the layer itself reported, so the gates are those of the trajectory the network
really took. Letting the replay run free would compare two trajectories instead, and a network that amplifies rounding
drives them apart however right both are. Only an LSTM's cell state is carried by the replay, for no layer reports it.

How much may they differ? Let u be the unit roundoff of the layer's compute dtype (2^-24 in float32, 2^-11 in float16,
2^-8 in bfloat16), γ(k) = min(k, 8√k)·u/(1 - k·u). A sum of k rounded terms lies within γ(k) times the sum of the
magnitudes: the first branch always [1]_, the second for independent roundings, except with a probability of
2·exp(-8²/2) = 3e-14 [2]_. From there the error is carried through the cell, as in running error analysis [1]_::

    E[z] = γ(n + m + 3)·(|x|·|W| + |h₋₁|·|U| + |b|)          a pre-activation: n inputs, m units, biases
    E[a(z)] = |a(z ± E[z]) - a(z)| + ε                       an activation; ε is its own error, measured at these z
    E[c] = (|f| + E[f])·E[c₋₁] + |c₋₁|·E[f] + (|i| + E[i])·E[g] + |g|·E[i] + u·(|f·c₋₁| + |i·g| + |c|)
    E[h] = (|o| + E[o])·E[a(c)] + |a(c)|·E[o] + u·|h|

A layer whose output lies outside its bound anywhere is not the one that was replayed.

.. [1] N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, sections 3.1 and 3.3.
.. [2] N. J. Higham and T. Mary, A new approach to probabilistic rounding error analysis, SIAM J. Sci. Comput. 2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import TraceError
from lstm_lab.nn.backend import keras, tf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["CellCall", "Replayed", "kind_of", "replay"]

LSTM_ORDER = ("input", "forget", "candidate", "output")
"""How Keras lays the gates side by side in an LSTM's kernels."""
GRU_ORDER = ("update", "reset", "candidate")
"""Likewise in a GRU's; update is the share that is kept."""

_UNIT_ROUNDOFF = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}
_TF32 = 2.0**-11
"""Unit roundoff of the inputs of a matrix product on NVIDIA's tensor cores, which TensorFlow uses for float32."""
_TOGETHER = {"softmax", "log_softmax", "sparsemax"}
"""Activations in which one unit's value depends on the others'; none changes faster than twice its inputs."""


@dataclass(frozen=True, slots=True, eq=False)
class CellCall:
    """One cell's pass over a sequence, in processing order; arrays are float64 and batch comes first."""

    cell: Any
    x: np.ndarray
    """(batch, time, features)."""
    mask: np.ndarray
    """(batch, time), True where the cell looked."""
    before: np.ndarray
    """The hidden state each step started from, as the layer reported it, (batch, time, units)."""
    cell_start: np.ndarray | None
    """An LSTM's cell state before the first step, (batch, units)."""


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """A cell's inside, (batch, time, units) each, in processing order, and how exact it can be."""

    signals: Mapping[str, np.ndarray]
    """Gates, candidate, states and the pre-activation of the gate that keeps, by the names of the layer traces."""
    bound: np.ndarray
    """By how much the layer's own hidden state may differ, given the rounding of its compute dtype."""
    cell_bound: np.ndarray | None
    """Likewise for an LSTM's cell state after the last step, (batch, units)."""


def kind_of(cell: Any) -> str | None:
    """Name the kind of a cell, ``"lstm"``, ``"gru"`` or ``"rnn"``; None for one that cannot be replayed."""
    kinds = {keras.layers.LSTMCell: "lstm", keras.layers.GRUCell: "gru", keras.layers.SimpleRNNCell: "rnn"}
    return next((kind for known, kind in kinds.items() if isinstance(cell, known)), None)


def replay(call: CellCall) -> Replayed:
    """Recompute what a cell did at every step.

    Parameters
    ----------
    call
        The cell, its inputs, mask and states.

    Returns
    -------
    Replayed
        Every signal in float64. At masked steps gates mean nothing and the state is carried on.

    Raises
    ------
    TraceError
        If an activation of the cell cannot be evaluated in float64.
    """
    replays: dict[str, Callable[[CellCall, _Rounding], Replayed]] = {"lstm": _lstm, "gru": _gru, "rnn": _rnn}
    kind = kind_of(call.cell)
    if kind is None:
        raise TraceError(f"a {type(call.cell).__name__} cannot be replayed; LSTM, GRU and SimpleRNN cells can")
    return replays[kind](call, _Rounding(call.cell.compute_dtype))


def _lstm(call: CellCall, rounding: _Rounding) -> Replayed:
    """i, f, o = σ(z); g = a(z); c = f·c₋₁ + i·g; h = o·a(c)."""
    cell = call.cell
    squash, gate = _Activation(cell.activation, rounding), _Activation(cell.recurrent_activation, rounding)
    pre = dict(zip(LSTM_ORDER, _split(_affine(call, rounding), 4), strict=True))
    i, f, o = (gate(pre[name]) for name in ("input", "forget", "output"))
    g = squash(pre["candidate"])
    seen = call.mask[..., None]
    start = np.zeros_like(call.before[:, 0]) if call.cell_start is None else call.cell_start
    c, c_before = _scan(np.where(seen, f.value, 1.0), np.where(seen, i.value * g.value, 0.0), start)
    fresh = (np.abs(i.value) + i.error) * g.error + np.abs(g.value) * i.error
    fresh += np.abs(c_before) * f.error
    fresh += rounding.unit * (np.abs(f.value * c_before) + np.abs(i.value * g.value) + np.abs(c))
    c_error, _ = _scan(np.where(seen, np.abs(f.value) + f.error, 1.0), np.where(seen, fresh, 0.0), start * 0)
    shown = squash(_Inexact(c, c_error))
    h = o.value * shown.value
    bound = (np.abs(o.value) + o.error) * shown.error + np.abs(shown.value) * o.error + rounding.unit * np.abs(h)
    gates = {"input": i.value, "forget": f.value, "candidate": g.value, "output": o.value}
    states = {"cell": c, "cell_before": c_before, "squashed": shown.value, "hidden": h}
    return Replayed({**gates, **states, "pre_forget": pre["forget"].value}, bound, c_error[:, -1])


def _gru(call: CellCall, rounding: _Rounding) -> Replayed:
    """z, r = σ(·); g = a(x·W + r·(h₋₁·U + b)) or, without reset_after, a(x·W + (r·h₋₁)·U); h = z·h₋₁ + (1-z)·g."""
    cell = call.cell
    squash, gate = _Activation(cell.activation, rounding), _Activation(cell.recurrent_activation, rounding)
    kernel, recurrent, bias = _weights(cell)
    outer = np.atleast_2d(bias)[0]
    x_part = _product(call.x, kernel, outer, rounding)
    inner = np.atleast_2d(bias)[1] if cell.reset_after and cell.use_bias else np.zeros_like(outer)
    h_part = _product(call.before, recurrent, inner, rounding)
    x_parts, h_parts = (dict(zip(GRU_ORDER, _split(part, 3), strict=True)) for part in (x_part, h_part))
    pre = x_parts["update"].plus(h_parts["update"], rounding)
    z, r = gate(pre), gate(x_parts["reset"].plus(h_parts["reset"], rounding))
    if cell.reset_after:
        drawn = r.times(h_parts["candidate"], rounding)
    else:
        candidate = recurrent[:, GRU_ORDER.index("candidate") * cell.units :][:, : cell.units]
        drawn = _product(r.times(_Inexact.exact(call.before), rounding), candidate, np.zeros(cell.units), rounding)
    g = squash(x_parts["candidate"].plus(drawn, rounding))
    kept = z.times(_Inexact.exact(call.before), rounding)
    rest = _Inexact(1.0 - z.value, z.error + rounding.unit * np.abs(1.0 - z.value))
    h = kept.plus(rest.times(g, rounding), rounding)
    signals = {"update": z.value, "reset": r.value, "candidate": g.value, "hidden": h.value}
    return Replayed({**signals, "pre_update": pre.value}, h.error, None)


def _rnn(call: CellCall, rounding: _Rounding) -> Replayed:
    """H = a(x·W + h₋₁·U + b)."""
    h = _Activation(call.cell.activation, rounding)(_affine(call, rounding))
    return Replayed({"hidden": h.value}, h.error, None)


@dataclass(frozen=True, slots=True)
class _Rounding:
    """What one operation of a compute dtype, and a sum of many, may lose."""

    dtype: str

    @property
    def unit(self) -> float:
        """Unit roundoff of the layer and of the replay itself."""
        return _UNIT_ROUNDOFF[self.dtype] + _UNIT_ROUNDOFF["float64"]

    def gamma(self, terms: int) -> float:
        """γ of the module's docstring, for a matrix product."""
        on_tensor_cores = self.dtype == "float32" and bool(tf.config.list_logical_devices("GPU"))
        unit = _TF32 if on_tensor_cores else self.unit
        return float(min(terms, 8 * terms**0.5) * unit / max(1 - terms * unit, 0.5))


@dataclass(frozen=True, slots=True, eq=False)
class _Inexact:
    """A value in float64 and a bound on the layer's distance from it."""

    value: np.ndarray
    error: np.ndarray

    @classmethod
    def exact(cls, value: np.ndarray) -> _Inexact:
        """Wrap what the layer itself reported."""
        return cls(value, np.zeros_like(value))

    def plus(self, other: _Inexact, rounding: _Rounding) -> _Inexact:
        """Add, with one rounding."""
        value = self.value + other.value
        return _Inexact(value, self.error + other.error + rounding.unit * np.abs(value))

    def times(self, other: _Inexact, rounding: _Rounding) -> _Inexact:
        """Multiply elementwise, with one rounding."""
        value = self.value * other.value
        error = (np.abs(self.value) + self.error) * other.error + np.abs(other.value) * self.error
        return _Inexact(value, error + rounding.unit * np.abs(value))


@dataclass(frozen=True, slots=True)
class _Activation:
    """A layer's own activation function, in float64, with the error of its evaluation in the compute dtype."""

    function: Any
    rounding: _Rounding

    def __call__(self, pre: _Inexact) -> _Inexact:
        value = self._evaluate(pre.value, "float64")
        own = np.abs(self._evaluate(pre.value, self.rounding.dtype) - value).max(initial=0.0)
        return _Inexact(value, self._spread(pre, value) + own + self.rounding.unit * np.abs(value))

    def _spread(self, pre: _Inexact, value: np.ndarray) -> np.ndarray:
        """Bound how far the value moves while its argument moves by its error."""
        if self.function is keras.activations.sigmoid:
            return pre.error / 4
        if self.function in {keras.activations.tanh, keras.activations.linear, keras.activations.relu}:
            return pre.error
        if getattr(self.function, "__name__", "") in _TOGETHER:
            return np.broadcast_to(2 * pre.error.max(axis=-1, keepdims=True), value.shape)
        up, down = (self._evaluate(pre.value + sign * pre.error, "float64") for sign in (1, -1))
        return np.asarray(np.maximum(np.abs(up - value), np.abs(down - value)))

    def _evaluate(self, values: np.ndarray, dtype: str) -> np.ndarray:
        try:
            result = self.function(tf.cast(tf.constant(values), dtype))
        except (TypeError, ValueError, tf.errors.InvalidArgumentError) as refused:
            name = getattr(self.function, "__name__", type(self.function).__name__)
            raise TraceError(
                f"activation {name} cannot be evaluated in {dtype}; write it without a fixed dtype"
            ) from refused
        return np.asarray(tf.cast(result, "float64"))


def _affine(call: CellCall, rounding: _Rounding) -> _Inexact:
    """x·W + h₋₁·U + b for all gates at once, (batch, time, gates · units)."""
    kernel, recurrent, bias = _weights(call.cell)
    x_part = _product(call.x, kernel, bias, rounding)
    return x_part.plus(_product(call.before, recurrent, np.zeros_like(bias), rounding), rounding)


def _product(x: np.ndarray | _Inexact, kernel: np.ndarray, bias: np.ndarray, rounding: _Rounding) -> _Inexact:
    """x·W + b with its bound; three roundings beside those of the sum."""
    source = x if isinstance(x, _Inexact) else _Inexact.exact(x)
    value = _matmul(source.value, kernel) + bias
    # A bound needs no more than the digits of float32, which multiplies twice as fast; a thousandth covers their loss.
    weights = np.abs(kernel).astype(np.float32)
    size = _matmul((np.abs(source.value) + source.error).astype(np.float32), weights) + np.abs(bias)
    error = 1.001 * rounding.gamma(kernel.shape[0] + 3) * size
    return _Inexact(value, error if source is not x else error + _matmul(source.error, np.abs(kernel)))


def _matmul(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Multiply in one go: sequence by sequence, the threads of BLAS would meet far more often than they work."""
    return np.asarray((x.reshape(-1, x.shape[-1]) @ kernel).reshape(*x.shape[:-1], kernel.shape[-1]))


def _weights(cell: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kernel, recurrent kernel and bias as the layer computes with them: rounded to its compute dtype, then widened."""
    gates = {"lstm": 4, "gru": 3}.get(kind_of(cell) or "", 1)
    kernel, recurrent = (_as_computed(weight, cell) for weight in (cell.kernel, cell.recurrent_kernel))
    bias = _as_computed(cell.bias, cell) if cell.use_bias else np.zeros(gates * cell.units)
    return kernel, recurrent, bias


def _as_computed(weight: Any, cell: Any) -> np.ndarray:
    rounded = tf.cast(weight.value, cell.compute_dtype)
    return np.asarray(tf.cast(rounded, "float64"))


def _split(whole: _Inexact, parts: int) -> list[_Inexact]:
    """Cut what lies side by side, (..., parts · units), into its parts."""
    values, errors = (np.split(array, parts, axis=-1) for array in (whole.value, whole.error))
    return [_Inexact(value, error) for value, error in zip(values, errors, strict=True)]


def _scan(keep: np.ndarray, add: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """S = keep·s₋₁ + add along time, (batch, time, units); give every s and every s₋₁."""
    states = np.empty((keep.shape[1] + 1, keep.shape[0], keep.shape[2]))
    states[0] = start
    for step in range(keep.shape[1]):
        np.multiply(keep[:, step], states[step], out=states[step + 1])
        states[step + 1] += add[:, step]
    return states[1:].swapaxes(0, 1), states[:-1].swapaxes(0, 1)
