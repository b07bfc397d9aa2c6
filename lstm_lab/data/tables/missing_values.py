"""Missing values: marks that stand for them, numbers that look like such marks, and how gaps are filled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from lstm_lab.data.tables.row_labels import row_label
from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["MISSING", "Missing", "completed", "refuse_empty", "refuse_marks", "without_marks"]

Missing: TypeAlias = Literal["error", "interpolate", "ffill", "drop"]
MISSING = ("error", "interpolate", "ffill", "drop")
_MARKS = tuple(
    sorted({float(f"-{'9' * n}{rest}") for n in range(2, 6) for rest in ("", ".0", ".9", ".99")} | {-200.0, -32768.0})
)
"""Numbers that loggers and archives write where they have no value."""
_FAR = 3
"""Least distance of a mark from all other values, in ranges of these."""
_MANY = 20
"""Distinct other values, none below 0, from which on a repeated mark is no measurement, whatever their range."""


def without_marks(column: pd.Series[Any], marks: Sequence[str]) -> pd.Series[Any]:
    """Replace marks by NaN, compared as text, and as numbers where both are numbers."""
    if not marks or pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return column.mask(are_marks(values, marks))
    texts = column.map(lambda value: value.strip() if isinstance(value, str) else value)
    return column.mask(texts.isin([mark.strip() for mark in marks]).to_numpy())


def are_marks(values: np.ndarray, marks: Sequence[str]) -> np.ndarray:
    """Return which values equal one of the marks, to the precision of 32 bits."""
    marked = np.zeros(values.shape, dtype=bool)
    for mark in marks:
        try:
            marked |= np.isclose(values, float(mark), rtol=1e-6, atol=0)
        except ValueError:
            continue
    return marked


def refuse_marks(frame: pd.DataFrame, used: Sequence[str]) -> None:
    """Refuse a column whose lowest value is a usual mark and lies far from all others.

    Raises
    ------
    DataError
        With how often the mark occurs, and what says that it is one, or is none.
    """
    for name in used:
        values = frame[name].to_numpy()
        values = values[np.isfinite(values)]
        lowest = float(values.min()) if len(values) > 0 else 0.0
        if lowest >= 0:
            continue
        marks = np.flatnonzero(np.isclose(lowest, _MARKS, rtol=1e-6, atol=0))
        if len(marks) == 0:
            continue
        mark = _MARKS[int(marks[0])]
        at_mark = np.isclose(values, mark, rtol=1e-6, atol=0)
        if _stands_apart(mark, values[~at_mark], int(at_mark.sum())):
            raise DataError(
                f"{name!r} must have a value in every row, got {mark:g} in {at_mark.sum()} rows, far from all others;"
                f" if that means a missing value, say na_values={mark:g} and missing='interpolate' (or ffill, drop);"
                " if it is measured, na_values='none'"
            )


def _stands_apart(mark: float, others: np.ndarray, repeated: int) -> bool:
    """Return whether a value is a mark of a missing value and not a measurement."""
    if len(others) < 2:
        return False
    low, high = float(others.min()), float(others.max())
    if low - mark > _FAR * (high - low):
        return True
    return low >= 0 and repeated > 1 and len(np.unique(others)) >= _MANY


def completed(frame: pd.DataFrame, used: Sequence[str], missing: Missing) -> tuple[pd.DataFrame, int]:
    """Fill or drop missing and infinite values in the used columns; return the frame and the number filled.

    Rows of several series, by (id, time), are filled from rows of the same id alone.

    Raises
    ------
    DataError
        There is one, and `missing` is ``error``.
    """
    absent = ~np.isfinite(frame[list(used)].to_numpy())
    if not absent.any():
        return frame, 0
    if missing == "error":
        row, column = np.argwhere(absent)[0]
        refuse_empty(absent[:, column], used[column])
        value = frame[used[column]].iloc[row]
        raise DataError(
            f"{used[column]!r} must have a finite value in every row, got {value} at {row_label(frame.index, row)} "
            f"({int(absent[:, column].sum())} such rows); set missing= to interpolate, ffill or drop"
        )
    out = frame.copy()
    holes = out[list(used)].mask(absent)
    many = isinstance(frame.index, pd.MultiIndex)
    if missing == "ffill":
        holes = holes.groupby(level=0, observed=True).ffill() if many else holes.ffill()
    elif missing == "interpolate":
        holes = _between(holes, absent) if many else holes.interpolate(method="index", limit_area="inside")
    out[list(used)] = holes
    complete_rows = holes.notna().all(axis=1).to_numpy()
    return out.loc[complete_rows], int((absent[complete_rows]).sum())


def refuse_empty(absent: NDArray[np.bool_], name: str) -> None:
    """Refuse a column without any finite value, which nothing can fill.

    Raises
    ------
    DataError
        Naming the column and how many rows it has.
    """
    if absent.all():
        raise DataError(
            f"{name!r} must have a finite value in every row, got none in {len(absent)} rows; choose other columns with"
            " target= or columns="
        )


def _between(holes: pd.DataFrame, absent: NDArray[np.bool_]) -> pd.DataFrame:
    """Draw a line over time between the neighbours of the same id, as pandas does within one series."""
    index: Any = holes.index
    series = np.asarray(index.codes[0])
    times = index.get_level_values(1)
    whole = times.asi8 if isinstance(times, pd.DatetimeIndex) else times.to_numpy()
    positions = whole.astype(np.float64)
    rows = np.arange(len(holes))
    values = holes.to_numpy(copy=True)
    for column in range(values.shape[1]):
        known = ~absent[:, column]
        before = np.maximum.accumulate(np.where(known, rows, 0))
        after = np.minimum.accumulate(np.where(known, rows, len(rows) - 1)[::-1])[::-1]
        empty = np.flatnonzero(absent[:, column])
        left, right = before[empty], after[empty]
        inside = known[left] & known[right] & (series[left] == series[empty]) & (series[right] == series[empty])
        empty, left, right = empty[inside], left[inside], right[inside]
        slope = (values[right, column] - values[left, column]) / (positions[right] - positions[left])
        values[empty, column] = slope * (positions[empty] - positions[left]) + values[left, column]
    return pd.DataFrame(values, index=holes.index, columns=holes.columns)
