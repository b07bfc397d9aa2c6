"""A recurrent cell followed through a sequence while gates are held: free-running, in NumPy float64.

The replay of `lstm_lab.interpret.replay` starts every step from the states that the layer reported; with a gate held
there is no such layer. So the cell runs on its own states here, and is held against both: where nothing is held yet it
must be the layer's own trajectory, and from its own states the replay must give every gate that is not held.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import TraceError, VerificationError
from lstm_lab.interpret.replay import GRU_ORDER, LSTM_ORDER, CellCall, kind_of, replay, weights_of
from lstm_lab.interpret.rounding import Activation, Rounding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lstm_lab.interpret.recording import Call

__all__ = ["Hold", "Stepper", "follow", "followed"]

_EXACT = 1e-9
"""By how much two computations in float64 may differ."""
_DRIFT = 4096
"""Unit roundoffs of the layer's dtype by which a free run may be off the layer's trajectory."""
Signals = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Hold:
    """A gate, or the candidate, held at a value."""

    layer: int
    """Number of the layer in `Trace.layers`."""
    gate: str
    value: float
    units: tuple[int, ...] | None
    """None for all of them."""
    steps: tuple[int, ...] | None
    """In the order of the layer's input; None for all of them."""

    def __str__(self) -> str:
        units = "all units" if self.units is None else f"unit{'s' * (len(self.units) > 1)} {_listed(self.units)}"
        steps = "all steps" if self.steps is None else f"step{'s' * (len(self.steps) > 1)} {_listed(self.steps)}"
        return f"{self.gate} held at {self.value:g} in {units} at {steps}"


def _listed(numbers: tuple[int, ...]) -> str:
    """Write numbers, a run of three or more as its ends."""
    if len(numbers) > 2 and numbers == tuple(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]} to {numbers[-1]}"
    return ", ".join(map(str, numbers))


def followed(call: Call, cell: Any, holds: tuple[Hold, ...]) -> Signals:
    """Follow a recorded call with gates held, and check it against the layer and against the replay.

    Parameters
    ----------
    call
        A call of a layer of one cell, as it was without any hold.
    cell
        Its cell.
    holds
        What is held in it.

    Returns
    -------
    dict
        Every signal of the layer's trace, (batch, time, units) each, in the layer's own order through time.

    Raises
    ------
    VerificationError
        The run is not the layer's own before the first hold, or not the replay's from its own states.
    """
    held = _held_values(call, cell, holds)
    start = tuple(state.astype(np.float64) for state in call.start)
    signals = follow(cell, call.sequences.astype(np.float64), call.mask, start, held)
    touched = np.logical_or.reduce([~np.isnan(values).all(axis=1) for values in held.values()])
    first = int(np.argmax(touched)) if touched.any() else len(touched)
    own = call.outputs[:, :first, : cell.units]
    seen = call.mask[:, :first, None]
    drift = np.where(seen, np.abs(signals["hidden"][:, :first] - own), 0.0).max(initial=0.0)
    unit = Rounding.in_dtype(cell.compute_dtype, len(call.mask)).unit
    if drift > _DRIFT * unit:
        raise VerificationError(
            f"layer {call.name!r} cannot be followed: without any gate held, a free run in float64 is {drift:.2g} off "
            "the layer's own output, so the network amplifies rounding; hold a gate from an earlier step on"
        )
    _check_gates(call, cell, signals, held)
    return signals


def _held_values(call: Call, cell: Any, holds: tuple[Hold, ...]) -> Signals:
    """Lay out what is held by gate, (time, units), NaN where it is free, in the layer's own order through time."""
    time = call.mask.shape[1]
    held: Signals = {}
    for hold in holds:
        values = held.setdefault(hold.gate, np.full((time, cell.units), np.nan))
        steps = np.arange(time) if hold.steps is None else np.asarray(hold.steps)
        units = np.arange(cell.units) if hold.units is None else np.asarray(hold.units)
        values[np.ix_(time - 1 - steps if call.backwards else steps, units)] = hold.value
    return held


def _check_gates(call: Call, cell: Any, signals: Signals, held: Mapping[str, np.ndarray]) -> None:
    """Compare every gate that is not held with what the replay gives from the same states."""
    cell_before = signals.get("cell_before")
    start = call.start[1] if cell_before is not None else None
    replayed = replay(CellCall(cell, call.sequences, call.mask, signals["before"], cell_before, start))
    for name in ("forget", "input", "output", "update", "reset", "candidate"):
        if name not in signals:
            continue
        free = np.isnan(held[name]) if name in held else np.ones(signals[name].shape[1:], bool)
        # A GRU's candidate follows from its reset gate, held or not.
        if name == "candidate" and "reset" in held:
            free = free & np.isnan(held["reset"]).all(axis=1, keepdims=True)
        difference = np.where(free & call.mask[..., None], np.abs(signals[name] - replayed.signals[name]), 0.0).max()
        if difference > _EXACT:
            raise VerificationError(
                f"layer {call.name!r}: the {name} gate of the run with held gates is {difference:.2g} off the replay "
                "from the same states"
            )


