"""Many series in one frame: rows by (id, time), sorted, each series with a start and an end of its own.

Ids and times are numbered once for all rows, and everything per series works on these numbers; no loop runs over
series.
"""

from __future__ import annotations

from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import pandas as pd

from lstm_lab.data.dates.reading import DateRule
from lstm_lab.data.dates.times import LEFTOVER_NAMES, Timed, by_time
from lstm_lab.data.memory.budget import refuse_beyond_memory
from lstm_lab.data.sources.long_table import LongTable, WideReading, long_table, refuse_absent
from lstm_lab.data.sources.panel_checks import ids_of, listed_ids, refuse_mixed_steps, refuse_odd_ids, refuse_varying
from lstm_lab.data.sources.panel_forms import is_panel
from lstm_lab.data.sources.source_tables import check_kinds, check_reading, marks_of
from lstm_lab.data.tables.missing_values import Missing, completed, refuse_marks
from lstm_lab.data.tables.numeric_columns import numeric_columns
from lstm_lab.data.tables.row_labels import row_label
from lstm_lab.errors import DataError, OptionError, did_you_mean, shown, warn
from lstm_lab.storage.names import at_home, is_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from lstm_lab.data.sources.source_tables import Source
    from lstm_lab.data.tables.numbers import Mark

__all__ = ["Short", "is_panel", "read_panel"]

Short = Literal["skip", "error"]
_TEXT = 4
"""Bytes in memory of a byte of a text file, about; ids and dates are text until they are numbered."""
_COMPRESSED = 5
"""Bytes of text in a byte of a compressed file, about."""
_PER_ROW, _PER_VALUE = 32, 24
"""Bytes that sorting takes per row, and per value beside id and time, at its peak; a million rows of one column take 55
bytes each."""


