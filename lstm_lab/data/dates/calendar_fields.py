"""Times from their calendar fields: years, months, days, quarters, weeks and clocks, as arrays."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["clock_of", "full_years", "latest_year", "times_of"]

SECOND = 1_000_000_000
"""Nanoseconds."""
PIVOT = 69
"""Two digits from here on are years of the last century, as `strptime` reads them."""
YEARS_AHEAD = 10
"""A year of two digits that is further ahead than this belongs to the last century too, unless the rows rise to it."""


def full_years(years: NDArray[np.int64], latest: int | None = None) -> NDArray[np.int64]:
    """Complete years of two digits; a year after `latest` is of the century before.

    >>> full_years(np.array([24, 99])).tolist(), full_years(np.array([24, 65]), latest=2036).tolist()
    ([2024, 1999], [2024, 1965])
    """
    full = np.where(years < PIVOT, 2000 + years, 1900 + years)
    return full if latest is None else np.where(full > latest, full - 100, full)


def latest_year() -> int:
    """Return the last year that two digits may stand for."""
    return dt.datetime.now(tz=dt.UTC).year + YEARS_AHEAD


def times_of(fields: Mapping[str, NDArray[np.int64]], *, afternoon: bool | None = None) -> NDArray[np.datetime64]:
    """Build times from calendar fields.

    Parameters
    ----------
    fields
        (rows,) int64 by field: ``y`` the full year; ``m``, ``d``, or ``q`` a quarter, ``n`` a half year, ``w`` and
        ``u`` an ISO week and its day; ``H``, ``M``, ``S`` and ``f`` a clock with nanoseconds; ``zone`` the offset from
        UTC in minutes.
    afternoon
        For a clock of 12 hours.

    Returns
    -------
    numpy.ndarray
        (rows,) datetime64, in microseconds, or in nanoseconds where they are needed; NaT where a field is out of range.

    Examples
    --------
    >>> days = {"y": np.array([2024, 2023]), "m": np.array([2, 2]), "d": np.array([29, 29])}
    >>> times_of(days).astype("M8[D]").astype(str).tolist()
    ['2024-02-29', 'NaT']
    """
    days, valid = _weeks(fields) if "w" in fields else _days(fields)
    clock, in_range = clock_of(fields, afternoon=afternoon)
    fine = bool((clock % 1000).any())
    unit = "ns" if fine and int(fields["y"].min()) > 1678 and int(fields["y"].max()) < 2262 else "us"
    ticks = clock if unit == "ns" else clock // 1000
    times: NDArray[np.datetime64] = days.astype(f"M8[{unit}]") + ticks.astype(f"m8[{unit}]")
    if "zone" in fields:
        times -= fields["zone"].astype("m8[m]")
    times[~(valid & in_range)] = np.datetime64("NaT")
    return times


def _days(fields: Mapping[str, NDArray[np.int64]]) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    years = fields["y"]
    first = np.ones(1, dtype=np.int64)
    if "q" in fields:
        month, valid = 3 * fields["q"] - 2, (fields["q"] >= 1) & (fields["q"] <= 4)
    elif "n" in fields:
        month, valid = 6 * fields["n"] - 5, (fields["n"] >= 1) & (fields["n"] <= 2)
    else:
        month = fields.get("m", first)
        valid = (month >= 1) & (month <= 12)
    months = ((years - 1970) * 12 + np.clip(month, 1, 12) - 1).astype("M8[M]")
    day = fields.get("d", first)
    length = ((months + 1).astype("M8[D]") - months.astype("M8[D]")).astype(np.int64)
    valid = valid & (day >= 1) & (day <= length) & (years >= 1)
    return months.astype("M8[D]") + np.where(valid, day - 1, 0).astype("m8[D]"), np.broadcast_to(valid, years.shape)


def _weeks(fields: Mapping[str, NDArray[np.int64]]) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    """Find the days of ISO weeks, Mondays unless a day is given."""
    january: NDArray[np.datetime64] = (fields["y"] - 1970).astype("M8[Y]")
    week, day = fields["w"], fields.get("u", np.ones(1, dtype=np.int64))
    fourth = january.astype("M8[D]") + 3  # the fourth of January is always in week 1
    first = fourth - (fourth.astype(np.int64) + 3) % 7
    monday: NDArray[np.datetime64] = first + (7 * (week - 1)).astype("m8[D]")
    within = (monday + 3).astype("M8[Y]") == january  # week 53 has its Thursday in the same year, or does not exist
    return monday + (day - 1).astype("m8[D]"), within & (week >= 1) & (day >= 1) & (day <= 7)


def clock_of(
    fields: Mapping[str, NDArray[np.int64]], *, afternoon: bool | None = None
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return times of day in nanoseconds, and which of them are valid; 24:00 is the end of its day."""
    zero = np.zeros(1, dtype=np.int64)
    hour, minute, second, fraction = (fields.get(name, zero) for name in "HMSf")
    if afternoon is None:
        valid = (hour <= 23) | ((hour == 24) & (minute + second + fraction == 0))
    else:
        valid = (hour >= 1) & (hour <= 12)
        hour = hour % 12 + 12 * afternoon
    valid = valid & (minute <= 59) & (second <= 59) & (hour >= 0)
    clock = (hour * 3600 + minute * 60 + second) * SECOND + fraction
    return clock, valid
