"""The times of a frame: which column, columns or index hold them, and why rows are only counted where none does."""

from __future__ import annotations

import itertools
import keyword
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.date_numbers import SPREADSHEET
from lstm_lab.data.date_pieces import CLOCK_NAMES, clock_columns, from_pieces, plain_name, times_of_day
from lstm_lab.data.dates import AmbiguousDatesError, DateRule, Reading, read_dates, unread_dates
from lstm_lab.data.table_layout import TIME_NAMES
from lstm_lab.data.time_index import uneven_steps
from lstm_lab.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LEFTOVER_NAMES", "Timed", "by_time", "sort_times"]

DATED_NAME = re.compile(r"date|time|stamp|epoch|unix|yyyymm|period|month|monat|datum|fecha|^ts$|^dt$|^day$|^ds$")
"""Names of columns whose numbers may spell dates."""
SPREADSHEET_NAME = re.compile(r"(^|[^a-z])(date|datum|fecha)([^a-z]|$)")
"""Names of columns whose numbers may be days of a spreadsheet."""
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


@dataclass(frozen=True, slots=True)
class TimeColumns:
    """The times of a frame that were found in its columns."""

    columns: tuple[str, ...]
    """That are taken into the index."""
    times: pd.Index
    name: str
    reading: Reading | None = None


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
        return _indexed_by(frame, _with_clock(frame, _read_column(frame, str(time), rule)), rule)
    if time is not None or not _is_leftover(frame.index):
        return _by_index(frame, rule)
    result = _find_times(frame, rule)
    if isinstance(result, TimeColumns) and (isinstance(frame.index, pd.RangeIndex) or _is_usable(frame, result)):
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


def _is_usable(frame: pd.DataFrame, time_columns: TimeColumns) -> bool:
    """Return whether dates may take the place of unique numbers; repeated dates may if they are of several series."""
    if time_columns.times.isna().any():
        return False
    return bool(time_columns.times.is_unique) or bool(_series_columns(frame, time_columns.times))


def _indexed_by(frame: pd.DataFrame, time_columns: TimeColumns, rule: DateRule) -> Timed:
    index = time_columns.times.rename(time_columns.name)
    _check_complete(index)
    remaining = frame.drop(columns=list(time_columns.columns)).set_axis(index, axis=0)
    return Timed(remaining, _date_entries(time_columns.reading, time_columns.columns, rule))


def _date_entries(reading: Reading | None, columns: Sequence[str], rule: DateRule) -> dict[str, Any]:
    if reading is None:
        return {}
    entries = {"column": " + ".join(columns), "format": reading.format, "dayfirst": reading.dayfirst}
    given = {"given": True} if reading.format == rule.date_format else {}
    return {**entries, **given, **({"note": reading.note} if reading.note else {})}


def _check_complete(index: pd.Index) -> None:
    missing = np.flatnonzero(index.isna())
    if len(missing) > 0:
        raise DataError(f"every row needs a time, got none in row {missing[0]} ({len(missing)} such rows); drop them")


# The index -----------------------------------------------------------------------------------------------------------


def _column(index: pd.Index) -> pd.Series[Any]:
    return index.to_series().reset_index(drop=True)


def _by_index(frame: pd.DataFrame, rule: DateRule) -> Timed:
    """Read the index as times if it is text or spells dates; keep times and numbers."""
    index, reading = frame.index, None
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    elif not isinstance(index, pd.DatetimeIndex):
        reading = _read_index(index, rule)
        index = index if reading is None else reading.times.rename(index.name)
    _check_complete(index)
    named = "the index" if index.name is None else str(index.name)
    return Timed(frame.set_axis(index, axis=0), _date_entries(reading, [named], rule))


def _read_index(index: pd.Index, rule: DateRule) -> Reading | None:
    values = _column(index)
    numeric = pd.api.types.is_numeric_dtype(index.dtype)
    if numeric and isinstance(index, pd.RangeIndex):
        return None
    dated = not numeric or (index.name is not None and _is_dated(index.name))
    reading = read_dates(values, rule, index.name, dated=dated)
    if numeric and reading is not None and not _accepts_numbers(index.name, reading, rule):
        return None
    if reading is None and not numeric:
        raise DataError(unread_dates(values, index.name))
    return reading


# A column ------------------------------------------------------------------------------------------------------------


def _read_column(frame: pd.DataFrame, time: str, rule: DateRule) -> TimeColumns:
    """Read the column that is named as the times; numbers that spell no dates stay numbers."""
    column = frame[time].reset_index(drop=True)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return TimeColumns((time,), pd.DatetimeIndex(column), time)
    reading = _read_with_clocks(frame, time, column, rule)
    numeric = pd.api.types.is_numeric_dtype(column.dtype)
    if reading is not None and (not numeric or _accepts_numbers(time, reading, rule)):
        return TimeColumns((time,), reading.times, time, reading)
    if numeric:
        return TimeColumns((time,), pd.Index(column), time)
    if times_of_day(column) is not None:
        dates_and_clocks = _with_date(frame, time, rule)
        if dates_and_clocks is not None:
            return dates_and_clocks
    raise DataError(unread_dates(column, time))