def read_panel(
    source: Source,
    *,
    id: str | int | None = None,  # noqa: A002 - as in `load`
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
    short: Short = "skip",
    max_size: float | None = None,
    least: int = 2,
) -> pd.DataFrame:
    """Load many series as one frame with the rows of each id by time; loading what was loaded changes nothing.

    Parameters
    ----------
    source
        A long table, a row for each id and time, in any form that `lstm_lab.load` takes; a frame or Series whose rows
        have two levels; a dict of frames or Series by id; or a wide table, with ``id="columns"``.
    id
        The column, or the level of the rows, that holds the ids; for a dict, what they are to be called. Left out: the
        first level, ``"id"`` for a dict, else ``unique_id``, whose times are ``ds`` and whose target is ``y``.
        ``"columns"``: every column of a wide table is a series (or those of `columns`), with the column's name as its
        id and the values called `target`; each begins and ends with its own first and last value.
    target, time, missing, columns, decimal, na_values, encoding, header, dayfirst, date_format, max_size
        As for `lstm_lab.load`; times are read by one format for all ids, missing values are filled from the same id.
    static
        Columns that are constant within an id, such as a region: text, categories or numbers, kept as they are.
    short
        What is done with ids of fewer rows than `least`: ``skip`` leaves them out with a warning that names them,
        ``error`` refuses them.
    least
        Rows that an id needs.

    Returns
    -------
    pandas.DataFrame
        Rows sorted by a MultiIndex of (id, time) whose names are the columns', times unique within an id; float64
        columns, and the static ones. ``frame.attrs["lstm_lab"]`` tells, beside what a frame of one series tells,
        ``id``, ``static`` and ``left_out``: how many ids were too short.

    Raises
    ------
    DataError
        Anything that cannot be used as it is: one line with the first id and time, and the remedy.

    Examples
    --------
    >>> sales = pd.DataFrame(
    ...     {"store": ["b", "a", "a", "b"], "day": ["2024-01-01", "2024-01-02", "2024-01-01", "2024-01-02"]}
    ... ).assign(units=[3, 2, 1, 4])
    >>> read_panel(sales, id="store", target="units", time="day").units.tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    check_reading(missing, decimal, header, dayfirst=dayfirst, date_format=date_format)
    if short not in {"skip", "error"}:
        raise OptionError(f"short is skip or error, got {short!r}; {did_you_mean(str(short), ('skip', 'error'))}")
    if isinstance(id, list | tuple):
        raise OptionError(
            f"id is one column, got {shown(list(id))}; join them into one first, for example"
            " frame['key'] = frame.a + ' ' + frame.b"
        )
    check_kinds(id=id)
    _refuse_large_file(source)
    marks, rule = marks_of(na_values), DateRule(dayfirst, date_format)
    name, target, time = (None if each is None else str(each) for each in (id, target, time))
    wide = WideReading(columns, marks or (), decimal, rule)
    long = long_table(source, name, target, time, wide, encoding=encoding, header=header, max_size=max_size)
    before = long.table.attrs.get("lstm_lab", {})
    fixed = _static_names(static, before)
    refuse_absent(long, fixed)
    _refuse_large_table(long)
    timed, dates, counted = _sorted(long, fixed, rule)
    required = [] if long.dates is not None else [str(each) for each in columns or ()]
    required = [*([long.target] if long.target is not None else []), *required]
    named = target is not None or columns is not None
    numeric, dropped, notes, mark = numeric_columns(
        timed.drop(columns=fixed), required, marks or (), decimal, others=before.get("decimal"), all_used=not named
    )
    used = list(dict.fromkeys(required)) if named else [str(each) for each in numeric.columns]
    if marks is None and not before.get("marks_seen"):
        refuse_marks(numeric, used)
    for column in fixed:
        refuse_varying(timed[column], _panel_index(timed))
        numeric[column] = timed[column]
    filled, count = completed(numeric, used, missing)
    panel, left_out = _long_enough(filled, _panel_index(timed), least, short)
    refuse_mixed_steps(_panel_index(panel))
    panel.attrs = dict(long.table.attrs)
    panel.attrs["lstm_lab"] = {
        "source": before.get("source", type(source).__name__),
        "id": long.id,
        "static": fixed,
        "left_out": before.get("left_out", 0) + left_out,
        "dropped_columns": [*before.get("dropped_columns", []), *dropped],
        "filled_values": before.get("filled_values", 0) + count,
        "dropped_rows": before.get("dropped_rows", 0) + len(timed) - len(filled),
        "notes": list(dict.fromkeys([*before.get("notes", []), *notes])),
        **({"dates": known} if (known := dates or before.get("dates")) else {}),
        **({"counted": known} if (known := counted or before.get("counted")) else {}),
        **({} if mark is None else {"decimal": mark}),
        **({} if marks is None and not before.get("marks_seen") else {"marks_seen": True}),
    }
    if counted:
        warn(counted)
    return panel


def _static_names(static: Sequence[str | int] | str | None, before: Mapping[str, Any]) -> list[str]:
    if static is None:
        return list(before.get("static", []))
    return [static] if isinstance(static, str) else list(dict.fromkeys(str(name) for name in static))


def _panel_index(frame: pd.DataFrame) -> pd.MultiIndex:
    index: Any = frame.index
    return cast("pd.MultiIndex", index)


# Size ----------------------------------------------------------------------------------------------------------------


def _refuse_large_file(source: Source) -> None:
    """Refuse a text file that cannot fit, before it is read."""
    if not isinstance(source, str | PathLike):
        return
    path = at_home(source)
    if not is_file(path) or path.suffix.lower() in {".parquet", ".feather"}:
        return
    plain = path.suffix.lower() in {".csv", ".txt", ".tsv"}
    size = path.stat().st_size * (1 if plain else _COMPRESSED)
    remedy = "keep fewer ids or columns in it, or convert it to Parquet and load a part as a DataFrame"
    refuse_beyond_memory(size * _TEXT, lambda: f"reading {path.name!r}", remedy)


def _refuse_large_table(long: LongTable) -> None:
    """Refuse a table that cannot be sorted within the memory, before that begins."""
    rows, width = long.table.shape
    needed = rows * (_PER_ROW + _PER_VALUE * max(1, width - 2))
    refuse_beyond_memory(
        needed, lambda: f"loading {long.table[long.id].nunique():,} ids of {rows:,} rows", "load fewer ids at a time"
    )


# Order ---------------------------------------------------------------------------------------------------------------


def _sorted(long: LongTable, fixed: Sequence[str], rule: DateRule) -> tuple[pd.DataFrame, dict[str, Any], str]:
    """Sort the rows by id and time; return them with how dates were read, and which column looks like dates."""
    ids = long.table[long.id]
    refuse_odd_ids(ids.unique())
    if isinstance(ids.dtype, pd.CategoricalDtype):
        ids = ids.astype(ids.cat.categories.dtype)
    timed = _timed(long.table.drop(columns=[long.id, *fixed]), ids, long.time, rule)
    index, order = _ordered(ids, timed.frame.index)
    rows = timed.frame.iloc[order].set_axis(index, axis=0)
    for column in fixed:
        rows[column] = long.table[column].iloc[order].set_axis(index)
    return rows, dict(timed.dates or long.dates or {}), timed.counted


def _timed(table: pd.DataFrame, ids: pd.Series[Any], time: str | None, rule: DateRule) -> Timed:
    """Move the times into the index; rows without times are counted within their id, in the order of the table."""
    if table.index.name in LEFTOVER_NAMES and pd.api.types.is_integer_dtype(table.index.dtype):
        table = table.reset_index(drop=True)
    timed = by_time(table, time, rule)
    if not isinstance(timed.frame.index, pd.RangeIndex):
        return timed
    numbers = pd.Index(ids.groupby(ids.to_numpy(), observed=True, sort=False).cumcount(), name="row")
    return replace(timed, frame=timed.frame.set_axis(numbers, axis=0))


def _numbered(values: Any, what: str) -> tuple[Any, Any]:
    """Return the number of each value in the sorted order of all, and the values."""
    try:
        return pd.factorize(values, sort=True)
    except TypeError:
        kinds = sorted({type(each).__name__ for each in values})
        raise DataError(
            f"{what} are of one kind, got {', '.join(kinds[:4])}; convert their column first, for example with"
            " .astype(str)"
        ) from None


def _ordered(ids: pd.Series[Any], times: pd.Index) -> tuple[pd.MultiIndex, NDArray[np.int64]]:
    """Return the sorted index of (id, time), and the row of the table that each of its rows is."""
    names: Any
    instants: Any
    series, names = _numbered(ids, "ids")
    moments, instants = _numbered(times, "times")
    nameless = series < 0
    if not pd.api.types.is_numeric_dtype(names.dtype):
        blank = np.array([isinstance(each, str) and not each.strip() for each in names], dtype=bool)
        nameless = nameless | np.isin(series, np.flatnonzero(blank)) if blank.any() else nameless
    if nameless.any():
        raise DataError(
            f"every row needs an id, got none in {ids.name!r}, row {int(np.argmax(nameless))}"
            f" ({int(nameless.sum())} such rows); drop them, or fill in the id they belong to"
        )
    # A single key sorts rows that are in order already in one pass.
    key = series * np.int64(len(instants)) + moments
    order = np.argsort(key, kind="stable")
    codes: list[Any] = [series[order], moments[order]]
    index = pd.MultiIndex([names, instants], codes, names=[ids.name, times.name or "time"], verify_integrity=False)
    again = np.flatnonzero(np.diff(key[order]) == 0)
    if len(again) > 0:
        raise DataError(
            f"times must be unique within an id, got {row_label(index, again[0])} more than once ({len(again)} repeated"
            " rows); keep one row for each id and time, or name another column of ids with id="
        )
    return index, order


# Length --------------------------------------------------------------------------------------------------------------


def _long_enough(frame: pd.DataFrame, index: pd.MultiIndex, least: int, short: Short) -> tuple[pd.DataFrame, int]:
    """Leave out, or refuse, ids of too few rows, those whose rows were all dropped among them.

    Parameters
    ----------
    frame
        The rows that are complete.
    index
        All rows.
    """
    own: NDArray[Any] = np.asarray(_panel_index(frame).codes[0])
    counts = np.bincount(own, minlength=len(index.levels[0]))
    few = np.flatnonzero((counts < least) & np.isin(np.arange(len(counts)), index.codes[0]))
    if len(few) == 0:
        return _tidy(frame, len(index)), 0
    total = len(ids_of(index))
    refusal = (
        f"an id needs at least {least} rows, got {counts[few[0]]} of {listed_ids(index.levels[0][few])}"
        f" ({len(few):,} of {total:,} ids)"
    )
    if len(few) == total:
        raise DataError(f"{refusal}; name the column that tells series apart with id=")
    if short == "error":
        raise DataError(f"{refusal}; add rows, or leave them out with short='skip'")
    warn(f"{refusal}; they are left out, and short='error' would refuse them")
    return _tidy(frame.loc[~np.isin(own, few)], len(index)), len(few)


def _tidy(frame: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Drop ids and times that no row has from the levels of the index."""
    return frame if len(frame) == rows else frame.set_axis(_panel_index(frame).remove_unused_levels(), axis=0)
