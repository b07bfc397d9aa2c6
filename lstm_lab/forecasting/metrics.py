"""Forecast accuracy: errors of point forecasts, scores of whole distributions, and the coverage of bands.

Shapes are those of the package: actual values and quantiles are ``(..., horizon)``, simulated paths ``(..., paths,
horizon)``; leading axes (origins, series) broadcast. Every score is averaged over `axis`, by default over everything.

NaN has one meaning. An actual value of NaN was not observed and is left out of the average (NaN when nothing is left).
A *forecast* of NaN where the actual value is known makes a score NaN and a hit a miss: a model that forecasts nothing
is not rewarded for it.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np

from lstm_lab.errors import ForecastError
from lstm_lab.formatting import percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    Array: TypeAlias = NDArray[np.float64]

__all__ = [
    "Coverage",
    "binomial_interval",
    "coverage",
    "crps",
    "effective_trials",
    "inside",
    "joint_coverage",
    "mae",
    "mase",
    "naive_scale",
    "pinball",
    "rmse",
    "tail_of",
    "width",
]

Axis: TypeAlias = int | tuple[int, ...] | None


def tail_of(interval: float) -> float:
    """Compute the share of the values that lies beyond each edge of a band: 0.05 at 90 %."""
    return (100 - interval) / 200


def _floats(values: ArrayLike) -> Array:
    return np.asarray(values, dtype=np.float64)


def _mean_observed(scores: Array, observed: ArrayLike, axis: Axis) -> Array:
    """Average the scores whose actual value was observed; NaN where there is none."""
    observed = np.broadcast_to(np.asarray(observed, dtype=np.bool_), scores.shape)
    count = observed.sum(axis=axis)
    total = np.where(observed, scores, 0.0).sum(axis=axis)
    return _floats(np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0))


def mae(actual: ArrayLike, forecast: ArrayLike, *, axis: Axis = None) -> Array:
    """Mean absolute error; the best point forecast for it is the median."""
    actual = _floats(actual)
    return _mean_observed(np.abs(_floats(forecast) - actual), ~np.isnan(actual), axis)


def rmse(actual: ArrayLike, forecast: ArrayLike, *, axis: Axis = None) -> Array:
    """Root of the mean squared error; the best point forecast for it is the mean."""
    actual = _floats(actual)
    return np.sqrt(_mean_observed((_floats(forecast) - actual) ** 2, ~np.isnan(actual), axis))


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
    history = _floats(history)
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
    actual = _floats(actual)
    errors = np.abs(_floats(forecast) - actual) / naive_scale(history, season)[..., None]
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
    actual = _floats(actual)[..., None, :]
    level = _floats(levels)[:, None]
    short = actual - _floats(quantiles)
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
    actual = _floats(actual)
    # Centred on the actual value, so that the differences of large, close numbers keep their digits.
    errors = np.sort(_floats(paths) - np.nan_to_num(actual)[..., None, :], axis=-2)
    count = errors.shape[-2]
    rank = (2 * np.arange(1, count + 1) - count - 1)[:, None]
    pairs = count * (count - 1) if fair and count > 1 else count**2
    spread = (rank * errors).sum(axis=-2) / pairs
    return _mean_observed(np.abs(errors).mean(axis=-2) - spread, ~np.isnan(actual), axis)


def inside(lower: ArrayLike, upper: ArrayLike, actual: ArrayLike) -> Array:
    """Return 1.0 where the actual value lies in the band or on its edge, 0.0 where not, NaN where none was observed."""
    actual = _floats(actual)
    in_band = (_floats(lower) <= actual) & (actual <= _floats(upper))
    return np.where(np.isnan(actual), np.nan, in_band.astype(np.float64))


def coverage(lower: ArrayLike, upper: ArrayLike, actual: ArrayLike, *, axis: Axis = None) -> Array:
    """Share of the observed values that lie in the band; ``axis=0`` averages over origins, for a share per step."""
    inside_band = inside(lower, upper, actual)
    return _mean_observed(inside_band, ~np.isnan(inside_band), axis)


def joint_coverage(lower: ArrayLike, upper: ArrayLike, actual: ArrayLike) -> float:
    """Share of origins whose whole path stayed in the band; an origin with an unobserved step is left out."""
    return _joint(inside(lower, upper, actual))


def _joint(inside_band: Array) -> float:
    complete = ~np.isnan(inside_band).any(axis=-1)
    return float(_mean_observed((inside_band == 1).all(axis=-1).astype(np.float64), complete, None))


def width(lower: ArrayLike, upper: ArrayLike, *, axis: Axis = None) -> Array:
    """Mean width of the band, in the target's unit."""
    return _floats(np.mean(_floats(upper) - _floats(lower), axis=axis))


