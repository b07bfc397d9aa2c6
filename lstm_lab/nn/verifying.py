"""From a recorded call of a layer to its trace: replay each cell, compare, and refuse what does not agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import TraceError, VerificationError
from lstm_lab.nn.backend import keras
from lstm_lab.nn.layer_traces import GRUTrace, LayerTrace, LSTMTrace, RNNTrace
from lstm_lab.nn.replay import CellCall, Replayed, kind_of, replay

if TYPE_CHECKING:
    from lstm_lab.nn.recording import Call

__all__ = ["cells_of", "layer_traces"]

_STATES = {"lstm": 2, "gru": 1, "rnn": 1}


@dataclass(frozen=True, slots=True, eq=False)
class _Pass:
    """One cell's part of a call: its inputs, and what the layer itself said of its states."""

    name: str
    cell: Any
    x: np.ndarray
    starts: tuple[np.ndarray, ...]
    own: np.ndarray
    """The layer's own hidden state after each step, (batch, time, units)."""
    ends: tuple[np.ndarray, ...]


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
    """Take a call of stacked cells apart; a call of one cell is its only part."""
    cells = cells_of(call.layer)
    if len(cells) == 1:
        return [_Pass(call.name, cells[0], call.sequences, call.start, call.outputs, call.end)]
    parts: list[_Pass] = []
    x, first, column = call.sequences, 0, cells[-1].units
    for number, cell in enumerate(cells, 1):
        states = slice(first, first + _STATES[str(kind_of(cell))])
        own = call.outputs[..., column : column + cell.units]
        parts.append(_Pass(f"{call.name}/cell {number}", cell, x, call.start[states], own, call.end[states]))
        x, first, column = own, states.stop, column + cell.units * (states.stop - states.start)
    return parts


def _trace(call: Call, part: _Pass) -> LayerTrace:
    """Replay one cell from the states that the layer reported, compare, and put time in the input's order."""
    after = carried(part.own, call.mask, part.starts[0])
    cell_start = part.starts[1] if len(part.starts) > 1 else None
    replayed = replay(CellCall(part.cell, part.x, call.mask, after[:, :-1], cell_start))
    worst, tolerance = _compare(call, part, replayed)
    _compare_ends(part, after[:, -1], replayed)
    aligned = slice(None, None, -1) if call.backwards else slice(None)
    every = _forgetting(part.cell, dict(replayed.signals))
    signals = {name: _gated(name, signal, call.mask)[:, aligned] for name, signal in every.items()}
    signals["hidden"] = carried(replayed.signals["hidden"], call.mask, part.starts[0])[:, 1:][:, aligned]
    arrays = {**signals, "mask": call.mask[:, aligned], "before": after[:, :-1][:, aligned]}
    single = len(call.mask) == 1
    made: LayerTrace = _CLASSES[str(kind_of(part.cell))](
        name=part.name,
        direction="backward" if call.backwards else "forward",
        verified=worst,
        tolerance=tolerance,
        dtype=part.cell.compute_dtype,
        **{name: array[0] if single else array for name, array in arrays.items()},
    )
    return made


_CLASSES: dict[str, Any] = {"lstm": LSTMTrace, "gru": GRUTrace, "rnn": RNNTrace}


def carried(values: np.ndarray, mask: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Give the state before the first step and after every step, (batch, time + 1, units), held over masked steps."""
    steps = np.where(mask, np.arange(1, mask.shape[1] + 1), 0)
    last_seen = np.maximum.accumulate(np.pad(steps, ((0, 0), (1, 0))), axis=1)
    states = np.concatenate([start[:, None], values], axis=1)
    return np.take_along_axis(states, last_seen[..., None], axis=1)


def _gated(name: str, signal: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Blank what a gate would have done at a masked step; states are carried there and stay."""
    return signal if name in {"cell", "cell_before"} else np.where(mask[..., None], signal, np.nan)


def _forgetting(cell: Any, signals: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Add -ln of the share kept: softplus(-z) of a sigmoid gate, for the log of a gate near 1 has lost its digits."""
    kind = str(kind_of(cell))
    if kind == "rnn":
        return signals
    keeper, pre = (("forget", "pre_forget"), ("update", "pre_update"))[kind == "gru"]
    if cell.recurrent_activation is keras.activations.sigmoid:
        return {**signals, "forgetting": np.logaddexp(0.0, -signals[pre])}
    return {**signals, "forgetting": -np.log(np.clip(signals[keeper], np.finfo(np.float64).tiny, 1.0))}


def _compare(call: Call, part: _Pass, replayed: Replayed) -> tuple[float, float]:
    """Give the largest difference at a seen step, and the tolerance at that place."""
    seen = call.mask[..., None]
    difference = np.where(seen, np.abs(replayed.signals["hidden"] - part.own), 0.0)
    beyond = seen & ~(difference <= replayed.bound)
    if beyond.any():
        excess = np.where(beyond, difference / np.maximum(replayed.bound, np.finfo(np.float64).tiny), 0.0)
        sequence, step, unit = np.unravel_index(np.argmax(excess), excess.shape)
        place = f"step {step}, unit {unit}" + (f", sequence {sequence}" if len(difference) > 1 else "")
        raise VerificationError(
            _refusal(part, place, difference[sequence, step, unit], replayed.bound[sequence, step, unit])
        )
    worst = np.unravel_index(np.argmax(difference), difference.shape)
    return float(difference[worst]), float(replayed.bound[worst])


def _compare_ends(part: _Pass, hidden: np.ndarray, replayed: Replayed) -> None:
    """Compare the last states: where the mask ends early, nothing else would show that the replay went on."""
    unit = np.finfo(np.float32).eps if part.cell.compute_dtype in {"float32", "float64"} else 2.0**-7
    pairs = [("last hidden state", hidden, part.ends[0], unit * (1 + np.abs(hidden)))]
    if replayed.cell_bound is not None:
        cell = replayed.signals["cell"][:, -1]
        pairs.append(("last cell state", cell, part.ends[1], replayed.cell_bound + unit * np.abs(cell)))
    for what, ours, theirs, bound in pairs:
        difference = np.abs(ours - theirs)
        if not (difference <= bound).all():
            worst = np.unravel_index(np.argmax(difference - bound), difference.shape)
            raise VerificationError(_refusal(part, what, difference[worst], bound[worst]))


def _refusal(part: _Pass, place: str, difference: float, bound: float) -> str:
    return (
        f"layer {part.name!r} cannot be shown: at {place} the replay is {difference:.2g} off the layer's own output, "
        f"and rounding in {part.cell.compute_dtype} explains {bound:.2g}; does the layer compute something else than a "
        f"plain {type(part.cell).__name__}?"
    )
