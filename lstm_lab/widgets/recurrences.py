"""`RecurrencesView`: where an activation recurs, as a curve of distances and a thumbnail of each match."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from lstm_lab.formatting import moment
from lstm_lab.interpret.recurrences import Recurrences
from lstm_lab.results import views
from lstm_lab.widgets.axes import axis
from lstm_lab.widgets.base import LabWidget

if TYPE_CHECKING:
    from lstm_lab.widgets.wire import Wire

__all__ = ["RecurrencesView", "put_matches"]

POINTS = 120
"""Points of a thumbnail, at most."""
PLACES = 2_000
"""Points of the curve of distances, at most: of neighbours the nearest is kept."""


@views.register(Recurrences)
class RecurrencesView(LabWidget):
    """The live view of an activation found again.

    Parameters
    ----------
    result
        The matches.
    """

    _view = traitlets.Unicode("recurrences").tag(sync=True)
    density = 1.5
    small_picture = MappingProxyType({})

    def __init__(self, result: Recurrences, **traits: Any) -> None:
        self._found = result
        super().__init__(result, **{"label": result.heading, "height": 200, **traits})

    def fill(self) -> None:
        """Put the matches, their thumbnails and the curve of distances on the wire."""
        result = self._found
        put_matches(self.wire, result, "")
        rows = _thinned(result)
        places = axis(result.series.index)
        self.wire.put("times", places.positions[rows])
        self.wire.put("distances", result.distances.loc[rows].to_numpy(dtype=np.float32))
        marks = np.asarray([result.row, *result.rows], dtype=int)
        self.wire.put("marks", places.positions[marks])
        self.wire.set(
            title=result.heading,
            is_time=places.is_time,
            step=places.step,
            chance=result.chance if math.isfinite(result.chance) else None,
        )


def put_matches(wire: Wire, result: Recurrences, key: str) -> None:
    """Put matches and their thumbnails on a wire.

    Parameters
    ----------
    wire
        Of the view that shows them.
    result
        The matches.
    key
        What the page asked for, which it recognises its answer by.
    """
    rows, distances = [result.row, *result.rows], [0.0, *(float(result.distances.loc[row]) for row in result.rows)]
    count, lookback, index = result.count, result.lookback, result.series.index
    ends = [None if lookback is None else moment(index[row - result.steps[0] + lookback - 1]) for row in rows]
    changes = [result.change_after(row) for row in rows]
    wire.set(
        found={
            "key": key,
            "what": result.what,
            "words": result.sentence,
            "among": f"{len(result.distances):,} {'windows' if lookback else 'places'}",
            "steps": count,
            "series": str(result.series.name),
            "when": [result.when(row) for row in rows],
            "distances": distances,
            "changes": [change if math.isfinite(change) else None for change in changes],
            "at": ends,
        }
    )
    wire.put("found", np.stack([_thumbnail(result, row) for row in rows]))


def _thumbnail(result: Recurrences, row: int) -> np.ndarray:
    """Cut out the series before, at and after a match, a third each; NaN beyond its ends."""
    values, count = result.series.to_numpy(dtype=np.float32), result.count
    steps = np.arange(row - count, row + 2 * count)
    steps = steps[np.unique(np.linspace(0, len(steps) - 1, min(POINTS, len(steps))).round().astype(int))]
    there = (steps >= 0) & (steps < len(values))
    return np.where(there, values[np.clip(steps, 0, len(values) - 1)], np.float32(np.nan))


def _thinned(result: Recurrences) -> np.ndarray:
    """Choose rows of the curve of distances: all, or of neighbours the nearest."""
    distances = result.distances
    rows = distances.index.to_numpy()
    if len(rows) <= PLACES:
        return rows
    groups = np.array_split(np.arange(len(rows)), PLACES)
    values = distances.to_numpy()
    return rows[[group[np.argmin(values[group])] for group in groups]]
