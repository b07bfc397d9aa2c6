"""Find again: where in a whole series the same units did nearly the same as at some steps of one window.

The distance of two patches of T steps and U units is the root mean square of their differences, each unit's in its own
standard deviation s: d² = 1/(T·U) Σ_t Σ_u ((a_tu - b_tu) / s_u)². That is the standardised Euclidean distance
(`scipy.spatial.distance.seuclidean`) divided by √(T·U), so that patches of any size compare: 0 is the same, and two
independent patches are √2 ≈ 1.41 apart on average in the square. Level and size of an activation count, which a
correlation would ignore: a gate that is open is not one that is shut. As in the search for motifs (Yeh et al., Matrix
Profile I, 2016), a patch that shares a step with a better match, or with the one that is looked for, is no match.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.errors import TraceError
from lstm_lab.formatting import moment, number
from lstm_lab.interpret.patches import SequencePatches, WindowPatches
from lstm_lab.options.spelling import closest
from lstm_lab.results import Result, Summary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lstm_lab.interpret.description import DescribedTrace
    from lstm_lab.interpret.layer_trace import LayerTrace
    from lstm_lab.interpret.patches import Patches, SeriesWindows

__all__ = ["Recurrences", "find"]

STEPS = 10
"""Steps that are looked for by default, the newest ones."""
_SAMPLE = 256
"""Patches, evenly spread, that say how much each unit varies."""
_OTHERS = 20
"""Patches, evenly spread, whose nearest match is the level of chance."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Recurrences(Result):
    """Where the same activation recurs in a series; made by `lstm_lab.Run.find` and `Trace.find`."""

    layer: str
    signal: str
    units: tuple[int, ...]
    steps: tuple[int, int]
    """First and last step of the window that were looked for."""
    series: pd.Series[float]
    """The series, by row."""
    row: int
    """Row of the series of the first of these steps."""
    distances: pd.Series[float]
    """The distance of every patch, by the row at which it begins."""
    rows: tuple[int, ...]
    """Rows at which the matches begin, the nearest first."""
    others: np.ndarray = field(repr=False)
    """The distance of the nearest match of each of 20 other places, evenly spread: what chance gives."""
    lookback: int | None
    """Steps of a window; None where the sequence itself was searched."""

    @property
    def count(self) -> int:
        """Count the steps of the patch."""
        return self.steps[1] - self.steps[0] + 1

    @property
    def chance(self) -> float:
        """Return the median distance of the nearest match of another place; NaN where none has one."""
        return float(np.median(self.others)) if len(self.others) else float("nan")

    @property
    def typical(self) -> float:
        """Return the median distance of all patches that share no step with the one that is looked for."""
        apart = self.distances[np.abs(self.distances.index.to_numpy() - self.row) >= self.count]
        return float(apart.median())

    @property
    def matches(self) -> pd.DataFrame:
        """List the matches, the nearest first: from, to, distance, change of the series over as many steps after.

        ``at`` is what `Run.gates` and `Run.cell` take to look into the match's own window.
        """
        rows = np.asarray(self.rows, dtype=int)
        index = self.series.index
        columns = {
            "from": index[rows],
            "to": index[rows + self.count - 1],
            "distance": self.distances.loc[rows].to_numpy(),
            "change_after": [self.change_after(row) for row in rows],
        }
        if self.lookback is not None:
            columns["at"] = index[rows - self.steps[0] + self.lookback - 1]
        return pd.DataFrame(columns)

    def change_after(self, row: int) -> float:
        """Compute how the series changed from the end of a patch over as many steps; NaN beyond its end.

        Parameters
        ----------
        row
            Row at which the patch begins.
        """
        last = row + self.count - 1
        values = self.series.to_numpy(dtype=np.float64)
        return float(values[last + self.count] - values[last]) if last + self.count < len(values) else float("nan")

    @property
    def sentence(self) -> str:
        """Say how near the nearest match is, and what chance gives."""
        if not self.rows:
            return "There is no other place that shares no step with this one."
        nearest = self.distances.loc[self.rows[0]]
        words = f"The nearest match is {nearest:.2f} standard deviations away, a random place {self.typical:.2f}"
        if not len(self.others):
            return f"{words}."
        nearer = int((self.others < nearest).sum())
        return f"{words}; of {len(self.others)} other places {nearer} have a nearer match (median {self.chance:.2f})."

    @property
    def what(self) -> str:
        """Name what was looked for."""
        several = f"{len(self.units)} units" if len(self.units) > 4 else _listed(self.units)
        return f"{self.signal} of {several} of {self.layer}, steps {self.steps[0]} to {self.steps[1]}"

    @property
    def heading(self) -> str:
        """Title of whatever shows the matches."""
        return f"Found again: {self.when(self.row)}"

    def when(self, row: int) -> str:
        """Label a patch by its first and last time.

        Parameters
        ----------
        row
            Row at which it begins.
        """
        index = self.series.index
        first, last = moment(index[row]), moment(index[row + self.count - 1])
        return first if first == last else f"{first} to {last}"

    def summary_table(self) -> Summary:
        """Name what was looked for, how near the matches are, and list them."""
        rows = [
            ("looked for", self.what),
            ("among", f"{len(self.distances):,} {'windows' if self.lookback else 'places'}"),
        ]
        rows.append(("in words", self.sentence))
        table = [("match", "distance", f"change in the {self.count} steps after")]
        for row in self.rows:
            change = self.change_after(row)
            after = "–" if np.isnan(change) else f"{'+' if change > 0 else ''}{number(change)}"
            table.append((self.when(row), f"{self.distances.loc[row]:.3f}", after))
        return Summary(self.heading, tuple(rows), tuple(table) if self.rows else ())


