"""Statistics of each input column over the training rows: range, correlations with other columns and the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.data.encoding.moments import Moments

if TYPE_CHECKING:
    from lstm_lab.data.preparation import Prepared

__all__ = ["ColumnStatistics", "measure_columns"]

LAGS = 60
"""Rows ahead over which correlations are taken, at most; never more than the lookback."""


@dataclass(frozen=True, slots=True, eq=False)
class ColumnStatistics:
    """Numbers of each column over the training rows alone; only `beyond` looks at the rows after them."""

    rows: int
    """Training rows in which every column has a value: those that the encoding is fitted on."""
    lost: np.ndarray
    """(columns,) training rows without a value, for its warmup."""
    minimum: np.ndarray
    """(columns,)"""
    maximum: np.ndarray
    """(columns,)"""
    mean: np.ndarray
    """(columns,)"""
    sd: np.ndarray
    """(columns,) 0 where a column never changes."""
    usual: np.ndarray
    """(columns,) the most frequent value."""
    same: np.ndarray
    """(columns,) share of the rows that have it."""
    undefined: np.ndarray
    """(columns,) share of the rows where a feature has nothing to measure, and takes a value that stands for that."""
    pairs: int
    """Rows with a next one, over which `ahead` at one row ahead is taken."""
    ahead: np.ndarray
    """(columns, lags) correlation with the transformed target 1, 2, ... rows later; NaN where either is constant."""
    size_ahead: np.ndarray
    """(columns, lags) the same with the target's distance from its mean: what a column says of volatility."""
    persistence: np.ndarray
    """(columns,) correlation with itself one row later."""
    alike: np.ndarray
    """(columns, columns) correlation with each other, in the same row."""
    beyond: np.ndarray
    """(columns,) how far the rows after training leave the range of the training rows, in standard deviations."""

    @property
    def chance(self) -> float:
        """Correlations with the next value that are no larger may be chance: 2/√n, about 95 % of independent pairs."""
        return float(2.0 / np.sqrt(max(self.pairs, 1)))


