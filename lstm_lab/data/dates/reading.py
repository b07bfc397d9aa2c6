"""A column of dates after it was read, the errors of reading, and how regular its times are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.data.dates.time_index import uneven_steps
from lstm_lab.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AmbiguousDatesError", "DateReading", "DateRule", "Regularity", "UnfitDatesError"]

EVEN = 0.05
"""Share of uneven steps, at most, of times that are even."""


class AmbiguousDatesError(DataError):
    """Dates that can be read in two ways, both of them plausible."""


class UnfitDatesError(DataError):
    """Dates that are not written in the order that was asked for."""


@dataclass(frozen=True, slots=True)
class DateRule:
    """What the caller says about the dates."""

    dayfirst: bool | None = None
    date_format: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DateReading:
    """The times of a column, and the format they were read by."""

    times: pd.DatetimeIndex
    """(rows,), NaT where the column has no value."""
    format: str
    """How they are written, as `strptime` spells it, or a word such as ``unix``."""
    dayfirst: bool | None = None
    """Which of day and month is first, where the text leaves that open."""
    note: str = ""
    """Why another reading that fits was not taken."""
    weak: bool = False
    """Other things are written like this: it counts for a column of that name, or where the steps are even."""

    @property
    def regular(self) -> bool:
        """Whether the times rise or fall row by row, in even steps."""
        regularity = Regularity.of(self.times)
        return regularity.steps > 1 and regularity.ordered and regularity.even


@dataclass(frozen=True, slots=True)
class Regularity:
    """How regular times are."""

    ordered: bool
    """They rise or fall in the order of the rows."""
    uneven: int
    """Steps between different times that are not the usual one."""
    steps: int
    isolated: bool
    """They lie months or years apart, on a day within a month: rare, where other readings have them closer."""

    @classmethod
    def of(cls, times: pd.DatetimeIndex) -> Regularity:
        """Measure times."""
        unique = times.unique()
        steps = np.diff(unique.asi8)
        ordered = bool((steps > 0).all() or (steps < 0).all())
        rising = unique.sort_values()
        uneven = int(uneven_steps(rising).sum()) if len(rising) > 1 else 0
        apart = len(rising) > 1 and bool(np.median(np.diff(rising)) >= np.timedelta64(28, "D"))
        within = not bool((rising.is_month_start | rising.is_month_end).all())
        return cls(ordered, uneven, len(unique) - 1, apart and within)

    @property
    def even(self) -> bool:
        """Whether few steps differ from the usual one."""
        return self.uneven <= EVEN * self.steps
