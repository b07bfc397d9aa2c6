"""Which of many overlapping windows one pass of a strided training reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["StrideGrid"]


@dataclass(frozen=True, slots=True, eq=False)
class StrideGrid:
    """Division of windows into cells of neighbours; each pass reads one window of every cell, another in the next pass.

    Notes
    -----
    Windows whose targets follow each other without a hole are a run. The newest window of each run is read in every
    pass, for no later window holds its targets; the others are divided into cells of one width of at most `stride`
    windows, and one offset between 0 and 1, drawn for the pass, says which window of each cell is read. Windows that
    are read then lie at most `stride` rows apart, so that a pass leaves out no target that fewer burnt-in steps than
    lookback - stride would have counted, and every pass reads equally many.
    """

    first: np.ndarray
    """(cells,) float64 number of each cell's oldest window, rising."""
    width: np.ndarray
    """(cells,) float64 windows in each cell; 0 for a window that is always read."""
    probability: np.ndarray
    """(n,) probability that a pass reads each window."""

    def __len__(self) -> int:
        return len(self.first)

    @classmethod
    def of(cls, target_rows: np.ndarray, stride: int) -> StrideGrid:
        """Divide windows into cells.

        Parameters
        ----------
        target_rows
            (n,) row of each window's target, rising.
        stride
            Windows of a cell, at most; 1 reads every window in every pass.
        """
        if stride == 1:
            count = len(target_rows)
            return cls(np.arange(count, dtype=np.float64), np.ones(count), np.ones(count))
        starts = np.concatenate([[0], np.flatnonzero(np.diff(target_rows) != 1) + 1])
        older = np.diff([*starts, len(target_rows)]) - 1
        cells = -(-older // stride)
        width = older / np.maximum(cells, 1)
        probability = np.repeat(cells / np.maximum(older, 1), older + 1)
        probability[starts + older] = 1.0
        number = np.arange(cells.sum()) - np.repeat(np.cumsum(cells) - cells, cells)
        first = np.repeat(starts, cells) + number * np.repeat(width, cells)
        firsts = np.concatenate([first, (starts + older).astype(np.float64)])
        widths = np.concatenate([np.repeat(width, cells), np.zeros(len(starts))])
        order = np.argsort(firsts, kind="stable")
        return cls(firsts[order], widths[order], probability)

    def chosen(self, offset: float) -> np.ndarray:
        """Return the numbers of the windows that a pass with this offset, from 0 to below 1, reads."""
        return np.floor(self.first + offset * self.width).astype(np.int64)
