r"""The recurrent cells of Keras in NumPy float64, and how far the layer's own rounding may take it from them.

Every step starts from the states that the layer itself reported, so the gates are those of the trajectory the network
really took. Letting the replay run free would compare two trajectories instead, and a network that amplifies rounding
drives them apart however right both are. A fused kernel alone does not report an LSTM's cell state, which the replay
then carries itself.

How much may they differ? Let u be the unit roundoff of the layer's compute dtype (2^-24 in float32, 2^-11 in float16,
2^-8 in bfloat16) and γ(k) what a sum of k products may lose (`interpret.rounding.Product`). With E the bound on
the error of a quantity, and each result once more rounded by u times its size::

    E[z] = γ(n)·‖x‖·‖W‖ + γ(m)·‖h₋₁‖·‖U‖ + u·(…)            a pre-activation: n inputs, m units
    E[a(z)] = |a(z ± E[z]) - a(z)| + ε                       an activation; ε is its own error, measured
    E[c] = (|f| + E[f])·E[c₋₁] + |c₋₁|·E[f] + (|i| + E[i])·E[g] + |g|·E[i] + u·(|f·c₋₁| + |i·g| + |c|)
    E[h] = (|o| + E[o])·E[a(c)] + |a(c)|·E[o] + u·|h|

E[c₋₁] is 0 where the layer reported its cell state. A layer whose output lies outside its bound anywhere is not the one
that was replayed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import TraceError
from lstm_lab.interpret.rounding import Activation, Inexact, Product, Rounding, product
from lstm_lab.models.backend import keras, tf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["GRU_ORDER", "LSTM_ORDER", "CellCall", "Replayed", "kind_of", "replay", "weights_of"]

LSTM_ORDER = ("input", "forget", "candidate", "output")
"""How Keras lays the gates side by side in an LSTM's kernels."""
GRU_ORDER = ("update", "reset", "candidate")
"""Likewise in a GRU's; update is the share that is kept."""
_BLOCK = 2**16
"""Numbers in an array that is still quick to compute with, for it stays in the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class CellCall:
    """One cell's pass over a sequence, in processing order; arrays are float32 or float64 and batch comes first."""

    cell: Any
    x: np.ndarray
    """(batch, time, features)."""
    mask: np.ndarray
    """(batch, time), True where the cell looked."""
    before: np.ndarray
    """The hidden state each step started from, as the layer reported it, (batch, time, units)."""
    cell_before: np.ndarray | None
    """Likewise an LSTM's cell state; None where the layer does not report it."""
    cell_start: np.ndarray | None
    """An LSTM's cell state before the first step, (batch, units)."""


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """A cell's inside, (batch, time, units) each, in processing order, and how exact it can be."""

    signals: Mapping[str, np.ndarray]
    """Gates, candidate, states and the pre-activation of the gate that keeps, by the names of the layer traces."""
    bounds: Mapping[str, np.ndarray]
    """By how much the layer's own states, hidden and cell, may differ, given the rounding of its compute dtype."""


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
    steps: dict[str | None, Callable[[_Cell, _Block], Replayed]] = {"lstm": _lstm, "gru": _gru, "rnn": _rnn}
    kind = kind_of(call.cell)
    if kind is None:
        raise TraceError(f"a {type(call.cell).__name__} cannot be replayed; LSTM, GRU and SimpleRNN cells can")
    cell = _Cell.of(call)
    signals, bounds = _SignalArrays(call.before.shape), _SignalArrays(call.before.shape)
    for where in _blocks(call, kind):
        part = steps[kind](cell, _Block.of(call, where))
        signals.put(where, part.signals)
        bounds.put(where, part.bounds)
    return Replayed(signals.arrays, bounds.arrays)


