"""The columns of a frame that hold its times: by type, by name, then by content."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from lstm_lab.data.dates.dates import read_dates
from lstm_lab.data.dates.number_dates import SPREADSHEET
from lstm_lab.data.dates.pieces import CLOCK_NAMES, clock_columns, from_pieces, plain_name, times_of_day
from lstm_lab.data.dates.reading import AmbiguousDatesError, DateReading, DateRule
from lstm_lab.data.dates.repeated_times import series_columns
from lstm_lab.data.dates.time_index import uneven_steps
from lstm_lab.data.dates.unread import unread_dates
from lstm_lab.data.tables.layout import TIME_NAMES
from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TimeColumns", "accepts_numbers", "find_times", "is_dated", "is_usable", "read_column", "with_clock"]

DATED_NAME = re.compile(r"date|time|stamp|epoch|unix|yyyymm|period|month|monat|datum|fecha|^ts$|^dt$|^day$|^ds$")
"""Names of columns whose numbers may spell dates."""
SPREADSHEET_NAME = re.compile(r"(^|[^a-z])(date|datum|fecha)([^a-z]|$)")
"""Names of columns whose numbers may be days of a spreadsheet."""


@dataclass(frozen=True, slots=True)
class TimeColumns:
    """The times of a frame that were found in its columns."""

    columns: tuple[str, ...]
    """That are taken into the index."""
    times: pd.Index
    name: str
    reading: DateReading | None = None


def is_usable(frame: pd.DataFrame, time_columns: TimeColumns) -> bool:
    """Return whether dates may take the place of unique numbers; repeated dates may if they are of several series."""
    if time_columns.times.isna().any():
        return False
    return bool(time_columns.times.is_unique) or bool(series_columns(frame, time_columns.times))


def read_column(frame: pd.DataFrame, time: str, rule: DateRule) -> TimeColumns:
    """Read the column that is named as the times; numbers that spell no dates stay numbers."""
    column = frame[time].reset_index(drop=True)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return TimeColumns((time,), pd.DatetimeIndex(column), time)
    reading = _read_with_clocks(frame, time, column, rule)
    numeric = pd.api.types.is_numeric_dtype(column.dtype)
    if reading is not None and (not numeric or accepts_numbers(time, reading, rule)):
        return TimeColumns((time,), reading.times, time, reading)
    if numeric:
        return TimeColumns((time,), pd.Index(column), time)
    if times_of_day(column) is not None:
        dates_and_clocks = _with_date(frame, time, rule)
        if dates_and_clocks is not None:
            return dates_and_clocks
    raise DataError(unread_dates(column, time))


def _read_with_clocks(frame: pd.DataFrame, time: str, column: pd.Series[Any], rule: DateRule) -> DateReading | None:
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


def _is_even(frame: pd.DataFrame, time: str, reading: DateReading) -> bool:
    dates_and_clocks = with_clock(frame, TimeColumns((time,), reading.times, time, reading))
    times = dates_and_clocks.times
    return len(dates_and_clocks.columns) > 1 and times.is_monotonic_increasing and not uneven_steps(times).any()


def is_dated(name: object) -> bool:
    """Return whether a column of this name may hold numbers that spell dates."""
    return DATED_NAME.search(str(name).lower()) is not None


def accepts_numbers(name: object, reading: DateReading, rule: DateRule) -> bool:
    """Return whether numbers are dates; as days of a spreadsheet only where the column is called a date."""
    spreadsheet = reading.format == SPREADSHEET and rule.date_format is None
    return not spreadsheet or SPREADSHEET_NAME.search(str(name).lower()) is not None


def with_clock(frame: pd.DataFrame, dates: TimeColumns) -> TimeColumns:
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
    return TimeColumns((*dates.columns, name), times + clock, dates.name, dates.reading or DateReading(times, "dates"))


def _with_date(frame: pd.DataFrame, clock: str, rule: DateRule) -> TimeColumns | None:
    """Find the dates of a column of times of day."""
    rest = frame.drop(columns=clock)
    dates = find_times(rest, rule)
    pieces = from_pieces(rest)
    if isinstance(dates, TimeColumns) and isinstance(dates.times, pd.DatetimeIndex):
        dates_and_clocks = with_clock(frame, dates)
        return dates_and_clocks if clock in dates_and_clocks.columns else None
    if pieces is not None:
        times = times_of_day(frame[clock].reset_index(drop=True))
        return (
            None if times is None else TimeColumns((clock,), pieces[1] + times, clock, DateReading(pieces[1], "parts"))
        )
    return None


def find_times(frame: pd.DataFrame, rule: DateRule) -> TimeColumns | str:
    """Find the times by type, by name, then by content; or say which columns look like dates but do not decide."""
    kinds = {kind: _is_time_type(kind) for kind in set(frame.dtypes)}
    typed = [str(name) for name, kind in frame.dtypes.items() if kinds[kind]]
    called = [name for name in frame.columns if name.lower() in TIME_NAMES]
    if typed:
        both = [name for name in typed if name in called]
        chosen = typed if len(typed) == 1 else both
        return with_clock(frame, read_column(frame, chosen[0], rule)) if len(chosen) == 1 else _candidates_text(typed)
    if called:
        return _by_name(frame, called, rule)
    return _by_content(frame, rule)


def _is_time_type(kind: Any) -> bool:
    return pd.api.types.is_datetime64_any_dtype(kind) or isinstance(kind, pd.PeriodDtype)


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
        return with_clock(frame, read_column(frame, others[0], rule))
    whole_time = _with_date(frame, clocks[0], rule) if len(clocks) == 1 else None
    if whole_time is None:
        return _candidates_text(clocks) if len(clocks) > 1 else read_column(frame, clocks[0], rule)
    return whole_time


def _holds_dates(frame: pd.DataFrame, name: str, rule: DateRule) -> bool:
    try:
        return isinstance(read_column(frame, name, rule).times, pd.DatetimeIndex)
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
        return with_clock(frame, TimeColumns((name,), reading.times, name, reading))
    if readings:
        return _candidates_text(list(readings))
    pieces = from_pieces(frame)
    if pieces is not None:
        used, times = pieces
        dates = TimeColumns((), times, "time", DateReading(times, "parts: " + ", ".join(used)))
        return dates if is_usable(frame, dates) else f"{_names_text(used)} look like parts of a date, but repeat"
    numbers = [name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name].dtype)]
    spelled = _readings(frame, numbers, rule, by_name=True)
    if len(spelled) == 1:
        [(name, number)] = spelled.items()
        if isinstance(number, DateReading):
            return with_clock(frame, TimeColumns((name,), number.times, name, number))
    return _candidates_text(list(spelled)) if spelled else _lookalikes(frame, texts)


def _readings(
    frame: pd.DataFrame, names: list[str], rule: DateRule, *, by_name: bool
) -> dict[str, DateReading | AmbiguousDatesError]:
    """Read every column that is all dates; what is written like other things too must have even steps."""
    readings: dict[str, DateReading | AmbiguousDatesError] = {}
    for name in names:
        dated = is_dated(name) if by_name else True
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


def _is_plausible(name: str, reading: DateReading, rule: DateRule) -> bool:
    if rule.date_format is not None or not reading.weak:
        return True
    return reading.regular and accepts_numbers(name, reading, rule)


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
