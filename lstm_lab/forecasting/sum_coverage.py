"""Coverage of sums over steps, measured at earlier origins by bands that their own outcomes had no part in."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from lstm_lab.forecasting.calibration_scores import origins_for
from lstm_lab.forecasting.metrics import tail_of
from lstm_lab.forecasting.panel_calibration import BLOCKS, PanelCalibration, SeriesCoverage, time_blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lstm_lab.forecasting.panel_past import PanelPast

    Array = NDArray[np.float64]

__all__ = ["sum_coverages"]

VALUES: Final = 20_000_000
"""Values of corrected paths that are sorted for all lengths together, at most: some tenths of a second."""
MOST: Final = 2_000
"""Origins that sums are judged at, at most."""


class _Fold(NamedTuple):
    """Origins to judge, and those that their band is calibrated on, each (series, slots)."""

    judged: NDArray[np.bool_]
    rest: NDArray[np.bool_]


def sum_coverages(past: PanelPast, paths: NDArray[np.float32], interval: float) -> tuple[SeriesCoverage, ...]:
    """Measure the coverage of bands of sums over 1, 2, ... steps, up to the horizon, from joint paths.

    The paths from an earlier origin are calibrated on other times, or on other series where the horizons of the origins
    overlap too much for that. The horizon is divided into as many whole stretches of so many steps as it has.

    Parameters
    ----------
    past
        Earlier forecasts of all series.
    paths
        (origins, paths, horizon) theirs as drawn, series by series and slot by slot.
    interval
        Nominal coverage, in percent.

    Returns
    -------
    tuple of SeriesCoverage
        By the number of steps, from 1 on; empty where too few origins are left to calibrate with.
    """
    folds = _folds(past, interval)
    if not folds:
        return ()
    series, slots = np.nonzero(past.origins.rows >= 0)
    size = paths.shape[1] * past.horizon * (1 + math.log(past.horizon))
    count = min(len(series), MOST, max(1, int(VALUES / size)))
    chosen = np.unique(np.linspace(0, len(series) - 1, count).astype(int))
    series, slots, paths = series[chosen], slots[chosen], paths[chosen]
    adjusted = np.full(paths.shape, np.nan)
    for fold in folds:
        own = fold.judged[series, slots]
        calibration = PanelCalibration.of(replace(past, actual=np.where(fold.rest[..., None], past.actual, np.nan)))
        adjusted[own] = calibration.corrected(past, paths[own], series[own], slots[own], interval)
    actual = past.actual[series, slots]
    lengths = range(1, past.horizon + 1)
    return tuple(_coverage(_summed(adjusted, n), _summed(actual, n), series, slots, interval) for n in lengths)


def _folds(past: PanelPast, interval: float) -> list[_Fold]:
    """Divide the origins into blocks of time, or else of series; none where a rest is too small to calibrate on."""
    known = past.origins.rows >= 0
    slot, overlap = np.arange(known.shape[1]), past.origins.overlap(past.horizon)
    by_time = [
        _Fold(known & (first <= slot) & (slot < last), known & ((slot < first - overlap) | (slot >= last + overlap)))
        for first, last in time_blocks(len(slot))
    ]
    block = np.arange(len(known))[:, None] % BLOCKS
    by_series = [_Fold(known & (block == number), known & (block != number)) for number in range(BLOCKS)]
    for folds in (by_time, by_series):
        needed = [fold for fold in folds if fold.judged.any()]
        if needed and all(fold.rest.sum() >= origins_for(interval) for fold in needed):
            return needed
    return []


def _summed(values: Array, steps: int) -> Array:
    """Sum the last axis over stretches of so many steps; a last stretch that is shorter is left out."""
    whole = values.shape[-1] // steps * steps
    return np.asarray(values[..., :whole].reshape(*values.shape[:-1], -1, steps).sum(axis=-1))


def _coverage(
    sums: Array, actual: Array, series: NDArray[np.int64], slots: NDArray[np.int64], interval: float
) -> SeriesCoverage:
    """Measure how often sums, (origins, stretches), lay in the band of theirs, (origins, paths, stretches)."""
    low, high = np.quantile(sums, [tail_of(interval), 1 - tail_of(interval)], axis=1)
    _, row = np.unique(series, return_inverse=True)
    inside = np.full((row.max() + 1, slots.max() + 1, actual.shape[-1]), np.nan)
    inside[row, slots] = (low <= actual) & (actual <= high)
    return SeriesCoverage.of_origins(inside, interval)