class _SignalArrays:
    """Keeps the arrays of all blocks in one piece of memory, for the system hands out a large one faster than many."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.arrays: dict[str, np.ndarray] = {}

    def put(self, where: tuple[slice, slice], parts: Mapping[str, np.ndarray]) -> None:
        if not self.arrays:
            self.arrays = dict(zip(parts, np.empty((len(parts), *self.shape)), strict=True))
        for name, part in parts.items():
            self.arrays[name][where] = part


def _blocks(call: CellCall, kind: str) -> Iterator[tuple[slice, slice]]:
    """Cut sequences and time so that a block's arrays stay small; a cell state to be carried is not cut."""
    sequences, time, units = call.before.shape
    if kind == "lstm" and call.cell_before is None:
        yield slice(None), slice(None)
        return
    rows = max(1, _BLOCK // (4 * units))
    together, long = max(1, rows // time), min(time, rows)
    for first in range(0, sequences, together):
        for start in range(0, time, long):
            yield slice(first, first + together), slice(start, start + long)


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """A part of a call, in float64."""

    where: tuple[slice, slice]
    seen: np.ndarray
    """(batch, time, 1)."""
    before: Inexact
    cell_before: Inexact | None
    cell_start: np.ndarray | None

    @classmethod
    def of(cls, call: CellCall, where: tuple[slice, slice]) -> _Block:
        before = Inexact.exact(call.before[where].astype(np.float64))
        cell = None if call.cell_before is None else Inexact.exact(call.cell_before[where].astype(np.float64))
        return cls(where, call.mask[where][..., None], before, cell, call.cell_start)


@dataclass(frozen=True, slots=True, eq=False)
class _Cell:
    """A cell's weights, as it computes with them, its products with all that it read, and its functions."""

    keras: Any
    rounding: Rounding
    recurrent: np.ndarray
    bias: np.ndarray
    from_inputs: Product
    """x·W, (batch, time, gates · units)."""
    from_state: Product
    """h₋₁·U."""
    squash: Activation
    gate: Activation

    @classmethod
    def of(cls, call: CellCall) -> _Cell:
        cell = call.cell
        rounding = Rounding.in_dtype(cell.compute_dtype, len(call.mask))
        kernel, recurrent, bias = weights_of(cell)
        return cls(
            keras=cell,
            rounding=rounding,
            recurrent=recurrent,
            bias=bias,
            from_inputs=Product.of(call.x.astype(np.float64), kernel, rounding),
            from_state=Product.of(call.before.astype(np.float64), recurrent, rounding),
            squash=Activation(cell.activation, rounding),
            gate=Activation(getattr(cell, "recurrent_activation", cell.activation), rounding),
        )

    def affine(self, block: _Block) -> Inexact:
        """x·W + h₋₁·U + b for all gates at once, (batch, time, gates · units), the terms added in any order."""
        x_part, h_part = self.from_inputs.at(block.where), self.from_state.at(block.where)
        sizes = np.abs(x_part.value)
        sizes += np.abs(h_part.value)
        sizes += np.abs(self.bias)
        value = x_part.value + h_part.value
        value += self.bias
        error = x_part.error + h_part.error
        error += 2 * self.rounding.of(sizes)
        return Inexact(value, error)


def _lstm(cell: _Cell, block: _Block) -> Replayed:
    """i, f, o = σ(z); g = a(z); c = f·c₋₁ + i·g; h = o·a(c)."""
    rounding = cell.rounding
    pre = dict(zip(LSTM_ORDER, cell.affine(block).split(4), strict=True))
    i, f, o = (cell.gate(pre[name]) for name in ("input", "forget", "output"))
    g = cell.squash(pre["candidate"])
    written = i.times(g, rounding)
    before = block.cell_before or _carried(f, written, block, rounding)
    c = f.times(before, rounding).plus(written, rounding).where(block.seen, before)
    shown = cell.squash(c)
    h = o.times(shown, rounding)
    gates = {"input": i.value, "forget": f.value, "candidate": g.value, "output": o.value}
    states = {"cell": c.value, "cell_before": before.value, "squashed": shown.value, "hidden": h.value}
    keeper = {"pre_forget": pre["forget"].value, "forgetting": _forgetting(cell, pre["forget"].value, f.value)}
    return Replayed({**gates, **states, **keeper}, {"hidden": h.error, "cell": c.error})


def _gru(cell: _Cell, block: _Block) -> Replayed:
    """z, r = σ(·); g = a(x·W + r·(h₋₁·U + b)) or, without reset_after, a(x·W + (r·h₋₁)·U); h = z·h₋₁ + (1-z)·g."""
    rounding = cell.rounding
    outer, inner = np.atleast_2d(cell.bias)[0], np.atleast_2d(cell.bias)[1:]
    x_part = cell.from_inputs.at(block.where).plus(Inexact.exact(outer), rounding)
    h_part = cell.from_state.at(block.where)
    if len(inner):
        h_part = h_part.plus(Inexact.exact(inner[0]), rounding)
    x_parts, h_parts = (dict(zip(GRU_ORDER, part.split(3), strict=True)) for part in (x_part, h_part))
    pre = x_parts["update"].plus(h_parts["update"], rounding)
    z, r = cell.gate(pre), cell.gate(x_parts["reset"].plus(h_parts["reset"], rounding))
    if cell.keras.reset_after:
        drawn = r.times(h_parts["candidate"], rounding)
    else:
        first = GRU_ORDER.index("candidate") * cell.keras.units
        candidate = cell.recurrent[:, first : first + cell.keras.units]
        drawn = product(r.times(block.before, rounding), candidate, rounding)
    g = cell.squash(x_parts["candidate"].plus(drawn, rounding))
    rest = 1.0 - z.value
    written = Inexact(rest, z.error + rounding.of(rest)).times(g, rounding)
    h = z.times(block.before, rounding).plus(written, rounding)
    signals = {"update": z.value, "reset": r.value, "candidate": g.value, "hidden": h.value}
    keeper = {"pre_update": pre.value, "forgetting": _forgetting(cell, pre.value, z.value)}
    return Replayed({**signals, **keeper}, {"hidden": h.error})


def _rnn(cell: _Cell, block: _Block) -> Replayed:
    """H = a(x·W + h₋₁·U + b)."""
    h = cell.squash(cell.affine(block))
    return Replayed({"hidden": h.value}, {"hidden": h.error})


def _carried(f: Inexact, written: Inexact, block: _Block, rounding: Rounding) -> Inexact:
    """Compute the cell state each step starts from, c = f·c₋₁ + i·g, where the layer does not return it."""
    start = np.zeros_like(f.value[:, 0]) if block.cell_start is None else block.cell_start.astype(np.float64)
    states = [Inexact.exact(start)]
    for step in range(f.value.shape[1] - 1):
        keep, add = (Inexact(part.value[:, step], part.error[:, step]) for part in (f, written))
        after = keep.times(states[-1], rounding).plus(add, rounding)
        states.append(after.where(block.seen[:, step], states[-1]))
    value, error = (np.stack(arrays, axis=1) for arrays in zip(*((s.value, s.error) for s in states), strict=True))
    return Inexact(value, error)


def _forgetting(cell: _Cell, pre: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Compute -ln of the share kept, softplus(-z): the log of a sigmoid gate near 1 has lost its digits."""
    if cell.keras.recurrent_activation is keras.activations.sigmoid:
        return np.asarray(np.maximum(-pre, 0.0) + np.log1p(np.exp(-np.abs(pre))))
    return np.asarray(-np.log(np.clip(kept, np.finfo(np.float64).tiny, 1.0)))


def weights_of(cell: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kernel, recurrent kernel and bias as the layer computes with them: rounded to its compute dtype, then widened."""
    gates = {"lstm": 4, "gru": 3}.get(kind_of(cell) or "", 1)
    kernel, recurrent = (_as_computed(weight, cell) for weight in (cell.kernel, cell.recurrent_kernel))
    bias = _as_computed(cell.bias, cell) if cell.use_bias else np.zeros(gates * cell.units)
    return kernel, recurrent, bias


def _as_computed(weight: Any, cell: Any) -> np.ndarray:
    value = weight.value if weight.dtype == cell.compute_dtype else tf.cast(weight.value, cell.compute_dtype)
    return np.asarray(value.numpy(), dtype=np.float64)
