"""Activation patches: what chosen units did at chosen steps, in every window of a series or all along one sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lstm_lab.errors import TraceError
from lstm_lab.interpret.recording import record
from lstm_lab.interpret.verify import cells_of, layer_traces

if TYPE_CHECKING:
    import pandas as pd

    from lstm_lab.interpret.layer_trace import LayerTrace

__all__ = ["Patches", "SequencePatches", "SeriesWindows", "WindowPatches"]

_AT_ONCE = 500_000
"""Windows × steps × units that are traced together: some 50 MB of gates in float64."""


class Patches(Protocol):
    """The patches among which one is looked for."""

    starts: np.ndarray
    """Row of the series at which each patch begins, rising."""
    at_once: int
    """How many are read together."""

    def read(self, which: np.ndarray) -> np.ndarray:
        """Return some of the patches, (patches, steps, units)."""


@dataclass(frozen=True, slots=True, eq=False)
class SeriesWindows:
    """Every whole window of the series that the window of a trace is from, as the network reads it."""

    matrix: np.ndarray
    """(rows, inputs) of the series."""
    last_rows: np.ndarray
    """The last row of each window."""
    row: int
    """The last row of the trace's own window."""
    target: pd.Series[float]
    """The target in its own unit, by row."""


class WindowPatches:
    """The same steps of the same units in every window of a series; windows are traced a few at a time.

    Parameters
    ----------
    model
        The network.
    series
        The windows.
    length
        Steps of a window.
    number
        Number of the layer in `Trace.layers`.
    signal, units
        What is read.
    steps
        First and last step of the window.
    width
        Units of all layers, by which the memory of a trace grows.
    """

    def __init__(
        self,
        model: Any,
        series: SeriesWindows,
        *,
        length: int,
        number: int,
        signal: str,
        units: np.ndarray,
        steps: tuple[int, int],
        width: int,
    ) -> None:
        self._model, self._series, self._length = model, series, length
        self._number, self._signal, self._units, self._steps = number, signal, units, steps
        self.starts = series.last_rows + 1 - length + steps[0]
        self.at_once = int(np.clip(_AT_ONCE // (length * width), 4, 512))

    def read(self, which: np.ndarray) -> np.ndarray:
        """Trace the windows and return their patches; a short batch is filled up, so that one graph serves all."""
        rows = np.resize(self._series.last_rows[which], self.at_once)
        batch = self._series.matrix[rows[:, None] + np.arange(1 - self._length, 1)]
        layer = _layer(self._model, batch.astype(np.float32), self._number)
        first, last = self._steps
        values = layer.signals[self._signal][: len(which), first : last + 1]
        return np.asarray(values[..., self._units], dtype=np.float32)


class SequencePatches:
    """The units' steps from every step on of the very sequence that was traced.

    Parameters
    ----------
    values
        A signal, (time, units).
    count
        Steps of a patch.
    """

    def __init__(self, values: np.ndarray, count: int) -> None:
        self._views = np.lib.stride_tricks.sliding_window_view(values, count, axis=0)
        self.starts = np.arange(len(self._views))
        self.at_once = int(np.clip(_AT_ONCE // (count * values.shape[1]), 4, 512))

    def read(self, which: np.ndarray) -> np.ndarray:
        """Return the patches that begin at some steps."""
        return np.asarray(self._views[which].swapaxes(1, 2), dtype=np.float32)


def _layer(model: Any, batch: np.ndarray, number: int) -> LayerTrace:
    """Trace one layer of a network over several windows, by its number in `Trace.layers`."""
    for call in record(model, batch).calls:
        parts = len(cells_of(call.layer))
        if number < parts:
            return layer_traces(call)[number]
        number -= parts
    raise TraceError(f"{model.name} does not call the layer that was traced; trace it again")
