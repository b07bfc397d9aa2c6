"""An index as numbers on the horizontal axis of a chart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lstm_lab.data.tables.periods import starts_of

__all__ = ["Axis", "axis"]


@dataclass(frozen=True, slots=True)
class Axis:
    """Positions of rows on the horizontal axis.

    Parameters
    ----------
    positions
        (rows,) float64: seconds since 1970 of the wall clock, or the index's own numbers.
    is_time
        Whether the positions are seconds.
    step
        Median distance between two rows; of a single row its distance to the row `before`, else 1.
    """

    positions: np.ndarray
    is_time: bool
    step: float


def axis(index: pd.Index, *, before: pd.Index | None = None) -> Axis:
    """Compute the axis of an index: times by their wall clock, numbers as they are, anything else by row number.

    Parameters
    ----------
    index
        Times or numbers of the rows.
    before
        Rows that come before them, whose spacing a single row has.
    """
    if isinstance(index, pd.PeriodIndex):
        index = starts_of(index)
    if isinstance(index, pd.DatetimeIndex):
        local_times = index.tz_localize(None) if index.tz is not None else index
        positions = (local_times.to_numpy() - np.datetime64(0, "s")) / np.timedelta64(1, "s")
    elif pd.api.types.is_numeric_dtype(index):
        positions = index.to_numpy(dtype=np.float64)
    else:
        positions = np.arange(len(index), dtype=np.float64)
    positions = np.asarray(positions, dtype=np.float64)
    alone = 1.0 if before is None else axis(before).step
    step = float(np.median(np.diff(positions))) if len(positions) > 1 else alone
    return Axis(positions, isinstance(index, pd.DatetimeIndex), step)