def find(
    trace: DescribedTrace,
    number: int,
    series: SeriesWindows | None,
    *,
    history: pd.Series[float] | None,
    units: Iterable[int] | int | None,
    steps: Iterable[int] | int | None,
    signal: str | None,
    matches: int,
) -> Recurrences:
    """Find where the units of a layer did nearly the same as at some steps of a trace.

    Parameters
    ----------
    trace
        Of one window.
    number
        Number of the layer.
    series
        Every window of the series, which are searched; None to search the sequence itself.
    history
        What the sequence is, in the unit of the data, if that is known.
    units, steps, signal, matches
        As `Trace.find` takes them.

    Raises
    ------
    TraceError
        What is looked for is not there, was masked, or never varies.
    """
    layer = trace.layers[number]
    if trace.windows > 1:
        raise TraceError(f"find looks from one window, this trace has {trace.windows}; trace one with run.gates(at=-1)")
    chosen = _signal(layer, signal)
    rows = _whole_numbers("units", units, layer.units, range(layer.units))
    span = _span(steps, layer.steps)
    source: Patches
    if series is None:
        source = SequencePatches(layer.signals[chosen][:, rows], span[1] - span[0] + 1)
        shown, row = _sequence(trace, layer, history), span[0]
    else:
        source = _windows(trace, number, series, signal=chosen, units=rows, steps=span)
        shown, row = series.target, int(source.starts[np.searchsorted(series.last_rows, series.row)])
    wanted = layer.signals[chosen][span[0] : span[1] + 1, rows]
    if not np.isfinite(wanted).all():
        raise TraceError(
            f"steps {span[0]} to {span[1]} are masked in part, where {layer.name} did nothing; choose others"
        )
    distances, others = _search(source, wanted.astype(np.float32), row)
    apart = _apart(source.starts, distances, row, span[1] - span[0] + 1, matches)
    return Recurrences(
        layer=layer.name,
        signal=chosen,
        units=tuple(int(unit) for unit in rows),
        steps=span,
        series=shown,
        row=row,
        distances=pd.Series(distances, index=source.starts, name="distance"),
        rows=apart,
        others=others,
        lookback=None if series is None else layer.steps,
    )


def _windows(
    trace: DescribedTrace,
    number: int,
    series: SeriesWindows,
    *,
    signal: str,
    units: np.ndarray,
    steps: tuple[int, int],
) -> WindowPatches:
    """Return the patches of every window of a series."""
    layer = trace.layers[number]
    if layer.steps != len(trace.index):
        raise TraceError(f"{layer.name} does not step with the window's rows; choose another layer")
    width = sum(each.units for each in trace.layers)
    what = {"length": layer.steps, "number": number, "width": width}
    return WindowPatches(trace.model, series, **what, signal=signal, units=units, steps=steps)


def _sequence(trace: DescribedTrace, layer: LayerTrace, history: pd.Series[float] | None) -> pd.Series[float]:
    """Return what is drawn of a sequence: its target where it is known, else the first input."""
    same = layer.steps == len(trace.index)
    if same and history is not None:
        return history
    values = trace.batch[0].reshape(len(trace.index), -1) if same else layer.read
    return pd.Series(values[:, 0], trace.index if same else None, name=trace.feature_names[0])


