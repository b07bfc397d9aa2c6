"""The built-in features: pure functions of the target's path, and places in the cycles of the calendar.

A path function is ``(..., time) -> (..., time)`` over float64. Its value at a row depends on that row and the `warmup`
rows before it; the first `warmup` places are NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CALENDAR", "PATH", "Function", "Indicator", "Warmup"]

Function: TypeAlias = Callable[..., np.ndarray]
Warmup: TypeAlias = int | Callable[..., int]


@dataclass(frozen=True, slots=True)
class Indicator:
    """A function of the path with what it promises."""

    function: Function
    warmup: Warmup
    """Rows before its first value: a number, or a function of its arguments."""
    positive: bool
    """Whether it is defined for positive targets only."""
    fallback: float | None = None
    """Its value where all values it looks at are alike, if it is defined there by this alone."""


PATH: dict[str, Indicator] = {}
"""Functions of the target's path, by name."""
CALENDAR: dict[str, Function] = {}
"""Pairs of columns, DatetimeIndex -> (rows, 2), by name: sine and cosine of 2π times the share of a cycle gone by."""


def _path(
    *, warmup: Warmup = 0, positive: bool = False, fallback: float | None = None
) -> Callable[[Function], Function]:
    """Enter a function of the path."""

    def enter(function: Function) -> Function:
        PATH[function.__name__] = Indicator(function, warmup, positive, fallback)
        return function

    return enter


def _windows(y: np.ndarray, size: int) -> np.ndarray:
    """View every stretch of `size` rows: (..., time) -> (..., time - size + 1, size), nothing copied."""
    if y.shape[-1] == size:  # a path's end, at each step of a roll-out: the view by strides takes longer than its sums
        return y[..., None, :]
    return np.lib.stride_tricks.sliding_window_view(y, size, axis=-1)


