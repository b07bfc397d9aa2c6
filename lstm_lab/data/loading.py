"""Files and frames in, one validated frame out: numeric columns by sorted, unique times.

Nothing is guessed that could be wrong: text, missing values and repeated times are refused in one line that names the
first of them, unless the caller said what to do. The caller's own frame is never touched.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from lstm_lab.data.files import read_file
from lstm_lab.data.frames import as_frame
from lstm_lab.data.missing_values import MISSING, Missing, completed, refuse_marks
from lstm_lab.data.numeric_columns import numeric_columns
from lstm_lab.data.table_layout import TIME_NAMES
from lstm_lab.data.time_index import future_index, segments
from lstm_lab.errors import DataError, OptionError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lstm_lab.data.numbers import Mark

__all__ = ["EXAMPLES", "Example", "example", "future_index", "load", "segments", "table_of", "target_column"]

Source: TypeAlias = "str | PathLike[str] | pd.DataFrame | pd.Series[Any] | Mapping[Any, Any] | Any"
"""A file, a pandas frame or Series, a dict of columns, or a Polars, Arrow or other frame that narwhals knows."""
LOOKS_DATED = re.compile(r"\d{4}|\d+[-/. ]\d+[-/. ]\d+|\d+\W*[A-Za-z]{3,}\W*\d+")
"""A date has a year; pandas alone would read the text 'May' or '10:30' as a day of this week."""


def load(
    source: Source,
    *,
    target: str | int | None = None,
    time: str | int | None = None,
    missing: Missing = "error",
    columns: Sequence[str | int] | None = None,
    decimal: Mark | None = None,
    na_values: Sequence[str | float] | str | float | None = None,
    encoding: str | None = None,
    header: int | str | None = None,
) -> pd.DataFrame:
    """Load and validate a table of series; loading what was loaded changes nothing.

    Parameters
    ----------
    source
        A CSV, Parquet or Feather file (compressed too), a pandas DataFrame or Series, a dict of columns, or a frame of
        Polars, Arrow or any other library that narwhals knows. Nothing of the caller's is changed.
    target
        Column to forecast, which must be numeric.
    time
        Column of times, or the index's name. Without it: the index if it holds times or numbers of its own; else the
        one column of datetime type; else the one column that is called time, date, datetime, timestamp or ds; else
        the one column of text that is all dates; else rows are only counted. Dates are read as ISO or month first,
        and day first only if that fails for some row. Time zones are kept; offsets that change with the clocks are
        brought to UTC.
    missing
        What to do with missing or infinite values in the columns used: ``error`` refuses them; ``interpolate`` draws
        a line over time between the neighbours; ``ffill`` repeats the last value; ``drop`` drops the row. Rows that
        have no value to fill from, at the start or for ``interpolate`` also at the end, are dropped.
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

    Returns
    -------
    pandas.DataFrame
        float64 columns by sorted, unique times. ``frame.attrs["lstm_lab"]`` tells the source, the columns that were
        dropped because they are not numeric, how many values were filled and rows dropped, and in ``notes`` what was
        read as something else than plain numbers below one line of names.

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
    if missing not in MISSING:
        raise OptionError(f"missing is one of {', '.join(MISSING)}, got {missing!r}; {did_you_mean(missing, MISSING)}")
    if decimal not in {None, ".", ","}:
        raise OptionError(f"decimal is a point or a comma, got {decimal!r}; for example decimal=','")
    raw = table_of(source, encoding=encoding, header=header)
    marks = _marks(na_values)
    timed = _sorted(_by_time(raw, None if time is None else str(time)))
    wanted = [str(name) for name in (*([target] if target is not None else []), *(columns or ()))]
    named = target is not None or columns is not None
    before = raw.attrs.get("lstm_lab", {})
    numeric, dropped, notes = numeric_columns(
        timed, wanted, marks or (), decimal, others=before.get("decimal"), all_used=not named
    )
    used = list(dict.fromkeys(wanted)) if named else [str(name) for name in numeric.columns]
    if marks is None and not before.get("marks_seen"):
        refuse_marks(numeric, used)
    complete, filled = completed(numeric, used, missing)
    if len(complete) == 0:
        raise DataError(f"a series needs rows, got none of {len(raw)} after missing={missing!r}; check the data")
    complete.attrs = dict(raw.attrs)
    complete.attrs["lstm_lab"] = {
        "source": before.get("source", type(source).__name__),
        "dropped_columns": [*before.get("dropped_columns", []), *dropped],
        "filled_values": before.get("filled_values", 0) + filled,
        "dropped_rows": before.get("dropped_rows", 0) + len(raw) - len(complete),
        "notes": list(dict.fromkeys([*before.get("notes", []), *notes])),
    }
    if marks is not None:
        complete.attrs["lstm_lab"]["marks_seen"] = True
    return complete


