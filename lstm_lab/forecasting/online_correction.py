"""Corrections that follow their series: they take in what has become known, forget what is old, and are steered."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.data.windows import REACH
from lstm_lab.forecasting.adaptive import Adaptive
from lstm_lab.forecasting.calibration import origins_for
from lstm_lab.forecasting.ensemble import mixed
from lstm_lab.forecasting.metrics import tail_of
from lstm_lab.forecasting.past_forecasts import Experience

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lstm_lab.forecasting.correction import Correction

__all__ = ["Following"]

FEWEST = 20
"""Origins that a calibration keeps, however old; more where the interval needs more."""
REMEMBERED = 1000
"""Forecasts whose hits and misses are kept, at most, so that a stream may go on for ever."""
GAMMA = 0.02
"""Step of the steering. On the same six series 0.02 held 87 to 90 % with bands 4 to 8 % wider than without steering;
0.05 brought coverage a further half percent, for bands another 2 to 8 % wider."""


class Following:
    """Corrections for one origin after another, each from what is known by then.

    Rows are taken in one at a time with `observe`, in order. So a backtest and a stream of live rows go the same way.

    Parameters
    ----------
    experience
        To begin with; its rows are those of the series that is followed.
    interval
        Nominal coverage of the bands, in percent.
    calibrate
        Whether bands are calibrated, as soon as there are origins enough.
    renew
        Let forecasts whose horizon is over join the experience, and forget what `REACH` says is too old: rows of one
        season say little of the bands of the next.
    adapt
        Steer the miss rate of each step towards its target, see `Adaptive`.
    stride
        Rows between two forecasts that join the experience, at least.
    """

    def __init__(
        self,
        experience: Experience,
        interval: float,
        *,
        calibrate: bool = True,
        renew: bool = True,
        adapt: bool = False,
        stride: int = 1,
    ) -> None:
        self._known = experience
        self._interval, self._calibrate = interval, calibrate
        needed = origins_for(interval)
        self._fewest = max(FEWEST, needed)
        rows = experience.rows
        self._oldest = REACH * (rows[-1] - rows[0]) if len(rows) >= needed else np.inf
        self._renew, self._stride = renew, stride
        target = 1 - interval / 100
        self._steering = [Adaptive(target, target, GAMMA) for _ in range(experience.horizon)] if adapt else []
        self._correction = experience.correction(interval, calibrate=calibrate)
        self._open: list[_Open] = []
        self._over: list[_Open] = []
        self._held: deque[NDArray[np.bool_]] = deque(maxlen=REMEMBERED)

    @property
    def held(self) -> NDArray[np.bool_] | None:
        """Which steps lay in the bands that were given, (forecasts, horizon), of the newest whose horizon is over."""
        return np.stack(list(self._held)) if self._held else None

    def correct(self, row: int, paths: NDArray[np.float64], rivals: NDArray[np.float64]) -> Correction:
        """Give the correction for a forecast, and remember the forecast until its horizon is over.

        Parameters
        ----------
        row
            Row of its first step; every row before it has been observed.
        paths
            (paths, horizon) as drawn.
        rivals
            (rivals, horizon) naive forecasts, as many as the experience has.

        Returns
        -------
        Correction
            From rows before `row` alone.
        """
        if self._renew:
            self._take_in(row)
        correction = self._correction
        if self._steering and correction.calibration is not None:
            asked = correction.calibration.asked(self._interval, [each.level for each in self._steering])
            correction = replace(correction, calibration=asked)
        tail = tail_of(self._interval)
        low, high = correction.quantile(paths, rivals, (tail, 1 - tail))
        self._open.append(_Open(row, paths, rivals, correction.weights, low, high, np.empty(paths.shape[-1])))
        return correction

    def observe(self, row: int, value: float) -> None:
        """Take in what happened at a row."""
        for one in self._open:
            step = row - one.row
            one.actual[step] = value
            if self._steering:
                missed = not one.low[step] <= value <= one.high[step]
                self._steering[step] = self._steering[step].after(missed=missed)
        over = [one for one in self._open if row == one.row + len(one.actual) - 1]
        self._held += [(one.low <= one.actual) & (one.actual <= one.high) for one in over]
        self._over += over
        self._open = self._open[len(over) :]

    def _take_in(self, row: int) -> None:
        """Let what is over join, and what is old go."""
        known = self._known
        for one in self._over:
            if len(known) == 0 or one.row - known.rows[-1] >= self._stride:
                known = known.joined(one.experience())
        self._over = []
        young = int(np.sum(known.rows + known.horizon + self._oldest >= row))
        known = known.newest(max(young, self._fewest))
        if not np.array_equal(known.rows, self._known.rows):
            self._known = known
            self._correction = known.correction(self._interval, calibrate=self._calibrate)


@dataclass(frozen=True, eq=False, slots=True)
class _Open:
    """A forecast whose horizon is not over."""

    row: int
    paths: NDArray[np.float64]
    rivals: NDArray[np.float64]
    weights: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    actual: NDArray[np.float64]

    def experience(self) -> Experience:
        """Say what was learnt once it is."""
        made = Experience.of(np.array([self.row]), self.paths[None], self.actual[None])
        median = mixed(made.centre, self.rivals[:, None], self.weights)
        return replace(made, rivals=self.rivals[:, None], median=median)