def _moments(windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute mean and population standard deviation over the last axis, to the bit of NumPy's own, with one mean."""
    size = windows.shape[-1]
    mean = np.add.reduce(windows, axis=-1, keepdims=True) / size
    offsets = windows - mean
    return mean[..., 0], np.sqrt(np.add.reduce(offsets * offsets, axis=-1) / size)


def _after(warmup: int, y: np.ndarray, values: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Fill all but the first `warmup` places, if the path is long enough to have any."""
    out = np.full(y.shape, np.nan)
    if y.shape[-1] > warmup:
        out[..., warmup:] = values(np.asarray(y, dtype=np.float64))
    return out


def _logs(y: np.ndarray) -> np.ndarray:
    """Compute the logarithm; NaN where a value has none (a simulated path may get there)."""
    positive = y > 0
    if positive.all():
        return np.asarray(np.log(y))
    return np.asarray(np.log(y, out=np.full(y.shape, np.nan), where=positive))


def _log_returns(y: np.ndarray, n: int = 1) -> np.ndarray:
    """Compute log(y_t / y_{t-n}); 0 where either value has no logarithm."""
    if 2 * n < y.shape[-1]:
        logs = _logs(y)
        return _zero_if_undefined(logs[..., n:] - logs[..., :-n])
    # Of a path's end, as a roll-out asks for, two logarithms and not n + 1.
    return _zero_if_undefined(_logs(y[..., n:]) - _logs(y[..., :-n]))


def _zero_if_undefined(values: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(values), 0.0, values)


@_path(warmup=1, positive=True)
def log_return(y: np.ndarray) -> np.ndarray:
    """log(y_t / y_{t-1}); 0 on a simulated path where either value is not positive."""
    return _after(1, y, _log_returns)


@_path(warmup=lambda n, **_: n - 1, fallback=0.5)
def bollinger(y: np.ndarray, n: int = 20, k: float = 2) -> np.ndarray:
    """(y - lower) / (upper - lower): place in the band mean ± k population standard deviations of the last n values.

    0 at the lower edge, 1 at the upper (Bollinger's %b). 0.5 where the band has no width: where all n values are
    equal, or differ by no more than rounding does.
    """

    def position(values: np.ndarray) -> np.ndarray:
        windows = _windows(values, n)
        # A power of two scales without rounding, so the largest and the smallest floats neither overflow nor vanish.
        _, exponent = np.frexp(np.abs(windows).max(axis=-1, keepdims=True))
        # By a factor, several times faster than setting exponents; clipped, so that the factor is a normal float.
        scaled = windows * np.ldexp(1.0, -np.clip(exponent, -1021, 1021))
        # Differences from the newest value are exact where values are close, so a flat stretch has no spread at all.
        mean, deviation = _moments(scaled - scaled[..., -1:])
        width = 2.0 * k * deviation
        narrow = width <= max(8.0 * k * np.finfo(np.float64).eps, np.finfo(np.float64).tiny)
        return np.where(narrow, 0.5, 0.5 - mean / np.where(narrow, 1.0, width))

    return _after(n - 1, y, position)


@_path(warmup=lambda n, **_: n - 1)
def unguarded_bollinger(y: np.ndarray, n: int = 20, k: float = 2) -> np.ndarray:
    """(y - lower) / (upper - lower) as textbooks have it: `bollinger` without its guard, to measure what it is worth.

    NaN where the band has no width; where rounding alone gives it one, any number. Rows with a NaN are in no window.
    """

    def position(values: np.ndarray) -> np.ndarray:
        windows = _windows(values, n)
        reach = k * windows.std(axis=-1)
        lower, upper = windows.mean(axis=-1) - reach, windows.mean(axis=-1) + reach
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            place = (values[..., n - 1 :] - lower) / (upper - lower)
        return np.where(np.isfinite(place), place, np.nan)

    return _after(n - 1, y, position)


@_path(warmup=lambda n: n, positive=True)
def volatility(y: np.ndarray, n: int = 20) -> np.ndarray:
    """Compute the population standard deviation of the last n log returns."""
    return _after(n, y, lambda values: _moments(_windows(_log_returns(values), n))[1])


@_path(warmup=lambda n: n)
def momentum(y: np.ndarray, n: int = 10) -> np.ndarray:
    """y_t - y_{t-n}, in the target's unit."""
    return _after(n, y, lambda values: values[..., n:] - values[..., :-n])


@_path(warmup=lambda n: n, positive=True)
def log_momentum(y: np.ndarray, n: int = 10) -> np.ndarray:
    """log(y_t / y_{t-n}); 0 on a simulated path where either value is not positive."""
    return _after(n, y, lambda values: _log_returns(values, n))


@_path(warmup=lambda n: n, fallback=50.0)
def rsi(y: np.ndarray, n: int = 14) -> np.ndarray:
    """100 · rises / (rises + falls) over the last n changes, each a simple mean (Cutler's RSI); 50 without a change.

    Wilder's smoothed version remembers its whole past, so it has no finite warmup and could not be evaluated on a
    simulated path.
    """

    def strength(values: np.ndarray) -> np.ndarray:
        # Divided before it is subtracted, so the largest floats do not overflow.
        scaled = values / (2.0 * n)
        changes = _windows(scaled[..., 1:] - scaled[..., :-1], n)
        rises = np.maximum(changes, 0.0).sum(axis=-1)
        moves = np.abs(changes).sum(axis=-1)
        still = moves == 0.0
        return np.where(still, 50.0, 100.0 * (rises / np.where(still, 1.0, moves)))

    return _after(n, y, strength)


@_path(warmup=lambda n: n)
def lag(y: np.ndarray, n: int = 1) -> np.ndarray:
    """y_{t-n}: read from history, or from the path once the path is long enough."""
    return _after(n, y, lambda values: values[..., :-n])


@_path(warmup=lambda n, k: n * k - 1)
def seasonal(y: np.ndarray, n: int = 24, k: int = 7) -> np.ndarray:
    """Mean of y_{t+1-n}, y_{t+1-2n}, ..., y_{t+1-kn}, less the first: what k seasons say beyond the last one.

    These are the values at the next step's place in the last k seasons of n rows. The last of them alone, which the
    seasonal naive forecast repeats, carries all of its own noise.
    """
    return _after(n * k - 1, y, lambda values: _beyond_the_last(_at_the_next_place(values, n, k)))


@_path(warmup=lambda n, k: n * k - 1, positive=True)
def log_seasonal(y: np.ndarray, n: int = 24, k: int = 7) -> np.ndarray:
    """Mean of the logarithms of y_{t+1-n}, y_{t+1-2n}, ..., y_{t+1-kn}, less the first: as `seasonal`, in proportion.

    0 on a simulated path where one of them is not positive.
    """

    def beyond(values: np.ndarray) -> np.ndarray:
        return _zero_if_undefined(_beyond_the_last(_logs(_at_the_next_place(values, n, k))))

    return _after(n * k - 1, y, beyond)


def _at_the_next_place(values: np.ndarray, n: int, k: int) -> np.ndarray:
    """View the last k values at the next step's place in a season of n rows: (..., time) -> (..., time - nk + 1, k)."""
    return _windows(values, n * k)[..., ::n]


def _beyond_the_last(values: np.ndarray) -> np.ndarray:
    """Subtract from the mean of values, (..., k), the last of them."""
    # Differences first: far from zero, the mean of the values themselves would lose their last digits.
    return np.asarray((values - values[..., -1:]).mean(axis=-1))


def _calendar(name: str, phase: Callable[[pd.DatetimeIndex], Any]) -> None:
    """Enter a pair of the calendar."""

    def pair(times: pd.DatetimeIndex) -> np.ndarray:
        angle = 2.0 * np.pi * np.asarray(phase(times), dtype=np.float64)
        return np.stack([np.sin(angle), np.cos(angle)], axis=-1)

    CALENDAR[name] = pair


def _days_in_year(times: pd.DatetimeIndex) -> np.ndarray:
    return 365.0 + np.asarray(times.is_leap_year, dtype=np.float64)


_calendar("hour", lambda times: (times.hour + times.minute / 60 + times.second / 3600) / 24)
_calendar("dayofweek", lambda times: times.day_of_week / 7)
_calendar("month", lambda times: (times.month - 1) / 12)
_calendar("dayofyear", lambda times: (times.day_of_year - 1) / _days_in_year(times))
