"""Centre, spread and ranked scores of sampled paths, as a calibration uses them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lstm_lab.errors import CalibrationError
from lstm_lab.forecasting.metrics import tail_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array: TypeAlias = NDArray[np.float64]


__all__ = [
    "TOLERANCE",
    "centre_and_spread",
    "checked_summary",
    "least_spread",
    "needed_origins",
    "origins_for",
    "pin_quantile",
    "smoothed",
]

TOLERANCE = 1e-9  # 20 * 0.95 must not round up to rank 20


def centre_and_spread(paths: ArrayLike) -> tuple[Array, Array]:
    """Median of the paths and their spread: (q90 - q10) / 2.5631, a standard deviation where they are normal.

    Parameters
    ----------
    paths
        (..., paths, horizon).

    Returns
    -------
    tuple of Array
        Both (..., horizon). The spread ignores the outermost fifth of the paths, so that one wild path does not make
        the band of its step wild; it is zero where paths do not differ.
    """
    low, centre, high = np.quantile(np.asarray(paths, dtype=np.float64), [0.1, 0.5, 0.9], axis=-2)
    return centre, (high - low) / 2.5631


def needed_origins(q: float, *, symmetric: bool) -> int:
    """Count the origins without which a quantile has no rank: ``ceil((n + 1) q) <= n``, 19 for 0.95, 9 if symmetric."""
    tail = min(q, 1 - q)
    tail = 2 * tail if symmetric else tail
    return max(1, math.ceil(1 / tail - 1 - TOLERANCE)) if tail > 0 else 0


def origins_for(interval: float) -> int:
    """Count the origins without which a band of an interval, in percent, cannot be calibrated; 9 for 90."""
    return needed_origins(tail_of(interval), symmetric=True)


def checked_summary(paths: ArrayLike, actual: ArrayLike) -> tuple[Array, Array, Array]:
    """Return centre and spread of paths, (origins, paths, horizon), and the outcomes, each (origins, horizon).

    Raises
    ------
    CalibrationError
        Shapes that do not match, no origin, or anything that is not finite.
    """
    paths, actual = np.asarray(paths, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    if paths.ndim != 3 or actual.shape != (paths.shape[0], paths.shape[2]):
        raise CalibrationError(
            f"calibration takes (origins, paths, horizon) paths and (origins, horizon) actual values, "
            f"got {paths.shape} and {actual.shape}"
        )
    if len(actual) == 0:
        raise CalibrationError("calibration needs origins whose whole horizon was observed, got none; keep more rows")
    if not np.isfinite(paths).all() or not np.isfinite(actual).all():
        raise CalibrationError("calibration needs finite paths and values, got NaN or infinity; the roll-out diverged")
    return *centre_and_spread(paths), actual


def least_spread(spread: Array) -> Array:
    """Least spread to divide by, (horizon,): a tenth of the median one, or one unit where paths never differ."""
    floor = np.median(spread, axis=0) / 10
    return np.where(floor > 0, floor, 1.0)


def smoothed(ranked: Array, reach: int) -> Array:
    """Average each rank over up to `reach` steps on either side, as many on one side as on the other."""
    horizon = ranked.shape[1]
    step = np.arange(horizon)
    reach_at = np.minimum(reach, np.minimum(step, horizon - 1 - step))
    total = np.concatenate([np.zeros((len(ranked), 1)), np.cumsum(ranked, axis=1)], axis=1)
    return np.asarray((total[:, step + reach_at + 1] - total[:, step - reach_at]) / (2 * reach_at + 1))


def pin_quantile(ranked: Array, level: float, value: Array) -> None:
    """Shift the two sorted rows that `np.quantile` blends at a level so that it gives `value`, and keep the order.

    Where a shift would push one of the two past its neighbour, both become `value`.
    """
    position = level * (len(ranked) - 1)
    below = min(int(position), max(0, len(ranked) - 2))
    above = min(below + 1, len(ranked) - 1)
    share = position - below
    pair = ranked[[below, above]] + (value - ((1 - share) * ranked[below] + share * ranked[above]))
    under = ranked[below - 1] if below > 0 else -np.inf
    over = ranked[above + 1] if above + 1 < len(ranked) else np.inf
    ranked[[below, above]] = np.where((pair[0] < under) | (pair[1] > over), value, pair)
    ranked[:below] = np.minimum(ranked[:below], ranked[below])
    ranked[above + 1 :] = np.maximum(ranked[above + 1 :], ranked[above])
