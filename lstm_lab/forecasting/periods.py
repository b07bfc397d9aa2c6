"""Where the periods of a forecast begin, for sums over weeks or months."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_lab.errors import ForecastError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["describe_periods", "period_starts"]


_CALENDAR = {
    **dict.fromkeys(("M", "MS", "ME"), "M"),
    **dict.fromkeys(("Q", "QS", "QE"), "Q"),
    **dict.fromkeys(("Y", "YS", "YE"), "Y"),
}
"""Calendar periods by how pandas writes their starts and ends."""


def period_starts(times: pd.Index, horizon: int, freq: str | None) -> list[NDArray[np.int64]]:
    """List the steps at which periods begin, of each of several forecasts.

    Parameters
    ----------
    times
        (forecasts * horizon,), forecast by forecast.
    horizon
        Steps of a forecast.
    freq
        Length of a period as pandas writes it; None: the whole horizon.

    Raises
    ------
    ForecastError
        A length that is none, or rows without times.
    """
    count = len(times) // horizon
    if freq is None:
        return [np.array([0])] * count
    if not isinstance(times, pd.DatetimeIndex):
        raise ForecastError(f"periods need times, got rows that are counted and freq={freq!r}; sum() sums all steps")
    numbers = _period_numbers(times, freq).reshape(count, horizon)
    begins = np.diff(numbers, axis=1, prepend=numbers[:, :1] - 1) != 0
    return [np.flatnonzero(row) for row in begins]


def describe_periods(freq: str | None) -> str:
    """Say what sums over periods run over."""
    return "over the whole horizon" if freq is None else f"over periods of {freq}; the first and the last may be parts"


def _period_numbers(times: pd.DatetimeIndex, freq: str) -> NDArray[np.int64]:
    """Return the number of each time's period."""
    clock = times.tz_localize(None)
    try:
        calendar = _CALENDAR.get(freq, freq if freq.startswith("W") else None)
        return np.asarray(clock.floor(freq).asi8 if calendar is None else clock.to_period(calendar).asi8)
    except (ValueError, AttributeError, TypeError) as unknown:
        raise ForecastError(
            f"freq is a length of time as pandas writes it, got {freq!r}; for example freq='W' or freq='MS'"
        ) from unknown
