"""The correction of a panel's paths: each median mixed with the naive forecasts, each spread calibrated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from lstm_lab.forecasting.calibration_scores import centre_and_spread, least_spread, origins_for
from lstm_lab.forecasting.correction import describe_weights
from lstm_lab.forecasting.coverage import Coverage
from lstm_lab.forecasting.metrics import tail_of
from lstm_lab.forecasting.panel_calibration import (
    PanelCalibration,
    SeriesCoverage,
    inside_bands,
    off_by_more_than_chance,
)
from lstm_lab.forecasting.panel_forecast import TotalCalibration
from lstm_lab.forecasting.panel_past import mixed_series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lstm_lab.forecasting.panel_past import PanelPast

    Array = NDArray[np.float64]

__all__ = ["PanelCorrection", "calibrate_total"]

JUDGED: Final = 4
"""Earlier sums below which their coverage is not stated."""


@dataclass(frozen=True, eq=False)
class PanelCorrection:
    """Weights and calibration of every series of a panel."""

    weights: Array
    """(series, naive) how much of each naive forecast is in the median."""
    shared_weights: Array
    """(naive,) of a series without a past."""
    calibration: PanelCalibration | None
    """None where there are too few origins, or it was not asked for."""
    inside: Array | None = None
    """(series, slots, horizon) whether earlier steps lay in a band that they had no part in; NaN without an origin."""
    coverage: SeriesCoverage | None = None
    """Measured over all series of the run."""
    total: TotalCalibration | None = None
    sums: tuple[SeriesCoverage, ...] = ()
    """Coverage of sums over 1, 2, ... steps of a series; empty where it was not measured."""
    off: NDArray[np.bool_] | None = None
    """(series,) whether the coverage of a series is off the nominal one by more than chance, among all of the run."""

    @classmethod
    def of(cls, past: PanelPast, interval: float, *, calibrate: bool) -> Self:
        """Correct by earlier forecasts; `interval` says how many of them a calibration needs."""
        weights, shared = past.weights()
        if not calibrate or len(past) < origins_for(interval):
            return cls(weights, shared, None)
        inside = inside_bands(past, interval)
        coverage = None if inside is None else SeriesCoverage.of_origins(inside, interval)
        off = None
        if inside is not None:
            off = off_by_more_than_chance(inside, interval, past.origins.overlap(past.horizon))
        return cls(weights, shared, PanelCalibration.of(past), inside, coverage, off=off)

    def taken(self, numbers: NDArray[np.int64]) -> Self:
        """Return the correction of some series, by their numbers; -1 for a series without a past."""
        weights = np.where((numbers < 0)[:, None], self.shared_weights, self.weights[numbers])
        calibration = None if self.calibration is None else self.calibration.taken(numbers)
        inside = None if self.inside is None else np.where((numbers < 0)[:, None, None], np.nan, self.inside[numbers])
        off = None if self.off is None else np.where(numbers < 0, False, self.off[numbers])
        return replace(self, weights=weights, calibration=calibration, inside=inside, off=off)

    def adjust(self, paths: Array, naive: Array, interval: float) -> Array:
        """Correct paths, (series, paths, horizon), with naive forecasts, (naive, series, horizon)."""
        if self.weights.any():
            centre = np.median(paths, axis=1)
            paths = paths + (mixed_series(centre, naive, self.weights) - centre)[:, None]
        if self.calibration is None:
            return paths
        tail = tail_of(interval)
        return self.calibration.adjust(paths, (tail, 0.5, 1 - tail))

    def coverage_by_series(self) -> Array | None:
        """Compute the share of each series' steps that lay in the band, (series,), NaN without an origin."""
        if self.inside is None:
            return None
        known = ~np.isnan(self.inside)
        count = known.sum(axis=(1, 2))
        hits = np.where(known, self.inside, 0.0).sum(axis=(1, 2))
        return np.asarray(np.where(count > 0, hits / np.maximum(count, 1), np.nan))

    def describe(self, number: int) -> dict[str, str]:
        """Describe the mixture that a series' median is; nothing where it is the network's own."""
        mixture = describe_weights(self.weights[number])
        return (
            {}
            if mixture is None
            else {"median": f"{mixture}, weighed by their errors at its own origins and the panel's"}
        )


def calibrate_total(paths: Array, actual: Array, interval: float, overlap: int) -> TotalCalibration | None:
    """Calibrate sums over series by earlier ones.

    Parameters
    ----------
    paths
        (slots, paths, horizon) sums of corrected paths from earlier origins.
    actual
        (slots, horizon) what they became.
    interval
        Nominal coverage, in percent.
    overlap
        Following slots whose horizon still touches that of a slot.
    """
    if len(actual) == 0:
        return None
    centre, spread = centre_and_spread(paths)
    scores = (actual - centre) / np.maximum(spread, least_spread(spread))
    low, high = np.quantile(paths, [tail_of(interval), 1 - tail_of(interval)], axis=1)
    slot = np.arange(len(scores))
    inside = np.full(actual.shape, np.nan)
    for number in slot:
        rest = scores[np.abs(slot - number) > overlap]
        if len(rest) > 0:
            stretch = _stretch(rest, overlap)
            below, above = (centre[number] + stretch * (edge[number] - centre[number]) for edge in (low, high))
            inside[number] = (below <= actual[number]) & (actual[number] <= above)
    judged = int((~np.isnan(inside[:, 0])).sum())
    coverage = Coverage.measure(inside, interval, overlap=overlap) if judged >= JUDGED else None
    return TotalCalibration(_stretch(scores, overlap), coverage, len(scores))


def _stretch(scores: Array, overlap: int) -> float:
    """Compute the root mean square of scores, (slots, horizon), with one score of 1 beside each that shares no step."""
    independent = 1 + (len(scores) - 1) / (1 + overlap)
    return float(np.sqrt((independent * np.mean(scores**2) + 1) / (independent + 1)))
