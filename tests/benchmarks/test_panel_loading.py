"""How long many series take to load, against the same rows as few series and against a sort by pandas."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab

ROWS = 1_000_000
TRIALS = 5


def table(ids):
    """Rows of so many ids, sorted, with dates as times and a static column."""
    rows = ROWS // ids
    number = np.repeat(np.arange(ids), rows)
    return pd.DataFrame(
        {
            "store": np.char.add("s", number.astype(str)),
            "day": np.tile(pd.date_range("1990-01-01", periods=rows, freq="h"), ids),
            "units": np.random.default_rng(0).normal(size=ROWS),
            "region": np.where(number % 2, "north", "south"),
        }
    )


def cpu_seconds(work):
    """Time a call in seconds of CPU, the best of some trials."""
    best = float("inf")
    for _ in range(TRIALS):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best


@pytest.mark.benchmark
def test_ten_thousand_series_load_as_fast_as_ten(report):
    few, many = table(10), table(10_000)
    text = many.assign(day=many["day"].astype(str))

    def loaded(rows):
        return lambda: lab.load(rows, id="store", target="units", time="day", static="region")

    base, seconds, of_text = cpu_seconds(loaded(few)), cpu_seconds(loaded(many)), cpu_seconds(loaded(text))
    by_pandas = cpu_seconds(lambda: many.set_index(["store", "day"]).sort_index())
    names = {"10,000 ids": seconds, "dates as text": of_text, "10 ids": base, "pandas' sort": by_pandas}
    report(names, f"seconds of CPU for {ROWS:,} rows, the best of {TRIALS}")
    # No loop runs over series: a thousand times as many cost little more than the rows themselves.
    assert seconds < 2 * base + 0.05
    assert seconds < 6 * by_pandas
    assert of_text < 10 * by_pandas
