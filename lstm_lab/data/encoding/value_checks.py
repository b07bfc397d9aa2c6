"""Checks of the values that an encoder reads: finite, positive under a logarithm, of a scale that float64 holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_lab.data.tables.missing_values import refuse_empty
from lstm_lab.data.tables.row_labels import row_label
from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lstm_lab.data.encoding.features import Feature


__all__ = [
    "feature_times",
    "finite_values",
    "refuse_extreme",
    "refuse_non_positive",
    "refuse_too_large",
]

_LARGEST, _SMALLEST = 1e37, 1e-37
"""Sizes of a column's largest value: views and networks compute in float32, which ends near 3.4e38 and 1.2e-38."""


def refuse_non_positive(values: pd.Series[float], label: str) -> None:
    """Refuse values that have no logarithm.

    Raises
    ------
    DataError
        Naming the first row with a value of 0 or less, and how many there are.
    """
    bad = np.flatnonzero(values.to_numpy() <= 0)
    if len(bad) > 0:
        raise DataError(
            f"{label} needs positive values, got {values.iloc[bad[0]]:g} in {values.name!r} at"
            f" {row_label(values.index, bad[0])} ({len(bad)} such rows); use diff, or drop these rows"
        )


def finite_values(column: pd.Series[float], name: str) -> np.ndarray:
    """Convert a column to float64, and refuse a value that is not finite."""
    values = column.to_numpy(dtype=np.float64)
    absent = ~np.isfinite(values)
    bad = np.flatnonzero(absent)
    if len(bad) > 0:
        refuse_empty(absent, name)
        raise DataError(
            f"{name!r} must have a finite value in every row, got {values[bad[0]]} at"
            f" {row_label(column.index, bad[0])} ({len(bad)} such rows); set missing= to interpolate, ffill or drop"
        )
    refuse_extreme(values, name)
    return values


def refuse_extreme(values: np.ndarray, name: str) -> None:
    """Refuse a column that float32 cannot hold: it could be neither drawn nor, under a logarithm, scaled.

    Raises
    ------
    DataError
        One line with its largest value.
    """
    largest = float(np.abs(values).max(initial=0.0))
    if largest > _LARGEST:
        raise DataError(f"{name!r} has values too large to be scaled, up to {largest:.3g}; divide it by a power of ten")
    if 0 < largest < _SMALLEST:
        raise DataError(
            f"{name!r} has values too small to be scaled, up to {largest:.3g}; multiply it by a power of ten"
        )


def feature_times(index: pd.Index, feature: Feature) -> pd.DatetimeIndex:
    """Return the times that a calendar feature reads, or refuse an index without times."""
    index = index.get_level_values(-1)
    if not isinstance(index, pd.DatetimeIndex):
        raise DataError(
            f"{feature.label} needs times, got an index of {index.dtype}; name the column of times with time="
        )
    return index


def refuse_too_large(finite: np.ndarray, columns: Sequence[str]) -> None:
    """Refuse columns whose mean or standard deviation is beyond the largest number.

    Parameters
    ----------
    finite
        (columns,) whether both are finite.
    columns
        Their names.

    Raises
    ------
    DataError
        One line with the first of them.
    """
    wild = np.flatnonzero(~finite)
    if len(wild) > 0:
        raise DataError(f"{columns[wild[0]]!r} has values too large to be scaled; divide it by a power of ten")
