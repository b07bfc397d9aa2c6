"""Corrections that are updated as a series goes on: new outcomes join, old ones drop out, miss rates are steered."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.data.windows.cuts import CALIBRATION_MEMORY
from lstm_lab.forecasting.adaptive import AdaptiveMissRate
from lstm_lab.forecasting.calibration_scores import origins_for
from lstm_lab.forecasting.ensemble import mixed
from lstm_lab.forecasting.floor import at_least
from lstm_lab.forecasting.metrics import tail_of
from lstm_lab.forecasting.past_forecasts import PastForecasts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lstm_lab.forecasting.correction import Correction

__all__ = ["OnlineCorrection"]

FEWEST = 20
"""Origins that a calibration keeps, however old; more where the interval needs more."""
REMEMBERED = 1000
"""Forecasts whose hits and misses are kept, at most, so that a stream may go on for ever."""
GAMMA = 0.02
"""Step of the steering. On the same six series 0.02 held 87 to 90 % with bands 4 to 8 % wider than without steering;
0.05 brought coverage a further half percent, for bands another 2 to 8 % wider."""


class OnlineCorrection:
    """Corrections for successive origins, each from the rows before it alone.

    `observe` takes the series' rows one at a time, in order, so a backtest and a stream of live rows share this code.

    Parameters
    ----------
    past_forecasts
        The first ones; their row numbers are those of the series.
    interval
        Nominal coverage of the bands, in percent.
    calibrate
        Whether bands are calibrated, as soon as there are enough origins.
    renew
        Add forecasts whose horizon is over to the past ones, and drop those that `CALIBRATION_MEMORY` says are too old:
        rows of one season say little of the bands of the next.
    adapt
        Steer the miss rate of each step towards its target, see `AdaptiveMissRate`.
    stride
        Rows between two forecasts that are added, at least.
    floor
        Least value of a path, which the edges of a band are raised to.
    """

    def __init__(
        self,
        past_forecasts: PastForecasts,
        interval: float,
        *,
        calibrate: bool = True,
        renew: bool = True,
        adapt: bool = False,
        stride: int = 1,
        floor: float | None = None,
    ) -> None:
        self._past = past_forecasts
        self._interval, self._calibrate = interval, calibrate
        needed = origins_for(interval)
        self._fewest = max(FEWEST, needed)
        rows = past_forecasts.rows
        self._oldest = CALIBRATION_MEMORY * (rows[-1] - rows[0]) if len(rows) >= needed else np.inf
        self._renew, self._stride, self._floor = renew, stride, floor
        target = 1 - interval / 100
        horizon = past_forecasts.horizon
        self._miss_rates = [AdaptiveMissRate(target, target, GAMMA) for _ in range(horizon)] if adapt else []
        self._correction = past_forecasts.correction(interval, calibrate=calibrate)
        self._pending: list[_PendingForecast] = []
        self._completed: list[_PendingForecast] = []
        self._inside_band: deque[NDArray[np.bool_]] = deque(maxlen=REMEMBERED)

    @property
    def inside_band(self) -> NDArray[np.bool_] | None:
        """Which steps lay in their bands, (forecasts, horizon), for the newest forecasts whose horizon is over."""
        return np.stack(list(self._inside_band)) if self._inside_band else None

    def correct(self, row: int, paths: NDArray[np.float64], naive: NDArray[np.float64]) -> Correction:
        """Compute the correction of a forecast, and keep the forecast until its horizon is over.

        Parameters
        ----------
        row
            Row of its first step; every row before it has been observed.
        paths
            (paths, horizon) as drawn.
        naive
            (naive, horizon) naive forecasts, as many as the past forecasts have.

        Returns
        -------
        Correction
            From rows before `row` alone.
        """
        if self._renew:
            self._renew_past(row)
        correction = self._correction
        if self._miss_rates and correction.calibration is not None:
            levels = [miss_rate.level for miss_rate in self._miss_rates]
            correction = replace(correction, calibration=correction.calibration.stretched(self._interval, levels))
        tail = tail_of(self._interval)
        low, high = at_least(correction.quantile(paths, naive, (tail, 1 - tail)), self._floor)
        actual = np.empty(paths.shape[-1])
        self._pending.append(_PendingForecast(row, paths, naive, correction.weights, low, high, actual))
        return correction

    def observe(self, row: int, value: float) -> None:
        """Record the observed value of a row, and update the miss rates."""
        for forecast in self._pending:
            step = row - forecast.row
            forecast.actual[step] = value
            if self._miss_rates:
                missed = not forecast.low[step] <= value <= forecast.high[step]
                self._miss_rates[step] = self._miss_rates[step].after(missed=missed)
        completed = [forecast for forecast in self._pending if row == forecast.row + len(forecast.actual) - 1]
        self._inside_band += [forecast.inside_band() for forecast in completed]
        self._completed += completed
        self._pending = self._pending[len(completed) :]

    def _renew_past(self, row: int) -> None:
        """Add the completed forecasts to the past ones, drop the old ones, and compute the correction again."""
        past = self._past
        for forecast in self._completed:
            if len(past) == 0 or forecast.row - past.rows[-1] >= self._stride:
                past = past.joined(forecast.as_past_forecast())
        self._completed = []
        recent = int(np.sum(past.rows + past.horizon + self._oldest >= row))
        past = past.newest(max(recent, self._fewest))
        if not np.array_equal(past.rows, self._past.rows):
            self._past = past
            self._correction = past.correction(self._interval, calibrate=self._calibrate)


@dataclass(frozen=True, eq=False, slots=True)
class _PendingForecast:
    """A forecast whose horizon is not over."""

    row: int
    paths: NDArray[np.float64]
    naive: NDArray[np.float64]
    weights: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    actual: NDArray[np.float64]

    def inside_band(self) -> NDArray[np.bool_]:
        """Return which steps lay in the band, (horizon,)."""
        return (self.low <= self.actual) & (self.actual <= self.high)

    def as_past_forecast(self) -> PastForecasts:
        """Summarise the forecast and its outcome, once its horizon is over."""
        summary = PastForecasts.of(np.array([self.row]), self.paths[None], self.actual[None])
        median = mixed(summary.centre, self.naive[:, None], self.weights)
        return replace(summary, naive=self.naive[:, None], median=median)