def table_of(source: Source, *, encoding: str | None = None, header: int | str | None = None) -> pd.DataFrame:
    """Take a source as a frame with text for column names; nothing but plain numbers is parsed yet.

    Parameters
    ----------
    source, encoding, header
        As for `load`.

    Raises
    ------
    DataError
        The source is no table, or has no row.
    OptionError
        An option of text files beside something else.
    """
    if isinstance(source, str | PathLike):
        frame = as_frame(read_file(Path(source).expanduser(), encoding=encoding, header=header))
    else:
        frame = as_frame(source)
        option = next((name for name, value in (("encoding", encoding), ("header", header)) if value is not None), None)
        if option is not None and "lstm_lab" not in frame.attrs:
            raise OptionError(f"{option} is of a text file, got a {type(source).__name__}; leave {option}= out")
    if len(frame) == 0:
        raise DataError(f"a series needs rows, got an empty {type(source).__name__}; check what was selected")
    return frame


def _marks(na_values: Sequence[str | float] | str | float | None) -> tuple[str, ...] | None:
    """Bring marks of missing values to text."""
    if na_values is None:
        return None
    if isinstance(na_values, str):
        return () if na_values == "none" else (na_values,)
    return tuple(str(mark) for mark in (na_values if isinstance(na_values, list | tuple | set) else [na_values]))


def _by_time(frame: pd.DataFrame, time: str | None) -> pd.DataFrame:
    """Move the times into the index."""
    if time is not None and time not in frame.columns and time != frame.index.name:
        raise DataError(f"there is no column {time!r} to take times from; {did_you_mean(time, frame.columns)}")
    column = time if time in frame.columns else None
    if time is None and isinstance(frame.index, pd.RangeIndex):
        column = _time_column(frame)
    if column is not None:
        frame = frame.set_index(column)
    return frame.set_axis(_as_times(frame.index), axis=0)


def _time_column(frame: pd.DataFrame) -> str | None:
    """Find the one column of times by type, by name, then by content; None where none or several qualify."""
    dates = [name for name in frame.columns if pd.api.types.is_datetime64_any_dtype(frame[name].dtype)]
    called = [name for name in frame.columns if name.lower() in TIME_NAMES]
    if not dates and not called:
        texts = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name].dtype)]
        called = [name for name in texts if _parsed(frame[name]) is not None]
    found = dates or called
    return str(found[0]) if len(found) == 1 else None


def _as_times(index: pd.Index) -> pd.Index:
    """Read an index as times if it is text; keep times and numbers."""
    if isinstance(index, pd.PeriodIndex):
        return index.to_timestamp()
    if not isinstance(index, pd.DatetimeIndex) and not pd.api.types.is_numeric_dtype(index.dtype):
        values = index.to_series().reset_index(drop=True)
        parsed = _parsed(values)
        if parsed is None:
            raise DataError(_no_times(values, index.name))
        index = pd.DatetimeIndex(parsed, name=index.name)
    missing = np.flatnonzero(index.isna())
    if len(missing) > 0:
        raise DataError(f"every row needs a time, got none in row {missing[0]} ({len(missing)} such rows); drop them")
    return index


