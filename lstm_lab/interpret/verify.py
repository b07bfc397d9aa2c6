"""From a recorded call of a layer to its trace: replay each cell, compare, and refuse what does not agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import TraceError, VerificationError
from lstm_lab.interpret.layer_trace import GRUTrace, LayerTrace, LSTMTrace, RNNTrace
from lstm_lab.interpret.replay import CellCall, Replayed, kind_of, replay
from lstm_lab.models.backend import keras

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lstm_lab.interpret.recording import Call

__all__ = ["cells_of", "layer_traces"]

_STATES = {"lstm": 2, "gru": 1, "rnn": 1}


@dataclass(frozen=True, slots=True, eq=False)
class _Pass:
    """One cell's part of a call: its inputs, and what the layer itself said of its states."""

    name: str
    cell: Any
    x: np.ndarray
    starts: tuple[np.ndarray, ...]
    own: dict[str, np.ndarray]
    """The layer's own states after each step, "hidden" and perhaps "cell", (batch, time, units)."""
    last_states: tuple[np.ndarray, ...]


def cells_of(layer: Any) -> tuple[Any, ...]:
    """List the cells of a recurrent layer, bottom first; none if one of them cannot be replayed."""
    cells = tuple(layer.cell.cells) if isinstance(layer.cell, keras.layers.StackedRNNCells) else (layer.cell,)
    return cells if all(kind_of(cell) is not None for cell in cells) else ()


def layer_traces(call: Call) -> list[LayerTrace]:
    """Trace a call: one trace for a layer, one for each cell of stacked cells.

    Raises
    ------
    TraceError
        If the layer's own output is not finite, or no step of it was seen.
    VerificationError
        If the replay is further from the layer's own output, or from its last state, than rounding explains.
    """
    if not call.mask.any():
        raise TraceError(f"layer {call.name!r}: every step of x is masked; pass a sequence with values that are seen")
    if not np.isfinite(call.outputs[call.mask]).all():
        raise TraceError(f"layer {call.name!r} gives values that are not finite; check its weights and the scale of x")
    return [_trace(call, part) for part in _passes(call)]


def _passes(call: Call) -> list[_Pass]:
    """Split a call of stacked cells into one part for each cell; a call of one cell is its only part."""
    cells = cells_of(call.layer)
    if len(cells) == 1:
        width = cells[0].units
        halves = np.split(call.outputs, range(width, call.outputs.shape[-1], width), axis=-1)
        return [_Pass(call.name, cells[0], call.sequences, call.start, _named(halves), call.end)]
    parts: list[_Pass] = []
    x, first, column = call.sequences, 0, cells[-1].units
    for number, cell in enumerate(cells, 1):
        states = slice(first, first + _STATES[str(kind_of(cell))])
        starts = [column + cell.units * state for state in range(states.stop - states.start)]
        own = _named([call.outputs[..., start : start + cell.units] for start in starts])
        parts.append(_Pass(f"{call.name}/cell {number}", cell, x, call.start[states], own, call.end[states]))
        x, first, column = own["hidden"], states.stop, starts[-1] + cell.units
    return parts


def _named(states: list[np.ndarray]) -> dict[str, np.ndarray]:
    return dict(zip(("hidden", "cell"), states, strict=False))


def _trace(call: Call, part: _Pass) -> LayerTrace:
    """Replay one cell from the states that the layer reported, compare, and put time in the input's order."""
    _check_masked(call, part)
    starts = dict(zip(("hidden", "cell"), part.starts, strict=False))
    after = {name: carried(own, call.mask, starts[name]) for name, own in part.own.items()}
    cell_before = after["cell"][:, :-1] if "cell" in after else None
    before = after["hidden"][:, :-1]
    replayed = replay(CellCall(part.cell, part.x, call.mask, before, cell_before, starts.get("cell")))
    worst = {state: _compare(call, part, state, replayed) for state in part.own}["hidden"]
    _compare_ends(part, after["hidden"][:, -1], replayed)
    aligned = slice(None, None, -1) if call.backwards else slice(None)
    every = _held(replayed.signals, call.mask, starts) | {"before": before.astype(np.float64)}
    every["read"] = part.x.astype(np.float64)
    arrays = {name: array[:, aligned] for name, array in {**every, "mask": call.mask}.items()}
    single = len(call.mask) == 1
    trace: LayerTrace = _CLASSES[str(kind_of(part.cell))](
        name=part.name,
        direction="backward" if call.backwards else "forward",
        verified=worst.difference,
        tolerance=worst.bound,
        dtype=part.cell.compute_dtype,
        activation=getattr(part.cell.activation, "__name__", type(part.cell.activation).__name__),
        **{name: array[0] if single else array for name, array in arrays.items()},
    )
    return trace


