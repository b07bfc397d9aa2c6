"""Dates of a whole column, read by one format: day first, month first or year first, never row by row.

Where a column may be read in two ways, the reading that gives even steps in the order of the rows is taken, and says
so; where that does not decide, the column is refused with both readings of a row and the option that decides.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.dates.candidates import DAY_FIRST, SAMPLE, candidates
from lstm_lab.data.dates.choice import allowed_by, most_regular
from lstm_lab.data.dates.given_format import read_given
from lstm_lab.data.dates.number_dates import read_numbers
from lstm_lab.data.dates.reading import DateReading
from lstm_lab.data.dates.unusual import read_by_pandas
from lstm_lab.data.tables.periods import starts_of, without_notice
from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lstm_lab.data.dates.candidates import Candidate
    from lstm_lab.data.dates.reading import DateRule

__all__ = ["read_dates"]

_COMPACT = ((1_011_600, 31_122_400, 8), (101, 991_231, 6))
"""Lowest and highest number that may be a date without separators, and its digits."""
_MANY, _REPEATS = 1000, 4
"""Rows, and rows to a distinct text, from which distinct texts are read instead of rows."""


def read_dates(
    column: pd.Series[Any], rule: DateRule, name: object = None, *, dated: bool = True
) -> DateReading | None:
    """Read a column of dates.

    Parameters
    ----------
    column
        Text, numbers, or objects of date types.
    rule
        What the caller says about them.
    name
        What messages call the column; None for the index.
    dated
        The column is called a date, or was named as the times. Numbers and weak layouts need that or even steps.

    Returns
    -------
    DateReading or None
        None where some row is no date.

    Raises
    ------
    AmbiguousDatesError
        Two readings fit, and the steps do not decide.
    DataError
        ``dayfirst`` or ``date_format`` does not fit every row.

    Examples
    --------
    >>> from lstm_lab.data.dates.reading import DateRule
    >>> months = pd.Series(["01/01/2015", "01/02/2015", "01/03/2015", "01/12/2015", "01/01/2016"])
    >>> read_dates(months, DateRule(dayfirst=True)).times.month.tolist()
    [1, 2, 3, 12, 1]
    """
    present = column.notna().to_numpy()
    values = column[present]
    if len(values) == 0:
        return None
    reading = _read(values, rule, "the index" if name is None else repr(name), dated=dated)
    if reading is None or present.all():
        return reading
    times = pd.Series(pd.NaT, index=range(len(column)), dtype=reading.times.dtype)
    times[present] = reading.times
    return DateReading(pd.DatetimeIndex(times), reading.format, reading.dayfirst, reading.note, reading.weak)


def _read(values: pd.Series[Any], rule: DateRule, where: str, *, dated: bool) -> DateReading | None:
    kind = values.dtype
    if isinstance(kind, pd.PeriodDtype):
        return DateReading(starts_of(values), "periods")
    if pd.api.types.is_bool_dtype(kind):
        return None
    if rule.date_format is not None:
        times = read_given(values, rule.date_format, where)
        return None if times is None else DateReading(times, rule.date_format)
    if pd.api.types.is_numeric_dtype(kind):
        numbers = values.to_numpy(dtype=np.float64)
        reading = _from_numbers(numbers, values, dated=dated)
        return reading if reading is not None or not dated else _from_padded_numbers(numbers, rule, where)
    objects = _from_objects(values)
    if objects is not None:
        return DateReading(objects, "dates")
    return _from_column_of_texts(values, rule, where)


def _from_column_of_texts(values: pd.Series[Any], rule: DateRule, where: str) -> DateReading | None:
    plain = pd.api.types.infer_dtype(values) == "string"
    repeated = _from_repeated_texts(values, rule, where) if plain and len(values) > _MANY else None
    if repeated is not None:
        return repeated
    texts = values.to_numpy(dtype=object) if plain else np.array([str(value) for value in values], dtype=object)
    return _from_texts(texts, rule, where) or read_by_pandas(texts, where, rule)


def _from_repeated_texts(values: pd.Series[Any], rule: DateRule, where: str) -> DateReading | None:
    """Read each distinct text once, where many rows share one, as the rows of many series do; else None."""
    number_of_row, distinct = pd.factorize(values)
    if _REPEATS * len(distinct) > len(values):
        return None
    try:
        reading = _from_texts(np.asarray(distinct, dtype=object), rule, where)
    except DataError:  # told of with the numbers of the rows, which distinct texts do not have
        return None
    return None if reading is None else replace(reading, times=reading.times.take(number_of_row))


def _from_numbers(numbers: NDArray[np.float64], values: pd.Series[Any], *, dated: bool) -> DateReading | None:
    integers = values.to_numpy(dtype=np.int64) if pd.api.types.is_integer_dtype(values.dtype) else None
    for format_, times, weak in read_numbers(numbers, integers):
        reading = DateReading(pd.DatetimeIndex(times), format_, weak=True)
        # Without a name that says so, numbers are dates where their steps are even as times, and not as numbers.
        steps = np.diff(numbers)
        if dated or (not weak and reading.regular and len(steps) > 2 and len(np.unique(steps)) > 1):
            return reading
    return None


def _from_padded_numbers(numbers: NDArray[np.float64], rule: DateRule, where: str) -> DateReading | None:
    """Read numbers of a column of dates as 31012024 or 240131, with the zero in front that a number has lost."""
    if not np.isfinite(numbers).all() or (numbers != np.floor(numbers)).any():
        return None
    width = next((width for low, high, width in _COMPACT if low <= numbers.min() and numbers.max() <= high), None)
    if width is None:
        return None
    texts = np.array([f"{number:0{width}d}" for number in numbers.astype(np.int64)], dtype=object)
    reading = _from_texts(texts, rule, where)
    # Six digits are much else too: they are dates where they step evenly as dates, and not as numbers.
    sure = width == 8 or (reading is not None and reading.regular and len(np.unique(np.diff(numbers))) > 1)
    return reading if sure else None


def _from_objects(values: pd.Series[Any]) -> pd.DatetimeIndex | None:
    """Convert date objects to times; None for anything else."""
    if not isinstance(values.iloc[0], dt.date | np.datetime64 | pd.Period):
        return None
    with without_notice():
        plain = [value.to_timestamp() if isinstance(value, pd.Period) else value for value in values]
    for utc in (False, True):
        try:
            return pd.DatetimeIndex(pd.to_datetime(pd.Series(plain), utc=utc))
        except (ValueError, TypeError, OverflowError):
            continue
    return None


def _from_texts(texts: NDArray[np.object_], rule: DateRule, where: str) -> DateReading | None:
    if len(texts) > 2 * SAMPLE:
        some = np.unique(np.concatenate([np.arange(SAMPLE), np.linspace(0, len(texts) - 1, SAMPLE).astype(int)]))
        if not candidates(texts[some]):
            return None
    fitting = candidates(texts)
    if not fitting:
        return None
    if rule.dayfirst is not None:
        fitting = allowed_by(fitting, texts, where, dayfirst=rule.dayfirst)
    best, note = most_regular(fitting, texts, where)
    dayfirst = None if "b" in best.fields.shape else DAY_FIRST.get(best.order)
    return DateReading(best.times, best.fields.written, dayfirst, note, _is_weak(best))


def _is_weak(candidate: Candidate) -> bool:
    """Return whether other things than dates are written in this layout: 01.2010, 20240131, Jan-92."""
    shape = candidate.fields.shape
    if "b" in shape:
        return shape.endswith("y2") and candidate.order == "my"
    separated = re.fullmatch(r"[a-z0-9]+", shape) is None
    return (candidate.order in {"my", "ym"} and shape != "y4-m") or (candidate.order in DAY_FIRST and not separated)
