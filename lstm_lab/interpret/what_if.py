"""Tracing a network while gates of it are held: what is held, and what follows from it in every later layer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import TraceError
from lstm_lab.interpret.held import Hold, followed
from lstm_lab.interpret.recording import record
from lstm_lab.interpret.verify import cells_of, layer_traces

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lstm_lab.interpret.layer_trace import LayerTrace
    from lstm_lab.interpret.recording import Call, Recording

__all__ = ["holds_of", "intervene"]


def holds_of(
    layers: Sequence[LayerTrace],
    layer: int,
    units: Iterable[int] | int | None,
    steps: Iterable[int] | int | None,
    gates: Mapping[str, float],
) -> tuple[Hold, ...]:
    """Check what is to be held.

    Parameters
    ----------
    layers
        Of the trace.
    layer
        Number of the layer.
    units
        Numbers of units; None for all.
    steps
        Steps of the layer's input, from 0, or counted back from the last; None for all.
    gates
        Values by the names of gates, 0 to 1, or of the candidate.

    Raises
    ------
    TraceError
        There is no such layer, gate, unit or step, or a gate outside of 0 to 1.
    """
    if not 0 <= layer < len(layers):
        raise TraceError(f"layer must be between 0 and {len(layers) - 1}, got {layer}; see trace.layers")
    chosen = layers[layer]
    names = tuple(name for name in chosen.signals if name in chosen.gates or name == "candidate")
    if "/cell " in chosen.name:
        raise TraceError(f"a gate of {chosen.name!r} cannot be held, for its layer stacks cells; stack layers instead")
    for name, value in gates.items():
        if name not in names:
            has = ", ".join(names) or "none; change inputs= instead"
            raise TraceError(f"layer {chosen.name!r} is of kind {chosen.kind} and has no {name!r}; it can hold {has}")
        low = -np.inf if name == "candidate" else 0.0
        high = np.inf if name == "candidate" else 1.0
        if not isinstance(value, int | float | np.number) or not (np.isfinite(value) and low <= value <= high):
            limits = "a finite number" if name == "candidate" else "a number from 0, shut, to 1, open"
            raise TraceError(f"{name} must be {limits}; got {value!r}")
    chosen_units = _numbers("units", units, chosen.units, back=False)
    chosen_steps = _numbers("steps", steps, chosen.steps, back=True)
    return tuple(Hold(layer, name, float(value), chosen_units, chosen_steps) for name, value in gates.items())


def _numbers(name: str, given: Iterable[int] | int | None, count: int, *, back: bool) -> tuple[int, ...] | None:
    """Check numbers of units or of steps, and sort them."""
    if given is None:
        return None
    numbers = [given] if isinstance(given, int | np.integer) else list(given)
    low = -count if back else 0
    wrong = [
        number
        for number in numbers
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or not low <= number < count
    ]
    if wrong or not numbers:
        got = repr(wrong[0]) if wrong else "none"
        raise TraceError(f"{name} must be whole numbers from {low} to {count - 1}; got {got}")
    return tuple(sorted({int(number) % count for number in numbers}))


def intervene(model: Any, batch: np.ndarray, holds: Sequence[Hold]) -> tuple[np.ndarray, tuple[LayerTrace, ...]]:
    """Run a model with gates held, and trace it.

    A layer with a held gate is followed in float64; what it says then goes on through Keras' own later layers, whose
    traces are verified as ever.

    Parameters
    ----------
    model
        The network, which is left as it was.
    batch
        (batch, time, …), as the model takes it.
    holds
        What is held.

    Returns
    -------
    tuple
        The model's output and every layer's trace.
    """
    held: dict[str, LayerTrace] = {}
    instead: dict[str, tuple[np.ndarray, ...]] = {}
    recording = record(model, batch)
    for number in sorted({hold.layer for hold in holds}):
        call = _call_of(recording, number)
        (plain,) = layer_traces(call)
        (cell,) = cells_of(call.layer)
        signals = followed(call, cell, tuple(hold for hold in holds if hold.layer == number))
        held[call.name] = _held_trace(plain, call, signals)
        instead[call.name] = tuple(signals[name] for name in ("hidden", "cell") if name in signals)
        recording = record(model, batch, replaced=instead)
    layers = []
    for call in recording.calls:
        if cells_of(call.layer):
            layers += [held[call.name]] if call.name in held else layer_traces(call)
    return recording.output, tuple(layers)


def _call_of(recording: Recording, number: int) -> Call:
    """Find the call that a layer's trace was made of."""
    calls = [call for call in recording.calls for _ in cells_of(call.layer)]
    return calls[number]


def _held_trace(plain: LayerTrace, call: Call, signals: Mapping[str, np.ndarray]) -> LayerTrace:
    """Put the signals of a run with held gates in place of the layer's own."""
    aligned = slice(None, None, -1) if call.backwards else slice(None)
    seen = call.mask[..., None]
    states = ("hidden", "cell", "cell_before", "before")
    arrays: dict[str, Any] = {
        name: (values if name in states else np.where(seen, values, np.nan))[:, aligned]
        for name, values in signals.items()
    }
    changed: dict[str, Any] = {name: array[0] if len(call.mask) == 1 else array for name, array in arrays.items()}
    return replace(plain, **changed)
