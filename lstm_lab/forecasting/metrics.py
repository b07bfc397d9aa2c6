"""Forecast accuracy: errors of point forecasts, scores of whole distributions, and the coverage of bands.

Shapes are those of the package: actual values and quantiles are ``(..., horizon)``, simulated paths ``(..., paths,
horizon)``; leading axes (origins, series) broadcast. Every score is averaged over `axis`, by default over everything.

NaN has one meaning. An actual value of NaN was not observed and is left out of the average (NaN when nothing is left).
A *forecast* of NaN where the actual value is known makes a score NaN and a hit a miss: a model that forecasts nothing
is not rewarded for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lstm_lab.errors import ForecastError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Array: TypeAlias = NDArray[np.float64]

__all__ = [
    "coverage",
    "crps",
    "floats",
    "inside",
    "joint_coverage",
    "mae",
    "mase",
    "naive_scale",
    "pinball",
    "rmse",
    "share_of_whole_paths",
    "tail_of",
    "width",
]

Axis: TypeAlias = int | tuple[int, ...] | None


def tail_of(interval: float) -> float:
    """Compute the share of the values that lies beyond each edge of a band: 0.05 at 90 %."""
    return (100 - interval) / 200


def floats(values: ArrayLike) -> Array:
    """Convert values to a float64 array."""
    return np.asarray(values, dtype=np.float64)


def _mean_observed(scores: Array, observed: ArrayLike, axis: Axis) -> Array:
    """Average the scores whose actual value was observed; NaN where there is none."""
    observed = np.broadcast_to(np.asarray(observed, dtype=np.bool_), scores.shape)
    count = observed.sum(axis=axis)
    total = np.where(observed, scores, 0.0).sum(axis=axis)
    return floats(np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0))


def mae(actual: ArrayLike, forecast: ArrayLike, *, axis: Axis = None) -> Array:
    """Mean absolute error; the best point forecast for it is the median."""
    actual = floats(actual)
    return _mean_observed(np.abs(floats(forecast) - actual), ~np.isnan(actual), axis)


def rmse(actual: ArrayLike, forecast: ArrayLike, *, axis: Axis = None) -> Array:
    """Root of the mean squared error; the best point forecast for it is the mean."""
    actual = floats(actual)
    return np.sqrt(_mean_observed((floats(forecast) - actual) ** 2, ~np.isnan(actual), axis))


def naive_scale(history: ArrayLike, season: int = 1) -> Array:
    """In-sample mean absolute error of the (seasonal) naive one-step forecast.

    Parameters
    ----------
    history
        Observed values before the origin, (..., n), oldest first.
    season
        Steps in a season; 1 for the plain naive forecast.

    Returns
    -------
    Array
        (...,); NaN where the history has no two values `season` apart, or never moves.
    """
    history = floats(history)
    if season < 1:
        raise ForecastError(f"a season has at least 1 step, got {season}; season=1 means none")
    if history.shape[-1] <= season:
        return np.full(history.shape[:-1], np.nan)
    moves = np.abs(history[..., season:] - history[..., :-season])
    scale = _mean_observed(moves, ~np.isnan(moves), -1)
    return np.where(scale > 0, scale, np.nan)


def mase(actual: ArrayLike, forecast: ArrayLike, history: ArrayLike, season: int = 1, *, axis: Axis = None) -> Array:
    """Mean absolute scaled error: the error as a multiple of the naive forecast's own, in sample.

    Hyndman & Koehler (2006), "Another look at measures of forecast accuracy", Int. J. Forecasting 22.

    Parameters
    ----------
    actual, forecast
        (..., horizon).
    history
        Observed values before the origin, (n,) or (..., n), oldest first.
    season
        Steps in a season; 1 for the plain naive forecast.
    axis
        Axes to average over.

    Returns
    -------
    Array
        NaN where the history has no naive error to scale with (too short, or flat).
    """
    actual = floats(actual)
    errors = np.abs(floats(forecast) - actual) / naive_scale(history, season)[..., None]
    return _mean_observed(errors, np.broadcast_to(~np.isnan(actual), errors.shape), axis)


def pinball(actual: ArrayLike, quantiles: ArrayLike, levels: Sequence[float], *, axis: Axis = None) -> Array:
    """Pinball (quantile) loss: ``level`` times the shortfall, ``1 - level`` times the excess.

    Koenker & Bassett (1978), "Regression quantiles", Econometrica 46.

    Parameters
    ----------
    actual
        (..., horizon).
    quantiles
        (..., levels, horizon).
    levels
        The quantiles' levels, each between 0 and 1.
    axis
        Axes of the (..., levels, horizon) losses to average over.
    """
    actual = floats(actual)[..., None, :]
    level = floats(levels)[:, None]
    short = actual - floats(quantiles)
    loss = np.maximum(level * short, (level - 1) * short)
    return _mean_observed(loss, ~np.isnan(actual), axis)


def crps(paths: ArrayLike, actual: ArrayLike, *, fair: bool = False, axis: Axis = None) -> Array:
    """Continuous ranked probability score of samples, in the target's unit; of one path it is the absolute error.

    The energy form ``E|X - y| - E|X - X'| / 2`` (Gneiting & Raftery 2007, JASA 102, eq. 21). The second expectation is
    taken over all pairs of samples by sorting, in O(n log n).

    Parameters
    ----------
    paths
        (..., paths, horizon).
    actual
        (..., horizon).
    fair
        Leave a sample out of the pairs with itself: unbiased for the distribution that the samples come from, so
        that 50 and 500 paths are scored alike (Ferro 2014, Q. J. R. Meteorol. Soc. 140). Needs two paths.
    axis
        Axes of the (..., horizon) scores to average over.
    """
    actual = floats(actual)
    # Centred on the actual value, so that the differences of large, close numbers keep their digits.
    errors = np.sort(floats(paths) - np.nan_to_num(actual)[..., None, :], axis=-2)
    count = errors.shape[-2]
    rank = (2 * np.arange(1, count + 1) - count - 1)[:, None]
    pairs = count * (count - 1) if fair and count > 1 else count**2
    spread = (rank * errors).sum(axis=-2) / pairs
    return _mean_observed(np.abs(errors).mean(axis=-2) - spread, ~np.isnan(actual), axis)


def inside(lower: ArrayLike, upper: ArrayLike, actual: ArrayLike) -> Array:
    """Return 1.0 where the actual value lies in the band or on its edge, 0.0 where not, NaN where none was observed."""
    actual = floats(actual)
    in_band = (floats(lower) <= actual) & (actual <= floats(upper))
    return np.where(np.isnan(actual), np.nan, in_band.astype(np.float64))


def coverage(lower: ArrayLike, upper: ArrayLike, actual: ArrayLike, *, axis: Axis = None) -> Array:
    """Share of the observed values that lie in the band; ``axis=0`` averages over origins, for a share per step."""
    inside_band = inside(lower, upper, actual)
    return _mean_observed(inside_band, ~np.isnan(inside_band), axis)


def joint_coverage(lower: ArrayLike, upper: ArrayLike, actual: ArrayLike) -> float:
    """Share of origins whose whole path stayed in the band; an origin with an unobserved step is left out."""
    return share_of_whole_paths(inside(lower, upper, actual))


def share_of_whole_paths(inside_band: Array) -> float:
    """Compute the share of origins whose every step was inside, of those with all steps observed."""
    complete = ~np.isnan(inside_band).any(axis=-1)
    return float(_mean_observed((inside_band == 1).all(axis=-1).astype(np.float64), complete, None))


def interval_score(lower: ArrayLike, upper: ArrayLike, actual: ArrayLike, interval: float) -> Array:
    """Compute the width of a band, and 2/α times as much as a value lies outside it; α is the share left outside.

    Gneiting & Raftery (2007), J. Am. Stat. Assoc. 102: no band scores lower on average than the true quantiles, so
    that one number weighs width against misses.

    Parameters
    ----------
    lower, upper, actual
        Of shapes that broadcast.
    interval
        Nominal coverage, in percent.

    Examples
    --------
    >>> interval_score([0.0, 0.0], [1.0, 1.0], [0.5, 1.2], 90).round(6).tolist()
    [1.0, 5.0]
    """
    low, high, y = floats(lower), floats(upper), floats(actual)
    outside = np.maximum(low - y, 0.0) + np.maximum(y - high, 0.0)
    return np.asarray(high - low + outside / tail_of(interval))


def width(lower: ArrayLike, upper: ArrayLike, *, axis: Axis = None) -> Array:
    """Mean width of the band, in the target's unit."""
    return floats(np.mean(floats(upper) - floats(lower), axis=axis))
