"""Forecasts of many series that no network made: levels over five powers of ten, a weekly season."""

import numpy as np
import pandas as pd

from lstm_lab.forecasting.panel_forecast import PanelForecast


def drawn_panel(series=5, *, horizon=6, paths=60, rows=40, seed=0, apart=False):
    """Make forecasts of so many stores; `apart` lets each end a year after the one before, so that none overlap."""
    rng = np.random.default_rng(seed)
    ids = tuple(f"s{number:02d}" for number in range(series))
    levels = 10 ** rng.uniform(0, 5, series)
    week = 1 + 0.3 * np.sin(np.arange(rows + horizon) * 2 * np.pi / 7)
    past = levels[:, None] * (week[:rows] + 0.1 * rng.normal(size=(series, rows)))
    steps = 0.05 * rng.normal(size=(series, paths, horizon)).cumsum(axis=2)
    days = [pd.date_range(f"{2000 + number * apart}-01-01", periods=rows + horizon) for number in range(series)]
    index = pd.MultiIndex.from_tuples(
        [(name, day) for name, own in zip(ids, days, strict=True) for day in own[:rows]], names=["store", "day"]
    )
    return PanelForecast(
        ids=ids,
        paths=levels[:, None, None] * (week[rows:] + steps),
        times=pd.DatetimeIndex(np.concatenate([own[rows:] for own in days])),
        history=pd.Series(past.ravel(), index=index, name="units"),
        target="units",
        kind="predictive",
        names=("store", "day"),
    )