def measure_columns(ready: Prepared, raw: np.ndarray, lookback: int) -> ColumnStatistics:
    """Measure every column.

    Parameters
    ----------
    ready
        The series and its encoding.
    raw
        (rows, columns) as `Encoder.raw` makes it of the whole frame.
    lookback
        Rows that the network sees, beyond which no correlation is of use to it.
    """
    encoder, cut = ready.dataset.encoder, ready.dataset.cuts[0].validation
    training, segments = raw[:cut], ready.dataset.segments[:cut]
    usable = np.isfinite(training).all(axis=1)
    rows = training[usable]
    # Standardised first, so that no sum of squares overflows or loses the digits that differ.
    mean, scale = Moments.of([rows]).deviations(encoder.columns)
    x = (training - mean) / scale
    sd = np.where(np.ptp(rows, axis=0) == 0, 0.0, rows.std(axis=0))
    usual, same = _most_frequent(rows)
    lags = max(1, min(LAGS, lookback, len(rows) // 4))
    ahead = _ahead(x, np.column_stack([x[:, 0], np.abs(x[:, 0])]), usable, segments, lags)
    return ColumnStatistics(
        rows=len(rows),
        lost=np.isnan(training).sum(axis=0),
        minimum=rows.min(axis=0),
        maximum=rows.max(axis=0),
        mean=rows.mean(axis=0),
        sd=sd,
        usual=usual,
        same=same,
        undefined=_undefined(ready, training, usable),
        pairs=int(_pairs(usable, segments, 1).sum()),
        ahead=ahead[..., 0],
        size_ahead=ahead[..., 1],
        persistence=_persistence(x, usable, segments),
        alike=_correlations(x[usable], x[usable]),
        beyond=_beyond(rows, raw[cut:], np.where(sd > 0, sd, 1.0)),
    )


def _pairs(usable: np.ndarray, segments: np.ndarray, lag: int) -> np.ndarray:
    """Mark the rows that have a usable row `lag` rows later in the same stretch, (rows - lag,)."""
    return np.asarray(usable[:-lag] & usable[lag:] & (segments[:-lag] == segments[lag:]))


def _ahead(x: np.ndarray, targets: np.ndarray, usable: np.ndarray, segments: np.ndarray, lags: int) -> np.ndarray:
    """Correlate every column with what comes 1 to `lags` rows later, (columns, lags, targets).

    By sums over the pairs, which are products of matrices: a long series has many pairs at each of many lags. The
    values are standardised, so the sums keep their digits.
    """
    now, later = (np.where(usable[:, None], values, 0.0) for values in (x, targets))
    squares = now**2
    out = np.full((x.shape[1], lags, targets.shape[1]), np.nan)
    for lag in range(1, lags + 1):
        fits = _pairs(usable, segments, lag).astype(np.float64)
        count = fits.sum()
        if count < 3:
            continue
        then = later[lag:] * fits[:, None]
        mean, mean_then = fits @ now[:-lag] / count, then.sum(axis=0) / count
        spread = fits @ squares[:-lag] / count - mean**2
        spread_then = (then**2).sum(axis=0) / count - mean_then**2
        together = now[:-lag].T @ then / count - np.outer(mean, mean_then)
        sizes = np.sqrt(np.outer(np.maximum(spread, 0.0), np.maximum(spread_then, 0.0)))
        # What is left of a constant is rounding.
        np.divide(together, sizes, out=out[:, lag - 1], where=sizes > 1e-9)
    return out


def _persistence(x: np.ndarray, usable: np.ndarray, segments: np.ndarray) -> np.ndarray:
    fits = _pairs(usable, segments, 1)
    now, later = x[:-1][fits], x[1:][fits]
    return np.array([_correlations(now[:, [at]], later[:, [at]])[0, 0] for at in range(x.shape[1])])


def _correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Compute Pearson's correlation of each column of a with each of b: (n, i), (n, j) -> (i, j)."""
    if len(a) < 3:
        return np.full((a.shape[1], b.shape[1]), np.nan)
    left, right = a - a.mean(axis=0), b - b.mean(axis=0)
    sizes = np.sqrt((left**2).sum(axis=0))[:, None] * np.sqrt((right**2).sum(axis=0))
    # What is left of a constant is rounding.
    least = 1e-12 * len(a)
    return np.asarray(np.divide(left.T @ right, sizes, out=np.full(sizes.shape, np.nan), where=sizes > least))


def _most_frequent(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the value that each column has most often, and the share of the rows that have it."""
    usual, same = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
    for at, column in enumerate(rows.T):
        values, counts = np.unique(column, return_counts=True)
        most = int(np.argmax(counts))
        usual[at], same[at] = values[most], counts[most] / len(column)
    return usual, same


def _undefined(ready: Prepared, training: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Return the share of the usable rows where a feature was computed from equal values alone, (columns,)."""
    y = ready.dataset.frame[ready.dataset.encoder.target].to_numpy(dtype=np.float64)[: len(training)]
    shares = np.zeros(training.shape[1])
    for feature, columns in ready.dataset.encoder.column_slices():
        if feature.fallback is None:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(y, feature.warmup + 1)
        flat = np.zeros(len(y), dtype=bool)
        # Values that differ by no more than rounding are equal to the indicators too.
        flat[feature.warmup :] = np.ptp(windows, axis=1) <= 64 * np.finfo(np.float64).eps * np.abs(windows).max(axis=1)
        shares[columns] = (flat & (training[:, columns.start] == feature.fallback))[usable].mean()
    return shares


def _beyond(rows: np.ndarray, later: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Return how many sd any later row leaves the range of the training rows, (columns,); 0 where none does."""
    if len(later) == 0:
        return np.zeros(rows.shape[1])
    outside = np.maximum(later - rows.max(axis=0), rows.min(axis=0) - later) / sd
    return np.asarray(np.nanmax(np.where(np.isnan(outside), 0.0, outside), axis=0, initial=0.0))
