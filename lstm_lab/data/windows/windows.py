"""Windows over the encoded rows, kept as row numbers: a window's values are gathered when a batch asks for them.

A window is `lookback` consecutive rows and the transformed target of the row after them. It never spans a gap, and
none of its rows lies in a warmup. Only a series that is shorter than the lookback has shorter windows, which are padded
behind their last row. Splits are chronological and every target is in exactly one part; the inputs of the
first validation windows reach back into training rows, which gives nothing away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.data.memory.mapped import taken
from lstm_lab.data.windows.enough_rows import too_few_rows, usable_runs
from lstm_lab.data.windows.padding import step_mask
from lstm_lab.data.windows.sample_weights import own_weights, sample_weights
from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lstm_lab.data.windows.cuts import Cuts

__all__ = ["Windows", "most_windows", "windows_of"]

_MOST, _LEAST = 10_000, 2_000
_ROWS = 2_000_000


def most_windows(lookback: int) -> int:
    """Count the windows that are enough to measure a network on: validation losses and held-out errors.

    Neighbours of a long series are nearly alike, and each costs `lookback` steps of the network: with a million rows,
    all validation windows would take many times longer than the epoch that they judge.

    >>> most_windows(60), most_windows(1460)
    (10000, 2000)
    """
    return max(_LEAST, min(_MOST, _ROWS // lookback))


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Windows by the row number of their target."""

    matrix: np.ndarray
    """(rows, columns) float32 encoded rows, the standardised transformed target first."""
    lookback: int
    target_rows: np.ndarray
    """(n,) row of each window's target, rising; the inputs are rows row - lookback … row - 1."""
    weights: np.ndarray
    """(n,) float64 sample weights."""
    levels: tuple[slice, ...] = ()
    """Columns of each static input with levels: a training leaves it out of some windows, so that all of them 0 comes
    to mean a level that is not known."""
    lengths: np.ndarray | None = None
    """(n,) real steps of each window, the oldest first, with padding behind them; None where every window is whole."""
    masked: bool = True
    """Whether a network is told the lengths; else it reads padding as if it were data."""
    padding: float = 0.0
    """What stands in padding: a network that is told the lengths never reads it."""

    def __len__(self) -> int:
        return len(self.target_rows)

    def inputs(self, selection: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Gather the inputs of some windows.

        Parameters
        ----------
        selection
            Numbers of the windows (not of rows), as a `Split` holds them; all by default.

        Returns
        -------
        numpy.ndarray
            (k, lookback, columns) float32, a copy.
        """
        if self.lengths is None:
            return taken(self.matrix, self.target_rows[selection][:, None] + np.arange(-self.lookback, 0))
        rows, lengths = self.target_rows[selection], self.lengths[selection]
        steps = np.minimum((rows - lengths)[:, None] + np.arange(self.lookback), rows[:, None] - 1)
        mask = step_mask(lengths, self.lookback)
        return np.where(mask[..., None], self.matrix[steps], np.float32(self.padding))

    @property
    def known_lengths(self) -> np.ndarray | None:
        """(n,) real steps of each window as a network is told them; None where it reads every step."""
        return self.lengths if self.masked else None

    def targets(self, selection: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Gather standardised targets, (k,) float32."""
        return taken(self.matrix[:, 0], self.target_rows[selection])

    def step_targets(self, selection: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Gather a target for every step, (k, lookback) float32: at each input row, the value one row later."""
        return taken(self.matrix[:, 0], self.target_rows[selection][:, None] + np.arange(-self.lookback + 1, 1))

    def weighted(self, scheme: str, *train: np.ndarray) -> Windows:
        """Weigh the training windows over time; the others keep weight 1.

        Parameters
        ----------
        scheme
            As for `lstm_lab.data.windows.sample_weights.sample_weights`.
        *train
            Numbers of the training windows of each series, oldest first; their weights have mean 1.
        """
        weights = np.ones(len(self.target_rows))
        for selection in train:
            weights[selection] = sample_weights(scheme, len(selection))
        return replace(self, weights=weights)

    def weighted_by(self, values: np.ndarray, column: str, train: np.ndarray) -> Windows:
        """Weigh the training windows by a column of the table; the others keep weight 1.

        Parameters
        ----------
        values
            (rows,) the column.
        column
            Its name, for the message.
        train
            Numbers of the training windows; their weights have mean 1.
        """
        weights = np.ones(len(self.target_rows))
        weights[train] = own_weights(values[self.target_rows[train]], column)
        return replace(self, weights=weights)


def windows_of(
    matrix: np.ndarray,
    segments: np.ndarray,
    lookback: int,
    *,
    warmup: int = 0,
    borders: np.ndarray | None = None,
    cuts: Sequence[Cuts] = (),
    shortest: np.ndarray | None = None,
) -> Windows:
    """Find every window of encoded rows.

    Parameters
    ----------
    matrix
        (rows, columns) float32 as `Encoder.encode` gives it, NaN in the warmups.
    segments
        (rows,) number of the gap-free stretch that each row belongs to.
    lookback
        Rows the network sees before each target.
    warmup
        Rows of the encoder's warmup, for the message; at least those that are seen to be unusable.
    borders, cuts
        As for `divide`, where the rows are divided: the message then says what all parts need.
    shortest
        (series,) real steps that a window of each series has at least; a shorter one than the lookback is padded. By
        default every window is whole.

    Returns
    -------
    Windows
        With weights of 1.

    Raises
    ------
    DataError
        No stretch is long enough for a single window.
    """
    run_lengths = usable_runs(matrix, segments)
    least: Any = lookback
    if shortest is not None and borders is not None and bool((shortest < lookback).any()):
        least = np.repeat(np.minimum(shortest, lookback), np.diff(borders))
    target_rows = np.flatnonzero(run_lengths > least)
    if len(target_rows) == 0:
        borders = np.array([0, len(matrix)]) if borders is None else borders
        raise DataError(too_few_rows(run_lengths, segments, lookback, warmup=warmup, borders=borders, cuts=cuts))
    weights = np.broadcast_to(np.ones(1), target_rows.shape)
    if np.ndim(least) == 0:
        return Windows(matrix, lookback, target_rows, weights)
    lengths = np.minimum(run_lengths[target_rows] - 1, lookback)
    whole = bool((lengths == lookback).all())
    return Windows(matrix, lookback, target_rows, weights, lengths=None if whole else lengths)
