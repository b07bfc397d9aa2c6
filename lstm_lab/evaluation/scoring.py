"""Forecasts from many origins, scored against the observed values: one table for networks and baselines alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np
import pandas as pd

from lstm_lab.errors import ForecastError
from lstm_lab.forecasting import metrics
from lstm_lab.forecasting.correction import describe_weights
from lstm_lab.forecasting.coverage import Coverage
from lstm_lab.forecasting.floor import at_least, floor_details
from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.forecasting.metrics import tail_of
from lstm_lab.formatting import moment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lstm_lab.evaluation.evaluation_set import EvaluationSet
    from lstm_lab.forecasting.correction import Correction
    from lstm_lab.forecasting.forecast import Kind

    Array = NDArray[np.float64]

__all__ = ["COLUMNS", "Difference", "Forecasts", "difference", "difference_by_series", "score", "uncombined_name"]

COLUMNS = (
    "mae",
    "rmse",
    "mase",
    "pinball",
    "crps",
    "coverage",
    "coverage_low",
    "coverage_high",
    "joint_coverage",
    "width",
)
"""Names of the scores that `score` computes."""


@dataclass(frozen=True, eq=False, repr=False)
class Forecasts(Sequence[Forecast]):
    """One model's forecasts, an item an origin; a `Forecast` is built when it is indexed.

    Attributes
    ----------
    name
        The model.
    raw
        (origins, paths, horizon) as drawn, in the target's unit.
    evaluated
        What they are judged on.
    uncalibrated
        What makes the raw paths differ, in words.
    corrections
        (origins,) how each origin's paths are set right, by earlier origins alone. Origins may share one.
    naive
        (naive, origins, horizon) the naive forecasts that the medians lean on; none where they lean on none.
    seconds
        Time that calibrating and drawing took, summed over processes.
    floor
        Least value of a path.
    """

    name: str
    raw: Array
    evaluated: EvaluationSet
    uncalibrated: Kind
    corrections: tuple[Correction, ...]
    naive: Array
    seconds: float = float("nan")
    floor: float | None = None
    details: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.raw)

    @overload
    def __getitem__(self, origin: int) -> Forecast: ...
    @overload
    def __getitem__(self, origin: slice) -> list[Forecast]: ...
    def __getitem__(self, origin: Any) -> Any:
        """Return the forecast of an origin by number; the newest is -1."""
        if isinstance(origin, slice):
            return [self[number] for number in range(len(self))[origin]]
        number = range(len(self))[origin]
        correction = self.corrections[number]
        calibration, median = correction.calibration, correction.describe()
        row = int(self.evaluated.rows[number])
        reach = max(240, 4 * self.evaluated.horizon)
        forecast = Forecast(
            paths=self._corrected(range(number, number + 1))[0],
            index=self.evaluated.series.index[row : row + self.evaluated.horizon],
            history=self.evaluated.series.iloc[max(0, row - reach) : row],
            target=str(self.evaluated.series.name),
            kind=self.uncalibrated if calibration is None else "calibrated",
            interval=self.evaluated.interval,
            coverage=None if calibration is None else calibration.coverage(self.evaluated.interval),
            details={"model": self.name, **({} if median is None else {"median": median}), **self.details},
        )
        notes = floor_details(forecast, self.floor, float(self.evaluated.series.iloc[:row].min()), None)
        return replace(forecast, details={**forecast.details, **notes})

    def at(self, time: Any) -> Forecast:
        """Return the forecast whose last known row is at a time.

        Raises
        ------
        ForecastError
            No forecast started there.
        """
        origins = self.evaluated.origins
        positions = np.flatnonzero(origins == (pd.Timestamp(time) if isinstance(time, str) else time))
        if len(positions) == 0:
            near = origins[max(0, int(origins.searchsorted(time)) - 1)]
            raise ForecastError(f"no forecast started at {time}; one did at {moment(near)}, see .origins")
        return self[int(positions[0])]

    @property
    def kind(self) -> Kind:
        """What the band is: calibrated only if it is at every origin."""
        return (
            self.uncalibrated
            if any(correction.calibration is None for correction in self.corrections)
            else "calibrated"
        )

    @property
    def leaning(self) -> str | None:
        """What the medians are mixtures of, averaged over the origins; None where they are the model's own."""
        return describe_weights(
            np.mean([correction.weights for correction in self.corrections], axis=0), own=uncombined_name(self.name)
        )

    @property
    def paths(self) -> Array:
        """(origins, paths, horizon), corrected anew at each call: they take as much memory as `raw`."""
        return self._corrected(range(len(self)))

    def _corrected(self, numbers: range) -> Array:
        tail = tail_of(self.evaluated.interval)
        levels = (tail, 0.5, 1 - tail)
        corrected = np.stack(
            [self.corrections[origin].adjust(self.raw[origin], self.naive[:, origin], levels) for origin in numbers]
        )
        for calibration in [self.corrections[origin].calibration for origin in numbers]:
            if calibration is not None:
                calibration.release_knots()
        return at_least(corrected, self.floor)

    @cached_property
    def _measured(self) -> tuple[Array, Array]:
        """The band and the CRPS, both from paths that are corrected once."""
        paths, tail = self.paths, tail_of(self.evaluated.interval)
        band = np.asarray(np.quantile(paths, [tail, 0.5, 1 - tail], axis=1))
        return band, metrics.crps(paths, self.evaluated.actual, axis=())

    @property
    def band(self) -> Array:
        """Lower edge, median and upper edge, (3, origins, horizon)."""
        return self._measured[0]

    @property
    def errors(self) -> Array:
        """Absolute error of the median, (origins, horizon)."""
        return np.asarray(np.abs(self.band[1] - self.evaluated.actual))

    @property
    def crps(self) -> Array:
        """CRPS, (origins, horizon)."""
        return self._measured[1]

    @cached_property
    def covered(self) -> Array:
        """1.0 where the observed value lies inside the band, (origins, horizon)."""
        return metrics.inside(self.band[0], self.band[2], self.evaluated.actual)

    @cached_property
    def interval_scores(self) -> Array:
        """Interval score of the band, (origins, horizon)."""
        lower, _, upper = self.band
        return metrics.interval_score(lower, upper, self.evaluated.actual, self.evaluated.interval)

    def without_calibration(self) -> Forecasts:
        """Return the same forecasts with the uncalibrated spread."""
        return replace(
            self, corrections=tuple(replace(correction, calibration=None) for correction in self.corrections)
        )

    def by_step(self) -> pd.DataFrame:
        """Tabulate mae, crps, coverage and width at each step ahead, from 1."""
        lower, _, upper = self.band
        columns = {
            "mae": self.errors.mean(axis=0),
            "crps": self.crps.mean(axis=0),
            "coverage": self.covered.mean(axis=0),
            "width": (upper - lower).mean(axis=0),
        }
        return pd.DataFrame(columns, index=pd.RangeIndex(1, self.evaluated.horizon + 1, name="step"))