def _read_with_clocks(frame: pd.DataFrame, time: str, column: pd.Series[Any], rule: DateRule) -> Reading | None:
    """Read a column of dates; where day first and month first both fit, by what gives even steps with the clocks."""
    try:
        return read_dates(column, rule, time)
    except AmbiguousDatesError:
        if rule.dayfirst is not None:
            raise
        candidates = [read_dates(column, DateRule(dayfirst=dayfirst), time) for dayfirst in (True, False)]
        even = [candidate for candidate in candidates if candidate is not None and _is_even(frame, time, candidate)]
        if len(even) != 1:
            raise
    word, other = ("day", "month") if even[0].dayfirst else ("month", "day")
    note = f"{word} first ({even[0].format}), because its steps are even with the clocks; {other} first fits too"
    return replace(even[0], note=note)


def _is_even(frame: pd.DataFrame, time: str, reading: Reading) -> bool:
    dates_and_clocks = _with_clock(frame, TimeColumns((time,), reading.times, time, reading))
    times = dates_and_clocks.times
    return len(dates_and_clocks.columns) > 1 and times.is_monotonic_increasing and not uneven_steps(times).any()


def _is_dated(name: object) -> bool:
    return DATED_NAME.search(str(name).lower()) is not None


def _accepts_numbers(name: object, reading: Reading, rule: DateRule) -> bool:
    """Return whether numbers are dates; as days of a spreadsheet only where the column is called a date."""
    spreadsheet = reading.format == SPREADSHEET and rule.date_format is None
    return not spreadsheet or SPREADSHEET_NAME.search(str(name).lower()) is not None


def _with_clock(frame: pd.DataFrame, dates: TimeColumns) -> TimeColumns:
    """Add the time of day where dates have none and another column has it."""
    times = dates.times
    if not isinstance(times, pd.DatetimeIndex) or times.isna().any() or not (times == times.normalize()).all():
        return dates
    clocks = clock_columns(frame.drop(columns=list(dates.columns)))
    named_clocks = {name: clock for name, clock in clocks.items() if plain_name(name) in CLOCK_NAMES}
    clocks = named_clocks if named_clocks or times.is_unique else clocks
    hours = {name: clock for name, clock in clocks.items() if pd.api.types.is_numeric_dtype(frame[name].dtype)}
    if len(clocks) > len(hours):  # a clock says more than an hour
        clocks = {name: clock for name, clock in clocks.items() if name not in hours}
    elif times.is_unique:
        clocks = {}
    if len(clocks) != 1:
        return dates
    [(name, clock)] = clocks.items()
    return TimeColumns((*dates.columns, name), times + clock, dates.name, dates.reading or Reading(times, "dates"))


def _with_date(frame: pd.DataFrame, clock: str, rule: DateRule) -> TimeColumns | None:
    """Find the dates of a column of times of day."""
    rest = frame.drop(columns=clock)
    dates = _find_times(rest, rule)
    pieces = from_pieces(rest)
    if isinstance(dates, TimeColumns) and isinstance(dates.times, pd.DatetimeIndex):
        dates_and_clocks = _with_clock(frame, dates)
        return dates_and_clocks if clock in dates_and_clocks.columns else None
    if pieces is not None:
        times = times_of_day(frame[clock].reset_index(drop=True))
        return None if times is None else TimeColumns((clock,), pieces[1] + times, clock, Reading(pieces[1], "parts"))
    return None


def _find_times(frame: pd.DataFrame, rule: DateRule) -> TimeColumns | str:
    """Find the times by type, by name, then by content; or say which columns look like dates but do not decide."""
    typed = [name for name in frame.columns if _has_time_type(frame[name])]
    called = [name for name in frame.columns if name.lower() in TIME_NAMES]
    if typed:
        both = [name for name in typed if name in called]
        chosen = typed if len(typed) == 1 else both
        return _with_clock(frame, _read_column(frame, chosen[0], rule)) if len(chosen) == 1 else _candidates_text(typed)
    if called:
        return _by_name(frame, called, rule)
    return _by_content(frame, rule)


