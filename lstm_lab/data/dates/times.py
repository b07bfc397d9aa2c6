"""The times of a frame: which column, columns or index hold them, and why rows are only counted where none does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.dates.dates import read_dates
from lstm_lab.data.dates.reading import DateReading, DateRule
from lstm_lab.data.dates.time_columns import (
    TimeColumns,
    accepts_numbers,
    find_times,
    is_dated,
    is_usable,
    read_column,
    with_clock,
)
from lstm_lab.data.dates.unread import unread_dates
from lstm_lab.data.tables.periods import starts_of
from lstm_lab.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LEFTOVER_NAMES", "Timed", "by_time"]

LEFTOVER_NAMES = (None, "index", "level_0", "Unnamed: 0", "")
"""Names of an index of whole numbers that says nothing, as `dropna`, `query` and `concat` leave it."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A frame by time, and what a person should know of its times."""

    frame: pd.DataFrame
    dates: dict[str, Any] = field(default_factory=dict)
    """How the dates were read: their column, format, ``dayfirst``, and a note where another reading fits; empty where
    the times came as times or numbers."""
    counted: str = ""
    """Which column looks like a date, where rows are only counted; empty otherwise."""


def by_time(frame: pd.DataFrame, time: str | None, rule: DateRule) -> Timed:
    """Move the times into the index.

    Parameters
    ----------
    frame
        With text for column names.
    time
        The column of times, or the index's name; None to find it.
    rule
        What the caller says about dates.

    Returns
    -------
    Timed
        Its index holds times or numbers, in the order of the rows.

    Raises
    ------
    DataError
        There is no such column, or a row without a time.
    """
    if time is not None and time not in frame.columns and time != frame.index.name:
        raise DataError(f"there is no column {time!r} to take times from; {did_you_mean(time, frame.columns)}")
    if time in frame.columns:
        return _indexed_by(frame, with_clock(frame, read_column(frame, str(time), rule)), rule)
    if time is not None or not _is_leftover(frame.index):
        return _by_index(frame, rule)
    result = find_times(frame, rule)
    if isinstance(result, TimeColumns) and (isinstance(frame.index, pd.RangeIndex) or is_usable(frame, result)):
        return _indexed_by(frame, result, rule)
    if not _is_counted(frame.index):
        return _by_index(frame, rule)
    counted = (
        f"{result.name!r} repeats dates; name it with time={result.name!r}"
        if isinstance(result, TimeColumns)
        else result
    )
    if rule.date_format is not None:
        raise DataError(
            f"date_format={rule.date_format!r} needs a column of dates, and none is written so; name it with time="
        )
    return Timed(frame, counted=f"rows are only counted, though {counted}" if counted else "")


def _is_leftover(index: pd.Index) -> bool:
    """Return whether an index may hold no times: row numbers, or text that is no date."""
    if isinstance(index, pd.RangeIndex):
        return True
    if index.name not in LEFTOVER_NAMES:
        return False
    if pd.api.types.is_integer_dtype(index.dtype):
        return read_dates(_column(index), DateRule(), dated=False) is None
    is_text = not isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) and not pd.api.types.is_numeric_dtype(
        index.dtype
    )
    return is_text and read_dates(_column(index), DateRule(dayfirst=True)) is None


def _is_counted(index: pd.Index) -> bool:
    return isinstance(index, pd.RangeIndex) or pd.api.types.is_integer_dtype(index.dtype)


def _indexed_by(frame: pd.DataFrame, time_columns: TimeColumns, rule: DateRule) -> Timed:
    index = time_columns.times.rename(time_columns.name)
    _check_complete(index)
    remaining = frame.drop(columns=list(time_columns.columns)).set_axis(index, axis=0)
    return Timed(remaining, _date_entries(time_columns.reading, time_columns.columns, rule))


def _date_entries(reading: DateReading | None, columns: Sequence[str], rule: DateRule) -> dict[str, Any]:
    if reading is None:
        return {}
    entries = {"column": " + ".join(columns), "format": reading.format, "dayfirst": reading.dayfirst}
    given = {"given": True} if reading.format == rule.date_format else {}
    return {**entries, **given, **({"note": reading.note} if reading.note else {})}


def _check_complete(index: pd.Index) -> None:
    missing = np.flatnonzero(index.isna())
    if len(missing) > 0:
        raise DataError(f"every row needs a time, got none in row {missing[0]} ({len(missing)} such rows); drop them")
    if pd.api.types.is_float_dtype(index.dtype):
        endless = np.flatnonzero(np.isinf(index.to_numpy(dtype=float)))
        if len(endless) > 0:
            raise DataError(
                f"every row needs a finite time, got {index[endless[0]]} in row {endless[0]} ({len(endless)} such"
                " rows); drop them"
            )


def _column(index: pd.Index) -> pd.Series[Any]:
    return index.to_series().reset_index(drop=True)


def _by_index(frame: pd.DataFrame, rule: DateRule) -> Timed:
    """Read the index as times if it is text or spells dates; keep times and numbers."""
    index, reading = frame.index, None
    if isinstance(index, pd.PeriodIndex):
        index = starts_of(index)
    elif not isinstance(index, pd.DatetimeIndex):
        reading = _read_index(index, rule)
        index = index if reading is None else reading.times.rename(index.name)
    _check_complete(index)
    named = "the index" if index.name is None else str(index.name)
    return Timed(frame.set_axis(index, axis=0), _date_entries(reading, [named], rule))


def _read_index(index: pd.Index, rule: DateRule) -> DateReading | None:
    values = _column(index)
    numeric = pd.api.types.is_numeric_dtype(index.dtype)
    if numeric and isinstance(index, pd.RangeIndex):
        return None
    dated = not numeric or (index.name is not None and is_dated(index.name))
    reading = read_dates(values, rule, index.name, dated=dated)
    if numeric and reading is not None and not accepts_numbers(index.name, reading, rule):
        return None
    if reading is None and not numeric:
        raise DataError(unread_dates(values, index.name))
    return reading