def score(forecasts: Forecasts) -> dict[str, float]:
    """Compute the scores of one model, named by `COLUMNS`.

    Point errors are the median's; pinball is the mean over the band's edges and the median; the interval of the
    coverage allows for steps and overlapping origins that share their fate (`coverage.effective_trials`).
    """
    evaluated, actual = forecasts.evaluated, forecasts.evaluated.actual
    lower, median, upper = forecasts.band
    tail = tail_of(evaluated.interval)
    quantiles = np.stack([lower, median, upper], axis=1)
    coverage = Coverage.measure(forecasts.covered, evaluated.interval, overlap=evaluated.overlap)
    mae = float(metrics.mae(actual, median))
    values = (
        mae,
        float(metrics.rmse(actual, median)),
        mae / evaluated.scale,
        float(metrics.pinball(actual, quantiles, (tail, 0.5, 1 - tail))),
        float(forecasts.crps.mean()),
        coverage.share,
        coverage.low,
        coverage.high,
        coverage.joint,
        float(metrics.width(lower, upper)),
    )
    return dict(zip(COLUMNS, values, strict=True))


def uncombined_name(name: str) -> str:
    """Return the name of a run's forecasts without the naive ones in their median."""
    return f"{name} alone"


class Difference(NamedTuple):
    """Mean difference between two models' errors over the origins, and its standard error."""

    mean: float
    error: float

    @property
    def clear(self) -> bool:
        """Whether it is more than two standard errors from none."""
        return bool(abs(self.mean) > 2 * self.error)


def difference(errors: Array, reference: Array, overlap: int) -> Difference:
    """Compare two models origin by origin: `errors` minus `reference`, each (origins, horizon).

    Diebold & Mariano (1995), J. Bus. Econ. Stat. 13: the mean over each origin's steps, and a Newey-West variance with
    Bartlett weights over the origins that overlap.
    """
    gaps = (errors - reference).mean(axis=1)
    count = len(gaps)
    if count < 2:
        return Difference(float(gaps.mean()), float("inf"))
    centred = gaps - gaps.mean()
    reach = min(overlap, count // 3)
    spread = float(centred @ centred)
    for lag in range(1, reach + 1):
        spread += 2 * (1 - lag / (reach + 1)) * float(centred[lag:] @ centred[:-lag])
    return Difference(float(gaps.mean()), math.sqrt(max(spread, 0.0) / (count - 1) / count))


def difference_by_series(errors: Array, reference: Array) -> Difference:
    """Compare two models series by series: `errors` minus `reference`, each (series,), NaN where one is not judged.

    Series are the clusters: the origins of one share its fate, and count as one.

    Examples
    --------
    >>> difference_by_series(np.array([2.0, 4.0, np.nan]), np.array([1.0, 1.0, 1.0]))
    Difference(mean=2.0, error=1.0)
    """
    gaps = errors - reference
    gaps = gaps[np.isfinite(gaps)]
    error = float(gaps.std(ddof=1) / math.sqrt(len(gaps))) if len(gaps) > 1 else math.inf
    return Difference(float(gaps.mean()), error)
