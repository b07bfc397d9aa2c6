"""What the series of a panel must have in common, and within each of them: checked for all ids at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.dates.time_index import DAY
from lstm_lab.data.tables.row_labels import is_writable, plain
from lstm_lab.errors import DataError, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "ids_of",
    "listed_ids",
    "refuse_mixed_steps",
    "refuse_odd_ids",
    "refuse_varying",
    "steps_in_words",
    "usual_steps",
]

REGULAR = 0.8
"""Share of an id's steps that are near its usual one, from which it has a frequency of its own."""
NEAR = 0.15
"""A step is near the usual one within this share of it; months differ by less."""
FEW = 3
"""Steps from which an id has a frequency."""


def listed_ids(ids: Any, shown: int = 3) -> str:
    """Name the first few of some ids, and count the others.

    >>> listed_ids(["A", "B"]), listed_ids([1, 2, 3, 4, 5])
    ("'A' and 'B'", '1, 2, 3 and 2 more')
    """
    names = [repr(plain(each)) for each in ids[:shown]]
    if len(ids) > shown:
        return f"{', '.join(names)} and {len(ids) - shown:,} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def refuse_odd_ids(ids: Any) -> None:
    """Refuse ids that no index and no file can hold.

    Raises
    ------
    DataError
        The first id that is a tuple, or a text with half a character.
    """
    for each in ids:
        if isinstance(each, tuple):
            joined = " ".join(map(str, each))
            raise DataError(f"an id is a text, a number or a date, got {shown(each)}; join its parts, as {joined!r}")
        if isinstance(each, str) and not is_writable(each):
            raise DataError(f"an id is text that can be written as UTF-8, got {each!r}; correct or rename it")


def refuse_varying(column: pd.Series[Any], index: pd.MultiIndex) -> None:
    """Refuse a static column that changes within an id.

    Parameters
    ----------
    column
        In the order of the rows.
    index
        (rows,) sorted ids and times.

    Raises
    ------
    DataError
        The first such id, with both values.
    """
    series: NDArray[Any] = np.asarray(index.codes[0])
    levels, _ = pd.factorize(column)
    first = np.flatnonzero(np.r_[True, np.diff(series) != 0])
    number = np.cumsum(np.r_[0, np.diff(series) != 0])
    other = np.flatnonzero(levels != levels[first][number])
    if len(other) == 0:
        return
    row = int(other[0])
    was, now = plain(column.iloc[first[number[row]]]), plain(column.iloc[row])
    count = len(np.unique(series[other]))
    raise DataError(
        f"a static column is constant within an id, but {column.name!r} of {plain(index[row][0])!r} is {was!r} and, at"
        f" {index[row][1]}, {now!r} ({count} such {'id' if count == 1 else 'ids'}); correct it, or use it as a"
        " covariate without static="
    )


def usual_steps(index: pd.MultiIndex) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the median step of each id, and the share of its steps that are near it; NaN for an id of one row.

    Steps are in seconds where times are times. Ids are those that occur, in order.
    """
    series: NDArray[Any] = np.asarray(index.codes[0])
    instants = index.levels[1]
    since = (instants - instants[0]) / pd.Timedelta(seconds=1) if isinstance(instants, pd.DatetimeIndex) else instants
    position = np.asarray(since, dtype=np.float64)[index.codes[1]]
    starts = np.flatnonzero(np.r_[True, np.diff(series) != 0])
    counts = np.diff(np.r_[starts, len(series)]) - 1
    inner = np.diff(series) == 0
    steps = np.diff(position)[inner]
    usual = np.full(len(starts), np.nan)
    share = np.full(len(starts), np.nan)
    some = counts > 0
    if not some.any():
        return usual, share
    begins = (np.cumsum(counts) - counts)[some]
    owner = np.repeat(np.arange(int(some.sum())), counts[some])
    if np.ptp(steps) == 0:
        usual[some], share[some] = steps[0], 1.0
        return usual, share
    ordered = steps[np.lexsort((steps, owner))]
    usual[some] = ordered[begins + (counts[some] - 1) // 2]
    near = np.abs(steps - usual[some][owner]) <= NEAR * usual[some][owner]
    share[some] = np.add.reduceat(near, begins) / counts[some]
    return usual, share


def refuse_mixed_steps(index: pd.MultiIndex) -> None:
    """Refuse series of different frequencies, such as daily and weekly ones.

    An id counts if it has three steps and most of them are alike; one whose steps vary has gaps, not another frequency.

    Raises
    ------
    DataError
        The most frequent step and the first id with another, both in words.
    """
    usual, share = usual_steps(index)
    counts = np.bincount(np.asarray(index.codes[0]))
    counts = counts[counts > 0] - 1
    regular = (counts >= FEW) & (share >= REGULAR)
    if not regular.any():
        return
    steps = usual[regular]
    # The step that most ids have: the others are told from it.
    values, often = np.unique(np.round(np.log(steps) / np.log1p(2 * NEAR)), return_counts=True)
    common = float(np.median(steps[np.round(np.log(steps) / np.log1p(2 * NEAR)) == values[np.argmax(often)]]))
    other = np.flatnonzero(regular & ~((usual <= common * (1 + 2 * NEAR)) & (usual >= common / (1 + 2 * NEAR))))
    if len(other) == 0:
        return
    names = ids_of(index)
    same = int(regular.sum()) - len(other)
    alike = names[np.flatnonzero(regular & ~np.isin(np.arange(len(usual)), other))[0]]
    timed = isinstance(index.levels[1], pd.DatetimeIndex)
    step, another = (steps_in_words(float(each), timed=timed) for each in (common, usual[other[0]]))
    raise DataError(
        f"all ids have one frequency, got a step of {step} in {plain(alike)!r} ({same:,} such"
        f" {'id' if same == 1 else 'ids'}) and of {another} in {listed_ids(names[other])}; resample them to one step,"
        " or load each frequency by itself"
    )


def ids_of(index: pd.MultiIndex) -> Any:
    """Return the ids that have rows, in order."""
    series: NDArray[Any] = np.asarray(index.codes[0])
    return index.levels[0][series[np.flatnonzero(np.r_[True, np.diff(series) != 0])]]


def steps_in_words(step: float, *, timed: bool) -> str:
    """Write down a step: days, hours or seconds, or a number.

    >>> steps_in_words(604800, timed=True), steps_in_words(3600, timed=True), steps_in_words(2, timed=False)
    ('7 days', '1 hour', '2')
    """
    if not timed:
        return f"{step:g}"
    for unit, seconds in (("day", DAY), ("hour", 3600), ("minute", 60)):
        if step >= seconds:
            count = f"{step / seconds:.4g}"
            return f"{count} {unit}{'s' * (count != '1')}"
    return f"{step:.4g} s"
