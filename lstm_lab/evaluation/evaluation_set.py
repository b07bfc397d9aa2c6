"""The series that forecasts are judged on, and the origins where they started."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.forecasting import metrics

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


__all__ = ["EvaluationSet"]


@dataclass(frozen=True, eq=False)
class EvaluationSet:
    """The series that forecasts are judged on, and where they started.

    Attributes
    ----------
    series
        The observed target by time.
    rows
        (origins,) row of each first forecast step, rising.
    horizon
        Steps of a forecast.
    interval
        Nominal coverage of the bands, in percent.
    overlap
        Following origins whose horizon still touches an origin's.
    scale
        Mean absolute error of the naive one-step forecast over the rows before the first origin; a MASE of 1 is an
        error of this size.
    """

    series: pd.Series[float]
    rows: NDArray[np.int64]
    horizon: int
    interval: float
    overlap: int
    scale: float

    @classmethod
    def of(cls, series: pd.Series[float], rows: NDArray[np.int64], horizon: int, interval: float) -> EvaluationSet:
        """Compute overlap and scale."""
        stride = int(np.diff(rows).min()) if len(rows) > 1 else horizon
        scale = float(metrics.naive_scale(series.to_numpy(np.float64)[: rows[0]]))
        return cls(series, rows, horizon, interval, math.ceil(horizon / stride) - 1, scale)

    @property
    def origins(self) -> pd.Index:
        """Time of the last row that each forecast knows, (origins,)."""
        return self.series.index[self.rows - 1]

    @cached_property
    def actual(self) -> NDArray[np.float64]:
        """Observed values, (origins, horizon)."""
        return np.asarray(self.series.to_numpy(np.float64)[self.rows[:, None] + np.arange(self.horizon)])

    def first(self, mask: NDArray[np.bool_]) -> EvaluationSet:
        """Return the origins where `mask` is true."""
        return EvaluationSet.of(self.series, self.rows[mask], self.horizon, self.interval)
