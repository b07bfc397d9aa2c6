"""Metrics of published tables, and the naive forecasts that reproduce their first rows."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from lstm_lab.forecasting.metrics import naive_scale, pinball

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lstm_lab.evaluation.benchmark_data import BenchmarkData

    Array = NDArray[np.float64]

__all__ = ["LEVELS", "naive2", "normal_quantiles", "overall_weighted_average", "scores", "seasonal_naive"]

LEVELS: Final = (0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975)
"""Quantiles that every forecast gives: the 95 % band of M4, and the nine deciles of fev-bench and GluonTS."""
_DECILES: Final = slice(1, -1)


def scores(data: BenchmarkData, quantiles: Array) -> dict[str, float]:
    """Compute the metrics of the published tables.

    MASE, MSIS, sMAPE and ND follow Makridakis, Spiliotis & Assimakopoulos (2020), "The M4 Competition", Int. J.
    Forecasting 36; SQL and wQL are twice the pinball loss over nine deciles, scaled by the series' seasonal error
    and by the sum of the absolute values. All are means over origins, series and steps; ND and wQL are ratios of sums.

    Parameters
    ----------
    data
        The series and what happened.
    quantiles
        (windows, series, levels, horizon) forecasts at `LEVELS`; the median is the point forecast.

    Returns
    -------
    dict
        ``sMAPE`` (percent), ``MASE``, ``MSIS``, ``SQL``, ``ND``, ``wQL``, and ``coverage`` of the 95 % band.
    """
    actual = data.actual
    scale = np.array([[naive_scale(past, data.protocol.season) for past in data.past(w)] for w in range(len(actual))])
    scale = scale[..., None]
    median, lower, upper = (quantiles[:, :, LEVELS.index(level)] for level in (0.5, LEVELS[0], LEVELS[-1]))
    error, size = np.abs(actual - median), np.abs(actual) + np.abs(median)
    alpha = 2 * LEVELS[0]
    beyond = np.maximum(lower - actual, 0) + np.maximum(actual - upper, 0)
    losses = [
        2 * pinball(actual, quantiles[:, :, [k]], [LEVELS[k]], axis=(-2,))
        for k in range(*_DECILES.indices(len(LEVELS)))
    ]
    loss = np.mean(losses, axis=0)
    return {
        "sMAPE": float(200 * np.mean(np.divide(error, size, out=np.zeros_like(error), where=size > 0))),
        "MASE": float(np.nanmean(error / scale)),
        "MSIS": float(np.nanmean((upper - lower + 2 / alpha * beyond) / scale)),
        "SQL": float(np.nanmean(loss / scale)),
        "ND": float(error.sum() / np.abs(actual).sum()),
        "wQL": float(loss.sum() / np.abs(actual).sum()),
        "coverage": float(np.mean((lower <= actual) & (actual <= upper))),
    }


def overall_weighted_average(own: Mapping[str, float], reference: Mapping[str, float]) -> float:
    """Compute M4's OWA: the mean of sMAPE and MASE, each as a multiple of that of Naive2."""
    return (own["sMAPE"] / reference["sMAPE"] + own["MASE"] / reference["MASE"]) / 2


def seasonal_naive(past: Array, horizon: int, season: int) -> Array:
    """Repeat the last season; ``season=1`` repeats the last value."""
    return np.resize(past[-season:], horizon)


def normal_quantiles(past: Array, point: Array, season: int) -> Array:
    """Compute normal quantiles around a (seasonal) naive forecast, (levels, horizon).

    The variance grows by one of the seasonal differences' in each season ahead (Hyndman & Athanasopoulos, "Forecasting:
    principles and practice", section 5.5).
    """
    deviation = float(np.sqrt(np.mean((past[season:] - past[:-season]) ** 2)))
    seasons_ahead = np.arange(len(point)) // season + 1
    z = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
    return np.asarray(point + z[:, None] * deviation * np.sqrt(seasons_ahead))


def naive2(past: Array, horizon: int, season: int) -> Array:
    """Forecast the last value of the seasonally adjusted series, times its season: M4's reference.

    The adjustment is the classical multiplicative one, made only where the autocorrelation at the season differs from
    zero at the 90 % level (M4's ``Benchmarks and Evaluation.R``).
    """
    if not _is_seasonal(past, season):
        return np.full(horizon, past[-1])
    index = _seasonal_index(past, season)
    ahead = np.resize(np.roll(index, -(len(past) % season)), horizon)
    return np.asarray(past[-1] / index[(len(past) - 1) % season] * ahead)


def _is_seasonal(past: Array, season: int) -> bool:
    if season < 2 or len(past) < 3 * season:
        return False
    centred = past - past.mean()
    power = np.dot(centred, centred)
    if power == 0:
        return False
    lags = np.array([np.dot(centred[lag:], centred[:-lag]) for lag in range(1, season + 1)]) / power
    limit = 1.645 * np.sqrt((1 + 2 * np.sum(lags[:-1] ** 2)) / len(past))
    return bool(abs(lags[-1]) > limit)


def _seasonal_index(past: Array, season: int) -> Array:
    """(season,) mean ratio to the centred moving average, by position in the season; their mean is 1."""
    weights = np.ones(season) / season
    if season % 2 == 0:
        weights = np.concatenate([[0.5], np.ones(season - 1), [0.5]]) / season
    half = len(weights) // 2
    trend = np.full(len(past), np.nan)
    trend[half : len(past) - half] = np.convolve(past, weights, "valid")
    ratio = past / trend
    index = np.array([np.nanmean(ratio[position::season]) for position in range(season)])
    return np.asarray(index / index.mean())
