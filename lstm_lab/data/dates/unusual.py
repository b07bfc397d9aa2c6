"""Dates in layouts that no order of fields fits, parsed by pandas."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.dates.choice import time_text
from lstm_lab.data.dates.reading import AmbiguousDatesError, DateReading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lstm_lab.data.dates.reading import DateRule

__all__ = ["LOOKS_DATED", "by_pandas", "read_by_pandas"]

LOOKS_DATED = re.compile(r"\d{4}|\d+[-/. ]\d+[-/. ]\d+|\d+\W*[A-Za-z]{3,}\W*\d+")
"""A date has a year; pandas alone would read the text 'May' or '10:30' as a day of this week."""
YEAR_FIRST = re.compile(r"\s*\d{4}[-/.]\d{1,2}[-/.]\d")
"""A date whose year stands first: month and day follow in this order."""


def read_by_pandas(texts: NDArray[np.object_], where: str, rule: DateRule) -> DateReading | None:
    """Parse by pandas what no layout fits, where day first and month first give the same dates."""
    values = pd.Series(texts)
    if not values.str.contains(LOOKS_DATED).all():
        return None
    readings = [times for dayfirst in (False, True) if (times := by_pandas(values, dayfirst=dayfirst)) is not None]
    if not readings:
        return None
    if len(readings) == 2:  # pandas takes 2024-01-02 day first too, which nobody writes
        readings[1] = readings[1].where(~values.str.match(YEAR_FIRST).to_numpy(bool), readings[0])
    if len(readings) == 2 and not readings[0].equals(readings[1]):
        if rule.dayfirst is not None:
            return None
        differs = np.flatnonzero(readings[0] != readings[1])
        row = int(differs[0]) if len(differs) else 0
        raise AmbiguousDatesError(
            f"dates must be written alike in every row, but {texts[row].strip()!r} in {where}, row {row}, could be"
            f" {time_text(readings[0][row])} or {time_text(readings[1][row])}; set date_format=, for"
            " example date_format='%d.%m.%Y'"
        )
    return DateReading(readings[0], "mixed", weak=True)


def by_pandas(values: pd.Series[Any], *, dayfirst: bool) -> pd.DatetimeIndex | None:
    """Parse texts row by row; None where pandas refuses one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas warns that it reads each row on its own
        for utc in (False, True):
            try:
                times = pd.to_datetime(values, errors="raise", dayfirst=dayfirst, utc=utc)
            except (ValueError, TypeError, OverflowError):
                continue
            if pd.api.types.is_datetime64_any_dtype(times.dtype):
                return pd.DatetimeIndex(times)
    return None