def _parsed(values: pd.Series[Any]) -> pd.Series[pd.Timestamp] | None:
    """Read text as times; None if any row is not one."""
    if not values.dropna().astype(str).str.contains(LOOKS_DATED).all():
        return None
    with warnings.catch_warnings():
        # pandas warns that it tries each row on its own; that is what is wanted.
        warnings.simplefilter("ignore")
        for dayfirst in (False, True):
            for utc in (False, True):
                try:
                    times = pd.to_datetime(values, errors="raise", dayfirst=dayfirst, utc=utc)
                except (ValueError, TypeError, OverflowError):
                    continue
                if pd.api.types.is_datetime64_any_dtype(times.dtype):
                    return times
    return None


def _no_times(values: pd.Series[Any], name: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        unread = pd.to_datetime(values, errors="coerce", utc=True).isna() | ~values.astype(str).str.contains(
            LOOKS_DATED
        )
    bad = np.flatnonzero(unread)
    row = int(bad[0]) if len(bad) > 0 else 0
    place = "the index" if name is None else repr(name)
    return (
        f"times must be dates or numbers, got {values.iloc[row]!r} in {place}, row {row} "
        f"({max(1, len(bad))} such rows); write them as 2024-12-31 or 2024-12-31 18:00, or name the column with time="
    )


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    ordered = frame if frame.index.is_monotonic_increasing else frame.sort_index(kind="stable")
    again = np.flatnonzero(ordered.index.duplicated())
    if len(again) > 0:
        raise DataError(
            f"times must be unique, got {ordered.index[again[0]]} more than once ({len(again)} repeated rows); "
            "drop or average them, and give local times their UTC offset where the clocks go back"
        )
    return ordered


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


@dataclass(frozen=True, slots=True)
class Example:
    """A real series in the public domain that comes with the package."""

    name: str
    title: str
    unit: str
    target: str
    period: str
    provenance: str
    missing: Missing = "error"
    """How `example` fills what the bundled file leaves open."""


EXAMPLES: Mapping[str, Example] = MappingProxyType(
    {
        one.name: one
        for one in (
            Example(
                "temperature",
                "Hourly air temperature, humidity and pressure, Greensboro, North Carolina",
                "°C",
                "temperature",
                "a typical year, shown as 2001",
                "NREL TMY3 station 723170 (US Government work), from 723170TYA.CSV as carried by pvlib",
            ),
            Example(
                "co2",
                "Weekly carbon dioxide at Mauna Loa, Hawaii",
                "ppm",
                "co2",
                "March 1958 to December 2001",
                "Keeling and Whorf, Scripps Institution of Oceanography, CDIAC, as in statsmodels (public domain)",
                missing="interpolate",
            ),
            Example(
                "oil",
                "Daily spot price of West Texas Intermediate crude oil",
                "US dollars per barrel",
                "price",
                "January 1986 to January 2019",
                "US Energy Information Administration through FRED, series DCOILWTICO (public domain), as in arch",
            ),
        )
    }
)


def example(name: str) -> pd.DataFrame:
    """Load a bundled series; no network is used.

    Parameters
    ----------
    name
        ``temperature``, ``co2`` or ``oil``.

    Returns
    -------
    pandas.DataFrame
        Complete, by time. The 59 weeks without a measurement of ``co2`` are interpolated, and
        ``frame.attrs["lstm_lab"]`` says so.

    Raises
    ------
    DataError
        There is no such example.

    Examples
    --------
    >>> example("oil")["price"].tail(1).tolist()
    [46.92]
    """
    if name not in EXAMPLES:
        raise DataError(f"there is no example {name!r}; {did_you_mean(name, EXAMPLES)}")
    path = Path(__file__).parent / "examples" / f"{name}.csv.gz"
    return load(path, target=EXAMPLES[name].target, missing=EXAMPLES[name].missing)
