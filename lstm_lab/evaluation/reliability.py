"""Reliability: the measured coverage of central intervals of every nominal level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lstm_lab.forecasting import metrics
from lstm_lab.forecasting.coverage import Coverage

if TYPE_CHECKING:
    from lstm_lab.evaluation.scoring import Forecasts

__all__ = ["LEVELS", "reliability"]

LEVELS: Final = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0)
"""Nominal coverages of a reliability diagram, in percent; the band's own is added."""


def reliability(forecasts: Forecasts) -> pd.DataFrame:
    """Measure the coverage of central intervals of the paths at several nominal levels.

    Parameters
    ----------
    forecasts
        One model's forecasts.

    Returns
    -------
    pandas.DataFrame
        By nominal coverage in percent: ``coverage``, a share, with the ends ``coverage_low`` and ``coverage_high`` of
        its 95 % interval, which allows for steps and overlapping origins that share their fate.
    """
    evaluated = forecasts.evaluated
    levels = sorted({*LEVELS, float(evaluated.interval)})
    tails = np.array([metrics.tail_of(level) for level in levels])
    edges = np.quantile(forecasts.paths, np.concatenate([tails, 1 - tails]), axis=1)
    rows = []
    for level, low, high in zip(levels, edges[: len(levels)], edges[len(levels) :], strict=True):
        inside = metrics.inside(low, high, evaluated.actual)
        measured = Coverage.measure(inside, level, overlap=evaluated.overlap)
        rows.append((measured.share, measured.low, measured.high))
    columns = ["coverage", "coverage_low", "coverage_high"]
    return pd.DataFrame(rows, pd.Index(levels, name="nominal"), columns)
