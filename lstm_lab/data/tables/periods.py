"""Periods as the times at which they begin."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["starts_of", "without_notice"]


@contextmanager
def without_notice() -> Iterator[None]:
    """Keep back what pandas says of periods of business days, which are read all the same."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Period(Dtype\[B\]| with BDay freq) is deprecated", FutureWarning)
        yield


def starts_of(periods: pd.PeriodIndex | pd.Series[Any]) -> pd.DatetimeIndex:
    """Return the first moment of each period.

    >>> starts_of(pd.PeriodIndex(["2024-02", "2024-03"], freq="M")).day.tolist()
    [1, 1]
    """
    with without_notice():
        if isinstance(periods, pd.PeriodIndex):
            return periods.to_timestamp()
        return pd.DatetimeIndex(periods.dt.to_timestamp())
