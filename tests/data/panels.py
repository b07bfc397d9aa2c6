"""A small panel of daily series: levels over four powers of ten, a weekly season, starts and ends of their own."""

import numpy as np
import pandas as pd


def made_panel(series=6, seed=0, rows=(60, 140)):
    """Make a long table of (store, day, units, promo, region, size)."""
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(series):
        count = int(rng.integers(*rows))
        days = pd.date_range("2023-01-01", periods=count, freq="D") + pd.Timedelta(days=int(rng.integers(0, 30)))
        level = 10 ** rng.uniform(0, 4)
        week = 1 + 0.3 * np.sin(2 * np.pi * np.arange(count) / 7)
        units = level * (week + 0.02 * rng.normal(size=count).cumsum() + 0.05 * rng.normal(size=count))
        region = "north" if number % 2 else "south"
        parts.append(
            pd.DataFrame(
                {
                    "store": f"s{number:02d}",
                    "day": days,
                    "units": units,
                    "promo": rng.normal(size=count),
                    "region": region,
                    "size": level,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
