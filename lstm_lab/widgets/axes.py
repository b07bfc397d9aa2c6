"""An index as numbers that a chart can lay out, and a Series on such an axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Axis", "axis"]


@dataclass(frozen=True, slots=True)
class Axis:
    """Places along x.

    Parameters
    ----------
    places
        (rows,) float64: seconds since 1970 of the wall clock, or the index's own numbers.
    is_time
        Are they seconds?
    step
        Median distance between two rows; 1 for a single row.
    """

    places: np.ndarray
    is_time: bool
    step: float


def axis(index: pd.Index) -> Axis:
    """Lay an index out: times by their wall clock, numbers as they are, anything else by position."""
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex):
        wall = index.tz_localize(None) if index.tz is not None else index
        places = (wall.to_numpy() - np.datetime64(0, "s")) / np.timedelta64(1, "s")
    elif pd.api.types.is_numeric_dtype(index):
        places = index.to_numpy(dtype=np.float64)
    else:
        places = np.arange(len(index), dtype=np.float64)
    places = np.asarray(places, dtype=np.float64)
    step = float(np.median(np.diff(places))) if len(places) > 1 else 1.0
    return Axis(places, isinstance(index, pd.DatetimeIndex), step)