def _has_time_type(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_datetime64_any_dtype(column.dtype) or isinstance(column.dtype, pd.PeriodDtype)


def _by_name(frame: pd.DataFrame, called: list[str], rule: DateRule) -> TimeColumns | str:
    """Choose among columns that are called like times: one that holds whole dates before clocks and numbers."""
    clocks = [name for name in called if times_of_day(frame[name]) is not None]
    others = [name for name in called if name not in clocks]
    if len(others) > 1:
        whole = [name for name in others if _holds_dates(frame, name, rule)]
        if len(whole) != 1:
            return _candidates_text(others)
        others = whole
    if others:
        return _with_clock(frame, _read_column(frame, others[0], rule))
    whole_time = _with_date(frame, clocks[0], rule) if len(clocks) == 1 else None
    if whole_time is None:
        return _candidates_text(clocks) if len(clocks) > 1 else _read_column(frame, clocks[0], rule)
    return whole_time


def _holds_dates(frame: pd.DataFrame, name: str, rule: DateRule) -> bool:
    try:
        return isinstance(_read_column(frame, name, rule).times, pd.DatetimeIndex)
    except AmbiguousDatesError:
        return True
    except DataError:
        return False


def _by_content(frame: pd.DataFrame, rule: DateRule) -> TimeColumns | str:
    """Find the one column of text that is all dates, else parts of a date, else the one whose numbers spell dates."""
    texts = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name].dtype)]
    readings = _readings(frame, texts, rule, by_name=False)
    if len(readings) == 1:
        [(name, reading)] = readings.items()
        if isinstance(reading, AmbiguousDatesError):
            raise reading
        return _with_clock(frame, TimeColumns((name,), reading.times, name, reading))
    if readings:
        return _candidates_text(list(readings))
    pieces = from_pieces(frame)
    if pieces is not None:
        used, times = pieces
        dates = TimeColumns((), times, "time", Reading(times, "parts: " + ", ".join(used)))
        return dates if _is_usable(frame, dates) else f"{_names_text(used)} look like parts of a date, but repeat"
    numbers = [name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name].dtype)]
    spelled = _readings(frame, numbers, rule, by_name=True)
    if len(spelled) == 1:
        [(name, number)] = spelled.items()
        if isinstance(number, Reading):
            return _with_clock(frame, TimeColumns((name,), number.times, name, number))
    return _candidates_text(list(spelled)) if spelled else _lookalikes(frame, texts)


def _readings(
    frame: pd.DataFrame, names: list[str], rule: DateRule, *, by_name: bool
) -> dict[str, Reading | AmbiguousDatesError]:
    """Read every column that is all dates; what is written like other things too must have even steps."""
    readings: dict[str, Reading | AmbiguousDatesError] = {}
    for name in names:
        dated = _is_dated(name) if by_name else True
        try:
            reading = read_dates(frame[name].reset_index(drop=True), rule, name, dated=dated)
        except AmbiguousDatesError as ambiguous:
            readings[name] = ambiguous
            continue
        except DataError:
            continue
        if reading is not None and _is_plausible(name, reading, rule):
            readings[name] = reading
    return readings


def _is_plausible(name: str, reading: Reading, rule: DateRule) -> bool:
    if rule.date_format is not None or not reading.weak:
        return True
    return reading.regular and _accepts_numbers(name, reading, rule)


def _candidates_text(names: list[str]) -> str:
    verb = "look" if len(names) > 1 else "looks"
    return f"{_names_text(names)} {verb} like dates; name the column with time={names[0]!r}"


def _names_text(names: Sequence[str]) -> str:
    return " and ".join([", ".join(map(repr, names[:-1])), repr(names[-1])]) if len(names) > 1 else repr(names[0])


def _lookalikes(frame: pd.DataFrame, texts: list[str]) -> str:
    """Describe the first column of text that looks like dates but cannot be read as such; empty without one."""
    for name in texts:
        some = frame[name].dropna().astype(str)
        if len(some) == 0:
            continue
        if times_of_day(frame[name].dropna()) is not None:
            return f"{name!r} holds times of day; add a column of dates"
        if some.str.contains(_DATELIKE).mean() > 0.9:
            return f"{name!r} looks like dates; {unread_dates(frame[name].reset_index(drop=True), name)}"
    return ""


_DATELIKE = re.compile(
    r"^\s*(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|(?:\d{1,2}\W+)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b"
    r"|\d{1,2}\W*[^\W\d_]{3,10}\W*\d{4}\b)",
    re.IGNORECASE,
)


# Order ---------------------------------------------------------------------------------------------------------------


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
    columns = _series_columns(frame, frame.index)
    if columns:
        selection = " & ".join(_selection_of(frame, name, alone=len(columns) == 1) for name in columns)
        name = f"name their column with id={columns[0]!r}, or " if len(columns) == 1 else ""
        remedy = f"several series? {name}keep one, for example frame[{selection}]"
    else:
        remedy = (
            "keep one row for each time, for example with frame.drop_duplicates(), and give local times their UTC"
            " offset where the clocks go back"
        )
    raise DataError(
        f"times must be unique, got {ordered.index[repeated[0]]} more than once ({len(repeated)} repeated rows);"
        f" {remedy}"
    )


def _series_columns(frame: pd.DataFrame, times: pd.Index) -> tuple[str, ...]:
    """Find the column, or the two, that tell series apart whose times are the same; text before numbers."""
    rows = len(frame)
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
