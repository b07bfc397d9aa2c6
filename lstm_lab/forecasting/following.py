"""A calibration that follows its series: it takes in what has become known, forgets what is old, and is steered."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.forecasting.adaptive import Adaptive
from lstm_lab.forecasting.calibration import needed_origins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lstm_lab.forecasting.calibration import Calibration

__all__ = ["REACH", "Following"]

REACH = 1.5
"""How far back a calibration remembers, in spans of the rows that it began with. On six series, with 60 origins each,
nominal 90 % bands held 88 to 91 % with 1.5, 89 to 92 % with 1 and bands up to 9 % wider, and 84 to 90 % when
nothing was forgotten or learnt."""
FEWEST = 20
"""Origins that a calibration keeps, however old; more where the interval needs more."""
REMEMBERED = 1000
"""Forecasts whose hits and misses are kept, at most, so that a stream may go on for ever."""
GAMMA = 0.02
"""Step of the steering. On the same six series 0.02 held 87 to 90 % with bands 4 to 8 % wider than without steering;
0.05 brought coverage a further half percent, for bands another 2 to 8 % wider."""


class Following:
    """Bands for one origin after another, each from what is known by then.

    Rows are taken in one at a time with `observe`, in order. So a backtest and a stream of live rows go the same way.

    Parameters
    ----------
    calibration
        To begin with.
    rows
        (origins,) rows of the first forecast steps of the calibration's origins, rising.
    interval
        Nominal coverage of the bands, in percent.
    renew
        Let forecasts whose horizon is over join the calibration, and forget what `REACH` says is too old: rows of one
        season say little of the bands of the next.
    adapt
        Steer the miss rate of each step towards its target, see `Adaptive`.
    stride
        Rows between two forecasts that join the calibration, at least.
    """

    def __init__(
        self,
        calibration: Calibration,
        rows: NDArray[np.int64],
        interval: float,
        *,
        renew: bool = True,
        adapt: bool = False,
        stride: int = 1,
    ) -> None:
        self._calibration = calibration
        self._rows = np.asarray(rows)
        self._interval = interval
        self._oldest = REACH * (rows[-1] - rows[0])
        self._fewest = max(FEWEST, needed_origins((100 - interval) / 200, symmetric=calibration.symmetric))
        self._renew, self._stride = renew, stride
        target = 1 - interval / 100
        self._steering = [Adaptive(target, target, GAMMA) for _ in range(calibration.horizon)] if adapt else []
        self._open: list[_Open] = []
        self._over: list[_Open] = []
        self._held: deque[NDArray[np.bool_]] = deque(maxlen=REMEMBERED)

    @property
    def held(self) -> NDArray[np.bool_] | None:
        """Which steps lay in the bands that were given, (forecasts, horizon), of the newest whose horizon is over."""
        return np.stack(list(self._held)) if self._held else None

    def band(self, row: int, paths: NDArray[np.float64]) -> Calibration:
        """Give the calibration for a forecast, and remember the forecast until its horizon is over.

        Parameters
        ----------
        row
            Row of its first step; every row before it has been observed.
        paths
            (paths, horizon) uncalibrated.

        Returns
        -------
        Calibration
            Of rows before `row` alone.
        """
        if self._renew:
            self._take_in(row)
        calibration = self._calibration
        if self._steering:
            calibration = calibration.asked(self._interval, [each.level for each in self._steering])
        tail = (100 - self._interval) / 200
        low, high = calibration.quantile(paths, (tail, 1 - tail))
        self._open.append(_Open(row, paths, low, high, np.empty(paths.shape[-1])))
        return calibration

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
        newer = []
        for one in self._over:
            if one.row - self._rows[-1] >= self._stride:
                newer.append(one)
                self._rows = np.append(self._rows, one.row)
        self._over = []
        horizon = self._calibration.horizon
        young = int(np.sum(self._rows + horizon + self._oldest >= row))
        self._rows = self._rows[-max(young, self._fewest) :]
        if newer or len(self._rows) < self._calibration.origins:
            self._calibration = self._calibration.renewed(
                [one.paths for one in newer], [one.actual for one in newer], keep=len(self._rows)
            )


@dataclass(frozen=True, eq=False, slots=True)
class _Open:
    """A forecast whose horizon is not over."""

    row: int
    paths: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    actual: NDArray[np.float64]
