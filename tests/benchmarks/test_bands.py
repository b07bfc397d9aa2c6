"""Whether the bands mean what they say, and the medians are worth having, on the bundled series."""

from __future__ import annotations

import pytest

import lstm_lab as lab
from lstm_lab.evaluation.scoring import difference

SERIES = {
    "temperature": ("temperature", 24),
    "humidity": ("temperature", 24),
    "pressure": ("temperature", 24),
    "co2": ("co2", 30),
    "price": ("oil", 30),
}
"""Column: the example that it belongs to, and the steps to forecast."""
DAILY_CYCLE = {"temperature", "humidity"}
"""Hourly series with a daily cycle: there the median beats naive and seasonal naive by more than chance."""
SMALL = {"units": [32, 32], "dense": [16], "epochs": 20, "patience": 5, "supervise": "last"}


@pytest.mark.benchmark
@pytest.mark.parametrize("column", SERIES)
def test_the_newest_fifth_of_a_bundled_series(column, report):
    """Train on the oldest four fifths, judge 60 origins in the rest: coverage, width and error beside the baselines."""
    example, horizon = SERIES[column]
    frame = lab.example(example)[[column]]
    run = lab.train(frame.iloc[: int(0.8 * len(frame))], **SMALL)
    told = lab.backtest(run, frame, horizon=horizon, origins=60)
    summary = told.summary
    told_columns = ["mae", "crps", "coverage", "joint_coverage", "width"]
    report(summary[told_columns].rename_axis("forecast").reset_index().to_dict("records"), f"{column}: {run.reason}")
    network, others = summary.loc["network"], summary.drop(index=["network", "network alone"])
    assert 0.85 <= network["coverage"] <= 0.95
    # Widths compare at equal coverage: baselines that miss more than the network are no rivals.
    rivals = others[others["coverage"] >= network["coverage"] - 0.05]
    assert network["width"] <= 1.3 * rivals["width"].min()
    for name in ("naive", "seasonal_naive"):
        gap = difference(told.forecasts["network"].errors, told.forecasts[name].errors, told.evaluated.overlap)
        print(f"{name}: {gap.mean:+.3g} ± {gap.error:.2g}")  # noqa: T201 - the figure
        assert gap.mean <= 2 * gap.error
        if column in DAILY_CYCLE:
            assert gap.mean < -2 * gap.error
