"""Whether there are enough rows for a window in every part, and which lookback would leave enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.data.memory.mapped import blocks_of, released

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lstm_lab.data.windows.cuts import Cuts

__all__ = ["largest_lookback", "lookback_remedy", "too_few_rows", "usable_runs"]


def usable_runs(matrix: np.ndarray, segments: np.ndarray) -> np.ndarray:
    """Count the usable rows without a gap up to and with each row, (rows,); 0 where a row is unusable."""
    unusable = np.empty(len(matrix), dtype=np.bool_)
    for block in blocks_of(len(matrix)):
        unusable[block] = np.isnan(matrix[block]).any(axis=1)
    released(matrix)
    # A stretch of usable rows ends at a warmup, and at a gap even where there is no warmup.
    broken = unusable.copy()
    broken[1:] |= segments[1:] != segments[:-1]
    length = np.arange(len(matrix))
    begin = np.where(broken, length, 0)
    np.maximum.accumulate(begin, out=begin)
    length -= begin
    length += ~unusable[begin]
    length[unusable] = 0
    return length


def too_few_rows(
    run_lengths: np.ndarray,
    segments: np.ndarray,
    lookback: int,
    *,
    warmup: int,
    borders: np.ndarray,
    cuts: Sequence[Cuts],
) -> str:
    """Return the refusal of a lookback: the rows it needs, the rows there are, and the largest lookback that fits."""
    usable = np.ones(len(run_lengths), dtype=np.bool_)
    for start, series in zip(borders, cuts, strict=False):
        usable[start + series.validation : start + series.rows] = False
    stretches = len(np.unique(segments))
    got = int(np.unique(segments[usable], return_counts=True)[1].max(initial=0))
    lost = int(np.unique(segments[run_lengths == 0], return_counts=True)[1].max(initial=0))
    warmup = max(warmup, lost)
    need = lookback + warmup + 1
    gaps = f" in a stretch without a gap (of {stretches}; see max_gap=)" if stretches > 1 else ""
    remedy = lookback_remedy(largest_lookback(run_lengths, borders, cuts))
    return (
        f"a window needs {need}{' train' if cuts else ''} rows (lookback {lookback} + warmup {warmup} + 1 target), "
        f"got {got}{f' of {len(run_lengths)} rows' if cuts else ''}{gaps}; {remedy}"
    )


def largest_lookback(run_lengths: np.ndarray, borders: np.ndarray, cuts: Sequence[Cuts]) -> int:
    """Find the largest lookback with which there is a window, in each part where the rows are divided; 0 without any.

    Parameters
    ----------
    run_lengths
        (rows,) usable rows without a gap up to and with each row.
    borders, cuts
        As for `divide`.
    """
    if not cuts:
        return max(0, int(run_lengths.max(initial=0)) - 1)
    longest: dict[str, int] = {"train": 0}
    for start, series in zip(borders, cuts, strict=False):
        for name, first, last in (
            ("train", 0, series.validation),
            ("validation", series.validation, series.calibration - series.expired),
            ("calibration", series.calibration, series.rows),
        ):
            if last > first:
                longest[name] = max(longest.get(name, 0), int(run_lengths[start + first : start + last].max()))
    return max(0, min(longest.values()) - 1)


def lookback_remedy(largest: int) -> str:
    """Return the remedy that gives every part a window."""
    if largest < 1:
        return "use more data, or features that look back less far"
    return f"use more data, or lower lookback to at most {largest}"
