"""Numbers that spell dates: 20240131, 202401, 2024013106, seconds since 1970, days of a spreadsheet, 2024.01."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.data.dates.calendar_fields import times_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["EPOCHS", "SPREADSHEET", "from_epoch", "from_spreadsheet", "read_numbers"]

EPOCHS = {"unix": "s", "unix_ms": "ms", "unix_us": "us", "unix_ns": "ns"}
SPREADSHEET = "excel"
YEARS = (1700, 2200)
"""Years that a number may spell."""
SINCE = (3e8, 4.2e9)
"""Seconds since 1970 that a number may be: from 1979 to 2103."""
SERIAL = (15_000.0, 75_000.0)
"""Days of a spreadsheet that a number may be: from 1941 to 2105."""
DAY = 86_400_000_000
"""Microseconds."""
_SPELLED = {"%Y%m%d": 8, "%Y%m": 6, "%Y%m%d%H": 10, "%Y%m%d%H%M": 12, "%Y%m%d%H%M%S": 14}


def read_numbers(
    numbers: NDArray[np.float64], integers: NDArray[np.int64] | None
) -> Iterator[tuple[str, NDArray[np.datetime64], bool]]:
    """Read numbers as dates in every way that fits all of them, the likeliest first.

    Parameters
    ----------
    numbers
        (rows,).
    integers
        The same as integers, where they are: floats blur nanoseconds.

    Yields
    ------
    tuple of str, numpy.ndarray and bool
        The format; the times; whether only a column that is called a date should be read so.
    """
    if not np.isfinite(numbers).all():
        return
    if (numbers == np.floor(numbers)).all():
        for format_, digits in _SPELLED.items():
            times = _spelled(numbers.astype(np.int64), digits) if _within(numbers, digits) else None
            if times is not None:
                yield format_, times, False
    else:
        times = _decimals(numbers)
        if times is not None:
            yield "%Y.%m", times, True
    for name, unit in EPOCHS.items():
        factor = 1_000.0 ** list(EPOCHS).index(name)
        if SINCE[0] * factor <= numbers.min() and numbers.max() <= SINCE[1] * factor:
            yield name, from_epoch(numbers, integers, unit), True
    if SERIAL[0] <= numbers.min() and numbers.max() <= SERIAL[1]:
        yield SPREADSHEET, from_spreadsheet(numbers), True


def _within(numbers: NDArray[np.float64], digits: int) -> bool:
    scale = 10.0 ** (digits - 4)
    return bool(YEARS[0] * scale <= numbers.min() and numbers.max() < YEARS[1] * scale)


def _spelled(numbers: NDArray[np.int64], digits: int) -> NDArray[np.datetime64] | None:
    """Split a number such as 20240131 into year, month, day, hour, ...; None where a part is out of range."""
    fields, rest = {}, numbers
    names = "mdHMS"[: (digits - 4) // 2]
    for name in reversed(names):
        fields[name], rest = rest % 100, rest // 100
    times = times_of({"y": rest, **fields})
    return None if np.isnat(times).any() else times


def _decimals(numbers: NDArray[np.float64]) -> NDArray[np.datetime64] | None:
    """Read 2010.01 or 1.2010 as a month; 2010.1 is October, whose zero a number has lost."""
    for factor, year_first in ((100, True), (10_000, False)):
        scaled = np.rint(numbers * factor)
        if not np.allclose(scaled, numbers * factor, rtol=0, atol=1e-4):
            continue
        front, back = scaled.astype(np.int64) // factor, scaled.astype(np.int64) % factor
        years, months = (front, back) if year_first else (back, front)
        if years.min() >= YEARS[0] and years.max() < YEARS[1]:
            times = times_of({"y": years, "m": months})
            if not np.isnat(times).any():
                return times
    return None


def from_epoch(numbers: NDArray[np.float64], integers: NDArray[np.int64] | None, unit: str) -> NDArray[np.datetime64]:
    """Read numbers as units since 1970."""
    if integers is not None:
        times = integers.astype(f"M8[{unit}]")
        return times if unit == "ns" else times.astype("M8[us]")
    scale = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}[unit]
    return np.rint(numbers * scale).astype(np.int64).astype("M8[us]")


def from_spreadsheet(numbers: NDArray[np.float64]) -> NDArray[np.datetime64]:
    """Read numbers as days since the end of 1899, as Excel and LibreOffice count; their fractions are rounded."""
    ticks = np.rint(numbers * DAY).astype(np.int64)
    seconds = np.rint(ticks / 1e6).astype(np.int64) * 1_000_000
    if np.abs(ticks - seconds).max(initial=0) < 20_000:  # a clock in a decimal fraction of a day
        ticks = seconds
    times: NDArray[np.datetime64] = np.datetime64("1899-12-30", "us") + ticks.astype("m8[us]")
    return times
