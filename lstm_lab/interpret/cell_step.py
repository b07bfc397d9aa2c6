"""One unit of a recurrent layer at one step, in numbers: what its equations take and what they give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import TraceError
from lstm_lab.interpret.cell_drawing import DRAWINGS, Drawing, Slot
from lstm_lab.interpret.description import DescribedTrace, label_of
from lstm_lab.interpret.layer_trace import GRUTrace, LayerTrace, LSTMTrace
from lstm_lab.results import Result, Summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["CellStep", "choose_cell", "decimal", "reads_of", "signals_of"]


@dataclass(frozen=True, eq=False, repr=False)
class CellStep(Result):
    """A recurrent cell as textbooks draw it, with the numbers of one unit at one step.

    Examples
    --------
    >>> print(run.cell(step=-1).equations[0])  # doctest: +SKIP
    c = 0.78 · 0.54 + 0.68 · 0.13 = 0.51
    """

    trace: DescribedTrace
    """What the whole network did over the window."""
    layer: int
    """Number of the layer in `Trace.layers`."""
    unit: int
    step: int
    """Step of the layer's input, from 0."""

    @property
    def of(self) -> LayerTrace:
        """Return the trace of the layer."""
        return self.trace.layers[self.layer]

    @property
    def drawing(self) -> Drawing:
        """Return the drawing of this kind of cell."""
        return DRAWINGS[self.of.kind]

    @property
    def numbers(self) -> Mapping[str, float]:
        """Name every number: gates, candidate, what is kept and written, states before and after; NaN where masked."""
        rows = signals_of(self.of, self.unit) | {"x": self.of.read[:, 0]}
        return {name: float(row[self.step]) for name, row in rows.items()}

    @property
    def reads(self) -> str:
        """Describe what the layer's first input is, and how many there are."""
        return reads_of(self.trace, self.layer)

    @property
    def masked(self) -> bool:
        """Return whether the layer did not look at this step."""
        return not bool(self.of.mask[self.step])

    @property
    def equations(self) -> tuple[str, ...]:
        """Write the cell's equations with their numbers."""
        if self.masked:
            return ()
        return tuple(self._written(parts) for parts in self.drawing.filled)

    @property
    def sentence(self) -> str:
        """Describe in one sentence what the unit does at this step."""
        if self.masked:
            return "The step is masked: nothing is read, and the state stays as it was."
        return self._written(self.drawing.sentence)

    @property
    def when(self) -> str:
        """Label the step."""
        same = self.of.steps == len(self.trace.index)
        return label_of(self.trace.index, self.step) if same else f"step {self.step}"

    @property
    def heading(self) -> str:
        """Title of whatever shows the cell."""
        step = f"step {self.step}, " if self.when.startswith("row ") else ""
        return f"Unit {self.unit} of {self.of.name} at {step}{self.when}"

    def summary_table(self) -> Summary:
        """Name every number of the unit at this step, and write the equations."""
        rows = [(name.replace("_", " "), decimal(value)) for name, value in self.numbers.items()]
        lines = [("equation", text) for text in self.equations]
        return Summary(self.heading, (*rows, *lines, ("in words", self.sentence)))

    def __repr__(self) -> str:
        lines = [self.heading, *(f"  {line}" for line in self.equations), f"  {self.sentence}"]
        return "\n".join(lines)

    def _written(self, parts: Iterable[str | Slot]) -> str:
        numbers, text = self.numbers, ""
        for part in parts:
            if isinstance(part, str):
                text += part.replace("{a}", self.of.activation)
            elif part.share:
                text += f"{100 * numbers[part.value]:.0f} %"
            else:
                number = decimal(numbers[part.value])
                text += f"({number})" if number[0] == "−" and text.endswith("· ") else number
        return text


def choose_cell(trace: DescribedTrace, layer: int | None, unit: int | None, step: int) -> CellStep:
    """Choose a unit and a step of a traced window.

    Parameters
    ----------
    trace
        A trace of one window.
    layer
        Number of the layer in `Trace.layers`; None for the one whose units remember longest.
    unit
        Number of the unit; None for the one with the longest half-life, 0 where there is none.
    step
        Step of the window, from 0, or counted back from the last with -1.

    Raises
    ------
    TraceError
        A trace of several windows, or no such layer, unit or step.
    """
    if trace.windows > 1:
        raise TraceError(f"a cell shows one window, this trace has {trace.windows}; trace one with run.gates(at=-1)")
    number = trace.opening if layer is None else _within("layer", layer, len(trace.layers))
    chosen = trace.layers[number]
    longest = 0 if chosen.half_life is None else int(np.argmax(chosen.half_life))
    return CellStep(
        trace,
        number,
        longest if unit is None else _within("unit", unit, chosen.units),
        _within("step", step, chosen.steps, negative=True),
    )


def _within(name: str, value: int, count: int, *, negative: bool = False) -> int:
    low = -count if negative else 0
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value < count:
        last = ", -1 is the last" if negative else ""
        raise TraceError(f"{name} must be a whole number from {low} to {count - 1}{last}; got {value!r}")
    return int(value) % count


def reads_of(trace: DescribedTrace, layer: int) -> str:
    """Describe what the first input of a layer is, and how many there are.

    Parameters
    ----------
    trace
        A trace of one window.
    layer
        Number of the layer.
    """
    read = trace.layers[layer].read
    batch = trace.batch[0]
    direct = batch.shape == read.shape and bool((batch == read).all())
    name = trace.feature_names[0] if direct else "output of the layer below"
    if direct and _is_scaled(trace):
        name = f"{name}, scaled"
    return name if read.shape[-1] == 1 else f"{name}, the first of {read.shape[-1]} inputs"


def _is_scaled(trace: DescribedTrace) -> bool:
    """Return whether the first input is known to be another number than the target's own."""
    original: Any = getattr(trace, "unchanged", None) or trace
    if getattr(original, "history", None) is None or original.batch.ndim != 3:
        return False
    return not np.allclose(original.history.to_numpy(np.float64), original.batch[0, :, 0])


def signals_of(layer: LayerTrace, unit: int) -> dict[str, np.ndarray]:
    """Return every signal of a unit that its drawing shows, (time,) each."""
    rows = {name: values[:, unit] for name, values in layer.signals.items()}
    rows["before"] = layer.before[:, unit]
    if isinstance(layer, LSTMTrace):
        rows["cell_before"], rows["squashed"] = layer.cell_before[:, unit], layer.squashed[:, unit]
        rows["kept"] = rows["forget"] * rows["cell_before"]
        rows["written"] = rows["input"] * rows["candidate"]
    elif isinstance(layer, GRUTrace):
        rows["rest"] = 1.0 - rows["update"]
        rows["kept"] = rows["update"] * rows["before"]
        rows["written"] = rows["rest"] * rows["candidate"]
    return rows


def decimal(value: float) -> str:
    """Write a number of a cell with two decimals, and a small one with two digits.

    >>> decimal(0.784), decimal(-0.5), decimal(0.0123), decimal(0.00001), decimal(float("nan"))
    ('0.78', '−0.50', '0.012', '0.00', '–')
    """
    if not np.isfinite(value):
        return "–"
    size = abs(value)
    digits = 2 if size >= 0.0995 or size < 0.00005 else 3 if size >= 0.00995 else 4
    text = f"{size:.{digits}f}"
    return f"−{text}" if value < 0 and float(text) > 0 else text
