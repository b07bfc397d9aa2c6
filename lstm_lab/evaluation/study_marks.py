"""Marks of a study: the values of every seed by row and column, with the words that picture and live view share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from lstm_lab.results import Result

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = [
    "CHANGE_TICKS",
    "LINEAR_PERCENT",
    "LOG_RATIO",
    "Column",
    "Form",
    "Look",
    "MarkedResult",
    "Scale",
    "StudyMarks",
    "scale_for",
    "scale_of_changes",
]

Scale: TypeAlias = Literal["linear", "log", "symlog"]
Form: TypeAlias = Literal["number", "share", "change"]
"""How values are read: as they are, shares in percent, or changes that are in percent already, with their sign."""

LOG_RATIO: Final = 10.0
"""Ratio of the largest to the smallest value from which a scale is logarithmic: else one failure hides the rest."""
LINEAR_PERCENT: Final = 2.0
"""Percent up to which a scale of changes is linear, and beyond which it is logarithmic where changes are large."""
CHANGE_TICKS: Final = (-50, -10, -2, 0, 2, 10, 50)
"""Ticks of such a scale."""


@dataclass(frozen=True, slots=True)
class Look:
    """Colour and shape of the marks of a row, and their entry in the legend."""

    meaning: str
    colour: Literal["blue", "orange", "red", "grey"] = "blue"
    shape: Literal["disc", "square", "diamond"] = "disc"
    filled: bool = True


@dataclass(frozen=True, eq=False, slots=True)
class Column:
    """One score of all rows, on a scale of its own."""

    label: str
    values: Array
    """(rows, seeds), NaN where a row has no such seed."""
    intervals: Array | None = None
    """(rows, 2) lower and upper end, NaN where there is none."""
    line: float | None = None
    """A value that all rows are compared with."""
    dashed: bool = False
    """Whether the line is a nominal value instead of a measured one."""
    form: Form = "number"
    scale: Scale = "linear"


@dataclass(frozen=True, eq=False)
class StudyMarks:
    """All that picture and view draw of a study."""

    title: str
    words: tuple[str, ...]
    """Lines below the title, the verdict first."""
    names: tuple[str, ...]
    """Rows, from the top."""
    looks: tuple[Look, ...]
    """A look for each row."""
    seeds: tuple[str, ...]
    columns: tuple[Column, ...]
    reference: str = ""
    """Meaning of the columns' lines that are not dashed."""
    interval: str = ""
    """Meaning of the intervals."""
    remarks: tuple[str, ...] = ()
    """By row, what is said of it where it is read out; empty where nothing is."""
    each: str = "seed"
    """What has a mark."""

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """Kind and meaning of every line that is drawn: ``mean``, ``line``, ``interval``, ``dashed``."""
        entries = []
        if len(self.seeds) > 1:
            entries.append(("mean", f"mean of the {self.each}s"))
        if self.reference and any(column.line is not None and not column.dashed for column in self.columns):
            entries.append(("line", self.reference))
        if any(column.intervals is not None and np.isfinite(column.intervals).any() for column in self.columns):
            entries.append(("interval", self.interval))
        if any(column.dashed for column in self.columns):
            entries.append(("dashed", "nominal coverage"))
        return tuple(entries)


class MarkedResult(Result, ABC):
    """A result whose scores are marks by row, column and seed: one picture and one live view draw all of them."""

    @property
    @abstractmethod
    def marks(self) -> StudyMarks:
        """What picture and live view draw."""


def scale_for(values: Array) -> Scale:
    """Choose a logarithmic scale where one large value would hide the rest.

    >>> scale_for(np.array([1.0, 5.0])), scale_for(np.array([1.0, 50.0])), scale_for(np.array([np.nan, -1.0]))
    ('linear', 'log', 'linear')
    """
    positive = values[values > 0]
    if len(positive) == 0 or (values <= 0).any() or positive.max() < LOG_RATIO * positive.min():
        return "linear"
    return "log"


def scale_of_changes(percents: Array) -> Scale:
    """Choose a scale of changes that is logarithmic beyond `LINEAR_PERCENT` where they are large.

    >>> scale_of_changes(np.array([np.nan, -1.0])), scale_of_changes(np.array([-50.0, 1.0]))
    ('linear', 'symlog')
    """
    return "symlog" if bool((np.abs(percents) > LOG_RATIO * LINEAR_PERCENT).any()) else "linear"