def _search(source: Patches, wanted: np.ndarray, row: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the distance of every patch, and the distance of the nearest match of each of some other places."""
    starts, count = source.starts, len(wanted)
    sample = np.unique(np.linspace(0, len(starts) - 1, min(_SAMPLE, len(starts))).round().astype(int))
    spread, references, places = _sampled(source, sample, wanted, row)
    varies = spread > 1e-6
    if not varies.any():
        raise TraceError("none of these units varies over the series at these steps; choose other units or steps")
    weights = np.where(varies, 1 / np.maximum(spread, 1e-6), 0.0) / np.sqrt(count * varies.sum())
    queries = np.concatenate([wanted[None], references]) * weights
    distances = np.empty((len(queries), len(starts)))
    for begin in range(0, len(starts), source.at_once):
        which = np.arange(begin, min(begin + source.at_once, len(starts)))
        patches = source.read(which) * weights
        for at, query in enumerate(queries):
            distances[at, which] = np.sqrt(((patches - query) ** 2).sum(axis=(1, 2)))
    distances = np.where(np.isfinite(distances), distances, np.inf)
    others = [_nearest(distances[at + 1], starts, starts[place], count) for at, place in enumerate(places)]
    return distances[0], np.asarray([each for each in others if np.isfinite(each)])


def _sampled(
    source: Patches, sample: np.ndarray, wanted: np.ndarray, row: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each unit's standard deviation over evenly spread patches, and a few of these patches, and which.

    Sums are kept instead of patches, so that the memory does not grow with them.
    """
    picked = np.unique(np.linspace(0, len(sample) - 1, min(_OTHERS, len(sample))).round().astype(int))
    picked = picked[np.abs(source.starts[sample[picked]] - row) >= len(wanted)]
    sums, squares, seen = np.zeros(wanted.shape[1]), np.zeros(wanted.shape[1]), np.zeros(wanted.shape[1])
    references = np.empty((len(picked), *wanted.shape), dtype=np.float32)
    middle = wanted.mean(axis=0)  # near the mean, so that the difference of squares keeps its digits
    for begin in range(0, len(sample), source.at_once):
        patches = source.read(sample[begin : begin + source.at_once])
        there = (picked >= begin) & (picked < begin + source.at_once)
        references[there] = patches[picked[there] - begin]
        differences = patches.astype(np.float64) - middle
        sums += np.nansum(differences, axis=(0, 1))
        squares += np.nansum(differences**2, axis=(0, 1))
        seen += np.isfinite(differences).sum(axis=(0, 1))
    counts = np.maximum(seen, 1)
    spread = np.sqrt(np.maximum(squares / counts - (sums / counts) ** 2, 0.0))
    whole = np.isfinite(references).all(axis=(1, 2))
    return spread, references[whole], sample[picked[whole]]


def _nearest(distances: np.ndarray, starts: np.ndarray, start: int, count: int) -> float:
    """Return the least distance of a patch that shares no step with the one at a start."""
    return float(np.min(distances[np.abs(starts - start) >= count], initial=np.inf))


def _apart(starts: np.ndarray, distances: np.ndarray, row: int, count: int, most: int) -> tuple[int, ...]:
    """Choose the nearest patches that share no step with each other or with the one that is looked for."""
    chosen: list[int] = []
    for at in np.argsort(distances, kind="stable"):
        start = int(starts[at])
        if len(chosen) == most or not np.isfinite(distances[at]):
            break
        if all(abs(start - other) >= count for other in (row, *chosen)):
            chosen.append(start)
    return tuple(chosen)


def _signal(layer: LayerTrace, signal: str | None) -> str:
    """Return the name of a signal: the layer's state by default."""
    chosen = ("cell" if "cell" in layer.signals else "hidden") if signal is None else signal
    if chosen not in layer.signals:
        near = closest(str(signal), layer.signals) or next(iter(layer.signals))
        raise TraceError(
            f"signal must be {', '.join(layer.signals)} of {layer.name}, got {signal!r}; for example signal={near!r}"
        )
    return chosen


def _span(steps: Iterable[int] | int | None, count: int) -> tuple[int, int]:
    """Return the first and the last of some steps, which must follow each other."""
    default = range(max(count - STEPS, 0), count)
    numbers = _whole_numbers("steps", steps, count, default)
    if (np.diff(numbers) != 1).any():
        raise TraceError(
            f"steps must follow each other, got {_listed(numbers)}; for example"
            f" steps=range({numbers[0]}, {numbers[-1] + 1})"
        )
    return int(numbers[0]), int(numbers[-1])


def _whole_numbers(name: str, given: Iterable[int] | int | None, count: int, default: Iterable[int]) -> np.ndarray:
    values: list[Any] = list(default) if given is None else [given] if isinstance(given, int) else list(given)
    right = all(isinstance(value, int | np.integer) and not isinstance(value, bool) for value in values)
    if not values or not right or min(values) < 0 or max(values) >= count:
        usual = "the newest" if name == "steps" else "all"
        raise TraceError(
            f"{name} must be whole numbers from 0 to {count - 1}, got {_listed(values) or 'none'};"
            f" leave {name}= out for {usual}"
        )
    return np.asarray(sorted({int(value) for value in values}))


def _listed(values: Iterable[Any]) -> str:
    shown = [str(value) for value in values]
    text = ", ".join(shown) if len(shown) < 6 else ", ".join([*shown[:4], "…", shown[-1]])
    return text if len(shown) != 1 else shown[0]
