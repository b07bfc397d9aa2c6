"""Gates compared across series: one network reads the windows of several ids that end at the same time."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.encoding.panel_ids import listed
from lstm_lab.errors import DataError, TraceError
from lstm_lab.formatting import moment, number, percent
from lstm_lab.interpret.inspection import row_at, trace_at
from lstm_lab.interpret.trace import Trace
from lstm_lab.results import StillResult, Summary

if TYPE_CHECKING:
    from lstm_lab.data.dataset import Dataset
    from lstm_lab.fitted import FittedModel
    from lstm_lab.interpret.layer_trace import LayerTrace

__all__ = ["PanelTrace", "trace_ids"]

_SHOWN = 20
"""Ids that a table lists, at most."""


@dataclass(frozen=True, eq=False, repr=False)
class PanelTrace(StillResult, Mapping[Hashable, Trace]):
    """What one network did inside while it read several series up to the same time; made by `lstm_lab.Run.gates`.

    A mapping from ids to `lstm_lab.interpret.trace.Trace`: ``traces["store_1"].layers[0].forget``.
    """

    traces: Mapping[Hashable, Trace]
    target: str
    at: Any
    """The last time that every window holds."""

    def __getitem__(self, name: Hashable) -> Trace:
        """Return the trace of one id."""
        return self.traces[name]

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self.traces)

    def __len__(self) -> int:
        return len(self.traces)

    @property
    def opening(self) -> int:
        """Number of the layer that is compared: the one whose units remember longest in most of the series."""
        return int(np.bincount([trace.opening for trace in self.values()]).argmax())

    @property
    def verified(self) -> float:
        """The largest difference between a replayed hidden state and the layer's own output, over all series."""
        return max(trace.verified for trace in self.values())

    def layer(self, name: Hashable, layer: int | None = None) -> LayerTrace:
        """Return a layer of one id, the compared one by default."""
        return self[name].layers[self.checked(layer)]

    def checked(self, layer: int | None) -> int:
        """Return the number of a layer, the compared one by default.

        Raises
        ------
        TraceError
            There is no such layer.
        """
        count = len(next(iter(self.values())).layers)
        if layer is not None and not 0 <= layer < count:
            raise TraceError(f"layer must be between 0 and {count - 1}, got {layer}; see the layers of one id's trace")
        return self.opening if layer is None else layer

    def by_step(self, layer: int | None = None) -> pd.DataFrame:
        """Tabulate the mean over the units of every gate, and of the size of the state, by id and time.

        Parameters
        ----------
        layer
            Number of the layer; by default `opening`.
        """
        chosen = self.checked(layer)
        return pd.concat(
            {name: _by_step(trace, trace.layers[chosen]) for name, trace in self.items()}, names=["id", "time"]
        )

    @property
    def frame(self) -> pd.DataFrame:
        """`by_step` of the layer that remembers longest."""
        return self.by_step()

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row an id: the forecast of the next row, mean gates, median half-life, share of saturated gates, steps."""
        rows = {name: self._row(name) for name in self}
        frame = pd.DataFrame.from_dict(rows, orient="index")
        return frame.set_axis(pd.Index(list(rows), name="id", tupleize_cols=False))

    def _row(self, name: Hashable) -> dict[str, float]:
        trace, layer = self[name], self.layer(name)
        forecast = trace.forecast
        row = {"forecast": float("nan") if forecast is None else float(forecast.iloc[0])}
        row |= {str(signal): float(np.nanmean(values)) for signal, values in _by_step(trace, layer).items()}
        row["half_life"] = float("nan") if layer.half_life is None else float(np.median(layer.half_life))
        saturated = [float((each.left + each.right).mean()) for each in layer.saturation.values()]
        row["saturated"] = float(np.mean(saturated)) if saturated else float("nan")
        return row | {"steps": float(len(trace.index))}

    def summary_table(self) -> Summary:
        """Name the compared layer and the time, and tabulate the ids."""
        first = self.layer(next(iter(self)))
        rows = [
            ("series", f"{len(self):,}, read up to {self._when}"),
            ("layer", f"{first.name} ({first.kind}, {first.units} units); means over its units and the steps"),
            ("verified", f"largest difference to the layers' own output {self.verified:.1g}"),
        ]
        if len(self) > _SHOWN:
            rows.append(("listed", f"the first {_SHOWN}; .summary has all"))
        return Summary(f"Gates of {len(self):,} series at the same time", tuple(rows), tuple(self._lines(first)))

    def _lines(self, layer: LayerTrace) -> Iterator[tuple[str, ...]]:
        gates = layer.gates
        yield ("id", f"next {self.target}", *gates, "size of the state", "half-life", "saturated", "steps")
        for name, row in self.summary.head(_SHOWN).iterrows():
            yield (
                str(name),
                number(row["forecast"]),
                *(f"{row[gate]:.2f}" for gate in gates),
                number(row["state"]),
                "" if np.isnan(row["half_life"]) else number(row["half_life"]),
                "" if np.isnan(row["saturated"]) else percent(row["saturated"]),
                f"{row['steps']:.0f}",
            )

    @property
    def _when(self) -> str:
        return moment(self.at)


def _by_step(trace: Trace, layer: LayerTrace) -> pd.DataFrame:
    """Average the gates and the size of the state over the units of a layer, a row a seen step."""
    seen = np.asarray(layer.mask)
    index = trace.index if layer.steps == len(trace.index) else pd.RangeIndex(layer.steps)
    columns = {gate: layer.signals[gate][seen].mean(axis=-1) for gate in layer.gates}
    columns["state"] = np.abs(layer.state[seen]).mean(axis=-1)
    return pd.DataFrame(columns, index=index[seen])


def trace_ids(fitted: FittedModel, series: Mapping[Hashable, Dataset], at: Any) -> PanelTrace:
    """Trace the windows of several series that end at the same time.

    Parameters
    ----------
    fitted
        The network.
    series
        The rows of each id, as a dataset of its own.
    at
        The last row that is read: a time, or a position among the times that all ids have, -1 the newest.

    Raises
    ------
    DataError
        The series have no time in common, or an id has no whole window there: one line with the remedy.
    """
    times: pd.Index = reduce(_common, [dataset.index for dataset in series.values()])
    if len(times) == 0:
        raise DataError(
            f"gates of several ids are compared at a time that all of them have, got none for {listed(list(series))};"
            " name ids whose times overlap with id="
        )
    time = times[row_at(times, at)]
    traces = {}
    for name, dataset in series.items():
        row = int(dataset.index.get_indexer(pd.Index([time]))[0])
        try:
            traces[name] = trace_at(fitted, dataset, row)
        except DataError as refused:
            raise DataError(f"id {name!r}: {refused}") from None
    return PanelTrace(traces, fitted.target, time)


def _common(times: pd.Index, others: pd.Index) -> pd.Index:
    return times[times.isin(others)]