def follow(
    cell: Any, x: np.ndarray, mask: np.ndarray, start: tuple[np.ndarray, ...], held: Mapping[str, np.ndarray]
) -> Signals:
    """Run a cell over sequences on its own states.

    Parameters
    ----------
    cell
        A Keras LSTM, GRU or SimpleRNN cell.
    x
        (batch, time, features).
    mask
        (batch, time), True where the cell looks; elsewhere the states are carried on.
    start
        The states before the first step, (batch, units) each.
    held
        Values of gates, (time, units), NaN where they are free.

    Returns
    -------
    dict
        Every signal, (batch, time, units) each.
    """
    kind = kind_of(cell)
    if kind is None:
        raise TraceError(f"a {type(cell).__name__} cannot be followed; LSTM, GRU and SimpleRNN cells can")
    run = Stepper(cell, mask, held)
    advance: Callable[..., tuple[Signals, tuple[np.ndarray, ...]]] = getattr(run, kind)
    rows: list[Signals] = []
    states = start
    for step in range(x.shape[1]):
        signals, after = advance(step, x[:, step], *states)
        seen = mask[:, step, None]
        states = tuple(np.where(seen, new, old) for new, old in zip(after, states, strict=True))
        rows.append(signals | dict(zip(("hidden", "cell"), states, strict=False)))
    return {name: np.stack([row[name] for row in rows], axis=1) for name in rows[0]}


class Stepper:
    """A cell's weights and functions, and what is held."""

    def __init__(self, cell: Any, mask: np.ndarray, held: Mapping[str, np.ndarray]) -> None:
        rounding = Rounding.in_dtype(cell.compute_dtype, len(mask))
        self.keras, self.held = cell, held
        self.kernel, self.recurrent, self.bias = weights_of(cell)
        self.squash = Activation(cell.activation, rounding).exactly
        self.gate = Activation(getattr(cell, "recurrent_activation", cell.activation), rounding).exactly

    def hold(self, name: str, step: int, free: np.ndarray) -> np.ndarray:
        """Return a gate with what is held of it."""
        if name not in self.held:
            return free
        values = self.held[name][step]
        return np.where(np.isnan(values), free, values)

    def lstm(
        self, step: int, x: np.ndarray, before: np.ndarray, cell_before: np.ndarray
    ) -> tuple[Signals, tuple[np.ndarray, ...]]:
        """i, f, o = σ(z); g = a(z); c = f·c₋₁ + i·g; h = o·a(c)."""
        pre = dict(zip(LSTM_ORDER, np.split(x @ self.kernel + before @ self.recurrent + self.bias, 4, -1), strict=True))
        gates = {name: self.hold(name, step, self.gate(pre[name])) for name in ("input", "forget", "output")}
        gates["candidate"] = self.hold("candidate", step, self.squash(pre["candidate"]))
        after = gates["forget"] * cell_before + gates["input"] * gates["candidate"]
        squashed = self.squash(after)
        signals = {**gates, "before": before, "cell_before": cell_before, "squashed": squashed}
        signals |= {"pre_forget": pre["forget"], "forgetting": _forgetting(gates["forget"])}
        return signals, (gates["output"] * squashed, after)

    def gru(self, step: int, x: np.ndarray, before: np.ndarray) -> tuple[Signals, tuple[np.ndarray, ...]]:
        """z, r = σ(·); g = a(x·W + r·(h₋₁·U + b)), or a(x·W + (r·h₋₁)·U); h = z·h₋₁ + (1-z)·g."""
        outer, inner = np.atleast_2d(self.bias)[0], np.atleast_2d(self.bias)[1:]
        x_parts = np.split(x @ self.kernel + outer, 3, axis=-1)
        h_parts = np.split(before @ self.recurrent + (inner[0] if len(inner) else 0.0), 3, axis=-1)
        pre = x_parts[0] + h_parts[0]
        z = self.hold(GRU_ORDER[0], step, self.gate(pre))
        r = self.hold(GRU_ORDER[1], step, self.gate(x_parts[1] + h_parts[1]))
        own = self.recurrent[:, 2 * self.keras.units :]
        past = r * h_parts[2] if self.keras.reset_after else (r * before) @ own
        g = self.hold(GRU_ORDER[2], step, self.squash(x_parts[2] + past))
        signals = {"update": z, "reset": r, "candidate": g, "before": before}
        return signals | {"pre_update": pre, "forgetting": _forgetting(z)}, (z * before + (1.0 - z) * g,)

    def rnn(self, step: int, x: np.ndarray, before: np.ndarray) -> tuple[Signals, tuple[np.ndarray, ...]]:  # noqa: ARG002 - nothing can be held
        """H = a(x·W + h₋₁·U + b)."""
        return {"before": before}, (self.squash(x @ self.kernel + before @ self.recurrent + self.bias),)


def _forgetting(kept: np.ndarray) -> np.ndarray:
    return np.asarray(-np.log(np.clip(kept, np.finfo(np.float64).tiny, 1.0)))