_CLASSES: dict[str, Any] = {"lstm": LSTMTrace, "gru": GRUTrace, "rnn": RNNTrace}


def carried(values: np.ndarray, mask: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return the state before the first step and after every step, (batch, time + 1, units), held over masked steps."""
    steps = np.where(mask, np.arange(1, mask.shape[1] + 1), 0)
    last_seen = np.maximum.accumulate(np.pad(steps, ((0, 0), (1, 0))), axis=1)
    states = np.concatenate([start[:, None], values], axis=1)
    return np.take_along_axis(states, last_seen[..., None], axis=1)


def _held(
    signals: Mapping[str, np.ndarray], mask: np.ndarray, starts: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Blank what a gate would have done at a masked step, and hold the states there."""
    if mask.all():
        return dict(signals)
    seen = mask[..., None]
    carried_states = {name: carried(signals[name], mask, start) for name, start in starts.items()}
    states = {name: after[:, 1:] for name, after in carried_states.items()}
    if "cell" in carried_states:
        states["cell_before"] = signals["cell_before"]
    return {name: states.get(name, np.where(seen, signal, np.nan)) for name, signal in signals.items()}


@dataclass(frozen=True, slots=True)
class _Agreement:
    """The largest difference at a seen step, and the tolerance at that place."""

    difference: float
    bound: float


def _compare(call: Call, part: _Pass, state: str, replayed: Replayed) -> _Agreement:
    """Compare a replayed state with the layer's own at every seen step."""
    bound = replayed.bounds[state]
    difference = np.subtract(replayed.signals[state], part.own[state])
    np.abs(difference, out=difference)
    if not call.mask.all():
        difference[~call.mask] = 0.0
    beyond = ~(difference <= bound)
    if beyond.any():
        excess = np.where(beyond, difference / np.maximum(bound, np.finfo(np.float64).tiny), 0.0)
        sequence, step, unit = np.unravel_index(np.argmax(excess), excess.shape)
        where = f"step {step}, unit {unit}" + (f", sequence {sequence}" if len(difference) > 1 else "")
        where += " of the cell state" if state == "cell" else ""
        raise VerificationError(_refusal(part, where, difference[sequence, step, unit], bound[sequence, step, unit]))
    worst = np.unravel_index(np.argmax(difference), difference.shape)
    return _Agreement(float(difference[worst]), float(bound[worst]))


def _check_masked(call: Call, part: _Pass) -> None:
    """Refuse a step that is taken for masked and at which the layer, beyond any rounding, said something new."""
    if call.mask.all():
        return
    own = part.own["hidden"]
    earlier = np.concatenate([part.starts[0][:, None], own[:, :-1]], axis=1)
    # A layer says nothing while it has seen nothing, and may say nothing wherever it is masked.
    spoke = ~((own == earlier).all(axis=-1) | (own == 0).all(axis=-1)) & ~call.mask
    if spoke.any():
        sequence, step = np.argwhere(spoke)[0]
        difference = np.abs(own[sequence, step] - earlier[sequence, step]).max()
        raise VerificationError(_refusal(part, f"step {step}, sequence {sequence}, which is masked,", difference, 0.0))


def _compare_ends(part: _Pass, hidden: np.ndarray, replayed: Replayed) -> None:
    """Compare the last states: where the mask ends early, nothing else would show that the replay went on."""
    unit = np.finfo(np.float32).eps if part.cell.compute_dtype in {"float32", "float64"} else 2.0**-7
    pairs = [("last hidden state", hidden, part.last_states[0], unit * (1 + np.abs(hidden)))]
    if "cell" in replayed.bounds:
        cell = replayed.signals["cell"][:, -1]
        pairs.append(
            ("last cell state", cell, part.last_states[1], replayed.bounds["cell"][:, -1] + unit * np.abs(cell))
        )
    for what, ours, theirs, bound in pairs:
        difference = np.abs(ours - theirs)
        if not (difference <= bound).all():
            worst = np.unravel_index(np.argmax(difference - bound), difference.shape)
            raise VerificationError(_refusal(part, f"the {what}", difference[worst], bound[worst]))


def _refusal(part: _Pass, where: str, difference: float, bound: float) -> str:
    return (
        f"layer {part.name!r} cannot be shown: at {where} the replay is {difference:.2g} off the layer's own output, "
        f"and rounding in {part.cell.compute_dtype} explains {bound:.2g}; does the layer compute something else than a "
        f"plain {type(part.cell).__name__}?"
    )
