"""Loads files and frames as one validated frame: numeric columns by sorted, unique times.

Nothing is guessed that could be wrong: text, missing values and repeated times are refused in one line that names the
first of them, unless the caller said what to do. The caller's own frame is never touched.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from lstm_lab.data.dates.reading import DateRule
from lstm_lab.data.dates.repeated_times import sort_times
from lstm_lab.data.dates.time_index import future_index, segments
from lstm_lab.data.dates.times import Timed, by_time
from lstm_lab.data.memory.mapped import is_on_disk
from lstm_lab.data.sources.disk_frame import load_on_disk
from lstm_lab.data.sources.panel import Short, is_panel, read_panel
from lstm_lab.data.sources.source_tables import Source, check_kinds, check_reading, marks_of, table_of
from lstm_lab.data.tables.frames import quiet_casts
from lstm_lab.data.tables.missing_values import Missing, completed, refuse_marks
from lstm_lab.data.tables.numeric_columns import numeric_columns
from lstm_lab.errors import DataError, OptionError, did_you_mean, named_keywords, warn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lstm_lab.data.tables.numbers import Mark

__all__ = ["Source", "future_index", "load", "segments", "table_of", "target_column"]


@named_keywords
@quiet_casts
def load(
    source: Source,
    *,
    id: str | int | None = None,  # noqa: A002 - what everybody calls the column of series
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
    on_disk: bool = False,
) -> pd.DataFrame:
    """Load and validate a table of series; loading what was loaded changes nothing.

    Parameters
    ----------
    source
        A CSV, Parquet or Feather file (compressed too), a pandas DataFrame or Series, a dict of columns, or a frame of
        Polars, Arrow or any other library that narwhals knows. Nothing of the caller's is changed.
    id
        Column of ids, where the table holds many series: see `lstm_lab.data.sources.panel.read_panel`. Without it
        the table is one series.
    target
        Column to forecast, which must be numeric.
    time
        Column of times, or the index's name. Without it: the index if it holds times or numbers of its own (row
        numbers that `dropna` or `concat` left are none where a column has dates); else the one column of datetime
        type; else the one column that is called time, date, datetime, timestamp or ds, together with a column of
        clocks; else the one column of text that is all dates; else year, month, day and hour in columns; else the one
        column whose numbers spell dates, such as 20240131; else rows are only counted, with a warning where a column
        looks like dates. Time zones are kept; offsets that change with the clocks are brought to UTC.
    missing
        What to do with missing or infinite values in the columns used: ``error`` refuses them; ``interpolate`` draws
        a line over time between the neighbours; ``ffill`` repeats the last value; ``drop`` drops the row. Rows that
        have no value to fill from, at the start or for ``interpolate`` also at the end, are dropped.
    static
        With `id`: columns that are constant within an id, such as a region; kept as they are.
    columns
        Columns that are used beside the target, and so must be numeric and complete. Without it and without a target,
        every numeric column is used.
    decimal
        ``"."`` or ``","``, where text such as 1.234 has two readings; the other mark then groups thousands.
    na_values
        Texts or numbers that mean a missing value, such as ``"***"`` or -999; ``"none"`` where a number that looks
        like one is measured.
    encoding
        Of a text file, for example ``"latin-1"``; by default UTF-8, or what a byte order mark says.
    header
        Of a text file: the line of the column names, counted from 0 without empty lines, or ``"none"``; by default it
        is found.
    dayfirst
        Whether 01/02/2024 is the first of February. Without it a whole column is read day first or month first,
        whichever gives even steps in the order of the rows; where both do, it is refused.
    date_format
        How dates are written, as `strptime` takes it: ``"%d.%m.%Y"``; or ``unix``, ``unix_ms``, ``unix_us``,
        ``unix_ns``, ``excel`` for numbers that count time.
    short
        With `id`: ``skip`` leaves ids of one row out, with a warning; ``error`` refuses them.
    max_size
        Megabytes that a file may have, unpacked; 2000 by default. A table has at most 10,000 columns.
    on_disk
        Read a Parquet file of one series batch by batch, and keep its rows in a temporary file instead of memory: for
        more rows than memory holds. They must be sorted by time and be numbers; `max_size` holds only where it is
        given.

    Returns
    -------
    pandas.DataFrame
        float64 columns by sorted, unique times, or with `id` by (id, time). ``frame.attrs["lstm_lab"]`` tells the
        source, the columns that were dropped because they are not numeric, how many values were filled and rows
        dropped, and in ``notes`` what was read as something else than plain numbers below one line of names; ``dates``
        tells how dates were read, and ``counted`` which column looks like dates where rows are only counted.

    Raises
    ------
    DataError
        Anything that cannot be used as it is: one line with the first place and the remedy.

    Examples
    --------
    >>> prices = pd.DataFrame({"date": ["2024-01-02", "2024-01-01"], "close": [2.0, 1.0]})
    >>> load(prices).close.tolist()
    [1.0, 2.0]
    """
    check_kinds(target=target, time=time, static=static, missing=missing, columns=columns, decimal=decimal)
    check_kinds(na_values=na_values, header=header, short=short)
    check_reading(missing, decimal, header, dayfirst=dayfirst, date_format=date_format)
    if on_disk or (isinstance(source, pd.DataFrame) and is_on_disk(source)):
        if id is not None or static:
            raise OptionError(f"on_disk= reads one series, got id={id!r}; leave on_disk= out, or load one id")
        given: dict[str, Any] = {"time": time, "dayfirst": dayfirst, "date_format": date_format, "missing": missing}
        given |= {"decimal": decimal, "na_values": na_values, "encoding": encoding, "header": header}
        given["max_size"] = max_size
        return load_on_disk(source, load, target=target, columns=columns, **given)
    panel = partial(
        read_panel,
        id=id,
        target=target,
        time=time,
        static=static,
        missing=missing,
        columns=columns,
        decimal=decimal,
        na_values=na_values,
        encoding=encoding,
        header=header,
        dayfirst=dayfirst,
        date_format=date_format,
        short=short,
        max_size=max_size,
    )
    if id is not None or is_panel(source):
        return panel(source)
    raw = table_of(source, encoding=encoding, header=header, max_size=max_size)
    if is_panel(raw):
        return panel(raw)
    if static:
        raise OptionError(f"static={static!r} belongs to many series; name their column with id= too")
    rule = DateRule(dayfirst, date_format)
    by_times = by_time(raw, None if time is None else str(time), rule)
    series = _series_of(
        raw,
        by_times,
        type(source).__name__,
        target=target,
        columns=columns,
        missing=missing,
        decimal=decimal,
        marks=marks_of(na_values),
    )
    if by_times.counted:
        warn(by_times.counted)
    return series


def _series_of(
    raw: pd.DataFrame,
    by_times: Timed,
    source: str,
    *,
    target: str | int | None,
    columns: Sequence[str | int] | None,
    missing: Missing,
    decimal: Mark | None,
    marks: tuple[str, ...] | None,
) -> pd.DataFrame:
    """Read the numbers of one series, complete its rows, and note in its attrs how that was done."""
    timed = sort_times(by_times.frame)
    required = [str(name) for name in (*([target] if target is not None else []), *(columns or ()))]
    named = target is not None or columns is not None
    earlier = raw.attrs.get("lstm_lab", {})
    numeric, dropped, notes, mark = numeric_columns(
        timed, required, marks or (), decimal, others=earlier.get("decimal"), all_used=not named
    )
    used = list(dict.fromkeys(required)) if named else [str(name) for name in numeric.columns]
    if marks is None and not earlier.get("marks_seen"):
        refuse_marks(numeric, used)
    complete, filled = completed(numeric, used, missing)
    if len(complete) == 0:
        raise DataError(f"a series needs rows, got none of {len(raw)} after missing={missing!r}; check the data")
    complete.attrs = dict(raw.attrs)
    complete.attrs["lstm_lab"] = {
        "source": earlier.get("source", source),
        "dropped_columns": [*earlier.get("dropped_columns", []), *dropped],
        "filled_values": earlier.get("filled_values", 0) + filled,
        "dropped_rows": earlier.get("dropped_rows", 0) + len(raw) - len(complete),
        "notes": list(dict.fromkeys([*earlier.get("notes", []), *notes])),
        **_reading_of_times(by_times, earlier),
    }
    if mark is not None:
        complete.attrs["lstm_lab"]["decimal"] = mark
    if marks is not None:
        complete.attrs["lstm_lab"]["marks_seen"] = True
    return complete


def _reading_of_times(timed: Timed, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return how times were read, now or when the frame was loaded first, as entries of ``attrs``."""
    counted = timed.counted or (before.get("counted", "") if isinstance(timed.frame.index, pd.RangeIndex) else "")
    dates = timed.dates or before.get("dates", {})
    return {**({"dates": dates} if dates else {}), **({"counted": counted} if counted else {})}


def target_column(frame: pd.DataFrame, target: str | None = None) -> str:
    """Find the column to forecast.

    Parameters
    ----------
    frame
        As `load` gives it.
    target
        Its name; may be left out if only one column is numeric.

    Returns
    -------
    str
        The name.

    Raises
    ------
    DataError
        No such numeric column, or several to choose from.
    """
    names = [str(name) for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name].dtype)]
    if target is None and len(names) == 1:
        return names[0]
    if target is None:
        raise DataError(f"target must be named where several columns are numeric; {did_you_mean('', names)}")
    if target not in names:
        raise DataError(f"there is no numeric column {target!r}; {did_you_mean(target, names)}")
    return target
