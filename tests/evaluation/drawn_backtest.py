"""A backtest that no network made: paths around a sine, of the right spread, of half of it, and of none."""

import numpy as np
import pandas as pd

from lstm_lab.evaluation.backtest import Backtest
from lstm_lab.evaluation.evaluation_set import EvaluationSet
from lstm_lab.evaluation.scoring import Forecasts
from lstm_lab.forecasting.correction import Correction

SPREADS = {"network": 1.0, "naive": 0.5}


def drawn_backtest(origins=8, *, horizon=6, paths=100, stride=10, seed=0):
    """Make a backtest whose observed values are drawn from the network's own distribution."""
    rng = np.random.default_rng(seed)
    rows = 100 + stride * np.arange(origins)
    size = int(rows[-1]) + horizon
    mean = 20 + 5 * np.sin(np.arange(size) / 9)
    series = pd.Series(mean + rng.normal(size=size), pd.date_range("2024-01-01", periods=size, freq="h"), name="load")
    evaluated = EvaluationSet.of(series, rows, horizon, 90.0)
    ahead = mean[rows[:, None] + np.arange(horizon)]
    forecasts = {}
    for name, spread in SPREADS.items():
        raw = ahead[:, None, :] + spread * rng.normal(size=(origins, paths, horizon))
        corrections = tuple(Correction(np.zeros(0), None) for _ in rows)
        forecasts[name] = Forecasts(name, raw, evaluated, "predictive", corrections, np.empty((0, origins, horizon)))
    return Backtest(evaluated, forecasts, "network", {"origins lie in": "rows that were drawn"})
