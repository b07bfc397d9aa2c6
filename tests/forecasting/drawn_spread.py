"""A spread that no network made: every source adds to the width of the band."""

from itertools import product

import numpy as np
import pandas as pd

from lstm_lab.forecasting.coverage import Coverage
from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.forecasting.spread import Sources, Spread


def drawn_spread(*, dropout=True, paths=60, horizon=6):
    """Make all combinations; those with dropout only where asked for."""
    rng = np.random.default_rng(1)
    index = pd.date_range("2024-01-01", periods=40 + horizon, freq="D")
    history = pd.Series(rng.normal(size=40).cumsum(), index[:40], name="load")
    forecasts, coverages = {}, {}
    for switches in product([True, False] if dropout else [False], [True, False], [True, False]):
        sources = Sources(*switches)
        spread = sum(size * is_on for size, is_on in zip((1.0, 2.0, 4.0), sources, strict=True))
        paths_drawn = spread * rng.normal(size=(paths, horizon))
        forecasts[sources] = Forecast(paths_drawn, index[40:], history, "load", "predictive")
        inside = np.zeros((20, horizon))
        inside[: round(2.5 * spread)] = 1
        coverages[sources] = Coverage.measure(inside, 90.0)
    return Spread(forecasts, coverages, {} if dropout else {"dropout": "the network has none; train with dropout=0.2"})
