"""Rows sorted by time, and the refusal of repeated times, with the remedy where a table holds several series."""

from __future__ import annotations

import itertools
import keyword

import numpy as np
import pandas as pd

from lstm_lab.errors import DataError

__all__ = ["series_columns", "sort_times"]


def sort_times(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort a frame by its index, and refuse times that are repeated.

    Raises
    ------
    DataError
        The first time that is repeated, and how to keep one series where there are several.
    """
    ordered = frame if frame.index.is_monotonic_increasing else frame.sort_index(kind="stable")
    repeated = np.flatnonzero(ordered.index.duplicated())
    if len(repeated) == 0:
        return ordered
    columns = series_columns(frame, frame.index)
    if columns:
        selection = " & ".join(_selection_of(frame, name, alone=len(columns) == 1) for name in columns)
        name = f"name their column with id={columns[0]!r}, or " if len(columns) == 1 else ""
        remedy = f"several series? {name}keep one, for example frame[{selection}]"
    else:
        level = "level=0" if frame.index.name is None else repr(frame.index.name)
        remedy = (
            f"keep one row for each time, for example the last with frame.groupby({level}).last(), and give local times"
            " their UTC offset where the clocks go back"
        )
    count = f"{len(repeated)} repeated row{'s' if len(repeated) > 1 else ''}"
    raise DataError(f"times must be unique, got {ordered.index[repeated[0]]} more than once ({count}); {remedy}")


def series_columns(frame: pd.DataFrame, times: pd.Index) -> tuple[str, ...]:
    """Find the column, or the two, that tell series apart whose times are the same; text before numbers."""
    rows = len(frame)
    with np.errstate(over="ignore", invalid="ignore"):  # pandas casts what it counts
        kinds = [
            (pd.api.types.is_numeric_dtype(frame[name].dtype), count, name)
            for name in frame.columns
            if 1 < (count := frame[name].nunique()) <= rows // 2 and not pd.api.types.is_float_dtype(frame[name].dtype)
        ]
        names = [name for _, _, name in sorted(kinds, key=lambda kind: kind[:2])][:12]
        for size in (1, 2):
            for columns in itertools.combinations(names, size):
                keys = frame[list(columns)].assign(**{"\0": times})
                if not keys.duplicated().any():
                    return columns
    return ()


def _selection_of(frame: pd.DataFrame, name: str, *, alone: bool) -> str:
    plain = name.isidentifier() and not keyword.iskeyword(name) and not hasattr(pd.DataFrame, name)
    value = frame[name].dropna().iloc[0]
    value = value.item() if isinstance(value, np.generic) else value
    text = f"frame.{name} == {value!r}" if plain else f"frame[{name!r}] == {value!r}"
    return text if alone else f"({text})"
