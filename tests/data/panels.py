"""Small panels of daily series: levels over four powers of ten, a weekly season, starts of their own."""

import numpy as np
import pandas as pd


def made_panel(series=6, seed=0, rows=(60, 140), end=None, shock=0.0):
    """Make a long table of (store, day, units, promo, region, size).

    With `end` all series end on one day; `shock` is the deviation of a common walk in all of them, against their level.
    """
    rng = np.random.default_rng(seed)
    common = shock * np.random.default_rng(seed + 1).normal(size=rows[1] + 1).cumsum()
    parts = []
    for number in range(series):
        count = int(rng.integers(*rows))
        first = pd.Timestamp("2023-01-01") + pd.Timedelta(days=int(rng.integers(0, 30)))
        days = pd.date_range(first, periods=count) if end is None else pd.date_range(end=end, periods=count)
        level = 10 ** rng.uniform(0, 4)
        week = 1 + 0.3 * np.sin(2 * np.pi * np.asarray(days.day_of_year) / 7) + common[-count:]
        units = level * (week + 0.02 * rng.normal(size=count).cumsum() + 0.05 * rng.normal(size=count))
        columns = {"store": f"s{number:02d}", "day": days, "units": units, "promo": rng.normal(size=count)}
        parts.append(pd.DataFrame({**columns, "region": "north" if number % 2 else "south", "size": level}))
    return pd.concat(parts, ignore_index=True)
