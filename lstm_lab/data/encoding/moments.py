"""Mean, deviation and range of columns, from blocks of rows in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from lstm_lab.data.encoding.value_checks import refuse_too_large

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Moments"]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Moments of the rows without a missing value, each (columns,) float64.

    Notes
    -----
    Blocks are merged by their means and squared deviations (Chan, Golub & LeVeque 1983), which loses no digits where
    the mean is far from 0. Of one block the numbers are NumPy's, to the last bit.
    """

    rows: int
    """Rows that were looked at."""
    complete: int
    """Rows without a missing value."""
    mean: np.ndarray
    squares: np.ndarray
    """Sums of squared deviations from the mean."""
    lowest: np.ndarray
    highest: np.ndarray

    @classmethod
    def of(cls, blocks: Iterable[np.ndarray]) -> Self:
        """Compute the moments of blocks of rows, each (rows, columns) float64."""
        moments = None
        for block in blocks:
            each = cls._of_block(block)
            moments = each if moments is None else moments.merged(each)
        return cls._of_block(np.empty((0, 1))) if moments is None else moments

    @classmethod
    def _of_block(cls, block: np.ndarray) -> Self:
        values = block[~np.isnan(block).any(axis=1)]
        if len(values) == 0:
            blank = np.zeros(block.shape[1])
            return cls(len(block), 0, blank, blank, blank + np.inf, blank - np.inf)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = values.mean(axis=0)
            squares = ((values - mean) ** 2).sum(axis=0)
        return cls(len(block), len(values), mean, squares, values.min(axis=0), values.max(axis=0))

    def merged(self, other: Self) -> Self:
        """Return the moments of the rows of both."""
        complete = self.complete + other.complete
        share = other.complete / max(1, complete)
        with np.errstate(over="ignore", invalid="ignore"):
            apart = other.mean - self.mean
            mean = self.mean + apart * share
            squares = self.squares + other.squares + apart**2 * (self.complete * share)
        lowest, highest = np.minimum(self.lowest, other.lowest), np.maximum(self.highest, other.highest)
        return type(self)(self.rows + other.rows, complete, mean, squares, lowest, highest)

    def deviations(self, columns: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of each column; a column that never changes is only centred."""
        return _usable(self.mean, np.sqrt(self.squares / self.complete), columns)

    def ranges(self, columns: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the least value and the range of each column; a column that never changes is only shifted."""
        with np.errstate(over="ignore", invalid="ignore"):
            return _usable(self.lowest, self.highest - self.lowest, columns)


def _usable(mean: np.ndarray, scale: np.ndarray, columns: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Refuse values too large to be scaled, and set the scale of columns that never change to 1."""
    refuse_too_large(np.isfinite(mean) & np.isfinite(scale), columns)
    still = scale <= 8.0 * np.finfo(np.float64).eps * np.abs(mean)
    return mean, np.where(still, 1.0, scale)
