"""Facts of an index of times: its usual step, its gaps, the times that follow it, and the seasons it may have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lstm_lab.errors import DataError, OptionError
from lstm_lab.formatting import moment

__all__ = [
    "DAY",
    "future_index",
    "future_times_after",
    "longest_step",
    "segments",
    "uneven_steps",
    "usual_seasons",
    "usual_step",
]

GAP_STEPS = 10
"""A step longer than this many median steps is a gap; the weekends and holidays of a trading calendar are none."""
DAY = 86_400.0
"""Seconds."""
_MONTHS = ((1, 28, 31), (3, 90, 92), (6, 181, 184), (12, 365, 366))
"""Months, and how few and how many days they are."""


def segments(index: pd.Index, max_gap: str | None = None, borders: np.ndarray | None = None) -> np.ndarray:
    """Return each row's segment number, counted from 0 and raised at every gap.

    Parameters
    ----------
    index
        Sorted times or numbers.
    max_gap
        The longest step that is no gap, as ``"3D"`` or ``"36h"``, or a number for an index of numbers; by default
        10 median steps.
    borders
        (series + 1,) row where each of several series begins, and the number of rows: each begins a segment, and the
        median step is that of all.

    Returns
    -------
    numpy.ndarray
        (rows,) int64: 0 up to the first gap, 1 up to the second, ...

    Raises
    ------
    OptionError
        ``max_gap`` is not a length above 0.
    """
    steps = np.diff(_positions(index))
    if len(steps) == 0:
        return np.zeros(len(index), dtype=np.int64)
    starts = np.zeros(len(steps), dtype=np.bool_)
    if borders is not None:
        starts[borders[1:-1] - 1] = True
    within = steps[~starts]
    usual = float(np.median(within)) if len(within) > 0 else np.inf
    limit = GAP_STEPS * usual if max_gap is None else _length(index, max_gap)
    # A hair of slack, for a limit that was written as exactly the step.
    return np.concatenate([[0], np.cumsum((steps > limit * (1 + 1e-9)) | starts)]).astype(np.int64)


def longest_step(index: pd.Index, max_gap: str | None = None) -> str:
    """Return the longest step of an index that is no gap, as text that `segments` takes as ``max_gap``."""
    if max_gap is not None:
        return max_gap
    limit = GAP_STEPS * float(np.median(np.diff(_positions(index))))
    return f"{limit!r}s" if isinstance(index, pd.DatetimeIndex) else repr(limit)


def _positions(index: pd.Index) -> np.ndarray:
    """Place each row on a line: seconds for times (of UTC, so a change of clocks is no gap), else the numbers."""
    if isinstance(index, pd.DatetimeIndex):
        # Whole nanoseconds since the first row: float64 seconds since 1970 would blur fast series.
        since = (index - index[0]).to_numpy() if len(index) > 0 else np.zeros(0, dtype="timedelta64[ns]")
        return np.asarray(since / np.timedelta64(1, "s"), dtype=np.float64)
    return np.asarray(index.to_numpy(), dtype=np.float64)


def _length(index: pd.Index, max_gap: str) -> float:
    timed = isinstance(index, pd.DatetimeIndex)
    try:
        # Of a bare number pandas makes nanoseconds, which nobody means.
        length = pd.Timedelta(max_gap).total_seconds() if timed and not _is_number(max_gap) else np.nan
        length = length if timed else float(max_gap)
    except ValueError:
        length = np.nan
    if not length > 0:
        rule = "a length of time such as 3D, 36h or 90min" if timed else "a number above 0"
        raise OptionError(f"max_gap= is {rule}, got {max_gap!r}; for example max_gap='{'3D' if timed else 3}'")
    return float(length)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def future_index(index: pd.Index, horizon: int) -> pd.Index:
    """Return the next times after an index.

    Parameters
    ----------
    index
        At least two sorted times or numbers.
    horizon
        Steps to add.

    Returns
    -------
    pandas.Index
        (horizon,) with the name, type and time zone of `index`: by its frequency where it has one; on business days
        if it is daily and knows no weekend; by calendar months, quarters or years if its median step is one;
        otherwise by its median step. A daily series in a time zone keeps its wall-clock time.

    Raises
    ------
    DataError
        Fewer than two rows say nothing about the step.
    """
    if len(index) < 2:
        raise DataError(f"continuing an index needs at least two rows, got {len(index)}; use more data")
    if isinstance(index, pd.DatetimeIndex):
        return pd.DatetimeIndex(_future_times(index, horizon), name=index.name)
    step = np.median(np.diff(index.to_numpy()))
    numbers = index[-1] + step * np.arange(1, horizon + 1)
    whole = pd.api.types.is_integer_dtype(index.dtype) and float(step).is_integer()
    if isinstance(index, pd.RangeIndex) and whole:
        first = int(index[-1]) + int(step)
        return pd.RangeIndex(first, first + int(step) * horizon, int(step), name=index.name)
    return pd.Index(np.asarray(numbers, dtype=np.int64 if whole else np.float64), name=index.name)


def future_times_after(lasts: pd.Index, like: pd.Index, horizon: int) -> pd.Index:
    """Return the next times after each of several last ones, (lasts * horizon,), in steps as those of an index.

    Parameters
    ----------
    lasts
        Last times or numbers of several series.
    like
        Times or numbers of a series whose steps say how all of them go on.
    horizon
        Steps to add after each.
    """
    if not isinstance(like, pd.DatetimeIndex):
        step = np.median(np.diff(like.to_numpy()))
        numbers = lasts.to_numpy()[:, None] + step * np.arange(1, horizon + 1)
        whole = pd.api.types.is_integer_dtype(like.dtype) and float(step).is_integer()
        return pd.Index(np.asarray(numbers.ravel(), dtype=np.int64 if whole else np.float64))
    rule = _rule(like)
    codes, ends = pd.factorize(lasts)
    after = [pd.date_range(end, periods=horizon + 1, freq=rule)[1:] for end in ends]
    times = pd.DatetimeIndex(after[0].append(after[1:]) if len(after) > 1 else after[0]).as_unit(like.unit)
    return times.take((codes[:, None] * horizon + np.arange(horizon)).ravel())


def _future_times(index: pd.DatetimeIndex, horizon: int) -> pd.DatetimeIndex:
    try:
        future = pd.date_range(index[-1], periods=horizon + 1, freq=_rule(index))
        return pd.DatetimeIndex(future[1:]).as_unit(index.unit)
    except (OverflowError, ValueError) as beyond:  # pandas' own error is a ValueError
        raise DataError(
            f"{horizon:,} steps after {moment(index[-1])} go beyond the dates that pandas can write; shorten horizon="
        ) from beyond


def _rule(index: pd.DatetimeIndex) -> Any:
    """Find what leads from one time to the next, as an offset that `pandas.date_range` takes."""
    if index.freq is not None:
        return index.freq
    steps = np.diff(_positions(index)) / DAY
    days = float(np.median(steps))
    if _is_daily(days) and _skips_weekends(index):
        return pd.offsets.BusinessDay()
    for months, shortest, longest in _MONTHS:
        if shortest <= days <= longest and _follows_months(index, steps):
            at_end = bool(index.is_month_end.all()) and not bool((index.day == 28).all())
            return pd.offsets.MonthEnd(months) if at_end else pd.DateOffset(months=months)
    if abs(days - round(days)) < 1e-9 and round(days) > 0:
        return pd.DateOffset(days=round(days))
    return pd.Timedelta(days * DAY, unit="s")


def _is_daily(days: float) -> bool:
    return abs(days - 1.0) < 1e-6


def _skips_weekends(index: pd.DatetimeIndex) -> bool:
    """Return whether daily times skip weekends; a week that ends on Friday is too short to tell."""
    spans_weekend = index[-1] - index[0] > pd.Timedelta(days=4)
    return bool(spans_weekend and (index.day_of_week < 5).all())


def _follows_months(index: pd.DatetimeIndex, steps: np.ndarray) -> bool:
    """Return whether steps are months, which are uneven, and not 30 days or 4 weeks."""
    return bool(np.ptp(steps) > 0.5 or (index.day == index.day[0]).all())


def usual_step(index: pd.DatetimeIndex) -> float:
    """Return the median step between two rows, in seconds."""
    return float(np.median(np.diff(_positions(index))))


def uneven_steps(index: pd.Index) -> np.ndarray:
    """Mark the steps that are not the usual one.

    Parameters
    ----------
    index
        Sorted times or numbers.

    Returns
    -------
    numpy.ndarray
        (rows - 1,) bool: more than 5 % off the median step, which forgives a change of clocks; of months, quarters and
        years, what no calendar has; of a trading calendar, what is longer than a weekend between holidays.
    """
    steps = np.diff(_positions(index))
    usual = float(np.median(steps)) if len(steps) > 0 else 0.0
    if isinstance(index, pd.DatetimeIndex) and len(steps) > 0:
        days = steps / DAY
        if _is_daily(usual / DAY) and _skips_weekends(index):
            return np.asarray((days < 0.95) | (days > 5.05))
        for _, shortest, longest in _MONTHS:
            if shortest <= usual / DAY <= longest:
                return np.asarray((days < shortest - 0.05) | (days > longest + 0.05))
    return np.asarray(np.abs(steps - usual) > 0.05 * usual)


def usual_seasons(index: pd.Index) -> tuple[int, ...]:
    """Count the rows in the seasons that a series with this step usually has.

    Parameters
    ----------
    index
        Sorted times.

    Returns
    -------
    tuple of int
        Rows in a day and a week for steps below a day (hourly: 24, 168), in a week for days (7, or 5 on a trading
        calendar), in a year for weeks, months and quarters (52, 12, 4); none without times or for other steps.
    """
    if not isinstance(index, pd.DatetimeIndex) or len(index) < 3:
        return ()
    step = usual_step(index)
    if step < DAY * (1 - 1e-6):
        day = DAY / step
        whole = abs(day - round(day)) < 1e-6
        return (round(day), 7 * round(day)) if whole and round(day) > 1 else ()
    days = step / DAY
    if _is_daily(days):
        return (5,) if _skips_weekends(index) else (7,)
    for season, shortest, longest in ((52, 6.9, 7.1), (12, 28, 31), (4, 90, 92)):
        if shortest <= days <= longest:
            return (season,)
    return ()
