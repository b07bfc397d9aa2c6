"""Times in several columns: a date and a clock, or year, month, day and hour."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.dates.calendar_fields import clock_of, times_of
from lstm_lab.data.dates.layouts import CLOCK_ONLY, MONTHS, fields_of, group_layouts

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CLOCK_NAMES", "clock_columns", "from_pieces", "plain_name", "times_of_day"]

PIECES = {
    "y": ("year", "yr", "yyyy", "jahr", "annee", "année", "ano", "año"),
    "m": ("month", "mon", "mo", "mm", "mnth", "monat", "mois", "mes"),
    "d": ("day", "dd", "dom", "mday", "dayofmonth", "tag", "jour", "dia", "día"),
    "H": ("hour", "hr", "hh", "stunde", "heure", "hora"),
    "M": ("minute", "min", "mi", "minuto"),
    "S": ("second", "sec", "ss"),
    "q": ("quarter", "qtr", "q", "quartal", "trimester"),
    "w": ("week", "wk", "isoweek", "weekofyear", "weeknumber", "woche"),
    "j": ("dayofyear", "doy", "yday", "julianday", "jday"),
}
"""Names, in any case and without underscores, of columns that hold a part of the time."""
CLOCK_NAMES = ("time", "clock", "hhmm", "timeofday", "hour", "hr", "zeit", "uhrzeit", "stunde", "heure", "hora")
YEARS = (1000, 2500)
_PARTS = ("ymdHMS", "ymdHM", "ymdH", "yjHM", "yjH", "ymd", "yj", "yw", "ym", "yq")
"""Parts that make a time together, the finest first."""


def plain_name(name: object) -> str:
    """Return a name in lower case, without spaces and underscores."""
    return re.sub(r"[\s_.()-]+", "", str(name).lower())


def from_pieces(frame: pd.DataFrame) -> tuple[list[str], pd.DatetimeIndex] | None:
    """Build times from columns of years, months, days, hours and so on.

    Parameters
    ----------
    frame
        Any columns.

    Returns
    -------
    tuple or None
        The columns that hold the parts and the times; None where there are no such columns, or no such dates.

    Examples
    --------
    >>> from_pieces(pd.DataFrame({"Year": [1949, 1949], "Month": ["Jan", "Feb"]}))[1].astype(str).tolist()
    ['1949-01-01', '1949-02-01']
    """
    columns = {
        part: str(column)
        for part, names in PIECES.items()
        for column in reversed(frame.columns)
        if plain_name(column) in names
    }
    parts = next((parts for parts in _PARTS if set(parts) <= columns.keys()), None)
    if parts is None:
        return None
    values = {part: _whole(frame[columns[part]], months=part == "m") for part in parts}
    fields = {part: numbers for part, numbers in values.items() if numbers is not None}
    if len(fields) < len(parts) or fields["y"].min() < YEARS[0] or fields["y"].max() > YEARS[1]:
        return None
    since = fields.pop("j", None)
    times = times_of(fields)
    if since is not None:
        if since.min() < 1 or since.max() > 366:
            return None
        times = times + (since - 1).astype("m8[D]")
    used = [columns[part] for part in parts]
    return None if np.isnat(times).any() else (used, pd.DatetimeIndex(times))


def _whole(column: pd.Series[Any], *, months: bool) -> NDArray[np.int64] | None:
    """Convert a part of a time to whole numbers; None where it has other values."""
    if pd.api.types.is_bool_dtype(column.dtype) or column.isna().any():
        return None
    if not pd.api.types.is_numeric_dtype(column.dtype):
        named = column.astype(str).str.strip().str.lower().map(MONTHS) if months else column
        column = named if months and named.notna().all() else pd.to_numeric(column, errors="coerce")
    try:
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError, OverflowError):
        return None
    whole = np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all() and np.abs(numbers).max() < 1e9
    return numbers.astype(np.int64) if whole else None


def clock_columns(frame: pd.DataFrame) -> dict[str, pd.TimedeltaIndex]:
    """Find the columns that hold times of day.

    Parameters
    ----------
    frame
        Any columns.

    Returns
    -------
    dict of str to pandas.TimedeltaIndex
        Since midnight, by column.
    """
    kinds = {kind: pd.api.types.is_numeric_dtype(kind) for kind in set(frame.dtypes)}
    # A number is a clock by its column's name alone; of a wide table there may be very many.
    named = [name for name, kind in frame.dtypes.items() if not kinds[kind] or plain_name(name) in CLOCK_NAMES]
    clocks = {str(name): times_of_day(frame[name]) for name in named}
    return {name: times for name, times in clocks.items() if times is not None}


def times_of_day(column: pd.Series[Any]) -> pd.TimedeltaIndex | None:
    """Read 10:30, 10:30:15, 10 pm, times as objects, and in a column of that name 1030 or an hour; else None."""
    if column.isna().any() or len(column) == 0:
        return None
    name = plain_name(column.name)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return _counted(column, name) if name in CLOCK_NAMES else None
    if isinstance(column.iloc[0], dt.time):
        objects = column.to_list()
        if not all(isinstance(value, dt.time) for value in objects):
            return None
        texts = np.array([value.strftime("%H:%M:%S.%f") for value in objects], dtype=object)
    elif isinstance(column.iloc[0], str) and (":" in column.iloc[0] or name in CLOCK_NAMES):
        texts = np.array([str(value) for value in column], dtype=object)
    else:
        return None
    return _written(texts)


def _counted(column: pd.Series[Any], name: str) -> pd.TimedeltaIndex | None:
    numbers = _whole(column, months=False)
    if numbers is None or numbers.min() < 0:
        return None
    hours = name in PIECES["H"] or name in {"stunde", "heure", "hora"}
    if hours and numbers.max() <= 24:
        return pd.TimedeltaIndex(pd.to_timedelta(numbers, unit="h"))
    if not hours and 24 < numbers.max() <= 2400 and (numbers % 100 < 60).all():
        return pd.TimedeltaIndex(pd.to_timedelta(numbers // 100 * 60 + numbers % 100, unit="min"))
    return None


def _written(texts: NDArray[np.object_]) -> pd.TimedeltaIndex | None:
    grouped = group_layouts(texts)
    if grouped is None:
        return None
    layouts, layout_numbers, codes = grouped
    nanoseconds = np.zeros(len(texts), dtype=np.int64)
    for number, layout in enumerate(layouts):
        match = CLOCK_ONLY.fullmatch(layout.lower())
        if match is None or (match["M"] is None and match["half"] is None):
            return None
        spans = {name: match.span(name) for name in "HMSf" if match[name] is not None}
        rows = layout_numbers == number
        afternoon = None if match["half"] is None else match["half"] == "p"
        clock, valid = clock_of(fields_of(codes[:, rows], spans), afternoon=afternoon)
        if not valid.all():
            return None
        nanoseconds[rows] = clock
    return pd.TimedeltaIndex(nanoseconds.astype("m8[ns]"))
