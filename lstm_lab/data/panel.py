"""Many series in one frame: rows by (id, time), sorted, each series with a start and an end of its own.

Ids and times are numbered once for all rows, and everything per series works on these numbers; no loop runs over
series.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.dates import DateRule
from lstm_lab.data.missing_values import Missing, completed, refuse_marks
from lstm_lab.data.numeric_columns import numeric_columns
from lstm_lab.data.row_labels import row_label
from lstm_lab.data.sources import check_reading, marks_of, table_of
from lstm_lab.data.times import LEFTOVER_NAMES, Timed, by_time
from lstm_lab.errors import DataError, OptionError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lstm_lab.data.numbers import Mark
    from lstm_lab.data.sources import Source

__all__ = ["read_panel"]


def read_panel(
    source: Source,
    *,
    id: str | int,  # noqa: A002 - as in `load`
    target: str | int | None = None,
    time: str | int | None = None,
    static: Sequence[str | int] | str | None = None,
    missing: Missing = "error",
    columns: Sequence[str | int] | None = None,
    decimal: Mark | None = None,
    na_values: Sequence[str | float] | str | float | None = None,
    encoding: str | None = None,
    header: int | str | None = None,
    dayfirst: bool | None = None,
    date_format: str | None = None,
) -> pd.DataFrame:
    """Load many series as one frame with the rows of each id by time; loading what was loaded changes nothing.

    Parameters
    ----------
    source
        A long table, a row for each id and time, in any form that `lstm_lab.load` takes.
    id
        The column of ids: what tells the series apart.
    target, time, missing, columns, decimal, na_values, encoding, header, dayfirst, date_format
        As for `lstm_lab.load`; times are read by one format for all ids.
    static
        Columns that are constant within an id, such as a region: text, categories or numbers, kept as they are.

    Returns
    -------
    pandas.DataFrame
        Rows sorted by a MultiIndex of (id, time) whose names are the columns', times unique within an id; float64
        columns, and the static ones. ``frame.attrs["lstm_lab"]`` tells, beside what a frame of one series tells,
        ``id`` and ``static``.

    Raises
    ------
    DataError
        Anything that cannot be used as it is: one line with the first id and time, and the remedy.

    Examples
    --------
    >>> sales = pd.DataFrame(
    ...     {"store": ["b", "a", "a"], "day": ["2024-01-01", "2024-01-02", "2024-01-01"], "units": [3, 2, 1]}
    ... )
    >>> read_panel(sales, id="store", target="units", time="day").units.tolist()
    [1.0, 2.0, 3.0]
    """
    check_reading(missing, decimal, header, dayfirst=dayfirst, date_format=date_format)
    raw = table_of(source, encoding=encoding, header=header)
    before = raw.attrs.get("lstm_lab", {})
    name = str(id)
    fixed = _static_names(static)
    _refuse_absent(raw, name, fixed, target)
    by_times = _timed(raw.drop(columns=[name, *fixed]), raw[name], time, DateRule(dayfirst, date_format))
    index, order = _ordered(raw[name], by_times.frame.index)
    timed = by_times.frame.iloc[order].set_axis(index, axis=0)
    marks = marks_of(na_values)
    required = [str(each) for each in (*([target] if target is not None else []), *(columns or ()))]
    named = target is not None or columns is not None
    numeric, dropped, notes, mark = numeric_columns(
        timed, required, marks or (), decimal, others=before.get("decimal"), all_used=not named
    )
    used = list(dict.fromkeys(required)) if named else [str(each) for each in numeric.columns]
    if marks is None and not before.get("marks_seen"):
        refuse_marks(numeric, used)
    for column in fixed:
        numeric[column] = raw[column].iloc[order].set_axis(index)
    complete, filled = completed(numeric, used, missing)
    complete.attrs["lstm_lab"] = {
        "source": before.get("source", type(source).__name__),
        "id": name,
        "static": fixed,
        "dropped_columns": [*before.get("dropped_columns", []), *dropped],
        "filled_values": before.get("filled_values", 0) + filled,
        "dropped_rows": before.get("dropped_rows", 0) + len(raw) - len(complete),
        "notes": list(dict.fromkeys([*before.get("notes", []), *notes])),
        **({"dates": by_times.dates} if by_times.dates else {}),
    }
    if by_times.counted:
        warnings.warn(by_times.counted, stacklevel=2)
    if mark is not None:
        complete.attrs["lstm_lab"]["decimal"] = mark
    return complete


def _timed(table: pd.DataFrame, ids: pd.Series[Any], time: str | int | None, rule: DateRule) -> Timed:
    """Move the times into the index; rows without times are counted within their id, in the order of the table."""
    if table.index.name in LEFTOVER_NAMES and pd.api.types.is_integer_dtype(table.index.dtype):
        table = table.reset_index(drop=True)
    timed = by_time(table, None if time is None else str(time), rule)
    if not isinstance(timed.frame.index, pd.RangeIndex):
        return timed
    numbers = pd.Index(ids.groupby(ids.to_numpy(), observed=True).cumcount(), name="row")
    return replace(timed, frame=timed.frame.set_axis(numbers, axis=0))


def _static_names(static: Sequence[str | int] | str | None) -> list[str]:
    if static is None:
        return []
    return [static] if isinstance(static, str) else [str(name) for name in static]


def _refuse_absent(raw: pd.DataFrame, name: str, fixed: Sequence[str], target: str | int | None) -> None:
    """Refuse a column of ids or a static column that does not exist, or that is the target."""
    for option, column in (("id", name), *(("static", column) for column in fixed)):
        if column not in raw.columns:
            raise DataError(f"there is no column {column!r} for {option}=; {did_you_mean(column, raw.columns)}")
        if target is not None and column == str(target):
            raise OptionError(f"{option}={column!r} names the target; name another column")


def _ordered(ids: pd.Series[Any], times: pd.Index) -> tuple[pd.MultiIndex, NDArray[np.int64]]:
    """Return the sorted index of (id, time), and the row of the table that each of its rows is."""
    names: Any
    instants: Any
    series, names = pd.factorize(ids, sort=True)
    moments, instants = pd.factorize(times, sort=True)
    if (series < 0).any():
        row = int(np.argmax(series < 0))
        raise DataError(
            f"every row needs an id, got none in {ids.name!r}, row {row} ({int((series < 0).sum())} such rows); drop"
            " them, or fill in the id they belong to"
        )
    order = np.lexsort((moments, series))
    codes: list[Any] = [series[order], moments[order]]
    index = pd.MultiIndex([names, instants], codes, names=[ids.name, times.name], verify_integrity=False)
    again = np.flatnonzero((np.diff(codes[0]) == 0) & (np.diff(codes[1]) == 0))
    if len(again) > 0:
        raise DataError(
            f"times must be unique within an id, got {row_label(index, again[0])} more than once ({len(again)} repeated"
            " rows); keep one row for each id and time, or name another column of ids with id="
        )
    return index, order
