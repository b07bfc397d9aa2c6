"""Which unit tells of something: correlations of units with a known value, and a text coloured by a unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.errors import TraceError
from lstm_lab.formatting import number
from lstm_lab.results import StillResult, Summary

if TYPE_CHECKING:
    from lstm_lab.interpret.layer_trace import LayerTrace

__all__ = ["Letters", "correlate", "letters_of"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Letters(StillResult):
    """A text, a character a step, with the value of one unit's signal at each; made by `Trace.letters`."""

    text: str
    values: np.ndarray
    """(characters,) the signal."""
    unit: int
    signal: str
    layer: str

    @property
    def heading(self) -> str:
        """Title of the picture."""
        return f"Unit {self.unit} of {self.layer}: its {self.signal} state at each character"

    def summary_table(self) -> Summary:
        """Count the characters and give the signal's range."""
        low, high = (number(float(edge)) for edge in (np.nanmin(self.values), np.nanmax(self.values)))
        return Summary(self.heading, (("characters", str(len(self.text))), ("values", f"{low} to {high}")))


def correlate(layer: LayerTrace, values: Any) -> pd.DataFrame:
    """Compute the correlation of every signal of every unit with a value that is known at each step.

    Parameters
    ----------
    layer
        Of the trace of one sequence.
    values
        (steps,) numbers, or True and False.

    Returns
    -------
    pandas.DataFrame
        A row for each unit, a column for each signal; units by falling size of their largest correlation.

    Raises
    ------
    TraceError
        Not a value for each step, or a trace of several sequences.
    """
    known = np.asarray(values, dtype=np.float64)
    if layer.hidden.ndim != 2 or known.shape != (layer.steps,):
        raise TraceError(
            f"a correlation needs one sequence and a value for each of its {layer.steps} steps, got values of shape"
            f" {known.shape} and {'one sequence' if layer.hidden.ndim == 2 else 'several sequences'}"
        )
    seen = layer.mask
    columns = {name: _correlations(signal[seen], known[seen]) for name, signal in layer.signals.items()}
    table = pd.DataFrame(columns).rename_axis("unit")
    order = np.argsort(-np.nan_to_num(table.abs().to_numpy()).max(axis=1), kind="stable")
    return table.iloc[order]


def _correlations(signal: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Correlate (steps, units) with (steps,); a constant has a correlation of 0 with everything."""
    centred, other = signal - signal.mean(axis=0), known - known.mean()
    size = np.sqrt((centred**2).sum(axis=0) * (other**2).sum())
    return np.asarray(np.divide(other @ centred, size, out=np.zeros(signal.shape[1]), where=size > 0))


def letters_of(layer: LayerTrace, text: str, unit: int, signal: str) -> Letters:
    """Put the signal of a unit beside the text that was read.

    Parameters
    ----------
    layer
        Of the trace of one text.
    text
        A character for each step.
    unit
        Number of the unit.
    signal
        A name in `LayerTrace.signals`.

    Raises
    ------
    TraceError
        Another length than the trace's, or no such unit or signal.
    """
    if layer.hidden.ndim != 2 or len(text) != layer.steps:
        raise TraceError(
            f"text must have a character for each of the {layer.steps} steps of one sequence, got {len(text)}"
        )
    if not 0 <= unit < layer.units:
        raise TraceError(f"unit must be between 0 and {layer.units - 1}, got {unit}")
    if signal not in layer.signals:
        raise TraceError(f"layer {layer.name!r} has no signal {signal!r}; it has {', '.join(layer.signals)}")
    return Letters(text=text, values=layer.signals[signal][:, unit], unit=unit, signal=signal, layer=layer.name)