def binomial_interval(hits: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share.

    Wilson (1927), JASA 22; recommended for small n by Brown, Cai & DasGupta (2001), Statistical Science 16.

    Parameters
    ----------
    hits
        Successes; need not be whole, see `effective_trials`.
    n
        Independent trials; of none nothing is known, and the interval is (0, 1).
    confidence
        Chance that such an interval holds the true share.

    Returns
    -------
    tuple of float
        The lower and upper end.

    Examples
    --------
    >>> low, high = binomial_interval(54, 60)
    >>> round(low, 3), round(high, 3)
    (0.799, 0.953)
    """
    if not 0 <= hits <= n:
        raise ForecastError(f"hits must lie between 0 and n={n}, got {hits}; count each trial once")
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = hits / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def effective_trials(inside_band: ArrayLike, *, overlap: int = 0) -> float:
    """Count the independent trials that a table of hits and misses is worth.

    The steps of one path share their fate, and rolling origins nearer to each other than the horizon share steps, so
    ``origins * horizon`` hits say far less than as many coin flips. The variance of the mean is therefore estimated
    with each origin as one cluster and Bartlett weights over neighbouring origins (Newey & West 1987, Econometrica
    55), and turned into the number of independent trials with that variance, as survey statistics do (Korn & Graubard
    1998, Survey Methodology 24).

    Parameters
    ----------
    inside_band
        (origins, horizon): 1 a hit, 0 a miss, NaN unobserved; origins in order of time.
    overlap
        Following origins whose horizon still touches this one's: ``ceil(horizon / stride) - 1``.

    Returns
    -------
    float
        At least 1 and at most the number of observed steps. Where all hit or all missed, the hits themselves hold no
        variance to estimate, and only origins that do not overlap are counted.
    """
    inside_band = np.atleast_2d(_floats(inside_band))
    observed = ~np.isnan(inside_band)
    total, origins = int(observed.sum()), int(observed.any(axis=1).sum())
    if total == 0:
        return 0.0
    share = float(np.nansum(inside_band) / total)
    if share in {0.0, 1.0} or origins == 1:
        return max(1.0, origins / (1 + overlap))
    excess = np.where(observed, inside_band - share, 0.0).sum(axis=1)
    reach = min(max(overlap, int(4 * (origins / 100) ** (2 / 9))), origins // 3)
    spread = float(excess @ excess)
    for lag in range(1, reach + 1):
        spread += 2 * (1 - lag / (reach + 1)) * float(excess[lag:] @ excess[:-lag])
    variance = max(spread, 0.0) * origins / (origins - 1) / total**2
    if variance == 0:
        return float(total)
    return min(float(total), max(1.0, share * (1 - share) / variance))


@dataclass(frozen=True, slots=True)
class Coverage:
    """Measured coverage of a band."""

    nominal: float
    """Coverage that the band was made for, in percent."""
    share: float
    """Share of the observed steps that lay in the band."""
    low: float
    high: float
    """The 95 % Wilson interval of `share`, over `effective` trials rather than all `n`."""
    hits: int
    n: int
    """Observed steps, over all origins."""
    origins: int
    effective: float
    """Independent trials that the `n` steps are worth: see `effective_trials`."""
    joint: float
    """Share of origins whose whole path lay in the band; lower than `share`, and not what `nominal` refers to."""

    @classmethod
    def measure(cls, inside_band: ArrayLike, nominal: float, *, overlap: int = 0) -> Self:
        """Measure coverage from hits and misses.

        Parameters
        ----------
        inside_band
            (origins, horizon) as `inside` gives it; a single origin may be (horizon,).
        nominal
            Coverage that the band was made for, in percent.
        overlap
            See `effective_trials`.

        Raises
        ------
        ForecastError
            No step was observed.
        """
        table = np.atleast_2d(_floats(inside_band))
        observed = ~np.isnan(table)
        n, hits = int(observed.sum()), int(np.nansum(table))
        if n == 0:
            raise ForecastError("coverage needs at least one observed value, got none; pass later actual values")
        effective = effective_trials(table, overlap=overlap)
        low, high = binomial_interval(hits / n * effective, effective)
        origins = int(observed.any(axis=1).sum())
        return cls(nominal, hits / n, low, high, hits, n, origins, effective, _joint(table))

    def __str__(self) -> str:
        """Write the share, its interval and the number of origins.

        >>> str(Coverage(90.0, 0.912, 0.86, 0.953, 1642, 1800, 60, 140.0, 0.55))
        '91 % (86–95 %) over 60 origins'
        """
        interval = f"{percent(self.low).removesuffix(' %')}–{percent(self.high)}"
        return f"{percent(self.share)} ({interval}) over {self.origins} origin{'s' if self.origins > 1 else ''}"

    def to_dict(self) -> dict[str, float | None]:
        """Return plain numbers for JSON; NaN, which JSON lacks, becomes None."""
        return {name: None if math.isnan(value) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Restore a coverage from the output of `to_dict`."""
        known: dict[str, Any] = {name: math.nan if value is None else value for name, value in values.items()}
        return cls(**known)
